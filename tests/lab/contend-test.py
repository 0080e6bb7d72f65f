#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two guests and the host draw at the same time: contend-test.py GROUP (TAP).

In the nested lab each draws on its own adapter. All three share the legacy
ranges, so the host's VGA arbiter switches between them, with and without
x-vga-arbiter, which keeps it locked for a burst. The time of an access is only
reported: it depends on how busy the machine is, and the emulated host has one
processor for all three.
"""

import json
import os
import re
import subprocess
import sys

from bench import TOP, require, tap
from vgalab import debian, guest_code, initramfs, paths

ROWS = 25
# How long each of them draws
SECONDS = os.environ.get('CONTEND_SECONDS', '60')
APPEND = 'console=ttyS0 quiet no_timer_check nomodeset lab.draw={}'
SECOND = ('qemu-system-x86_64 -L /firmware -nodefaults -no-user-config '
          '-machine pc,accel=kvm -cpu host -m 256 -display none -vga none '
          '-pidfile /tmp/second.pid -chardev stdio,id=debug '
          '-device isa-debugcon,iobase=0x402,chardev=debug '
          '-kernel /lab/kernel -initrd /lab/initrd -append "{append}" '
          '-device vfio-pci,host=03:00.0,x-vga=on{options}')
# A guest's output becomes events of the lab, which are in qemu.log.
SAY = '({} < /dev/null 2>&1 | while read -r l; do event "qemu second: $l"; ' \
      'done) &'
SECOND_ADAPTER = 'lab_vfio_bind 0000:03:00.0'
DONE = re.compile(r'vga-draw (\w+): done: (\d+) accesses in (\d+) ms, '
                  r'lost (\d+), longest (\d+) us, over 100 ms (\d+)')
# The owner of the legacy ranges according to the host's kernel.
STATE = ('lab_arbiter() { exec 8<>/dev/vga_arbiter; '
         'printf "target PCI:$1" >&8; dd bs=200 count=1 <&8 2>/dev/null; '
         'exec 8>&-; }')


def run(name, *arguments, until, status=0):
    """Run lab/run with three adapters; return its directory."""
    out = os.path.join(paths.BUILD, 'tests', 'lab', 'contend-' + name)
    waits = [word for regex in until for word in ('--until', regex)]
    done = subprocess.run(
        [os.path.join(TOP, 'lab', 'run'), '--out', out, '--seconds', '900',
         '--adapter', 'VGA', '--adapter', 'VGA', '--adapter', 'cirrus-vga',
         '--assign', '1', *waits, *arguments],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    require(done.returncode == status,
            f'lab/run: {done.stdout} {done.stderr}')
    return out


def read(out, name):
    """Return a file of a run."""
    with open(os.path.join(out, name), encoding='utf-8',
              errors='replace') as file:
        return file.read()


def draw(name, first, second, options, *arguments, until):
    """Run two guests, FIRST and SECOND seconds long, and the host."""
    program = guest_code.guest_program('vga-draw')
    return run(name, '--kernel', debian.kernel(),
               '--initrd', initramfs.draw_initrd(),
               '--append', APPEND.format(f'{first},First'),
               '--device-opts', f'x-vga-engine=forward{options[0]}',
               '--file', program + ':/bin/vga-draw',
               '--host-cmd', SECOND_ADAPTER, *arguments,
               '--host-cmd', SAY.format(SECOND.format(
                   append=APPEND.format(f'{second},Second'),
                   options=',x-vga-engine=forward' + options[1])),
               until=until)


def check_screen(out, number, name):
    """The screen has all lines of the one who draws there, and no others."""
    lines = [line.rstrip() for line in
             read(out, f'adapter{number}.txt').splitlines()]
    require(lines[:ROWS] == [f'{name} line {row}' for row in range(ROWS)],
            f'adapter {number} shows {lines}')


def finished(out):
    """Return name -> (accesses, ms, lost, longest us, over 100 ms)."""
    text = read(out, 'guest.log') + read(out, 'qemu.log')
    return {found[0]: tuple(map(int, found[1:]))
            for found in DONE.findall(text)}


def report(out, found):
    """Return switches per 1000 accesses, and the longest waits."""
    switches = json.loads(read(out, 'result.json'))['vga_switches']
    accesses = sum(about[0] for about in found.values())
    print(f'# {switches} switches in the run, {accesses} accesses drawn: '
          f'{1000 * switches / accesses:.1f} per 1000')
    for name, about in found.items():
        print(f'# {name}: {about[0]} accesses in {about[1]} ms, longest '
              f'{about[3]} us, {about[4]} over 100 ms')


def together_case(name, options, *arguments):
    """No access is lost or reaches another's screen."""
    def case():
        out = draw(name, SECONDS, SECONDS, options, '--host-cmd',
                   f'vga-draw {SECONDS} Host 0000:01:00.0 &',
                   *arguments, until=['debug:First: done',
                                      'qemu:Second: done'])
        found = finished(out)
        report(out, found)
        for number, who in enumerate(('Host', 'First', 'Second')):
            check_screen(out, number, who)
        require(all(not about[2] for about in found.values()),
                f'accesses were lost: {found}')
    return f'two guests and the host draw for {SECONDS} s: {name}', case


def killed_case():
    """SIGKILL while the lock is held releases it; the other guest goes on."""
    watch = ('(until lab_arbiter 0000:03:00.0 | grep -q "locks=io+mem(1"; '
             'do :; done; kill -9 $(cat /tmp/second.pid); '
             'while [ -d /proc/$(cat /tmp/second.pid) ]; do :; done; '
             'event "qemu killed: $(lab_arbiter 0000:03:00.0)") &')

    def case():
        out = draw('killed', 20, 3600, [',x-vga-arbiter=on'] * 2,
                   '--host-cmd', STATE, '--host-cmd', 'touch /tmp/second.pid',
                   '--host-cmd', watch,
                   until=['qemu:killed: ', 'debug:First: done'])
        require('locks=none' in re.search('killed: .*',
                                          read(out, 'qemu.log'))[0],
                read(out, 'qemu.log'))
        check_screen(out, 1, 'First')
    return 'a QEMU is killed while it holds the arbiter', case


def refused_case(name, options, message, *commands):
    """QEMU prints one message that says what to do, and starts no guest."""
    def case():
        waits = [word for text in commands for word in ('--host-cmd', text)]
        run(name, '--device-opts', options, *waits,
            until=['qemu:' + message])
    return f'refused: {name}', case


def refusals():
    """Yield cases of what can be wrong before the guest starts."""
    on = 'x-vga-arbiter=on'
    return [
        refused_case('no-node', on, 'cannot open /dev/vga_arbiter: No such',
                     'rm /dev/vga_arbiter'),
        refused_case('wrong-fd', on + ',vga-arbiter-fd=0',
                     'file descriptor 0 is not /dev/vga_arbiter'),
        refused_case('fd-alone', 'vga-arbiter-fd=0',
                     'vga-arbiter-fd=0 needs x-vga-arbiter=on'),
    ]


GROUPS = {
    'off': lambda: [together_case('off', ['', ''])],
    # One guest's QEMU opens the node itself, the other's is given it.
    'on': lambda: [together_case(
        'on', [',x-vga-arbiter=on', ',x-vga-arbiter=on,vga-arbiter-fd=9'],
        '--host-cmd', 'exec 9<>/dev/vga_arbiter')],
    'killed': lambda: [killed_case()],
    'refusals': refusals,
}


def main():
    """Run one group."""
    if len(sys.argv) != 2 or sys.argv[1] not in GROUPS:
        sys.exit(f'usage: contend-test.py {"|".join(GROUPS)}')
    tap(GROUPS[sys.argv[1]]())


if __name__ == '__main__':
    main()
