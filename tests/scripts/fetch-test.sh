#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests scripts/fetch and scripts/deps: every way to get a release, and every way in which it can
# fail. run_tests calls the functions.
# shellcheck disable=SC2317
set -eu
. "$(dirname -- "$0")/tap.sh"

store=$tmp/cache/archives

# shim NAME: puts a program of this name, from stdin, first in PATH.
shim()
{
    mkdir -p "$tmp/bin"
    cat >"$tmp/bin/$1"
    chmod +x "$tmp/bin/$1"
    PATH=$tmp/bin:$PATH
}

# padded: makes an archive that is long enough to be cut in half.
padded()
{
    fresh
    head -c 300000 /dev/urandom >"$tmp/rel/qemu-1.0/random"
    archive=$(pack "$tmp/rel" 1.0)
    pin "$archive"
}

t_download() # an archive is downloaded, verified, and later found in the cache
{
    fresh
    [ "$("$scripts/fetch" qemu)" = "$store/qemu-1.0.tar.gz" ]
    cmp "$archive" "$store/qemu-1.0.tar.gz"
    [ "$(FETCH_OFFLINE=1 "$scripts/fetch" qemu)" = "$store/qemu-1.0.tar.gz" ]
    [ "$(ls "$store")" = qemu-1.0.tar.gz ]
}

t_resume() # an incomplete download is continued
{
    padded
    mkdir -p "$store"
    head -c 100000 "$archive" >"$store/qemu-1.0.tar.gz.part"
    fails 0 "$scripts/fetch" qemu
    says 'continuing a half download'
    cmp "$archive" "$store/qemu-1.0.tar.gz"
}

t_resume_other() # an incomplete download of another file is thrown away and fetched again
{
    padded
    mkdir -p "$store"
    head -c 100000 /dev/zero >"$store/qemu-1.0.tar.gz.part"
    fails 0 "$scripts/fetch" qemu
    cmp "$archive" "$store/qemu-1.0.tar.gz"
    head -c 900000 /dev/zero >"$store/qemu-1.0.tar.gz.part"
    rm "$store/qemu-1.0.tar.gz"
    fails 0 "$scripts/fetch" qemu
    cmp "$archive" "$store/qemu-1.0.tar.gz"
}

t_wrong_hash() # a wrong hash gives one retry, one error, and leaves nothing behind
{
    fresh
    echo changed >>"$archive"
    fails 4 "$scripts/fetch" qemu
    says 'wrong sha256'
    [ "$(grep -c downloading "$tmp/said")" = 2 ]
    [ "$(grep -c error: "$tmp/said")" = 1 ]
    [ -z "$(ls "$store")" ]
}

t_broken_cache() # a damaged archive in the cache is not used
{
    fresh
    "$scripts/fetch" qemu
    echo changed >>"$store/qemu-1.0.tar.gz"
    "$scripts/fetch" qemu
    cmp "$archive" "$store/qemu-1.0.tar.gz"
}

t_network_cut() # a download that the network cut off is kept for the next run
{
    padded
    shim curl <<'EOF'
#!/bin/sh
while [ $# -gt 1 ]; do [ "$1" != -o ] || out=$2; shift; done
printf half >"$out"
printf 'transfer closed'
exit 18
EOF
    fails 4 "$scripts/fetch" qemu
    says 'transfer closed'
    [ "$(cat "$store/qemu-1.0.tar.gz.part")" = half ]
}

t_offline() # without network and cache there is one error that names each place and what to do
{
    fresh
    printf 'qemu 1.0 debian pool/main/q/qemu/qemu_1.0.orig.tar.xz %064d\nqemu 1.0 upstream https://release.invalid/qemu-1.0.tar.xz %064d\n' 1 2 >"$UPSTREAM_FILE"
    FETCH_OFFLINE=1 fails 4 "$scripts/fetch" qemu
    for place in QEMU_SRC cache 'Debian pool' 'Debian source package' release QEMU_SRC=; do says "$place"; done
    [ "$(grep -c error: "$tmp/said")" = 1 ]
    sed -i 1d "$UPSTREAM_FILE"
    fails 4 "$scripts/fetch" qemu
    says 'https://release.invalid/qemu-1.0.tar.xz: '
}

t_user_tarball() # the user's tarball is used if its hash is pinned, and refused if not
{
    fresh
    cp "$archive" "$tmp/mine.tgz"
    [ "$(QEMU_SRC=$tmp/mine.tgz "$scripts/fetch" qemu)" = "$tmp/mine.tgz" ]
    echo changed >>"$tmp/mine.tgz"
    QEMU_SRC=$tmp/mine.tgz fails 1 "$scripts/fetch" qemu
    says "$tmp/mine.tgz has sha256 $(hash_of "$tmp/mine.tgz")"
    QEMU_SRC=$tmp/none fails 1 "$scripts/fetch" qemu
    says 'does not exist'
}

t_user_tree() # the user's tree is used as it is, and stays as it is
{
    fresh
    echo mine >"$tmp/rel/qemu-1.0/mine"
    QEMU_SRC=$tmp/rel/qemu-1.0 fails 0 "$scripts/apply" qemu
    says 'used without verification'
    [ "$(cat "$repo/mine")" = mine ]
    [ ! -e "$tmp/rel/qemu-1.0/.git" ]
    "$scripts/apply" qemu
    [ -f "$repo/mine" ]
}

t_no_space() # without space there is one error before anything is written
{
    fresh
    shim df <<'EOF'
#!/bin/sh
echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'
echo 'disk 100 99 1 99% /'
EOF
    fails 4 "$scripts/fetch" qemu
    says 'no space for the archive of qemu'
    QEMU_SRC=$archive fails 4 "$scripts/apply" qemu
    says 'no space for unpacking qemu-1.0.tar.gz'
    [ ! -e "$repo" ]
    [ -z "$(find "$tmp/build" -name '.part*')" ]
}

t_bad_archive() # an archive that cannot be unpacked leaves nothing behind
{
    fresh
    head -c 500 "$archive" >"$tmp/cut.tar.gz"
    pin "$tmp/cut.tar.gz"
    fails 1 "$scripts/apply" qemu
    says 'cannot be unpacked'
    [ ! -e "$repo" ]
    pin "$archive"
    "$scripts/apply" qemu
}

t_interrupted() # an import that was killed is repeated by the next run
{
    fresh
    mkdir -p "$tmp/build/src/.part.killed/qemu"
    "$scripts/apply" qemu
    [ -f "$repo/hw/vfio/pci.c" ]
}

t_deps_print() # deps --print names the commands and runs none; elsewhere it lists what is needed
{
    shim dpkg-query <<'EOF'
#!/bin/sh
printf not-installed
EOF
    shim apt-get <<'EOF'
#!/bin/sh
echo ran >&2
exit 1
EOF
    printf 'ID=debian\n' >"$tmp/os-release"
    OS_RELEASE=$tmp/os-release fails 0 "$scripts/deps" --print
    says 'apt-get install --no-install-recommends gcc'
    if grep ran "$tmp/said"; then return 1; fi
    OS_RELEASE=$tmp/os-release fails 1 "$scripts/deps" --check
    says 'missing packages: gcc'
    printf 'ID=fedora\n' >"$tmp/os-release"
    OS_RELEASE=$tmp/os-release fails 4 "$scripts/deps"
    says 'libslirp-dev'
}

run_tests
