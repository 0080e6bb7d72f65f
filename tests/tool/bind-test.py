#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`vga-assign bind` reports what it has done, and only this is undone.

usage: bind-test.py VGA-ASSIGN

TAP.
"""
import json
import os
import shutil
import subprocess

import jsonschema
from harness import (DEVICE, VFIO, changeable, driver_of, files, main, read,
                     same, undo_file, write)


def t_quoting(suite):
    """what a device says never becomes a command of the undo script"""
    root, kernel = changeable(suite, 'quote')
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
    # A line break would end the script's comment, and no driver has such a
    # name.
    for bad in ('x\ntouch y', 'a\x1b[2J', '../../../x'):
        root, kernel = changeable(suite, 'quote')
        write(root + DEVICE + '/driver_override', bad + '\n')
        suite.says('not the name of a driver', 'bind', '01:00.0', '--apply',
                   root='quote', code=4)
        same(os.path.exists(undo_file(root)), False)
        kernel.end()


def t_undo_foreign(suite):
    """only files that bind wrote are removed or replaced"""
    root, kernel = changeable(suite, 'foreign')
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
    same(driver_of(root, '0000:01:00.0'), 'vfio-pci')
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
    """a stale undo file does not prevent bind; the first state is kept"""
    root, kernel = changeable(suite, 'stale')
    override = root + DEVICE + '/driver_override'
    write(override, 'nouveau\n')
    suite.run('bind', '01:00.0', '--apply', root='stale', code=0)
    undo = undo_file(root)
    same("override 'nouveau'" in read(undo).decode(), True)
    # One half was undone by somebody: the device has no driver, but the
    # override.
    os.remove(root + DEVICE + '/driver')
    for more in ([], ['--force']):
        suite.run('bind', '01:00.0', '--apply', *more, root='stale', code=0)
        same("override 'nouveau'" in read(undo).decode(), True, more)
        os.remove(root + DEVICE + '/driver')
    # Everything was undone, but not by unbind: the present state is the first
    # one.
    write(override, '(null)\n')
    os.symlink(os.path.relpath(root + '/sys/bus/pci/drivers/nouveau',
                               os.path.realpath(root + DEVICE)),
               root + DEVICE + '/driver')
    suite.run('bind', '01:00.0', '--apply', root='stale', code=0)
    same("override ''" in read(undo).decode(), True, read(undo))
    suite.run('unbind', '01:00.0', '--apply', root='stale', code=0)
    same(driver_of(root, '0000:01:00.0'), 'nouveau')
    kernel.end()


def t_undo_group(suite):
    """giving one device back keeps the records of its group"""
    root, kernel = changeable(suite, 'group')
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
        same(driver_of(root, '0000:01:00.0'), 'nouveau')
    kernel.end()


def t_json_applied(suite):
    """bind --json says what was done, not what was asked for"""
    root, kernel = changeable(suite, 'applied')
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
        root, _ = changeable(suite, 'applied', kernel=False)
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


def t_shown(suite):
    """a dry run shows all commands, --apply each one when it is done"""
    root, kernel = changeable(suite, 'shown')
    dry = suite.run('bind', '01:00.0', '--group', root='shown', code=0).stdout
    same(dry.count('echo'), 6, dry)
    same('modprobe' in dry, False, dry)
    done = suite.run('bind', '01:00.0', '--group', '--apply', root='shown',
                     code=0)
    same(done.stdout, dry, 'what was done')
    same('nothing was done' in done.stderr, False, done.stderr)
    dry = suite.run('unbind', '01:00.0', '--group', root='shown', code=0).stdout
    same(suite.run('unbind', '01:00.0', '--group', '--apply', root='shown',
                   code=0).stdout, dry)
    kernel.end()
    # A command that fails, and those behind it, are not shown.
    root, _ = changeable(suite, 'shown', kernel=False)
    os.remove(root + '/sys/bus/pci/drivers/nouveau/unbind')
    done = suite.run('bind', '01:00.0', '--apply', root='shown', code=4)
    same(done.stdout, 'echo vfio-pci > %s/driver_override\n' % (root + DEVICE))
    same(done.stderr.count('nouveau/unbind'), 1, done.stderr)


def t_not_loaded(suite):
    """without vfio-pci the dry run loads it first, and --apply does nothing"""
    root, _ = changeable(suite, 'unloaded', kernel=False)
    shutil.rmtree(root + VFIO)
    before = files(root)
    done = suite.says('once vfio-pci is loaded, --apply does the rest', 'bind',
                      '01:00.0', root='unloaded', code=0)
    same(done.stdout.split('\n')[0], 'modprobe vfio-pci')
    done = suite.says('not loaded; nothing was done', 'bind', '01:00.0',
                      '--apply', root='unloaded', code=4)
    same(done.stdout, '')
    same('hint: modprobe vfio-pci\n' in done.stderr, True, done.stderr)
    same('modprobe' in suite.run('unbind', '01:00.0', root='unloaded').stdout,
         False)
    same(files(root), before)


def t_no_group(suite):
    """without an IOMMU group the dry run warns, and --apply refuses"""
    for noiommu in (False, True):
        root, kernel = changeable(suite, 'no-group')
        os.remove(root + DEVICE + '/iommu_group')
        if noiommu:
            write(root + '/sys/module/vfio/parameters/'
                  'enable_unsafe_noiommu_mode', 'Y\n')
        before = files(root)
        done = suite.run('bind', '01:00.0', root='no-group', code=0)
        same('no IOMMU group; see iommu in vga-assign check 0000:01:00.0' in
             done.stderr, not noiommu, done.stderr)
        for more in ([], ['--json']):
            done = suite.run('bind', '01:00.0', '--apply', *more,
                             root='no-group', code=0 if noiommu else 4)
            same('which has no IOMMU group; nothing was done' in
                 done.stderr + done.stdout, not noiommu, done.stderr)
        same(files(root) == before, not noiommu)
        same(driver_of(root, '0000:01:00.0'),
             'vfio-pci' if noiommu else 'nouveau')
        kernel.end()


def t_holders(suite):
    """bind and unbind refuse while a process has the device open"""
    root, kernel = changeable(suite, 'holders')
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
    # The program is a guest.
    write(root + '/proc/99/comm', 'qemu-system-x86\n')
    os.makedirs(root + '/proc/99/fd')
    os.symlink('/dev/vfio/16', root + '/proc/99/fd/30')
    suite.says('qemu-system-x86 (process 99)', 'unbind', '01:00.0', '--apply',
               root='holders', code=4)
    same(driver_of(root, '0000:01:00.0'), 'vfio-pci')
    kernel.end()


def t_persist(suite):
    """bind --persist is shown, uses driverctl or udev, and is undone"""
    rule = '/etc/udev/rules.d/05-vga-assign-0000:01:00.0.rules'
    driverctl = '/etc/driverctl.d/pci-0000:01:00.0'
    for installed, path in ((False, rule), (True, driverctl)):
        root, kernel = changeable(suite, 'persist')
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
        # After a reboot /run is empty, and no record is lost.
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
        same(driver_of(root, '0000:01:00.0'), 'nouveau')
        # The device is bound already; now the binding becomes lasting.
        suite.run('bind', '01:00.0', '--apply', root='persist', code=0)
        suite.run('bind', '01:00.0', '--persist', '--apply', root='persist',
                  code=0)
        same([os.path.exists(p) for p in (root + path, undo,
                                          undo_file(root))],
             [True, True, False])
        suite.run('unbind', '01:00.0', '--apply', root='persist', code=0)
        kernel.end()


def t_persist_foreign(suite):
    """bind --persist leaves other programs' files alone"""
    rule = '/etc/udev/rules.d/05-vga-assign-0000:01:00.0.rules'
    driverctl = '/etc/driverctl.d/pci-0000:01:00.0'
    for installed, path, data in ((False, rule, '# mine\n'),
                                  (True, driverctl, 'pci-stub\n')):
        root, kernel = changeable(suite, 'persist')
        if installed:
            write(root + '/usr/sbin/driverctl', '')
        write(root + path, data)
        suite.says(path, 'bind', '01:00.0', '--persist', '--apply',
                   root='persist', code=4)
        same(read(root + path).decode(), data)
        same(driver_of(root, '0000:01:00.0'), 'nouveau')
        kernel.end()
    # A foreign override is reported, and stays.
    root, kernel = changeable(suite, 'persist')
    write(root + '/usr/sbin/driverctl', '')
    write(root + driverctl, 'vfio-pci\n')
    suite.run('bind', '01:00.0', '--persist', '--apply', root='persist', code=0)
    suite.says('driverctl unset-override 0000:01:00.0', 'unbind', '01:00.0',
               '--apply', root='persist', code=0)
    same(read(root + driverctl), b'vfio-pci\n')
    kernel.end()


if __name__ == '__main__':
    main(globals())
