#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each way to an adapter gives the same results: soak-test.py GROUP (TAP).

lab/guests/vga-soak.c runs under the lab's KVM, where writes are posted and
copies are RAM, unlike in a qtest. It draws with two processors at the same
time, and makes random accesses to memory, ports, BARs and config space, whose
results must not depend on the way. SOAK_SEED and SOAK_ACCESSES choose others.
"""

import functools
import os
import re

from ways import WAYS as BESIDE

# __import__ is needed for a file name with a hyphen, as Meson's tests have.
LAB = __import__('lab-test')
from vgalab import debian, initramfs    # noqa: E402 (lab-test sets the path)

Lab, require = LAB.Lab, LAB.require

SEED = os.environ.get('SOAK_SEED', '0x3c03da')
ACCESSES = os.environ.get('SOAK_ACCESSES', '30000')
WRONG = re.compile(r'vga-soak: (\w+), two processors: wrong (\d+)')
# Says how often the host's kernel was asked, from its trace
PROBE = ('mount -t tracefs tracefs /sys/kernel/tracing; '
         'echo p:vga vfio_pci_vga_rw > /sys/kernel/tracing/kprobe_events; '
         'echo 1 > /sys/kernel/tracing/events/kprobes/vga/enable; '
         '(while sleep 1; do event "qemu probe'
         ' $(cat /sys/kernel/tracing/kprobe_profile)"; done) &')
PROBED = re.compile(r'probe\s+vga\s+(\d+)')
HASH = re.compile(r'vga-soak: (\d+) accesses, hash (\w+)')
# The hash of the forwarded accesses, by model.
EXPECTED = {}


def soak(model, way, options, used=()):
    """Run the guest; the counters USED must show that the way was taken."""
    lab = Lab(f'soak-{model}-{way}', '--adapter', 'VGA', '--adapter', model,
              '--device-opts', options, '--arg', '-smp 2', '--seconds', '600',
              '--host-cmd', PROBE,
              '--kernel', debian.kernel(), '--initrd', initramfs.soak_initrd(),
              '--append', 'console=ttyS0 quiet no_timer_check nomodeset '
              f'lab.soak={SEED},{ACCESSES},'
              + BESIDE[model].replace(' ', ','), until='debug:vga-soak: quiet')
    log = lab.read('guest.log')
    counters = lab.result['counters']
    print(f'# {counters}')
    wrong = dict(WRONG.findall(log))
    require(wrong == {'text': '0', 'dots': '0'}, f'wrong: {wrong}')
    accesses, value = HASH.search(log).groups()
    print(f'# {accesses} accesses, hash {value}')
    require(EXPECTED.setdefault(model, value) == value,
            f'the outcome differs: not {EXPECTED[model]}; SOAK_SEED={SEED}')
    for counter in used:
        require(counters[counter], f'{counter} is 0')
    calls = counters['region_reads'] + counters['region_writes']
    probed = PROBED.findall(lab.read('qemu.log'))
    require(probed and int(probed[-1]) == calls,
            f'the kernel has seen {probed[-1:]} calls, not {calls}')
    print(f'# {calls} calls, as the kernel says')


WAYS = [
    ('forward', 'x-vga-engine=forward', ()),
    ('combine', 'x-vga-engine=combine', ('posting_begins',)),
    ('auto', 'x-vga-engine=auto', ('posting_begins', 'copy_maps')),
    ('exact', 'x-vga-copy-ram=off', ('posting_begins', 'copy_begins')),
    ('chain4', 'x-vga-engine=chain4', ('posting_begins', 'chain4_begins')),
    ('planes', 'x-vga-engine=planes', ('posting_begins', 'chain4_begins',
                                       'planes_begins')),
]


def group(model, *names):
    """Return the cases of a model."""
    return [(f'{model}, {way}', functools.partial(soak, model, way, options,
                                                  used))
            for way, options, used in WAYS if not names or way in names]


LAB.GROUPS.update({
    'few': group('cirrus-vga', 'forward', 'planes'),
    'cirrus': group('cirrus-vga'),
    'ati': group('ati-vga'),
    'vga': group('VGA')})


if __name__ == '__main__':
    LAB.main()
