#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests that debian/ agrees with the repository, and that its maintainer scripts add the emulator to libvirt's AppArmor
# profile if the profile does not read its directory by itself. scripts/check-deb tests the packages themselves.
# run_tests calls the functions.
# shellcheck disable=SC2317
set -eu
. "$(dirname -- "$0")/tap.sh"

top=$(CDPATH='' cd -- "$here/../.." && pwd)
line='include if exists <abstractions/libvirt-qemu.d/qemu-vga-assign>'
prefix=$(sed -n 's/^private_prefix=//p' "$top/scripts/build")

t_versions() # the packages' version is QEMU's and the series' own
{
    qemu=$(awk '$1 == "qemu" { print $2; exit }' "$top/UPSTREAM")
    own=$(sed -n "s/^ *version: '\(.*\)',/\1/p" "$top/meson.build")
    grep -q "^qemu-vga-assign ($qemu+vga$own-[0-9.]*) " "$top/debian/changelog"
}

t_build_depends() # Build-Depends has what scripts/deps installs for the build
{
    sed -n '/^Build-Depends:/,/^$/p' "$top/debian/control" | sed -n 's/^ \([a-z0-9.+-]*\).*/\1/p' | sort >"$tmp/depends"
    # Left out are packages that every builder has, that fetch, that only make it faster, or that only tests need.
    sed -n "/^packages='/,/^'/p; /^for_installing='/,/^'/p" "$top/scripts/deps" |
        grep -vE '^(release archives|the lab|make check|the manual):' | sed -n 's/^[a-zA-Z -]*: *//p' | tr ' ' '\n' | sort -u |
        grep -vxE 'gcc|make|ccache|patch|bzip2|xz-utils|binutils|ninja-build|python3|dpkg-dev|debhelper|ipxe-qemu' >"$tmp/deps"
    [ "$(wc -l <"$tmp/deps")" -gt 50 ]
    missing=$(comm -23 "$tmp/deps" "$tmp/depends" | tr '\n' ' ')
    [ -z "$missing" ] || { echo "debian/control lacks: $missing"; return 1; }
}

t_files() # the files that the packages take from debian/ and docs/ exist
{
    cat "$top"/debian/*.docs "$top"/debian/*.manpages >"$tmp/list"
    while read -r f; do [ -e "$top/$f" ] || { echo "no $f"; return 1; }; done <"$tmp/list"
    for f in qemu-system-x86_64-vga-assign apparmor/libvirt-qemu; do
        grep -q "debian/$f " "$top/debian/rules"
        [ -f "$top/debian/$f" ]
    done
}

t_once() # no file is in two packages
{
    again=$(grep -hv '^#' "$top"/debian/*.install "$top/debian/not-installed" | sort | uniq -d)
    [ -z "$again" ] || { echo "twice: $again"; return 1; }
}

t_components() # the source package's components lie where the repository has nothing, and debian/rules looks there
{
    # shellcheck disable=SC2016
    grep -q 'orig-release-\$part\.tar' "$top/scripts/deb"
    for part in qemu seabios; do
        [ ! -e "$top/release-$part" ]
        grep -q "(CURDIR)/release-$part\>" "$top/debian/rules"
        grep -qx "Files: release-$part/\*" "$top/debian/copyright"
    done
}

t_modules() # each module that is built is in one package, or is listed as being in none
{
    targets=$top/build/qemu-full/.targets
    [ -f "$targets" ] || { echo "QEMU was not built for installing: make qemu-full"; exit 77; }
    grep -hv '^#' "$top"/debian/*.install "$top/debian/not-installed" | sed -n "s,^${prefix#/}/lib/qemu/,,p" >"$tmp/globs"
    python3 - "$targets" "$tmp/globs" <<'EOF'
import fnmatch, json, os, sys
modules = [os.path.basename(f) for t in json.load(open(sys.argv[1])) if t['installed'] for f in t['filename'] if f.endswith('.so')]
globs = open(sys.argv[2]).read().split()
wrong = [(m, n) for m in modules if (n := sum(fnmatch.fnmatch(m, g) for g in globs)) != 1]
wrong += [(g, 'no such module') for g in globs if not fnmatch.filter(modules, g)]
if not modules or wrong:
    sys.exit(f'{len(modules)} modules; not in one package: {wrong}')
EOF
}

t_prefix() # scripts/build, debian/ and the host tool use the same place
{
    [ -n "$prefix" ]
    grep -q "^exec $prefix/bin/qemu-system-x86_64 " "$top/debian/qemu-system-x86_64-vga-assign"
    grep -q "PREFIX=$prefix$" "$top/debian/rules"
    grep -q "PACKAGE_PREFIX \"$prefix\"$" "$top/tools/vga-assign/host.c"
    grep -q "^  $prefix/bin/qemu-system-x86_64 rmix,$" "$top/debian/apparmor/libvirt-qemu"
    command=$(sed -n 's/^#define PACKAGE_COMMAND "\(.*\)"/\1/p' "$top/tools/vga-assign/host.c")
    grep -q "^  $command rix,$" "$top/debian/apparmor/libvirt-qemu"
    grep -qx "${command#/}" "$top/debian/qemu-vga-assign.install"
}

t_apparmor() # apparmor_parser accepts the rules, and would refuse other text
{
    command -v apparmor_parser >/dev/null || { echo "apparmor_parser is not installed (package apparmor)"; exit 77; }
    for f in "$top/debian/apparmor/libvirt-qemu" "$tmp/wrong"; do
        echo '  /usr/bin/x rmixq,' >"$tmp/wrong"
        printf '%s\n' 'include <tunables/global>' 'profile libvirt-test {' "  include \"$f\"" '}' >"$tmp/profile"
        rc=0
        apparmor_parser --skip-kernel-load --skip-cache "$tmp/profile" >"$tmp/said" 2>&1 || rc=$?
        echo "$rc" >>"$tmp/codes"
    done
    [ "$(head -n 1 "$tmp/codes")" = 0 ] || { cat "$tmp/said"; return 1; }
    [ "$(tail -n 1 "$tmp/codes")" != 0 ]
}

# maintainer SCRIPT ARGUMENT...: runs a script on $tmp/root/etc in place of /etc.
maintainer()
{
    sed "s,/etc/apparmor\.d,$tmp/root/etc/apparmor.d,; s,^#DEBHELPER#,," "$top/debian/qemu-vga-assign.$1" >"$tmp/script"
    shift
    sh "$tmp/script" "$@"
}

# libvirt WORDS: makes a libvirt whose profile includes WORDS, and whose postinst has made the file for local rules.
libvirt()
{
    apparmor=$tmp/root/etc/apparmor.d
    rm -rf "$tmp/root/etc"
    mkdir -p "$apparmor/abstractions" "$apparmor/local/abstractions"
    echo "  $1" >"$apparmor/abstractions/libvirt-qemu"
    local=$apparmor/local/abstractions/libvirt-qemu
    : >"$local"
}
old='#include <local/abstractions/libvirt-qemu>' new='include if exists <abstractions/libvirt-qemu.d>'

t_old_libvirt() # Debian 12's profile gets one line, once, beside other people's, and loses it again
{
    libvirt "$old"
    echo '/mine r,' >"$local"
    maintainer postinst configure ''
    maintainer postinst triggered /etc/apparmor.d/abstractions/libvirt-qemu
    [ "$(grep -cxF "$line" "$local")" = 1 ]
    grep -qx '/mine r,' "$local"
    maintainer prerm upgrade 2
    grep -qxF "$line" "$local"
    maintainer prerm remove
    [ "$(cat "$local")" = '/mine r,' ]
}

t_new_libvirt() # Debian 13's reads the directory itself: no line, and one from before goes
{
    libvirt "$new"
    maintainer postinst configure ''
    [ ! -s "$local" ]
    echo "$line" >"$local"
    maintainer postinst triggered /etc/apparmor.d/abstractions/libvirt-qemu
    [ ! -s "$local" ]
}

t_no_libvirt() # without libvirt nothing is made
{
    libvirt "$old"
    rm -rf "$tmp/root/etc"
    maintainer postinst configure ''
    maintainer prerm remove
    [ ! -e "$tmp/root/etc" ]
}

t_srcpkg() # Debian's source package has the series behind Debian's patches
{
    command -v dpkg-source >/dev/null || { echo "dpkg-source is not installed (package dpkg-dev)"; exit 77; }
    with_series
    cp "$top/meson.build" "$VGA_ASSIGN_TOP/"
    mkdir -p "$VGA_ASSIGN_TOP/debian" "$tmp/packaging/debian/patches" "$tmp/packaging/debian/source"
    cp "$top/debian/changelog" "$VGA_ASSIGN_TOP/debian/"
    rm -rf "$VGA_ASSIGN_CACHE"
    mv "$archive" "$tmp/rel/qemu_1.0.orig.tar.gz"
    echo '3.0 (quilt)' >"$tmp/packaging/debian/source/format"
    printf '%s\n' 'Source: qemu' 'Maintainer: M <m@example.invalid>' 'Standards-Version: 4.6.2' '' 'Package: qemu' 'Architecture: any' \
        'Description: x' >"$tmp/packaging/debian/control"
    printf 'qemu (1:1.0-3) unstable; urgency=low\n\n  * X.\n\n -- M <m@example.invalid>  Mon, 30 Nov 2026 12:00:00 +0000\n' \
        >"$tmp/packaging/debian/changelog"
    # This patch moves the lines that the series edits.
    printf '%s\n' '--- a/hw/vfio/pci.c' '+++ b/hw/vfio/pci.c' '@@ -1,2 +1,3 @@' '+distribution' ' line 1' ' line 2' \
        >"$tmp/packaging/debian/patches/own.patch"
    echo own.patch >"$tmp/packaging/debian/patches/series"
    tar -C "$tmp/packaging" -czf "$tmp/rel/qemu_1.0-3.debian.tar.gz" debian
    for f in "qemu 1.0 upstream" "qemu-debian 1.0-3 upstream"; do
        case $f in qemu-*) a=$tmp/rel/qemu_1.0-3.debian.tar.gz ;; *) a=$tmp/rel/qemu_1.0.orig.tar.gz ;; esac
        echo "$f file://$a $(hash_of "$a")"
    done >"$UPSTREAM_FILE"
    "$scripts/srcpkg" >"$tmp/made"
    (cd "$tmp" && dpkg-source --no-check -x "$(grep '\.dsc$' made)" extracted)
    [ "$(head -n 1 "$tmp/extracted/hw/vfio/pci.c")" = distribution ]
    grep -q '^line 40 hooked$' "$tmp/extracted/hw/vfio/pci.c"
    grep -q '^int one;$' "$tmp/extracted/hw/vfio/one.c"
    [ "$(sed -n 2p "$tmp/extracted/debian/patches/series" | cut -c1-11)" = vga-assign/ ]
    [ "$(cd "$tmp/extracted" && dpkg-parsechangelog -S Version)" = "1:1.0-3+vga$(sed -n "s/^ *version: '\(.*\)',/\1/p" "$top/meson.build")" ]
}

t_scripts() # what dpkg runs passes shellcheck
{
    command -v shellcheck >/dev/null || { echo "shellcheck is not installed"; exit 77; }
    shellcheck "$top/debian/qemu-vga-assign.postinst" "$top/debian/qemu-vga-assign.prerm" "$top/debian/qemu-system-x86_64-vga-assign"
}

run_tests
