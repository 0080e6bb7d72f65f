#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Say what was tested where, from the tests' own results: docs/vga-assign/status.rst.

status.py            prints the tables for the last run of the tests
status.py --update   writes the tables into the chapter

Reads build/tests: what Meson says of each test program, and the result.json of each run of the lab. A run of the lab
counts only if it used the series' own QEMU and the guest showed what it should.
"""

import collections
import glob
import json
import os
import sys
import xml.etree.ElementTree as ET

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get('VGA_ASSIGN_BUILD', os.path.join(TOP, 'build'))
CHAPTER = os.environ.get('VGA_ASSIGN_STATUS', os.path.join(
    TOP, 'docs', 'vga-assign', 'status.rst'))
BEGIN = '.. begin of what scripts/status.py writes\n'
END = '.. end of what scripts/status.py writes\n'
SUITES = {
    'unit': 'unit tests in QEMU', 'qtest': 'qtests in QEMU',
    'lab': 'the nested lab', 'seabios': 'SeaBIOS under TCG',
    'tool': 'the host tool', 'scripts': 'the scripts and the series',
    'guests': 'real software, dot by dot', 'zoo': 'adapters of our own',
    'docs': 'this manual'}


def table(head, rows, widths):
    """Return an rst list-table."""
    lines = ['.. list-table::', '   :header-rows: 1',
             f'   :widths: {" ".join(map(str, widths))}', '']
    for row in [head] + rows:
        for number, cell in enumerate(row):
            mark = '   * - ' if not number else '     - '
            lines.append((mark + str(cell)).rstrip())
    return '\n'.join(lines) + '\n'


def releases():
    """Return name and version of each pinned release, without packagings of one."""
    with open(os.path.join(TOP, 'UPSTREAM'), encoding='utf-8') as file:
        rows = [line.split() for line in file
                if line.strip() and line[0] != '#']
    seen = {}
    for row in rows:
        if '-' not in row[0]:
            seen.setdefault(row[0], row[1])
    return seen


def suite_of(full):
    """Return a test's suite: qtest for `vga-assign:qtest+slow / vga-oracle-test`, with or without the project."""
    suites = full.partition(' / ')[0].split(':')[-1].split('+')
    return next((s for s in suites if s in SUITES), None)


def programs():
    """Return {suite: [programs, passed cases, failed, skipped]} from Meson's log."""
    found = collections.defaultdict(lambda: [0, 0, 0, 0])
    path = os.path.join(BUILD, 'tests', 'meson-logs', 'testlog.junit.xml')
    if not os.path.exists(path):
        return found
    with open(path[:-len('junit.xml')] + 'json', encoding='utf-8') as file:
        for suite in (suite_of(json.loads(line)['name']) for line in file):
            if suite:
                found[suite][0] += 1
    for cases in ET.parse(path).getroot().iter('testsuite'):
        for case in cases.iter('testcase'):
            # A program without TAP counts as one case of its suite.
            suite = suite_of(cases.get('name')) or suite_of(case.get('name'))
            if suite:
                bad = case.find('failure') is not None or \
                    case.find('error') is not None
                found[suite][2 if bad else 3
                             if case.find('skipped') is not None else 1] += 1
    return found


def lab_runs():
    """Return the results of the lab that count."""
    for path in sorted(glob.glob(os.path.join(BUILD, 'tests', 'lab', '**',
                                              'result.json'),
                                 recursive=True)):
        with open(path, encoding='utf-8') as file:
            result = json.load(file)
        if result['verdict'] == 'seen' and \
                'qemu-base' not in (result.get('qemu') or ''):
            yield result


def seen_in_lab():
    """Return {(assigned models, machine, accelerator): guests} and the number of runs for each."""
    found = collections.defaultdict(collections.Counter)
    for result in lab_runs():
        models = ' and '.join(a['model'] for a in result['adapters']
                              if a.get('assigned'))
        guest = result.get('guest') or 'a guest of the test\'s own'
        found[models or 'none', result['machine'],
              result['accel']][guest] += 1
    return found


def text():
    """Return all tables."""
    parts = ['Releases: ' + ', '.join(
        f'{name} {version}' for name, version in releases().items()) + '.\n']
    counts = programs()
    if counts:
        rows = [[SUITES[s], *counts[s]] for s in SUITES if s in counts]
        parts.append(table(['Tests of', 'Programs', 'Cases passed', 'Failed',
                            'Skipped'], rows, [40, 15, 15, 15, 15]))
        missing = [SUITES[s] for s in SUITES if s not in counts]
        if missing:
            parts.append('Not part of this run: ' + ', '.join(missing)
                         + '.\n')
    else:
        parts.append('No results of ``make check`` were there.\n')
    runs = seen_in_lab()
    if runs:
        rows = [[adapter, machine, accel, ', '.join(
            name if number == 1 else f'{name} ({number} runs)'
            for name, number in sorted(guests.items()))]
                for (adapter, machine, accel), guests in sorted(runs.items())]
        parts.append(table(['Assigned in the lab', 'Machine', 'Accelerator',
                            'Guests that showed what they had to'], rows,
                           [28, 12, 15, 45]))
    else:
        parts.append('No results of the lab were there.\n')
    return '\n'.join(parts)


def update(chapter, begin, end, tables):
    """Print the tables, or write them into a chapter, as the argument says."""
    if sys.argv[1:] not in ([], ['--update']):
        sys.exit(sys.modules['__main__'].__doc__)
    if not sys.argv[1:]:
        print(tables, end='')
        return
    with open(chapter, encoding='utf-8') as file:
        before, rest = file.read().split(begin)
    _, after = rest.split(end)
    with open(chapter, 'w', encoding='utf-8') as file:
        file.write(f'{before}{begin}\n{tables}\n{end}{after}')


if __name__ == '__main__':
    update(CHAPTER, BEGIN, END, text())
