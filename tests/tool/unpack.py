#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A directory of what `vga-assign report` wrote, as machines.py makes them.

usage: unpack.py REPORT DIRECTORY
"""
import os
import re
import sys


class Unpacker:
    """What `vga-assign report` wrote, as a directory again.

    A report comes from anybody: nothing is written outside of the directory,
    through a link that the report made, either.
    """
    # More than any file of a report has, and than any count of its rows.
    MOST = 64 << 20

    def __init__(self, report, where):
        self.report, self.where = report, where
        self.path = self.data = None
        if os.path.lexists(where):
            self.fail('%s exists' % where)
        os.makedirs(where)
        self.top = os.path.realpath(where)

    def fail(self, reason):
        """The end."""
        sys.exit('%s: %s' % (self.report, reason))

    def inside(self, path, what):
        """Whether that is where a path really leads."""
        real = os.path.realpath(path)
        if real != self.top and not real.startswith(self.top + '/'):
            self.fail('%s leads out of %s' % (what, self.where))

    def name(self, path, folder=False):
        """Where it goes; its directories are made."""
        if os.path.normpath(path) != path or not re.match('/[^/]', path):
            self.fail('a path that is none: %s' % path)
        above = self.where
        parts = path.split('/')[1:]
        for part in parts if folder else parts[:-1]:
            above = os.path.join(above, part)
            self.inside(above, path)
            if not os.path.isdir(above):
                os.mkdir(above)
        return self.where + path

    def write(self, path, data, mode=0o644):
        """A file, not what a link leads to."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), 'wb') as f:
            f.write(data)
            os.fchmod(f.fileno(), mode)

    def link(self, words):
        """Both ends inside."""
        target = self.name(words[2], folder=True)
        path = self.name(words[1])
        # Resolved: what lies above may be a link itself.
        os.symlink(os.path.relpath(os.path.realpath(target),
                                   os.path.realpath(os.path.dirname(path))),
                   path)

    def text(self, words):
        """A link that is only read: to nodes of /dev, or to what is inside."""
        path = self.name(words[1])
        if not re.fullmatch('/proc/[0-9]+/fd/[0-9]+', words[1]):
            self.inside(os.path.join(os.path.dirname(path), words[2]), words[1])
        os.symlink(words[2], path)

    def row(self, line):
        """Of a binary file."""
        offset, count, row = line.split()
        offset, count, row = int(offset, 16), int(count), bytes.fromhex(row)
        if offset > self.MOST or count * len(row) > self.MOST - offset:
            self.fail('too large: %s' % line)
        self.data += bytes(offset - len(self.data)) + row * count

    def entry(self, words):
        """A line that begins one."""
        if words[0] in ('file', 'binary'):
            self.path, self.data = self.name(words[1]), bytearray()
        elif words[0] == 'link':
            self.link(words)
        elif words[0] == 'text':
            self.text(words)
        elif words[0] == 'directory':
            self.name(words[1], folder=True)
        elif words[0] == 'node':
            self.write(self.name(words[1]), b'', int(words[2], 8) & 0o777)
        elif words[0] not in ('end', ''):
            self.fail('unknown line: %s' % ' '.join(words))

    def run(self, lines):
        """All of it."""
        for line in lines + ['end']:
            if line[:1] in ('|', ' ') and self.data is None:
                self.fail('a line of no file: %s' % line)
            if line[:1] == '|':
                self.data += line[1:].encode() + b'\n'
            elif line[:1] == ' ':
                self.row(line)
            else:
                if self.data is not None:
                    self.write(self.path, self.data)
                    self.data = None
                self.entry(line.split(' '))


def main():
    """Command line: all of a report."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    report, where = sys.argv[1:]
    with open(report, encoding='utf-8') as f:
        lines = f.read().split('\n')
    if lines[0] != 'vga-assign report 1':
        sys.exit('%s is not a report of vga-assign' % report)
    try:
        Unpacker(report, where).run(lines[1:])
    except (OSError, ValueError, IndexError) as e:
        sys.exit('%s: %s' % (report, e))

if __name__ == '__main__':
    main()
