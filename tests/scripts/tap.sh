# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by the tests of the scripts. It makes a small release as "qemu", keeps everything in a
# temporary directory, and prints TAP. A test is `t_NAME() # what it shows`; a failing command in it
# fails the test.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
scripts=$here/../../scripts
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 143' INT TERM HUP

unset QEMU_SRC SEABIOS_SRC FETCH_OFFLINE GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
VGA_ASSIGN_TOP=$tmp/top VGA_ASSIGN_BUILD=$tmp/build VGA_ASSIGN_CACHE=$tmp/cache UPSTREAM_FILE=$tmp/UPSTREAM
GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export VGA_ASSIGN_TOP VGA_ASSIGN_BUILD VGA_ASSIGN_CACHE UPSTREAM_FILE GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM
repo=$tmp/build/src/qemu

lines() { i=1; while [ $i -le "$1" ]; do echo "line $i"; i=$((i + 1)); done; }

# make_release DIR VERSION: makes a release's tree, with things that git likes to change or leave
# out.
make_release()
{
    d=$1/qemu-$2
    mkdir -p "$d/hw/vfio" "$d/tools"
    lines 60 >"$d/hw/vfio/pci.c"
    lines 20 >"$d/hw/vfio/meson.build"
    printf 'one\r\ntwo\r\n' >"$d/crlf.txt"
    printf '*.o\nignored.txt\n' >"$d/.gitignore"
    echo 'in the release, though ignored' >"$d/ignored.txt"
    echo '* text=auto' >"$d/.gitattributes"
    printf '#!/bin/sh\n' >"$d/tools/run.sh"
    chmod +x "$d/tools/run.sh"
}

# pack DIR VERSION: prints the path of an archive of it.
pack()
{
    tar -C "$1" --sort=name --mtime=@0 --owner=0 --group=0 -czf "$1/qemu-$2.tar.gz" "qemu-$2"
    echo "$1/qemu-$2.tar.gz"
}

hash_of() { sha256sum <"$1" | cut -d' ' -f1; }
pin() { echo "qemu 1.0 upstream ${2:-file://$1} $(hash_of "$1")" >"$UPSTREAM_FILE"; }

# fresh: starts with a release, no cache, no build, and a repository without patches; with_series:
# with two.
fresh()
{
    rm -rf "$tmp/top" "$tmp/build" "$tmp/cache" "$tmp/rel"
    mkdir -p "$tmp/top/patches/qemu" "$tmp/rel"
    make_release "$tmp/rel" 1.0
    archive=$(pack "$tmp/rel" 1.0)
    pin "$archive"
}

with_series()
{
    fresh
    developed
}

# developed: adds two patches to the pinned release.
developed()
{
    "$scripts/apply" qemu
    sed -i 's/^line 10$/line 10 hooked/' "$repo/hw/vfio/pci.c"
    printf '/* SPDX-License-Identifier: GPL-2.0-or-later */\nint one;\n' >"$repo/hw/vfio/one.c"
    commit "hw/vfio: first" "The reason of the first." 1
    sed -i 's/^line 40$/line 40 hooked/' "$repo/hw/vfio/pci.c"
    sed -i 's/^line 5$/line 5 hooked/' "$repo/hw/vfio/meson.build"
    printf '#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0-or-later\n' >"$repo/hw/vfio/two.sh"
    chmod +x "$repo/hw/vfio/two.sh"
    commit "hw/vfio: second" "The reason of the second." 2
    "$scripts/export" --refresh qemu
}

# commit SUBJECT BODY SECONDS: commits everything at that time.
commit()
{
    git -C "$repo" add -A
    GIT_AUTHOR_DATE="2026-01-01T00:00:0${3}Z" git -C "$repo" commit -q -m "$1" -m "$2"
}

# fails CODE COMMAND...: the command must end with CODE; its output is in $tmp/said.
fails()
{
    want=$1 got=0
    shift
    "$@" >"$tmp/said" 2>&1 || got=$?
    cat "$tmp/said"
    [ "$got" = "$want" ] || { echo "exit code $got, not $want: $*"; return 1; }
}
says() { grep -qF -- "$1" "$tmp/said" || { echo "not said: $1"; return 1; }; }

run_tests()
{
    tests=$(sed -n 's/^\(t_[a-z0-9_]*\)() # \(.*\)/\1 \2/p' "$0")
    echo "1..$(echo "$tests" | wc -l)"
    n=0 status=0
    while read -r name what; do
        n=$((n + 1))
        # This is not in a condition, where the shell would ignore failing commands.
        set +e
        (set -e; "$name") >"$tmp/log" 2>&1 </dev/null
        rc=$?
        set -e
        case $rc in
        0) echo "ok $n - $what" ;;
        77) echo "ok $n - $what # SKIP $(tail -n 1 "$tmp/log")" ;;
        *) status=1; echo "not ok $n - $what"; sed 's/^/# /' "$tmp/log" ;;
        esac
    done <<EOF
$tests
EOF
    exit $status
}
