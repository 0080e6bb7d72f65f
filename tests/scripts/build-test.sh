#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests scripts/build with a QEMU and a SeaBIOS whose configure, ninja and make have a few lines: which steps are
# repeated when, and the messages of failures. run_tests calls the functions.
# shellcheck disable=SC2317
set -eu
. "$(dirname -- "$0")/tap.sh"

build=$tmp/build

releases()
{
    fresh
    q=$tmp/rel/qemu-1.0
    mkdir -p "$q/pc-bios/optionrom" "$q/roms"
    for c in seabios-256k seabios-128k seabios-microvm vga-stdvga vga-cirrus vga-ati vga-qxl vga-virtio vga-vmware vga-bochs-display vga-ramfb vga-isavga; do
        echo "CONFIG=$c" >"$q/roms/config.$c"
    done
    printf "blobs = [\n    'edk2-x86_64-code.fd',\n]\n" >"$q/pc-bios/meson.build"
    cat >"$q/configure" <<'EOF'
#!/bin/sh
echo configured >>"$LOG"
printf '[built-in options]\nwerror = true\n' >config-meson.cross
[ -e ../src/qemu/pc-bios/edk2-x86_64-code.fd.bz2 ] || exit 1
[ -z "${BREAK:-}" ] || { echo "ERROR: no such library"; exit 1; }
mkdir -p pc-bios/optionrom qemu-bundle/usr/local/share/qemu/keymaps
echo de >qemu-bundle/usr/local/share/qemu/keymaps/de
printf 'all: kvmvapic.bin\nkvmvapic.bin:\n\techo rom >$@\n' >pc-bios/optionrom/Makefile
: >build.ninja
EOF
    chmod +x "$q/configure"
    pin "$(pack "$tmp/rel" 1.0)"
    s=$tmp/rel/seabios-1.0
    mkdir -p "$s"
    # shellcheck disable=SC2016
    printf 'oldnoconfig:\n\t@:\nall:\n\t@echo made >>$(LOG)\n\t@cat $(OUT).config >$(OUT)bios.bin\n\t@cp $(OUT)bios.bin $(OUT)vgabios.bin\n' >"$s/Makefile"
    tar -C "$tmp/rel" -czf "$tmp/rel/seabios.tgz" seabios-1.0
    echo "seabios 1.0 upstream file://$tmp/rel/seabios.tgz $(hash_of "$tmp/rel/seabios.tgz")" >>"$UPSTREAM_FILE"
    mkdir -p "$build/python/bin" "$tmp/bin"
    echo "$build/python" >"$build/python/.done"
    ln -s "$(command -v python3)" "$build/python/bin/python3"
    # It installs one program and one module, and no test.
    cat >"$build/python/bin/meson" <<'EOF'
#!/bin/sh
case $1 in
introspect)
    echo '[{"installed": true, "filename": ["'"$3"'/qemu-system-x86_64"]},
        {"installed": true, "filename": ["'"$3"'/ui-gtk.so"]}, {"installed": false, "filename": ["'"$3"'/tests/none"]}]' ;;
install)
    to=$DESTDIR/usr/lib/qemu-vga-assign
    mkdir -p "$to/bin" "$to/lib/qemu" "$to/lib/pkgconfig" "$to/include" "$to/share/qemu/keymaps"
    cp "$3/qemu-system-x86_64" "$to/bin/"
    for f in lib/qemu/ui-gtk.so lib/libx.a include/qemu-plugin.h share/qemu/keymaps/de; do echo x >"$to/$f"; done ;;
esac
EOF
    chmod +x "$build/python/bin/meson"
    cat >"$tmp/bin/ninja" <<'EOF'
#!/bin/sh
while [ "$1" != -C ]; do shift; done
echo "targets $*" >>"$LOG"
echo "ninja $(cat ../src/qemu/hw/vfio/pci.c 2>/dev/null | wc -l)" >>"$LOG"
echo 'echo running' >"$2/qemu-system-x86_64"
chmod +x "$2/qemu-system-x86_64"
EOF
    chmod +x "$tmp/bin/ninja"
    PATH=$tmp/bin:$PATH LOG=$tmp/log2
    : >"$LOG"
    export PATH LOG
}

t_once() # the first build configures and makes the firmware, the second does neither
{
    releases
    "$scripts/build" qemu
    [ "$(grep -c configured "$LOG")" = 1 ]
    [ "$(grep -c made "$LOG")" = 12 ]
    "$scripts/build" qemu
    [ "$(grep -c configured "$LOG")" = 1 ]
    [ "$(grep -c made "$LOG")" = 12 ]
    [ "$(grep -c ninja "$LOG")" = 2 ]
    [ "$(cat "$build/seabios/vgabios.bin")" = CONFIG=vga-isavga ]
}

t_firmware() # a QEMU in its build directory finds firmware, option ROMs and VGA BIOSes
{
    releases
    "$scripts/build" qemu
    for f in bios-256k.bin vgabios-cirrus.bin kvmvapic.bin; do [ -f "$build/qemu/qemu-bundle/usr/local/share/qemu/$f" ]; done
}

t_werror() # the line that makes later runs of meson fail on warnings is removed, and the file keeps its time
{
    releases
    "$scripts/build" qemu
    [ "$(cat "$build/qemu/config-meson.cross")" = '[built-in options]' ]
    [ -z "$(find "$build/qemu/config-meson.cross" -newer "$build/qemu/build.ninja")" ]
}

t_placeholders() # files made for configure's sake do not look like a developer's edits
{
    releases
    "$scripts/build" qemu
    [ -z "$(git -C "$repo" status --porcelain)" ]
}

t_flags() # other configure arguments configure again
{
    releases
    "$scripts/build" qemu
    QEMU_CONFIGURE=--enable-debug "$scripts/build" qemu
    [ "$(grep -c configured "$LOG")" = 2 ]
}

t_configure_fails() # a failed configure says why, and is repeated by the next run
{
    releases
    BREAK=1 fails 1 "$scripts/build" qemu
    says 'configure failed: ERROR: no such library'
    "$scripts/build" qemu
}

t_cut_off() # a configure that was cut off is repeated, too
{
    releases
    "$scripts/build" qemu
    rm "$build/qemu/.configured"
    "$scripts/build" qemu
    [ "$(grep -c configured "$LOG")" = 2 ]
}

t_base() # qemu-base is the release without the series, at the same relative path from its source
{
    with_series
    mv "$tmp/top" "$tmp/top2"
    releases
    mv "$tmp/top2" "$tmp/top.new"
    rm -rf "$tmp/top"
    mv "$tmp/top.new" "$tmp/top"
    "$scripts/build" qemu
    "$scripts/build" qemu-base
    grep -q hooked "$build/src/qemu/hw/vfio/pci.c"
    ! grep -q hooked "$build/base/src/qemu/hw/vfio/pci.c" || return 1
    [ "$(readlink "$build/qemu-base")" = base/qemu ]
    [ -x "$build/qemu-base/qemu-system-x86_64" ]
}

t_install() # install copies programs, modules, firmware and keymaps; a bad PREFIX is refused
{
    releases
    mkdir -p "$build/seabios"
    : >"$build/seabios/vgabios-zoo.bin"
    "$scripts/build" install "$tmp/opt"
    [ ! -e "$tmp/opt/share/qemu/vgabios-zoo.bin" ]
    [ "$("$tmp/opt/bin/qemu-system-x86_64")" = running ]
    for f in share/qemu/bios-256k.bin share/qemu/keymaps/de lib/qemu/ui-gtk.so; do [ -f "$tmp/opt/$f" ]; done
    [ ! -e "$tmp/opt/include" ]
    [ ! -e "$tmp/opt/lib/libx.a" ]
    fails 2 "$scripts/build" install relative
    : >"$tmp/file"
    fails 4 "$scripts/build" install "$tmp/file"
    says 'cannot be written'
}

t_full() # what is installed is built with all features, without tests
{
    releases
    "$scripts/build" qemu-full
    grep -q 'targets .*qemu-system-x86_64 ui-gtk.so' "$LOG"
    ! grep -q 'targets .*tests/none' "$LOG" || return 1
    grep -q -- --enable-modules "$build/qemu-full/.configured"
    grep -q -- --enable-kvm "$build/qemu-full/.configured"
    "$scripts/build" qemu
    ! grep -q -- --enable-modules "$build/qemu/.configured" || return 1
    [ -f "$build/qemu-full/qemu-bundle/usr/lib/qemu-vga-assign/share/qemu/bios-256k.bin" ]
}

t_destdir() # DESTDIR is put before PREFIX, and running programs are not overwritten
{
    releases
    DESTDIR=$tmp/stage "$scripts/build" install /opt/x
    [ -x "$tmp/stage/opt/x/bin/qemu-system-x86_64" ]
    exec 5<"$tmp/stage/opt/x/bin/qemu-system-x86_64"
    DESTDIR=$tmp/stage "$scripts/build" install /opt/x
    [ "$(stat -L -c %i /proc/self/fd/5)" != "$(stat -c %i "$tmp/stage/opt/x/bin/qemu-system-x86_64")" ]
}

t_distclean() # distclean keeps what exists nowhere else
{
    releases
    "$scripts/build" qemu
    echo mine >>"$repo/hw/vfio/pci.c"
    fails 1 "$scripts/build" distclean
    git -C "$repo" reset -q --hard
    "$scripts/build" distclean
    [ ! -e "$build" ]
}

t_wheels() # without a network meson and pycotap are those that the release has, and apt is not asked
{
    /usr/bin/python3 -c 'import mesonbuild.coredata as c, pycotap, sys; sys.exit(c.version < "1.5")' 2>/dev/null &&
        { echo "meson and pycotap are installed, and taken"; exit 77; }
    releases
    rm -rf "$build/python"
    mkdir -p "$q/python/wheels" "$tmp/wheel/mesonbuild"
    echo "version = '9.9'" >"$tmp/wheel/mesonbuild/coredata.py"
    echo "def main(): print('the wheel of meson')" >"$tmp/wheel/mesonbuild/mesonmain.py"
    : >"$tmp/wheel/pycotap.py"
    (cd "$tmp/wheel" && python3 -m zipfile -c "$q/python/wheels/meson-9.9-py3-none-any.whl" mesonbuild &&
        python3 -m zipfile -c "$q/python/wheels/pycotap-9-py3-none-any.whl" pycotap.py)
    QEMU_SRC=$q
    export QEMU_SRC
    printf '#!/bin/sh\necho "apt-get $*" >>%s\nexit 100\n' "$tmp/asked" >"$tmp/bin/apt-get"
    chmod +x "$tmp/bin/apt-get"
    FETCH_OFFLINE=1 fails 0 "$scripts/build" python
    [ ! -e "$tmp/asked" ]
    [ "$("$build/python/bin/meson")" = 'the wheel of meson' ]
}

t_missing_tool() # a missing program is named, with what installs it
{
    releases
    mkdir -p "$tmp/few"
    for p in sh nproc dirname sed awk cat id pwd tr git flock df; do ln -sf "$(command -v "$p")" "$tmp/few/$p"; done
    PATH=$tmp/few fails 4 "$scripts/build" qemu
    says "'gcc' is missing"
    says 'scripts/deps'
}

run_tests
