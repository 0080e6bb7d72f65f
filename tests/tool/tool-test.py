#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vga-assign on the machines of machines.py.

usage: tool-test.py VGA-ASSIGN [--update]

Prints TAP. --update writes golden/ anew; look at it before a commit.
"""
import os
import re
import shutil
import struct
import subprocess
import sys

import machines
import roms
from harness import (DOMAIN, ENVIRONMENT, HERE, SOURCE, TOP, Failure, Kernel,
                     Skip, Suite, driver_of, flash_adapter, main, read, same,
                     validate, write)

VERBS = ('list', 'check', 'rom info', 'rom dump', 'rom verify', 'rom fix',
         'args', 'xml', 'proxmox', 'bind', 'unbind', 'report')


def session(suite, name, bdf):
    """Return what a golden file has: commands and their answers."""
    text = []
    for words in (['list'], ['check', bdf], ['args', bdf], ['xml', bdf],
                  ['proxmox', bdf], ['bind', bdf, '--group'],
                  ['list', '--json'], ['check', bdf, '--json']):
        done = suite.run(*words, root=name)
        text.append('$ vga-assign %s\n%s%s[%d]\n' % (
            ' '.join(words), done.stdout, done.stderr, done.returncode))
    return ''.join(text).replace(suite.machine(name), 'ROOT')


def t_golden(suite, name, bdf):
    """its output is the one in golden/"""
    path = os.path.join(HERE, 'golden', name + '.txt')
    got = session(suite, name, bdf)
    if '--update' in sys.argv:
        write(path, got)
    want = read(path).decode()
    if got != want:
        write(suite.path('got'), got)
        raise Failure(subprocess.run(['diff', '-u', path, suite.path('got')],
                                     capture_output=True, encoding='utf-8',
                                     check=False).stdout)


def t_schema(suite, name, bdf):
    """its JSON follows the schema, and agrees with the text"""
    listed = suite.json('list', root=name)
    same(bdf in [a['adapter']['address'] for a in listed['adapters']], True)
    check = suite.json('check', bdf, root=name)
    text = suite.run('check', bdf, root=name)
    same(suite.run('check', bdf, '--json', root=name).returncode,
         text.returncode)
    same({'fail': 1, 'unknown': 3}.get(check['verdict'], 0), text.returncode)
    for c in check['checks']:
        where = '^- +not asked (.*\n )*.*\\b%s\\b' if c['verdict'] == 'n/a' else \
            '^(ok|warn|FAIL|[?]) +%s '
        same(re.search(where % c['name'], text.stdout, re.M) is not None, True,
             c['name'])
    for words in (['args', bdf], ['xml', bdf], ['proxmox', bdf],
                  ['bind', bdf], ['unbind', bdf]):
        suite.json(*words, root=name)


def t_screen(suite, name, bdf):
    """it fits a screen of 80 columns, with a fix for each problem"""
    for words in (['list'], ['check', bdf]):
        lines = suite.run(*words, root=name).stdout.split('\n')
        same([l for l in lines if len(l) > 80], [], 'longer than 80')
        same(len(lines) <= 50, True, 'lines')
    for c in suite.json('check', bdf, root=name)['checks']:
        same(c['verdict'] in ('ok', 'n/a') or c['fix'] is not None, True,
             c['name'])


def t_report(suite, name, bdf):
    """its report gives the same check again, and names nobody"""
    report, copy = suite.path(name + '.report'), suite.path(name + '.copy')
    suite.run('report', '-o', report, root=name)
    text = read(report).decode()
    for secret in ('0c5d9cb1', 'BOOT_IMAGE', '2c2b2aff29282726', suite.tmp):
        same(secret in text, False, secret)
    subprocess.run([sys.executable, os.path.join(HERE, 'unpack.py'), report,
                    copy], check=True)
    for words in (['check', bdf], ['check', bdf, '--memory', '2G', '--machine',
                                   'pc', '--firmware', 'uefi']):
        before = suite.run(*words, root=name)
        after = suite.run(*words, '--sysfs-root', copy, root=None)
        # A file that was found under another name no longer has that name.
        clean = re.compile(r'/etc/modprobe\.d/\S+')
        same(re.sub(r'\s+', ' ', clean.sub('X', after.stdout)),
             re.sub(r'\s+', ' ', clean.sub('X', before.stdout)))
        same(after.returncode, before.returncode)
    again = suite.run('report', '--sysfs-root', copy, root=None).stdout
    same(len(again) > 0, True)


def t_report_ends(suite):
    """report says what to do with it, as the manual does"""
    path = suite.path('ends.report')
    for name, words in (('this report', []), (path, ['-o', path])):
        lines = suite.run('report', *words, root='unprivileged').stderr
        last = lines.strip().split('\n')[-1]
        same(last, 'vga-assign: %s has what the checks read; read it before '
             'you send it, and open an issue where you got the series from' %
             name)
    manual = read(os.path.join(TOP, 'docs', 'vga-assign', 'status.rst'))
    for part in ('what the checks read', 'read it before you send it',
                 'open an issue where you got the series from'):
        same(part in ' '.join(manual.decode().split()), True, part)


def t_options(suite):
    """help, man page and completion have the same options"""
    man = read(os.path.join(SOURCE, 'vga-assign.1')).decode()
    documented = set(re.findall(r'--[a-z-]+', re.sub(
        r'\\f[A-Z]', '', man.replace('\\-', '-'))))
    in_help = {'--help', '--version'}
    script = '. "$0"; _vga_assign_options "$1"'
    for verb in VERBS:
        text = suite.run(*verb.split(), '--help', root=None, code=0).stdout
        same([l for l in text.split('\n') if len(l) > 80], [], 'longer than 80')
        options = set(re.findall(r'^  .*?(--[a-z-]+)', text, re.M))
        options -= {'--help'}
        in_help |= options
        completed = subprocess.run(
            ['bash', '-c', script, os.path.join(SOURCE, 'vga-assign.bash'),
             verb.replace(' ', '-')], capture_output=True, encoding='utf-8',
            check=True).stdout.split()
        same(set(completed), options, 'completion of ' + verb)
        same(('.B ' + verb) in man or ('.BI ' + verb) in man or
             '"%s"' % verb in man, True, verb + ' in the man page')
        same(verb.split()[-1] in suite.run('--help', root=None, code=0).stdout,
             True)
    same(documented - {'--inactive'}, in_help, 'the man page')


def t_completion(suite):
    """bash completes commands, options and file names"""
    del suite
    script = ('. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vga_assign; '
              'echo "${COMPREPLY[*]}"')
    for words, want in ((['c'], 'check'), (['rom', 'v'], 'verify'),
                        (['rom', 'fix', '--im'], '--images'),
                        (['check', '--machine', 'q'], 'q35'),
                        (['help', 'c'], 'check'), (['help', 'rom', 'd'], 'dump'),
                        (['help', 'check', 'l'], ''), (['bind', '--ap'], '--apply')):
        got = subprocess.run(
            ['bash', '-c', script, os.path.join(SOURCE, 'vga-assign.bash'),
             'vga-assign'] + words, capture_output=True, encoding='utf-8',
            check=True).stdout.strip()
        same(got, want, str(words))


def t_usage(suite):
    """a wrong command line gets a message and status 2"""
    for text, words in (
            ("no command 'frob'", ['frob']),
            ("no command 'rom frob'", ['rom', 'frob']),
            ('rom needs another word: info, dump, verify or fix', ['rom']),
            ("no more: '02:00.0' is too many", ['check', '01:00.0', '02:00.0']),
            ("rom info takes one file and no more: 'b' is too many",
             ['rom', 'info', 'a', 'b']),
            ("list takes no argument: 'x' is too many", ['list', 'x']),
            *(('%s needs the address of an adapter, such as 01:00.0\n'
               'hint: vga-assign %s --help lists its options' % (v, v),
               v.split()) for v in ('rom dump', 'args', 'xml', 'proxmox',
                                    'bind', 'unbind')),
            *((v + ' needs a file with a VBIOS, such as card.rom', v.split())
              for v in ('rom info', 'rom verify', 'rom fix')),
            ("'01:00' is not a PCI address: its function is missing (01:00.0?)",
             ['check', '01:00']),
            ('its function is missing (0000:01:00.0?)',
             ['check', '0000:01:00']),
            *(("'%s' is not a PCI address: its %s is too large, %s is the "
               'largest' % (text, part, most), ['check', text])
              for text, part, most in (('01:20.0', 'device 20', '1f'),
                                       ('99:99.9', 'device 99', '1f'),
                                       ('0000:100:00.0', 'bus 100', 'ff'),
                                       ('01:00.8', 'function 8', '7'))),
            *(("error: '%s' is not a PCI address\n" % text, ['check', text])
              for text in ('1:2:3:4.5', 'gpu', '01', '01:00.', '01.0', ':',
                           '', '1:2:3:4', '01:00.0.0')),
            ('q35 or pc', ['check', '01:00.0', '--machine', 'isapc']),
            ('bios or uefi', ['check', '01:00.0', '--firmware', 'coreboot']),
            ('512M or 4G', ['check', '01:00.0', '--memory', '4']),
            ('512M or 4G', ['check', '01:00.0', '--memory', '99999999999G']),
            ('a number', ['proxmox', '01:00.0', '--vmid', '1;reboot']),
            ('absolute path', ['xml', '01:00.0', '--romfile', 'card.rom']),
            ('--full needs', ['xml', '01:00.0', '--full']),
            ('nknown option --apply', ['check', '01:00.0', '--apply'])):
        suite.says(text, *words, code=2)
    same(suite.run('--version', root=None, code=0).stdout.split()[0],
         'vga-assign')
    same(suite.run('-V', root=None, code=0).stdout,
         suite.run('--version', root=None, code=0).stdout)


def t_started_as(suite):
    """remedies name the tool as it was started, unless PATH has it"""
    place = suite.path("it's here")
    tool = place + '/vga-assign'
    os.makedirs(place)
    shutil.copy(suite.tool, tool)
    rom = suite.path('started.rom')
    write(rom, roms.nvgi(roms.rom(0x10de, 0x128b)))
    fresh = ['--sysfs-root', suite.machine('fresh')]
    quoted = "'%s'" % tool.replace("'", "'\\''")
    short = '../%s/vga-assign' % os.path.basename(place)
    for started, path, name in (
            (tool, '/usr/bin:/bin', quoted), (tool, place, 'vga-assign'),
            (suite.tool, ENVIRONMENT['PATH'], 'vga-assign'),
            (tool, ENVIRONMENT['PATH'], quoted),
            (short, '/usr/bin:/bin', "'../it'\\''s here/vga-assign'"),
            ('vga-assign', place + ':/usr/bin:/bin', 'vga-assign')):
        def said(*words):
            done = subprocess.run(
                [started, *words], capture_output=True, encoding='utf-8',
                env=dict(ENVIRONMENT, PATH=path, COLUMNS='400'), check=False,
                cwd=place, executable=tool if started == 'vga-assign' else None)
            return done.stdout + done.stderr
        for text, words in (
                ('modprobe vfio-pci; %s bind', ['check', '01:00.0', *fresh]),
                ('): %s check 0000:01:00.0', ['args', '01:00.0', *fresh]),
                ('hint: %s --help', ['frob']),
                ('repair a copy: %s rom fix', ['rom', 'info', rom])):
            same(text % name in said(*words), True,
                 '%s: %s' % (started, said(*words)))


def t_no_such_device(suite):
    """an address without a device, or without VGA, is an error"""
    suite.says('0000:09:00.0: there is no such device', 'check', '9:0.0',
               code=4)
    for verb in ('args', 'xml', 'proxmox'):
        suite.says('is not a VGA controller: its class is 0403', verb, '01:00.1',
                   code=1)
    done = suite.run('check', '01:00.0', root='big-bars', code=1)
    same('its class is 0302, and only a VGA controller' in done.stdout, True)
    suite.says('is a bridge', 'bind', '00:01.0', code=1)


def t_no_machine(suite):
    """no sysfs, and no adapter, are errors"""
    for where in (suite.path('absent'), '/dev/null'):
        suite.says('the PCI bus cannot be read', 'list', '--sysfs-root', where,
                   root=None, code=4)
    machines.headless(suite.path('machines/headless'))
    for verb in ('list', 'check'):
        suite.says('no display adapter: none of its PCI devices has class 03',
                   verb, root='headless', code=1)


def t_malformed(suite):
    """malformed files of sysfs affect only their device"""
    cases = {'resource': b'rubbish\n' * 13, 'class': b'', 'vendor': b'0xzz\n',
             'config': b'\xff' * 300, 'boot_vga': b'\xff\xfe',
             'driver_override': b'\0\0', 'irq': b'99999999999999999999',
             'reset_method': b'x' * 100000, 'power_state': b'\x1b[2J'}
    for name, data in cases.items():
        where = suite.path('machines/malformed')
        shutil.rmtree(where, ignore_errors=True)
        machines.ready(where)
        write(where + '/sys/bus/pci/devices/0000:01:00.0/' + name, data)
        done = suite.run('list', root='malformed')
        same('0000:00:02.0' in done.stdout, True, name)
        suite.run('check', '01:00.0', root='malformed')
        suite.run('report', root='malformed')
    os.remove(where + '/sys/bus/pci/devices/0000:01:00.0/vendor')
    suite.says('vendor', 'check', '01:00.0', root='malformed', code=4)
    suite.run('list', root='malformed')
    os.mkdir(where + '/sys/bus/pci/devices/rubbish')
    suite.says('devices/rubbish', 'list', root='malformed', code=3)


def t_malformed_system(suite):
    """malformed files elsewhere do no harm"""
    cases = {'/proc/iomem': b'zz-yy : x\n-\n  5-1 : efifb\n' * 50,
             '/dev/vga_arbiter': b'count:9,PCI:,decodes=' + b'x' * 5000,
             '/proc/interrupts': b'16:\n 16: \n16:x\n\n   \n',
             '/proc/cpuinfo': b'address sizes : 4000000000 bits physical',
             '/proc/sys/kernel/osrelease': b'../../../../etc/x\n',
             '/proc/cmdline': b'\xff\xff', '/unreadable': b'x\n13\n-1 /y\n',
             '/usr/share/misc/pci.ids': b'\tx\nrubbish\n',
             '/etc/modprobe.d/a.conf': b'options vfio-pci\n\0disable_vga'}
    for name, data in cases.items():
        where = suite.path('machines/malformed')
        shutil.rmtree(where, ignore_errors=True)
        machines.ready(where)
        write(where + name, data)
        for words in (['list'], ['check', '01:00.0'], ['report']):
            suite.run(*words, root='malformed')
    os.remove(where + '/proc/iomem')
    os.mkfifo(where + '/proc/iomem')
    suite.run('check', '01:00.0', root='malformed', code=0)


def t_config_gz(suite):
    """the kernel's configuration is read from /proc/config.gz"""
    import gzip
    where = suite.path('machines/gz')
    machines.fresh(where)
    os.remove(where + '/boot/config-6.12.43+deb13-amd64')

    def answer():
        checks = suite.json('check', '01:00.0', root='gz')['checks']
        return [c['verdict'] for c in checks if c['name'] == 'vfio-vga'][0]

    same(answer(), 'unknown')
    for text, want in ((b'CONFIG_VFIO_PCI_VGA=y\n', 'ok'),
                       (b'# CONFIG_VFIO_PCI_VGA is not set\n', 'fail')):
        write(where + '/proc/config.gz', gzip.compress(text * 5))
        same(answer(), want)
    for data in (gzip.compress(b'CONFIG_A=y\n' * 1000)[:60], b'rubbish',
                 gzip.compress(bytes(64 << 20))):
        write(where + '/proc/config.gz', data)
        same(answer(), 'unknown')


def t_unprivileged(suite):
    """without permission: files that could not be read are named, status 3"""
    done = suite.run('list', root='unprivileged', code=3)
    same('could not read' in done.stderr and 'root may' in done.stderr, True)
    value = suite.json('check', '01:00.0', root='unprivileged')
    paths = [u['path'] for u in value['unreadable']]
    same('/dev/vga_arbiter' in paths and '/proc/iomem' in paths, True, paths)


def t_permission(suite):
    """without permission, as a user who is not root"""
    where = suite.path('machines/locked')
    machines.ready(where)
    for name in ('/dev/vga_arbiter', '/proc/iomem',
                 '/sys/bus/pci/devices/0000:01:00.0/rom'):
        os.chmod(where + name, 0)
    user = 65534 if os.getuid() == 0 else None
    tools = suite.path('tool')
    shutil.copy(suite.tool, tools)
    other = Suite.__new__(Suite)
    other.tool, other.tmp, other.schema = tools, suite.tmp, suite.schema
    done = other.run('check', '01:00.0', root='locked', user=user, code=3)
    same('Permission denied' in done.stdout, True, done.stdout)


def t_rom(suite):
    """rom info, dump and verify work"""
    out = suite.path('dump.rom')
    root = ['--sysfs-root', suite.machine('ready')]
    done = suite.run('rom', 'dump', '01:00.0', '-o', out, *root, code=0)
    same("the adapter's ROM" in done.stdout, True)
    same(read(out), roms.rom(*machines.GT710))
    suite.says('exists; --force', 'rom', 'dump', '01:00.0', '-o', out, *root,
               code=4)
    suite.run('rom', 'dump', '01:00.0', '-o', out, '--force', *root, code=0)
    suite.says('-o FILE', 'rom', 'dump', '01:00.0', *root, code=2)
    suite.run('rom', 'info', out, code=0)
    suite.run('rom', 'verify', out, code=0)
    suite.run('rom', 'verify', out, '--for', '01:00.0', code=0)
    suite.run('rom', 'verify', out, '--for', '0a:00.0', root='efifb', code=1)
    for verb in ('info', 'verify'):
        same(suite.json('rom', verb, out)['kinds'], 'bios+uefi')
    same(': 8K, 2 images (bios+uefi)\n' in suite.run('rom', 'info', out).stdout,
         True)
    one = suite.path('one.rom')
    write(one, roms.rom(*machines.GT710, 'bios'))
    same(': 4K, 1 image (bios)\n' in suite.run('rom', 'info', one).stdout, True)
    shadow = ['--sysfs-root', suite.machine('single')]
    done = suite.run('rom', 'dump', '01:00.0', '-o', suite.path('shadow.rom'),
                     *shadow, code=3)
    same('0xc0000' in done.stdout, True)
    same(suite.json('rom', 'dump', '01:00.0', '-o', suite.path('s2.rom'),
                    *shadow)['source'], 'shadow')


def t_rom_flash(suite):
    """rom dump uses the flash ROM if told to, or instead of a copy, or refuses"""
    good = roms.rom(0x10de, 0x1c81)
    root, place = flash_adapter(suite, 'flash', good + bytes(1024))
    before = [read(place + name) for name in ('resource0', 'config')]
    out = suite.path('from-flash.rom')
    dump = ['rom', 'dump', '01:00.0', '--force', '-o', out]
    for more in (['--source', 'flash'], ['--source', 'auto'], []):
        done = suite.run(*dump, '--apply', *more, *root, code=0)
        same("the adapter's flash ROM" in done.stdout, True, done.stdout)
        same(read(out), good)
        os.unlink(out)
    same(suite.json(*dump, '--apply', *root)['source'], 'flash')
    same([read(place + name) for name in ('resource0', 'config')], before,
         'what is in the registers afterwards')

    suite.says('--apply allows it', *dump, '--source', 'flash', *root, code=2)
    suite.says("auto, rom, flash or vfct, not 'prom'", *dump, '--source', 'prom',
               *root, code=2)
    suite.says('--apply looks for a better one', *dump, *root, code=3)
    done = suite.run(*dump, '--source', 'rom', '--apply', *root, code=3)
    same('0xc0000' in done.stdout and not done.stderr, True, done.stderr)
    flash = dump + ['--source', 'flash', '--apply']
    suite.says('nouveau drives it', *flash, '--sysfs-root',
               suite.machine('fresh'), code=4)
    suite.says('resource0: No such file', *flash, '--sysfs-root',
               suite.machine('ready'), code=4)

    write(place + 'power_state', b'D3hot\n')
    suite.says('echo on >', *flash, *root, code=4)
    root, place = flash_adapter(suite, 'garbage', b'\x12\x34\x56\x78')
    suite.says('begins with 12 34 56 78', *flash, *root, code=4)
    suite.says('its flash ROM does not help: no VBIOS was found', *dump, '--apply',
               *root, code=3)
    write(place + 'resource0', bytes(4096))
    suite.says('has 0x1000 bytes', *flash, *root, code=4)


def t_rom_fix(suite):
    """rom fix removes a header and corrects ids and checksum; the input stays"""
    good = roms.rom(0x10de, 0x1c81)
    source, out = suite.path('flash.rom'), suite.path('fixed.rom')
    bad = bytearray(good)
    bad[0x200] ^= 1
    write(source, roms.nvgi(bytes(bad)))
    before = read(source)
    suite.run('rom', 'verify', source, code=1)
    suite.run('rom', 'fix', source, '-o', out, '--for', '01:00.0', code=0)
    same(read(source), before, 'the input')
    fixed = read(out)
    same(len(fixed), len(good))
    same(struct.unpack_from('<HH', fixed, 0x24), machines.GT710)
    same(sum(fixed[:4096]) & 0xff, 0)
    suite.run('rom', 'verify', out, '--for', '01:00.0', code=0)
    suite.says('is the input', 'rom', 'fix', out, '-o', out, '--force', code=2)
    os.link(out, suite.path('other-name.rom'))
    suite.says('is the input', 'rom', 'fix', out, '-o',
               suite.path('other-name.rom'), '--force', code=2)
    suite.says('exists; --force', 'rom', 'fix', source, '-o', out, code=4)
    suite.says('as 10de:128b', 'rom', 'fix', source, '-o', out, '--ids',
               '10de', code=2)
    suite.says('all, bios or uefi', 'rom', 'fix', source, '-o', out,
               '--images', 'x', code=2)
    suite.run('rom', 'fix', source, '-o', out, '--force', '--images', 'bios',
              '--ids', '1002:699f', code=0)
    same(suite.json('rom', 'info', out)['kinds'], 'bios')
    suite.json('rom', 'fix', source, '-o', out, '--force')


def t_rom_bad(suite):
    """files without a VBIOS are errors"""
    good = roms.rom(0x10de, 0x128b)
    path = suite.path('bad.rom')
    for data in (b'', b'\0' * 4096, b'\xff' * 4096, good[:100], good[:3000],
                 good[:0x22], b'GIF89a' * 100, os.urandom(5000)):
        write(path, data)
        suite.run('rom', 'info', path)
        suite.run('rom', 'verify', path, code=1)
        suite.json('rom', 'verify', path)
        suite.run('rom', 'fix', path, '-o', suite.path('x.rom'), '--force')
        suite.run('check', '01:00.0', '--romfile', path, code=1)
    for text, name in (('No such file', suite.path('absent.rom')),
                       ('not a file', suite.tmp), ('not a file', '/dev/zero')):
        suite.says(text, 'rom', 'verify', name, code=4)
    with open(path, 'wb') as f:
        f.truncate(17 << 20)
    suite.says('larger than 16 MiB', 'rom', 'info', path, code=4)
    os.remove(path)
    os.mkfifo(path)
    suite.says('not a file', 'rom', 'info', path, code=4)


def t_symlink(suite):
    """an output that is a symbolic link is not followed"""
    source, victim = suite.path('in.rom'), suite.path('victim')
    link = suite.path('link')
    write(source, roms.rom(0x10de, 0x128b))
    for target in (victim, suite.path('nowhere')):
        write(victim, 'precious')
        os.symlink(target, link)
        suite.says('exists', 'rom', 'fix', source, '-o', link, code=4)
        suite.says('exists', 'report', '-o', link, code=4)
        suite.run('rom', 'fix', source, '-o', link, '--force', code=0)
        same(read(victim), b'precious')
        same(os.path.islink(link), False)
        same(os.path.exists(suite.path('nowhere')), False)
        os.remove(link)
    suite.says('cannot be written', 'rom', 'fix', source, '-o',
               suite.path('absent/x'), code=4)
    same([n for n in os.listdir(suite.tmp) if n.startswith('link')], [])


def t_domain(suite):
    """xml --domain: patch accepts the diff, and nothing else changes"""
    path = suite.path('guest.xml')
    write(path, DOMAIN)
    done = suite.run('xml', '01:00.0', '--domain', path, '--romfile',
                     '/usr/share/vgabios/a b.rom', '--emulator', '/opt/q',
                     code=0)
    same('style' in done.stderr, False, done.stderr)
    same([l for l in done.stdout.split('\n') if l.startswith('-')][1:],
         ["-<domain type='kvm'>",
          '-    <emulator>/usr/bin/qemu-system-x86_64</emulator>',
          "-      <model type='qxl' ram='65536' vram='65536' vgamem='16384' "
          "heads='1'/>"], 'lines that go')
    full = suite.run('xml', '01:00.0', '--domain', path, '--romfile',
                     '/usr/share/vgabios/a b.rom', '--emulator', '/opt/q',
                     '--full', code=0).stdout
    patched = subprocess.run(['patch', '-s', '-o', '-', path],
                             input=done.stdout, capture_output=True,
                             encoding='utf-8', check=True).stdout
    same(patched, full, 'patched')
    for text in ('<!-- not to be touched -->', 'it&apos;s &amp; guest.img',
                 "<rom file='/usr/share/vgabios/a b.rom'/>",
                 "<qemu:property name='x-vga' type='bool' value='true'/>"):
        same(text in full, True, text)
    same('qxl' in full, False)
    write(path, full)
    again = suite.run('xml', '01:00.0', '--domain', path, '--romfile',
                      '/usr/share/vgabios/a b.rom', code=0)
    same(again.stdout, '', 'a second time')
    suite.json('xml', '01:00.0', '--domain', path)


def t_domain_schema(suite):
    """the changed domain is valid by libvirt's own schema"""
    path = suite.path('valid.xml')
    for name, (_, bdf) in machines.MACHINES.items():
        write(path, DOMAIN)
        validate(path)
        write(path, suite.run('xml', bdf, '--domain', path, '--romfile',
                              '/x.rom', '--full', root=name).stdout)
        validate(path)


def t_domain_styles(suite):
    """an existing hostdev and another style are handled"""
    path = suite.path('styled.xml')
    write(path, '<?xml version="1.0"?>\n<!--c--><domain type="kvm" '
          'xmlns:q="http://libvirt.org/schemas/domain/qemu/1.0"><name>a</name>'
          '<devices><video><model type="none"/></video><hostdev mode="subsystem"'
          ' type="pci"><source><address bus="1" slot="0" function="0"/></source>'
          '<alias name="ua-mine"/></hostdev></devices><q:override><q:device '
          'alias="ua-mine"><q:frontend><q:property name="x-vga" type="bool" '
          'value="false"/></q:frontend></q:device></q:override></domain>')
    done = suite.run('xml', '01:00.0', '--domain', path, '--full', code=0)
    same("not in virsh's own style" in done.stderr, True)
    same(done.stdout.count("bus='1'"), 1)
    same(done.stdout.count('override'), 2)
    same("<q:property name='x-vga' type='bool' value='true'/>" in done.stdout,
         True)
    for text, data in (('not well-formed XML', '<domain><devices>'),
                       ('not well-formed XML', ''),
                       ('not well-formed XML', '\0\1\2'),
                       ('root element', '<network/>'),
                       ('no <devices>', '<domain/>'),
                       ('DOCTYPE', '<!DOCTYPE a [<!ENTITY b "c">]><domain>'
                        '<devices>&b;</devices></domain>'),
                       ('nested too deeply', '<domain><devices/>' +
                        '<a>' * 200 + '</a>' * 200 + '</domain>')):
        write(path, data)
        suite.says(text, 'xml', '01:00.0', '--domain', path, code=4)
    suite.says('No such file', 'xml', '01:00.0', '--domain',
               suite.path('absent.xml'), code=4)


def t_bind(suite):
    """bind --apply and unbind --apply work, with a kernel played"""
    root = suite.path('machines/bind')
    machines.fresh(root)
    os.makedirs(root + '/sys/bus/pci/drivers/vfio-pci')
    write(root + '/sys/bus/pci/drivers/vfio-pci/unbind', '')
    before = read(root + '/sys/bus/pci/devices/0000:01:00.0/driver_override')
    done = suite.run('bind', '01:00.0', '--group', root='bind', code=0)
    same('nothing was done' in done.stderr, True)
    same(read(root + '/sys/bus/pci/devices/0000:01:00.0/driver_override'),
         before)
    kernel = Kernel(root, 'nouveau')
    undo = root + '/run/vga-assign/0000:01:00.0.undo'
    suite.run('bind', '01:00.0', '--group', '--apply', root='bind', code=0)
    for bdf in ('0000:01:00.0', '0000:01:00.1'):
        same(driver_of(root, bdf), 'vfio-pci')
    same('vfio-pci/unbind' in read(undo).decode(), True)
    subprocess.run(['sh', '-n', undo], check=True)
    same(read(root + '/sys/bus/pci/drivers/nouveau/unbind').strip(),
         b'0000:01:00.0')
    suite.says('is already bound to vfio-pci', 'bind', '01:00.0', '--apply',
               root='bind', code=0)
    suite.run('unbind', '01:00.0', '--group', '--apply', root='bind', code=0)
    same(driver_of(root, '0000:01:00.0'), 'nouveau')
    same(os.path.exists(undo), False)
    # The undo file is run as a script.
    suite.run('bind', '01:00.0', '--apply', '--undo', suite.path('u'),
              root='bind', code=0)
    same(driver_of(root, '0000:01:00.0'), 'vfio-pci')
    subprocess.run(['sh', suite.path('u')], check=True)
    kernel.end()
    same(driver_of(root, '0000:01:00.0'), 'nouveau')


def t_bind_fails(suite):
    """bind --apply that cannot work changes nothing"""
    root = suite.path('machines/bindfails')
    machines.fresh(root)
    override = root + '/sys/bus/pci/devices/0000:01:00.0/driver_override'
    before = read(override)
    suite.says('vfio-pci is not loaded', 'bind', '01:00.0', '--apply',
               root='bindfails', code=4)
    os.makedirs(root + '/sys/bus/pci/drivers/vfio-pci')
    os.symlink(suite.path('elsewhere'), suite.path('undolink'))
    suite.says('exists', 'bind', '01:00.0', '--apply', '--undo',
               suite.path('undolink'), root='bindfails', code=4)
    same(os.path.exists(suite.path('elsewhere')), False)
    same(read(override), before)
    # A driver has no unbind: what was done so far can be undone.
    os.remove(root + '/sys/bus/pci/drivers/nouveau/unbind')
    done = suite.says('cannot be written', 'bind', '01:00.0', '--apply',
                      root='bindfails', code=4)
    same('undoes what was done' in done.stderr, True)
    # The writes succeed, but the driver does not change.
    write(root + '/sys/bus/pci/drivers/nouveau/unbind', '')
    suite.says('its driver is nouveau', 'bind', '01:00.0', '--apply', '--force',
               root='bindfails', code=1)


def t_colors(suite):
    """a terminal gets colours, a pipe or NO_COLOR gets none"""
    same('\x1b' in suite.run('check', '01:00.0').stdout, False)
    command = '%s check 01:00.0 --sysfs-root %s' % (suite.tool,
                                                    suite.machine('ready'))
    if not shutil.which('script'):
        raise Skip('no script(1) to make a terminal (bsdutils)')
    for extra, want in ((dict(TERM='xterm'), True), (dict(TERM='dumb'), False),
                        (dict(TERM='xterm', NO_COLOR='1'), False)):
        done = subprocess.run(['script', '-qec', command, '/dev/null'],
                              capture_output=True, stdin=subprocess.DEVNULL,
                              env=dict(ENVIRONMENT, **extra), check=False)
        same(b'\x1b[' in done.stdout, want, extra)


if __name__ == '__main__':
    main(globals())
