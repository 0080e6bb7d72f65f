#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests scripts/count-tests.py, which prints the result of `make check`, and the Makefile. run_tests calls the
# functions.
# shellcheck disable=SC2317
set -eu
. "$(dirname -- "$0")/tap.sh"

# logs RESULT XML: makes the logs of one program, `tap`, with this result and these test cases.
logs()
{
    mkdir -p "$tmp/logs"
    echo "{\"name\": \"vga-assign:scripts / tap\", \"result\": \"$1\"}" >"$tmp/logs/testlog.json"
    echo "<testsuites><testsuite name='vga-assign.tap'>$2</testsuite></testsuites>" >"$tmp/logs/testlog.junit.xml"
}
last() { [ "$(tail -n 1 "$tmp/said")" = "$1" ] || { echo "last line is not: $1"; return 1; }; }

t_pass() # counts test cases, not programs
{
    logs OK "<testcase name='a'/><testcase name='b'/>"
    fails 0 "$scripts/count-tests.py" "$tmp/logs"
    last '2 passed, 0 failed, 0 skipped'
}

t_fail() # names a failed case, and fails
{
    logs FAIL "<testcase name='a'/><testcase name='b'><failure/></testcase>"
    fails 1 "$scripts/count-tests.py" "$tmp/logs"
    says 'FAILED  vga-assign.tap: b'
    last '1 passed, 1 failed, 0 skipped'
}

t_why() # repeats what a failed case says about itself, and nothing else
{
    logs FAIL "<testcase name='1 - a'/><testcase name='2 - b'><failure/></testcase>"
    sed -i 's/"FAIL"/&, "stdout": "ok 1 - a\\n# fine\\nnot ok 2 - b\\n# 5, not 6\\nok 3 - c\\n# and so on\\n"/;s/scripts \/ //' "$tmp/logs/testlog.json"
    sed -i "s/vga-assign.tap/vga-assign.vga-assign:tap/" "$tmp/logs/testlog.junit.xml"
    fails 1 "$scripts/count-tests.py" "$tmp/logs"
    says '# 5, not 6'
    if grep -e 'fine' -e 'and so on' "$tmp/said"; then return 1; fi
}

t_skip() # lists a skip with its reason
{
    logs OK "<testcase name='a'/><testcase name='b'><skipped/><system-out>no KVM here</system-out></testcase>"
    fails 0 "$scripts/count-tests.py" "$tmp/logs"
    says 'skipped vga-assign.tap: b (no KVM here)'
    last '1 passed, 0 failed, 1 skipped'
}

t_died() # counts a program that died after its last good case as a failure
{
    logs TIMEOUT "<testcase name='a'/>"
    fails 1 "$scripts/count-tests.py" "$tmp/logs"
    last '1 passed, 1 failed, 0 skipped'
}

t_nothing() # counts missing results as a failure
{
    rm -rf "$tmp/logs"
    fails 1 "$scripts/count-tests.py" "$tmp/logs"
    last '0 passed, 1 failed, 0 skipped'
}

t_make() # every target of the Makefile has one rule, which does something
{
    makefile=$here/../../Makefile
    make -n -f "$makefile" help >"$tmp/said" 2>&1
    if grep 'warning' "$tmp/said"; then return 1; fi
    sed -n 's/^\.PHONY: //p' "$makefile" | tr ' ' '\n' >"$tmp/targets"
    while read -r target; do
        # it has commands, or at least two other targets
        grep -A1 "^$target:" "$makefile" | tail -n 1 | grep -q "$(printf '^\t')" ||
            grep -Eq "^$target: [a-z]+-[a-z]+ [a-z]+-[a-z]+( ##|$)" "$makefile" || { echo "no commands: $target"; exit 1; }
    done <"$tmp/targets"
    make -n -C "$here/../.." NAMES=qemu series check-series >"$tmp/said" 2>&1
    says scripts/export
    says scripts/check
}

run_tests
