# SPDX-License-Identifier: GPL-2.0-or-later
"""The chipset under KVM and an assigned adapter, on the lab's host."""

import hashlib
import re

from bench import differences, require
from vgalab import disks, guest_code, paths

from . import MACHINES, STRICT
from .answers import (SMRAM_UNPATCHED, UNPATCHED_KVM, strict_answer,
                      walk_answer)
from .host import HostBatch
from .pictures import MODELS, draw, picture_arguments
from .shadow import check_shadow
from .walk import walk_arguments, walk_lines

EVENTS = ('pci_cfg_write', 'vfio_listener_region_add_ram',
          'vfio_listener_region_del', 'kvm_set_user_memory')
LEGACY_END = 0x100000


def walk_job(batch, machine, options, wanted):
    """Makes a case of a walk on the host."""
    name = f'walk {machine}{options}'
    batch.job('firmware', name, walk_arguments(
        machine, 'kvm', options, batch.file(guest_code.firmware('pam-walk')),
        batch.file(guest_code.pci_side())))

    def case():
        problem = differences(walk_lines(batch.lines(name)), wanted)
        require(not problem, problem)
    return (f'{batch.name}: {name}', case)


def assigned(machine):
    """Returns the adapter's arguments, on the bus that the machine has."""
    device = 'vfio-pci,host=$ASSIGNED,x-vga=on,id=assigned'
    if machine == 'pc':
        return ['-device', device]
    return ['-device', 'pcie-root-port,id=root-port,chassis=1', '-device',
            device + ',bus=root-port']


def ranges(line):
    """Returns (kind of call, first address, size) of a trace line, or None."""
    found = re.search(r'region_(add \[ram\]|del) 0x(\w+) - 0x(\w+)', line)
    if found:
        start, end = int(found[2], 16), int(found[3], 16)
        return 'DMA', start, end - start + 1
    # The address space of SMM has its own slots.
    found = re.search(r'Slot#\w+ .*gpa=0x(\w+) size=0x(\w+) ', line)
    return found and ('KVM', int(found[1], 16), int(found[2], 16))


def count_calls(lines):
    """Returns {register: {what: calls}} of the calls while it was switched."""
    counts, register = {}, None
    for line in lines:
        write = re.search(r'(\S+) \w\w:\w\w\.\w @(0x4|0x3e) <- 0x[0389]$',
                          line)
        if write:
            name = f'{write[1]} {write[2]}'
            counts.setdefault(name, {'writes': 0})['writes'] += 1
            register = name
            continue
        call = ranges(line)
        if call and register:
            kind, start, _ = call
            what = f'{kind} {"low RAM" if start < LEGACY_END else "its own"}'
            counts[register][what] = counts[register].get(what, 0) + 1
    return counts


def toggle_job(batch, machine, patched):
    """Makes the case that switching an adapter's decode costs no low RAM."""
    name = f'toggle {machine}'
    trace = [w for e in EVENTS for w in ('-trace', e)]
    batch.job('firmware', name, [
        '-machine', f'{machine},accel=kvm', '-m', '64', '-vga', 'none', '-bios',
        batch.file(guest_code.firmware('decode-toggle')), *trace,
        *assigned(machine)])

    def case():
        lines = batch.lines(name)
        require('SWITCHING DONE' in lines, f'it did not end: {lines[-3:]}')
        counts = count_calls(lines)
        remark = [f'{register}: {what}' for register, what in counts.items()]
        require(counts, 'nothing was switched')
        low = sum(n for what in counts.values() for kind, n in what.items()
                  if 'low RAM' in kind)
        require((low == 0) == patched, f'{low} calls for low RAM:\n'
                + '\n'.join(remark))
        return '\n'.join(remark)
    return (f'{batch.name}: {name}', case)


def shadow_job(batch, machine, patched):
    """Makes the case that the assigned adapter's ROM is copied and run."""
    name = f'shadow {machine}'
    batch.job('firmware', name, [
        '-machine', f'{machine},accel=kvm', '-m', '64', '-vga', 'none', '-bios',
        batch.file(guest_code.firmware('rom-shadow')), '-device',
        'vfio-pci,host=$ASSIGNED,x-vga=on,addr=6'])
    return (f'{batch.name}: {name}',
            lambda: check_shadow(batch.lines(name), patched))


def picture_job(batch, machine, smm, model, patched):
    """Makes the case that the pictures are those that TCG drew on pc."""
    name = f'{model} {machine} smm={smm}'
    arguments = picture_arguments(machine, 'kvm', smm, model)
    disk = disks.boot_sector('screens')
    batch.job('pictures', name, [a.replace(disk, batch.file(disk))
                                 for a in arguments])

    def case():
        text, dots, _ = draw(paths.QEMU, 'pc', 'on', model)
        wanted = [f'{name} {hashlib.sha256(ppm).hexdigest()}  -'
                  for name, ppm in (('text', text), ('dots', dots))]
        found = batch.lines(name)
        require(len(found) == 2 and '  -' in found[1],
                f'no pictures but {found}')
        require((found == wanted) == patched,
                f'{found} came out, {wanted} under TCG on pc')
    return (f'{batch.name}: {name}', case)


def kvm():
    """The patched QEMU passes all cases."""
    batch = HostBatch('kvm', paths.QEMU)
    cases = []
    for machine in MACHINES:
        for smm in ('on', 'off'):
            cases.append(walk_job(batch, machine, f',smm={smm}{STRICT}',
                                  strict_answer(machine, 64, smm)))
        cases += [toggle_job(batch, machine, True),
                  shadow_job(batch, machine, True)]
        # With SMM no case depends on the model.
        cases += [picture_job(batch, machine, 'off', model, True)
                  for model in MODELS]
        cases.append(picture_job(batch, machine, 'on', 'VGA', True))
    return cases


def kvm_unpatched():
    """The unpatched QEMU shows each of the defects."""
    batch = HostBatch('kvm-unpatched', paths.QEMU_BASE)
    cases = []
    for machine in MACHINES:
        cases += [walk_job(batch, machine, '', walk_answer(
            UNPATCHED_KVM, SMRAM_UNPATCHED[machine], 64)),
                  toggle_job(batch, machine, False),
                  shadow_job(batch, machine, False)]
    return cases + [picture_job(batch, 'q35', 'off', 'VGA', False)]
