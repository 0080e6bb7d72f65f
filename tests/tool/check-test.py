#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test what vga-assign finds out, kind by kind, and where its fixes lead.

usage: check-test.py VGA-ASSIGN [--update]

Prints TAP. --update writes golden-check/ anew; look at it before a commit.
"""
import os
import re
import shutil
import struct
import subprocess
import sys

import kinds
import machines
import roms
import walk
from harness import HERE, Failure, Kernel, main, read, same, write


def made(suite, name):
    """Make a machine of kinds.py; return its directory and the adapter."""
    make, bdf, _ = kinds.KINDS[name]
    root = suite.path('kinds/' + name)
    if not os.path.exists(root):
        make(root)
    return root, bdf


def checks(suite, root, bdf, *options):
    """Return the checks by name."""
    answer = suite.json('check', bdf, *options, '--sysfs-root', root, root=None)
    return {c['name']: c for c in answer['checks']}


def each(function):
    """Run the test for each kind; a failure names the kind."""
    def test(suite):
        failed = []
        for name in kinds.KINDS:
            try:
                function(suite, name)
            except Failure as e:
                failed.append('%s: %s' % (name, e))
        same(failed, [], 'failed')
    test.__doc__ = function.__doc__
    return test


@each
def t_verdict(suite, name):
    """each kind has the right verdict, in text and in JSON"""
    root, bdf = made(suite, name)
    want = kinds.KINDS[name][2]
    answer = suite.json('check', bdf, '--sysfs-root', root, root=None)
    same(answer['verdict'], want)
    done = suite.run('check', bdf, '--sysfs-root', root, root=None,
                     code={'fail': 1, 'unknown': 3}.get(want, 0))
    for c in answer['checks']:
        if c['verdict'] == 'n/a':
            same(re.search(r'^- +not asked.*\b%s\b' % c['name'],
                           done.stdout.replace('\n  ', ' '), re.M) is not None,
                 True, c['name'])
        same(c['verdict'] in ('ok', 'n/a') or bool(c['fix']), True, c['name'])
        same(bool(re.search('take it again|^it is no |has not |[.]$', c['found'])), False,
             c['found'])


@each
def t_golden(suite, name):
    """each kind has the output that is in golden-check/"""
    root, bdf = made(suite, name)
    done = suite.run('check', bdf, '--sysfs-root', root, root=None)
    got = done.stdout.replace(root, 'ROOT')
    path = os.path.join(HERE, 'golden-check', name + '.txt')
    if '--update' in sys.argv:
        write(path, got)
    same([l for l in got.split('\n') if len(l) > 80], [], 'longer than 80')
    want = read(path).decode()
    if got != want:
        write(suite.path('got'), got)
        raise Failure(subprocess.run(
            ['diff', '-u', path, suite.path('got')], capture_output=True,
            encoding='utf-8', check=False).stdout)


@each
def t_report(suite, name):
    """a report of each kind gives the same verdicts, and names nobody"""
    root, bdf = made(suite, name)
    report, copy = suite.path(name + '.report'), suite.path(name + '.copy')
    suite.run('report', '-o', report, '--sysfs-root', root, root=None)
    subprocess.run([sys.executable, os.path.join(HERE, 'unpack.py'), report,
                    copy], check=True)
    clean = re.compile(r'/etc/modprobe\.d/\S+|/user\.slice|/report\b')
    before, after = (clean.sub('X', suite.run(
        'check', bdf, '--sysfs-root', where, root=None).stdout)
        for where in (root, copy))
    # Names of files and line breaks may differ.
    same(after.split(), before.split())


def t_walk(suite):
    """doing what a fix says gives another verdict, and the fixes come to an end"""
    failed = []
    todo = [(n, make, bdf) for n, (make, bdf, _) in kinds.KINDS.items()]
    todo += [('m-' + n, make, bdf) for n, (make, bdf)
             in machines.MACHINES.items()]
    for name, make, bdf in todo:
        root = suite.path('walks/' + name)
        make(root)
        world = walk.World(suite, name, root, bdf,
                           lambda r: Kernel(r, 'nouveau'))
        try:
            walk.walk(world)
        except (walk.Circle, Failure) as e:
            failed.append('%s: %s' % (name, e))
    same(failed, [], 'failed')


def t_walk_ends(suite):
    """fixes lead to a picture if the defect can be corrected"""
    ends = {'d3cold': 'ok', 'd3cold-answers': 'ok', 'simpledrm': 'ok',
            'efidrm': 'ok', 'vesadrm': 'ok', 'bootfb': 'ok', 'vgacon': 'ok',
            'igd-zeros': 'warn', 'igd-eio': 'warn', 'apu': 'warn',
            'apu-renumbered': 'warn', 'nvidia-open': 'ok', 'vega10': 'ok',
            'navi10': 'ok', 'resizable': 'ok', 'broken-sum': 'ok',
            'other-ids': 'ok', 'shared-reset': 'ok', 'apparmor': 'ok',
            'qemu-distribution': 'ok', 'memlock': 'ok', 'apu-no-code': 'fail',
            'off-the-bus': 'fail', 'igd-gen12': 'fail', 'virtual': 'fail'}
    got = {}
    for name in ends:
        make, bdf, _ = kinds.KINDS[name]
        root = suite.path('ends/' + name)
        make(root)
        got[name] = walk.walk(walk.World(suite, 'e-' + name, root, bdf,
                                         lambda r: Kernel(r, 'nouveau')))
    same(got, ends)


def t_modprobe(suite):
    """disable_vga is read as modprobe and the kernel read it"""
    root = suite.path('machines/modprobe')
    for want, text in (
            ('fail', 'options vfio-pci disable_vga=1'),
            ('fail', 'options vfio_pci disable_vga'),
            ('fail', 'options vfio-pci disable-vga=Y'),
            ('fail', 'options vfio-pci disable_vga=on'),
            ('fail', 'options vfio-pci disable_vga=t'),
            ('fail', 'options vfio-pci disable_vga="yes"'),
            ('fail', '  options\tvfio-pci ids=1:2,3:4 \\\n  disable_vga=1'),
            ('fail', 'options vfio-pci ids=(1:2) disable_vga=1 softdep a pre: b'),
            ('fail', 'options vfio-pci disable_vga=0\n'
                     'options vfio-pci disable_vga=1'),
            ('ok', 'options vfio-pci disable_vga=1\n'
                   'options vfio-pci disable_vga=off'),
            ('ok', 'options vfio-pci disable_vga=0'),
            ('ok', 'options vfio-pci disable_vga=n'),
            ('ok', '#options vfio-pci disable_vga=1'),
            ('ok', 'options vfio-pci nodisable_vga=1'),
            ('ok', 'options vfio-pci disable_vgax=1'),
            ('ok', 'options nvidia disable_vga=1'),
            ('ok', 'blacklist vfio-pci disable_vga=1'),
            ('ok', 'options vfio-pci\ndisable_vga=1')):
        shutil.rmtree(root, ignore_errors=True)
        kinds.amd(root, driver='amdgpu', loaded=None).close()
        write(root + '/etc/modprobe.d/x.conf', text + '\n')
        got = checks(suite, root, kinds.AMD)['disable-vga']
        same(got['verdict'], want, text)


def t_modprobe_places(suite):
    """the directories of modprobe.d and the kernel command line are read"""
    root = suite.path('machines/places')
    for want, files, cmdline in (
            ('fail', {'/usr/lib/modprobe.d/a.conf': '1'}, ''),
            ('fail', {'/usr/local/lib/modprobe.d/a.conf': '1'}, ''),
            ('fail', {'/run/modprobe.d/a.conf': '1'}, ''),
            ('ok', {'/usr/lib/modprobe.d/a.conf': '1',
                    '/etc/modprobe.d/a.conf': '0'}, ''),
            ('ok', {'/usr/lib/modprobe.d/a.conf': '1',
                    '/etc/modprobe.d/b.conf': '0'}, ''),
            ('fail', {'/etc/modprobe.d/a.conf': '0',
                      '/usr/lib/modprobe.d/b.conf': '1'}, ''),
            ('ok', {'/etc/modprobe.d/a.conf.bak': '1'}, ''),
            ('fail', {}, 'vfio-pci.disable_vga=1'),
            ('fail', {}, 'vfio_pci.disable_vga=on'),
            ('ok', {}, 'vfio-pci.disable_vga=0'),
            ('ok', {}, 'xvfio-pci.disable_vga=1')):
        shutil.rmtree(root, ignore_errors=True)
        kinds.amd(root, driver='amdgpu', loaded=None, cmdline=cmdline).close()
        for name, value in files.items():
            write(root + name, 'options vfio-pci disable_vga=%s\n' % value)
        got = checks(suite, root, kinds.AMD)['disable-vga']
        same(got['verdict'], want, '%s %s' % (files, cmdline))
        for name in files if want == 'fail' and len(files) == 1 else ():
            same(name in got['found'] and name in got['fix'], True, got)


def t_vfct(suite):
    """rom dump --source vfct prints the adapter's record in the table, or an error"""
    root, bdf = made(suite, 'apu')
    out = suite.path('vfct.rom')
    dump = ['rom', 'dump', bdf, '--force', '-o', out, '--sysfs-root']
    suite.run(*dump, root, '--source', 'vfct', root=None, code=0)
    same(read(out), roms.rom(*kinds.RAPHAEL, 'bios'))
    same(suite.json(*dump, root, '--source', 'vfct', root=None)['source'],
         'vfct')
    suite.says('its VBIOS is in the ACPI table VFCT', *dump, root, root=None,
               code=0)
    suite.run('check', bdf, '--romfile', out, '--sysfs-root', root, root=None,
              code=0)
    for name in ('apu-renumbered', 'apu-no-code'):
        suite.run(*dump, made(suite, name)[0], '--source', 'vfct', root=None)
        same(len(read(out)), 4096)
    got = checks(suite, made(suite, 'apu-no-code')[0], bdf, '--romfile', out)
    same('has no code' in got['rom']['found'], True, got['rom'])
    bare = made(suite, 'apu-nothing')[0]
    suite.says('provides no ACPI table VFCT', *dump, bare, '--source', 'vfct',
               root=None, code=4)
    suite.says('auto, rom, flash or vfct', *dump, root, '--source', 'acpi',
               root=None, code=2)


def t_vfct_malformed(suite):
    """tables that are malformed, cut off, or wrong about lengths give errors"""
    root = suite.path('machines/vfct')
    kinds.KINDS['apu'][0](root)
    table = root + '/sys/firmware/acpi/tables/VFCT'
    good = read(table)
    image = roms.rom(*kinds.RAPHAEL, 'bios')
    last = len(good) - len(image) - 28
    cases = [good[:n] for n in (0, 4, 0x33, 0x4b, 0x4c, 0x60, last, last + 27,
                                last + 28, len(good) - 1)]
    cases += [b'SSDT' + good[4:],
              good[:0x34] + struct.pack('<I', 0xffffffff) + good[0x38:],
              good[:last + 24] + struct.pack('<I', 0xffffffff) +
              good[last + 28:],
              good[:last + 24] + struct.pack('<I', 0) + good[last + 28:]]
    for data in cases:
        write(table, data)
        suite.run('rom', 'dump', kinds.AMD, '--source', 'vfct', '--force', '-o',
                  suite.path('x.rom'), '--sysfs-root', root, root=None, code=4)
        suite.run('check', kinds.AMD, '--sysfs-root', root, root=None, code=1)
        suite.run('report', '--sysfs-root', root, root=None)
    # Two records have the same ids, and neither has the adapter's address.
    write(table, kinds.vfct((8, 0, 0, kinds.RAPHAEL, image),
                            (9, 0, 0, kinds.RAPHAEL, image)))
    suite.says('has no VBIOS for', 'rom', 'dump', kinds.AMD, '--source', 'vfct',
               '-o', suite.path('y.rom'), '--sysfs-root', root, root=None,
               code=4)


def t_group(suite):
    """the adapter's functions move together, and other devices are left alone"""
    command = 'vga-assign bind 0000:01:00.0 --group --apply'
    bdf = '0000:01:00.0'
    got = checks(suite, suite.machine('fresh'), bdf)
    same([got[n]['fix'] for n in ('group', 'driver', 'reset')],
         ['modprobe vfio-pci; ' + command] * 3)
    # The audio function has no driver: vfio does not mind, but the guest gets it.
    root = suite.path('machines/silent')
    machines.ready(root)
    os.remove(root + '/sys/bus/pci/devices/0000:01:00.1/driver')
    got = checks(suite, root, bdf)
    same((got['group']['verdict'], got['group']['fix']), ('warn', command))
    same('0000:01:00.1 (no driver)' in got['group']['found'], True, got)
    there = ['--sysfs-root', root]
    suite.says('before vfio-pci has 0000:01:00.1 (no driver): ' + command,
               'args', bdf, *there, root=None, code=0)
    same(suite.run('xml', bdf, *there, root=None).stderr, '')
    os.remove(root + '/sys/bus/pci/devices/0000:01:00.0/driver')
    got = checks(suite, root, bdf)
    same((got['driver']['verdict'], got['driver']['fix']), ('fail', command))
    suite.says('because the host keeps 0000:01:00.1', 'bind', bdf, *there,
               root=None, code=0)
    done = suite.run('bind', bdf, '--group', *there, root=None, code=0)
    same('without --group' in done.stderr, False, done.stderr)
    suite.says('does not get back 0000:01:00.1', 'unbind', bdf, code=0)
    # Devices of other slots are the host's own, which one decides about first.
    got = checks(suite, suite.machine('chipset-slot'), '0000:05:00.0')
    same('if the host can do without all of them: vga-assign bind 0000:05:00.0 '
         '--group --apply' in got['group']['fix'], True, got['group'])
    same(got['driver']['fix'], 'first do what group says')
    got = checks(suite, suite.machine('server'), '0000:03:01.0')
    same(got['reset']['fix'], 'first do what group says')


def t_broken_entry(suite):
    """a malformed file of sysfs affects only its own entry"""
    root = suite.path('machines/broken')
    for name in ('vendor', 'device', 'class', 'resource', 'config', 'irq',
                 'driver', 'iommu_group', 'boot_vga', 'rom', 'power'):
        for damage in ('gone', 'directory', 'empty', 'loop'):
            shutil.rmtree(root, ignore_errors=True)
            machines.ready(root)
            path = root + '/sys/bus/pci/devices/0000:01:00.0/' + name
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            elif os.path.lexists(path):
                os.remove(path)
            if damage == 'directory':
                os.mkdir(path)
            elif damage == 'empty':
                write(path, '')
            elif damage == 'loop':
                os.symlink(path, path)
            for words in (['list'], ['check'], ['report']):
                done = suite.run(*words, '--sysfs-root', root, root=None)
                same('0000:00:02.0' in done.stdout, True,
                     '%s %s %s' % (words, name, damage))
    os.mkdir(root + '/sys/bus/pci/devices/rubbish')
    os.symlink('nowhere', root + '/sys/bus/pci/devices/0000:07:00.0')
    done = suite.run('list', '--sysfs-root', root, root=None, code=3)
    same('0000:00:02.0' in done.stdout and 'rubbish' in done.stderr, True,
         done.stderr)


def t_all(suite):
    """check without an address: all adapters, and the worst verdict counts"""
    root = suite.machine('ready')
    done = suite.run('check', root='ready', code=1)
    for text in ('0000:00:02.0: not ready', '0000:01:00.0: ready for x-vga=on'):
        same(text in done.stdout, True, done.stdout)
    answer = suite.json('check', root='ready')
    same([(a['adapter']['address'], a['verdict']) for a in answer['adapters']],
         [('0000:00:02.0', 'fail'), ('0000:01:00.0', 'ok')])
    one = suite.json('check', '01:00.0', root='ready')
    same(answer['adapters'][1]['checks'], one['checks'])
    machines.headless(suite.path('machines/none'))
    suite.says('no display adapter', 'check', root='none', code=1)
    same(suite.json('check', root='none')['adapters'], [])
    same(root != '', True)


def t_ready(suite):
    """list has in a word what check says"""
    words = {'ok': 'yes', 'warn': 'warn', 'fail': 'no', 'unknown': '?'}
    for name in ('ready', 'fresh', 'server', 'unprivileged', 'big-bars'):
        listed = suite.json('list', root=name)['adapters']
        text = suite.run('list', root=name).stdout
        for a in listed:
            bdf = a['adapter']['address']
            check = suite.json('check', bdf, root=name)
            same(a['ready'], check['verdict'], name + bdf)
            same(re.search('^%s +(\\S+) ' % bdf, text, re.M).group(1),
                 words[check['verdict']], name)


def t_help(suite):
    """help is a command, and help COMMAND is COMMAND --help"""
    same(suite.run('help', root=None, code=0).stdout,
         suite.run('--help', root=None, code=0).stdout)
    for words in (['check'], ['rom', 'dump'], ['list']):
        same(suite.run('help', *words, root=None, code=0).stdout,
             suite.run(*words, '--help', root=None, code=0).stdout)
    listed = suite.run('help', 'rom', root=None, code=0).stdout
    same(re.findall('^  (rom [a-z]+) ', listed, re.M),
         ['rom info', 'rom dump', 'rom verify', 'rom fix'])
    for words in (['rom', '--help'], ['rom', '-h']):
        same(suite.run(*words, root=None, code=0).stdout, listed)
    for text in (listed, suite.run('help', root=None).stdout):
        same([l for l in text.split('\n') if len(l) > 80], [])
    # --force has one meaning for each command.
    for words, text in ((['bind'], 'replace the file of --undo'),
                        (['report'], 'replace the output file')):
        same(re.findall('--force +(.*)', suite.run(
            'help', *words, root=None).stdout)[0].startswith(text), True)
    for words in (['frob'], ['check', 'x'], ['rom', 'frob']):
        suite.says('help takes one of the commands', 'help', *words, root=None,
                   code=2)


def t_romfile(suite):
    """for an unusable file, check names a better one, or how to repair it"""
    root = suite.path('machines/romfile')
    kinds.amd(root).close()
    bad = suite.path('bad sum.rom')
    data = bytearray(roms.rom(*kinds.NAVI21))
    data[0x123] ^= 0x55
    write(bad, bytes(data))
    got = checks(suite, root, kinds.AMD, '--romfile', bad)['rom']
    same('leave --romfile out' in got['fix'], True, got)
    kinds.KINDS['apu-nothing'][0](suite.path('machines/nowhere'))
    root = suite.path('machines/nowhere')
    write(bad, bytes(data).replace(struct.pack('<HH', *kinds.NAVI21),
                                   struct.pack('<HH', *kinds.RAPHAEL)))
    got = checks(suite, root, kinds.AMD, '--romfile', bad)['rom']
    same("rom fix '%s' -o NEW" % bad in got['fix'], True, got)
    write(bad, roms.rom(*kinds.NAVI21))
    got = checks(suite, root, kinds.AMD, '--romfile', bad)['rom']
    same("if the file is this adapter's all the same" in got['fix'], True, got)
    got = checks(suite, root, kinds.AMD, '--romfile', suite.path('none'))['rom']
    same('a file that exists' in got['fix'], True, got)


def t_no_rom(suite):
    """without a ROM no remedy leads back to it, from check or from rom dump"""
    out = ['-o', suite.path('no.rom'), '--sysfs-root']
    elsewhere = 'give the guest a VBIOS of this model from elsewhere'
    for name in ('no-rom', 'no-rom-nvidia'):
        root, bdf = made(suite, name)
        found = checks(suite, root, bdf)['rom']
        same(found['verdict'], 'fail')
        hint = suite.run('rom', 'dump', bdf, '--source', 'rom', *out, root,
                         code=4).stderr
        same(elsewhere in found['fix'] or '--source flash' in found['fix'],
             True, found)
        same('--source rom' in found['fix'] + hint, False, hint)
        for more in ([], ['--source', 'vfct'], ['--source', 'rom', '--apply']):
            done = suite.run('rom', 'dump', bdf, *more, *out, root, code=4)
            same(elsewhere in done.stderr, name == 'no-rom', done.stderr)
        suite.says(elsewhere, 'rom', 'dump', bdf, '--source', 'flash',
                   '--apply', *out, root, code=4)


def t_other_class(suite):
    """a device that is not a display adapter is asked nothing more"""
    for bdf in ('0000:00:00.0', '0000:01:00.1', '0000:00:01.0'):
        got = checks(suite, suite.machine('ready'), bdf)
        same([n for n, c in got.items() if c['verdict'] != 'n/a'],
             ['class', 'kernel', 'vfio-vga', 'disable-vga'])
        same(got['class']['fix'],
             'assign a VGA controller: 0000:00:02.0 or 0000:01:00.0')
        suite.says('is not a display adapter: its class is ', 'rom', 'dump',
                   bdf, '-o', suite.path('x'), '--sysfs-root',
                   suite.machine('ready'), code=1)
    machines.headless(suite.path('machines/bare'))
    got = checks(suite, suite.path('machines/bare'), '0000:00:00.0')
    same('this machine has none' in got['class']['fix'], True, got['class'])


def t_not_asked(suite):
    """what was not asked has its reason in the text as well"""
    done = suite.run('check', '01:00.0').stdout
    text = ' '.join(done.split())
    for c in suite.json('check', '01:00.0')['checks']:
        if c['verdict'] == 'n/a':
            same('%s: %s' % (c['name'], c['found']) in text, True, done)
    done = suite.run('check', '00:00.0').stdout
    same(done.count('it is not a display adapter'), 1, done)
    same([l for l in done.split('\n') if len(l) > 80], [])


def t_virtual_outputs(suite):
    """no command line is written for a virtual function"""
    root, bdf = made(suite, 'virtual')
    for verb in ('args', 'xml', 'proxmox'):
        done = suite.says('virtual functions decode no legacy VGA', verb, bdf,
                          '--sysfs-root', root, root=None, code=1)
        same(done.stdout, '')


def t_machine_of_igd(suite):
    """check says which machine Intel graphics need, if another one is wanted"""
    root, bdf = made(suite, 'igd-copy')
    same(checks(suite, root, bdf)['igd']['verdict'], 'ok')
    same(checks(suite, root, bdf, '--machine', 'pc')['igd']['verdict'], 'ok')
    got = checks(suite, root, bdf, '--machine', 'q35')['igd']
    same((got['verdict'], got['fix']), ('fail', '--machine pc'))
    got = checks(suite, root, bdf, '--firmware', 'uefi')
    same((got['igd']['verdict'], got['rom']['verdict']), ('ok', 'fail'))


if __name__ == '__main__':
    main(globals())
