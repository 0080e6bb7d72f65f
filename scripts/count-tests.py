#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: count-tests.py MESON-LOGS-DIRECTORY

Counts the single test cases of a `meson test` run, TAP subtests included; lists failures and skips with
their reasons; ends with one line, `N passed, N failed, N skipped`. Exit 1 on a failure or without tests.
"""
import json
import os
import re
import sys
import xml.etree.ElementTree as ET

BAD = {'FAIL', 'ERROR', 'TIMEOUT', 'INTERRUPT', 'UNEXPECTEDPASS'}
# This much of a failed case's output is repeated, because CI may keep only the end of a log.
LINES, COLUMNS = 8, 400


def remarks(said):
    """Return the remarks after each failed case of a program's TAP."""
    cases, here = {}, None
    for line in said.splitlines():
        result = re.match(r'(not )?ok (.*)', line)
        if result:
            here = cases.setdefault(result[2], []) if result[1] else None
        elif here is not None and line.startswith('#') and len(here) < LINES:
            here.append(line[:COLUMNS])
    return cases


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    logs = sys.argv[1]
    passed, failed, skipped = 0, [], []
    failed_suites, why = set(), {}
    try:
        root = ET.parse(os.path.join(logs, 'testlog.junit.xml')).getroot()
        with open(os.path.join(logs, 'testlog.json'), encoding='utf-8') as f:
            runs = [json.loads(line) for line in f]
    except (OSError, ET.ParseError, ValueError) as e:
        print('no test results: %s' % e)
        print('0 passed, 1 failed, 0 skipped')
        return 1
    for run in runs:
        for case, lines in remarks(run.get('stdout', '')).items():
            why['vga-assign.%s: %s' % (run['name'], case)] = lines
    for suite in root.iter('testsuite'):
        for case in suite.iter('testcase'):
            name = '%s: %s' % (suite.get('name'), case.get('name'))
            if case.find('failure') is not None or case.find('error') is not None:
                failed.append(name)
                failed_suites.add(suite.get('name').split('.', 1)[-1])
                failed_suites.add(case.get('name'))
            elif case.find('skipped') is not None:
                reason = case.findtext('system-out') or ''
                skipped.append('%s (%s)' % (name, reason.strip().split('\n')[-1] or 'no reason given'))
            else:
                passed += 1
    # A TAP program that dies or hangs after its last good case has no failed case, so the program counts as one.
    for run in runs:
        name = re.sub(r'^.* / ', '', run['name'])
        if run['result'] in BAD and name not in failed_suites:
            failed.append('%s: %s' % (run['name'], run['result'].lower()))
    for f in failed:
        print('\n        '.join(['FAILED  ' + f] + why.get(f, [])))
    for s in skipped:
        print('skipped ' + s)
    print('%d passed, %d failed, %d skipped' % (passed, len(failed), len(skipped)))
    return 1 if failed or not passed else 0


sys.exit(main())
