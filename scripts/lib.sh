# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by the scripts here and in lab/. It knows where things are, prints errors, and asks the machine's apt sources.
# Messages go to stderr; stdout is for results.

prog=${0##*/}
TOP=${VGA_ASSIGN_TOP:-$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)}
BUILD=${VGA_ASSIGN_BUILD:-$TOP/build}
UPSTREAM=${UPSTREAM_FILE:-$TOP/UPSTREAM}
CACHE=${VGA_ASSIGN_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vga-assign}
TOP_SCRIPTS=$(CDPATH='' cd -- "$(dirname -- "$0")/../scripts" && pwd)
export TOP BUILD TOP_SCRIPTS
work=

# Git and the tools must not depend on the caller's environment or directory.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX CDPATH
LC_ALL=C.UTF-8 GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 TZ=UTC
export LC_ALL GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM TZ
umask 022

note() { printf '%s: %s\n' "$prog" "$*" >&2; }

# die CODE MESSAGE [HINT]: ends the script; codes are 1 failure, 2 usage, 4 environment.
die()
{
    printf '%s: error: %s\n' "$prog" "$2" >&2
    [ -z "${3:-}" ] || printf 'hint: %s\n' "$3" >&2
    exit "$1"
}

# The help is the comment at the head of the script, so there is no second text that could become wrong.
show_help() { awk 'NR < 4 { next } !/^#/ { exit } { sub(/^# ?/, ""); print }' "$0"; exit 0; }
usage() { die 2 "$1" "$prog --help lists what can be typed"; }

need()
{
    for tool; do
        command -v "$tool" >/dev/null 2>&1 ||
            die 4 "the program '$tool' is missing" "scripts/deps installs what is missing (--print shows the commands)"
    done
}

# need_space DIR KIB WHAT: ends the script if DIR has less than KIB free.
need_space()
{
    mkdir -p "$1" || die 4 "cannot create $1" "make its parent directory writable"
    have=$(df -Pk "$1" | awk 'NR == 2 { print $4 }')
    [ "${have:-0}" -ge "$2" ] ||
        die 4 "no space for $3: $1 has $((have / 1024)) MiB free, about $(($2 / 1024 + 1)) MiB are needed" \
            "free some, or point VGA_ASSIGN_BUILD / VGA_ASSIGN_CACHE at a larger disk"
}

# progress WHAT [--lines REGEX TOTAL] COMMAND...: runs the command. If VGA_ASSIGN_PROGRESS is set, one line shows how
# far it is, and its output goes to a file.
progress()
{
    if [ -n "${VGA_ASSIGN_PROGRESS:-}" ]; then
        mkdir -p "$BUILD"
        about=$1
        shift
        "$TOP_SCRIPTS/progress" "$about" "$BUILD/progress-$(echo "$about" | tr -cd 'a-zA-Z0-9').log" "$@"
        return
    fi
    shift
    [ "$1" != --lines ] || shift 3
    "$@"
}

# work_dir [PARENT]: makes a temporary directory, one for each script, which is removed in any case; sets $work.
work_dir()
{
    [ -z "$work" ] || return 0
    mkdir -p "${1:-$BUILD}"
    # Remove what runs that were killed left there long ago.
    find "${1:-$BUILD}" -maxdepth 1 -name '.part.*' -mmin +1440 -exec rm -rf {} +
    work=$(mktemp -d "${1:-$BUILD}/.part.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

# lock NAME: lets one script at a time into this part of the clone; held until the script ends.
lock()
{
    mkdir -p "$BUILD"
    exec 9>"$BUILD/.lock-$1"
    flock -n 9 && return
    note "waiting for another run that works on $1"
    flock 9
}

known_name()
{
    case $1 in qemu | seabios) ;; *) usage "unknown name '$1'; the names are qemu and seabios" ;; esac
}

upstream_rows() { awk -v n="$1" '$1 == n { print $3, $4, $5 }' "$UPSTREAM"; }
upstream_version() { awk -v n="$1" '$1 == n { print $2; exit }' "$UPSTREAM"; }
overlay_dir() { case $1 in seabios) echo "$TOP/seabios" ;; *) echo "$TOP" ;; esac; }

# series_of NAME [TOPIC]: the patches of a series in their order, as paths below patches/NAME; with TOPIC only those of
# that topic and of all topics that it stands on.
series_of()
{
    sed 's/#.*//; s/[[:space:]]//g; /^$/d' "$TOP/patches/$1/series" 2>/dev/null |
        if [ -z "${2:-}" ]; then cat; else
            awk -F/ -v topics="$(topic_closure "$1" "$2")" 'BEGIN { n = split(topics, t, " "); for (i = 1; i <= n; i++) want[t[i]] } $1 in want'
        fi
}

# patches/NAME/topics has a line `TOPIC: PARENT...` for each directory of patches, in the order of the series.
topics_of() { sed -n 's/^\([a-z][a-z0-9-]*\):.*/\1/p' "$TOP/patches/$1/topics" 2>/dev/null || true; }

known_topic()
{
    topics_of "$1" | grep -qx -- "$2" || usage "$1 has no topic '$2'; it has: $(topics_of "$1" | tr '\n' ' ')"
}

# topic_closure NAME TOPIC: prints the topic and all topics that it stands on, on one line.
topic_closure()
{
    awk -v topic="$2" '
        function visit(t, i, n, p) {
            if (t in seen) return
            seen[t]
            n = split(parents[t], p, " ")
            for (i = 1; i <= n; i++) visit(p[i])
        }
        /^[a-z]/ { t = $1; sub(/:.*/, "", t); order[++count] = t; sub(/^[^:]*:/, ""); parents[t] = $0 }
        END { visit(topic); for (i = 1; i <= count; i++) if (order[i] in seen) printf "%s ", order[i] }' "$TOP/patches/$1/topics"
}

# Print the Debian mirror of this machine's apt sources (not the security one), or nothing. indextargets only knows
# sources that were updated, so the files are read as well.
debian_mirror()
{
    {
        apt-get indextargets --format "\$(REPO_URI)" 2>/dev/null || true
        cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
            sed -n 's/^deb  *\(\[[^]]*\]  *\)\{0,1\}//p; s/^URIs: *//p' | tr ' ' '\n'
    } | sed 's,/*$,,' | grep -E '^https?://.*/debian$' | head -n 1
}

# private_apt STATE SUITES TYPE APT-COMMAND...: runs apt-get or apt-cache with separate lists below the cache. The
# machine's own sources and lists stay as they are; signatures are checked with Debian's keyring as usual. Installed
# packages are ignored: their versions may come from another source, and they are to be fetched as well.
private_apt()
{
    state=$CACHE/apt/$1
    suites=$2 type=$3
    shift 3
    mirror=$(debian_mirror) || true
    [ -n "$mirror" ] || { note "this machine's apt sources name no Debian mirror"; return 4; }
    key=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -r "$key" ] || { note "no $key (package debian-archive-keyring)"; return 4; }
    mkdir -p "$state/lists/partial" "$state/archives/partial"
    for s in $suites; do echo "$type [signed-by=$key] $mirror $s main"; done >"$state/sources.list"
    tool=$1
    shift
    "$tool" -qq -o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::status=/dev/null -o Dir::State::Lists="$state/lists" -o Dir::Cache="$state" -o Dir::Cache::Archives="$state/archives" \
        -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false \
        -o APT::Sandbox::User="$(id -un)" -o APT::Update::Error-Mode=any "$@" 9>&-
}

# Update SUITE's separate lists, once a day.
apt_private_lists()
{
    [ -z "$(find "$CACHE/apt/$1/updated" -mtime -1 2>/dev/null)" ] || return 0
    note "reading the package lists of $1"
    private_apt "$1" "$1" deb apt-get update || return 4
    : >"$CACHE/apt/$1/updated"
}

# apt_private_closure SUITE PKG...: prints the names of the packages and of all packages that they depend on.
apt_private_closure()
{
    need apt-get
    suite=$1
    shift
    apt_private_lists "$suite" || return 4
    uris=$(private_apt "$suite" "$suite" deb apt-get --print-uris -y --no-install-recommends install "$@") || return 4
    echo "$uris" | sed -n "s/^'[^']*' \([^_ ]*\)_.*/\1/p" | sort
}

# apt_private_download DESTDIR SUITE PKG...: downloads the .deb of each package (not of its dependencies) from SUITE.
# One that is in DESTDIR already is kept; SUITE's lists are updated once a day.
apt_private_download()
{
    dest=$1 suite=$2
    shift 2
    mkdir -p "$dest"
    missing=
    for p; do
        ls "$dest/${p}_"*.deb >/dev/null 2>&1 || missing="$missing $p"
    done
    [ -n "$missing" ] || return 0
    [ -z "${FETCH_OFFLINE:-}" ] || { note "not there, and FETCH_OFFLINE is set:$missing"; return 4; }
    need apt-get
    apt_private_lists "$suite" || return 4
    part=$(mktemp -d "$dest/.part.XXXXXX")
    note "downloading$missing from $suite"
    # The packages are separate words on purpose; apt checks each file against the signed lists.
    # shellcheck disable=SC2086
    if (cd "$part" && private_apt "$suite" "$suite" deb apt-get download $missing); then
        mv "$part"/*.deb "$dest"/
        rm -rf "$part"
    else
        rm -rf "$part"
        return 4
    fi
}
