#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Give what args, xml and proxmox print to the programs that it is for.

usage: emit-test.py VGA-ASSIGN [QEMU]

Prints TAP. With QEMU and libvirt's schema these judge the output themselves;
qemu-server's rules are in proxmox_refuses().
"""
import os
import re
import shlex
import shutil
import subprocess
import sys

import kinds
import machines
import roms
from harness import DOMAIN, HERE, TOP, Skip, main, read, same, validate, write

QEMU = sys.argv[2] if len(sys.argv) > 2 else ''
PLAIN_XML = '<domain type="kvm"><name>g</name><devices/></domain>'
# Intel graphics: (device id, generation according to QEMU).
GRAPHICS = ((0x0152, 6), (0x0412, 7), (0x1616, 8), (0x1912, 9), (0x3e91, 9),
            (0x9bc5, 9), (0x8a56, 11), (0x46a6, 12), (0xa780, 12),
            (0x7d55, 0), (0x64a0, 0))


def graphics(device):
    """Make a machine whose processor's graphics are to be assigned."""
    def make(root):
        m = machines.Machine(root, cmdline='quiet intel_iommu=on')
        m.host_bridge()
        m.device('0000:00:02.0', (0x8086, device), 0x030000, driver='vfio-pci',
                 group=1, bars=machines.IGD_BARS, boot_vga=0, irq=16,
                 ggc=0x2c0, reset='flr',
                 rom_data=roms.rom(0x8086, device, 'bios'),
                 arbiter=('io+mem', 'none', 0))
        m.device('0000:00:1f.0', (0x8086, 0xa305), 0x060100, group=10, pin=0)
        m.config('y', 'N')
        m.close()
    return make


def guests(suite):
    """Yield each machine: name, adapter, and generation of its graphics."""
    for name, (_, bdf) in machines.MACHINES.items():
        yield name, bdf, 6 if name == 'igd-off' else None
    for device, generation in GRAPHICS:
        name = 'graphics-%04x' % device
        if not os.path.exists(suite.machine(name)):
            graphics(device)(suite.machine(name))
        yield name, '0000:00:02.0', generation


def assignable(suite):
    """Yield those that a guest can have as its VGA at all."""
    for name, bdf, generation in guests(suite):
        if suite.run('args', bdf, root=name).returncode == 0:
            yield name, bdf, generation


ANSWERS = {}


def qemu(argv):
    """Return QEMU's status and messages, once for each command line."""
    if tuple(argv) not in ANSWERS:
        ANSWERS[tuple(argv)] = run_qemu(argv)
    return ANSWERS[tuple(argv)]


def run_qemu(argv):
    """Run QEMU until it ends, or until a command on its monitor ends it."""
    if not QEMU or not os.access(QEMU, os.X_OK):
        raise Skip('no %s (make qemu)' % (QEMU or 'QEMU named'))
    done = subprocess.run([QEMU] + argv, input='quit\n', capture_output=True,
                          encoding='utf-8', timeout=120, check=False)
    return done.returncode, done.stderr


def arguments(suite, name, bdf, *more):
    """Return what args prints, changed for a host without KVM and screen."""
    argv = suite.json('args', bdf, *more, root=name)['argv']
    text = suite.run('args', bdf, *more, root=name).stdout
    same(shlex.split(text.replace('\\\n', ' '), comments=True), argv,
         'text and JSON')
    for old, new in (('kvm', 'tcg'), ('host', 'max')):
        argv[argv.index(old)] = new
    argv[argv.index('-m') + 1] = '256M'
    return argv[1:] + ['-S', '-display', 'none', '-nodefaults', '-monitor',
                       'stdio']


def t_args_properties(suite):
    """args: QEMU knows each property, and lacks only the host's device"""
    for name, bdf, _ in assignable(suite):
        for more in ([], ['--machine', 'pc'], ['--romfile', '/x/a,b c.rom']):
            argv = arguments(suite, name, bdf, *more)
            devices = [i for i, a in enumerate(argv) if a == '-device' and
                       argv[i + 1].startswith('vfio-pci,')]
            # Each function in turn is the first one that QEMU reaches.
            for keep in devices:
                one = [a for i, a in enumerate(argv)
                       if not any(i in (d, d + 1) for d in devices
                                  if d != keep)]
                one = [re.sub('host=[^,]*', 'host=ffff:1f:1f.7', a)
                       for a in one]
                status, said = qemu(one)
                same(status, 1, '%s: %s' % (one, said))
                same(said.strip().split('device: ', maxsplit=1)[-1],
                     'No such file or directory',
                     '%s %s: %s' % (name, more, said))
                same(said.count('\n'), 1, said)
                same('ffff:1f:1f.7: no such host device' in said, True, said)


def t_args_place(suite):
    """args: every device has its place on the machine"""
    for name, bdf, _ in assignable(suite):
        for more in ([], ['--machine', 'pc']):
            argv = arguments(suite, name, bdf, *more)
            stand_in = []
            for a in argv:
                if a.startswith('vfio-pci,'):
                    kept = [w for w in a.split(',')
                            if w.split('=')[0] in ('id', 'bus', 'addr',
                                                   'multifunction')]
                    a = ','.join(['secondary-vga'] + kept)
                stand_in.append(a)
            status, said = qemu(stand_in)
            same((status, said), (0, ''), '%s %s' % (name, stand_in))


def t_args_graphics(suite):
    """args: Intel graphics are on pc, at 00:02.0, in a mode that exists"""
    for name, bdf, generation in guests(suite):
        if generation is None:
            continue
        done = suite.run('args', bdf, root=name, code=0)
        device = [w for w in shlex.split(done.stdout, comments=True) if
                  w.startswith('vfio-pci,')]
        same(len(device), 1, done.stdout)
        words = device[0].split(',')
        same('-machine pc' in done.stdout and 'addr=2.0' in words, True, name)
        same('root-port' in done.stdout, False, name)
        same('machine pc' in done.stderr, True, 'why: ' + done.stderr)
        legacy = 6 <= generation <= 9
        same(('x-vga=on' in words, 'x-igd-legacy-mode=on' in words,
              'x-igd-legacy-mode=off' in words, 'x-igd-lpc=on' in words,
              'x-igd-opregion=on' in words),
             (legacy, legacy, not legacy, not legacy, not legacy),
             '%s: %s' % (name, device))
        same('UEFI' in done.stderr, not legacy, done.stderr)


HOSTPCI = {'host', 'mapping', 'rombar', 'romfile', 'pcie', 'x-vga',
           'legacy-igd', 'mdev', 'vendor-id', 'device-id', 'sub-vendor-id',
           'sub-device-id', 'driver'}


def proxmox_refuses(argv, functions):
    """Return why qemu-server would refuse, or None, according to its rules.

    Source: git.proxmox.com, qemu-server.git, src/PVE/QemuServer/PCI.pm (format
    of hostpci, parse_hostpci_devices) and src/PVE/QemuServer.pm, August 2026.
    functions: those of the host's device if none is named.
    """
    options = dict(zip(argv[3::2], argv[4::2]))
    words = options['-hostpci0'].split(',')
    hostpci = dict(w.split('=', 1) for w in words[1:])
    q35 = options['-machine'].startswith(('q35', 'pc-q35'))
    address = r'(?:[a-f0-9]{4,}:)?[a-f0-9]{2}:[a-f0-9]{2}(?:\.[a-f0-9])?'
    address += '(;%s)*' % address
    several = ';' in words[0] or '.' not in words[0] and functions > 1
    igd = hostpci.get('legacy-igd') == '1'
    rules = (
        (argv[:2] != ['qm', 'set'], 'not qm set'),
        (not re.fullmatch(address, words[0]), 'host'),
        (not set(hostpci) <= HOSTPCI, 'an unknown key'),
        (hostpci.get('pcie') == '1' and not q35,
         'q35 machine model is not enabled'),
        (not re.fullmatch('[^,;]+', hostpci.get('romfile', 'x')) or
         '/' in hostpci.get('romfile', ''), 'romfile, in /usr/share/kvm'),
        (options.get('-bios') not in ('seabios', 'ovmf'), 'bios'),
        (hostpci.get('x-vga') == '1' and options['-bios'] == 'ovmf',
         'x-vga is dropped with OVMF'),
        (igd and options.get('-vga') != 'none', 'VGA mode must be none'),
        (igd and hostpci.get('rombar') == '0', 'rombar'),
        (igd and hostpci.get('x-vga') == '1', 'not compatible with x-vga'),
        (igd and 'mdev' in hostpci, 'mdev'),
        (igd and q35, 'not compatible with q35'),
        (igd and several, 'multifunction'),
        (igd and not re.search(r'02\.0$', words[0]), 'host bus 00:02.0'))
    broken = [why for is_broken, why in rules if is_broken]
    return broken[0] if broken else None


def t_proxmox_rules(suite):
    """proxmox: qemu-server accepts each of them"""
    plain = ['qm', 'set', '100', '-bios', 'seabios', '-machine', 'q35', '-vga',
             'none', '-hostpci0']
    # The checker is able to refuse.
    for bad in ('0000:00:02.0,legacy-igd=1,x-vga=1', '0000:00:02.0,legacy-igd=1',
                'x', '0000:01:00,frob=1', '0000:01:00,romfile=/a/b'):
        same(proxmox_refuses(plain + [bad], 1) is not None, True, bad)
    same(proxmox_refuses(plain + ['0000:01:00,pcie=1,x-vga=1'], 2), None)
    seen = set()
    for name, bdf, generation in assignable(suite):
        place = suite.machine(name) + '/sys/bus/pci/devices/'
        functions = len([d for d in os.listdir(place) if d[:-2] == bdf[:-2]])
        for more in ([], ['--machine', 'pc'], ['--romfile', '/usr/share/x.rom']):
            done = suite.run('proxmox', bdf, *more, root=name, code=0)
            argv = suite.json('proxmox', bdf, *more, root=name)['argv']
            same(proxmox_refuses(argv, functions), None, ' '.join(argv))
            hostpci = argv[argv.index('-hostpci0') + 1]
            same('legacy-igd=1' in hostpci, generation is not None, hostpci)
            same('/usr/share/kvm' in done.stderr, '--romfile' in more,
                 done.stderr)
            seen |= set(hostpci.split(',')[1:])
    same({'pcie=1', 'x-vga=1', 'legacy-igd=1', 'romfile=x.rom'} <= seen, True,
         seen)
    # A function of another group is not assigned with the whole slot.
    root = suite.machine('two-groups')
    shutil.rmtree(root, ignore_errors=True)
    machines.ready(root)
    here = os.path.realpath(root + '/sys/bus/pci/devices/0000:01:00.0')
    for function, group in ((2, 16), (3, 17)):
        place = '%s%d' % (here[:-1], function)
        shutil.copytree(here[:-1] + '1', place, symlinks=True)
        os.symlink(os.path.relpath(place, root + '/sys/bus/pci/devices'),
                   root + '/sys/bus/pci/devices/0000:01:00.%d' % function)
        os.remove(place + '/iommu_group')
        os.symlink('../../../../kernel/iommu_groups/%d' % group,
                   place + '/iommu_group')
    argv = suite.json('proxmox', '01:00.0', root='two-groups')['argv']
    same(argv[argv.index('-hostpci0') + 1],
         '0000:01:00.0;0000:01:00.1;0000:01:00.2,pcie=1,x-vga=1')
    same(proxmox_refuses(argv, 4), None)
    for bad in ('a;b.rom', 'a,b.rom', 'a b.rom', 'a\nb.rom'):
        suite.says('Proxmox takes no romfile', 'proxmox', '01:00.0',
                   '--romfile', '/x/' + bad, code=2)


def whole(xml):
    """Return a domain made of what xml prints without --domain."""
    head = "<name>g</name><memory unit='KiB'>1048576</memory>"
    if '<os>' not in xml:
        head += "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
    return re.sub('(<domain [^>]*>)', r'\1' + head, xml, count=1)


def domain(suite, bdf, text, *more, root='ready', code=0):
    """Return the changed domain, valid if it was before, and notes."""
    path = suite.path('domain.xml')
    write(path, text)
    done = suite.run('xml', bdf, '--domain', path, '--full', *more, root=root,
                     code=code)
    if code == 0 and '<memory' in text:
        validate(path)
        write(path, done.stdout)
        validate(path)
    return done.stdout, ' '.join(done.stderr.split())


def t_xml_schema(suite):
    """xml: valid by libvirt's schema, with and without --domain"""
    path = suite.path('snippet.xml')
    for name, bdf, _ in assignable(suite):
        for more in ([], ['--romfile', '/x/a & b.rom']):
            write(path, whole(suite.run('xml', bdf, *more, root=name,
                                        code=0).stdout))
            validate(path)
            domain(suite, bdf, DOMAIN, *more, root=name)


QEMU_NS = "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/" \
          "qemu/1.0'>"


def with_arguments(*values):
    """Return DOMAIN with <qemu:commandline>."""
    line = '  <qemu:commandline>\n%s  </qemu:commandline>\n</domain>' % ''.join(
        "    <qemu:arg value='%s'/>\n" % v for v in values)
    return DOMAIN.replace("<domain type='kvm'>", QEMU_NS).replace(
        '</domain>', line)


def t_emulator(suite):
    """args and xml name the QEMU that check finds, unless told otherwise"""
    disk = '# Add your disk: -drive file=guest.img,if=virtio'
    path = suite.path('emulator.xml')
    for kind, found in (('qemu', '/opt/qemu-vga/bin/qemu-system-x86_64'),
                        ('apparmor-package', '/usr/bin/qemu-system-x86_64-vga-'
                                             'assign'),
                        ('qemu-distribution', None), ('d3hot', None)):
        make, bdf, _ = kinds.KINDS[kind]
        if not os.path.exists(suite.machine(kind)):
            make(suite.machine(kind))
        lines = suite.run('args', bdf, root=kind, code=0).stdout.split('\n')
        same(lines[0], (found or 'qemu-system-x86_64') + ' \\')
        same([l for l in lines if l.startswith('#')], [disk] if found else [
            '# This is the first qemu-system-x86_64 in PATH, because no QEMU '
            'with this series', '# was found; --emulator PATH names another.',
            disk])
        same(suite.json('args', bdf, root=kind)['argv'][0],
             found or 'qemu-system-x86_64')
        xml = suite.run('xml', bdf, root=kind, code=0).stdout
        same(re.findall('<emulator>(.*)</emulator>', xml),
             [found] if found else [])
        # A domain keeps its own.
        xml, notes = domain(suite, bdf, DOMAIN, root=kind)
        same('/usr/bin/qemu-system-x86_64</emulator>' in xml, True, xml)
        same('guest runs /usr/bin/qemu-system-x86_64, which does not have this '
             'series: --emulator %s' % found in notes, found is not None, notes)
        write(path, DOMAIN.replace('/usr/bin/qemu-system-x86_64', found or '/x'))
        done = suite.run('xml', bdf, '--domain', path, root=kind, code=0)
        same('--emulator' in done.stderr, False, done.stderr)
        for verb in ('args', 'xml'):
            done = suite.run(verb, bdf, '--emulator', '/x/qemu', root=kind,
                             code=0)
            same('/x/qemu' in done.stdout and not (found or '--emulator') in
                 done.stdout, True, done.stdout)
    # The whole output is something that a shell runs.
    done = subprocess.run(
        ['sh', '-c', suite.run('args', '01:00.0', '--emulator', 'echo',
                               code=0).stdout],
        capture_output=True, encoding='utf-8', check=True)
    same((done.stdout.count('\n'), done.stderr), (1, ''))


def t_xml_commandline(suite):
    """xml --domain: an adapter in <qemu:commandline> is not assigned twice"""
    for value in ('vfio-pci,host=01:00.0,multifunction=on,x-vga=on',
                  'vfio-pci,host=0000:01:00.0,id=x', 'vfio-pci,x-vga=on,'
                  'sysfsdev=/sys/bus/pci/devices/0000:01:00.0',
                  '{"driver":"vfio-pci","host":"0000:01:00.0","x-vga":true}',
                  'vfio-pci-nohotplug,host=1:0.0'):
        xml, notes = domain(suite, '01:00.0',
                            with_arguments('-device', value))
        same('commandline' in xml or 'vfio-pci' in xml, False, xml)
        same(xml.count("bus='0x01' slot='0x00' function='0x0'"), 1, xml)
        same('was in <qemu:commandline>' in notes and '0000:01:00.0' in notes,
             True, notes)
    # Both functions are removed, others stay, and lost properties are named.
    xml, notes = domain(suite, '01:00.0', with_arguments(
        '-device', 'vfio-pci,host=01:00.0,romfile=/v/a,,b.rom,x-pci-vendor-id=1',
        '-cpu', 'host', '-device', 'vfio-pci,host=01:00.1', '-device',
        'vfio-pci,host=02:00.0', '-set', 'device.hostdev0.x-vga=on'))
    same(re.findall("arg value='(.*?)'", xml),
         ['-cpu', 'host', '-device', 'vfio-pci,host=02:00.0'])
    same("<rom file='/v/a,b.rom'/>" in xml, True, xml)
    same('these properties are gone, so look at them: x-pci-vendor-id=1' in
         notes, True, notes)
    same("'-set device.hostdev0.x-vga=on' was in" in notes, True, notes)
    # There is no assigned adapter in it, so nothing is removed.
    text = with_arguments('-device', 'vfio-pci,host=02:00.0', '-cpu')
    xml, notes = domain(suite, '01:00.0', text)
    same(('was in' in notes, 'vfio-pci,host=02:00.0' in xml), (False, True))
    for value in ('', '{', '{"driver":3,"host":[]}', 'vfio-pci,host=', ',', '='):
        domain(suite, '01:00.0', with_arguments('-device', value))


HOSTDEV = """\
    <hostdev mode='subsystem' type='pci' managed='yes'>
      <source>
        <address domain='0x0000' bus='0x%02x' slot='0x%02x' function='0x0'/>
      </source>%s
    </hostdev>
  </devices>"""


def with_hostdev(bus, slot, more, text=DOMAIN):
    """Return DOMAIN with a <hostdev>."""
    return text.replace('  </devices>', HOSTDEV % (bus, slot, more))


def t_xml_rom(suite):
    """xml --domain: options that hide the VBIOS are reported and removed"""
    for old, new in (("<rom bar='off' file='/a.rom'/>",
                      "<rom bar='on' file='/a.rom'/>"),
                     ("<rom bar='off'/>", "<rom bar='on'/>"),
                     ("<rom enabled='no'/>", "<rom enabled='yes'/>")):
        xml, notes = domain(suite, '01:00.0', with_hostdev(1, 0, old))
        same(new in xml, True, xml)
        same(old.split('/')[0].split(' file')[0] in notes, True, notes)
    _, notes = domain(suite, '01:00.0',
                      with_hostdev(1, 0, "<rom file='/a.rom'/>"))
    same('VBIOS' in notes, False, notes)


def t_xml_graphics(suite):
    """xml --domain: Intel graphics get the machine pc and 00:02.0"""
    nic = ("    <interface type='network'>\n      <source network='default'/>\n"
           "      <target dev='vnet7'/>\n      <address type='pci' "
           "domain='0x0000' bus='0x%02x' slot='0x02' function='0x0'/>\n"
           "    </interface>\n  </devices>")
    ports = ("    <controller type='pci' index='0' model='pcie-root'/>\n"
             "    <controller type='pci' index='1' model='pcie-root-port'/>\n"
             "  </devices>")
    q35 = DOMAIN.replace('  </devices>', ports)
    pc = DOMAIN.replace('pc-q35-7.2', 'pc-i440fx-7.2')
    list(guests(suite))
    for name, legacy in (('graphics-1912', True), ('graphics-46a6', False)):
        for text in (q35, pc, q35.replace('  </devices>', nic % 1),
                     with_hostdev(0, 2, "<address type='pci' domain='0x0000' "
                                  "bus='0x01' slot='0x00' function='0x0'/>",
                                  q35)):
            xml, notes = domain(suite, '00:02.0', text, root=name)
            same(re.findall("machine='(.*?)'", xml)[0],
                 'pc' if text != pc else 'pc-i440fx-7.2')
            same('pcie-root' in xml, False, xml)
            same(re.findall(r"<address type='pci' (.*?)/>", xml),
                 ["domain='0x0000' bus='0x00' slot='0x02' function='0x0'"])
            same('machine pc' in notes, text != pc, notes)
            same("name='x-vga' type='bool' value='true'" in xml, legacy)
            same("name='x-igd-legacy-mode' type='string' value='%s'" %
                 ('on' if legacy else 'off') in xml, True, xml)
            same('UEFI' in notes, not legacy, notes)
    # A device that has the place is named.
    _, notes = domain(suite, '00:02.0', pc.replace('  </devices>', nic % 0),
                      root=name, code=1)
    same('<interface> vnet7' in notes and '00:02.0' in notes, True, notes)
    for needs in ("<iommu model='intel'/>",):
        _, notes = domain(suite, '00:02.0', q35.replace(
            '  </devices>', '    %s\n  </devices>' % needs), root=name, code=1)
        same('only q35 has' in notes and '<iommu>' in notes, True, notes)
    efi = "<loader readonly='yes' secure='yes' type='pflash'>/o.fd</loader>"
    _, notes = domain(suite, '00:02.0', q35.replace('  </os>',
                                                    efi + '</os>'),
                      root=name, code=1)
    same('Secure Boot' in notes, True, notes)
    _, notes = domain(suite, '00:02.0', pc.replace('  </os>', efi.replace(
        " secure='yes'", '') + '</os>'), root='graphics-1912')
    same('does not run the x86 VBIOS' in notes, True, notes)


# The machine for each row of the manual's table of other tools, in its order.
MANUAL = os.path.join(TOP, 'docs', 'vga-assign', 'other-tools.rst')
PEERS = ('no-iommu', 'iommu-off', 'fresh', 'chipset-slot', 'fresh',
         'nvidia-open', 'guest-has-it', 'd3cold', 'off-the-bus', 'virtual',
         'vgacon', 'simpledrm', 'efifb', 'cloud-kernel', 'disable-vga',
         'leaked-lock', 'server', 'igd-decodes', 'igd-gen12', 'single',
         'igd-zeros', 'apu', 'other-ids', 'broken-sum', 'big-bars',
         'huge-bars', 'resizable', 'shared-interrupt', 'navi48', 'memlock')


def peers():
    """Yield name and verdict of the check that each row of the table names."""
    text = read(MANUAL).decode().split('What other tools say\n', 1)[1]
    for row in text.split('   * - ')[2:]:
        cell = re.split('     -(?: |$)', row, flags=re.MULTILINE)[2]
        name, says = re.match('``(.*?)`` (fails|warns)', cell).groups()
        yield name, {'fails': 'fail', 'warns': 'warn'}[says]


def t_peers(suite):
    """the manual's table of other tools is right about check"""
    rows = list(peers())
    same(len(rows), len(PEERS), 'rows')
    for machine, (name, verdict) in zip(PEERS, rows):
        make, bdf = (kinds.KINDS.get(machine) or machines.MACHINES[machine])[:2]
        where = suite.machine(machine)
        if not os.path.exists(where):
            make(where)
        found = suite.json('check', bdf, root=machine)['checks']
        same([c['verdict'] for c in found if c['name'] == name], [verdict],
             '%s: %s' % (machine, name))


def t_golden(suite):
    """proxmox and args follow the rules in the golden files as well"""
    for name in sorted(os.listdir(os.path.join(HERE, 'golden'))):
        text = read(os.path.join(HERE, 'golden', name)).decode()
        for found in re.findall(r'\$ vga-assign proxmox .*\n((?:.*\\\n)*.*)',
                                text):
            if found.startswith('qm '):
                argv = shlex.split(found.replace('\\\n', ' '))
                same(proxmox_refuses(argv, 8), None, '%s: %s' % (name, argv))
    del suite


if __name__ == '__main__':
    sys.argv = [a for a in sys.argv if a != QEMU]
    main(globals())
