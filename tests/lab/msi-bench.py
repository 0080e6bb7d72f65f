#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure what an interrupt costs with each prefer_msi: a table.

msi-bench.py [--out DIR]

The same guest, lab/guests/edu-intx.S, makes QEMU's device "edu" raise
interrupts on INTx under the lab's host and KVM. Latency is the mean time from
the access that raises an interrupt to the guest's handler. Rate is the number
of interrupts in a time, each raised after the previous one was served. Times
are of emulated processors, so only their ratios to prefer_msi=off mean
anything. DIR gets msi.json and msi.rst.
"""

import argparse
import importlib
import json
import os
import re
import sys

from bench import require, rst_table, save
from vgalab import paths

test = importlib.import_module('msi-test')

TIMES = re.compile(r'ticks ([0-9a-f]{16}) ([0-9a-f]{16})')
# Another assigned device is on the same line already.
BUSY = ['--host-device', 'edu,addr=0x14',
        '--host-cmd', 'lab_vfio_reload nointxmask=1',
        '--host-cmd', f'lab_vfio_bind {test.OTHER}',
        '--arg', f'-device vfio-pci,host={test.OTHER},addr=0x6']
# (name, properties, the host's interrupt)
WAYS = [
    ('off', 'off', 'intx', []),
    ('on', 'on', 'msi', []),
    ('auto, INTx available', 'auto', 'intx', []),
    ('auto, the line is busy', 'auto', 'msi', BUSY),
]


def measure(options, kind, more):
    """Return (latency, time of an interrupt) in ticks."""
    guest, _ = test.run_edu(
        f'vfio-pci,host={test.DEVICE},x-prefer-msi={options}', 'pc', more,
        test.host_counts(kind, shared=bool(more), second_too=False))
    plain, _ = test.counted(guest, 'plain')
    require(plain == test.PLAIN, f'{plain} of {test.PLAIN} interrupts')
    total, waited = (int(n, 16) for n in TIMES.search('\n'.join(guest))
                     .groups())
    return waited / plain, total / plain


def table(found):
    """Return an rst table of ratios."""
    latency, total = found['off']
    return rst_table([('prefer_msi', 'latency', 'rate')] + [
        (name, f'{a / latency:.3g}', f'{total / b:.3g}')
        for name, (a, b) in found.items()])


def main():
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', default=os.path.join(paths.BUILD, 'bench'))
    options = parser.parse_args()

    found = {name: measure(properties, kind, more)
             for name, properties, kind, more in WAYS}
    save(options.out, {'msi.json': json.dumps(found, indent=1) + '\n',
                       'msi.rst': table(found)})
    print(table(found))


if __name__ == '__main__':
    sys.exit(main())
