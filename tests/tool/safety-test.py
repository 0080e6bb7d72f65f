#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test what vga-assign must never do: damage a file, report something else than it has written, or
send control characters of a device or a file to a terminal.

usage: safety-test.py VGA-ASSIGN

TAP.
"""
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
import roms
from harness import (DEVICE, DOMAIN, ENVIRONMENT, HERE, changeable, driver_of,
                     files, flash_adapter, main, read, same, write)


def t_remedy(suite):
    """a remedy never overwrites the file that was looked at"""
    good = roms.rom(0x10de, 0x128b)
    path = suite.path("it's my only copy.rom")
    kinds = {'truncated': good[:3000], 'posted': roms.posted(good),
             'foreign': roms.rom(0x1002, 0x699f), 'empty': b'',
             'text': b'root:x:0:0::/root:/bin/sh\n', 'ones': b'\xff' * 8192,
             'flash': roms.nvgi(good), 'sum': good[:99] + b'!' + good[100:]}
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
    write(path, roms.nvgi(good))
    fix = suite.json('rom', 'info', path)['findings']
    fix = [f['fix'] for f in fix if f['fix'] and 'rom fix' in f['fix']][0]
    words = subprocess.run(
        ['sh', '-c', 'printf "%s\\n" ' + fix.split(', then')[0]],
        capture_output=True, encoding='utf-8', check=True).stdout.split('\n')
    same(path in words, True, 'the name, quoted: %s' % fix)


def outputs(suite):
    """Yield outputs that are not regular files, with a check for afterwards."""
    place = suite.path('outputs')
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place + '/folder')
    os.mkfifo(place + '/fifo')
    for name in ('folder', 'fifo'):
        os.symlink(name, place + '/to-' + name)
    # A copy of the node is used, because replacing the real one breaks the machine.
    try:
        os.mknod(place + '/node', stat.S_IFCHR | 0o600, os.makedev(1, 3))
        os.symlink('node', place + '/to-node')
    except PermissionError:
        pass
    return place


def t_output_kind(suite):
    """-o replaces only regular files, even with --force"""
    place = outputs(suite)
    source = suite.path('kind.rom')
    write(source, roms.rom(0x10de, 0x128b))
    root, _ = changeable(suite, 'kind', kernel=False)
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
            suite.says('not a regular file', *words, '--force', code=4,
                       **more)
            suite.says(out, *words, code=4, **more)
            same(files(place), before, words)
    same(driver_of(root, '0000:01:00.0'), 'nouveau')


def t_output_input(suite):
    """an input is never replaced by the output"""
    root, _ = changeable(suite, 'input', machines.ready, False)
    rom = root + DEVICE + '/rom'
    before = read(rom)
    suite.says('is the input', 'rom', 'dump', '01:00.0', '-o', rom, '--force',
               '--sysfs-root', root, code=2)
    same(read(rom), before)


def t_xml_characters(suite):
    """characters that XML cannot express are not written into it"""
    for option in ('--romfile', '--emulator'):
        for bad in ('/a\x01b', '/a\nb', '/a\x1b[2J', b'/a\xff'):
            suite.says('control characters', 'xml', '01:00.0', option, bad,
                       code=2)


def t_no_space(suite):
    """a file that cannot be written completely does not appear at all"""
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
            env=ENVIRONMENT, preexec_fn=limit, check=False)
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
    """a result that cannot be written is one single error"""
    rom = suite.path('plain.rom')
    write(rom, roms.rom(*machines.GT710))
    root, _ = changeable(suite, 'full', machines.ready, False)
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
                    env=ENVIRONMENT)
                # A command without output has nothing to lose.
                said = suite.run(*words, *more, root=None).stdout
                same(done.returncode, 4 if said else 0,
                     '%s %s: %s' % (shell, words + more, done.stderr))
                same(done.stderr.count('error:'), 1 if said else 0,
                     done.stderr)
    same(files(root), before, 'the machine')
    done = subprocess.run([suite.tool, 'list', '--sysfs-root', root],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          preexec_fn=lambda: os.close(2), check=False,
                          env=ENVIRONMENT)
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
            (2, 'the address of an adapter', ['bind']),
            (1, 'VGA', ['xml', '01:00.1']),
            (2, 'number', ['proxmox', '01:00.0', '--vmid', 'x']),
            (4, 'PCI bus', ['list', '--sysfs-root', absent]),
            (4, 'No such file', ['rom', 'info', absent]),
            (4, 'No such file', ['rom', 'verify', absent]),
            (2, 'input', ['rom', 'fix', absent, '-o', absent]),
            (2, 'no output file', ['rom', 'dump', '01:00.0']),
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
    """Return what the user's terminal would receive."""
    master, slave = pty.openpty()
    child = subprocess.Popen([suite.tool, *words], stdout=slave, stderr=slave,
                             stdin=subprocess.DEVNULL,
                             env=dict(ENVIRONMENT, NO_COLOR='1',
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
    """control characters in names, files and devices never reach a terminal"""
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
    write(rom, roms.rom(*machines.GT710)[:3000])
    write(domain, DOMAIN.replace('guest', 'g\u009b1m\x7f'))
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


def t_copy(suite):
    """nothing is written outside of a copy of a machine"""
    outside = suite.path('outside')
    for link in (DEVICE, '/sys/bus/pci/drivers/nouveau', '/run', '/var/lib',
                 '/etc'):
        root, kernel = changeable(suite, 'copy')
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
    """reading the flash ROM of a copy writes to no register outside of it"""
    root, place = flash_adapter(suite, 'flashlink',
                                     roms.rom(0x10de, 0x1c81))
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
            [sys.executable, os.path.join(HERE, 'unpack.py'),
             report, suite.path('unpacked')], capture_output=True,
            encoding='utf-8', check=False)
        same(done.returncode != 0 and 'Traceback' not in done.stderr, True,
             '%s: %s' % (lines, done.stderr))
        same(sorted(files(os.path.dirname(victim)).values()), [b'precious'],
             lines)
        same(stat.S_IMODE(os.stat(victim).st_mode) & 0o111, 0, lines)
    write(report, 'vga-assign report 1\nnode /x 6755\n')
    shutil.rmtree(suite.path('unpacked'), ignore_errors=True)
    subprocess.run([sys.executable, os.path.join(HERE, 'unpack.py'), report,
                    suite.path('unpacked')], check=True)
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
        subprocess.run([sys.executable, os.path.join(HERE, 'unpack.py'),
                        report, copy], check=True)
        suite.run('check', '01:00.0', '--sysfs-root', copy, root=None)


if __name__ == '__main__':
    main(globals())
