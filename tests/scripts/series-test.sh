#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests scripts/apply, export and check on a release of a few files. run_tests calls the functions.
# shellcheck disable=SC2317
set -eu
. "$(dirname -- "$0")/tap.sh"

t_pristine() # the base is the release, byte for byte, modes and ignored files included
{
    fresh
    "$scripts/apply" qemu
    git -C "$repo" archive base | tar -x --one-top-level="$tmp/out" -f -
    diff -r "$tmp/rel/qemu-1.0" "$tmp/out"
    diff -r -x .git "$tmp/rel/qemu-1.0" "$repo"
    [ -x "$repo/tools/run.sh" ]
    [ "$(git -C "$repo" rev-parse base)" = "$(git -C "$repo" rev-parse HEAD)" ]
}

t_missing_series() # without a patches directory there is only the base
{
    fresh
    rm -r "$tmp/top/patches"
    "$scripts/apply" qemu
    "$scripts/export" qemu
    "$scripts/check" qemu
}

t_round_trip() # developer's commits -> patches and overlay -> the same commits
{
    with_series
    want=$(git -C "$repo" rev-parse 'HEAD^{tree}')
    [ "$(wc -l <"$tmp/top/patches/qemu/series")" = 2 ]
    grep -q '^Overlay: hw/vfio/one.c$' "$tmp/top/patches/qemu/0001-hw-vfio-first.patch"
    [ -x "$tmp/top/hw/vfio/two.sh" ]
    "$scripts/apply" qemu
    [ "$(git -C "$repo" rev-parse 'series^{tree}')" = "$want" ]
    rm -rf "$tmp/build"
    "$scripts/apply" qemu
    [ "$(git -C "$repo" rev-parse 'series^{tree}')" = "$want" ]
    first=$(git -C "$repo" rev-parse series)
    rm -rf "$tmp/build"
    "$scripts/apply" qemu
    [ "$(git -C "$repo" rev-parse series)" = "$first" ]
    git -C "$repo" diff --quiet HEAD
}

t_one_file() # an edit of an overlay file changes only that file in the work tree
{
    with_series
    "$scripts/apply" qemu
    find "$repo" -path "$repo/.git" -prune -o -type f -exec touch -d @1000000000 {} +
    git -C "$repo" update-index -q --refresh
    echo 'int more;' >>"$tmp/top/hw/vfio/one.c"
    "$scripts/apply" qemu
    changed=$(find "$repo" -path "$repo/.git" -prune -o -type f -newermt @1000000000 -print)
    [ "$changed" = "$repo/hw/vfio/one.c" ]
    "$scripts/apply" qemu
}

# made COMMAND...: prints how many commits it makes. git is called through a program that logs its arguments.
made()
{
    mkdir -p "$tmp/bin"
    printf '#!/bin/sh\necho "$*" >>"%s"\nexec "%s" "$@"\n' "$tmp/calls" "$(command -v git)" >"$tmp/bin/git"
    chmod +x "$tmp/bin/git"
    : >"$tmp/calls"
    PATH=$tmp/bin:$PATH "$@" >/dev/null
    grep -c ' commit-tree ' "$tmp/calls" || true
}

# as_fresh: fails unless an apply gives the same commits and notes as one into an empty build directory
as_fresh()
{
    git -C "$repo" log --notes=series --format='%H %N' base..series >"$tmp/kept"
    mv "$tmp/build" "$tmp/kept-build"
    "$scripts/apply" qemu
    git -C "$repo" log --notes=series --format='%H %N' base..series >"$tmp/anew"
    rm -rf "$tmp/build"
    mv "$tmp/kept-build" "$tmp/build"
    diff "$tmp/kept" "$tmp/anew"
}

t_kept_commits() # the commits before the first changed patch or overlay file stay, and all others are made anew
{
    with_series
    second=$tmp/top/patches/qemu/0002-hw-vfio-second.patch
    [ "$(made "$scripts/apply" qemu)" = 2 ]
    [ "$(made "$scripts/apply" qemu)" = 0 ]
    echo '# more' >>"$tmp/top/hw/vfio/two.sh"
    [ "$(made "$scripts/apply" qemu)" = 1 ]
    as_fresh
    chmod -x "$tmp/top/hw/vfio/two.sh"
    [ "$(made "$scripts/apply" qemu)" = 1 ]
    as_fresh
    # Keys are not part of the commit: an earlier state must not pass for the last one.
    sed -i 's/^---$/---\nKind: bugfix/' "$second"
    [ "$(made "$scripts/apply" qemu)" = 1 ]
    as_fresh
    sed -i '/^Kind:/d' "$second"
    [ "$(made "$scripts/apply" qemu)" = 1 ]
    as_fresh
    mv "$tmp/top/hw/vfio/two.sh" "$tmp/two.sh"
    fails 1 "$scripts/apply" qemu
    says 'owns the overlay file hw/vfio/two.sh, which does not exist'
    mv "$tmp/two.sh" "$tmp/top/hw/vfio/two.sh"
    echo 'int more;' >>"$tmp/top/hw/vfio/one.c"
    [ "$(made "$scripts/apply" qemu)" = 2 ]
    as_fresh
}

t_local_edit() # an edit in the scratch tree is refused with the way to keep it, and never lost
{
    with_series
    "$scripts/apply" qemu
    echo mine >>"$repo/hw/vfio/pci.c"
    "$scripts/apply" qemu
    echo 'int more;' >>"$tmp/top/hw/vfio/one.c"
    fails 1 "$scripts/apply" qemu
    says 'scripts/export --refresh qemu'
    tail -n 1 "$repo/hw/vfio/pci.c" | grep -q mine
}

t_local_commit() # a commit there is refused, too; and a refresh does not undo a newer edit here
{
    with_series
    "$scripts/apply" qemu
    echo mine >>"$repo/hw/vfio/pci.c"
    commit "hw/vfio: third" "The reason of the third." 3
    echo 'int more;' >>"$tmp/top/hw/vfio/one.c"
    fails 1 "$scripts/apply" qemu
    says 'commits which are not in patches/qemu'
    fails 1 "$scripts/export" --refresh qemu
    says 'hw/vfio/one.c was edited here'
    git -C "$tmp" diff --no-index --quiet "$repo/hw/vfio/one.c" "$tmp/top/hw/vfio/one.c" && return 1
    sed -i '$d' "$tmp/top/hw/vfio/one.c"
    "$scripts/export" --refresh qemu
    [ -f "$tmp/top/patches/qemu/0003-hw-vfio-third.patch" ]
    "$scripts/apply" qemu
}

t_cut_off() # a checkout that was killed is finished by the next run
{
    with_series
    "$scripts/apply" qemu
    git -C "$repo" rev-parse HEAD >"$repo/.git/vga-assign-moving"
    rm "$repo/hw/vfio/one.c"
    : >"$repo/.git/index.lock"
    "$scripts/apply" qemu
    [ -f "$repo/hw/vfio/one.c" ]
}

t_no_fuzz() # a hook whose context differs is an error which names the patch and the file
{
    with_series
    sed -i 's/^ line 9$/ line nine/' "$tmp/top/patches/qemu/0001-hw-vfio-first.patch"
    fails 1 "$scripts/apply" qemu
    says '0001-hw-vfio-first.patch does not apply'
    says 'hw/vfio/pci.c'
}

t_later_change() # a commit which changes an earlier one's overlay file is refused
{
    with_series
    "$scripts/apply" qemu
    echo 'int more;' >>"$repo/hw/vfio/one.c"
    commit "hw/vfio: third" "The reason." 3
    fails 1 "$scripts/export" --refresh qemu
    says 'fold it into its owner'
}

t_keys() # keys below the --- line survive a refresh, also after a developer's amend
{
    with_series
    sed -i 's/^---$/---\nKind: bugfix/' "$tmp/top/patches/qemu/0002-hw-vfio-second.patch"
    "$scripts/apply" qemu
    git -C "$repo" commit -q --amend -m "hw/vfio: renamed" -m "The reason."
    "$scripts/export" --refresh qemu
    grep -q '^Kind: bugfix$' "$tmp/top/patches/qemu/0002-hw-vfio-renamed.patch"
    [ ! -e "$tmp/top/patches/qemu/0002-hw-vfio-second.patch" ]
}

t_export_twice() # two exports give the same bytes, also from another directory
{
    with_series
    "$scripts/export" qemu
    cp -r "$tmp/build/series" "$tmp/first"
    mv "$tmp/build" "$tmp/gone"
    "$scripts/export" qemu
    diff -r "$tmp/first" "$tmp/build/series"
    if grep -r "$tmp" "$tmp/first"; then return 1; fi
}

t_git_am() # git am of the mails onto the release gives the identical tree
{
    with_series
    "$scripts/export" -o "$tmp/mails" qemu
    rm -rf "$tmp/am"
    cp -r "$tmp/rel/qemu-1.0" "$tmp/am"
    rm "$tmp/am/.gitattributes" && printf '* -text\n' >"$tmp/am/.gitattributes" && cp "$tmp/rel/qemu-1.0/.gitattributes" "$tmp/attr"
    git init -q "$tmp/am"
    echo '* -text' >"$tmp/am/.git/info/attributes"
    cp "$tmp/attr" "$tmp/am/.gitattributes"
    git -C "$tmp/am" config user.name x
    git -C "$tmp/am" config user.email x@example.invalid
    git -C "$tmp/am" add -A -f
    git -C "$tmp/am" commit -q -m base
    git -C "$tmp/am" am -q "$tmp"/mails/qemu/*.patch
    [ "$(git -C "$tmp/am" rev-parse 'HEAD^{tree}')" = "$(git -C "$repo" rev-parse 'refs/vga-assign/assembled^{tree}')" ]
}

t_check_good() # check accepts a good series
{
    with_series
    fails 0 "$scripts/check" qemu
    says 'ok qemu: git am of the mails'
    says 'hooks add 3 lines to 2 upstream files'
}

t_check_upstream_file() # check finds an overlay file that exists upstream
{
    with_series
    sed -i 's,^Overlay: .*one.c,&\nOverlay: hw/vfio/pci.c,' "$tmp/top/patches/qemu/0001-hw-vfio-first.patch"
    cp "$repo/hw/vfio/pci.c" "$tmp/top/hw/vfio/pci.c"
    fails 1 "$scripts/check" qemu
    says 'the overlay file hw/vfio/pci.c exists upstream'
}

t_check_creates() # check finds a hook that creates a file
{
    with_series
    cat >>"$tmp/top/patches/qemu/0002-hw-vfio-second.patch" <<'EOF'
diff --git a/hw/vfio/three.c b/hw/vfio/three.c
new file mode 100644
--- /dev/null
+++ b/hw/vfio/three.c
@@ -0,0 +1 @@
+int three;
EOF
    fails 1 "$scripts/check" qemu
    says '0002-hw-vfio-second.patch creates hw/vfio/three.c'
}

t_check_stale() # check finds a hunk whose place has moved, and says what to type
{
    with_series
    sed -i 's/^@@ -7,7 +7,7 @@/@@ -8,7 +8,7 @@/' "$tmp/top/patches/qemu/0001-hw-vfio-first.patch"
    fails 1 "$scripts/check" qemu
    says 'stale hunks'
    "$scripts/apply" qemu
    "$scripts/export" --refresh qemu
    "$scripts/check" qemu
}

t_check_spdx() # check: a source without an SPDX line
{
    with_series
    echo 'int one;' >"$tmp/top/hw/vfio/one.c"
    fails 1 "$scripts/check" qemu
    says 'FAIL every source of the repository has an SPDX line'
    says '     hw/vfio/one.c'
}

t_check_unowned() # check finds an overlay file that no patch owns, and a patch that is not in series
{
    with_series
    echo '/* SPDX-License-Identifier: GPL-2.0-or-later */' >"$tmp/top/hw/vfio/stray.c"
    cp "$tmp/top/patches/qemu/0001-hw-vfio-first.patch" "$tmp/top/patches/qemu/0009-lost.patch"
    fails 1 "$scripts/check" qemu
    says 'no patch owns the overlay file hw/vfio/stray.c'
    says '0009-lost.patch is not in series'
}

t_check_maintainers() # check finds an overlay file that is only in the last section of MAINTAINERS
{
    fresh
    printf 'VFIO\nF: hw/vfio/*.c\n\nTHE REST\nF: *\nF: */\n' >"$tmp/rel/qemu-1.0/MAINTAINERS"
    pin "$(pack "$tmp/rel" 1.0)"
    developed
    fails 1 "$scripts/check" qemu
    says 'FAIL qemu: each overlay file has a section in MAINTAINERS'
    says '     hw/vfio/two.sh'
    if grep -x '     hw/vfio/one.c' "$tmp/said"; then return 1; fi
}

t_check_style() # check finds a patch without a message, a long line, a function of 90 lines
{
    with_series
    sed -i 's/^The reason of the first\.$//' "$tmp/top/patches/qemu/0001-hw-vfio-first.patch"
    sed -i "s/^The reason of the second\.$/$(printf '%080d' 7)/" "$tmp/top/patches/qemu/0002-hw-vfio-second.patch"
    { echo 'int f(void)'; echo '{'; lines 88 | sed 's/.*/    x;/'; echo '}'; } >>"$tmp/top/hw/vfio/one.c"
    fails 1 "$scripts/check" qemu
    says '0001-hw-vfio-first.patch has no message'
    says '0002-hw-vfio-second.patch: a message line of 80 columns'
    says 'hw/vfio/one.c:4: a function of 90 lines'
}

# in_topic TOPIC: puts the last commit into that topic
in_topic() { git -C "$repo" notes --ref=series add -f -m "Topic: $1" HEAD; }

# with_topics: makes fixes, then left and right, which stand only on fixes and change lines three apart
with_topics()
{
    fresh
    printf 'fixes:\nleft: fixes\nright: fixes\nboth: left right\n' >"$tmp/top/patches/qemu/topics"
    "$scripts/apply" qemu
    sed -i 's/^line 10$/line ten/' "$repo/hw/vfio/pci.c"
    commit "hw/vfio: fix" "The reason." 1
    git -C "$repo" notes --ref=series add -m 'Kind: bugfix' HEAD
    git -C "$repo" notes --ref=series append -m 'Topic: fixes' HEAD
    for side in left:20:2 right:22:3; do
        name=${side%%:*} at=${side#*:}
        sed -i "s/^line ${at%:*}\$/& $name/" "$repo/hw/vfio/pci.c"
        printf '/* SPDX-License-Identifier: GPL-2.0-or-later */\nint %s;\n' "$name" >"$repo/hw/vfio/$name.c"
        commit "hw/vfio: $name" "The reason." "${at#*:}"
        in_topic "$name"
    done
    "$scripts/export" --refresh qemu
    "$scripts/fixes" --write
}

t_topics() # there is a directory for each topic; a topic without its neighbour has only its own lines and files
{
    with_topics
    [ -f "$tmp/top/patches/qemu/fixes/0001-hw-vfio-fix.patch" ]
    [ -f "$tmp/top/patches/qemu/right/0001-hw-vfio-right.patch" ]
    if grep -r '^Topic:' "$tmp/top/patches"; then return 1; fi
    "$scripts/apply" --topics qemu
    git -C "$repo" show topic/right:hw/vfio/pci.c >"$tmp/pci.c"
    grep -q '^line ten$' "$tmp/pci.c"
    grep -q '^line 22 right$' "$tmp/pci.c"
    if grep -q left "$tmp/pci.c"; then return 1; fi
    if git -C "$repo" cat-file -e topic/right:hw/vfio/left.c; then return 1; fi
    [ "$(git -C "$repo" rev-parse 'topic/both^{tree}')" = "$(git -C "$repo" rev-parse 'series^{tree}')" ]
    fails 0 "$scripts/check" qemu
    says 'ok qemu: git am of each topic with what it stands on (4 topics)'
    says 'ok qemu: each fix applies to the release with no more than its table says'
}

t_topic_mails() # a topic's mails for git am and for quilt are those of it and of what it stands on
{
    with_topics
    "$scripts/export" --topic right qemu
    [ "$(cat "$tmp/build/series/quilt/qemu/series")" = "0001-hw-vfio-fix.patch
0002-hw-vfio-right.patch" ]
    git -C "$repo" checkout -q --detach base
    git -C "$repo" quiltimport --patches "$tmp/build/series/quilt/qemu"
    [ "$(git -C "$repo" rev-parse 'HEAD^{tree}')" = "$(git -C "$repo" rev-parse 'topic/right^{tree}')" ]
    fails 2 "$scripts/export" --topic up qemu
    says "has no topic 'up'; it has: fixes left right both"
}

t_git_tree() # for a git tree, a patch of a subproject becomes a file that its .wrap names, with the same effect
{
    fresh
    sub=$tmp/rel/qemu-1.0/subprojects
    mkdir -p "$sub/lib"
    lines 9 >"$sub/lib/one.c"
    printf '[wrap-git]\nrevision = 1\ndepth = 1\n' >"$sub/lib.wrap"
    pin "$(pack "$tmp/rel" 1.0)"
    "$scripts/apply" qemu
    for n in 1 2; do
        sed -i "s/^line ${n}\$/& patched/" "$repo/subprojects/lib/one.c"
        commit "lib: patch $n" "The reason." "$n"
    done
    "$scripts/export" --refresh qemu
    "$scripts/export" --git-tree qemu
    git -C "$repo" checkout -q --detach base
    git -C "$repo" am -q "$tmp"/build/series/qemu/*.patch
    grep -qx 'diff_files = lib-patch-1.patch, lib-patch-2.patch' "$repo/subprojects/lib.wrap"
    if grep -q patched "$repo/subprojects/lib/one.c"; then return 1; fi
    for n in 1 2; do patch -d "$repo/subprojects/lib" -p1 <"$repo/subprojects/packagefiles/lib-patch-$n.patch"; done
    git -C "$repo" diff --quiet series -- subprojects/lib
}

t_topic_of_commit() # a commit has to name its topic, and the topics follow one another
{
    with_topics
    sed -i 's/^line 40$/line 40 more/' "$repo/hw/vfio/pci.c"
    commit "hw/vfio: more" "The reason." 4
    fails 1 "$scripts/export" --refresh qemu
    says "'hw/vfio: more' has no topic"
    in_topic left
    fails 1 "$scripts/export" --refresh qemu
    says "'hw/vfio: more' is of the topic left and comes after right"
    in_topic both
    "$scripts/export" --refresh qemu
    [ -f "$tmp/top/patches/qemu/both/0001-hw-vfio-more.patch" ]
}

t_fixes_table() # the table of fixes says which others a fix needs, and check notices an old table
{
    with_topics
    fails 0 "$scripts/fixes"
    says '| 0001 | hw/vfio: fix |  |  |  |'
    sed -i 's/^---$/---\nUpstream: 1.1 (0123456789)/' "$tmp/top/patches/qemu/fixes/0001-hw-vfio-fix.patch"
    fails 1 "$scripts/check" qemu
    says 'scripts/fixes --write'
    git -C "$repo" reset -q --hard "$(git -C "$repo" rev-parse base)"
    sed -i 's/^line 10$/line ten/' "$repo/hw/vfio/pci.c"
    commit "hw/vfio: fix" "The reason." 1
    git -C "$repo" notes --ref=series add -f -m 'Kind: bugfix
Topic: fixes' HEAD
    sed -i 's/^line ten$/line X/' "$repo/hw/vfio/pci.c"
    commit "hw/vfio: again" "The reason." 2
    git -C "$repo" notes --ref=series add -f -m 'Kind: bugfix
Topic: fixes' HEAD
    "$scripts/export" --refresh --force qemu
    fails 0 "$scripts/fixes"
    says '| 0002 | hw/vfio: again | 0001 |  |  |'
}

t_check_budget() # check finds more lines than the budget; moved lines and fixes do not count
{
    with_series
    lines 400 | sed 's/^/more /' >>"$repo/hw/vfio/pci.c"
    commit "hw/vfio: third" "The reason." 3
    "$scripts/export" --refresh qemu
    fails 1 "$scripts/check" qemu
    budget=$(sed -n "s/^BUDGET = {'qemu': \([0-9]*\),.*/\1/p" "$scripts/lint.py")
    says 'hooks add 403 lines'
    says "$((403 - budget)) lines over the budget"
    git -C "$repo" notes --ref=series add -m 'Kind: bugfix' HEAD
    "$scripts/export" --refresh qemu
    "$scripts/check" qemu
    sed -i '/^line 50$/d; 1i line 50' "$repo/hw/vfio/pci.c"
    commit "hw/vfio: fourth" "The reason." 4
    "$scripts/export" --refresh qemu
    fails 0 "$scripts/check" qemu
    says "hooks add 3 lines to 2 upstream files ($budget at most) and move 1"
}

t_new_pin() # a changed pin makes the base anew
{
    with_series
    make_release "$tmp/rel" 1.1
    echo other >"$tmp/rel/qemu-1.1/other"
    pin "$(pack "$tmp/rel" 1.1)"
    "$scripts/apply" qemu
    [ -f "$repo/other" ] && [ -f "$repo/hw/vfio/one.c" ]
}

t_seabios_overlay() # SeaBIOS's new files lie below seabios/, owned like QEMU's, and its mails are complete
{
    fresh
    repo=$tmp/build/src/seabios
    mkdir -p "$tmp/rel/seabios-1.0/src" "$tmp/top/patches/seabios"
    lines 20 >"$tmp/rel/seabios-1.0/src/post.c"
    tar -C "$tmp/rel" -czf "$tmp/rel/seabios-1.0.tar.gz" seabios-1.0
    echo "seabios 1.0 upstream file://$tmp/rel/seabios-1.0.tar.gz $(hash_of "$tmp/rel/seabios-1.0.tar.gz")" >>"$UPSTREAM_FILE"
    "$scripts/apply" seabios
    sed -i 's/^line 9$/& hooked/' "$repo/src/post.c"
    printf '// SPDX-License-Identifier: LGPL-3.0-only\nint pci;\n' >"$repo/src/pci.c"
    commit "post: first" "The reason of the first." 1
    "$scripts/export" --refresh seabios
    [ ! -e "$tmp/top/src" ]
    echo 'int more;' >>"$tmp/top/seabios/src/pci.c"
    fails 0 "$scripts/check" seabios
    says 'ok seabios: overlay files are new, owned once and complete (1 files)'
    says 'ok seabios: git am of the mails onto the release gives the same tree'
    "$scripts/apply" seabios
    cmp "$tmp/top/seabios/src/pci.c" "$repo/src/pci.c"
    : >"$tmp/top/seabios/src/stray.c"
    fails 1 "$scripts/check" seabios
    says 'no patch owns the overlay file src/stray.c'
}

t_usage() # wrong usage ends with status 2 and one message; each script has --help
{
    fresh
    for s in apply export check fetch deps rebase build debs fixes check-each; do
        fails 0 "$scripts/$s" --help
        says "Usage: scripts/$s"
        fails 2 "$scripts/$s" --nonsense
    done
    fails 2 "$scripts/apply" bochs
    fails 2 "$scripts/rebase" qemu
    fails 2 "$scripts/build"
}

run_tests
