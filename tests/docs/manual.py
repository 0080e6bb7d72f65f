#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that the manual has each option, counter, command and message once.

manual.py [--top DIR] [--help-of FILE] [--base-help-of FILE]

Reads docs/vga-assign.rst and its chapters, the sources, and what `-device
NAME,help` and `-machine NAME,help` of both QEMUs print (or the files named,
for the test of this program). TAP on stdout names entries that are missing,
that are there twice, and that the sources do not have.
"""

import argparse
import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get('VGA_ASSIGN_BUILD', os.path.join(TOP, 'build'))
REFERENCE = 'docs/vga-assign/reference.rst'
BLACK = ':doc:`black-screen`'
DEVICES = ('vfio-pci', 'vfio-user-pci', 'pci-assign')
MACHINES = ('pc', 'q35')
REPORTS = re.compile(r'\b(?:error_setg|error_setg_errno|error_report|'
                     r'error_report_once|warn_report|warn_report_once|'
                     r'info_report|(?:error|warn)_reportf_err)\s*\(')
# A string or an identifier in a call's arguments, or a comma between
# arguments.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|\w+|[(){}\[\],?:]')
CONVERSION = re.compile(r'%[-+ #0]*[0-9*]*(?:\.[0-9*]+)?(?:hh|h|ll|l|z|j)?'
                        r'[diouxXcsp]')
WILD = '\0'


# ---- what the sources have ----

def arguments(text, start):
    """Return the tokens of each argument of the call with '(' at start."""
    found, depth = [[]], 0
    for match in TOKEN.finditer(text, start):
        token = match[0]
        if token in '({[':
            depth += 1
        elif token in ')}]':
            depth -= 1
            if not depth:
                break
        elif token == ',' and depth == 1:
            found.append([])
            continue
        found[-1].append((token, match.start(), match.end()))
    return found


def message_of(tokens):
    """Return a format string with a wildcard for each conversion and macro."""
    text = ''
    for token, _, _ in tokens:
        if token[0] == '"':
            text += token[1:-1].replace('\\"', '"').replace('\\n', '')
        elif token[0].isalnum() and not token.endswith('_PREFIX'):
            # PRIx64 and other macros end a conversion that the string has
            # begun.
            text = re.sub(r'%[-+ #0]*[0-9*]*$', '', text) + WILD
    text = CONVERSION.sub(WILD, text.replace('%%', '%'))
    return re.sub(f'{WILD}+', WILD, text)


def choices(tokens):
    """Return the formats of an argument: two if a condition chooses one."""
    names = [token for token, _, _ in tokens]
    if '?' not in names:
        return [tokens]
    middle = names.index(':', names.index('?'))
    return [tokens[names.index('?') + 1:middle], tokens[middle + 1:]]


def messages_in(text, new_lines=None):
    """Return a C source's messages; for a diff those on new lines."""
    for call in REPORTS.finditer(text):
        for tokens in arguments(text, call.end() - 1):
            tokens = [t for t in tokens if t[0] not in ('(', '{')]
            if not any(t[0][0] == '"' for t in tokens):
                continue
            first = text.count('\n', 0, tokens[0][1])
            last = text.count('\n', 0, tokens[-1][2])
            if new_lines is None or new_lines & set(range(first, last + 1)):
                end = WILD if 'reportf' in call[0] else ''
                yield from (message_of(choice) + end
                            for choice in choices(tokens))
            break


class Hunk:
    """A few lines of a file before and after a patch."""
    def __init__(self, file):
        self.file = file
        self.lines = {' +': [], ' -': []}
        self.added = set()

    def take(self, line):
        """Add a line of the patch."""
        for side, lines in self.lines.items():
            if line[0] in side:
                if line[0] == '+':
                    self.added.add(len(lines))
                lines.append(line[1:].rstrip('\n'))

    @property
    def new(self):
        """Return the text afterwards."""
        return '\n'.join(self.lines[' +'])

    @property
    def old(self):
        """Return the text before."""
        return '\n'.join(self.lines[' -'])


def hunks(path):
    """Return each hunk of a patch."""
    hunk = Hunk('')
    with open(path, encoding='utf-8') as patch:
        for line in patch:
            if line[:6] == '+++ b/':
                hunk = Hunk(line[6:].strip())
            elif line[:3] in ('@@ ', 'dif'):
                yield hunk
                hunk = Hunk(hunk.file if line[0] == '@' else '')
            elif hunk.file and line[0] in ' +-' and line[:4] != '--- ':
                hunk.take(line)
    yield hunk


def patches(top):
    """Return the stored patches of QEMU's series, in all directories."""
    return sorted(glob.glob(os.path.join(top, 'patches/qemu/**/*.patch'),
                            recursive=True))


def overlay(top, pattern):
    """Return (name, text) of the overlay's sources."""
    for path in sorted(glob.glob(os.path.join(top, pattern), recursive=True)):
        with open(path, encoding='utf-8') as file:
            yield os.path.relpath(path, top), file.read()


def source_messages(top):
    """Return {message: place} for all messages of QEMU in the series."""
    found = {}
    for pattern in ('hw/**/*.c', 'util/*.c', 'system/*.c', 'target/**/*.c'):
        for name, text in overlay(top, pattern):
            for message in messages_in(text):
                found.setdefault(message, name)
    for path in patches(top):
        code = [h for h in hunks(path) if h.file.endswith('.c')]
        before = {m for hunk in code for m in messages_in(hunk.old)}
        for hunk in code:
            for message in messages_in(hunk.new, hunk.added):
                if message not in before:
                    found.setdefault(message, hunk.file)
    # A message that consists only of wildcards has nothing to look up.
    return {m: w for m, w in found.items()
            if len(re.sub(r'[^A-Za-z]', '', m)) > 3}


def counters(top):
    """Return read-only properties, and members of *Stats structures."""
    found = {}
    for name, text in overlay(top, 'hw/**/*.c'):
        for match in re.finditer(r'\{ "(x-vga-[\w-]+)",\s*&|object_property_add'
                                 r'(?:_\w+)?\([^;]*?"(x-vga-[\w-]+)"', text):
            found[match[1] or match[2]] = name
    for name, text in overlay(top, 'qapi/*.json'):
        for match in re.finditer(r"'struct': '\w*Stats\w*',\s*'data': \{"
                                 r"([^}]*)\}", text):
            for member in re.finditer(r"'\*?([\w-]+)': '", match[1]):
                found[member[1]] = name
    return found


def commands(top):
    """Return the overlay's QMP commands, and the monitor commands of hooks."""
    found = {}
    for name, text in overlay(top, 'qapi/*.json'):
        for match in re.finditer(r"'command': '([\w-]+)'", text):
            found[match[1]] = name
    for path in patches(top):
        for hunk in hunks(path):
            if hunk.file == 'hmp-commands-info.hx':
                for number, line in enumerate(hunk.new.split('\n')):
                    match = re.search(r'\.name *= "([\w-]+)"', line)
                    if match and number in hunk.added:
                        found[f'info {match[1]}'] = hunk.file
    return found


def names(top):
    """Return all strings of the sources that look like an experimental name."""
    found = set()
    for pattern in ('hw/**/*.[ch]', 'include/**/*.h', 'qapi/*.json'):
        for _, text in overlay(top, pattern):
            found |= set(re.findall(r'["\'](x-[\w-]+)["\']', text))
    for path in patches(top):
        for hunk in hunks(path):
            found |= set(re.findall(r'"(x-[\w-]+)"', hunk.new))
    return found


def helped(binary):
    """Return a QEMU's `help` texts; '' for a device that it lacks."""
    text = ''
    for option, names in ('-device', DEVICES), ('-machine', MACHINES):
        for name in names:
            text += subprocess.run(
                [binary, '-nodefaults', option, f'{name},help'], check=False,
                capture_output=True, text=True).stdout
    return text


def properties(text):
    """Return the names in a help."""
    return set(re.findall(r'^  ([\w-]+)=<', text, re.MULTILINE))


# ---- what the manual has ----

def section(text, title, mark='-'):
    """Return the text below a title that begins so, up to the next one."""
    match = re.search(rf'(?m)^{re.escape(title)}.*\n{re.escape(mark)}+\n', text)
    if not match:
        return ''
    rest = text[match.end():]
    after = re.search(rf'(?m)^\S.*\n{re.escape(mark)}{{4,}}\n', rest)
    return rest[:after.start()] if after else rest


def first_cells(text):
    """Return the literals in the first cells of list-tables, repeated ones too."""
    for match in re.finditer(r'(?m)^   \* - (``.*)$', text):
        yield from re.findall(r'``([^`]+)``', match[1])


def terms(text):
    """Return the literals in the terms of a definition list at the margin.

    Several messages with one explanation are the lines of a line block.
    """
    for match in re.finditer(r'(?m)^(?:(``.*)\n  |\| (``.*)$)', text):
        yield from re.findall(r'``(.+?)``(?=, |$)', match[1] or match[2])


def pattern(term):
    """Return a manual's message as a regular expression."""
    return re.compile('.*'.join(re.escape(part).replace('\\\0', WILD)
                                for part in re.split(r'\.\.\.', term)),
                      re.DOTALL)


def fits(term, message):
    """Return whether a message of the sources is the one in the manual.

    Only `...` matches the parts of a message that change from case to case.
    """
    return pattern(term).fullmatch(message)


# ---- the checks ----

def once(kind, wanted, said, known=None, chapter=REFERENCE):
    """Yield complaints unless the manual has each of `wanted` just once."""
    said = list(said)
    known = set(wanted) if known is None else known
    for name in sorted(wanted):
        if said.count(name) != 1:
            yield (f'{kind} {name}: {said.count(name)} times in {chapter}, '
                   'not once')
    for name in sorted(set(said) - set(known)):
        yield f'{kind} {name}: in {chapter}, but QEMU has none'


def check_messages(top, text):
    """Yield complaints about messages."""
    said = list(terms(section(text, 'Messages')))
    sources = source_messages(top)
    for term in sorted({t for t in said if said.count(t) > 1}):
        yield f'twice: {term}'
    used = set()
    for message, where in sorted(sources.items()):
        match = [t for t in said if fits(t, message)]
        # If several entries fit, the longest one counts.
        if match:
            used.add(max(match, key=len))
        else:
            yield f'missing ({where}): {message.replace(WILD, "...")}'
    for term in said:
        if term not in used:
            yield f'no source says: {term}'


def check_findings(top):
    """Yield complaints about what QEMU and the tool find in a VBIOS."""
    wanted = [name for _, text in overlay(top, 'util/vbios*.c') for name in
              re.findall(r'\[VBIOS_\w+\] = \{\s*"([a-z0-9-]+)"', text)]
    if not wanted:
        yield 'no source has the names of findings'
    chapter = 'docs/vga-assign/vbios.rst'
    with open(os.path.join(top, chapter), encoding='utf-8') as file:
        said = first_cells(section(file.read(), 'Findings'))
    yield from once('finding', wanted, said, chapter=chapter)


def check_properties(text, ours, base):
    """Yield complaints about properties of devices and machines."""
    said = list(first_cells(section(text, 'Properties of the devices'))) + \
        list(first_cells(section(text, 'Properties of the machines')))
    ours, base = properties(ours), properties(base)
    if not ours:
        yield 'no help of QEMU at all'
    # Read-only properties are the device's own and exist once it is realized.
    yield from once('property', ours - base, said, ours | {'bar-identity'})


def check_links(top):
    """Yield chapters that do not link to the black screen, and orphans."""
    hub = os.path.join(top, 'docs', 'vga-assign.rst')
    with open(hub, encoding='utf-8') as file:
        listed = re.findall(r'(?m)^   vga-assign/([\w-]+)$', file.read())
    for name, text in overlay(top, 'docs/vga-assign/*.rst'):
        chapter = os.path.basename(name)[:-4]
        if chapter not in listed:
            yield f'{name} is not in the toctree of docs/vga-assign.rst'
        if (chapter not in ('black-screen', 'features', 'status')
                and BLACK not in text):
            yield f'{name} does not link to {BLACK}'
        if re.search(r'(?m)\A(?:\.\. .*\n+)*([=#*~-])\1+\n', text):
            yield f'{name}: a title with a line above it, unlike the others'
        for line in text.split('\n'):
            match = re.match(r'((=+ +)+=+)$', line)
            if match and len(line) > 100:
                yield f'{name}: a table of {len(line)} columns'


def check_names(top):
    """Yield options that a chapter names and no source has."""
    known = names(top)
    for name, text in list(overlay(top, 'docs/vga-assign.rst')) + list(
            overlay(top, 'docs/vga-assign/*.rst')):
        # Its names come from the programs, the release's among them.
        if os.path.basename(name) == 'features.rst':
            continue
        said = set(re.findall(r'(?<![\w-])x-(?:vga|rom|bar|pam|legacy|smram|'
                              r'prefer|auto|mmap|query)(?:-[\w-]*\w)?', text))
        for option in sorted(said - known):
            yield f'{name} names {option}, and no source does'


def main():
    """Run all checks."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--top', default=TOP)
    parser.add_argument('--help-of')
    parser.add_argument('--base-help-of')
    options = parser.parse_args()
    with open(os.path.join(options.top, REFERENCE), encoding='utf-8') as file:
        text = file.read()
    texts = []
    for given, build in ((options.help_of, 'qemu'),
                         (options.base_help_of, 'qemu-base')):
        binary = os.path.join(BUILD, build, 'qemu-system-x86_64')
        if given:
            with open(given, encoding='utf-8') as file:
                texts.append(file.read())
        elif os.path.exists(binary):
            texts.append(helped(binary))
    checks = (
        ('each message is in the manual, and no other',
         lambda: check_messages(options.top, text)),
        ('each counter is in the manual once',
         lambda: once('counter', counters(options.top),
                      first_cells(section(text, 'Counters')))),
        ('each command is in the manual once',
         lambda: once('command', commands(options.top),
                      first_cells(section(text, 'Commands')))),
        ('each finding in a VBIOS is in the manual once',
         lambda: check_findings(options.top)),
        ('each property is in the manual once',
         lambda: check_properties(text, *texts)),
        ('each chapter is listed and leads to the page about black screens',
         lambda: check_links(options.top)),
        ('each option that a chapter names exists',
         lambda: check_names(options.top)))
    failed = 0
    print(f'1..{len(checks)}')
    for number, (title, complaints) in enumerate(checks, 1):
        if 'property' in title and len(texts) < 2:
            print(f'ok {number} - {title} # SKIP not both QEMUs are built')
            continue
        found = list(complaints())
        failed += bool(found)
        print(f'{"not " if found else ""}ok {number} - {title}')
        for complaint in found:
            print(f'# {complaint}')
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
