#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Usage: qemu-test.sh BUILD-DIRECTORY TARGET [PROGRAM]
#
# Runs one test program of QEMU's own build, as that build would: with PROGRAM, qemu-system-x86_64
# unless told.
set -eu
cd "$1"
if [ ! -x "$2" ]; then
    echo "1..0 # SKIP not built: scripts/build qemu $2"
    exit 0
fi
QTEST_QEMU_BINARY=./${3:-qemu-system-x86_64}
QTEST_QEMU_IMG=./qemu-img
G_TEST_SRCDIR=$PWD/../src/qemu/${2%/*} G_TEST_BUILDDIR=$PWD/${2%/*}
# A firmware that does not know this series
VGA_POST_BIOS=$PWD/../base/seabios/bios-256k.bin
export QTEST_QEMU_BINARY QTEST_QEMU_IMG G_TEST_SRCDIR G_TEST_BUILDDIR VGA_POST_BIOS
exec "$2" --tap -k
