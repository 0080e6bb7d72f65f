# SPDX-License-Identifier: GPL-2.0-or-later
"""Initramfs of the emulated host, in parts, and of the Linux guests."""

import glob
import os
import shutil

from . import EnvironmentFault
from .debian import kernel, libvirt_packages, packages
from .guest_code import guest_program
from .paths import BUILD, LAB
from .programs import run
from .store import built, digest, staging

# insmod loads them in this order; dependencies are looked up in the modules.
HOST_MODULES = ('virtio_pci', 'virtio_blk', 'vfio_iommu_type1', 'vfio-pci',
                'kvm-amd', 'kvm-intel')
# Modules that only ask for a symbol at run time name no dependency for it.
HIDDEN_DEPENDENCIES = {'kvm-amd': ['ccp']}
# A host with libvirt also has the adapter's own driver, to give it back to.
LIBVIRT_MODULES = ('cirrus',)
# The guest that drives assigned devices needs these for them.
IO_MODULES = ('ahci', 'sd_mod', 'e1000e')
FIRMWARE = ('bios*.bin', 'vgabios*.bin', 'kvmvapic.bin', 'linuxboot*.bin',
            'multiboot*.bin', 'pvh.bin')


def pack(tree, path):
    """Makes TREE an initramfs, uncompressed as the host unpacks it in TCG."""
    names = [os.path.relpath(os.path.join(base, name), tree)
             for base, directories, files in os.walk(tree)
             for name in directories + files]
    done = run(['cpio', '-o', '-H', 'newc', '-R', '0:0', '--reproducible',
                '--quiet', '-0'], cwd=tree,
               input=b''.join(n.encode() + b'\0' for n in sorted(names)))
    with open(path, 'wb') as file:
        file.write(done.stdout)


def module_file(root, name):
    """Returns a module's file, whose name may have - for _, or None."""
    for spelling in (name, name.replace('-', '_'), name.replace('_', '-')):
        found = glob.glob(os.path.join(root, 'lib', 'modules', '**',
                                       spelling + '.ko'), recursive=True)
        if found:
            return found[0]
    return None


def module_order(root, wanted):
    """Returns the modules' files, dependencies first, as insmod needs them."""
    order = []

    def add(name):
        path = module_file(root, name)
        # A module that does not exist is built in (or a part of another one).
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
    """Puts modules into TREE/modules, and their names into its file `order`."""
    names = []
    for module in module_order(root, wanted):
        shutil.copy(module, os.path.join(tree, 'modules'))
        names.append(os.path.basename(module)[:-len('.ko')] + '\n')
    with open(os.path.join(tree, 'modules', 'order'), 'w',
              encoding='utf-8') as file:
        file.writelines(names)


def host_image(outer_accel):
    """Builds the emulated host's own part: busybox, modules, lab/host-init."""
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
    """Tells whether the machine itself has an Intel CPU."""
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        return 'GenuineIntel' in file.read()


def data_directories(qemu):
    """Returns the directories where a QEMU says it looks for firmware."""
    found = run([qemu, '-L', 'help'], text=True).stdout.split('\n')
    return [d for d in found + [os.path.join(BUILD, 'seabios')]
            if os.path.isdir(d)]


def qemu_image(qemu):
    """Builds the host's part with QEMU, its libraries and firmware."""
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
    """Builds the host's part with libvirt and the adapter's own driver."""
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


def guest_initrd(init='guest-init', modules=(), below=None, **programs):
    """Builds a Linux guest's initramfs: busybox, lab/INIT, NAME=FILE in /bin.

    All that is laid on a copy of the directory BELOW, whose path names its
    content.
    """
    root = os.path.join(packages(), 'root')
    busybox = os.path.join(root, 'bin', 'busybox')
    script = os.path.join(LAB, init)

    def build(path):
        with staging() as tree:
            if below:
                shutil.copytree(below, tree, symlinks=True, dirs_exist_ok=True)
            for directory in ('bin', 'dev', 'modules', 'proc', 'sys', 'tmp'):
                os.mkdir(os.path.join(tree, directory))
            shutil.copy(script, os.path.join(tree, 'init'))
            for name, source in dict(programs, busybox=busybox).items():
                shutil.copy(source, os.path.join(tree, 'bin', name))
            put_modules(tree, root, modules)
            pack(tree, path)

    # A built program's name has its key, because its time is that of its last
    # use.
    names = [os.path.basename(p) for p in programs.values()]
    return built('guest.cpio', digest(busybox, script, kernel(), *modules,
                                      *names, str(below), __file__), build)


def io_initrd():
    """Builds the initramfs of the guest that reads, writes and receives."""
    return guest_initrd('guest-io-init', IO_MODULES)


def soak_initrd():
    """Builds the initramfs of the guest that tries each kind of access."""
    return guest_initrd('guest-soak-init',
                        **{'vga-soak': guest_program('vga-soak')})


def log_initrd(modules=()):
    """Builds the initramfs of the guest whose console scrolls, with modules."""
    return guest_initrd('guest-log-init', modules)


def drm_initrd():
    """Builds the initramfs of the guest whose kernel drives `VGA`."""
    return guest_initrd('guest-drm-init', ('bochs',))


def switch_initrd():
    """Builds the initramfs of the guest that draws on all its adapters."""
    return guest_initrd('guest-switch-init',
                        **{'vga-switch': guest_program('vga-switch')})


def draw_initrd():
    """Builds the initramfs of the guest that draws without pauses."""
    return guest_initrd('guest-draw-init',
                        **{'vga-draw': guest_program('vga-draw')})
