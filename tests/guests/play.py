# SPDX-License-Identifier: GPL-2.0-or-later
"""Play a guest on a display adapter: its keys, and pictures of its scenes.

A scene begins when the guest says so, or when the screen shows what the table
says. Its picture is taken when it is quiet: in a number of looks in a row
neither the screen changes nor, on an assigned adapter, the counters of the
guest's accesses. With a blinking cursor there are two pictures.
"""

import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'lab'))

# pylint: disable=wrong-import-position
from bench import Bench, Failure, require     # noqa: E402 (makes vgalab known)
from vgalab import paths                      # noqa: E402
from vgalab.machine import ram_blocks, read_screen, vga_stats   # noqa: E402

import pictures                               # noqa: E402

# A screen that does not change in so many looks is quiet. They take longer
# than one period of a cursor (a second), so that both of its pictures are
# seen.
LOOKS = 14
# Fewer looks are enough after a guest of the lab has said that it draws no
# more.
LOOKS_AFTER_WORD = 3
WORD = 'SCENE '
PAUSE = 0.1
# A scene that is quiet so many times with another picture is a different
# scene.
QUIET_TIMES = 8
PATIENCE = 300
# A guest's accesses to an assigned adapter, as QEMU counts them
ACCESSES = ('guest_reads', 'guest_writes', 'copy_accesses', 'planes_accesses')


class Screen:
    """The screen of one run, and the QEMUs that are asked about it.

    If there are two adapters, one picture has both screens.
    """

    def __init__(self, bench, guest, owner=None, beside=False):
        self.bench = bench
        self.guest = guest
        self.owner = owner or guest
        self.assigned = owner is not None
        self.shown = [(self.owner, 'gpu')]
        if beside:
            self.shown.append((guest, 'beside'))
        self.vram = next((address for name, address in
                          ram_blocks(self.owner).items()
                          if name.endswith('vga.vram')), None)

    def look(self):
        """Return what is on the screen."""
        path, found = self.bench.path('screen.ppm'), []
        for qmp, device in self.shown:
            qmp.command('screendump', filename=path, device=device)
            found.append(pictures.read(path))
        return pictures.stacked(found)

    def lines(self):
        """Return a text screen's lines, by memory and picture; [] otherwise."""
        return read_screen(self.owner, self.owner.process.pid, 'gpu',
                           self.vram, self.bench.path(''))[0] or []

    def counters(self):
        """Return counters of an assigned adapter."""
        return vga_stats(self.guest, '/machine/peripheral/card') \
            if self.assigned else {}

    def keys(self, names):
        """Press keys one after the other; a-b presses both together."""
        for name in names:
            self.guest.command('send-key', keys=[
                {'type': 'qcode', 'data': key} for key in name.split('-')])

    def alive(self):
        """Fail if a QEMU has ended."""
        for process in self.bench.processes:
            require(process.poll() is None,
                    f'a QEMU ended with {process.returncode}')

    def said(self):
        """Return what the guest has said, in lines."""
        return [line for name in ('debug', 'serial')
                for line in self.bench.said(f'guest.{name}')]

    def unsaid(self, scene):
        """Return '', or what the guest has not yet said of a scene."""
        if not scene.said or any(scene.said in line for line in self.said()):
            return ''
        return f'"{scene.said}" on the debug port or the serial one'

    def unseen(self, scene, taken):
        """Return '', or what is missing in a scene's pictures."""
        if scene.text and not any(scene.text in line for line in self.lines()):
            return f'"{scene.text}" on a text screen'
        for picture in taken:
            if scene.size and picture[:2] != scene.size:
                return f'{scene.size} dots; there are {picture[:2]}'
            if picture.colors < scene.colors:
                return f'{scene.colors} colours; there are {picture.colors}'
        return ''


def quiet(screen, scene):
    """The pictures of a screen while it was quiet, or None if it was not.

    A cursor that blinks shows its first picture again.  Two pictures of which
    the first does not come back are one that the guest was still drawing, and
    the finished one.
    """
    seen, before = [], None
    looks = LOOKS_AFTER_WORD if scene.said.startswith(WORD) and \
        scene.pictures == 1 else LOOKS
    for number in range(looks):
        if number:
            time.sleep(PAUSE)
        screen.alive()
        stats = screen.counters()
        now = [stats.get(name) for name in ACCESSES]
        if number and now != before:
            return None
        before = now
        picture = screen.look()
        if not seen or picture != seen[-1]:
            seen.append(picture)
        if len(set(seen)) > scene.pictures:
            return None
    found = frozenset(seen)
    came_back = len(seen) > len(found)
    return found if len(found) == scene.pictures and \
        (came_back or scene.pictures == 1) else None


def wait_for(screen, scene, before, wanted=None):
    """Return a scene's pictures; the wanted ones as soon as they are shown.

    While the screen shows the previous scene, the keys have had no effect yet.
    """
    deadline = time.monotonic() + PATIENCE
    others, taken = 0, None
    while others < QUIET_TIMES:
        screen.alive()
        missing = screen.unsaid(scene)
        found = None if missing else quiet(screen, scene)
        if found and wanted and found == wanted:
            return found
        if found:
            missing = screen.unseen(scene, found) if found != before \
                else 'another picture than the one before'
        if found and not missing:
            if not wanted:
                return found
            others = others + 1 if found == taken else 0
            taken = found
        if time.monotonic() > deadline:
            if taken:
                break
            raise Failure(f'{scene.name}: waited {PATIENCE} s for '
                          + (missing or 'a quiet moment'))
        if not found:
            time.sleep(PAUSE)
    return taken


def media_arguments(media):
    """Return QEMU's arguments for what a guest boots."""
    found = []
    for name, value in media.items():
        found += ['-drive', f'file={value},format=raw,snapshot=on,if=ide'] \
            if name == 'disk' else ['-' + name, value]
    return found


def arguments(bench, guest, machine):
    """Return arguments of a guest's QEMU, without its display."""
    return ['-machine', machine, '-accel', 'tcg', '-vga', 'none', '-m', '256',
            '-serial', f'file:{bench.path("guest.serial")}',
            *bench.debug('guest'), *media_arguments(guest.media())]


def displays(guest, mine, assigned):
    """Return -device of the adapter `mine`, and of an emulated one beside it.

    Firmware starts on the first by slot, or on the one with a bootindex;
    emulated adapters have no bootindex.
    """
    found = [mine]
    if guest.beside:
        slots = ['2', '3']
        if guest.starts_on_mine and assigned:
            mine['bootindex'] = 1       # -kernel has 0
        elif guest.starts_on_mine:
            slots.reverse()
        found = [{'driver': guest.beside, 'id': 'beside', 'addr': slots[0]},
                 {'addr': slots[1], **mine}]
    return [word for device in found
            for word in ('-device', json.dumps(device))]


def start_direct(bench, guest, adapter, machine):
    """Start the guest on its own QEMU's adapter; of two, the first by slot."""
    if guest.beside:
        machine += ',x-vga-routing=on'
    qmp = bench.start(paths.QEMU, 'guest', *displays(
        guest, {'driver': adapter, 'id': 'gpu'}, assigned=False),
        *arguments(bench, guest, machine))
    return Screen(bench, qmp, beside=guest.beside)


def start_assigned(bench, guest, adapter, machine, properties):
    """Start the guest on the same adapter, which another QEMU serves."""
    socket = bench.path('card')
    owner = bench.start(
        paths.QEMU, 'server', '-machine', 'x-remote,vfio-user=on',
        '-device', f'{adapter},id=gpu', '-object', 'x-vfio-user-server,'
        f'id=server,type=unix,path={socket},device=gpu')
    device = {'driver': 'vfio-user-pci', 'id': 'card', 'x-vga': True,
              'socket': {'type': 'unix', 'path': socket}, **properties}
    qmp = bench.start(paths.QEMU, 'guest', *displays(
        guest, device, assigned=True), *arguments(bench, guest, machine))
    return Screen(bench, qmp, owner, beside=guest.beside)


def scenes(screen, guest, wanted=None):
    """Return {scene: pictures} of a guest from its start to its last scene.

    `wanted` are the pictures of another run.
    """
    taken, before = {}, None
    for scene in guest.scenes:
        screen.keys(scene.keys)
        before = taken[scene.name] = wait_for(
            screen, scene, before, wanted and wanted[scene.name])
    return taken


def play(guest, adapter, machine, engine=None, wanted=None):
    """Return the scenes of a guest and its counters: on an adapter itself or,
    with an engine, on an assigned one."""
    with Bench() as bench:
        if engine is None:
            screen = start_direct(bench, guest, adapter, machine)
        else:
            screen = start_assigned(bench, guest, adapter, machine,
                                    {'x-vga-engine': engine})
        return scenes(screen, guest, wanted), screen.counters()
