#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: qemu-test.sh BUILD-DIRECTORY TARGET [PROGRAM]
#
# Runs one test program of QEMU's own build as that build would, with PROGRAM (default
# qemu-system-x86_64). If VGA_ASSIGN_CASES in the environment has words NAME:PART for this program,
# only cases whose path contains PART are run.
set -eu
cd "$1"
if [ ! -x "$2" ]; then
    echo "1..0 # SKIP not built: scripts/build qemu $2"
    exit 0
fi
QTEST_QEMU_BINARY=./${3:-qemu-system-x86_64}
QTEST_QEMU_IMG=./qemu-img
G_TEST_SRCDIR=$PWD/../src/qemu/${2%/*} G_TEST_BUILDDIR=$PWD/${2%/*}
# A firmware without this series
export QTEST_QEMU_BINARY QTEST_QEMU_IMG G_TEST_SRCDIR G_TEST_BUILDDIR
# make check-quick does not build it, so it may be missing.
VGA_POST_BIOS=$PWD/../base/seabios/bios-256k.bin
[ ! -e "$VGA_POST_BIOS" ] || export VGA_POST_BIOS
program=$2
cases=
for word in ${VGA_ASSIGN_CASES:-}; do
    [ "${word%%:*}" = "${program##*/}" ] || continue
    found=$("$program" -l | grep -F -- "${word#*:}") || {
        printf '1..1\nnot ok 1 - no case of %s has "%s" in its path; %s -l lists them\n' "${program##*/}" "${word#*:}" "$program"
        exit 1
    }
    cases="$cases $found"
done
# -p takes the cases below a path as well, and no case can run twice: a path comes right before those below it.
set --
below=//
# The list is split into words on purpose.
# shellcheck disable=SC2086
for path in $(printf '%s/\n' $cases | LC_ALL=C sort -u); do
    case $path in /|"$below"*) continue ;; esac
    below=$path
    set -- "$@" -p "${path%/}"
done
[ $# -gt 0 ] || exec "$program" --tap -k
# GLib prints a plan for each -p; a single one at the end replaces them.
{ "$program" --tap -k "$@" || echo "Bail out! exit status $?"; } |
    awk '/^1\.\.[0-9]+$/ { next } { print } /^(not )?ok / { n++ } END { print "1.." n }'
