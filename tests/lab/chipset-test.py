#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PAM, SMRAM and the legacy hole as a processor sees them (TAP on stdout).

chipset-test.py GROUP: firmware of our own walks the chipset of pc and q35,
patched and unpatched, and says what it read.  qtest sees neither a
translation block nor a memory slot, so this is where instruction fetch and
write protection are shown.
"""

import functools
import hashlib
import json
import os
import re
import subprocess
import sys

from bench import TOP, Bench, differences, require, tap
from vgalab import images
from vgalab.machine import ram_blocks, read_screen
from vgalab.screen import Picture, cp437

MACHINES = ('pc', 'q35')
STRICT = ',x-pam-strict=on,x-smram-strict=on,x-legacy-hole=on'

# Answers of a PAM segment to the steps of lab/guests/pam-walk.S.  PP is what
# lies on the PCI side, and what is not there: ff for data, -- for code.
HARDWARE = {
    # write 11 in mode 3, 22 in mode 1, read in 3, write 33 in 2, read in 3, 0
    'data': '11 11 11 PP 33 PP'
    # write 44 in 1, 55 in 2, read in 1, write 66 in 0, read in 1, 2, 3
            ' 33 PP 55 PP 55 PP 55',
    # change to 41 in mode 3, 42 in 1, 43 in 3, run in 1, change to 44 in 2,
    # run in 3, 0, 1
    'code': '41 41 43 43 PP 44 PP 44',
    # the same as data, where a card's register is on the PCI side
    'registers': '11 11 11 22 33 22 33 44 55 66 55 66 55',
    # the register in mode 2: no card yet, card, other value, no card
    'late': 'PPPP 0000 7777 PPPP',
}
# Mode 2 reads DRAM; where nothing is on the PCI side, DRAM is.
UNPATCHED_TCG = {
    'data': '11 11 11 33 33 PP 33 55 55 PP 55 55 55',
    'code': '41 41 43 43 44 44 PP 44',
    'empty data': '11 11 11 33 33 33 33 55 55 66 66 66 66',
    'empty code': '41 41 43 43 44 44 44 44',
    'registers': '11 11 11 33 33 77 33 55 55 66 55 55 55',
    'late': '0000 0000 0000 0000',
}
# ... and mode 1 is not protected.
UNPATCHED_KVM = {
    'data': '11 22 22 33 33 PP 44 55 55 PP 55 55 55',
    'code': '41 42 43 43 44 44 PP 44',
    'empty data': '11 22 22 33 33 33 44 55 55 66 66 66 66',
    'empty code': '41 42 43 43 44 44 44 44',
    'registers': '11 22 22 33 33 77 44 55 55 66 55 55 55',
    'late': '0000 0000 0000 0000',
}
# SMRAM register and what is at 0xa0000 after each step of pam-walk.S, with
# nothing on the PCI side.  D_CLS (2a) does nothing in SMM: see the manual.
SMRAM_HARDWARE = {
    'smram': '4a:55555555 0a:ffffffff 4a:55555555 42:ffffffff 02:ffffffff '
             '4a:55555555 2a:ffffffff',
    'smm': 'ffffffff 55555555 55555555',
    'locked': '1a:ffffffff 1a:ffffffff 1a:ffffffff',
}
# q35 has no SMRAM without SMM: the register is a byte and nothing more.
SMRAM_NONE = {
    'smram': '4a:ffffffff 0a:ffffffff 4a:ffffffff 42:ffffffff 02:ffffffff '
             '4f:ffffffff 2a:ffffffff',
    'locked': '5a:ffffffff 4a:ffffffff 02:ffffffff',
}
SMRAM_UNPATCHED = {
    'pc': {
        'smram': '4a:55555555 0a:66666666 4a:66666666 42:66666666 02:77777777 '
                 '4f:77777777 2a:77777777',
        'smm': '77777777 77777777 77777777',
        'locked': '5a:77777777 4a:77777777 02:77777777'},
    'q35': {
        'smram': '4a:55555555 0a:66666666 4a:66666666 42:66666666 02:77777777 '
                 '4a:77777777 2a:77777777',
        'smm': '77777777 77777777 77777777',
        'locked': '1a:77777777 1a:77777777 1a:77777777'},
}


def segment_name(number):
    """PAM segment as the firmware names it."""
    return 'f000' if number == 12 else f'{0xc000 + number * 0x400:04x}'


def wide(values, digits):
    """'11 22' as words of so many digits, printed as the firmware does."""
    return ' '.join((v * (digits // 2)).rjust(8, '0') for v in values.split())


def strict_answer(machine, kib, smm):
    """What a walk says where everything is on."""
    smram = SMRAM_HARDWARE if machine == 'pc' or smm == 'on' else SMRAM_NONE
    if smm == 'off':
        smram = dict(smram, smm='--')
    return walk_answer(HARDWARE, smram, kib)


def walk_answer(answer, smram, kib):
    """All the lines that the walk says, by name."""
    lines = dict(smram, mixed=[])
    for number in range(13):
        name = segment_name(number)
        empty = kib == 64 and 8 <= number < 12
        kind = 'empty ' if empty and 'empty data' in answer else ''
        pci = 'ff' if empty else f'{images.PCI_PATTERN + number:02x}'
        data = answer[kind + 'data'].replace('PP', pci)
        for width, digits in ('dword', 8), ('word', 4), ('byte', 2):
            lines[f'{width} {name}'] = wide(data, digits)
        lines[f'code {name}'] = answer[kind + 'code'].replace(
            'PP', '--' if empty else pci)
        # In its own mode: mode 0 as step 10 (or 6) was, and so on.
        steps = data.split()
        lines['mixed'].append(steps[(9, 10, 11, 12)[number & 3]])
    lines['mixed'] = ' '.join(lines['mixed'])
    lines['registers e800'] = wide(answer['registers'], 4)
    late = answer['late'].replace('PPPP', 'ffff' if kib == 64 else 'aaaa')
    lines['late e800'] = ' '.join(v.rjust(8, '0') for v in late.split())
    return lines


def walk_lines(said):
    """What a walk said, by name."""
    require(said and said[-1] == 'WALK DONE',
            f'the walk did not end: {said[-1:]}')
    lines = {}
    for line in said[1:-1]:
        words = line.split()
        count = 2 if words[0] in ('dword', 'word', 'byte', 'code', 'late',
                                  'registers') else 1
        lines[' '.join(words[:count])] = ' '.join(words[count:])
    return lines


def walk_arguments(machine, accel, options, kib_path, side):
    """The inner part of a QEMU command line for a walk."""
    return ['-machine', f'{machine},accel={accel}{options}', '-m', '64',
            '-vga', 'none', '-bios', kib_path,
            '-device', f'loader,file={side},addr=0xc0000,force-raw=on',
            '-device', 'secondary-vga,addr=5']


def walk(qemu, machine, options, kib):
    """A walk under TCG; its lines."""
    with Bench() as bench:
        qmp = bench.start(
            qemu, 'guest', *bench.debug('guest'), *walk_arguments(
                machine, 'tcg', options, images.firmware('pam-walk', kib),
                images.pci_side()))
        bench.wait(lambda: 'WALK DONE' in bench.said('guest.debug'),
                   'the end of the walk')
        qmp.command('query-status')
        return walk_lines(bench.said('guest.debug'))


def walk_case(title, qemu, machine, options, kib, wanted):
    """A walk must give an answer to the letter."""
    def case():
        problem = differences(walk(qemu, machine, options, kib), wanted)
        require(not problem, problem)
    return (f'{title}: {machine}{options} {kib} KiB', case)


def walks():
    """Strict as hardware; otherwise, and unpatched, as it always was."""
    cases = []
    for machine in MACHINES:
        for kib in (64, 128, 256):
            for smm in ('on', 'off') if kib == 64 else ('on',):
                cases.append(walk_case(
                    'strict', images.QEMU, machine, f',smm={smm}{STRICT}', kib,
                    strict_answer(machine, kib, smm)))
        for name, qemu in ('auto', images.QEMU), ('unpatched',
                                                  images.QEMU_BASE):
            cases.append(walk_case(
                name, qemu, machine, '', 64, walk_answer(
                    UNPATCHED_TCG, SMRAM_UNPATCHED[machine], 64)))
    return cases


# ---- -vga none -device MODEL ----

MODELS = ('VGA', 'cirrus-vga', 'ati-vga', 'qxl-vga', 'virtio-vga')
TEXT = [''.join(cp437((row * 80 + column) & 0xff) for column in range(80))
        .rstrip() for row in range(25)]
# Fewer than 256, as the last entries of the BIOS's palette are all black.
COLOURS = 200


def picture_arguments(machine, accel, smm, model):
    """A guest that draws a text screen and, after a key, mode 13h."""
    return ['-machine', f'{machine},accel={accel},smm={smm}', '-m', '64',
            '-vga', 'none', '-device', f'{model},id=gpu', '-drive',
            f'file={images.boot_sector("screens")},format=raw,snapshot=on,'
            'if=virtio']


@functools.cache
def draw(qemu, machine, smm, model):
    """Both pictures (PPM), and the text lines of the first."""
    with Bench() as bench:
        qmp = bench.start(qemu, 'guest', *bench.debug('guest'),
                          *picture_arguments(machine, 'tcg', smm, model))
        bench.wait_for_line('guest.debug', 'TEXT DRAWN')
        vram, = (address for name, address in ram_blocks(qmp).items()
                 if name.endswith('vga.vram'))
        lines, text = read_screen(qmp, qmp.process.pid, 'gpu', vram,
                                  bench.temporary.name)
        qmp.command('send-key', keys=[{'type': 'qcode', 'data': 'ret'}])
        bench.wait_for_line('guest.debug', 'PICTURE DRAWN')
        _, dots = read_screen(qmp, qmp.process.pid, 'gpu', None,
                              bench.temporary.name)
        return text, dots, lines


def check_mode13h(ppm):
    """Each dot's colour must be that of its column XOR its line."""
    picture = Picture(ppm)
    wide_dots = picture.width // 320
    require(picture.width == 320 * wide_dots and
            picture.height == 200 * wide_dots,
            f'mode 13h has {picture.width}x{picture.height} dots')
    palette = {}
    for at in range(picture.width * picture.height):
        y, x = divmod(at, picture.width)
        index = (x // wide_dots ^ y // wide_dots) & 0xff
        colour = picture.pixels[at * 3:at * 3 + 3]
        require(palette.setdefault(index, colour) == colour,
                f'dot {x},{y} has another colour than others of its kind')
    require(len(set(palette.values())) > COLOURS,
            f'{len(set(palette.values()))} colours')


def pictures_of(model, machine, smm, drawn):
    """Text and mode 13h are visible, the same on every chipset."""
    def case():
        text, dots, lines = draw(images.QEMU, machine, smm, model)
        require(lines == TEXT, f'the text is not there but {lines}')
        check_mode13h(dots)
        first = drawn.setdefault(model, (text, dots))
        require((text, dots) == first, 'other dots than on the first chipset')
    return (f'-vga none -device {model}: {machine} smm={smm}', case)


def black_unpatched():
    """q35 without SMM never mapped the window."""
    text, dots, lines = draw(images.QEMU_BASE, 'q35', 'off', 'VGA')
    require(lines != TEXT, 'the text is visible: nothing was wrong')
    for name, ppm in ('text', text), ('mode 13h', dots):
        pixels = set(Picture(ppm).pixels)
        require(pixels == {0}, f'{name} is not black: {sorted(pixels)}')


def pictures():
    """Every model on every chipset, and how it was."""
    drawn = {}
    return [pictures_of(model, machine, smm, drawn) for model in MODELS
            for machine in MACHINES for smm in ('on', 'off')] + [
                ('unpatched: q35 smm=off is black', black_unpatched)]


# ---- under KVM, in one boot of the lab's host ----

# In the guest's place on the host.  The lines that a job leaves are printed
# with its name in front.
BATCH = '''
. /lab/conf
mkdir -p /var/tmp
trap '' PIPE
leave() { sed "s/^/$1|/" "$2"; }
qemu() {
    timeout 120 qemu-system-x86_64 -L /firmware -nodefaults -no-user-config \\
        -display none -cpu host -debugcon file:/tmp/debug \\
        -global isa-debugcon.iobase=0x402 "$@"
}
# A firmware that ends its QEMU; what is traced, and what it said.
firmware() {
    name=$1; shift
    : > /tmp/debug; : > /tmp/trace
    qemu -device isa-debug-exit,iobase=0xf4,iosize=1 -D /tmp/trace "$@" \\
        < /dev/null > /tmp/said 2>&1
    leave "$name" /tmp/debug; leave "$name" /tmp/trace; leave "$name" /tmp/said
}
wait_for() {
    until grep -q "$1" /tmp/debug; do
        kill -0 $! 2> /dev/null || return 1
        usleep 50000
    done
}
pictures() {
    name=$1; shift
    : > /tmp/debug; rm -f /tmp/*.ppm /tmp/monitor; mkfifo /tmp/monitor
    qemu -monitor stdio "$@" < /tmp/monitor > /tmp/said 2>&1 &
    exec 4> /tmp/monitor
    wait_for "TEXT DRAWN" && echo "screendump /tmp/text.ppm" >&4 &&
        echo "sendkey ret" >&4 && wait_for "PICTURE DRAWN" &&
        echo "screendump /tmp/dots.ppm" >&4
    echo quit >&4
    exec 4>&-
    wait
    grep '^qemu' /tmp/said
    echo "$name|text $(sha256sum < /tmp/text.ppm)"
    echo "$name|dots $(sha256sum < /tmp/dots.ppm)"
}
'''
EVENTS = ('pci_cfg_write', 'vfio_listener_region_add_ram',
          'vfio_listener_region_del', 'kvm_set_user_memory')
LEGACY_END = 0x100000
# As lab/guests/decode-toggle.S has it.
SWITCHES = 16
# Both directions of a switch.
WRITES = 2 * SWITCHES


class HostBatch:
    """One boot of the lab's host, and the jobs that it does there."""

    def __init__(self, name, qemu):
        self.name = name
        self.qemu = qemu
        self.script = BATCH
        self.files = {}
        self.said = None

    def file(self, path):
        """A file's path on the host."""
        target = '/jobs/' + os.path.basename(path)
        self.files[target] = path
        return target

    def job(self, kind, name, arguments):
        """Arguments may have $ASSIGNED in them."""
        words = ' '.join('"' + a + '"' for a in arguments)
        self.script += f'{kind} "{name}" {words}\n'

    def results(self):
        """Job -> lines; the host runs when the first of them is wanted."""
        if self.said is None:
            self.said = {}
            self.run()
        return self.said

    def run(self):
        """The host boots and does all of them."""
        out = os.path.join(images.BUILD, 'tests', 'lab', self.name)
        os.makedirs(out, exist_ok=True)
        script = os.path.join(out, 'jobs.sh')
        with open(script, 'w', encoding='utf-8') as file:
            file.write(self.script + 'echo 0 > /tmp/status\n')
        self.files['/lab/guest-command'] = script
        rom = images.option_rom('self-writer')
        command = [os.path.join(TOP, 'lab', 'run'), '--out', out, '--qemu',
                   self.qemu, '--seconds', '900', '--adapter', 'VGA',
                   '--adapter', f'cirrus-vga,romfile={rom}']
        for target, source in self.files.items():
            command += ['--file', f'{source}:{target}']
        done = subprocess.run(command, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        require(done.returncode == 0, f'lab/run ended with {done.returncode}: '
                f'{done.stderr.strip()}; see {out}')
        with open(os.path.join(out, 'qemu.log'), encoding='utf-8',
                  errors='replace') as file:
            for line in file:
                name, bar, text = line.rstrip('\n').partition('|')
                if bar:
                    self.said.setdefault(name, []).append(text)

    def lines(self, name):
        """What a job said."""
        return self.results().get(name, [])


def walk_job(batch, machine, options, wanted):
    """A walk on the host."""
    name = f'walk {machine}{options}'
    batch.job('firmware', name, walk_arguments(
        machine, 'kvm', options, batch.file(images.firmware('pam-walk')),
        batch.file(images.pci_side())))

    def case():
        problem = differences(walk_lines(batch.lines(name)), wanted)
        require(not problem, problem)
    return (f'{batch.name}: {name}', case)


def assigned(machine):
    """The adapter for a guest of that machine, with its bus."""
    device = 'vfio-pci,host=$ASSIGNED,x-vga=on,id=assigned'
    if machine == 'pc':
        return ['-device', device]
    return ['-device', 'pcie-root-port,id=root-port,chassis=1', '-device',
            device + ',bus=root-port']


def ranges(line):
    """(kind of call, first address, size) of a trace line, or None."""
    found = re.search(r'region_(add \[ram\]|del) 0x(\w+) - 0x(\w+)', line)
    if found:
        start, end = int(found[2], 16), int(found[3], 16)
        return 'DMA', start, end - start + 1
    # The address space of SMM has slots of its own.
    found = re.search(r'Slot#\w+ .*gpa=0x(\w+) size=0x(\w+) ', line)
    return found and ('KVM', int(found[1], 16), int(found[2], 16))


def count_calls(lines):
    """{switched register: {what: calls}} while it was being switched."""
    counts, register, left = {}, None, 0
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
    """What switching an adapter's decoding costs."""
    name = f'toggle {machine}'
    trace = [w for e in EVENTS for w in ('-trace', e)]
    batch.job('firmware', name, [
        '-machine', f'{machine},accel=kvm', '-m', '64', '-vga', 'none', '-bios',
        batch.file(images.firmware('decode-toggle')), *trace,
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
    """The assigned adapter's ROM is copied and run."""
    name = f'shadow {machine}'
    batch.job('firmware', name, [
        '-machine', f'{machine},accel=kvm', '-m', '64', '-vga', 'none', '-bios',
        batch.file(images.firmware('rom-shadow')), '-device',
        'vfio-pci,host=$ASSIGNED,x-vga=on,addr=6'])
    return (f'{batch.name}: {name}',
            lambda: check_shadow(batch.lines(name), patched))


def picture_job(batch, machine, smm, model, patched):
    """The pictures are those that TCG drew on pc."""
    name = f'{model} {machine} smm={smm}'
    arguments = picture_arguments(machine, 'kvm', smm, model)
    disk = images.boot_sector('screens')
    batch.job('pictures', name, [a.replace(disk, batch.file(disk))
                                 for a in arguments])

    def case():
        text, dots, _ = draw(images.QEMU, 'pc', 'on', model)
        wanted = [f'{name} {hashlib.sha256(ppm).hexdigest()}  -'
                  for name, ppm in (('text', text), ('dots', dots))]
        found = batch.lines(name)
        require(len(found) == 2 and '  -' in found[1],
                f'no pictures but {found}')
        require((found == wanted) == patched,
                f'{found} came out, {wanted} under TCG on pc')
    return (f'{batch.name}: {name}', case)


def check_shadow(said, works):
    """The ROM says its first byte stayed, its data too, and its end."""
    wanted = [f'{place}: calling, the ROM runs: 11beef77'
              for place in ('in place', 'elsewhere')]
    require('SHADOW DONE' in said, f'the copy did not end: {said[-3:]}')
    found = said[1:said.index('SHADOW DONE')]
    require((found == wanted) == works, f'{found}')


def kvm():
    """The patched QEMU on the host."""
    batch = HostBatch('kvm', images.QEMU)
    cases = []
    for machine in MACHINES:
        for smm in ('on', 'off'):
            cases.append(walk_job(batch, machine, f',smm={smm}{STRICT}',
                                  strict_answer(machine, 64, smm)))
        cases += [toggle_job(batch, machine, True),
                  shadow_job(batch, machine, True)]
        # With SMM there is nothing that depends on the model.
        cases += [picture_job(batch, machine, 'off', model, True)
                  for model in MODELS]
        cases.append(picture_job(batch, machine, 'on', 'VGA', True))
    return cases


def kvm_unpatched():
    """How it was: every one of the defects."""
    batch = HostBatch('kvm-unpatched', images.QEMU_BASE)
    cases = []
    for machine in MACHINES:
        cases += [walk_job(batch, machine, '', walk_answer(
            UNPATCHED_KVM, SMRAM_UNPATCHED[machine], 64)),
                  toggle_job(batch, machine, False),
                  shadow_job(batch, machine, False)]
    return cases + [picture_job(batch, 'q35', 'off', 'VGA', False)]


# ---- a life with everything on: migration, S3, reset, boot loaders ----

VERSIONED = {'pc': 'pc-i440fx-10.2', 'q35': 'pc-q35-10.2'}
# What has a stream of its own and may be changed by the series.
ADAPTERS = ('VGA', 'secondary-vga', 'cirrus-vga', 'ati-vga', 'bochs-display',
            'virtio-vga', 'pci-bridge,id=bridge,chassis_nr=1',
            'VGA,bus=bridge,addr=1')
# Per segment what pam-hold.S reads and what the code there returns: mode 0 the
# PCI side, 1 DRAM, 2 as below, 3 DRAM; DRAM has 30 and up.
HELD = {'strict': lambda n: pci_held(n) if n % 2 == 0 else dram_held(n),
        'as ever': lambda n: pci_held(n) if n % 4 == 0 else dram_held(n)}


def dram_held(number):
    """A segment that reads as DRAM."""
    return f'{0x30 + number:02x}' * 2


def pci_held(number):
    """A segment that reads as the PCI side."""
    return f'{images.PCI_PATTERN + number:02x}' * 2


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

    arguments(bench, name, options): of each; first, second: (binary, machine
    options).  What it returns takes check(bench, name), which is called for
    each of the three QEMUs.
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
    """PAM in every mode at the moment of migration."""
    def arguments(bench, guest, options):
        return [*bench.debug(guest), '-machine',
                f'{VERSIONED[machine]},accel=tcg{options}', '-m', '64', '-vga',
                'none', '-bios', images.firmware('pam-hold', 128), '-device',
                f'loader,file={images.pci_side()},addr=0xc0000,force-raw=on',
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


def linux_arguments(bench, guest, machine, options, word):
    """Linux with a serial console in the file GUEST.serial."""
    return ['-machine', f'{machine},accel=tcg{options}', '-m', '256', '-vga',
            'std', '-chardev', 'file,id=serial,path='
            + bench.path(guest + '.serial'), '-serial', 'chardev:serial',
            '-kernel', images.kernel(), '-initrd', images.guest_initrd(),
            '-append', f'console=ttyS0 quiet no_timer_check {word}']


def linux_migrates(machine, name, first, second):
    """Linux goes on ticking."""
    def arguments(bench, guest, options):
        return linux_arguments(bench, guest, VERSIONED[machine], options,
                               'lab.tick')

    run = moved(arguments, first, second)
    return (f'migration of Linux: {machine} {name} and back', lambda: run(
        lambda bench, guest: bench.wait_for_line(guest + '.serial',
                                                 'LAB GUEST TICKS', 3)))


def migration():
    """Patched and unpatched QEMU of the same machine type, both ways."""
    new, old = (images.QEMU, ''), (images.QEMU_BASE, '')
    strict = (images.QEMU, STRICT)
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


def suspend_case(machine):
    """S3 and back, then a reset: SeaBIOS finds its way each time."""
    def case():
        with Bench() as bench:
            qmp = bench.start(images.QEMU, 'guest', *linux_arguments(
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
    """QEMU patches kvmvapic's ROM, which firmware has write-protected."""
    def case():
        with Bench() as bench:
            qmp = bench.start(images.QEMU, 'guest', '-machine',
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
        # SMM has a view of its own, and views come in no order.
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
    """A guest that shows a text on -vga std."""
    def case():
        with Bench() as bench:
            qmp = bench.start(images.QEMU, 'guest', '-machine',
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
    """Whatever boots must boot with everything on, from -kernel, too."""
    cases = []
    for machine in MACHINES:
        cases += [
            suspend_case(machine),
            vapic_case(machine),
            screen_case('GRUB', machine, 'Linux on the assigned adapter',
                        '-drive', f'file={images.grub_disk(-1)},format=raw,'
                        'snapshot=on,if=virtio'),
            screen_case('memtest86+', machine, 'Memtest86', '-kernel',
                        images.memtest())]
    return cases


# ---- an adapter's ROM, served by another process ----

def shadow_case(machine, qemu, works):
    """The ROM of a served adapter is copied and run."""
    def case():
        with Bench() as bench:
            card = bench.path('card')
            bench.start(
                images.QEMU, 'server', '-machine', 'x-remote,vfio-user=on',
                '-device', 'cirrus-vga,id=gpu,romfile='
                + images.option_rom('self-writer'), '-object',
                f'x-vfio-user-server,id=s,type=unix,path={card},device=gpu')
            device = {'driver': 'vfio-user-pci', 'addr': '6',
                      'socket': {'type': 'unix', 'path': card}}
            if works:
                device['x-vga'] = True
            bench.start(qemu, 'guest', *bench.debug('guest'), '-machine',
                        f'{machine},accel=tcg', '-m', '64', '-vga', 'none',
                        '-bios', images.firmware('rom-shadow'), '-device',
                        json.dumps(device))
            bench.wait_for_line('guest.debug', 'SHADOW DONE')
            check_shadow(bench.said('guest.debug'), works)
    return (f'shadow copy of a served ROM: {machine}'
            + ('' if works else ' unpatched'), case)


def shadows():
    """Right as soon as an adapter has x-vga=on, and as before without."""
    return [shadow_case(machine, qemu, qemu == images.QEMU)
            for machine in MACHINES
            for qemu in (images.QEMU, images.QEMU_BASE)]


GROUPS = {'walk': walks, 'pictures': pictures, 'shadow': shadows,
          'migration': migration, 'guests': guests, 'kvm': kvm,
          'kvm-unpatched': kvm_unpatched}


def main():
    """One group."""
    if len(sys.argv) != 2 or sys.argv[1] not in GROUPS:
        sys.exit(f'usage: chipset-test.py {"|".join(GROUPS)}')
    tap(GROUPS[sys.argv[1]]())


if __name__ == '__main__':
    main()
