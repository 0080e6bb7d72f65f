#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The recipes in packaging/ agree with UPSTREAM and debian/, and the tools of their distributions take them: with a repository
# in whose place stand a few lines, they make packages of what it installs. run_tests calls the functions.
# shellcheck disable=SC2016,SC2317
set -eu
. "$(dirname -- "$0")/tap.sh"

top=$(CDPATH='' cd -- "$here/../.." && pwd)
spec=$top/packaging/fedora/qemu-vga-assign.spec
pkgbuild=$top/packaging/arch/PKGBUILD
nix=$top/packaging/nix/default.nix
version=$(sed -n '1s/^[^(]*(\([^)]*\)-[^-)]*).*/\1/p' "$top/debian/changelog")
sed -n "s/^%global \([a-z]*\) \([0-9.]*\)$/s,%{\1},\2,/p" "$spec" >"$tmp/macros"

wants() { command -v "$1" >/dev/null || { echo "$1 is not installed (package $2)"; exit 77; }; }

# upstream NAME FIELD: of the project's own archive.
upstream() { awk -v n="$1" -v f="$2" '$1 == n && $3 == "upstream" { print $f }' "$top/UPSTREAM"; }

# In bash, as makepkg reads it. pkgbuild WORDS: those are expanded.
pkgbuild() { bash -c '. "$1"; eval "printf \"%s\\n\" $2"' bash "$pkgbuild" "$1"; }

t_pins() # the releases are those of UPSTREAM, by address and sha256
{
    sed -n 's/^Source[12]: *//p' "$spec" | sed -f "$tmp/macros" >"$tmp/spec"
    pkgbuild '"${source[@]:1}"' >"$tmp/arch"
    pkgbuild '"${sha256sums[@]:1}"' >"$tmp/arch.sums"
    sed -n 's/.*url = "\(.*\)";/\1/p' "$nix" >"$tmp/nix"
    sed -n 's/.*sha256 = "\(.*\)";/\1/p' "$nix" >"$tmp/nix.sums"
    for n in qemu seabios; do
        upstream "$n" 4 >>"$tmp/urls"
        upstream "$n" 5 >>"$tmp/sums"
    done
    [ "$(wc -l <"$tmp/sums")" = 2 ]
    for f in spec arch nix; do diff "$tmp/urls" "$tmp/$f"; done
    for f in arch nix; do diff "$tmp/sums" "$tmp/$f.sums"; done
}

t_versions() # the packages have the version of Debian's
{
    sed -n 's/^Version: *//p' "$spec" | sed -f "$tmp/macros" | grep -qxF "$version"
    [ "$(pkgbuild '"$pkgver"')" = "$version" ]
    grep -qF "version ? \"$version\"" "$nix"
    grep -qF -- "- $version-1" "$spec"
}

t_libraries() # each recipe has a library for each that Debian's packages are built with, or says that it does without
{
    # The other distributions' names of what libNAME-dev has; a minus where it is left out by QEMU_CONFIGURE.
    cat >"$tmp/names" <<'NAMES'
libaio libaio-devel libaio libaio
libasound2 alsa alsa-lib alsa-lib
libattr1 libattr glib2 attr
libbpf libbpf libbpf libbpf
libbrlapi brlapi-devel brltty --disable-brlapi
libbz2 bzip2-devel bzip2 bzip2
libcacard libcacard libcacard libcacard
libcap-ng libcap-ng libcap-ng libcap_ng
libcapstone capstone capstone capstone
libcmocka cmocka cmocka cmocka
libcurl4-gnutls libcurl curl curl
libdrm libdrm libdrm libdrm
libepoxy epoxy libepoxy libepoxy
libfdt libfdt-devel dtc dtc
libfuse3 fuse3 fuse3 fuse3
libgbm gbm mesa libgbm
libglib2.0 glib-2.0 glib2 glib
libglusterfs glusterfs-api glusterfs --disable-glusterfs
libgnutls28 gnutls gnutls gnutls
libgtk-3 gtk+-3.0 gtk3 gtk3
libibumad libibverbs --disable-rdma rdma-core
libibverbs libibverbs --disable-rdma rdma-core
libiscsi libiscsi libiscsi libiscsi
libjack jack jack libjack2
libjpeg libjpeg libjpeg-turbo libjpeg
libjson-c json-c json-c json_c
libjson-glib json-glib-1.0 json-glib json-glib
libncurses ncursesw ncurses ncurses
libnfs libnfs libnfs libnfs
libnuma numa numactl numactl
libpci libpci pciutils pciutils
libpipewire-0.3 libpipewire-0.3 libpipewire pipewire
libpixman-1 pixman-1 pixman pixman
libpmem libpmem --disable-libpmem --disable-libpmem
libpng libpng libpng libpng
libpulse libpulse libpulse libpulseaudio
librbd librbd-devel --disable-rbd ceph
librdmacm librdmacm --disable-rdma rdma-core
libsasl2 libsasl2 libsasl cyrus_sasl
libsdl2 sdl2 sdl2 SDL2
libseccomp libseccomp libseccomp libseccomp
libslirp slirp libslirp libslirp
libsmartcols smartcols util-linux-libs util-linux
libspice-protocol spice-protocol spice-protocol spice-protocol
libspice-server spice-server spice spice
libssh libssh libssh libssh
libudev libudev systemd-libs systemd
liburing liburing liburing liburing
libusb-1.0-0 libusb-1.0 libusb libusb1
libusbredirparser libusbredirparser-0.5 usbredir usbredir
libvdeplug vdeplug vde2 vde2
libvirglrenderer virglrenderer virglrenderer virglrenderer
libvte-2.91 vte-2.91 vte3 vte
libxml2 libxml-2.0 libxml2 libxml2
libzstd libzstd zstd zstd
NAMES
    sed -n '/^Build-Depends:/,/^$/p' "$top/debian/control" | sed -n 's/^ \(lib[a-z0-9.+-]*\)-dev\>.*/\1/p' | grep -vx libblkio | sort >"$tmp/debian"
    cut -d' ' -f1 "$tmp/names" | sort | diff "$tmp/debian" -
    sed -n 's/^BuildRequires: *//p' "$spec" | tr ',' '\n' | sed 's/pkgconfig(\(.*\))/\1/; s/^ *//' >"$tmp/in-fedora"
    { pkgbuild '"${makedepends[@]}"'; grep -o -- '--disable-[a-z]*' "$pkgbuild"; } >"$tmp/in-arch"
    { sed -n '/InputS = /,/];/p; /nputs = /,/];/p' "$nix"; grep -o -- '--disable-[a-z]*' "$nix"; } | sed 's/^ *//' >"$tmp/in-nix"
    while read -r _ fedora arch nixpkgs; do
        grep -qxF -- "$fedora" "$tmp/in-fedora" || { echo "the spec lacks $fedora"; return 1; }
        grep -qxF -- "$arch" "$tmp/in-arch" || { echo "PKGBUILD lacks $arch"; return 1; }
        grep -qxF -- "$nixpkgs" "$tmp/in-nix" || { echo "default.nix lacks $nixpkgs"; return 1; }
    done <"$tmp/names"
}

t_dist() # make dist: the last commit under the name that the recipes have, and the recipes
{
    mkdir -p "$tmp/top/debian"
    cp "$top/debian/changelog" "$tmp/top/debian/"
    cp -R "$top/packaging" "$tmp/top/"
    git init -q "$tmp/top"
    git -C "$tmp/top" add -A
    git -C "$tmp/top" -c user.name=x -c user.email=x@example.invalid commit -q -m x
    echo more >>"$tmp/top/debian/changelog"
    fails 0 "$scripts/dist"
    says 'what is not committed is not in the archive'
    archive=$tmp/build/dist/qemu-vga-assign-$version.tar.gz
    [ "$(tar -xOf "$archive" "qemu-vga-assign-$version/debian/changelog")" = "$(cat "$top/debian/changelog")" ]
    for f in qemu-vga-assign.spec PKGBUILD default.nix; do [ -f "$tmp/build/dist/$f" ]; done
    fails 2 "$scripts/dist" more
}

# sources: in $tmp/src three archives under the names that the recipes have. The repository's has a Makefile that wants what
# ours wants for a build without a network, and installs the files that debian/*.install has, each as an empty one.
sources()
{
    stub=$tmp/stub/qemu-vga-assign-$version
    rm -rf "$tmp/src" "$tmp/stub"
    mkdir -p "$tmp/src" "$stub/scripts" "$stub/docs" "$stub/debian"
    cp "$top/LICENSE" "$stub/"
    cp -R "$top/docs/vga-assign.rst" "$top/docs/vga-assign" "$stub/docs/"
    cp "$top"/debian/qemu-system-x86_64-vga-assign* "$stub/debian/"
    cat >"$stub/scripts/apply" <<'STUB'
#!/bin/sh
[ "$FETCH_OFFLINE" = 1 ] && [ -f "$QEMU_SRC" ] && [ -f "$SEABIOS_SRC" ] && [ -n "$VGA_ASSIGN_CACHE" ]
STUB
    chmod +x "$stub/scripts/apply"
    grep -hv '^#' "$top"/debian/*.install | grep -v '^etc/' | sed 's,\[!d\]\*,x,; s,\*,x,; s,/bin$,&/qemu-img,; s,/share/[a-z]*$,&/file,' >"$tmp/installed"
    {
        printf 'qemu-full tool:\n\tscripts/apply\n'
        printf 'install-qemu: qemu-full\n\ttest "$(PREFIX)" = /usr/lib/qemu-vga-assign\n'
        sed -n 's,^usr/lib/qemu-vga-assign/\(.*\),\tinstall -D LICENSE "$(DESTDIR)$(PREFIX)/\1",p' "$tmp/installed"
        printf 'install-tool: tool\n\ttest "$(PREFIX)" = /usr\n'
        sed -n '/vga-assign\//d; s,^usr/\(.*vga-assign.*\),\tinstall -D LICENSE "$(DESTDIR)$(PREFIX)/\1",p' "$tmp/installed" | grep -v qemu-system
    } >"$stub/Makefile"
    tar -C "$tmp/stub" -czf "$tmp/src/qemu-vga-assign-$version.tar.gz" "qemu-vga-assign-$version"
    for n in qemu seabios; do : >"$tmp/src/$(basename "$(upstream "$n" 4)")"; done
}

# files: the names that packages have, as the names that were installed.
same_files()
{
    { sed 's,^,/,' "$tmp/installed"; echo /usr/share/man/man1/qemu-system-x86_64-vga-assign.1; } | sort -u >"$tmp/want"
    grep -v '/$' | sed 's/\.gz$//' | grep -vE '^/usr/share/(doc|licenses)/' | sort | diff "$tmp/want" -
}

t_fedora() # rpmbuild makes two packages of the spec, which have all that is installed
{
    wants rpmbuild rpm
    sources
    rpmbuild --quiet -bb --nodeps --define "_topdir $tmp/rpm" --define "_sourcedir $tmp/src" --define 'debug_package %{nil}' "$spec"
    for p in qemu-vga-assign vga-assign; do
        rpm -qp --qf '[%{FILENAMES} %{FILEMODES:perms}\n]' "$tmp/rpm/RPMS"/*/"$p-$version"-1*.rpm
    done | sed -n 's/ -[rwx-]*$//p' | same_files
}

t_arch() # makepkg makes two packages of PKGBUILD, which have all that is installed
{
    wants makepkg makepkg
    wants fakeroot fakeroot
    wants bsdtar libarchive-tools
    sources
    # Without the hashes, as the releases are empty here, and without pacman, which would list what is installed.
    sed '/^  [0-9a-f]\{64\}$/s/.*/  SKIP/' "$pkgbuild" >"$tmp/src/PKGBUILD"
    as=
    if [ "$(id -u)" = 0 ]; then
        chmod 755 "$tmp"
        chown -R 65534:65534 "$tmp/src"
        as='setpriv --reuid=65534 --regid=65534 --clear-groups'
    fi
    # shellcheck disable=SC2086
    (cd "$tmp/src" && $as env HOME="$tmp/src" PKGEXT=.pkg.tar PACMAN=true makepkg --nodeps --nocheck)
    for p in "$tmp"/src/*.pkg.tar; do tar -tf "$p"; done | grep -v '^\.' | sed 's,^,/,' | same_files
}

t_arch_style() # PKGBUILD, by shellcheck
{
    wants shellcheck shellcheck
    shellcheck "$pkgbuild"
}

t_nix() # Nix evaluates the recipe: its name and version, the archives, its inputs and what is done with them
{
    wants nix-instantiate nix-bin
    # In place of nixpkgs each name that the recipe takes of it, as itself.
    names=$(sed -n '/nputs = with pkgs; \[/,/\];/s/^    \([a-zA-Z0-9_-]*\)$/\1 = "\1";/p' "$nix" | sort -u)
    cat >"$tmp/eval.nix" <<STUB
let
  fetchurl = x: "/archive/\${baseNameOf x.url}";
  pkgs = {
    $names
    inherit fetchurl;
    python3Packages = { pycotap = "pycotap"; python = "python"; };
    stdenv.mkDerivation = x: x;
    lib.licenses = { gpl2Only = "2"; lgpl3Only = "3"; gpl2Plus = "2+"; };
  };
  made = import $nix { inherit pkgs; };
in "\${made.pname} \${made.version} \${baseNameOf (toString made.src)} \${toString (made.nativeBuildInputs ++ made.buildInputs)} \${made.postPatch}"
STUB
    mkdir -p "$tmp/nixdir/store"
    NIX_STATE_DIR=$tmp/nixdir NIX_STORE_DIR=$tmp/nixdir/store NIX_LOG_DIR=$tmp/nixdir HOME=$tmp \
        nix-instantiate --eval --strict "$tmp/eval.nix" >"$tmp/said"
    says "qemu-vga-assign $version qemu-vga-assign-$version.tar.gz"
    says " -xf /archive/$(basename "$(upstream qemu 4)")"
}

t_pve() # scripts/srcpkg --into: the series is behind the patches of a tree like Proxmox's
{
    command -v dpkg-source >/dev/null || { echo "dpkg-source is not installed (package dpkg-dev)"; exit 77; }
    with_series
    cp "$top/meson.build" "$VGA_ASSIGN_TOP/"
    mkdir -p "$VGA_ASSIGN_TOP/debian"
    cp "$top/debian/changelog" "$VGA_ASSIGN_TOP/debian/"
    pve=$tmp/pve
    mkdir -p "$pve/debian/patches/pve" "$pve/debian/source"
    cp -R "$tmp/rel/qemu-1.0" "$pve/qemu"
    echo 1.0 >"$pve/qemu/VERSION"
    # A subproject that meson has fetched is a tree of git's.
    mkdir -p "$pve/qemu/subprojects/x"
    echo x >"$pve/qemu/subprojects/x/file"
    git init -q "$pve/qemu/subprojects/x"
    git -C "$pve/qemu/subprojects/x" -c user.name=x -c user.email=x@example.invalid commit -q --allow-empty -m x
    echo '3.0 (quilt)' >"$pve/debian/source/format"
    printf '%s\n' 'Source: pve-qemu-kvm' 'Maintainer: M <m@example.invalid>' '' 'Package: pve-qemu-kvm' 'Architecture: any' \
        'Description: x' >"$pve/debian/control"
    printf 'pve-qemu-kvm (1.0-2) trixie; urgency=medium\n\n  * X.\n\n -- M <m@example.invalid>  Mon, 30 Nov 2026 12:00:00 +0000\n' \
        >"$pve/debian/changelog"
    # It moves the lines that the series edits, and changes one that is next to them.
    printf '%s\n' '--- a/hw/vfio/pci.c' '+++ b/hw/vfio/pci.c' '@@ -1,2 +1,3 @@' '+distribution' ' line 1' ' line 2' >"$pve/debian/patches/pve/a.patch"
    printf '%s\n' '--- a/hw/vfio/pci.c' '+++ b/hw/vfio/pci.c' '@@ -43,3 +43,3 @@' ' line 42' '-line 43' '+line 43 of theirs' ' line 44' \
        >"$pve/debian/patches/pve/b.patch"
    printf '%s\n' pve/a.patch pve/b.patch >"$pve/debian/patches/series"
    cp -R "$pve" "$tmp/pve2"
    sed -i 's/line 43$/line 99/' "$tmp/pve2/debian/patches/pve/b.patch"
    fails 1 "$scripts/srcpkg" --into "$tmp/pve2"
    says "the distribution's own patches do not apply: pve/b.patch"
    fails 2 "$scripts/srcpkg" --into "$tmp/rel"
    says 'there is no'
    "$scripts/srcpkg" --into "$pve"
    [ "$(grep -c '^pve/' "$pve/debian/patches/series")" = 2 ]
    [ "$(tail -n 2 "$pve/debian/patches/series" | grep -c '^vga-assign/')" = 2 ]
    [ "$(dpkg-parsechangelog -l "$pve/debian/changelog" -S Source)" = pve-qemu-kvm ]
    [ "$(dpkg-parsechangelog -l "$pve/debian/changelog" -S Version)" = "1.0-2+vga$(sed -n "s/^ *version: '\(.*\)',/\1/p" "$top/meson.build")" ]
    # As their Makefile puts both together, and dpkg-buildpackage applies the patches: without any fuzz.
    cp -R "$pve/debian" "$pve/qemu/debian"
    (cd "$pve/qemu" && dpkg-source --before-build .)
    [ "$(sed -n '41p;44p' "$pve/qemu/hw/vfio/pci.c" | tr '\n' ' ')" = 'line 40 hooked line 43 of theirs ' ]
    grep -q '^int one;$' "$pve/qemu/hw/vfio/one.c"
    fails 1 "$scripts/srcpkg" --into "$pve"
    says 'has vga-assign already'
}

run_tests
