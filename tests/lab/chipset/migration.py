# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that move between QEMUs, patched and unpatched."""

from bench import Bench, require
from vgalab import guest_code, paths

from . import MACHINES, STRICT
from .guests import linux_arguments

VERSIONED = {'pc': 'pc-i440fx-10.2', 'q35': 'pc-q35-10.2'}
# These have a migration stream that the series could change.
ADAPTERS = ('VGA', 'secondary-vga', 'cirrus-vga', 'ati-vga', 'bochs-display',
            'virtio-vga', 'pci-bridge,id=bridge,chassis_nr=1',
            'VGA,bus=bridge,addr=1')
# pam-hold.S says for each segment what it reads, and what the code there
# returns. Modes 1 and 3 read DRAM, which has 30 and up. Mode 0 reads the PCI
# side. Mode 2 reads the PCI side if PAM is strict, and DRAM otherwise.
HELD = {'strict': lambda n: pci_held(n) if n % 2 == 0 else dram_held(n),
        'as ever': lambda n: pci_held(n) if n % 4 == 0 else dram_held(n)}


def dram_held(number):
    """Returns what pam-hold.S says of a segment that reads DRAM."""
    return f'{0x30 + number:02x}' * 2


def pci_held(number):
    """Returns what pam-hold.S says of a segment that reads the PCI side."""
    return f'{guest_code.PCI_PATTERN + number:02x}' * 2


def move(bench, source, target):
    """Migrates a guest to a QEMU that waits with -incoming defer."""
    uri = f'unix:{bench.path("stream")}'
    target.command('migrate-incoming', uri=uri)
    source.command('migrate', uri=uri)
    bench.wait(lambda: source.command('query-migrate').get('status') in
               ('completed', 'failed'), 'the end of the migration')
    state = source.command('query-migrate')
    require(state['status'] == 'completed', f'migration: {state}')
    bench.wait(lambda: target.command('query-status')['running'],
               'the target running')


def moved(arguments, first, second):
    """A guest runs on the first QEMU, then on the second, then on the first.

    arguments(bench, name, options) gives the arguments of each; first and
    second are (binary, machine options).  What is returned takes check(bench,
    name), which is called for each of the three QEMUs.
    """
    def run(check):
        with Bench() as bench:
            def start(index, qemu_and_options, *more):
                qemu, options = qemu_and_options
                return bench.start(qemu, f'guest{index}',
                                   *arguments(bench, f'guest{index}', options),
                                   *more)
            here = start(0, first)
            check(bench, 'guest0')
            for index, place in enumerate((second, first), 1):
                there = start(index, place, '-incoming', 'defer')
                move(bench, here, there)
                here.command('quit')
                bench.gone(here.process)
                check(bench, f'guest{index}')
                here = there
    return run


def hold_case(name, machine, first, second, held, devices=()):
    """Makes a case of segments that are in every mode of PAM when they move."""
    def arguments(bench, guest, options):
        side = guest_code.pci_side()
        return [*bench.debug(guest), '-machine',
                f'{VERSIONED[machine]},accel=tcg{options}', '-m', '64', '-vga',
                'none', '-bios', guest_code.firmware('pam-hold', 128),
                '-device', f'loader,file={side},addr=0xc0000,force-raw=on',
                *[word for d in devices for word in ('-device', d)]]

    wanted = ' '.join(HELD[held](n) for n in range(13))

    def check(bench, guest):
        def lines():
            return [l.strip() for l in bench.said(guest + '.debug')
                    if not l.startswith('chipset')]
        # The first line after a migration may be the rest of one.
        bench.wait(lambda: len(lines()) >= 3, f'three lines of {guest}')
        for line in lines()[0 if guest == 'guest0' else 1:]:
            require(line == wanted, f'{guest}: {line}\n{wanted} wanted')

    run = moved(arguments, first, second)
    return (f'migration, PAM {held}: {machine} {name} and back'
            + (', with each adapter' if devices else ''), lambda: run(check))


def linux_migrates(machine, name, first, second):
    """Makes the case that a Linux guest goes on running."""
    def arguments(bench, guest, options):
        return linux_arguments(bench, guest, VERSIONED[machine], options,
                               'lab.tick')

    run = moved(arguments, first, second)
    return (f'migration of Linux: {machine} {name} and back', lambda: run(
        lambda bench, guest: bench.wait_for_line(guest + '.serial',
                                                 'LAB GUEST TICKS', 3)))


def migration():
    """Guests move between both QEMUs, of the same machine type, both ways."""
    new, old = (paths.QEMU, ''), (paths.QEMU_BASE, '')
    strict = (paths.QEMU, STRICT)
    cases = []
    for machine in MACHINES:
        cases += [
            hold_case('unpatched to patched', machine, old, new, 'as ever'),
            hold_case('unpatched to patched', machine, old, new, 'as ever',
                      ADAPTERS),
            hold_case('patched to patched', machine, strict, strict,
                      'strict'),
            linux_migrates(machine, 'unpatched to patched', old, new)]
    return cases
