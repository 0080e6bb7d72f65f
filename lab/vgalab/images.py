# SPDX-License-Identifier: GPL-2.0-or-later
"""What the emulated host and the guests are made of: Debian's packages.

Everything is built once and kept under build/lab, named by what it was built
from, so that a change of an input makes a new file and never a stale one.
"""

import contextlib
import fcntl
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

from . import EnvironmentFault

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get('VGA_ASSIGN_BUILD', os.path.join(TOP, 'build'))
LAB = os.path.join(TOP, 'lab')
QEMU = os.path.join(BUILD, 'qemu', 'qemu-system-x86_64')
QEMU_BASE = os.path.join(BUILD, 'qemu-base', 'qemu-system-x86_64')
# The lab's own world is one Debian release, whatever the machine runs.
SUITE = 'bookworm'

# What a disc with ISOLINUX is made of, in these packages
ISOLINUX_PACKAGES = ('isolinux', 'syslinux-common')
ISOLINUX_MODULES = ('ldlinux', 'libcom32', 'libutil', 'menu', 'vesamenu')
ISOLINUX_CONFIG = '''
UI {menu}.c32
PROMPT 0
MENU TITLE Systems of this disc
{entries}
'''

# Loading order matters to insmod; dependencies are looked up in the modules.
HOST_MODULES = ('virtio_pci', 'virtio_blk', 'vfio_iommu_type1', 'vfio-pci',
                'kvm-amd', 'kvm-intel')
# Modules that only ask for a symbol at run time name no dependency for it.
HIDDEN_DEPENDENCIES = {'kvm-amd': ['ccp']}
# A host with libvirt also has the adapter's own driver, to give it back to.
LIBVIRT_PACKAGES = ('libvirt-daemon', 'libvirt-daemon-driver-qemu',
                    'libvirt-clients')
LIBVIRT_LEFT_OUT = ('usr/share/doc', 'usr/share/man', 'usr/share/locale',
                    'usr/lib/x86_64-linux-gnu/gconv')
# The other connection drivers look for programs that are not there.
LIBVIRT_DRIVERS = 'usr/lib/x86_64-linux-gnu/libvirt/connection-driver/*'
LIBVIRT_DRIVER = 'libvirt_driver_qemu.so'
LIBVIRT_MODULES = ('cirrus',)
# What the guest that drives assigned devices needs for them
IO_MODULES = ('ahci', 'sd_mod', 'e1000e')
FIRMWARE = ('bios*.bin', 'vgabios*.bin', 'kvmvapic.bin', 'linuxboot*.bin',
            'multiboot*.bin', 'pvh.bin')

BARE = ('-m32', '-ffreestanding', '-fno-pic', '-no-pie', '-static',
        '-nostdlib', '-fno-stack-protector',
        '-fno-asynchronous-unwind-tables', '-Wl,--build-id=none', '-Wl,-N',
        '-Wl,--no-warn-rwx-segments', '-Wl,--section-start=.multiboot=0x100000',
        '-Wl,-Ttext=0x100010')

# Versions of a built file that stay: a patched and an unpatched QEMU, say.
KEPT = 4

# The PCI side of the PAM segments, as lab/guests/firmware.inc has it for the
# last of them.
PCI_PAGE = 16384
PCI_PATTERN = 0xa0
PCI_ROUTINE = 0x100

SECTOR = 512
PARTITION_START = 1024 * 1024
PARTITION_BYTES = 24 * 1024 * 1024

GRUB_MODULES = ('biosdisk', 'part_msdos', 'ext2', 'normal', 'linux',
                'linux16', 'echo', 'sleep', 'configfile', 'halt', 'reboot')
GRUB_EMBEDDED = 'set root=hd0,msdos1\nset prefix=($root)/grub\n' \
                'configfile $prefix/grub.cfg\n'
GRUB_CONFIG = '''
terminal_output console
set timeout={timeout}
menuentry "Linux on the assigned adapter" {{
    linux /vmlinuz console=tty0 nomodeset
    initrd /initrd
}}
menuentry "Reboot" {{
    reboot
}}
'''


def run(command, **options):
    """Run a program of the machine; its failure is the environment's."""
    try:
        return subprocess.run(command, check=True, capture_output=True,
                              **options)
    except FileNotFoundError as problem:
        raise EnvironmentFault(f'{command[0]} is not installed; run '
                               'scripts/deps') from problem
    except subprocess.CalledProcessError as problem:
        said = problem.stderr
        said = said.decode(errors='replace') if isinstance(said, bytes) \
            else said
        raise EnvironmentFault(
            f'{" ".join(command[:3])} ... failed: {said.strip()}') from problem


def program(path, remedy):
    """An existing QEMU binary."""
    if not os.access(path, os.X_OK):
        raise EnvironmentFault(f'{path} is missing or not executable; run '
                               f'{remedy}')
    return os.path.abspath(path)


@contextlib.contextmanager
def only_one():
    """Two runs may start at once; they build one after the other."""
    os.makedirs(os.path.join(BUILD, 'lab'), exist_ok=True)
    with open(os.path.join(BUILD, 'lab', 'lock'), 'w',
              encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def digest(*parts):
    """Short name for what a thing is built from: strings and file paths."""
    total = hashlib.sha256()
    for part in parts:
        if os.path.isfile(part):
            about = os.stat(part)
            part = f'{part} {about.st_size} {about.st_mtime_ns}'
        total.update(part.encode() + b'\0')
    return total.hexdigest()[:16]


def say(what):
    """Progress is for people: stdout can be a test's protocol."""
    print(f'lab: {what}', file=sys.stderr, flush=True)


def built(name, key, builder):
    """build/lab/NAME-KEY, made by builder(path) where it does not exist.

    The builder holds the lock: what it needs that is built, too, must be
    there before.
    """
    stem, extension = os.path.splitext(name)
    path = os.path.join(BUILD, 'lab', f'{stem}-{key}{extension}')
    with only_one():
        if not os.path.exists(path):
            say(f'building {name}')
            forget_old(glob.glob(f'{os.path.join(BUILD, "lab", stem)}-*'))
            try:
                builder(path + '.part')
                os.rename(path + '.part', path)
            except OSError as problem:
                raise EnvironmentFault(f'cannot build {path}: '
                                       f'{problem.strerror}') from problem
        os.utime(path)
    return path


def forget_old(paths):
    """Half-made files go, and all but the few that were used last."""
    whole = [p for p in paths if not p.endswith('.part')]
    whole.sort(key=os.path.getmtime, reverse=True)
    for path in set(paths) - set(whole[:KEPT - 1]):
        os.unlink(path)


@contextlib.contextmanager
def staging():
    """A directory that is gone afterwards, on the build's file system."""
    with tempfile.TemporaryDirectory(dir=os.path.join(BUILD, 'lab')) as path:
        yield path


def pack(tree, path):
    """A directory as an uncompressed initramfs: the host unpacks in TCG."""
    names = [os.path.relpath(os.path.join(base, name), tree)
             for base, directories, files in os.walk(tree)
             for name in directories + files]
    done = run(['cpio', '-o', '-H', 'newc', '-R', '0:0', '--reproducible',
                '--quiet', '-0'], cwd=tree,
               input=b''.join(n.encode() + b'\0' for n in sorted(names)))
    with open(path, 'wb') as file:
        file.write(done.stdout)


def get_debs(directory, *packages, options=()):
    """Fetches packages of the lab's suite, by scripts/debs."""
    run([os.path.join(TOP, 'scripts', 'debs'), *options, directory, SUITE,
         *packages])


def unpacked(name, about, get, trim=None):
    """build/lab/NAME, in whose `root` the packages are that get(DIR) fetches.

    trim(root) may remove what the lab does not need.
    """
    store = os.path.join(BUILD, 'lab', name)
    root = os.path.join(store, 'root')
    ready = os.path.join(store, 'ready')
    with only_one():
        if os.path.exists(ready):
            return store
        say(f'getting Debian packages ({about})')
        shutil.rmtree(store, ignore_errors=True)
        debs = os.path.join(store, 'debs')
        os.makedirs(debs)
        get(debs)
        for deb in glob.glob(os.path.join(debs, '*.deb')):
            run(['dpkg-deb', '-x', deb, root])
        shutil.rmtree(debs)
        if trim:
            trim(root)
        with open(ready, 'w', encoding='utf-8'):
            pass
    return store


def trim_libvirt(root):
    """Leaves of libvirt's packages what a domain of QEMU's needs."""
    for directory in LIBVIRT_LEFT_OUT:
        shutil.rmtree(os.path.join(root, directory), ignore_errors=True)
    for path in glob.glob(os.path.join(root, LIBVIRT_DRIVERS)):
        if os.path.basename(path) != LIBVIRT_DRIVER:
            os.unlink(path)


def libvirt_packages():
    """Directory with libvirtd, virsh and all they need, as Debian has them."""
    return unpacked('libvirt', 'libvirt', lambda debs: get_debs(
        debs, *LIBVIRT_PACKAGES, options=['--with-dependencies']),
                    trim_libvirt)


def get_lab(debs):
    """The packages of the lab, with the kernel that the suite has today."""
    get_debs(debs, 'linux-image-amd64', 'busybox-static', 'memtest86+')
    # The metapackage names the kernel.
    meta, = glob.glob(os.path.join(debs, 'linux-image-amd64_*.deb'))
    depends = run(['dpkg-deb', '-f', meta, 'Depends'], text=True).stdout
    get_debs(debs, depends.split()[0].rstrip(','))


def packages():
    """Directory with the unpacked Debian packages of the lab."""
    return unpacked('packages', 'kernel, busybox, memtest86+', get_lab)


def isolinux_packages():
    """Directory with the unpacked packages of ISOLINUX."""
    return unpacked('isolinux', 'isolinux', lambda debs: get_debs(
        debs, *ISOLINUX_PACKAGES))


def one(pattern):
    """The only path that fits."""
    found = sorted(glob.glob(pattern, recursive=True))
    if not found:
        raise EnvironmentFault(f'{pattern} not found in the lab\'s packages; '
                               'remove build/lab and run again')
    return found[-1]


def kernel():
    """The kernel of host and guest."""
    return one(os.path.join(packages(), 'root', 'boot', 'vmlinuz-*'))


def memtest():
    """Debian's memtest86+, a Linux image for BIOS machines."""
    return one(os.path.join(packages(), 'root', 'boot', 'memtest86+x64.bin'))


def module_file(root, name):
    """A module's file; names differ in - and _ only."""
    for spelling in (name, name.replace('-', '_'), name.replace('_', '-')):
        found = glob.glob(os.path.join(root, 'lib', 'modules', '**',
                                       spelling + '.ko'), recursive=True)
        if found:
            return found[0]
    return None


def module_order(root, wanted):
    """Modules with their dependencies first, as insmod needs them."""
    order = []

    def add(name):
        path = module_file(root, name)
        # A module that is not there is built in (or folded into another).
        if not path or path in order:
            return
        with open(path, 'rb') as file:
            depends = file.read().partition(b'\0depends=')[2].partition(
                b'\0')[0].decode()
        for other in HIDDEN_DEPENDENCIES.get(name, []) + depends.split(','):
            if other:
                add(other)
        order.append(path)

    for name in wanted:
        add(name)
    return order


def put_modules(tree, root, wanted):
    """Modules into TREE/modules, and their names in TREE/modules/order."""
    names = []
    for module in module_order(root, wanted):
        shutil.copy(module, os.path.join(tree, 'modules'))
        names.append(os.path.basename(module)[:-len('.ko')] + '\n')
    with open(os.path.join(tree, 'modules', 'order'), 'w',
              encoding='utf-8') as file:
        file.writelines(names)


def host_image(outer_accel):
    """Initramfs of the emulated host: busybox, modules, lab/host-init."""
    root = os.path.join(packages(), 'root')
    init = os.path.join(LAB, 'host-init')
    skip = 'kvm-amd' if outer_accel == 'kvm' and is_intel() else 'kvm-intel'
    wanted = [m for m in HOST_MODULES if m != skip]

    def build(path):
        with staging() as tree:
            for directory in ('bin', 'modules', 'lab', 'dev', 'proc', 'sys',
                              'tmp'):
                os.mkdir(os.path.join(tree, directory))
            shutil.copy(os.path.join(root, 'bin', 'busybox'),
                        os.path.join(tree, 'bin'))
            shutil.copy(init, os.path.join(tree, 'init'))
            put_modules(tree, root, wanted)
            pack(tree, path)

    return built('host.cpio', digest(init, kernel(), __file__, *wanted), build)


def is_intel():
    """Does the machine itself have an Intel CPU?"""
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        return 'GenuineIntel' in file.read()


def data_directories(qemu):
    """Where a QEMU looks for firmware, by its own word."""
    found = run([qemu, '-L', 'help'], text=True).stdout.split('\n')
    return [d for d in found + [os.path.join(BUILD, 'seabios')]
            if os.path.isdir(d)]


def qemu_image(qemu):
    """Initramfs with the QEMU under test, its libraries and firmware."""
    firmware = {}
    for directory in reversed(data_directories(qemu)):
        for pattern in FIRMWARE:
            for path in glob.glob(os.path.join(directory, pattern)):
                firmware[os.path.basename(path)] = path
    if 'bios-256k.bin' not in firmware:
        raise EnvironmentFault(f'{qemu} has no bios-256k.bin; '
                               'run make seabios')
    libraries = [word for line in run(['ldd', qemu], text=True)
                 .stdout.splitlines() for word in line.split()
                 if word.startswith('/')]

    def build(path):
        with staging() as tree:
            binary = os.path.join(tree, 'usr', 'bin', 'qemu-system-x86_64')
            os.makedirs(os.path.dirname(binary))
            os.makedirs(os.path.join(tree, 'firmware'))
            run(['strip', '-o', binary, qemu])
            for library in libraries:
                target = tree + library
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy(library, target)
            for source in firmware.values():
                shutil.copy(source, os.path.join(tree, 'firmware'))
            pack(tree, path)

    return built('qemu.cpio', digest(qemu, *libraries, *firmware.values(),
                                     __file__), build)


def libvirt_image():
    """Initramfs with libvirt and the modules of the adapters' own driver."""
    store = libvirt_packages()
    root = os.path.join(packages(), 'root')
    script = os.path.join(LAB, 'host-libvirt')

    def build(path):
        with staging() as tree:
            shutil.copytree(os.path.join(store, 'root'), tree, symlinks=True,
                            dirs_exist_ok=True)
            os.makedirs(os.path.join(tree, 'modules'))
            os.makedirs(os.path.join(tree, 'lab'))
            shutil.copy(script, os.path.join(tree, 'lab'))
            for driver in LIBVIRT_MODULES:
                files = module_order(root, [driver])
                for file in files:
                    shutil.copy(file, os.path.join(tree, 'modules'))
                with open(os.path.join(tree, 'modules', driver + '.order'),
                          'w', encoding='utf-8') as order:
                    order.writelines(os.path.basename(f) + '\n'
                                     for f in files)
            pack(tree, path)

    return built('libvirt.cpio', digest(script, kernel(), __file__,
                                        os.path.join(store, 'ready')), build)


def guest_initrd(init='guest-init', modules=(), **programs):
    """Initramfs of a Linux guest: busybox, lab/INIT, and NAME=FILE in /bin."""
    root = os.path.join(packages(), 'root')
    busybox = os.path.join(root, 'bin', 'busybox')
    script = os.path.join(LAB, init)

    def build(path):
        with staging() as tree:
            for directory in ('bin', 'dev', 'modules', 'proc', 'sys'):
                os.mkdir(os.path.join(tree, directory))
            shutil.copy(script, os.path.join(tree, 'init'))
            for name, source in dict(programs, busybox=busybox).items():
                shutil.copy(source, os.path.join(tree, 'bin', name))
            put_modules(tree, root, modules)
            pack(tree, path)

    # A built program has its key in its name; its time is that of its last use.
    names = [os.path.basename(p) for p in programs.values()]
    return built('guest.cpio', digest(busybox, script, kernel(), *modules,
                                      *names, __file__), build)


def io_initrd():
    """Initramfs of the guest that reads, writes and receives."""
    return guest_initrd('guest-io-init', IO_MODULES)


def soak_initrd():
    """Initramfs of the guest that tries each kind of access."""
    return guest_initrd('guest-soak-init',
                        **{'vga-soak': guest_program('vga-soak')})


def log_initrd(modules=()):
    """Initramfs of the guest whose console scrolls, on the modules' adapter."""
    return guest_initrd('guest-log-init', modules)


def drm_initrd():
    """Initramfs of the guest whose kernel has the driver of `VGA`."""
    return guest_initrd('guest-drm-init', ('bochs',))


def guest_program(name):
    """lab/guests/NAME.c, for a guest that has no libraries."""
    return compiled(name, '-static')


def bare_guest(name):
    """lab/guests/NAME.c as a Multiboot image, for a guest without Linux.

    Its header is an ELF section of its own: it must come first in the file.
    """
    return compiled(name, *BARE)


def compiled(name, *options):
    """lab/guests/NAME.c, built with more options of the compiler."""
    guests = os.path.join(LAB, 'guests')
    source = os.path.join(guests, name + '.c')
    included = sorted(glob.glob(os.path.join(guests, '*.h')))
    return built(name, digest(source, *included, *options, __file__),
                 lambda path: run(['cc', '-O2', '-o', path, *options, source]))


def switch_initrd():
    """Initramfs of the guest that draws on all its display adapters."""
    return guest_initrd('guest-switch-init',
                        **{'vga-switch': guest_program('vga-switch')})


def draw_initrd():
    """Initramfs of the guest that draws without a pause."""
    return guest_initrd('guest-draw-init',
                        **{'vga-draw': guest_program('vga-draw')})


def assembled(name, origin, target, finish=lambda code: code,
              sources=(os.path.join(LAB, 'guests'),), symbols=(), inputs=()):
    """NAME.S as a flat binary, build/lab/TARGET.

    origin: offset of its first byte in its segment; finish: what the binary
    becomes; sources: where it and what it includes is; symbols: NAME=VALUE;
    inputs: what else finish() makes it from, files or words.
    """
    source = os.path.join(sources[0], name + '.S')

    def build(path):
        with staging() as tree:
            code = os.path.join(tree, 'code')
            run(['as', '--32', *(f'-I{s}' for s in sources),
                 *(f'--defsym={s}' for s in symbols), '-o', code + '.o',
                 source])
            run(['ld', '-m', 'elf_i386', '-Ttext', hex(origin), '--oformat',
                 'binary', '-o', code, code + '.o'])
            with open(code, 'rb') as file, open(path, 'wb') as image:
                image.write(finish(file.read()))

    included = sorted(path for s in sources
                      for path in glob.glob(os.path.join(s, '*.inc')))
    return built(target, digest(source, *included, *symbols, *inputs,
                                __file__), build)


def boot_sector(name):
    """lab/guests/NAME.S as the first sector of a small disk."""
    return assembled(name, 0x7c00, name + '.img',
                     lambda code: code.ljust(PARTITION_START, b'\0'))


def firmware(name, kib=64):
    """lab/guests/NAME.S as a -bios file; below its 64 KiB are PCI pages."""
    return assembled(name, 0, f'{name}-{kib}k.bin', lambda code: b''.join(
        pci_page(n) for n in range(16 - kib // 16, 12)) + code)


def option_rom(name):
    """lab/guests/NAME.S as an option ROM: its last byte is the checksum."""
    return assembled(name, 0, name + '.rom', lambda code: code[:-1]
                     + bytes([-sum(code[:-1]) & 0xff]))


def pci_page(number):
    """What lies on the PCI side of a 16 KiB segment, from 0xc0000.

    A byte that tells the segment, and at PCI_ROUTINE a routine that returns
    it: as firmware.inc does for the F segment.
    """
    page = bytearray([PCI_PATTERN + number]) * PCI_PAGE
    page[PCI_ROUTINE:PCI_ROUTINE + 3] = bytes(
        [0xb0, PCI_PATTERN + number, 0xcb])         # movb to %al; lret
    return bytes(page)


def pci_side():
    """0xc0000 to 0xdffff of the PCI side, for -device loader."""
    def build(path):
        with open(path, 'wb') as file:
            file.writelines(pci_page(n) for n in range(8))

    return built('pci-side.bin', digest(__file__), build)


def grub_directory():
    """Debian's GRUB for BIOS machines."""
    path = '/usr/lib/grub/i386-pc'
    if not os.path.exists(os.path.join(path, 'boot.img')):
        raise EnvironmentFault(f'{path} is missing; run scripts/deps (Debian '
                               'package grub-pc-bin)')
    return path


def grub_disk(timeout):
    """A disk that boots GRUB in text mode, with Linux in its menu.

    timeout: seconds until Linux is booted; -1 stays in the menu.
    """
    grub, initrd, vmlinuz = grub_directory(), guest_initrd(), kernel()

    def build(path):
        with staging() as tree:
            files = os.path.join(tree, 'files')
            os.makedirs(os.path.join(files, 'grub'))
            shutil.copy(vmlinuz, os.path.join(files, 'vmlinuz'))
            shutil.copy(initrd, os.path.join(files, 'initrd'))
            with open(os.path.join(files, 'grub', 'grub.cfg'), 'w',
                      encoding='utf-8') as file:
                file.write(GRUB_CONFIG.format(timeout=timeout))
            core, embedded, partition = (os.path.join(tree, n) for n in
                                         ('core', 'embedded', 'partition'))
            with open(embedded, 'w', encoding='utf-8') as file:
                file.write(GRUB_EMBEDDED)
            run(['grub-mkimage', '-O', 'i386-pc', '-d', grub, '-c', embedded,
                 '-p', '/grub', '-o', core, *GRUB_MODULES])
            run(['/sbin/mke2fs', '-q', '-t', 'ext2', '-d', files, partition,
                 f'{PARTITION_BYTES // 1024}k'])
            write_disk(path, os.path.join(grub, 'boot.img'), core, partition)

    return built('grub.img', digest(grub, initrd, vmlinuz, __file__,
                                    str(timeout)), build)


def isolinux_disc(menu):
    """A CD that boots ISOLINUX into a menu: `menu` is text, `vesamenu` not."""
    root = os.path.join(isolinux_packages(), 'root', 'usr', 'lib')
    entries = '\n'.join(f'LABEL {n}\n  MENU LABEL System number {n}\n'
                        f'  KERNEL system{n}' for n in range(1, 13))

    def build(path):
        with staging() as tree:
            shutil.copy(os.path.join(root, 'ISOLINUX', 'isolinux.bin'), tree)
            for module in ISOLINUX_MODULES:
                shutil.copy(os.path.join(root, 'syslinux', 'modules', 'bios',
                                         module + '.c32'), tree)
            with open(os.path.join(tree, 'isolinux.cfg'), 'w',
                      encoding='utf-8') as file:
                file.write(ISOLINUX_CONFIG.format(menu=menu, entries=entries))
            run(['xorriso', '-as', 'mkisofs', '-o', path, '-b', 'isolinux.bin',
                 '-c', 'boot.cat', '-no-emul-boot', '-boot-load-size', '4',
                 '-boot-info-table', tree])

    return built('isolinux.iso', digest(root, menu, entries, __file__), build)


def write_disk(path, boot, core, partition):
    """Boot sector, GRUB's core behind it, one ext2 partition at 1 MiB.

    boot.img loads its second part from sector 1, where core.img is put, and
    grub-mkimage writes the length of core.img into its first sector: so a
    plain copy boots, as for a disk made by grub-bios-setup.
    """
    with open(path, 'wb') as disk:
        with open(boot, 'rb') as file:
            disk.write(file.read(SECTOR))
        with open(core, 'rb') as file:
            disk.write(file.read())
        first = PARTITION_START // SECTOR
        count = PARTITION_BYTES // SECTOR
        disk.seek(446)
        entry = bytes([0x80, 0, 2, 0, 0x83, 0, 2, 0]) \
            + first.to_bytes(4, 'little') + count.to_bytes(4, 'little')
        # boot.img keeps code for floppies where the other entries are.
        disk.write(entry + bytes(3 * len(entry)) + b'\x55\xaa')
        disk.seek(PARTITION_START)
        with open(partition, 'rb') as file:
            shutil.copyfileobj(file, disk)
