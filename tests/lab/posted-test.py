#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""No posted write is lost or overtaken: posted-test.py GROUP (TAP).

Guests without an operating system (lab/guests/posted.c, race.c, palette.c) run
under the lab's KVM. They access a BAR, config space or a port after posted
writes to memory or to the palette; draw with two processors at the same time;
and load palettes with all other accesses in between. POSTED_SEED, RACE_ROUNDS
and PALETTE_LOADS choose other races and loads.
"""

import os
import re

from ways import WAYS, names

# __import__ is needed for a file name with a hyphen, as Meson's tests have.
LAB = __import__('lab-test')
from vgalab import disks, guest_code    # noqa: E402 (lab-test sets the path)

Lab, require = LAB.Lab, LAB.require

SEED = os.environ.get('POSTED_SEED', '3c03da')
ROUNDS = int(os.environ.get('RACE_ROUNDS', '500'))
LOADS = int(os.environ.get('PALETTE_LOADS', '500'))
CASE = re.compile(r'posted: (.*): (memory \d+ palette \d+.*)')
ALL = 'memory 64 palette 48'
PALETTE = re.compile(r'palette: (\d+) loads, .* wrong (\d+)$', re.MULTILINE)
# The most changes of the memory map for a screen that is drawn now and then
MAX_SLOTS = 5
RACE = re.compile(r'race: (\w+): .* wrong (\d+ and \d+)')

# Traces what QEMU asks of the host's kernel; the offset has the number of the
# region in front.
TRACE = '''
t=/sys/kernel/tracing
mount -t tracefs tracefs $t
echo 'p:vga vfio_pci_vga_rw at=+0(%cx):x64 write=%r8:u8
p:config vfio_pci_config_rw at=+0(%cx):x64 write=%r8:u8
p:slot __kvm_set_memory_region' > $t/kprobe_events
echo 'at == 0x800000003da || (write == 1 && at >= 0x800000a0000)' \\
    > $t/events/kprobes/vga/filter
echo 'at == 0x7000000002c' > $t/events/kprobes/config/filter
for event in {}; do echo 1 > $t/events/kprobes/$event/enable; done
(while read -r l; do event "qemu trace ${{l#*: }}"; done < $t/trace_pipe) &
'''
# Writes to memory, and reads of the status and of a config register
ORDER = TRACE.format('vga config')
# Changes of what is mapped into the guest
SLOTS = TRACE.format('slot config')
TRACED = re.compile(r'trace (vga|config): .* at=0x(\w+) write=(\d)')


def run(name, guest, append, *arguments, until):
    """Run a guest without an operating system; return what it said."""
    lab = Lab(f'{guest}-{name}', '--kernel', guest_code.bare_guest(guest),
              '--append', append, '--seconds', '600', *arguments,
              until='debug:' + until)
    print(f'# {lab.result["counters"]}')
    return lab


def check_cases(lab, ways):
    """Each case has run, and all writes have arrived."""
    found = dict(CASE.findall(lab.read('guest.log')))
    wrong = [f'{case}: {found.get(case)}' for case in names(ways)
             if found.get(case) != ALL]
    require(not wrong, f'{len(wrong)} of {len(names(ways))}, among them '
            + '; '.join(wrong[:12]))
    require(lab.result['counters']['posting_begins'], 'nothing was posted')
    require('re-entrant' not in lab.read('qemu.log'),
            'the inner QEMU blocked an access')


def check_trace(lab):
    """No write arrived after a read of config space."""
    events = TRACED.findall(lab.read('qemu.log'))
    late = [following for event, following in zip(events, events[1:])
            if event[0] == 'config' and following[2] == '1']
    reads = sum(event[0] == 'config' for event in events)
    writes = sum(event[2] == '1' for event in events)
    require(reads and writes, f'{reads} reads, {writes} writes traced')
    require(not late, f'{len(late)} of {reads} reads of config space overtook '
            'writes')
    print(f'# {reads} reads of config space behind {writes} writes')


def assigned(model, options=''):
    """A case with the lab's vfio-pci."""
    ways = WAYS[model]

    def case():
        host = 'VGA' if model != 'VGA' else 'cirrus-vga'
        lab = run(f'{model}-{options or "default"}', 'posted', ways,
                  '--adapter', host, '--adapter', model, '--host-cmd', ORDER,
                  '--device-opts', options, until='posted: done')
        check_cases(lab, ways)
        check_trace(lab)
    return f'{model} {options}'.strip(), case


def served(model):
    """A case with an adapter that another QEMU of the host serves."""
    ways = WAYS[model]

    def case():
        lab = run(f'{model}-served', 'posted', ways, '--served', model,
                  until='posted: done')
        check_cases(lab, ways)
    return f'{model}, served', case


def soak(model, options=''):
    """Palettes are as they were written."""
    def case():
        lab = run(f'{model}-{options or "default"}', 'palette',
                  f'{SEED} {LOADS:x} {WAYS[model]}',
                  '--adapter', 'VGA', '--adapter', model, '--device-opts',
                  options, until='palette: done')
        loads, wrong = PALETTE.findall(lab.read('guest.log'))[-1]
        require(int(loads) >= LOADS and wrong == '0',
                f'{wrong} wrong of {loads} loads; POSTED_SEED={SEED}')
        print(f'# {loads} loads')
    return f'palettes of {model} {options}'.strip(), case


def race(model, ways):
    """Two processors at the same time: each reads what it has written."""
    def case():
        lab = run(f'{model}-{len(ways.split())}-ways', 'race',
                  f'{SEED} {ROUNDS:x} {ways}', '--adapter', 'VGA', '--adapter',
                  model, '--arg', '-smp 2', '--host-cpus', '2',
                  until='race: done')
        found = RACE.findall(lab.read('guest.log'))
        require([way for way, _ in found] == ['dots', 'text'] and
                all(wrong == '0 and 0' for _, wrong in found),
                f'wrong: {found}; POSTED_SEED={SEED}')
    return f'two processors, {model}, {ways}', case


def redraw(model, times):
    """A screen that is drawn every 1.5 s is not mapped each time."""
    def case():
        lab = run(f'{model}-{times}', 'redraw', f'{times:x} {1500:x} c:2cr',
                  '--adapter', 'VGA', '--adapter', model, '--host-cmd', SLOTS,
                  until='redraw: done')
        _, marks, between = lab.read('qemu.log').partition('trace config')
        require(marks, 'the kernel was not asked')
        slots = between.count('trace slot')
        require(0 < slots <= MAX_SLOTS,
                f'{slots} changes of memory slots, not 1 to {MAX_SLOTS}')
        print(f'# {slots} changes of a memory slot')
    return f'{times} screens drawn, {model}', case


def modes(model, options=''):
    """The video BIOS sets the same each time."""
    def case():
        disk = disks.boot_sector('mode-soak')
        lab = Lab(f'modes-{model}-{options or "default"}', '--disk', disk,
                  '--adapter', 'VGA', '--adapter', model, '--device-opts',
                  options, '--seconds', '900', until='debug:^modes 000001')
        require('differs' not in lab.read('guest.log'),
                'registers or colors differ, see guest.log in ' + lab.out)
    return f'256 modes set, {model} {options}'.strip(), case


NVIDIA = 'x-pci-vendor-id=0x10de'

LAB.GROUPS.update({
    'bars': [assigned('ati-vga'), assigned('ati-vga', 'x-no-mmap=on'),
             assigned('cirrus-vga', NVIDIA)],
    'served': [served('ati-vga')],
    # Port 3c3 makes QEMU forget what it knows, amid the other's writes
    'race': [race('cirrus-vga', 'p:3c3/1')],
    'palette': [soak('ati-vga', 'x-no-mmap=on'), redraw('cirrus-vga', 10)],
    # Run by hand
    'more': [assigned('VGA'), assigned('VGA', 'x-no-mmap=on'),
             assigned('cirrus-vga', NVIDIA + ',x-no-mmap=on'), served('VGA'),
             served('cirrus-vga')]
            + [race(model, ways) for model, ways in WAYS.items()],
    'palettes': [soak(model, options) for model in WAYS
                 for options in ('', 'x-vga-engine=combine',
                                 'x-vga-engine=forward')],
    'redraw': [redraw('cirrus-vga', 100)],
    'modes': [modes('cirrus-vga'), modes('ati-vga')],
})


if __name__ == '__main__':
    LAB.main()
