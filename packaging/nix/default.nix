# SPDX-License-Identifier: GPL-2.0-or-later
#
# QEMU with the series, and the host tool, in one output: bin/qemu-system-x86_64-vga-assign and bin/vga-assign. It does not
# collide with nixpkgs' qemu in a profile. `make dist` makes `src` and puts this file beside it: nix-build build/dist
{
  pkgs ? import <nixpkgs> { },
  version ? "10.2.2+vga1.0",
  src ? ./. + "/qemu-vga-assign-${version}.tar.gz",
  qemu ? pkgs.fetchurl {
    url = "https://download.qemu.org/qemu-10.2.2.tar.xz";
    sha256 = "784b296ff29c1417aa72323abcb2d2ea9ab9771724f577dcd785c3b04f21e176";
  },
  seabios ? pkgs.fetchurl {
    url = "https://www.seabios.org/downloads/seabios-1.17.0.tar.gz";
    sha256 = "5159a35fac5c1579dd5d702001033c826ce45d30d3bd657ec1b2695455997712";
  },
}:

let
  home = "${placeholder "out"}/lib/qemu-vga-assign";
in
pkgs.stdenv.mkDerivation {
  pname = "qemu-vga-assign";
  inherit version src;

  nativeBuildInputs = with pkgs; [
    bison
    bzip2
    dtc
    flex
    gettext
    git
    meson
    ninja
    perl
    pkg-config
    python3Packages.pycotap
    python3Packages.python
    util-linux
  ];

  buildInputs = with pkgs; [
    # QEMU
    SDL2
    alsa-lib
    attr
    bzip2
    capstone
    ceph
    cmocka
    curl
    dtc
    fuse3
    glib
    gnutls
    gtk3
    json_c
    cyrus_sasl
    libaio
    libbpf
    libcacard
    libcap_ng
    libdrm
    libepoxy
    libgbm
    libiscsi
    libjack2
    libjpeg
    libnfs
    libpng
    libpulseaudio
    libseccomp
    libslirp
    libssh
    libusb1
    liburing
    ncurses
    nettle
    numactl
    pipewire
    pixman
    rdma-core
    spice
    spice-protocol
    systemd
    usbredir
    vde2
    virglrenderer
    vte
    zlib
    zstd
    # The host tool
    json-glib
    libxml2
    pciutils
    util-linux
  ];

  # SeaBIOS and the option ROMs are not Linux programs, and QEMU's configure hardens by itself.
  hardeningDisable = [ "all" ];
  dontConfigure = true;
  dontUseNinjaBuild = true;
  dontUseNinjaInstall = true;

  # The releases as trees, as no script in them may ask for /usr/bin/env. Their sha256 was checked by Nix.
  postPatch = ''
    mkdir release-qemu release-seabios
    tar -C release-qemu --strip-components=1 -xf ${qemu}
    tar -C release-seabios --strip-components=1 -xf ${seabios}
    chmod +x release-qemu/scripts/shaderinclude.py
    patchShebangs .
    substituteInPlace scripts/build --replace-fail /usr/bin/python3 "$(type -P python3)"
    substituteInPlace debian/qemu-system-x86_64-vga-assign --replace-fail /usr/lib/qemu-vga-assign ${home}
  '';

  # nixpkgs' own QEMU does without the libraries of these three features.
  preBuild = ''
    export FETCH_OFFLINE=1 QEMU_SRC=$PWD/release-qemu SEABIOS_SRC=$PWD/release-seabios
    export VGA_ASSIGN_CACHE=$PWD/build/cache JOBS=$NIX_BUILD_CORES
    export QEMU_CONFIGURE="--disable-brlapi --disable-glusterfs --disable-libpmem"
  '';
  buildFlags = [ "qemu-full" "tool" ];

  installPhase = ''
    runHook preInstall
    make install-qemu PREFIX=${home}
    make install-tool PREFIX=$out
    install -D -m 755 debian/qemu-system-x86_64-vga-assign -t $out/bin
    install -D -m 644 debian/qemu-system-x86_64-vga-assign.1 -t $out/share/man/man1
    runHook postInstall
  '';

  meta = {
    description = "QEMU for x86 PCs with legacy VGA assignment";
    license = with pkgs.lib.licenses; [ gpl2Only lgpl3Only gpl2Plus ];
    platforms = [ "x86_64-linux" ];
    mainProgram = "qemu-system-x86_64-vga-assign";
  };
}
