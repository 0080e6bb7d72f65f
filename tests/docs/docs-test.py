#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that manual.py and status.py find what they should (TAP on stdout).

manual.py runs on copies of the manual and the sources with one mistake each,
and status.py on invented results. README.md is checked, too.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
REFERENCE = 'docs/vga-assign/reference.rst'
HELP = '  {}=<bool>             - made up for this test\n'


class Failure(Exception):
    """A case failed."""


def require(condition, text):
    """Fail with the text unless the condition holds."""
    if not condition:
        raise Failure(text)


class Copy:
    """A copy of the manual and the sources, of which files can be changed."""
    def __init__(self, where):
        self.top = where
        for name in ('docs', 'hw', 'include', 'util', 'qapi', 'patches'):
            shutil.copytree(os.path.join(TOP, name),
                            os.path.join(where, name))
        with open(os.path.join(where, REFERENCE), encoding='utf-8') as file:
            text = file.read().split('\nCounters\n')[0]
        names = re.findall(r'``([\w-]+)``', ''.join(
            re.findall(r'(?m)^   \* - (``.*)$', text)))
        self.ours = self.put('ours', ''.join(map(HELP.format, names)))
        self.base = self.put('base', HELP.format('made-up'))

    def put(self, name, text):
        """Write a new file; return its path."""
        path = os.path.join(self.top, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def change(self, name, before, after):
        """Replace a text in a file."""
        path = os.path.join(self.top, name)
        with open(path, encoding='utf-8') as file:
            text = file.read()
        require(before in text, f'{name} has no "{before}" to change')
        self.put(name, text.replace(before, after, 1))

    def judge(self):
        """Return what manual.py says, and its exit status."""
        done = subprocess.run(
            [sys.executable, os.path.join(HERE, 'manual.py'), '--top',
             self.top, '--help-of', self.ours, '--base-help-of', self.base],
            capture_output=True, text=True, check=False)
        require(not done.stderr, done.stderr)
        return done.returncode, done.stdout


def right():
    """The manual as it is has no mistake."""
    with tempfile.TemporaryDirectory() as where:
        code, said = Copy(where).judge()
    require(code == 0 and said.count('\nok ') == 7, said)


def wrong(*changes, says):
    """A case: with these changes manual.py fails and says so."""
    def case():
        with tempfile.TemporaryDirectory() as where:
            copy = Copy(where)
            for change in changes:
                change(copy)
            code, said = copy.judge()
        require(code == 1, f'exit status {code}: {said}')
        for text in says:
            require(text in said, f'"{text}" is not in: {said}')
        require(said.count('not ok') == 1, f'more than one check: {said}')
    return case


def edit(*arguments):
    """Change a file."""
    return lambda copy: copy.change(*arguments)


def first_message(copy):
    """Remove the first message from the manual."""
    with open(os.path.join(copy.top, REFERENCE), encoding='utf-8') as file:
        text = file.read()
    term = re.search(r'\nMessages\n-+\n(?:.*\n)*?(``.*)\n  ', text)[1]
    copy.change(REFERENCE, f'\n{term}\n', '\n``nobody says this``\n')


def new_property(copy):
    """Add a property to QEMU that the manual does not know."""
    with open(copy.ours, 'a', encoding='utf-8') as file:
        file.write(HELP.format('x-brand-new'))


def first_row(title):
    """Write the first row below a title twice."""
    def change(copy):
        with open(os.path.join(copy.top, REFERENCE), encoding='utf-8') as file:
            text = file.read()
        row = re.search(rf'\n{title}.*\n-+\n(?:.*\n)*?   \* - [^`\n]*\n'
                        r'(?:     - .*\n)+(   \* - ``(?:.*\n)+?)(?=   \* |\n)',
                        text)[1]
        copy.change(REFERENCE, row, row + row)
    return change


def status():
    """status.py makes its tables from invented results."""
    with tempfile.TemporaryDirectory() as where:
        lab = os.path.join(where, 'tests', 'lab')
        logs = os.path.join(where, 'tests', 'meson-logs')
        os.makedirs(logs)
        for name, verdict, qemu in (('a', 'seen', None), ('b', 'seen', None),
                                    ('c', 'not seen', None),
                                    ('d', 'seen', '/x/qemu-base/qemu')):
            os.makedirs(os.path.join(lab, name))
            with open(os.path.join(lab, name, 'result.json'), 'w',
                      encoding='utf-8') as file:
                json.dump({'verdict': verdict, 'qemu': qemu, 'machine': 'q35',
                           'accel': 'kvm', 'guest': 'grub', 'adapters': [
                               {'model': 'VGA', 'assigned': False},
                               {'model': 'ati-vga', 'assigned': True}]}, file)
        with open(os.path.join(logs, 'testlog.json'), 'w',
                  encoding='utf-8') as file:
            for name in 'lab+slow / pc', 'qtest / dead':
                file.write(json.dumps({'name': f'vga-assign:{name}'}) + '\n')
        with open(os.path.join(logs, 'testlog.junit.xml'), 'w',
                  encoding='utf-8') as file:
            file.write('<testsuites><testsuite '
                       'name="vga-assign.vga-assign:lab+slow / pc">'
                       '<testcase name="1"/><testcase name="2"><failure/>'
                       '</testcase><testcase name="3"><skipped/></testcase>'
                       '</testsuite><testsuite name="vga-assign"><testcase '
                       'name="vga-assign:qtest / dead"><error/></testcase>'
                       '</testsuite></testsuites>')
        said = subprocess.run(
            [os.path.join(TOP, 'scripts', 'status.py')], check=True, text=True,
            capture_output=True, env=dict(os.environ, VGA_ASSIGN_BUILD=where)
        ).stdout
    require(re.search(r'ati-vga\n *- q35\n *- kvm\n *- grub \(2 runs\)\n',
                      said), f'not two runs that count: {said}')
    require(re.search(r'the nested lab\n *- 1\n *- 1\n *- 1\n *- 1\n', said),
            f'not one case of each kind: {said}')
    require(re.search(r'qtests in QEMU\n *- 1\n *- 0\n *- 1\n *- 0\n', said),
            f'not one program that died: {said}')
    require('Not part of this run: unit tests' in said, said)


def guests():
    """guests.py makes its table from invented results."""
    with tempfile.TemporaryDirectory() as where:
        for number, (adapter, machine, way, engine, differ) in enumerate((
                ('VGA', 'pc', 'served', 'auto', []),
                ('VGA', 'pc', 'served', 'forward', []),
                ('VGA', 'pc', 'lab', 'auto', ['menu']),
                ('ati-vga', 'q35', 'lab', 'auto', []),
                ('cirrus-vga', 'q35', 'lab', 'auto', []))):
            out = os.path.join(where, 'tests', 'guests', str(number))
            os.makedirs(out)
            with open(os.path.join(out, 'scenes.json'), 'w',
                      encoding='utf-8') as file:
                json.dump({'guest': 'a', 'about': 'A guest', 'scenes': 4,
                           'adapter': adapter, 'machine': machine, 'way': way,
                           'engine': engine, 'differ': differ}, file)
        said = subprocess.run(
            [os.path.join(TOP, 'scripts', 'guests.py')], check=True, text=True,
            capture_output=True, env=dict(os.environ, VGA_ASSIGN_BUILD=where)
        ).stdout
    require('5 runs, 20 scenes compared, 1 of them different.' in said, said)
    require(re.search(r'VGA\n *- served: auto, forward; '
                      r'\*\*lab, auto: 1 differ\*\*\n *- not run\n', said),
            f'what differs is not there: {said}')
    require(re.search(r'ati-vga, cirrus-vga\n *- not run\n *- lab: auto\n',
                      said), f'adapters of the same are not one row: {said}')


def diagrams():
    """The pictures are what their script draws."""
    done = subprocess.run([os.path.join(TOP, 'scripts', 'diagrams.py'),
                           '--check'], capture_output=True, text=True,
                          check=False)
    require(done.returncode == 0, done.stdout + done.stderr)


def readme():
    """Lines fit, and no count becomes wrong with the next patch."""
    with open(os.path.join(TOP, 'README.md'), encoding='utf-8') as file:
        lines = file.read().split('\n')
    for number, line in enumerate(lines, 1):
        require(len(line) <= 120, f'README.md:{number} has {len(line)} columns')
        require(not re.search(r'\b\d+ (?:\w+ )?(?:patches|fixes|lines)\b', line),
                f'README.md:{number} counts what changes: {line}')
    text = '\n'.join(lines)
    for link in re.findall(r'\]\(([^)#:]+)\)', text) + \
            re.findall(r'(?m)^\[\w+\]: (\S+)', text):
        require(os.path.exists(os.path.join(TOP, link)), f'no file {link}')
    for script in re.findall(r'`(scripts/[\w-]+)', text):
        require(os.path.exists(os.path.join(TOP, script)), f'no {script}')
    for page in os.listdir(os.path.join(TOP, 'docs', 'vga-assign')):
        require(not page.endswith('.rst')
                or f'](docs/vga-assign/{page})' in text,
                f'README.md does not list docs/vga-assign/{page}')


def example():
    """The command line that a message of QEMU's shows can be typed."""
    build = os.environ.get('VGA_ASSIGN_BUILD', os.path.join(TOP, 'build'))
    said = subprocess.run(
        [os.path.join(build, 'qemu', 'qemu-system-x86_64'), '-display', 'none',
         '-device', 'vfio-user-pci'], capture_output=True, text=True,
        check=False).stderr
    shown = re.search(r"-device '(.*)'$", said, re.MULTILINE)
    require(shown, f'no example: {said}')
    try:
        json.loads(shown.group(1))
    except ValueError as error:
        raise Failure(f'{error}: {shown.group(1)}') from error


TAKEN = 'x-vga=on contradicts x-pci-class-code='
CASES = (
    ('the manual is right', right),
    ('a message that the manual lacks, and one that nobody says',
     wrong(first_message, says=('# missing (', 'no source says: nobody says'))),
    ('a message that the sources say differently', wrong(
        edit('hw/vfio/vga-legacy.c', TAKEN, 'x-vga=on denies '),
        says=('missing (hw/vfio/vga-legacy.c): x-vga=on denies',
              'no source says: ' + TAKEN))),
    ('a message that the manual has twice', wrong(
        edit(REFERENCE, f'\n``{TAKEN}0x...``\n',
             f'\n``{TAKEN}0x...``, ``{TAKEN}0x...``\n'),
        says=('twice: ' + TAKEN,))),
    ('a counter that the manual has twice', wrong(
        first_row('Counters'), says=('2 times in', '# counter'))),
    ('a command that the manual lacks', wrong(
        edit(REFERENCE, '* - ``x-query-vga-routing``', '* - the same'),
        says=('command x-query-vga-routing: 0 times',))),
    ('a finding that the manual lacks', wrong(
        edit('docs/vga-assign/vbios.rst', '* - ``posted``', '* - it has run'),
        says=('finding posted: 0 times',))),
    ('a property that the manual has twice', wrong(
        first_row('Properties of the devices'),
        lambda copy: copy.put('base', HELP.format('bar-identity')),
        says=('# property', '2 times in'))),
    ('a property that the manual lacks', wrong(
        new_property, says=('property x-brand-new: 0 times',))),
    ('a property that QEMU does not have', wrong(
        edit(REFERENCE, '* - ``x-rom-check``', '* - ``rom-check``'),
        says=('property rom-check: in', 'property x-rom-check: 0 times'))),
    ('a chapter that is not in the list', wrong(
        edit('docs/vga-assign.rst', '   vga-assign/speed\n', ''),
        says=('speed.rst is not in the toctree',))),
    ('a chapter that does not lead to the page about black screens', wrong(
        edit('docs/vga-assign/interrupts.rst', ':doc:`black-screen`', 'there'),
        says=('interrupts.rst does not link',))),
    ('an option that no longer exists', wrong(
        edit('docs/vga-assign/speed.rst', 'x-vga-bar-order', 'x-vga-bar-row'),
        says=('speed.rst names x-vga-bar-row',))),
    ('status.py', status),
    ('guests.py', guests),
    ('diagrams', diagrams),
    ('README.md', readme),
    ("QEMU's example of a served device", example),
)


def main():
    """Run all cases."""
    failed = 0
    print(f'1..{len(CASES)}')
    for number, (title, case) in enumerate(CASES, 1):
        try:
            case()
            print(f'ok {number} - {title}', flush=True)
        except Failure as failure:
            failed += 1
            print(f'not ok {number} - {title}')
            for line in str(failure).split('\n'):
                print(f'# {line}', flush=True)
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
