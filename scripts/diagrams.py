#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws the manual's diagrams and its chart: docs/vga-assign/*.svg.

diagrams.py           writes the files
diagrams.py --check   names the files that are out of date; exit 1 if any

Each picture has a background of its own and follows the reader's light or dark
scheme, so it can be read on any page.  The chart is of the table in speed.rst
that compares with the unpatched QEMU.
"""

import math
import os
import re
import sys
from xml.sax.saxutils import escape

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WHERE = os.path.join(TOP, 'docs', 'vga-assign')
WIDTH = 760

STYLE = '''
  text { font: 13px sans-serif; fill: var(--ink); }
  .small { font-size: 12px; fill: var(--faint); }
  .head { font-size: 15px; font-weight: bold; }
  .bold { font-weight: bold; }
  .code { font-family: monospace; }
  .page { fill: var(--page); }
  .box, .ram, .pci, .firm, .free { stroke: var(--line); }
  .box { fill: var(--box); }
  .ram { fill: var(--ram); }
  .pci { fill: var(--pci); }
  .firm { fill: var(--firm); }
  .free { fill: none; stroke-dasharray: 4 3; }
  .way { fill: none; stroke: var(--ink); stroke-width: 1.5; }
  .off { fill: none; stroke: var(--faint); stroke-dasharray: 4 3; }
  .tip { fill: var(--ink); }
  .grid { stroke: var(--line); stroke-width: 0.5; }
  .one { stroke: var(--ink); stroke-width: 1.5; }
  .bar0 { fill: #3a7ebf; }
  .bar1 { fill: #d0662f; }
  .slower { fill: #cf3a4c; }
  svg { --page: #ffffff; --ink: #1f2328; --faint: #59636e; --line: #8c959f;
        --box: #f6f8fa; --ram: #dafbe1; --pci: #ddf4ff; --firm: #fff8c5; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #0d1117; --ink: #e6edf3; --faint: #9198a1; --line: #656c76;
          --box: #21262d; --ram: #12391f; --pci: #0c2d6b; --firm: #4b3a00; }
  }
'''


class Picture:
    """An SVG file in the making."""
    def __init__(self, name, height, title):
        self.name = name
        self.parts = [
            '<!--', 'SPDX-License-Identifier: GPL-2.0-or-later', '',
            'Written by scripts/diagrams.py', '-->',
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
            f'height="{height}" viewBox="0 0 {WIDTH} {height}">',
            f'<title>{escape(title)}</title>', f'<style>{STYLE}</style>',
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" '
            'markerWidth="8" markerHeight="8" orient="auto-start-reverse">'
            '<path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>',
            f'<rect class="page" width="{WIDTH}" height="{height}" rx="6"/>']

    def text(self, x, y, text, kind='', anchor='middle'):
        """A line of text."""
        self.parts.append(f'<text class="{kind}" x="{x}" y="{y}" '
                          f'text-anchor="{anchor}">{escape(text)}</text>')

    def box(self, x, y, width, height, *lines, kind='box', first='bold'):
        """A box with lines in its middle."""
        self.parts.append(f'<rect class="{kind}" x="{x}" y="{y}" rx="4" '
                          f'width="{width}" height="{height}"/>')
        top = y + height / 2 - 8.5 * (len(lines) - 1) + 4.5
        for number, line in enumerate(lines):
            self.text(x + width / 2, top + 17 * number, line,
                      first if not number else 'small')

    def way(self, *points, kind='way', tip=True):
        """Draw a line through points, with an arrow at its end."""
        path = 'M' + 'L'.join(f'{x} {y}' for x, y in points)
        end = ' marker-end="url(#tip)"' if tip else ''
        self.parts.append(f'<path class="{kind}" d="{path}"{end}/>')

    def finish(self):
        """Return the file's text."""
        return '\n'.join(self.parts + ['</svg>', ''])


def paths():
    """Draw the way of an access through the tiers."""
    p = Picture('paths', 500, 'The way of a guest access to legacy VGA')
    p.box(190, 14, 380, 50, 'Guest: firmware, boot loader, DOS, text console',
          'reads or writes 0xa0000-0xbffff, 3b0-3bb, 3c0-3df', kind='ram')
    p.way((380, 64), (380, 92))
    p.box(170, 92, 420, 50, 'Routing in the guest',
          'one owner on each bus, by PCI_COMMAND, power and VGA Enable')
    p.way((590, 117), (628, 117), kind='off')
    p.box(630, 96, 116, 42, 'another adapter', kind='free', first='small')
    p.way((380, 142), (380, 170))
    p.parts.append('<rect class="box" x="14" y="170" width="732" height="136" '
                   'rx="4"/>')
    p.text(380, 190, 'Engine: each tier gives guest and adapter what the one '
           'before it would have given', 'bold')
    tiers = (('forward', 'one access', 'is one call'),
             ('write combining', 'ascending writes', 'are one call; KVM',
              'keeps them in a ring'),
             ('text copy', 'window and font;', 'with KVM it is RAM',
              'and nothing exits'),
             ('chain-4 copy', 'in mode 13h; in a', 'larger mode only if',
              'it is chosen'),
             ('planes', 'in planar modes, if', 'the guest reads, a',
              'copy of all planes'))
    for number, tier in enumerate(tiers):
        p.box(24 + 143 * number, 204, 138, 88, *tier, kind='pci')
    p.way((380, 306), (380, 334))
    p.box(190, 334, 380, 50, "Region 8 of the device, the VGA region",
          'VFIODeviceIOOps: one call on the host or a message')
    p.way((280, 384), (190, 412))
    p.way((480, 384), (570, 412))
    p.box(40, 412, 300, 74, 'vfio-pci in the host\'s kernel',
          'takes the VGA arbiter for each call,',
          'then the physical adapter answers', kind='firm')
    p.box(420, 412, 300, 74, 'vfio-user server',
          'another process, by messages on a socket;',
          'its adapter has ranges of its own', kind='firm')
    return p


def owners():
    """Draw who owns legacy VGA in the guest and on the host."""
    p = Picture('owners', 430, 'Who owns legacy VGA in the guest and on the '
                'host')
    p.text(190, 28, 'In the guest', 'head')
    p.text(190, 46, 'decided by the guest, carried out by QEMU', 'small')
    p.text(570, 28, 'On the host', 'head')
    p.text(570, 46, 'decided and carried out by Linux, for each call', 'small')
    p.way((380, 14), (380, 416), kind='off', tip=False)

    p.box(110, 62, 160, 34, "guest's access", kind='ram')
    p.way((190, 96), (190, 122))
    p.parts.append('<path class="way" d="M30 122H350"/>')
    p.text(32, 116, 'root bus', 'small', 'start')
    p.way((90, 122), (90, 152), kind='off')
    p.way((280, 122), (280, 152))
    p.box(24, 152, 132, 74, 'emulated VGA', 'decodes, but the',
          'bridge comes first', kind='free')
    p.box(206, 152, 148, 74, 'root port', 'VGA Enable is set;',
          'D0, with power', kind='pci')
    p.way((280, 226), (280, 252))
    p.box(206, 252, 148, 74, 'assigned adapter', 'on in PCI_COMMAND,',
          'so it is the owner', kind='pci')
    p.way((280, 326), (280, 352))
    p.box(206, 352, 148, 34, 'call on the region')
    p.text(24, 352, 'On each bus the owner', 'small', 'start')
    p.text(24, 369, 'keeps the ranges until it', 'small', 'start')
    p.text(24, 386, 'no longer decodes them.', 'small', 'start')
    p.way((354, 369), (366, 369), (366, 79), (400, 79))

    p.box(402, 62, 150, 34, 'call of guest 1', kind='ram')
    p.box(590, 62, 150, 34, 'call of guest 2', kind='ram')
    p.way((477, 96), (477, 128))
    p.way((665, 96), (665, 128), kind='off')
    p.text(672, 116, 'waits', 'small', 'start')
    p.box(402, 130, 338, 74, 'VGA arbiter',
          'lock: set VGA Enable on the way to one adapter',
          'and clear it elsewhere; unlock after the call', kind='firm')
    p.way((455, 204), (455, 236))
    p.way((570, 204), (570, 236), kind='off')
    p.way((686, 204), (686, 236), kind='off')
    for x, mark, kind in ((402, 'VGA Enable 1', 'pci'),
                          (518, 'VGA Enable 0', 'free'),
                          (634, 'VGA Enable 0', 'free')):
        p.box(x, 236, 106, 50, 'bridge', mark, kind=kind)
    for x, who, kind in ((402, 'of guest 1', 'pci'), (518, 'of guest 2',
                          'free'), (634, 'of the host', 'free')):
        p.way((x + 53, 286), (x + 53, 312), kind='way' if kind == 'pci'
              else 'off')
        p.box(x, 312, 106, 50, 'adapter', who, kind=kind)
    p.text(570, 388, 'x-vga-arbiter=on keeps the lock for up to 10 ms, so that',
           'small')
    p.text(570, 405, 'fewer calls begin with a switch.', 'small')
    return p


def pam():
    """Draw the PAM modes."""
    p = Picture('pam', 236, 'The four PAM modes')
    modes = (('Mode 0', 'pci', 'pci', 'before shadowing'),
             ('Mode 1', 'ram', 'pci', 'shadow RAM, protected'),
             ('Mode 2', 'pci', 'ram', 'while a ROM is copied'),
             ('Mode 3', 'ram', 'ram', 'shadow RAM'))
    for number, (name, reads, writes, use) in enumerate(modes):
        x = 16 + 186 * number
        p.text(x + 85, 26, name, 'head')
        p.text(x + 85, 44, use, 'small')
        p.box(x + 40, 56, 90, 30, 'processor')
        p.box(x, 158, 78, 34, 'DRAM', kind='ram')
        p.box(x + 92, 158, 78, 34, 'PCI', kind='pci')
        for way, target, kind in (('R', reads, 'way'), ('W', writes, 'off')):
            same = reads == writes
            middle = x + (39 if target == 'ram' else 131)
            end = middle + ((-14 if way == 'R' else 14) if same else 0)
            start = x + (70 if way == 'R' else 100)
            p.parts.append(f'<path class="{kind}" style="stroke-width:1.5" '
                           f'd="M{start} 86L{end} 157" '
                           'marker-end="url(#tip)"/>')
    p.parts.append('<path class="way" d="M196 216H236"/>')
    p.text(244, 220, 'reads', '', 'start')
    p.parts.append('<path class="off" style="stroke-width:1.5" '
                   'd="M336 216H376"/>')
    p.text(384, 220, 'writes', '', 'start')
    p.text(450, 220, '(each of 13 segments by itself)', 'small', 'start')
    return p


def bars():
    """Draw where firmware puts BARs."""
    p = Picture('bars', 470, 'Where SeaBIOS of the series puts BARs')
    for x, machine in ((150, 'pc'), (440, 'q35')):
        p.text(x + 85, 26, machine, 'head')
        p.box(x, 40, 170, 66, 'window above RAM', '64-bit BARs that do',
              'not fit below', kind='pci')
        p.box(x, 106, 170, 50, 'RAM above 4 GiB', kind='ram')
        p.box(x, 156, 170, 34, 'chipset: APICs, firmware', kind='firm',
              first='small')
    p.box(150, 190, 170, 66, 'window below 4 GiB', 'boot VGA first, then',
          'the other BARs', kind='pci')
    p.box(150, 256, 170, 62, 'grows down,', 'in steps of 256 MiB', kind='free',
          first='small')
    p.box(440, 190, 170, 66, 'window below 4 GiB', 'boot VGA first, then',
          'the other BARs', kind='pci')
    p.box(440, 256, 170, 30, 'ECAM, 256 MiB', kind='firm', first='small')
    p.box(440, 286, 170, 44, 'both grow down,', 'in steps of 256 MiB',
          kind='free', first='small')
    for x, bottom in ((150, 318), (440, 330)):
        p.box(x, bottom, 170, 436 - bottom, 'low RAM', kind='ram')
        side = x + (180 if x == 150 else -10)
        p.way((side, 256 if x == 150 else 286), (side, bottom))
    for y, name in ((156, '4 GiB'), (190, '0xfec00000'), (436, '0')):
        p.text(140, y + 4, name, 'code', 'end')
        p.text(620, y + 4, name, 'code', 'start')
    p.text(140, 256 + 4, '0x80000000 or', 'code', 'end')
    p.text(140, 273 + 4, '0xc0000000', 'code', 'end')
    p.text(620, 256 + 4, '0xc0000000', 'code', 'start')
    p.text(140, 322, 'end of low RAM', 'small', 'end')
    p.text(620, 334, 'end of low RAM', 'small', 'start')
    p.text(380, 458, 'Not to scale. max-ram-below-4g= lowers the end of low '
           'RAM.', 'small')
    return p


# A description of each row of the table, for readers who see only the chart.
WORK = {
    'VBIOS mode set': 'INT 10h, which clears the screen',
    'text fill': 'a full text screen, again and again',
    'text scroll': 'the screen moved up by a line',
    'lines and cursor': 'a line of text, then the cursor',
    'mode 13h frame': '320x200 dots, 4 at a time',
    'planar fill': 'mode 12h, plane by plane',
    'latched copy': 'mode 12h, by write mode 1',
    'palette load': '256 colors by the DAC',
    'register ping-pong': 'an index written, data read',
    'cursor moves': "the cursor's address written",
    'Linux boots': 'a guest with a VGA console',
    'Linux scrolls a log': 'the same console, many lines'}
TO = ' to unpatched'


def measured():
    """Read the table: (names of the ways, [(work, [ratio of each way])])."""
    with open(os.path.join(WHERE, 'speed.rst'), encoding='utf-8') as file:
        text = file.read()
    for table in re.findall(r'list-table::\n((?:   .*\n|\n(?=   ))+)', text):
        head, *rows = [re.findall(r'- (.*)', row)
                       for row in table.split('   * ')[1:]]
        wanted = [n for n, name in enumerate(head) if name.endswith(TO)]
        if wanted:
            return [head[n][:-len(TO)] for n in wanted], \
                [(row[0], [row[n] for n in wanted]) for row in rows]
    sys.exit(f'speed.rst has no table with columns "...{TO}"')


def speed():
    """Draw how many times as fast as the unpatched QEMU each way is."""
    ways, rows = measured()
    logs = [math.log10(float(n)) for _, ratios in rows for n in ratios]
    least, most = min(-0.5, *logs) - 0.2, max(1, math.ceil(max(logs)))
    step = 17 * len(ways) + 14
    bottom = 66 + max(step, 36) * len(rows)
    p = Picture('speed', bottom + 44,
                'How many times as fast as the unpatched QEMU')

    def place(log):
        return round(290 + (log - least) * 420 / (most - least))
    p.text(14, 24, 'How many times as fast as the unpatched QEMU', 'head',
           'start')
    x = 14
    for kind, name in [*((f'bar{n}', way) for n, way in enumerate(ways)),
                       ('slower', 'slower than unpatched')]:
        p.parts.append(f'<rect class="{kind}" x="{x}" y="36" width="12" '
                       'height="12"/>')
        p.text(x + 18, 47, name, '', 'start')
        x += 44 + 7 * len(name)
    for power in range(math.ceil(least), most + 1):
        p.parts.append(f'<path class="{"grid" if power else "one"}" '
                       f'd="M{place(power)} 58V{bottom}"/>')
        p.text(place(power), bottom + 16, f'{10 ** power:g}')
    p.text(place(0) - 8, bottom + 34, 'slower \u2190', 'small', 'end')
    p.text(place(0) + 8, bottom + 34, '\u2192 faster; logarithmic axis, ten '
           'times from line to line', 'small', 'start')
    for number, (work, ratios) in enumerate(rows):
        y = 66 + max(step, 36) * number
        p.text(14, y + 13, work, '', 'start')
        p.text(14, y + 28, WORK[work], 'small', 'start')
        for nth, ratio in enumerate(ratios):
            bar(p, y + 17 * nth, place(0), place(math.log10(float(ratio))),
                f'bar{nth}', ratio)
    return p


def bar(p, y, one, end, kind, ratio):
    """Draw a bar from 1 to its ratio; below 1 it goes to the left and is red.

    A bar that would be too short to be seen has the least visible length.
    """
    slower = float(ratio) < 1
    left = min(end, one - 5) if slower else one
    right = one if slower else max(end, one + 2)
    p.parts.append(f'<rect class="{"slower" if slower else kind}" x="{left}" '
                   f'y="{y}" width="{right - left}" height="15"/>')
    p.text(left - 5 if slower else right + 5, y + 12, ratio, '',
           'end' if slower else 'start')


def main():
    """Do what the argument says."""
    if sys.argv[1:] not in ([], ['--check']):
        sys.exit(__doc__)
    differ = 0
    for picture in (paths(), owners(), pam(), bars(), speed()):
        path = os.path.join(WHERE, picture.name + '.svg')
        text = picture.finish()
        if sys.argv[1:]:
            with open(path, encoding='utf-8') as file:
                if file.read() != text:
                    print(f'{path} is not what scripts/diagrams.py writes; '
                          'run it')
                    differ = 1
        else:
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
    sys.exit(differ)


if __name__ == '__main__':
    main()
