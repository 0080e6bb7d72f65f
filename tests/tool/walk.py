# SPDX-License-Identifier: GPL-2.0-or-later
"""Do what `vga-assign check` says, and check again.

A fix leads on if the machine gets another verdict after it was changed as the fix changes a real
one. walk() fails if a fix comes a second time, if a command of it fails and names itself again, or
if the effect of the fix is not known here: each text of the tool is in EFFECTS, with its effect, or
in ENDS, which has decisions that no command can make.
"""
import os
import re
import shutil
import struct

from machines import posted, rom

ENDS = re.compile('|'.join((
    '^nothing to type', '^first do what', '^check again', '^run vga-assign as root',
    '^shut the guest down from inside', '^switch the machine off and on',
    '^use a UEFI guest', '^assign ', '^make another adapter', '^give the guest a VBIOS',
    '^take the VBIOS out', '^if the screen stays black', '^use another slot',
    '^end .* before another guest', '^end .* if the guest stands still',
    '^boot a ', '^use a newer libvirt', '^-object iommufd',
    '^unload the driver', '^reboot; what left', '^move one',
    '^firmware setup: make the adapter', '^use a slot', '^-machine ',
    '^start the guest outside', '^turn resizable', '^remove nointxmask')))


class Circle(ValueError):
    """A fix that does not lead on."""


class World:
    """A machine that changes."""
    def __init__(self, suite, name, root, bdf, kernel):
        self.suite, self.name, self.root, self.bdf = suite, name, root, bdf
        self.kernel, self.options, self.tried = kernel, [], set()

    def path(self, name):
        """Return where a file of the machine lies."""
        return self.root + name

    def device(self, name):
        """Return where a file of the adapter lies."""
        return self.path('/sys/bus/pci/devices/%s/%s' % (self.bdf, name))

    def write(self, name, text):
        """Write a file, whether it exists or not."""
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), 'wb') as f:
            f.write(text if isinstance(text, bytes) else text.encode())

    def edit(self, name, pattern, instead):
        """Replace what matches."""
        with open(self.path(name), encoding='utf-8') as f:
            text = f.read()
        self.write(name, re.sub(pattern, instead, text, flags=re.M))

    def reboot(self):
        """Load vfio-pci anew, as modprobe.d says now."""
        if os.path.exists(self.path('/sys/module/vfio_pci')):
            self.write('/sys/module/vfio_pci/parameters/disable_vga', 'N\n')


def run(world, command):
    """Run a command of the tool; names that the fix left open are filled in."""
    names = {'NEW': world.suite.path(world.name + '.new'),
             'FILE': world.suite.path(world.name + '.file')}
    words = [names.get(w, w) for w in command.split()[1:]]
    if words[0] == 'rom':
        words.append('--force')
    done = world.suite.run(*words, '--sysfs-root', world.root, root=None)
    if done.returncode not in (0, 3) and not os.path.exists(words[-2]):
        source = re.search(r'--source \S+', command)
        if source and source.group(0) in done.stderr:
            raise Circle('%s fails, and its remedy is itself: %s' %
                         (command, done.stderr))
        return False
    if 'NEW' in command:
        world.options = ['--romfile', names['NEW']]
    return True


def rom_commands(world, fix):
    """Dump or fix a VBIOS, then use it."""
    for command in re.findall(r'vga-assign rom [^;,]*', fix):
        command = command.strip()
        if command in world.tried:
            raise Circle('%s a second time' % command)
        world.tried.add(command)
        if not run(world, command):
            return


def bind(world, fix):
    """Give the adapter to vfio-pci, with a kernel played."""
    os.makedirs(world.path('/sys/bus/pci/drivers/vfio-pci'), exist_ok=True)
    world.write('/sys/bus/pci/drivers/vfio-pci/unbind', '')
    if 'modprobe' in fix and not os.path.exists(
            world.path('/sys/module/vfio_pci')):
        world.write('/sys/module/vfio_pci/parameters/nointxmask', 'N\n')
        world.write('/sys/module/vfio_pci/parameters/disable_vga', 'N\n')
    kernel = world.kernel(world.root)
    command = re.search('vga-assign (bind.*?)(;|$)', fix).group(1).split()
    done = world.suite.run(*command, '--force', '--sysfs-root', world.root,
                           root=None)
    kernel.end()
    if done.returncode:
        raise Circle('%s: %s' % (fix, done.stderr))
    group = os.path.basename(os.path.realpath(world.device('iommu_group')))
    world.write('/dev/vfio/' + group, '')
    for name in ('fb', 'card'):
        gone(world, name)
    if os.path.exists(world.path('/dev/vga_arbiter')):
        world.edit('/dev/vga_arbiter', r'(PCI:%s),decodes=none' % world.bdf,
                   r'\1,decodes=io+mem')


def gone(world, prefix):
    """Remove the screens of the driver."""
    kind = '/sys/class/' + ('graphics' if prefix == 'fb' else 'drm')
    for name in sorted(os.listdir(world.path(kind))
                       if os.path.isdir(world.path(kind)) else []):
        link = world.path('%s/%s/device' % (kind, name))
        if name.startswith(prefix) and os.path.islink(link) and \
                os.path.basename(os.readlink(link)) == world.bdf:
            shutil.rmtree(os.path.dirname(link))


def awake(world, fix):
    """Wake the adapter, if possible."""
    del fix
    world.write('/sys/bus/pci/devices/%s/power/control' % world.bdf, 'on\n')
    if os.path.exists(world.device('config.awake')):
        os.replace(world.device('config.awake'), world.device('config'))
    world.write('/sys/bus/pci/devices/%s/power_state' % world.bdf, 'D0\n')


def unbind_screen(world, fix):
    """Remove the driver of firmware's framebuffer; its device stays."""
    del fix
    world.edit('/proc/iomem', r'^.*: (simpledrm|efidrm|vesadrm|efifb)\n', '')
    shutil.rmtree(world.path('/sys/class/graphics'), ignore_errors=True)


def without_firmware(world, fix):
    """Remove the framebuffer of firmware."""
    unbind_screen(world, fix)
    world.edit('/proc/iomem', r'^.*: BOOTFB\n', '')
    if 'initcall' in fix:
        world.edit('/proc/cmdline', r'$', ' initcall_blacklist=sysfb_init')


def no_disable_vga(world, fix):
    """Remove the option; the loaded module keeps its value until the reboot."""
    where = re.search(r'remove disable_vga from ([^;]*)', fix)
    if where and where.group(1).startswith('/'):
        world.edit(where.group(1), r'[-_]?disable_vga(=\S+)?', '')
    elif where:
        world.edit('/proc/cmdline', r'\S*disable_vga\S*', '')
    if 'reboot' in fix:
        world.reboot()


def framebuffer_console(world, fix):
    """Move the host's console away from vgacon."""
    world.write('/sys/class/vtconsole/vtcon0/bind', '0\n')
    del fix


def end_programs(world, fix):
    """End all programs that have the adapter open."""
    del fix
    for name in os.listdir(world.path('/proc')):
        if name.isdigit():
            shutil.rmtree(world.path('/proc/' + name))


def iommu(world, fix):
    """Make an IOMMU, and a group for each device."""
    if fix.startswith('remove'):
        world.edit('/proc/cmdline', r'\S*iommu=off', '')
    os.makedirs(world.path('/sys/class/iommu/dmar0'), exist_ok=True)
    devices = world.path('/sys/bus/pci/devices')
    for number, name in enumerate(sorted(os.listdir(devices))):
        link = os.path.join(devices, name, 'iommu_group')
        group = world.path('/sys/kernel/iommu_groups/%d' % number)
        os.makedirs(group, exist_ok=True)
        if not os.path.islink(link):
            os.symlink(os.path.relpath(group, os.path.realpath(
                os.path.dirname(link))), link)


def legacy_boot(world, fix):
    """Let the host's firmware run a VBIOS."""
    del fix
    with open(world.device('device'), encoding='utf-8') as f:
        device = int(f.read(), 16)
    world.write('/sys/bus/pci/devices/%s/rom' % world.bdf,
                posted(rom(0x8086, device, 'bios')))
    world.edit('/sys/bus/pci/devices/%s/resource' % world.bdf,
               r'^0x0+f0000000 .*$', '0x%016x 0x%016x 0x%016x' %
               (0xc0000, 0xdffff, 0x212))
    if os.path.exists(world.path('/unreadable')):
        os.remove(world.path('/unreadable'))


def onboard_first(world, fix):
    """Let Intel graphics decode VGA."""
    del fix
    with open(world.device('config'), 'r+b') as f:
        f.seek(0x50)
        f.write(struct.pack('<H', 0x210))


def resize(world, fix):
    """Make the BAR smaller."""
    bit = int(re.match(r'echo (\d+)', fix).group(1))
    with open(world.device('resource'), encoding='utf-8') as f:
        lines = f.readlines()
    start, _, flags = lines[0].split()
    lines[0] = '%s 0x%016x %s\n' % (start, int(start, 16) + (1 << bit + 20) - 1,
                                    flags)
    world.write('/sys/bus/pci/devices/%s/resource' % world.bdf, ''.join(lines))


def writes(path, text):
    """Return the effect of a fix that writes this into a file."""
    def effect(world, fix):
        del fix
        world.write(path % {'bdf': world.bdf}, text)
    return effect


def libvirtd_rules(world, fix):
    """Write rules of one's own, for libvirt's guests and for libvirtd."""
    del fix
    local = '/etc/apparmor.d/local/'
    world.write(local + 'abstractions/libvirt-qemu', '/opt/qemu-vga/** rmix,\n')
    world.write(local + 'usr.sbin.libvirtd', '/opt/qemu-vga/bin/* PUx,\n')


EFFECTS = (
    ('^vga-assign rom ', rom_commands),
    ('^vga-assign bind .*; vga-assign rom', bind),
    ('vga-assign bind .*--apply', bind),
    ('^echo on > /sys/bus/pci/devices/.*/power/control', awake),
    ('^echo [^ ]* > /sys/bus/platform/drivers/.*/unbind', unbind_screen),
    ('^vfio-pci removes it when it is bound', without_firmware),
    ('^kernel argument initcall_blacklist', without_firmware),
    ('^remove disable_vga', no_disable_vga),
    ('^update-initramfs -u.*reboot', no_disable_vga),
    ('^give the host a framebuffer console', framebuffer_console),
    ('^(systemctl|kill) ', end_programs),
    ('^(remove .*iommu=off|turn VT-d)', iommu),
    ('^boot the host once with its CSM', legacy_boot),
    ('^firmware setup: make the onboard', onboard_first),
    (r'^echo \d+ > .*_resize', resize),
    ('^install vendor-reset', writes('/sys/module/vendor_reset/version', '1')),
    ('^echo device_specific', writes(
        '/sys/bus/pci/devices/%(bdf)s/reset_method', 'device_specific bus\n')),
    ('^start the guest by libvirt or as root; or: prlimit', writes(
        '/proc/self/limits', 'Max locked memory   unlimited  unlimited\n')),
    ('^printf .*usr.sbin.libvirtd', libvirtd_rules),
    ('^apt-get install --reinstall .*qemu-vga-assign', writes(
        '/etc/apparmor.d/local/abstractions/libvirt-qemu',
        '/usr/lib/qemu-vga-assign/bin/* rmix,\n')),
    ('^make install PREFIX=.*which brings both', writes(
        '/opt/qemu-vga/share/qemu/bios-256k.bin', '1.17.0-vga-assign')),
    ('^make install PREFIX=/opt/qemu-vga', writes(
        '/opt/qemu-vga/bin/qemu-system-x86_64', 'x-vga-arbiter')),
    ('^modprobe vfio-pci, then', writes(
        '/sys/module/vfio_pci/parameters/disable_vga', 'N\n')),
)


def effect_of(fix):
    """Return the effect of a fix, or None if it is a decision."""
    if ENDS.search(fix):
        return None
    for pattern, effect in EFFECTS:
        if re.search(pattern, fix):
            return effect
    raise Circle('nobody knows what this does: %s' % fix)


def walk(world):
    """Follow fixes until nothing is left to be typed; return the last verdict."""
    seen = set()
    for _ in range(20):
        answer = world.suite.json('check', world.bdf, *world.options,
                                  '--sysfs-root', world.root, root=None)
        checks = sorted((c for c in answer['checks'] if c['fix']),
                        key=lambda c: ('fail', 'unknown', 'warn').index(
                            c['verdict']))
        todo = [(c, effect_of(c['fix'])) for c in checks]
        todo = [(c, effect) for c, effect in todo if effect]
        if not todo:
            return answer['verdict']
        check, effect = todo[0]
        key = (check['name'], check['found'], check['fix'])
        if key in seen:
            # A command that failed has named another one.
            if effect is rom_commands:
                return answer['verdict']
            raise Circle('%s says again: %s -> %s' % key)
        seen.add(key)
        effect(world, check['fix'])
    raise Circle('no end')
