#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the installed QEMU with Debian's, for a chapter of the manual.

usage: features.py [--update] OURS THEIRS

OURS and THEIRS are command prefixes that a program's name is appended to, for example /opt/qemu-vga/bin/ or "chroot DIR
/usr/bin/". Both QEMUs are asked for all that they list: machines, devices, back ends, options, commands. Prints the
chapter, or writes it to docs/vga-assign/features.rst. Exit status 1 means that ours lacks something of Debian's that
EXPLAINED does not name.
"""
import json
import os
import re
import shlex
import subprocess
import sys
import textwrap

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CHAPTER = os.environ.get('VGA_ASSIGN_FEATURES', os.path.join(
    TOP, 'docs', 'vga-assign', 'features.rst'))
HEAD = '''\
.. SPDX-License-Identifier: GPL-2.0-or-later

Features beside Debian's
========================

What Debian's ``qemu-system-x86`` lists with all its modules installed, and what
the QEMU of ``make install`` and of the packages lists (:doc:`packages`).
``scripts/features.py`` of the series asked both.

'''
QEMU = 'qemu-system-x86_64'
# (name of the list, how to ask for it, pattern for the lines of the answer that have a name)
LISTS = (
    ('Machines', ('-machine', 'help'), r'^(\S+) {2,}'),
    ('Processors', ('-cpu', 'help'), r'^ {2}([\w.-]+)(?: {2,}.*)?$'),
    ('Accelerators', ('-accel', 'help'), r'^([a-z]+)$'),
    ('Devices', ('-device', 'help'), r'^name "([^"]+)"'),
    ('Objects', ('-object', 'help'), r'^ {2}([\w-]+)$'),
    ('Displays', ('-display', 'help'), r'^([a-z-]+)$'),
    ('Adapters of -vga', ('-vga', 'help'), r'^(\S+) {2,}'),
    ('Sound', ('-audiodev', 'help'), r'^([a-z]+)$'),
    ('Networks', ('-netdev', 'help'), r'^([a-z0-9-]+)$'),
    ('Character devices', ('-chardev', 'help'), r'^ {2}([a-z-]+)$'),
    ('TPM', ('-tpmdev', 'help'), r'^ *([a-z]+) {2,}'),
    ('Options', ('-help',), r'^--?([a-zA-Z0-9][\w-]*)'),
)
PROGRAMS = ('qemu-img', 'qemu-io', 'qemu-nbd', 'qemu-storage-daemon',
            'qemu-pr-helper', 'qemu-vmsr-helper')
# Why ours lacks a row of Debian's: (list, pattern, reason).
EXPLAINED = (
    ('Machines', r'pc-(i440fx|q35)-[234]\..*',
     'versions from before QEMU 5.0, which QEMU has dropped since'),
    ('Disk formats and protocols',
     r'(nvme-)?io_uring|virtio-blk-(vfio-pci|vhost-user|vhost-vdpa)',
     'drivers of libblkio, which Debian 12 does not have; a build that finds '
     'the library has them'),
    ('Commands of QMP', r'x-query-opcount', 'QEMU has dropped it since'),
)


def said(prefix, program, *arguments, **options):
    """Return what a program prints, whatever its exit status is."""
    *before, last = shlex.split(prefix)
    done = subprocess.run([*before, last + program, *arguments],
                          capture_output=True, text=True, check=False,
                          timeout=120, **options)
    return done.stdout + done.stderr


def has(prefix, program):
    """Return whether the program exists."""
    try:
        return bool(re.search(r'\d\.\d', said(prefix, program, '--version')))
    except OSError:
        return False


def qmp_commands(prefix):
    """Return the names of QMP's commands."""
    script = '{"execute":"qmp_capabilities"}{"execute":"query-commands"}' \
             '{"execute":"quit"}'
    answer = said(prefix, QEMU, '-M', 'none', '-display', 'none', '-qmp',
                  'stdio', input=script)
    for line in answer.splitlines():
        if '"name"' in line:
            return {c['name'] for c in json.loads(line)['return']}
    return set()


def features(prefix):
    """Return the names of each list."""
    found = {name: set(re.findall(pattern, said(prefix, QEMU, *arguments),
                                  re.M))
             for name, arguments, pattern in LISTS}
    formats = re.search(r'(?m)^Supported formats: (.*)$',
                        said(prefix, QEMU, '-drive', 'format=help'))
    found['Disk formats and protocols'] = set(
        formats.group(1).split()) if formats else set()
    found['Commands of QMP'] = qmp_commands(prefix)
    found['Programs'] = {p for p in PROGRAMS if has(prefix, p)}
    return found


def reason(name, row):
    """Return why ours lacks a row of theirs, or None if that is not known."""
    return next((why for what, pattern, why in EXPLAINED
                 if what == name and re.fullmatch(pattern, row)), None)


def listing(rows):
    """Return names as a paragraph."""
    return textwrap.fill(', '.join(f'``{r}``' for r in sorted(rows)) or 'none',
                         90, break_long_words=False, break_on_hyphens=False)


def version(prefix):
    """Return a version, for example `10.0.13 (Debian 1:10.0.13+ds-0+deb13u1)`."""
    return re.search(r'version ([^\n]+)', said(prefix, QEMU,
                                               '--version')).group(1)


def cell(first, text):
    """Return one cell of a list-table, of several lines."""
    return textwrap.indent(text, '       ').replace(
        '       ', first, 1)


def tables(ours, theirs, versions):
    """Return the summary, then all names."""
    lines = [f'Debian\'s says that it is version {versions[1]}, ours that it',
             f'is {versions[0]}.', '',
             '.. list-table::', '   :header-rows: 1',
             '   :widths: 22 10 10 29 29', '']
    head = ('List', 'Debian\'s', 'ours', 'only Debian\'s', 'only ours')
    rows = [head] + [(name, str(len(theirs[name])), str(len(ours[name])),
                      listing(theirs[name] - ours[name]),
                      listing(ours[name] - theirs[name])) for name in ours]
    for row in rows:
        lines.append(cell('   * - ', row[0]))
        lines += [cell('     - ', text) for text in row[1:]]
    lines += ['', 'Why ours has not all of Debian\'s:', '']
    whys = sorted({(name, reason(name, row), row) for name in ours
                   for row in theirs[name] - ours[name]
                   if reason(name, row)})
    for why in dict.fromkeys(w for _, w, _ in whys):
        names = [row for _, w, row in whys if w == why]
        lines.append(textwrap.fill('* ' + ', '.join(
            f'``{n}``' for n in names) + ': ' + why, 90,
            subsequent_indent='  ', break_on_hyphens=False))
    lines.append('')
    for name in ours:
        lines += [f'**{name}** in both:', '',
                  listing(ours[name] & theirs[name]), '']
    return '\n'.join(lines)


def main():
    """Run the command line."""
    arguments = [a for a in sys.argv[1:] if a != '--update']
    if len(arguments) != 2 or arguments[0].startswith('-'):
        sys.exit(__doc__)
    ours, theirs = map(features, arguments)
    for name in ours:
        if not theirs[name] or not ours[name]:
            sys.exit(f'features.py: {name}: nothing was listed by '
                     f'{arguments[0 if theirs[name] else 1]}')
    text = HEAD + tables(ours, theirs, [version(a) for a in arguments])
    if '--update' in sys.argv:
        with open(CHAPTER, 'w', encoding='utf-8') as file:
            file.write(text)
    else:
        print(text, end='')
    missing = [f'{name}: {row}' for name in ours
               for row in sorted(theirs[name] - ours[name])
               if not reason(name, row)]
    for row in missing:
        print(f'features.py: only Debian\'s has {row}', file=sys.stderr)
    return bool(missing)


if __name__ == '__main__':
    sys.exit(main())
