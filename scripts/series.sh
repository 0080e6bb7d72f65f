# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by apply, export, check and rebase. It makes git commits of releases, and of a series on top of one. Needs
# lib.sh, and $repo for functions that work on a scratch repository.

rgit() { git -C "$repo" "$@"; }

# Print the keys below a mail's `---` line, such as `Overlay: path` and `Kind: bugfix`.
mail_keys() { sed -n '/^---$/,/^diff --git /s/^\([A-Z][A-Za-z-]*: .*\)/\1/p' "$1"; }
mail_overlays() { mail_keys "$1" | sed -n 's/^Overlay: *//p'; }

# unpack ARCHIVE-OR-TREE DIR: puts the release's files directly into DIR. They become the user's own, or git would refuse
# the tree; of subprojects that are git repositories it takes the files.
unpack()
{
    mkdir -p "$2"
    if [ -d "$1" ]; then
        need_space "$2" "$(du -sk "$1" | awk '{ print $1 * 2 }')" "a copy of $1"
        tar -C "$1" --exclude=.git --exclude=./build -cf - . | tar -C "$2" --no-same-owner -xf -
    else
        # A release unpacks to about ten times its size, and git keeps a packed copy.
        need_space "$2" "$(du -k "$1" | awk '{ print $1 * 15 }')" "unpacking ${1##*/}"
        tar -C "$2" --strip-components=1 --no-same-owner -xf "$1" ||
            die 1 "${1##*/} cannot be unpacked" "it may be damaged: delete $1 and run this again"
    fi
}

# init_repo DIR: makes a repository that takes files as they are, with an anonymous committer.
init_repo()
{
    git init -q -b series "$1"
    git -C "$1" config user.name "VGA assignment series"
    git -C "$1" config user.email vga-assign@example.invalid
    git -C "$1" config core.autocrlf false
    git -C "$1" config core.fileMode true
    git -C "$1" config gc.auto 0
    # The mails' keys are stored as notes, which also survive a developer's amend and rebase.
    git -C "$1" config notes.rewriteRef refs/notes/series
    mkdir -p "$1/.git/info"
    echo '* -text -ident -filter -working-tree-encoding' >"$1/.git/info/attributes"
}

# commit_release DIR NAME VERSION: commits everything in DIR, ignored files included. The commit is always the same.
commit_release()
{
    git -C "$1" add -A -f .
    GIT_AUTHOR_DATE="2000-01-01T00:00:00Z" GIT_COMMITTER_DATE="2000-01-01T00:00:00Z" \
        git -C "$1" commit -q --no-verify -m "$2 $3, as released"
}

# base_repo NAME: sets $repo, which has the pinned release as tag `base`; made anew when the release changed.
base_repo()
{
    repo=$BUILD/src/$1
    import_base "$1"
    which_release "$1"
}

import_base()
{
    pins=$(upstream_rows "$1" | cut -d' ' -f3)
    case $1 in qemu) user_src=${QEMU_SRC:-} ;; *) user_src=${SEABIOS_SRC:-} ;; esac
    made_of=$(cat "$repo/.git/vga-assign-base" 2>/dev/null) || made_of=
    if [ -n "$made_of" ]; then
        if [ -n "$user_src" ]; then
            [ "$made_of" != "$(readlink -f "$user_src")" ] || return 0
        else
            case $made_of in /*) return 0 ;; esac
            case " $(echo "$pins" | tr '\n' ' ')" in *" $made_of "*) return 0 ;; esac
        fi
        must_be_clean "$1"
        mine=$(rgit for-each-ref --format='%(refname:short)' refs/heads | grep -vxE 'series|topic/.*' | tr '\n' ' ') || true
        [ -z "$mine" ] || die 1 "$repo was made of another release and has branches of yours: $mine" \
            "keep what you need of them, then delete $repo"
    fi
    archive=$("$TOP_SCRIPTS/fetch" "$1")
    mkdir -p "$BUILD/src"
    work_dir "$BUILD/src"
    note "importing ${archive##*/} as the base of $1"
    # shellcheck disable=SC2154  # work: from lib.sh
    unpack "$archive" "$work/$1"
    init_repo "$work/$1"
    version=$(cat "$work/$1/VERSION" 2>/dev/null) || version=$(upstream_version "$1")
    commit_release "$work/$1" "$1" "$version"
    git -C "$work/$1" tag base
    git -C "$work/$1" update-ref refs/vga-assign/applied base
    if [ -n "$user_src" ]; then readlink -f "$user_src"; else sha256sum <"$archive" | cut -d' ' -f1; fi \
        >"$work/$1/.git/vga-assign-base"
    rm -rf "$repo"
    mv "$work/$1" "$repo"
}

# A tree of a later release than the pinned one (QEMU_SRC=) takes the same series but for what that release needs
# otherwise: patches/NAME/RELEASE/TOPIC/TITLE.patch has the message and the hook in place of those of
# patches/NAME/TOPIC/NUMBER-TITLE.patch; keys such as `Overlay:` stay where they are. It holds for the releases after
# it as well, until one of these has its own. A patch whose `Upstream:` key names a release is left out from that
# release on; one that says `in part` is not.

# release_of VERSION: 11.0.92 is on the way to 11.1, as 10.2.50 is to 11.0.
release_of() { echo "$1" | awk -F. '{ if ($3 >= 50 && ++$2 > 2) { $1++; $2 = 0 } print $1 "." $2 }'; }

# up_to RELEASE: those on stdin that are not after it, the latest first.
up_to() { sort -rV | awk -v r="$1" '$0 == r { on = 1 } on' | sort -urV; }

# which_release NAME: sets $release, if the tree in $repo is of a later release than the pinned one, and $releases,
# whose patches are for it, the latest first.
which_release()
{
    release='' releases=''
    [ "$1" = qemu ] || return 0
    version=$(rgit show base:VERSION 2>/dev/null) || return 0
    pinned=$(release_of "$(upstream_version qemu)") release=$(release_of "$version")
    [ "$(printf '%s\n' "$pinned" "$release" | sort -V | tail -n 1)" != "$pinned" ] || { release=; return 0; }
    releases=$({ echo "$release"; find "$TOP/patches/qemu" -maxdepth 1 -name '[0-9]*.[0-9]*' -type d -printf '%f\n'; } | up_to "$release")
}

# plain_name TOPIC/NUMBER-TITLE.patch: without the number, which changes.
plain_name() { echo "$1" | sed 's|^\(.*/\)\{0,1\}[0-9]*-|\1|'; }

# mail_of NAME PATCH: the file with its message and hook.
mail_of()
{
    for r in ${releases:-}; do
        own=$TOP/patches/$1/$r/$(plain_name "$2")
        [ ! -f "$own" ] || { echo "$own"; return 0; }
    done
    echo "$TOP/patches/$1/$2"
}

# wanted_of NAME: those patches on stdin that the tree in $repo has no equal of.
wanted_of()
{
    [ -n "${release:-}" ] || { cat; return 0; }
    while read -r p; do
        since=$(mail_keys "$TOP/patches/$1/$p" | sed -n 's/^Upstream: *\([0-9.]*\) (.*/\1/p')
        { [ -n "$since" ] && printf '%s\n' "$since" "$release" | up_to "$release" | grep -qxF "$since"; } || echo "$p"
    done
}

# must_be_clean NAME: ends the script if the scratch tree has something that exists nowhere else.
must_be_clean()
{
    rgit update-index -q --refresh || true
    rgit diff-index --quiet HEAD -- ||
        die 1 "$repo has edits which are not committed: $(rgit diff-index --name-only HEAD -- | head -n 5 | tr '\n' ' ')" \
            "keep them: git -C $repo commit -a, then scripts/export --refresh $1; or drop them: git -C $repo reset --hard"
    [ "$(rgit rev-parse HEAD)" = "$(rgit rev-parse refs/vga-assign/applied)" ] ||
        die 1 "$repo has commits which are not in patches/$1" \
            "keep them: scripts/export --refresh $1; or drop them: git -C $repo checkout -B series refs/vga-assign/applied"
}

# A hash of the patches and their order, to notice edits since they were applied.
patches_id()
{
    (cd "$TOP/patches/$1" 2>/dev/null && find . \( -name '*.patch' -o -name series -o -name topics \) | sort | xargs cat) |
        sha256sum | cut -d' ' -f1
}

# one_commit NAME PATCH PARENT: commits one patch with its overlay files; the index has PARENT. In a topic, which lacks
# earlier patches of the series, the outer lines of a context may differ, but not those next to the change.
one_commit()
{
    mail=$TOP/patches/$1/$2
    [ -f "$mail" ] || die 1 "patches/$1/series names $2, which does not exist"
    hook=$(mail_of "$1" "$2")
    shown=${hook#"$TOP/"}
    git mailinfo "$work/body" "$work/diff" <"$hook" >"$work/info"
    for key in Author Email Subject Date; do
        grep -q "^$key: ." "$work/info" || die 1 "$shown is not a mail: no $key in its head"
    done
    if grep -q '^diff --git ' "$work/diff"; then
        rgit apply --cached ${topic:+-C1} --whitespace=nowarn "$work/diff" 2>"$work/err" ||
            die 1 "$shown does not apply${release:+ to $release}: $(sed 's/^error: //' "$work/err" | tr '\n' ';')" \
                "correct the patch; after a change of the base, scripts/rebase merges what can be merged"
    fi
    : >"$work/index-info"
    for f in $(mail_overlays "$mail"); do
        case /$f/ in *//* | */../* | */./*) die 1 "patches/$1/$2: bad overlay path '$f'" ;; esac
        file=$(overlay_dir "$1")/$f
        { [ -f "$file" ] && [ ! -h "$file" ]; } || die 1 "patches/$1/$2 owns the overlay file $f, which does not exist" "create $file"
        [ -z "$(rgit ls-files -- "$f")" ] ||
            die 1 "patches/$1/$2: the overlay file $f exists upstream, or belongs to an earlier patch" \
                "an upstream file is edited by a hook, not replaced"
        mode=100644
        [ ! -x "$file" ] || mode=100755
        printf '%s %s\t%s\n' $mode "$(rgit hash-object -w --no-filters "$file")" "$f" >>"$work/index-info"
    done
    rgit update-index --index-info <"$work/index-info"
    field() { sed -n "s/^$1: //p" "$work/info"; }
    { field Subject; echo; cat "$work/body"; } | git stripspace >"$work/message"
    GIT_AUTHOR_NAME=$(field Author) GIT_AUTHOR_EMAIL=$(field Email) GIT_AUTHOR_DATE=$(field Date)
    GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
    export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_DATE
    commit=$(rgit commit-tree "$(rgit write-tree)" -p "$3" -F "$work/message")
    # The directory of a patch is a key, too, and so stays with the commit.
    {
        mail_keys "$mail" | grep -v '^Overlay:' || true
        case $2 in */*) echo "Topic: ${2%/*}" ;; esac
    } >"$work/keys"
    if [ -s "$work/keys" ]; then
        rgit notes --ref=series add -f -F "$work/keys" "$commit" 2>/dev/null
    else
        rgit notes --ref=series remove --ignore-missing "$commit" 2>/dev/null
    fi
    unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_DATE
    echo "$commit"
}

# patch_id NAME PATCH BEFORE: prints a hash of all that one_commit uses; BEFORE is the hash of the previous patch.
patch_id()
{
    {
        echo "$3 $2"
        cat "$TOP/patches/$1/$2"
        cat "$(mail_of "$1" "$2")"
        files=$(mail_overlays "$TOP/patches/$1/$2")
        # The list is split into words on purpose.
        # shellcheck disable=SC2086
        [ -z "$files" ] || (cd "$(overlay_dir "$1")" && stat -c '%n %A' $files && cat $files)
    } 2>&1 | sha256sum | cut -d' ' -f1
}

# add_patches NAME COMMIT: commits the patches named on stdin on top of COMMIT; prints the last commit. Commits of the
# last run are kept up to the first patch that has changed: .git/vga-assign-made has a line `HASH COMMIT` for each.
# After the first new commit all others are made anew, because their notes change, too.
# shellcheck disable=SC2094
add_patches()
{
    head=$2 anew='' count=0 made=$repo/.git/vga-assign-made/${topic:-series}
    mkdir -p "${made%/*}"
    touch "$made"
    rgit cat-file -e "$(tail -n 1 "$made" | cut -d' ' -f2)" 2>/dev/null || : >"$made"
    # The file is read from a copy, because it is rewritten from the first change on.
    cp "$made" "$work/made"
    hash=$({ echo "$head"; cat "$TOP_SCRIPTS/series.sh"; } | sha256sum | cut -d' ' -f1)
    GIT_INDEX_FILE=$work/index
    export GIT_INDEX_FILE
    while read -r p; do
        hash=$(patch_id "$1" "$p" "$hash")
        read -r was known <&3 || was=
        if [ -z "$anew" ] && [ "$hash" = "$was" ]; then
            head=$known count=$((count + 1))
            continue
        fi
        if [ -z "$anew" ]; then
            anew=1
            head -n $count "$work/made" >"$made"
            rgit read-tree "$head"
        fi
        head=$(one_commit "$1" "$p" "$head" </dev/null) || exit
        echo "$hash $head" >>"$made"
    done 3<"$work/made"
    unset GIT_INDEX_FILE
    echo "$head"
}

# assemble NAME: prints the last commit of the series, without touching the work tree.
assemble()
{
    work_dir
    topic=
    series_of "$1" | wanted_of "$1" >"$work/all"
    add_patches "$1" "$(rgit rev-parse 'base^{commit}')" <"$work/all"
}

# assemble_topic NAME TOPIC WHOLE: the same for a topic and the topics it stands on. It begins with the commits that it
# shares with the whole series, whose last commit is WHOLE.
assemble_topic()
{
    work_dir
    topic=$2
    series_of "$1" | wanted_of "$1" >"$work/all"
    series_of "$1" "$2" | wanted_of "$1" >"$work/wanted"
    common=$(paste "$work/all" "$work/wanted" | awk '$1 != $2 { exit } { n++ } END { print n + 0 }')
    from=$({ rgit rev-parse 'base^{commit}'; rgit rev-list --reverse "base..$3"; } | sed -n "$((common + 1))p")
    tail -n "+$((common + 1))" "$work/wanted" >"$work/todo"
    add_patches "$1" "$from" <"$work/todo"
}
