# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests with everything on: S3 and reset, kvmvapic, GRUB, memtest86+."""

import re

from bench import Bench, require
from vgalab import debian, disks, initramfs, paths
from vgalab.machine import ram_blocks, read_screen

from . import MACHINES, STRICT


def linux_arguments(bench, guest, machine, options, word):
    """Returns the arguments of Linux whose console is the file GUEST.serial."""
    return ['-machine', f'{machine},accel=tcg{options}', '-m', '256', '-vga',
            'std', '-chardev', 'file,id=serial,path='
            + bench.path(guest + '.serial'), '-serial', 'chardev:serial',
            '-kernel', debian.kernel(), '-initrd', initramfs.guest_initrd(),
            '-append', f'console=ttyS0 quiet no_timer_check {word}']


def suspend_case(machine):
    """Makes a case of S3, a reset and S3 again; SeaBIOS resumes each time."""
    def case():
        with Bench() as bench:
            qmp = bench.start(paths.QEMU, 'guest', *linux_arguments(
                bench, 'guest', machine, STRICT, 'lab.suspend'))
            bench.wait_for_line('guest.serial', 'LAB GUEST READY')
            for times in 1, 2:
                bench.wait(lambda: qmp.command('query-status')['status']
                           == 'suspended', 'the guest asleep')
                qmp.command('system_wakeup')
                bench.wait_for_line('guest.serial', 'LAB GUEST AWAKE', times)
                require(sum('LAB GUEST READY' in l for l in
                            bench.said('guest.serial')) == times,
                        'it was a boot and not a resume')
                if times == 1:
                    qmp.command('system_reset')
                    bench.wait_for_line('guest.serial', 'LAB GUEST READY', 2)
    return (f'S3, reset, S3: {machine} with everything on', case)


def vapic_case(machine):
    """Makes the case that QEMU can write kvmvapic's ROM, once protected."""
    def case():
        with Bench() as bench:
            qmp = bench.start(paths.QEMU, 'guest', '-machine',
                              f'{machine},accel=tcg{STRICT}', '-m', '64',
                              *bench.debug('guest'))
            bench.wait_for_line('guest.debug', 'No bootable device')
            said = [qmp.command('human-monitor-command',
                                **{'command-line': 'info mtree' + flat})
                    for flat in ('', ' -f')]
        rom = re.search(r'([0-9a-f]{16})-([0-9a-f]{16}) \(prio 1000, ram\): '
                        r'alias kvmvapic-rom @pc.ram', said[0])
        require(rom, 'kvmvapic has not mapped its ROM: ' + said[0])
        first, last = (int(end, 16) for end in rom.groups())
        # SMM has a view of its own, and the order of the views varies.
        view, = (view for view in said[1].split('FlatView #')
                 if 'AS "memory"' in view)
        ranges_of_memory = re.findall(
            r'^ +([0-9a-f]{16})-([0-9a-f]{16}) \(prio 0, (\w+)\): '
            r'(pc\.ram|pam-dram)', view, re.MULTILINE)
        around = {kind: (int(start, 16), int(end, 16))
                  for start, end, kind, name in ranges_of_memory
                  if int(start, 16) <= last + 1 and int(end, 16) >= first - 1}
        require(around.get('ram', (last, 0)) == (first, last),
                f'the ROM is not writable RAM of its own: {ranges_of_memory}')
        require('rom' in around, 'nothing beside it is write-protected, so '
                f'this shows nothing: {ranges_of_memory}')
    return (f'kvmvapic: {machine} with everything on', case)


def screen_case(name, machine, text, *arguments):
    """Makes the case that a guest shows a text on VGA."""
    def case():
        with Bench() as bench:
            qmp = bench.start(paths.QEMU, 'guest', '-machine',
                              f'{machine},accel=tcg{STRICT}', '-m', '256',
                              '-vga', 'none', '-device', 'VGA,id=gpu',
                              *arguments)
            vram, = (address for block, address in ram_blocks(qmp).items()
                     if block.endswith('vga.vram'))

            def shown():
                lines, _ = read_screen(qmp, qmp.process.pid, 'gpu', vram,
                                       bench.temporary.name)
                return any(text in l for l in lines or [])
            bench.wait(shown, f'"{text}" on the screen')
    return (f'{name}: {machine} with everything on', case)


def guests():
    """All guests boot with everything on, even by -kernel."""
    cases = []
    for machine in MACHINES:
        cases += [
            suspend_case(machine),
            vapic_case(machine),
            screen_case('GRUB', machine, 'Linux on the assigned adapter',
                        '-drive', f'file={disks.grub_disk(-1)},format=raw,'
                        'snapshot=on,if=virtio'),
            screen_case('memtest86+', machine, 'Memtest86', '-kernel',
                        debian.memtest())]
    return cases
