#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""More machines for the tests of vga-assign, one for each kind of verdict.

They are made up like those of machines.py, after what people reported of
machines of 2024 to 2026. Each has one property that matters; golden-check/ has
what the tool says.
"""
import os
import struct

from machines import (G, IO, M, MEM, MEM64, PREFETCH, RADEON, Machine,
                      intel_desktop)
from roms import posted, rom, rom_image

MATROX, GT1050 = (0x102b, 0x0525), (0x10de, 0x1c81)
NAVI48 = (0x1002, 0x7550)
NAVI21 = (0x1002, 0x73bf)
COFFEE_LAKE, ALDER_LAKE, METEOR_LAKE = 0x3e91, 0x46a6, 0x7d55
RAPHAEL, HAWK_POINT = (0x1002, 0x164e), (0x1002, 0x1900)
NAVI_BARS = ((MEM | MEM64 | PREFETCH, 0x7c00000000, 256 * M),
             (MEM | MEM64 | PREFETCH, 0x8000000000, 2 * M),
             (IO, 0xf000, 256), (MEM, 0xfcb00000, M))
APU_BARS = ((MEM | MEM64 | PREFETCH, 0x7000000000, 256 * M),
            (MEM | MEM64 | PREFETCH, 0x8000000000, 2 * M),
            (IO, 0xe000, 256), (MEM, 0xfc500000, 512 * 1024))
IGD_BARS = ((MEM | MEM64, 0xa0000000, 16 * M),
            (MEM | MEM64 | PREFETCH, 0x90000000, 256 * M), (IO, 0x4000, 64))
LIBVIRTD = '/etc/apparmor.d/usr.sbin.libvirtd'
PACKAGED_RULE = '  /usr/lib/qemu-vga-assign/bin/qemu-system-x86_64 rmix,\n'
PLACE = '/sys/bus/pci/devices/0000:03:00.0/'


def amd(root, ids=NAVI21, driver='vfio-pci', bars=NAVI_BARS, rom_data=None,
        reset='flr', kernel='6.18.48', cmdline='amd_iommu=on iommu=pt',
        loaded='N', boot_vga=1, hidden=False):
    """The only adapter is one of AMD's, at 03:00.0."""
    m = Machine(root, kernel=kernel, cmdline=cmdline, iommu=('ivhd0',),
                phys_bits=48, hidden=hidden)
    m.host_bridge()
    m.port('0000:00:01.1', 14)
    m.device('0000:03:00.0', ids, 0x030000, '0000:00:01.1', driver, 15, bars,
             rom(*ids) if rom_data is None else rom_data, boot_vga=boot_vga,
             irq=90, reset=reset, arbiter=('io+mem', 'io+mem', 0))
    m.file(PLACE + 'power/control', 'auto\n')
    m.config('y', loaded)
    return m


def kind(make, **more):
    """Return a maker of a machine like amd()'s, with other arguments."""
    def function(root):
        amd(root, **more).close()
    function.__doc__ = make
    return function


# Power

def power(doc, state, control='auto', config=None):
    """Return a maker of a machine whose adapter is in that power state."""
    def function(root):
        m = amd(root)
        m.file(PLACE + 'power_state', state + '\n')
        m.file(PLACE + 'power/control', control + '\n')
        if config:
            good = m.path(PLACE + 'config')
            os.replace(good, good + '.awake')
            with open(good + '.awake', 'rb') as f:
                m.file(PLACE + 'config', config(f.read()))
        m.close()
    function.__doc__ = doc
    return function


def ones(data):
    """Return the config space of a device that does not answer."""
    return b'\xff' * len(data)


def header_7f(data):
    """Return an answer that is cut off."""
    return data[:8] + b'\xff' * (len(data) - 8)


# Virtual functions

def virtual(root):
    """The adapter is a virtual function of Intel graphics of class VGA."""
    m = Machine(root, kernel='6.17.4-2-pve', cmdline='intel_iommu=on')
    m.host_bridge()
    igd(m, ALDER_LAKE, driver='i915')
    place = m.device('0000:00:02.1', (0x8086, ALDER_LAKE), 0x030000,
                     driver='vfio-pci', group=18, bars=IGD_BARS[:2],
                     rom_data=None, boot_vga=0, pin=0, reset='flr',
                     arbiter=('none', 'none', 0))
    m.link(place + '/physfn', m.places['0000:00:02.0'])
    m.config('y', 'N')
    m.close()


def physical(root):
    """An adapter has two virtual functions, which do not affect it."""
    m = amd(root)
    for function in (1, 2):
        place = m.device('0000:03:00.%d' % function, NAVI21, 0x030000,
                         '0000:00:01.1', 'amdgpu', 15 + function,
                         ((MEM | MEM64 | PREFETCH, 0x9000000000 +
                           function * 32 * G, 16 * G),), None, boot_vga=0,
                         pin=0, arbiter=('none', 'none', 0))
        m.link(place + '/physfn', m.places['0000:03:00.0'])
    m.close()


# The host's screen

def text_console(root):
    """The host's text console is vgacon, on Intel graphics without a driver."""
    m = Machine(root, cmdline='quiet intel_iommu=on')
    intel_desktop(m, gpu_driver='vfio-pci', audio_driver='vfio-pci',
                  igd_arbiter=('io+mem', 'io+mem', 0), ggc=0)
    os.remove(m.path(m.places['0000:00:02.0'] + '/driver'))
    os.remove(m.path('/sys/class/graphics/fb0/device'))
    os.remove(m.path('/sys/class/graphics/fb0/name'))
    os.remove(m.path('/sys/class/drm/card0/device'))
    m.config('y', 'N')
    vgacon(m)
    m.close()


def vgacon(m):
    """Make consoles as the kernel has them without a framebuffer."""
    for number, name, bound in ((0, '(S) VGA+', 1), (1, '(S) dummy device', 0)):
        where = '/sys/class/vtconsole/vtcon%d/' % number
        m.file(where + 'name', name + '\n')
        m.file(where + 'bind', '%d\n' % bound)


def text_console_own(root):
    """vgacon is on the adapter itself, and the kernel leaves it there."""
    m = amd(root, kernel='5.15.0-91-generic')
    vgacon(m)
    m.close()


def screen(doc, driver, owner, listed=False, reserved=False, draws=True):
    """Return a maker: firmware's framebuffer is in the adapter's BAR 0."""
    def function(root):
        m = amd(root, cmdline='iommu=pt video=efifb:off' +
                (' initcall_blacklist=sysfb_init' if listed else ''))
        where = '7c00000000-7c00ffffff'
        if reserved:
            m.ranges.append('  %s : BOOTFB' % where)
        if driver:
            m.ranges.append('%s  %s : %s' % ('  ' if reserved else '', where,
                                             driver))
        if draws:
            m.framebuffer(0, driver + 'drmfb', owner)
        m.close()
    function.__doc__ = doc
    return function


# Intel graphics

def igd(m, device, rom_data=b'', shadow=False, ggc=0x2c0, driver='vfio-pci'):
    """Make Intel's adapter at 00:02.0."""
    m.device('0000:00:02.0', (0x8086, device), 0x030000, driver=driver, group=1,
             bars=IGD_BARS, boot_vga=1, irq=16, ggc=ggc, reset='flr',
             rom_data=rom_data, shadow=shadow, arbiter=('io+mem', 'io+mem', 0))


def intel(doc, device, rom_data, unreadable=False, ggc=0x2c0):
    """Return a maker of a machine that has only Intel graphics."""
    def function(root):
        m = Machine(root, kernel='6.8.12-9-pve', cmdline='intel_iommu=on')
        m.host_bridge()
        igd(m, device, rom_data, True, ggc)
        m.config('y', 'N')
        m.close()
        if unreadable:
            m.file('/unreadable', '5 /sys/bus/pci/devices/0000:00:02.0/rom\n')
    function.__doc__ = doc
    return function


# The ACPI table VFCT

def vfct(*records):
    """Return the table; a record is (bus, slot, function, ids, image)."""
    body = b''
    for bus, slot, function, (vendor, device), image in records:
        body += struct.pack('<IIIHHHHII', bus, slot, function, vendor, device,
                            vendor, device, 0, len(image)) + image
    table = bytearray(0x4c) + body
    table[0:8] = b'VFCT' + struct.pack('<I', len(table))
    table[52:56] = struct.pack('<I', 0x4c)
    return bytes(table)


def tables_alone(ids):
    """Return an x86 image without code: its entry is 00 00 00."""
    image = bytearray(rom_image(*ids, efi=False, last=True))
    image[3:6] = bytes(3)
    image[-1] = 0
    image[-1] = -sum(image) & 0xff
    return bytes(image)


def apu(doc, ids, image=None, bus=3):
    """Return a maker of a machine with an APU, which has no ROM BAR."""
    def function(root):
        m = amd(root, ids, bars=APU_BARS, reset='')
        os.remove(m.path(m.places['0000:03:00.0'] + '/rom'))
        lines = open(m.path(PLACE + 'resource'), encoding='utf-8').readlines()
        lines[6] = '0x%016x 0x%016x 0x%016x\n' % (0, 0, 0)
        m.file(PLACE + 'resource', ''.join(lines))
        if image:
            m.file('/sys/firmware/acpi/tables/VFCT',
                   vfct((7, 0, 0, NAVI21, rom(*NAVI21)),
                        (bus, 0, 0, ids, image)))
        m.close()
    function.__doc__ = doc
    return function


# Programs that have the adapter open

def nvidia_open(root):
    """Programs have the nodes of NVIDIA's driver open."""
    m = Machine(root, kernel='6.11.5-300.fc41', cmdline='intel_iommu=on')
    intel_desktop(m, gpu_driver='nvidia', audio_driver='vfio-pci',
                  gpu_arbiter=('none', 'none', 0))
    m.config('y', 'N')
    m.card(1, '0000:01:00.0')
    m.file('/proc/driver/nvidia/gpus/0000:01:00.0/information',
           'Model: \t\t GeForce GT 710\nDevice Minor: \t 0\n')
    m.holder(612, 'nvidia-persiste', '/dev/nvidia0')
    m.holder(613, 'elsewhere', '/dev/nvidia1')
    m.holder(3274, 'gnome-shell', '/dev/dri/card1')
    m.holder(4000, 'blender', '/dev/dri/renderD128')
    m.close()


def guest_has_it(root):
    """A guest runs on the adapter."""
    m = amd(root)
    m.holder(812, 'qemu-system-x86', '/dev/vfio/15')
    m.close()


def guest_has_it_by_iommufd(root):
    """A guest runs on the adapter through IOMMUFD."""
    m = amd(root)
    m.directory(PLACE + 'vfio-dev/vfio0')
    m.holder(812, 'qemu-system-x86', '/dev/vfio/devices/vfio0')
    m.close()


# QEMU's limits, and which QEMU is installed

def limits(doc, lock='8388608', maximum=None):
    """Return a maker of a machine with limits for this process."""
    def function(root):
        m = amd(root)
        m.file('/proc/self/limits',
               'Limit                     Soft Limit           Hard Limit\n'
               'Max locked memory         %-20s %-20s bytes\n' % (lock, lock))
        if maximum:
            m.file('/proc/self/cgroup', '0::/user.slice/a.scope\n')
            m.file('/sys/fs/cgroup/user.slice/a.scope/memory.max', 'max\n')
            m.file('/sys/fs/cgroup/user.slice/memory.max', maximum + '\n')
        m.close()
    function.__doc__ = doc
    return function


def iommufd_alone(root):
    """The kernel has no groups of vfio, but its character devices."""
    m = amd(root)
    os.remove(m.path('/dev/vfio/15'))
    os.remove(m.path('/dev/vfio/vfio'))
    m.directory(PLACE + 'vfio-dev/vfio0')
    m.file('/dev/vfio/devices/vfio0', '')
    m.file('/dev/iommu', '')
    m.close()


def software(doc, qemu=None, proxmox=False, libvirt=None, apparmor=None,
             seabios=None, files=()):
    """Return a maker; qemu: (prefix, whether it has the series)."""
    def function(root):
        m = amd(root)
        for prefix, patched in qemu or ():
            m.file(prefix + '/bin/qemu-system-x86_64', b'\x7fELF' + (
                b'x-vga-arbiter' if patched else b'x-vga') + b'\0')
        if seabios:
            m.file(qemu[0][0] + '/share/qemu/bios-256k.bin', seabios)
        if proxmox:
            m.file('/usr/bin/pveversion', '#!/usr/bin/perl\n')
        if libvirt:
            m.file('/usr/lib/x86_64-linux-gnu/libvirt.so.0.' + libvirt, '')
        if apparmor is not None:
            m.file('/sys/module/apparmor/parameters/enabled', 'Y\n')
            m.file('/etc/apparmor.d/abstractions/libvirt-qemu',
                   '/usr/bin/qemu-system-x86_64 rmix,\n')
            m.file('/etc/apparmor.d/local/abstractions/libvirt-qemu', apparmor)
        for path, contents in files:
            m.file(path, contents)
        m.close()
    function.__doc__ = doc
    return function


def packaged(doc, includes=True, rule=PACKAGED_RULE):
    """Return a maker of a machine with the package and AppArmor.

    includes: whether libvirt's profile reads libvirt-qemu.d; rule: the
    contents of the package's file there.
    """
    return software(
        doc, (('/usr/lib/qemu-vga-assign', True), ('/usr', False)),
        libvirt='11003.0', apparmor='', seabios='1.17.0-vga-assign', files=(
            ('/usr/bin/qemu-system-x86_64-vga-assign', '#!/bin/sh\n'),
            (LIBVIRTD, '/usr/bin/* PUx,\n'),
            ('/etc/apparmor.d/abstractions/libvirt-qemu',
             '/usr/bin/qemu-system-x86_64 rmix,\n' + (
                 '  include if exists <abstractions/libvirt-qemu.d>\n'
                 if includes else '')),
            ('/etc/apparmor.d/abstractions/libvirt-qemu.d/qemu-vga-assign',
             rule)))


# Resets and BARs

def vendor_reset(root):
    """A Vega 10, for which vendor-reset is loaded but not chosen."""
    m = amd(root, (0x1002, 0x687f), reset='bus')
    m.directory('/sys/module/vendor_reset')
    m.close()


def shared_reset(root):
    """It has a bus reset, and the host has the sound of the same adapter."""
    m = amd(root, reset='bus')
    m.device('0000:03:00.1', (0x1002, 0xab28), 0x040300, '0000:00:01.1',
             'snd_hda_intel', 16, ((MEM, 0xfcd00000, 16384),), irq=91, pin=2)
    m.close()


def resizable(root):
    """A BAR was resized, and the processor has few address bits."""
    m = Machine(root, cmdline='intel_iommu=on', phys_bits=36)
    m.host_bridge()
    m.port('0000:00:01.0', 2)
    m.device('0000:03:00.0', RADEON, 0x030000, '0000:00:01.0', 'vfio-pci', 15,
             ((MEM | MEM64 | PREFETCH, 1 << 36, 64 * G),
              (MEM | MEM64 | PREFETCH, 1 << 34, 2 * M)), rom(*RADEON),
             boot_vga=0, irq=16, arbiter=('io+mem', 'none', 0))
    m.file(PLACE + 'resource0_resize', '%016x\n' % (1 << 8 | 1 << 13 | 1 << 16))
    m.config('y', 'N')
    m.close()


def broken_sum(root):
    """Its own ROM has a wrong checksum."""
    data = bytearray(rom(*NAVI21))
    data[0x123] ^= 0x55
    amd(root, rom_data=bytes(data)).close()


def other_ids(root):
    """Its own ROM has the ids of another model, as some vendors sell them."""
    amd(root, rom_data=rom(0x1002, 0x73af)).close()


def without_rom(doc, ids):
    """Return a maker of a machine whose adapter has no ROM BAR."""
    def function(root):
        m = amd(root, ids)
        os.remove(m.path(m.places['0000:03:00.0'] + '/rom'))
        lines = open(m.path(PLACE + 'resource'), encoding='utf-8').readlines()
        lines[6] = '0x%016x 0x%016x 0x%016x\n' % (0, 0, 0)
        m.file(PLACE + 'resource', ''.join(lines))
        m.close()
    function.__doc__ = doc
    return function


def without_reset(doc, **more):
    """Return a maker of a machine whose adapter has no reset_method."""
    def function(root):
        m = amd(root, **more)
        os.remove(m.path(PLACE + 'reset_method'))
        m.close()
    function.__doc__ = doc
    return function


def dual_boot_rom(root):
    """The first UEFI driver of its ROM is for another adapter."""
    amd(root, rom_data=rom_image(*NAVI21, efi=False, last=False) +
        rom_image(0x1002, 0x73af, efi=True, last=False) +
        rom_image(*NAVI21, efi=True, last=True)).close()


def old_kernel(root):
    """Linux 4.4 runs on Intel graphics."""
    m = Machine(root, kernel='4.4.0-210-generic', cmdline='intel_iommu=on')
    m.host_bridge()
    igd(m, 0x1912, posted(rom(0x8086, 0x1912, 'bios')), True)
    m.config('y', 'N')
    m.close()


def iommu_off(root):
    """The IOMMU is turned off on the command line."""
    m = Machine(root, cmdline='quiet intel_iommu=off', iommu=())
    intel_desktop(m, gpu_driver='nouveau', gpu_arbiter=('none', 'none', 0))
    m.config('y')
    m.close()


IGD, CARD, AMD = '0000:00:02.0', '0000:01:00.0', '0000:03:00.0'
COPY = posted(rom(0x8086, COFFEE_LAKE, 'bios'))

# Each kind with the adapter to be assigned, and the resulting verdict.
KINDS = {
    'd3hot': (power('It dozes, as idle adapters do.', 'D3hot'), AMD, 'ok'),
    'd3cold': (power('It is asleep, and can be woken.', 'D3cold', 'auto', ones),
               AMD, 'fail'),
    'd3cold-answers': (power('It is asleep, and was woken to be read.',
                             'D3cold'), AMD, 'fail'),
    'd3cold-stays': (power('It is asleep, and was told to wake up.', 'D3cold',
                           'on', ones), AMD, 'fail'),
    'off-the-bus': (power('It fell off the bus.', 'D0', 'auto', ones), AMD,
                    'fail'),
    'header-7f': (power('Half of it answers.', 'D0', 'auto', header_7f), AMD,
                  'fail'),
    'virtual': (virtual, '0000:00:02.1', 'fail'),
    'physical': (physical, AMD, 'ok'),
    'vgacon': (text_console, CARD, 'warn'),
    'vgacon-own': (text_console_own, AMD, 'fail'),
    'simpledrm': (screen('simpledrm, and the usual argument.', 'simpledrm',
                         'simple-framebuffer.0', True, True), AMD, 'fail'),
    'efidrm': (screen('efidrm.', 'efidrm', 'efi-framebuffer.0'), AMD, 'fail'),
    'vesadrm': (screen('vesadrm.', 'vesadrm', 'vesa-framebuffer.0'), AMD,
                'fail'),
    'bootfb': (screen('No driver, but what it was for.', '', '', False, True,
                      False), AMD, 'fail'),
    'foreign': (screen('Something else in a BAR.', 'ramoops', '', False, False,
                       False), AMD, 'fail'),
    'igd-copy': (intel('Intel graphics, and a legacy boot.', COFFEE_LAKE, COPY),
                 IGD, 'warn'),
    'igd-zeros': (intel('Intel graphics, and a UEFI boot.', COFFEE_LAKE,
                        bytes(0x20000)), IGD, 'fail'),
    'igd-eio': (intel('The same, as newer kernels tell it.', COFFEE_LAKE, b'',
                      True), IGD, 'fail'),
    'igd-gen12': (intel('Intel graphics that have no VBIOS.', ALDER_LAKE,
                        bytes(0x20000)), IGD, 'fail'),
    'igd-unknown': (intel('Intel graphics that QEMU does not know.',
                          METEOR_LAKE, bytes(0x20000)), IGD, 'fail'),
    'igd-kernel': (old_kernel, IGD, 'fail'),
    'apu': (apu('A processor with graphics.', RAPHAEL, rom(*RAPHAEL, 'bios')),
            AMD, 'fail'),
    'apu-renumbered': (apu('The same, with other bus numbers.', RAPHAEL,
                           rom(*RAPHAEL, 'bios'), 0x6a), AMD, 'fail'),
    'apu-no-code': (apu('A VBIOS that has tables alone.', HAWK_POINT,
                        tables_alone(HAWK_POINT)), AMD, 'fail'),
    'apu-nothing': (apu('No table.', RAPHAEL), AMD, 'fail'),
    'no-rom': (without_rom('An adapter without a ROM.', MATROX), AMD, 'fail'),
    'no-rom-nvidia': (without_rom('The same, and perhaps a flash ROM.',
                                  GT1050), AMD, 'fail'),
    'nvidia-open': (nvidia_open, CARD, 'fail'),
    'guest-has-it': (guest_has_it, AMD, 'unknown'),
    'guest-iommufd': (guest_has_it_by_iommufd, AMD, 'unknown'),
    'memlock': (limits('A user who may lock 8 MiB.'), AMD, 'warn'),
    'memory-max': (limits('A control group of 2 GiB.', 'unlimited',
                          str(2 * G)), AMD, 'warn'),
    'memlock-ok': (limits('A user who may lock all.', 'unlimited'), AMD, 'ok'),
    'iommufd': (iommufd_alone, AMD, 'warn'),
    'qemu': (software('This series, beside the distribution\'s.',
                      (('/usr', False), ('/opt/qemu-vga', True)),
                      libvirt='9000.0'), AMD, 'ok'),
    'qemu-distribution': (software('The distribution\'s QEMU.',
                                   (('/usr', False),)), AMD, 'warn'),
    'seabios': (software('This series, and the release\'s SeaBIOS.',
                         (('/opt/qemu-vga', True),), seabios='rel-1.17.0'),
                AMD, 'warn'),
    'seabios-ok': (software('This series, with its SeaBIOS.',
                            (('/opt/qemu-vga', True),),
                            seabios='1.17.0-vga-assign'), AMD, 'ok'),
    'proxmox': (software('Proxmox VE.', (('/usr', False),), True), AMD, 'warn'),
    'apparmor': (software('AppArmor, and no rule for it.',
                          (('/opt/qemu-vga', True),), libvirt='10000.0',
                          apparmor=''), AMD, 'warn'),
    'apparmor-ok': (software('AppArmor, and a rule for it.',
                             (('/opt/qemu-vga', True),), libvirt='10000.0',
                             apparmor='/opt/qemu-vga/** rmix,\n'), AMD, 'ok'),
    'apparmor-package': (packaged('The package, and Debian 13\'s libvirt.'),
                         AMD, 'ok'),
    'apparmor-package-old': (packaged('The package, and a libvirt that does '
                                      'not read its rules.', includes=False),
                             AMD, 'warn'),
    'apparmor-commented': (packaged('The package, and its rules taken out.',
                                    rule='#' + PACKAGED_RULE), AMD, 'warn'),
    'apparmor-libvirtd': (software('A rule for guests, none for libvirtd.',
                                   (('/opt/qemu-vga', True),),
                                   libvirt='9000.0',
                                   apparmor='/opt/qemu-vga/** rmix,\n',
                                   files=((LIBVIRTD, '/usr/bin/* PUx,\n'),)),
                          AMD, 'warn'),
    'libvirt-old': (software('libvirt 8.0.', (('/opt/qemu-vga', True),),
                             libvirt='8000.0'), AMD, 'warn'),
    'navi48': (kind('An adapter that no reset brings back.', ids=NAVI48,
                    reset='bus'), AMD, 'warn'),
    'navi10': (kind('An adapter that vendor-reset brings back.',
                    ids=(0x1002, 0x731f), reset='bus'), AMD, 'warn'),
    'vega10': (vendor_reset, AMD, 'warn'),
    'no-reset': (without_reset('Linux knows no reset for it.'), AMD, 'warn'),
    'no-reset-family': (without_reset('The same, for a Navi 48.', ids=NAVI48),
                        AMD, 'warn'),
    'old-reset': (without_reset('Linux is too old to tell how it is reset.',
                                kernel='5.10.0-35-amd64'), AMD, 'ok'),
    'shared-reset': (shared_reset, AMD, 'warn'),
    'resizable': (resizable, AMD, 'fail'),
    'broken-sum': (broken_sum, AMD, 'fail'),
    'other-ids': (other_ids, AMD, 'fail'),
    'two-drivers': (dual_boot_rom, AMD, 'ok'),
    'iommu-off': (iommu_off, CARD, 'fail'),
}
