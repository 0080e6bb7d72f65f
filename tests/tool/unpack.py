#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make a directory of a report of `vga-assign report`, as machines.py does.

usage: unpack.py REPORT DIRECTORY
"""
import os
import re
import sys


class Unpacker:
    """Turns a report of `vga-assign report` into a directory.

    A report may come from anybody. So nothing is written outside of the
    directory, not even through a link that the report made.
    """
    # This is more than any file of a report has, and a limit for the count of
    # its rows.
    MOST = 64 << 20

    def __init__(self, report, where):
        self.report, self.where = report, where
        self.path = self.data = None
        if os.path.lexists(where):
            self.fail('%s exists' % where)
        os.makedirs(where)
        self.top = os.path.realpath(where)

    def fail(self, reason):
        """End with an error."""
        sys.exit('%s: %s' % (self.report, reason))

    def inside(self, path, what):
        """Return a path, or fail if it really leads out of the directory."""
        real = os.path.realpath(path)
        if real != self.top and not real.startswith(self.top + '/'):
            self.fail('%s leads out of %s' % (what, self.where))

    def name(self, path, folder=False):
        """Return where a name lies; make its directories."""
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
        """Write a file, but not what a link leads to."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), 'wb') as f:
            f.write(data)
            os.fchmod(f.fileno(), mode)

    def link(self, words):
        """Make a link whose ends are both inside."""
        target = self.name(words[2], folder=True)
        path = self.name(words[1])
        # The path is resolved, because a directory above may be a link.
        os.symlink(os.path.relpath(os.path.realpath(target),
                                   os.path.realpath(os.path.dirname(path))),
                   path)

    def text(self, words):
        """Make a link that is only read: to nodes of /dev, or to the inside."""
        path = self.name(words[1])
        if not re.fullmatch('/proc/[0-9]+/fd/[0-9]+', words[1]):
            self.inside(os.path.join(os.path.dirname(path), words[2]), words[1])
        os.symlink(words[2], path)

    def row(self, line):
        """Add a row of a binary file."""
        offset, count, row = line.split()
        offset, count, row = int(offset, 16), int(count), bytes.fromhex(row)
        if offset > self.MOST or count * len(row) > self.MOST - offset:
            self.fail('too large: %s' % line)
        self.data += bytes(offset - len(self.data)) + row * count

    def entry(self, words):
        """Begin an entry."""
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
        """Unpack all lines."""
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
    """Run the command line."""
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
