#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests the series on later releases, by scripts/apply, export and rebase, on releases of a few files. run_tests calls
# the functions.
# shellcheck disable=SC2317
set -eu
. "$(dirname -- "$0")/tap.sh"

t_later_release() # a tree of a later release takes its own hooks, and leaves out what it has already
{
    with_series
    make_release "$tmp/rel" 1.1
    echo 1.0.91 >"$tmp/rel/qemu-1.1/VERSION"
    sed -i 's/^line 40$/line 40 changed/' "$tmp/rel/qemu-1.1/hw/vfio/pci.c"
    fails 1 later 1.1 apply qemu
    says 'patches/qemu/0002-hw-vfio-second.patch does not apply to 1.1'
    fails 1 "$scripts/rebase" qemu "$tmp/rel/qemu-1.1"
    new=$tmp/build/rebase/qemu
    sed -i '/^<<<<<<</,/^>>>>>>>/c line 40 changed and hooked' "$new/hw/vfio/pci.c"
    git -C "$new" add -A
    git -C "$new" am --continue
    "$scripts/rebase" qemu --continue
    before=$(cat "$tmp"/top/patches/qemu/* 2>/dev/null | sha256sum)
    fails 0 "$scripts/export" --refresh --release --repo "$new"
    says '1.1 needs 1 of 2 patches otherwise'
    [ "$before" = "$(cat "$tmp"/top/patches/qemu/* 2>/dev/null | sha256sum)" ]
    fails 0 "$scripts/check" qemu
    later 1.1 apply qemu
    [ "$(git -C "$tmp/later/src/qemu" rev-parse 'HEAD^{tree}')" = "$(git -C "$new" rev-parse 'HEAD^{tree}')" ]
    # One after it takes the same.
    rm -rf "$tmp/later"
    cp -R "$tmp/rel/qemu-1.1" "$tmp/rel/qemu-1.2"
    echo 1.2.0 >"$tmp/rel/qemu-1.2/VERSION"
    later 1.2 apply qemu
    grep -q '^line 40 changed and hooked' "$tmp/later/src/qemu/hw/vfio/pci.c"
    sed -i 's/^---$/---\nUpstream: 1.1 in part (0123456789)/' "$tmp/top/patches/qemu/0002-hw-vfio-second.patch"
    later 1.2 apply qemu
    [ -f "$tmp/later/src/qemu/hw/vfio/two.sh" ]
    sed -i 's/^Upstream: .*/Upstream: 1.2 (0123456789)/' "$tmp/top/patches/qemu/0002-hw-vfio-second.patch"
    later 1.2 apply qemu
    [ ! -f "$tmp/later/src/qemu/hw/vfio/two.sh" ]
    rm -rf "$tmp/later"
    later 1.1 apply qemu
    [ -f "$tmp/later/src/qemu/hw/vfio/two.sh" ]
}

# later VERSION SCRIPT...: the same on the tree of that release, in a build directory of its own.
later()
{
    tree=$tmp/rel/qemu-$1 script=$2
    shift 2
    QEMU_SRC=$tree VGA_ASSIGN_BUILD=$tmp/later "$scripts/$script" "$@"
}

t_release_lint() # check: a later release's patch which replaces none
{
    with_series
    mkdir "$tmp/top/patches/qemu/1.1"
    sed '/^Overlay: /d' "$tmp/top/patches/qemu/0001-hw-vfio-first.patch" >"$tmp/top/patches/qemu/1.1/hw-vfio-first.patch"
    fails 0 "$scripts/check" qemu
    cp "$tmp/top/patches/qemu/0001-hw-vfio-first.patch" "$tmp/top/patches/qemu/1.1/hw-vfio-fist.patch"
    fails 1 "$scripts/check" qemu
    says '1.1/hw-vfio-fist.patch: no patch of the series has that topic and title'
    says '1.1/hw-vfio-fist.patch: Overlay belongs into the patch of the series'
}

t_rebase_clean() # rebase onto a release with other lines nearby is clean, and --write stores it
{
    with_series
    make_release "$tmp/rel" 1.1
    sed -i '1i new first line' "$tmp/rel/qemu-1.1/hw/vfio/pci.c"
    before=$(cat "$tmp"/top/patches/qemu/* | sha256sum)
    fails 0 "$scripts/rebase" qemu "$(pack "$tmp/rel" 1.1)"
    says 'clean            0001-hw-vfio-first.patch'
    [ "$before" = "$(cat "$tmp"/top/patches/qemu/* | sha256sum)" ]
    fails 0 "$scripts/rebase" qemu --continue --write
    grep -q '^@@ -8,7 +8,7 @@' "$tmp/top/patches/qemu/0001-hw-vfio-first.patch"
    pin "$tmp/rel/qemu-1.1.tar.gz"
    sed -i 's/ 1.0 / 1.1 /' "$UPSTREAM_FILE"
    "$scripts/check" qemu
}

t_rebase_3way() # rebase merges changed context; a conflict stops it until a person has resolved it
{
    with_series
    make_release "$tmp/rel" 1.2
    sed -i 's/^line 8$/line 8 changed/; s/^line 40$/line 40 changed/' "$tmp/rel/qemu-1.2/hw/vfio/pci.c"
    fails 1 "$scripts/rebase" qemu "$(pack "$tmp/rel" 1.2)"
    says '3-way            0001-hw-vfio-first.patch'
    says 'needs a hand     0002-hw-vfio-second.patch'
    says '                 hw/vfio/pci.c'
    says 'git am --continue'
    fails 1 "$scripts/rebase" qemu --continue
    new=$tmp/build/rebase/qemu
    sed -i '/^<<<<<<</,/^>>>>>>>/c line 40 changed and hooked' "$new/hw/vfio/pci.c"
    git -C "$new" add -A
    git -C "$new" am --continue
    fails 0 "$scripts/rebase" qemu --continue
    says 'by hand          0002-hw-vfio-second.patch'
    # A conflict that was resolved once is not asked for again.
    fails 0 "$scripts/rebase" qemu "$tmp/rel/qemu-1.2.tar.gz"
    says 'as before        0002-hw-vfio-second.patch'
    fails 0 "$scripts/rebase" qemu --continue --write
    grep -q '^+line 40 changed and hooked' "$tmp/top/patches/qemu/0002-hw-vfio-second.patch"
}

t_rebase_stops_twice() # rebase: after a hand's work the next patch gets its verdict, too
{
    with_series
    make_release "$tmp/rel" 1.4
    sed -i 's/^line 10$/line 10 changed/; s/^line 40$/line 40 changed/' "$tmp/rel/qemu-1.4/hw/vfio/pci.c"
    fails 1 "$scripts/rebase" qemu "$(pack "$tmp/rel" 1.4)"
    says 'needs a hand     0001-hw-vfio-first.patch'
    says 'not tried        0002-hw-vfio-second.patch'
    git -C "$tmp/build/rebase/qemu" am --skip
    fails 1 "$scripts/rebase" qemu --continue
    says 'dropped          0001-hw-vfio-first.patch'
    says 'needs a hand     0002-hw-vfio-second.patch'
}

t_rebase_survey() # rebase: a survey goes on after conflicts, names all of them, and is not stored
{
    with_series
    make_release "$tmp/rel" 1.5
    sed -i 's/^line 10$/line 10 changed/; s/^line 5$/line 5 changed/' "$tmp/rel/qemu-1.5/hw/vfio/pci.c"
    rm "$tmp/rel/qemu-1.5/hw/vfio/meson.build"
    before=$(cat "$tmp"/top/patches/qemu/* | sha256sum)
    fails 0 "$scripts/rebase" --survey qemu "$(pack "$tmp/rel" 1.5)"
    says 'needs a hand     0001-hw-vfio-first.patch'
    says 'needs a hand     0002-hw-vfio-second.patch'
    says 'hw/vfio/meson.build'
    grep -q '^line 40 hooked' "$tmp/build/rebase/qemu/hw/vfio/pci.c"
    fails 1 "$scripts/rebase" qemu --continue --write
    says 'cannot be stored'
    [ "$before" = "$(cat "$tmp"/top/patches/qemu/* | sha256sum)" ]
}

t_rebase_upstream() # rebase leaves out a patch that the release has, and the others keep their keys
{
    with_series
    git -C "$repo" notes --ref=series add -m 'Kind: bugfix' series
    "$scripts/export" --refresh qemu
    make_release "$tmp/rel" 1.6
    sed -i 's/^line 10$/line 10 hooked/' "$tmp/rel/qemu-1.6/hw/vfio/pci.c"
    printf '/* SPDX-License-Identifier: GPL-2.0-or-later */\nint one;\n' >"$tmp/rel/qemu-1.6/hw/vfio/one.c"
    fails 0 "$scripts/rebase" qemu "$(pack "$tmp/rel" 1.6)" --write
    says 'upstream has it  0001-hw-vfio-first.patch'
    grep -q '^Kind: bugfix' "$tmp/top/patches/qemu/0001-hw-vfio-second.patch"
}

t_rebase_headers() # rebase names a header that moved, with its new place
{
    fresh
    mkdir -p "$tmp/rel/qemu-1.0/include/hw"
    echo '/* old */' >"$tmp/rel/qemu-1.0/include/hw/boards.h"
    pin "$(pack "$tmp/rel" 1.0)"
    "$scripts/apply" qemu
    printf '/* SPDX-License-Identifier: GPL-2.0-or-later */\n#include "hw/boards.h"\n#include "qapi/made.h"\n' >"$repo/hw/vfio/one.c"
    commit "hw/vfio: first" "The reason of the first." 1
    "$scripts/export" --refresh qemu
    make_release "$tmp/rel" 1.7
    mkdir -p "$tmp/rel/qemu-1.7/include/hw/core"
    echo '/* new */' >"$tmp/rel/qemu-1.7/include/hw/core/boards.h"
    fails 0 "$scripts/rebase" qemu "$(pack "$tmp/rel" 1.7)"
    says 'hw/vfio/one.c: hw/boards.h is gone; the release has hw/core/boards.h'
    if grep 'qapi/made.h is gone' "$tmp/said"; then return 1; fi
}

t_rebase_taken() # rebase: an overlay file that the new release brings needs a hand
{
    with_series
    make_release "$tmp/rel" 1.3
    echo theirs >"$tmp/rel/qemu-1.3/hw/vfio/one.c"
    fails 1 "$scripts/rebase" qemu "$(pack "$tmp/rel" 1.3)"
    says 'needs a hand     0001-hw-vfio-first.patch'
    says 'hw/vfio/one.c'
}

run_tests
