# SPDX-License-Identifier: GPL-2.0-or-later
"""What a walk over the chipset must say, and what it said unpatched."""

from vgalab import guest_code

# A PAM segment answers the steps of lab/guests/pam-walk.S like this. PP is
# what is on the PCI side; without a device there, data is ff and code is --.
HARDWARE = {
    # write 11 in mode 3, write 22 in 1, read in 3, write 33 in 2, read in 3
    # and 0
    'data': '11 11 11 PP 33 PP'
    # write 44 in 1, 55 in 2, read in 1, write 66 in 0, read in 1, 2, 3
            ' 33 PP 55 PP 55 PP 55',
    # change to 41 in mode 3, 42 in 1, 43 in 3, run in 1, change to 44 in 2,
    # run in 3, 0, 1
    'code': '41 41 43 43 PP 44 PP 44',
    # the steps of data, where a card has a register on the PCI side
    'registers': '11 11 11 22 33 22 33 44 55 66 55 66 55',
    # the register in mode 2: no card yet, card, other value, no card
    'late': 'PPPP 0000 7777 PPPP',
}
# Mode 2 reads DRAM; without a device on the PCI side, the PCI side is DRAM.
UNPATCHED_TCG = {
    'data': '11 11 11 33 33 PP 33 55 55 PP 55 55 55',
    'code': '41 41 43 43 44 44 PP 44',
    'empty data': '11 11 11 33 33 33 33 55 55 66 66 66 66',
    'empty code': '41 41 43 43 44 44 44 44',
    'registers': '11 11 11 33 33 77 33 55 55 66 55 55 55',
    'late': '0000 0000 0000 0000',
}
# ... and mode 1 is not write-protected.
UNPATCHED_KVM = {
    'data': '11 22 22 33 33 PP 44 55 55 PP 55 55 55',
    'code': '41 42 43 43 44 44 PP 44',
    'empty data': '11 22 22 33 33 33 44 55 55 66 66 66 66',
    'empty code': '41 42 43 43 44 44 44 44',
    'registers': '11 22 22 33 33 77 44 55 55 66 55 55 55',
    'late': '0000 0000 0000 0000',
}
# These are the SMRAM register and what 0xa0000 reads as after each step of
# pam-walk.S, with nothing on the PCI side.  D_CLS (2a) does nothing in SMM:
# docs/vga-assign/routing.rst has the reason.
SMRAM_HARDWARE = {
    'smram': '4a:55555555 0a:ffffffff 4a:55555555 42:ffffffff 02:ffffffff '
             '4a:55555555 2a:ffffffff',
    'smm': 'ffffffff 55555555 55555555',
    'locked': '1a:ffffffff 1a:ffffffff 1a:ffffffff',
}
# q35 has no SMRAM without SMM: the register only keeps a byte.
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
    """Returns a PAM segment's name, as the firmware says it."""
    return 'f000' if number == 12 else f'{0xc000 + number * 0x400:04x}'


def wide(values, digits):
    """Widens each of '11 22' to so many digits, as the firmware prints it."""
    return ' '.join((v * (digits // 2)).rjust(8, '0') for v in values.split())


def strict_answer(machine, kib, smm):
    """Returns what a walk says if everything is on."""
    smram = SMRAM_HARDWARE if machine == 'pc' or smm == 'on' else SMRAM_NONE
    if smm == 'off':
        smram = dict(smram, smm='--')
    return walk_answer(HARDWARE, smram, kib)


def walk_answer(answer, smram, kib):
    """Returns all the lines that the walk says, by name."""
    lines = dict(smram, mixed=[])
    for number in range(13):
        name = segment_name(number)
        empty = kib == 64 and 8 <= number < 12
        kind = 'empty ' if empty and 'empty data' in answer else ''
        pci = 'ff' if empty else f'{guest_code.PCI_PATTERN + number:02x}'
        data = answer[kind + 'data'].replace('PP', pci)
        for width, digits in ('dword', 8), ('word', 4), ('byte', 2):
            lines[f'{width} {name}'] = wide(data, digits)
        lines[f'code {name}'] = answer[kind + 'code'].replace(
            'PP', '--' if empty else pci)
        # The segments are in different modes: mode 0 reads as step 10 did,
        # and so on.
        steps = data.split()
        lines['mixed'].append(steps[(9, 10, 11, 12)[number & 3]])
    lines['mixed'] = ' '.join(lines['mixed'])
    lines['registers e800'] = wide(answer['registers'], 4)
    late = answer['late'].replace('PPPP', 'ffff' if kib == 64 else 'aaaa')
    lines['late e800'] = ' '.join(v.rjust(8, '0') for v in late.split())
    return lines
