#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What vga-assign must never do: damage a file, lie about what was done, or
hand what a device or a file says to a terminal or a shell.

usage: safety-test.py VGA-ASSIGN

TAP.
"""
import importlib.util
import json
import os
import pty
import resource
import shutil
import signal
import stat
import subprocess
import sys

import jsonschema
import machines

HERE = os.path.dirname(os.path.abspath(__file__))


def load(name):
    """A test program as a module."""
    spec = importlib.util.spec_from_file_location(
        name.replace('-', '_'), os.path.join(HERE, name + '.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = load('tool-test')
same, read, write = tool.same, tool.read, tool.write
VFIO = '/sys/bus/pci/drivers/vfio-pci'
DEVICE = '/sys/bus/pci/devices/0000:01:00.0'


def machine(suite, name, make=machines.fresh, kernel=True):
    """A machine to be changed, with vfio-pci loaded and a kernel played."""
    root = suite.path('machines/' + name)
    shutil.rmtree(root, ignore_errors=True)
    make(root)
    os.makedirs(root + VFIO, exist_ok=True)
    write(root + VFIO + '/unbind', '')
    return root, tool.Kernel(root, 'nouveau') if kernel else None


def undo_file(root, bdf='0000:01:00.0', where='/run'):
    """Where bind leaves it."""
    return '%s%s/vga-assign/%s.undo' % (root, where, bdf)


def files(root):
    """All files with what is in them, and what else there is."""
    found = {}
    for path, folders, names in os.walk(root):
        for name in folders + names:
            full = os.path.join(path, name)
            mode = os.lstat(full).st_mode
            found[full] = (os.readlink(full) if stat.S_ISLNK(mode) else
                           read(full) if stat.S_ISREG(mode) else
                           stat.S_IFMT(mode))
    return found


def t_remedy(suite):
    """a remedy never writes to the file that was looked at"""
    good = machines.rom(0x10de, 0x128b)
    path = suite.path("it's my only copy.rom")
    kinds = {'truncated': good[:3000], 'posted': machines.posted(good),
             'foreign': machines.rom(0x1002, 0x699f), 'empty': b'',
             'text': b'root:x:0:0::/root:/bin/sh\n', 'ones': b'\xff' * 8192,
             'flash': machines.nvgi(good), 'sum': good[:99] + b'!' + good[100:]}
    for name, data in kinds.items():
        write(path, data)
        for words in (['rom', 'info', path], ['rom', 'verify', path],
                      ['rom', 'verify', path, '--for', '01:00.0'],
                      ['check', '01:00.0', '--romfile', path]):
            done = suite.run(*words)
            text = ' '.join((done.stdout + done.stderr).split())
            same('-o %s' % path in text or "-o '" in text, False,
                 '%s, %s: %s' % (name, words, text))
        same(read(path), data, name)
    write(path, machines.nvgi(good))
    fix = suite.json('rom', 'info', path)['findings']
    fix = [f['fix'] for f in fix if f['fix'] and 'rom fix' in f['fix']][0]
    words = subprocess.run(
        ['sh', '-c', 'printf "%s\\n" ' + fix.split(', then')[0]],
        capture_output=True, encoding='utf-8', check=True).stdout.split('\n')
    same(path in words, True, 'the name, quoted: %s' % fix)


def outputs(suite):
    """What is no regular file, by what to look at afterwards."""
    place = suite.path('outputs')
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place + '/folder')
    os.mkfifo(place + '/fifo')
    for name in ('folder', 'fifo'):
        os.symlink(name, place + '/to-' + name)
    # Not the real one: who replaces it breaks the machine.
    try:
        os.mknod(place + '/node', stat.S_IFCHR | 0o600, os.makedev(1, 3))
        os.symlink('node', place + '/to-node')
    except PermissionError:
        pass
    return place


def t_output_kind(suite):
    """-o replaces regular files alone, with --force, too"""
    place = outputs(suite)
    source = suite.path('kind.rom')
    write(source, machines.rom(0x10de, 0x128b))
    root, _ = machine(suite, 'kind', kernel=False)
    before = files(place)
    for name in sorted(os.listdir(place)):
        out = place + '/' + name
        for words in (['rom', 'dump', '01:00.0', '-o', out, '--sysfs-root',
                       suite.machine('ready')],
                      ['rom', 'fix', source, '-o', out],
                      ['report', '-o', out],
                      ['bind', '01:00.0', '--apply', '--undo', out,
                       '--sysfs-root', root]):
            more = {} if '--sysfs-root' not in words else {'root': None}
            suite.says('is not a regular file', *words, '--force', code=4,
                       **more)
            suite.says(out, *words, code=4, **more)
            same(files(place), before, words)
    same(tool.driver_of(root, '0000:01:00.0'), 'nouveau')


def t_output_input(suite):
    """what is read is never replaced by what is written"""
    root, _ = machine(suite, 'input', machines.ready, False)
    rom = root + DEVICE + '/rom'
    before = read(rom)
    suite.says('is the input', 'rom', 'dump', '01:00.0', '-o', rom, '--force',
               '--sysfs-root', root, code=2)
    same(read(rom), before)


def t_xml_characters(suite):
    """what XML has no place for is not put into it"""
    for option in ('--romfile', '--emulator'):
        for bad in ('/a\x01b', '/a\nb', '/a\x1b[2J', b'/a\xff'):
            suite.says('control characters', 'xml', '01:00.0', option, bad,
                       code=2)


def t_no_space(suite):
    """a file that cannot be written whole is not there at all"""
    out = suite.path('full.rom')
    root = suite.machine('ready')
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    for before in (None, b'old'):
        if before:
            write(out, before)
        done = subprocess.run(
            [suite.tool, 'rom', 'dump', '01:00.0', '--force', '-o', out,
             '--sysfs-root', root], capture_output=True, encoding='utf-8',
            env=tool.ENVIRONMENT, preexec_fn=limit, check=False)
        same(done.returncode, 4, done.stderr)
        same('cannot be written' in done.stderr, True, done.stderr)
        same(read(out) if os.path.exists(out) else None, before)
        same([n for n in os.listdir(suite.tmp) if n.startswith('full.rom.')],
             [], 'a rest of it')


COMMANDS = (['list'], ['check', '01:00.0'], ['args', '01:00.0'],
            ['xml', '01:00.0'], ['proxmox', '01:00.0'], ['bind', '01:00.0'],
            ['unbind', '01:00.0'], ['report'], ['rom', 'info'],
            ['rom', 'verify'], ['--help'], ['--version'], ['list', '--help'])


def t_full(suite):
    """a result that cannot be written is an error, and one alone"""
    rom = suite.path('plain.rom')
    write(rom, machines.rom(*machines.GT710))
    root, _ = machine(suite, 'full', machines.ready, False)
    before = files(root)
    for words in COMMANDS:
        words = words + ([rom] if words[0] == 'rom' else [])
        if words[0] not in ('rom', '--help', '--version'):
            words = words + ['--sysfs-root', root]
        json_too = words[0] not in ('report', '--help', '--version')
        for more in ([], ['--json']) if json_too else ([],):
            for shell in ('exec "$0" "$@" >/dev/full', 'exec "$0" "$@" >&-'):
                done = subprocess.run(
                    ['sh', '-c', shell, suite.tool] + words + more,
                    capture_output=True, encoding='utf-8', check=False,
                    env=tool.ENVIRONMENT)
                # What has nothing to say has nothing to lose.
                said = suite.run(*words, *more, root=None).stdout
                same(done.returncode, 4 if said else 0,
                     '%s %s: %s' % (shell, words + more, done.stderr))
                same(done.stderr.count('error:'), 1 if said else 0,
                     done.stderr)
    same(files(root), before, 'the machine')
    done = subprocess.run([suite.tool, 'list', '--sysfs-root', root],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          preexec_fn=lambda: os.close(2), check=False,
                          env=tool.ENVIRONMENT)
    same(done.returncode, 0, 'without stderr')
    same(files(root), before, 'the machine, without stderr')


def t_json_errors(suite):
    """with --json an error is JSON as well"""
    absent = suite.path('absent')
    for code, text, words in (
            (4, 'no such device', ['check', '9:0.0']),
            (2, 'PCI address', ['args', '01:00']),
            (2, 'q35 or pc', ['check', '01:00.0', '--machine', 'x']),
            (2, 'nknown option', ['list', '--frob']),
            (2, 'BDF', ['bind']),
            (1, 'VGA', ['xml', '01:00.1']),
            (2, 'number', ['proxmox', '01:00.0', '--vmid', 'x']),
            (4, 'PCI bus', ['list', '--sysfs-root', absent]),
            (4, 'No such file', ['rom', 'info', absent]),
            (4, 'No such file', ['rom', 'verify', absent]),
            (2, 'input', ['rom', 'fix', absent, '-o', absent]),
            (2, 'which file', ['rom', 'dump', '01:00.0']),
            (4, 'No such file', ['xml', '01:00.0', '--domain', absent]),
            (1, 'bridge', ['bind', '00:01.0']),
            (2, 'no command', ['frob'])):
        if text == 'input':
            write(absent, b'')
        more = {'root': None} if words[0] == 'frob' or absent in words[1:3] \
            and words[0] == 'list' else {}
        done = suite.run(*words, '--json', code=code, **more)
        value = json.loads(done.stdout)
        same(jsonschema.problems(value, suite.schema, suite.schema), [], words)
        same(text in value['error']['message'], True, value)
        same('error:' in done.stderr, False, done.stderr)
        if text == 'input':
            os.remove(absent)


def on_terminal(suite, *words):
    """What a terminal of the user would be sent."""
    master, slave = pty.openpty()
    child = subprocess.Popen([suite.tool, *words], stdout=slave, stderr=slave,
                             stdin=subprocess.DEVNULL,
                             env=dict(tool.ENVIRONMENT, NO_COLOR='1',
                                      TERM='xterm'))
    os.close(slave)
    sent = b''
    try:
        while True:
            part = os.read(master, 4096)
            if not part:
                break
            sent += part
    except OSError:
        pass    # the other end is closed
    os.close(master)
    child.wait(60)
    return sent


def t_terminal(suite):
    """control characters of names, files and devices reach no terminal"""
    evil = '\x1b]0;x\x07\x1b[2J\x7f\u009b1m'
    root = suite.path('machines/evil')
    shutil.rmtree(root, ignore_errors=True)
    machines.fresh(root)
    for name in ('driver_override', 'power_state', 'reset_method', 'boot_vga'):
        write(root + DEVICE + '/' + name, evil + '\n')
    for name in ('/proc/cmdline', '/proc/sys/kernel/osrelease',
                 '/sys/class/graphics/fb1/name', '/proc/812/comm'):
        write(root + name, 'quiet video=' + evil + '\n')
    os.makedirs(root + '/proc/812/fd')
    os.symlink('/dev/vga_arbiter', root + '/proc/812/fd/3')
    write(root + '/proc/interrupts', ' 16: 1 %s nouveau\n' % evil)
    write(root + '/usr/share/misc/pci.ids', '10de  %s\n\t128b  %s\n' %
          (evil, evil))
    driver = root + '/sys/bus/pci/drivers/' + evil.replace('/', '')
    os.makedirs(driver)
    os.remove(root + DEVICE + '/driver')
    os.symlink(os.path.relpath(driver, os.path.realpath(root + DEVICE)),
               root + DEVICE + '/driver')
    rom, domain = suite.path('%s.rom' % evil.replace('/', '')), suite.path('e.xml')
    write(rom, machines.rom(*machines.GT710)[:3000])
    write(domain, tool.DOMAIN.replace('guest', 'g\u009b1m\x7f'))
    there = ['--sysfs-root', root]
    for words in (['list', *there], ['check', '01:00.0', *there],
                  ['report', *there], ['bind', '01:00.0', *there],
                  ['unbind', '01:00.0', *there],
                  ['bind', '01:00.0', '--apply', *there],
                  ['args', '01:00.0', '--romfile', rom, *there],
                  ['proxmox', '01:00.0', '--romfile', rom, *there],
                  ['xml', '01:00.0', '--domain', domain, *there],
                  ['xml', '01:00.0', '--domain', domain, '--full', *there],
                  ['xml', '01:00.0', '--domain', rom, *there],
                  ['check', '01:00.0', '--romfile', rom, *there],
                  ['rom', 'info', rom], ['rom', 'verify', rom],
                  ['rom', 'info', suite.path(evil)], ['check', evil, *there],
                  ['rom', 'fix', rom, '-o', rom], [evil]):
        sent = on_terminal(suite, *words).decode()
        same([c for c in sent if (c < ' ' and c not in '\r\n\t') or
              '\x7f' <= c < '\xa0'], [], '%s: %r' % (words, sent))


def t_quoting(suite):
    """what a device says is no command of the undo script's"""
    root, kernel = machine(suite, 'quote')
    mark = suite.path('executed')
    evil = '$(touch %s);`touch %s`' % ((mark.replace('/', '_'),) * 2)
    write(root + DEVICE + '/driver_override', evil + '\n')
    name = "a'b $(touch x) -n"
    driver = root + '/sys/bus/pci/drivers/' + name
    os.makedirs(driver)
    write(driver + '/unbind', '')
    os.remove(root + DEVICE + '/driver')
    os.symlink(os.path.relpath(driver, os.path.realpath(root + DEVICE)),
               root + DEVICE + '/driver')
    shown = suite.run('bind', '01:00.0', root='quote', code=0).stdout
    suite.run('bind', '01:00.0', '--apply', root='quote', code=0)
    same(read(driver + '/unbind'), b'0000:01:00.0\n')
    place = suite.path('empty')
    os.makedirs(place)
    undo = undo_file(root)
    for script in (shown, read(undo).decode()):
        subprocess.run(['sh', '-e', '-c', script], check=True, cwd=place)
        same(os.listdir(place), [], script)
    same(read(root + DEVICE + '/driver_override').decode(), evil + '\n')
    kernel.end()
    # A new line would end the script's comment, and no driver is called so.
    for bad in ('x\ntouch y', 'a\x1b[2J', '../../../x'):
        root, kernel = machine(suite, 'quote')
        write(root + DEVICE + '/driver_override', bad + '\n')
        suite.says('not the name of a driver', 'bind', '01:00.0', '--apply',
                   root='quote', code=4)
        same(os.path.exists(undo_file(root)), False)
        kernel.end()


def t_undo_foreign(suite):
    """only files that bind wrote are removed or replaced"""
    root, kernel = machine(suite, 'foreign')
    victim = suite.path('victim.txt')
    link = suite.path('victim.link')
    suite.run('bind', '01:00.0', '--apply', root='foreign', code=0)
    for data in (b'precious\n', b'', b'#!/bin/sh\nrm -rf /\n'):
        write(victim, data)
        suite.says('not an undo file', 'unbind', '01:00.0', '--undo', victim,
                   '--apply', root='foreign', code=4)
        same(read(victim), data)
    os.symlink(undo_file(root), link)
    suite.says('not an undo file', 'unbind', '01:00.0', '--undo', link,
               '--apply', root='foreign', code=4)
    same(tool.driver_of(root, '0000:01:00.0'), 'vfio-pci')
    suite.run('unbind', '01:00.0', '--apply', root='foreign', code=0)
    suite.says('not an undo file', 'bind', '01:00.0', '--undo', victim,
               '--apply', root='foreign', code=4)
    same(read(victim), data)
    suite.run('bind', '01:00.0', '--undo', victim, '--apply', '--force',
              root='foreign', code=0)
    same(b'# Undoes vga-assign bind.' in read(victim), True, 'with --force')
    suite.run('unbind', '01:00.0', '--undo', victim, '--apply', root='foreign',
              code=0)
    same(os.path.exists(victim), False, 'its own')
    kernel.end()


def t_undo_state(suite):
    """a stale undo file does not block, the first state is never lost"""
    root, kernel = machine(suite, 'stale')
    override = root + DEVICE + '/driver_override'
    write(override, 'nouveau\n')
    suite.run('bind', '01:00.0', '--apply', root='stale', code=0)
    undo = undo_file(root)
    same("override 'nouveau'" in read(undo).decode(), True)
    # Half of it was undone by somebody: bound to nothing, still overridden.
    os.remove(root + DEVICE + '/driver')
    for more in ([], ['--force']):
        suite.run('bind', '01:00.0', '--apply', *more, root='stale', code=0)
        same("override 'nouveau'" in read(undo).decode(), True, more)
        os.remove(root + DEVICE + '/driver')
    # All of it was undone, not by unbind: what is now is the first state.
    write(override, '(null)\n')
    os.symlink(os.path.relpath(root + '/sys/bus/pci/drivers/nouveau',
                               os.path.realpath(root + DEVICE)),
               root + DEVICE + '/driver')
    suite.run('bind', '01:00.0', '--apply', root='stale', code=0)
    same("override ''" in read(undo).decode(), True, read(undo))
    suite.run('unbind', '01:00.0', '--apply', root='stale', code=0)
    same(tool.driver_of(root, '0000:01:00.0'), 'nouveau')
    kernel.end()


def t_undo_group(suite):
    """giving one device back keeps what is known of its group"""
    root, kernel = machine(suite, 'group')
    audio = root + '/sys/bus/pci/devices/0000:01:00.1/driver_override'
    write(root + DEVICE + '/driver_override', 'nouveau\n')
    write(audio, 'snd_hda_intel\n')
    undo = undo_file(root)
    for first, second in (('01:00.0', '01:00.1'), ('01:00.1', '01:00.0')):
        suite.run('bind', '01:00.0', '--group', '--apply', root='group', code=0)
        suite.run('unbind', first, '--apply', root='group', code=0)
        text = read(undo).decode()
        same(['# 0000:%s override' % b in text for b in (first, second)],
             [False, True], text)
        suite.run('unbind', second, '--apply', root='group', code=0)
        same(os.path.exists(undo), False)
        same(read(audio).decode().split('\n', maxsplit=1)[0], 'snd_hda_intel')
        same(tool.driver_of(root, '0000:01:00.0'), 'nouveau')
    kernel.end()


def t_json_applied(suite):
    """bind --json says what was done, not what was asked for"""
    root, kernel = machine(suite, 'applied')
    value = suite.json('bind', '01:00.0', root='applied')
    same((value['applied'], value['undo_file']), (False, None))
    same({s['done'] for s in value['steps']}, {False})
    value = suite.json('bind', '01:00.0', '--apply', root='applied')
    same((value['applied'], value['error']), (True, None))
    same({s['done'] for s in value['steps']}, {True})
    same(value['devices'], [{'address': '0000:01:00.0', 'driver': 'vfio-pci'}])
    same(os.path.exists(value['undo_file']), True)
    value = suite.json('unbind', '01:00.0', '--apply', root='applied')
    same((value['applied'], value['undo_file']), (True, None))
    kernel.end()

    for reason in ('driver', 'unbind', 'arrive', 'undo'):
        root, _ = machine(suite, 'applied', kernel=False)
        if reason == 'driver':
            shutil.rmtree(root + VFIO)
        elif reason == 'unbind':
            os.remove(root + '/sys/bus/pci/drivers/nouveau/unbind')
        elif reason == 'undo':
            write(undo_file(root), 'not ours')
        done = suite.run('bind', '01:00.0', '--json', '--apply', root='applied')
        value = json.loads(done.stdout)
        same(jsonschema.problems(value, suite.schema, suite.schema), [])
        same(done.returncode, 1 if reason == 'arrive' else 4, reason)
        same(value.get('applied', False), False, reason)
        same(value['error']['message'] != '', True, value)
        same('error:' in done.stderr, False, done.stderr)
        if reason == 'unbind':
            same([s['done'] for s in value['steps']], [True, False, False])
        if reason == 'arrive':
            same(value['devices'][0]['driver'], 'nouveau')


def t_holders(suite):
    """bind and unbind refuse while a process has the device open"""
    root, kernel = machine(suite, 'holders')
    write(root + '/dev/dri/card1', '')
    write(root + '/proc/3217/comm', 'gnome-shell\n')
    os.makedirs(root + '/proc/3217/fd')
    os.symlink('/dev/dri/card1', root + '/proc/3217/fd/9')
    before = files(root)
    done = suite.says('gnome-shell (process 3217)', 'bind', '01:00.0',
                      '--apply', root='holders', code=4)
    same('nothing was done' in done.stderr and 'hint: ' in done.stderr, True)
    suite.says('gnome-shell (process 3217)', 'bind', '01:00.0', root='holders',
               code=0)
    after = files(root)
    same(after, before)
    shutil.rmtree(root + '/proc/3217')
    suite.run('bind', '01:00.0', '--apply', root='holders', code=0)
    # A guest.
    write(root + '/proc/99/comm', 'qemu-system-x86\n')
    os.makedirs(root + '/proc/99/fd')
    os.symlink('/dev/vfio/16', root + '/proc/99/fd/30')
    suite.says('qemu-system-x86 (process 99)', 'unbind', '01:00.0', '--apply',
               root='holders', code=4)
    same(tool.driver_of(root, '0000:01:00.0'), 'vfio-pci')
    kernel.end()


def t_persist(suite):
    """bind --persist: shown first, by driverctl's file or udev's, undone"""
    rule = '/etc/udev/rules.d/05-vga-assign-0000:01:00.0.rules'
    driverctl = '/etc/driverctl.d/pci-0000:01:00.0'
    for installed, path in ((False, rule), (True, driverctl)):
        root, kernel = machine(suite, 'persist')
        undo = undo_file(root, where='/var/lib')
        if installed:
            write(root + '/usr/sbin/driverctl', '')
        shown = suite.run('bind', '01:00.0', '--persist', root='persist',
                          code=0).stdout
        same(path in shown and 'vfio-pci' in shown, True, shown)
        same(os.path.exists(root + path), False, 'before --apply')
        value = suite.json('bind', '01:00.0', '--persist', '--apply',
                           root='persist')
        same([s['path'] for s in value['steps'] if s['kind'] == 'create'],
             [path])
        text = read(root + path).decode()
        same(text, 'vfio-pci\n' if installed else text)
        if not installed:
            for part in ('KERNEL=="0000:01:00.0"', 'ATTR{vendor}=="0x10de"',
                         'ATTR{driver_override}="vfio-pci"'):
                same(part in text, True, text)
        # A reboot: /run is empty, and nothing of ours is lost.
        shutil.rmtree(root + '/run', ignore_errors=True)
        same(os.path.exists(undo), True)
        same('rm -f %s' % (root + path) in read(undo).decode(), True)
        suite.run('bind', '01:00.0', '--persist', '--apply', root='persist',
                  code=0)
        same(read(root + path).decode(), text, 'a second time')
        shown = suite.run('unbind', '01:00.0', root='persist', code=0).stdout
        same('rm -f %s' % (root + path) in shown, True, shown)
        suite.run('unbind', '01:00.0', '--apply', root='persist', code=0)
        same([os.path.exists(p) for p in (root + path, undo)], [False, False])
        same(tool.driver_of(root, '0000:01:00.0'), 'nouveau')
        # Bound already, for good then.
        suite.run('bind', '01:00.0', '--apply', root='persist', code=0)
        suite.run('bind', '01:00.0', '--persist', '--apply', root='persist',
                  code=0)
        same([os.path.exists(p) for p in (root + path, undo,
                                          undo_file(root))],
             [True, True, False])
        suite.run('unbind', '01:00.0', '--apply', root='persist', code=0)
        kernel.end()


def t_persist_foreign(suite):
    """bind --persist leaves files of others alone"""
    rule = '/etc/udev/rules.d/05-vga-assign-0000:01:00.0.rules'
    driverctl = '/etc/driverctl.d/pci-0000:01:00.0'
    for installed, path, data in ((False, rule, '# mine\n'),
                                  (True, driverctl, 'pci-stub\n')):
        root, kernel = machine(suite, 'persist')
        if installed:
            write(root + '/usr/sbin/driverctl', '')
        write(root + path, data)
        suite.says(path, 'bind', '01:00.0', '--persist', '--apply',
                   root='persist', code=4)
        same(read(root + path).decode(), data)
        same(tool.driver_of(root, '0000:01:00.0'), 'nouveau')
        kernel.end()
    # Somebody's own override is said, and stays.
    root, kernel = machine(suite, 'persist')
    write(root + '/usr/sbin/driverctl', '')
    write(root + driverctl, 'vfio-pci\n')
    suite.run('bind', '01:00.0', '--persist', '--apply', root='persist', code=0)
    suite.says('driverctl unset-override 0000:01:00.0', 'unbind', '01:00.0',
               '--apply', root='persist', code=0)
    same(read(root + driverctl), b'vfio-pci\n')
    kernel.end()


def t_copy(suite):
    """nothing is written outside of a copy of a machine"""
    outside = suite.path('outside')
    for link in (DEVICE, '/sys/bus/pci/drivers/nouveau', '/run', '/var/lib',
                 '/etc'):
        root, kernel = machine(suite, 'copy')
        shutil.rmtree(outside, ignore_errors=True)
        real = os.path.realpath(root + link)
        if os.path.isdir(real):
            shutil.copytree(real, outside, symlinks=True)
            (os.remove if os.path.islink(root + link) else
             shutil.rmtree)(root + link)
        else:
            os.makedirs(outside)
            os.makedirs(os.path.dirname(root + link), exist_ok=True)
        if link == DEVICE:
            os.remove(outside + '/driver')
            os.symlink(root + '/sys/bus/pci/drivers/nouveau',
                       outside + '/driver')
        os.symlink(outside, root + link)
        before = files(outside)
        persist = [] if link == '/run' else ['--persist']
        done = suite.run('bind', '01:00.0', '--apply', *persist, root='copy',
                         code=4)
        same('leads out of' in done.stderr, True, done.stderr)
        same(files(outside), before, link)
        kernel.end()


def t_copy_flash(suite):
    """no register outside of a copy of a machine is written for a flash ROM"""
    root, place = tool.flash_adapter(suite, 'flashlink',
                                     machines.rom(0x10de, 0x1c81))
    outside = suite.path('flashlink.outside')
    real = os.path.realpath(place)
    shutil.move(real, outside)
    os.symlink(outside, real)
    before = files(outside)
    suite.says('symbolic links', 'rom', 'dump', '01:00.0', '--source', 'flash',
               '--apply', '-o', suite.path('flashlink.rom'), *root, code=4)
    same(files(outside), before)


def t_unpack(suite):
    """unpacking a report never leaves its directory"""
    victim, report = suite.path('target/victim'), suite.path('evil.report')
    for lines in (
            ['file ../victim', '|x'], ['file /../victim', '|x'],
            ['file /a/../../victim', '|x'], ['file victim', '|x'],
            ['text /a %s' % os.path.dirname(victim), 'file /a/victim', '|x'],
            ['text /a ../target', 'file /a/victim', '|x'],
            ['text /a %s' % victim, 'file /a', '|x'],
            ['text /proc/1/fd/1 %s' % os.path.dirname(victim),
             'file /proc/1/fd/1/victim', '|x'],
            ['text /proc/1/fd/1 %s' % victim, 'file /proc/1/fd/1', '|x'],
            ['text /proc/1/fd/1 %s' % victim, 'node /proc/1/fd/1 0777'],
            ['text /proc/1/fd/1 %s' % os.path.dirname(victim),
             'link /b /proc/1/fd/1/x'],
            ['text /proc/1/fd/1 %s' % os.path.dirname(victim),
             'directory /proc/1/fd/1/x'],
            ['binary /x', ' ffffffffff 1 00'], ['binary /x', ' 0 99999999999 00'],
            ['|x'], ['file'], ['node /x 4755', 'frob'], ['node /x rubbish']):
        shutil.rmtree(os.path.dirname(victim), ignore_errors=True)
        shutil.rmtree(suite.path('unpacked'), ignore_errors=True)
        write(victim, 'precious')
        write(report, '\n'.join(['vga-assign report 1'] + lines) + '\n')
        done = subprocess.run(
            [sys.executable, os.path.join(HERE, 'machines.py'), '--unpack',
             report, suite.path('unpacked')], capture_output=True,
            encoding='utf-8', check=False)
        same(done.returncode != 0 and 'Traceback' not in done.stderr, True,
             '%s: %s' % (lines, done.stderr))
        same(sorted(files(os.path.dirname(victim)).values()), [b'precious'],
             lines)
        same(stat.S_IMODE(os.stat(victim).st_mode) & 0o111, 0, lines)
    write(report, 'vga-assign report 1\nnode /x 6755\n')
    shutil.rmtree(suite.path('unpacked'), ignore_errors=True)
    subprocess.run([sys.executable, os.path.join(HERE, 'machines.py'),
                    '--unpack', report, suite.path('unpacked')], check=True)
    same(stat.S_IMODE(os.stat(suite.path('unpacked/x')).st_mode), 0o755)


def t_report_names(suite):
    """names of the host add no lines to a report, and no paths"""
    root = suite.path('machines/names')
    shutil.rmtree(root, ignore_errors=True)
    machines.ready(root)
    device = os.path.realpath(root + DEVICE)
    for name in ('a\nfile /etc/x\n|y', 'a b', '..', 'x\tz'):
        driver = root + '/sys/bus/pci/drivers/' + name
        os.makedirs(driver, exist_ok=True)
        os.remove(device + '/driver')
        os.symlink(os.path.relpath(root + '/sys/bus/pci/drivers', device) +
                   '/' + name, device + '/driver')
        os.makedirs(root + '/sys/class/iommu/' + name, exist_ok=True)
        write(root + '/proc/44/comm', name)
        os.makedirs(root + '/proc/44/fd', exist_ok=True)
        if not os.path.lexists(root + '/proc/44/fd/1'):
            os.symlink('/dev/vfio/16', root + '/proc/44/fd/1')
        report = suite.path('names.report')
        suite.run('report', '--force', '-o', report, root='names', code=0)
        text = read(report).decode()
        same('\nfile /etc/x' in text or '/..' in text.replace('../', ''),
             False, text)
        copy = suite.path('names.copy')
        shutil.rmtree(copy, ignore_errors=True)
        subprocess.run([sys.executable, os.path.join(HERE, 'machines.py'),
                        '--unpack', report, copy], check=True)
        suite.run('check', '01:00.0', '--sysfs-root', copy, root=None)


if __name__ == '__main__':
    tool.main(globals())
