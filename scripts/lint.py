#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of scripts/check that only read files.

usage: lint.py TOP NAME BASE-FILE-LIST MAINTAINERS    the patches and overlay files of one series
       lint.py TOP                        every source of the repository: SPDX lines, plain words
Prints one line a check, `ok ...` or `FAIL ...`, with the reasons indented below it.
"""
import collections
import os
import re
import subprocess
import sys

ROOTS = {'qemu': ['hw', 'include', 'qapi', 'util', 'system', 'target', 'docs', 'tests/qtest', 'tests/unit'],
         'seabios': ['.']}
# The most lines that a series may add to files of the release, without fixes and without lines that only move. It is
# what the series has now; the aim was 250 and 350.
BUDGET = {'qemu': 250, 'seabios': 147}
LONGEST = 80
# Phrases that must not be in messages, comments and the manual, and what to say instead. Only phrases that are wrong
# everywhere are listed.
WORDS = {
    r'\bany more\b': 'no longer',
    r'\bto be had\b': 'available',
    r'\b(?:by|of|for|from|to) who\b': 'name who it is',
    r'\bWho (?:waits|wants|makes|needs)\b': 'name who it is',
    r'\bof before\b': 'earlier',
    r'\btake it again\b': 'bind it again, repeat it',
    r'\b(?:it|this|that|what|which) (?:is|was) no (?!longer\b|more\b|\d)': 'is not a',
    r'\bis no \w+ of (?:an?|the)\b': 'is not a',
    r'\bnothing else than\b': 'only',
}
# These files have the phrases as data.
WORDS_IN = ('scripts/lint.py', 'tests/tool/check-test.py', 'LICENSE')

failed = False


def verdict(what, problems):
    """Print one line for a check, and its problems below it."""
    global failed
    failed = failed or bool(problems)
    print(('FAIL ' if problems else 'ok ') + what)
    for p in problems:
        print('     ' + p)


class Patch:
    """One stored patch: its message, keys and hook. Its name is a path below patches/NAME."""
    def __init__(self, where, name):
        self.name = name
        with open(os.path.join(where, name), encoding='utf-8', errors='replace') as f:
            lines = f.read().split('\n')
        cut = next((i for i, l in enumerate(lines) if l == '---'), len(lines))
        diff = next((i for i, l in enumerate(lines) if l.startswith('diff --git ')), len(lines))
        head = next((i for i, l in enumerate(lines) if l == ''), 0)
        self.body = lines[head + 1:cut]
        self.keys = [m.groups() for m in (re.match(r'([A-Z][A-Za-z-]*): *(.*)', l) for l in lines[cut:diff]) if m]
        self.overlays = [v for k, v in self.keys if k == 'Overlay']
        self.bugfix = ('Kind', 'bugfix') in self.keys
        self.subject = next((l[len('Subject: [PATCH] '):] for l in lines if l.startswith('Subject: ')), '')
        self.files, self.created, plus, minus = [], [], collections.Counter(), collections.Counter()
        for l in lines[diff:]:
            if l.startswith('diff --git '):
                self.files.append(l.split(' b/')[-1])
            elif l.startswith('new file mode'):
                self.created.append(self.files[-1])
            elif l[:1] in '+-' and l and not re.match(r'(\+\+\+|---) ', l):
                (plus if l[0] == '+' else minus)[l[1:].strip()] += 1
        # A line that a patch removes and adds elsewhere has moved. Braces and blank lines do not count.
        self.moved = sum(min(n, minus[l]) for l, n in plus.items() if len(l) > 2)
        self.added = sum(plus.values()) - self.moved


def overlay_rule(name, patches, base, where):
    problems, owner = [], {}
    for p in patches:
        problems += ['%s creates %s: new files are overlay files' % (p.name, f) for f in p.created]
        problems += ['%s edits %s, which the release does not have' % (p.name, f)
                     for f in p.files if f not in base and f not in p.created]
        for f in p.overlays:
            if f in base:
                problems.append('%s: the overlay file %s exists upstream' % (p.name, f))
            if f in owner:
                problems.append('%s is owned by both %s and %s' % (f, owner[f], p.name))
            owner[f] = p.name
            if not os.path.isfile(os.path.join(where, f)):
                problems.append('%s owns %s, which does not exist' % (p.name, f))
    found = set()
    for root in ROOTS[name]:
        for d, dirs, files in os.walk(os.path.join(where, root)):
            dirs[:] = [x for x in dirs if x != '__pycache__']
            found |= {os.path.normpath(os.path.relpath(os.path.join(d, f), where)) for f in files}
    problems += ['no patch owns the overlay file %s' % f for f in sorted(found - set(owner))]
    verdict('%s: overlay files are new, owned once and complete (%d files)' % (name, len(owner)), problems)


def maintained(name, patches, maintainers):
    """Check that each overlay file has a section in the series' MAINTAINERS besides the one for everything."""
    with open(maintainers, encoding='utf-8') as f:
        patterns = [l.split(None, 1)[1].strip() for l in f if l.startswith('F:')]
    if not patterns:
        return
    patterns = [x for x in patterns if x not in ('*', '*/')]

    def matches(path, pattern):
        """Match as get_maintainer.pl does: a directory with all below it, anything else within one directory."""
        regex = re.escape(pattern).replace(r'\*', '.*').replace(r'\?', '.')
        return re.match(regex, path) and (pattern.endswith('/') or pattern.count('/') == path.count('/'))

    verdict('%s: each overlay file has a section in MAINTAINERS' % name,
            [f for p in patches for f in p.overlays if not any(matches(f, x) for x in patterns)])


def budget(name, patches):
    """Print one line for each topic, then the sum without fixes."""
    topics = {}
    for p in patches:
        topics.setdefault(os.path.dirname(p.name) or name, []).append(p)
    print('   %-10s %7s %5s %6s %6s %6s %8s' % ('', 'patches', 'fixes', 'added', 'moved', 'files', 'overlay'))
    for topic, of in topics.items():
        hooks = [p for p in of if not p.bugfix]
        print('   %-10s %7d %5d %6d %6d %6d %8d' %
              (topic, len(of), len(of) - len(hooks), sum(p.added for p in hooks), sum(p.moved for p in hooks),
               len({f for p in hooks for f in p.files}), sum(len(p.overlays) for p in of)))
    hooks = [p for p in patches if not p.bugfix]
    added, limit = sum(p.added for p in hooks), BUDGET[name]
    verdict('%s: hooks add %d lines to %d upstream files (%d at most) and move %d; bug fixes add %d' %
            (name, added, len({f for p in hooks for f in p.files}), limit, sum(p.moved for p in hooks),
             sum(p.added for p in patches if p.bugfix)),
            ['%d lines over the budget' % (added - limit)] if added > limit else [])


def messages(name, patches):
    problems = []
    for p in patches:
        text = [l for l in p.body if l.strip() and not re.match(r'[A-Z][a-z-]+-(by|to): ', l)]
        if not text:
            problems.append('%s has no message below its subject' % p.name)
        problems += ['%s: a message line of %d columns: %s...' % (p.name, len(l), l[:40])
                     for l in p.body if len(l) > 76 and not re.search(r'https?://|^Fixes: ', l)]
    verdict('%s: each patch says why, in lines of at most 76 columns' % name, problems)


def function_lengths(name, patches, where):
    problems = []
    for f in (f for p in patches for f in p.overlays if f.endswith('.c')):
        start = None
        try:
            lines = open(os.path.join(where, f), encoding='utf-8').read().split('\n')
        except OSError:
            continue
        for i, l in enumerate(lines, 1):
            if l == '{':
                start = i
            elif l == '}' and start:
                if i - start + 1 > LONGEST:
                    problems.append('%s:%d: a function of %d lines' % (f, start, i - start + 1))
                start = None
    verdict('%s: no function of an overlay file is over %d lines' % (name, LONGEST), problems)


def sources(top):
    if os.path.exists(os.path.join(top, '.git')):
        out = subprocess.run(['git', '-C', top, 'ls-files', '-co', '--exclude-standard', '-z'],
                             capture_output=True, check=True).stdout.decode()
        return [f for f in out.split('\0') if f and os.path.isfile(os.path.join(top, f))]
    return [os.path.relpath(os.path.join(d, f), top) for d, dirs, files in os.walk(top) for f in files
            if not os.path.relpath(d, top).startswith('build')]


def spdx(top):
    problems = []
    for f in sorted(sources(top)):
        if f.startswith('build/') or f.startswith('patches/'):
            continue
        try:
            head = open(os.path.join(top, f), encoding='utf-8').read(1500)
        except (OSError, UnicodeDecodeError):
            continue
        source = re.search(r'\.(c|h|inc|S|s|py|sh|asm|ld|rst|build)$|(^|/)(Makefile|meson_options\.txt|UPSTREAM)$', f)
        if (source or head.startswith('#!')) and 'SPDX-License-Identifier: ' not in head:
            problems.append(f)
    verdict('every source of the repository has an SPDX line', problems)


def words(top):
    """Check that no line has one of WORDS; of a patch, its message and the lines that it adds."""
    problems = []
    for f in sorted(sources(top)):
        if f.startswith('build/') or f in WORDS_IN:
            continue
        try:
            lines = open(os.path.join(top, f), encoding='utf-8').read().split('\n')
        except (OSError, UnicodeDecodeError):
            continue
        for i, l in enumerate(lines, 1):
            if f.endswith('.patch') and l[:1] in ('-', ' '):
                continue
            problems += ['%s:%d: "%s", say: %s' % (f, i, m[0], better)
                         for m, better in ((re.search(p, l), b) for p, b in WORDS.items()) if m]
    verdict('plain words in messages, comments and the manual', problems)


def main():
    if len(sys.argv) == 2:
        spdx(sys.argv[1])
        words(sys.argv[1])
    elif len(sys.argv) == 5:
        top, name = sys.argv[1:3]
        base = set(open(sys.argv[3], encoding='utf-8').read().split('\n'))
        where = os.path.join(top, 'seabios') if name == 'seabios' else top
        series = os.path.join(top, 'patches', name, 'series')
        names = []
        if os.path.exists(series):
            names = [l.split('#')[0].strip() for l in open(series, encoding='utf-8')]
        names = [n for n in names if n]
        at = os.path.dirname(series)
        found = [os.path.relpath(os.path.join(d, f), at) for d, dirs, files in os.walk(at) for f in sorted(files)
                 if f.endswith('.patch')]
        # A later release's own patch replaces one of the series, and leaves its keys to that.
        later = [n for n in found if re.match(r'\d+\.\d+/', n)]
        plain = {re.sub(r'\d+-', '', n) if '/' not in n else re.sub(r'/\d+-', '/', n) for n in names}
        verdict('%s: the patches of later releases replace patches of the series' % name,
                ['%s: no patch of the series has that topic and title' % n for n in later if n.split('/', 1)[1] not in plain] +
                ['%s: %s belongs into the patch of the series' % (n, k) for n in later for k, v in Patch(at, n).keys])
        found = [n for n in found if n not in later]
        missing = [n for n in names if n not in found]
        verdict('%s: series and patches agree' % name, ['%s is not in series' % n for n in found if n not in names] +
                ['%s is named, but does not exist' % n for n in missing])
        patches = [Patch(at, n) for n in names if n not in missing]
        overlay_rule(name, patches, base, where)
        maintained(name, patches, sys.argv[4])
        budget(name, patches)
        messages(name, patches)
        function_lengths(name, patches, where)
    else:
        sys.exit(__doc__)
    sys.exit(1 if failed else 0)


main()
