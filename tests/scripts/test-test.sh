#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests scripts/test: the names that it takes, with a meson that has a few lines; scripts/count-tests.py, which prints the
# result of `make check`; and the Makefile. run_tests calls the functions.
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

# names: the tests are those of a meson that has a few lines. It logs what it is asked.
names()
{
    fresh
    mkdir -p "$tmp/build/python/bin" "$tmp/top/tests/unit"
    echo "$tmp/build/python" >"$tmp/build/python/.done"
    echo "tests/unit/test-one" >"$tmp/top/tests/qemu-targets"
    printf "  test('sphinx', files('sphinx-test.sh'))\n  test('seabios-' + group, files('one.py'))\n" >"$tmp/top/tests/unit/meson.build"
    cat >"$tmp/build/python/bin/meson" <<'EOF'
#!/bin/sh
echo "$*" >>"$LOG"
case "$*" in
setup*) mkdir -p "$2"; : >"$2/build.ninja" ;;
*--list*) printf 'vga-assign:scripts / fetch\nvga-assign:lab+slow / seabios-high\nvga-assign:lab / seabios-low\n' ;;
esac
EOF
    chmod +x "$tmp/build/python/bin/meson"
    LOG=$tmp/asked
    : >"$LOG"
    export LOG
}

t_unknown() # a name that no test has is refused before anything is built, with the names that are like it
{
    names
    fails 2 "$scripts/test" fetch seabios:high
    says "there is no test 'seabios'"
    says 'similar ones are: seabios-high seabios-low'
    [ ! -e "$tmp/build/src" ]
    # The tests are set up only after the build, because what they are depends on it.
    [ ! -e "$tmp/build/tests" ]
    [ -z "$(find "$tmp/build" -name '.part.*')" ]
    fails 2 "$scripts/test" nope
    says 'scripts/test --list prints the names'
    ! grep similar "$tmp/said" || return 1
}

t_known() # a name that a test has goes on, whether it stands in the sources or only meson knows it; so do options
{
    names
    for name in sphinx fetch; do
        # There are no results to count.
        fails 1 "$scripts/test" "$name"
        grep -qx "test -C $tmp/build/tests --print-errorlogs $name" "$LOG"
    done
    fails 1 "$scripts/test" --suite scripts
    grep -qx "test -C $tmp/build/tests --print-errorlogs --suite scripts" "$LOG"
}

t_cases() # a part of a name runs each case that has it once, although GLib's -p takes those below a path, too
{
    mkdir -p "$tmp/qemu"
    cat >"$tmp/qemu/prog-test" <<'EOF'
#!/bin/sh
[ "$1" != -l ] || exec printf '%s\n' /a/copy /a/copy/more /a/copy-2 /a/other '# End of a'
echo "$*" >>"$LOG"
EOF
    chmod +x "$tmp/qemu/prog-test"
    LOG=$tmp/asked
    export LOG
    for cases in prog-test:copy 'prog-test:copy prog-test:more'; do
        : >"$LOG"
        VGA_ASSIGN_CASES=$cases fails 0 "$here/../qemu-test.sh" "$tmp/qemu" ./prog-test
        grep -qx -e '--tap -k -p /a/copy-2 -p /a/copy' "$LOG" || { cat "$LOG"; exit 1; }
    done
    VGA_ASSIGN_CASES=prog-test:nope fails 1 "$here/../qemu-test.sh" "$tmp/qemu" ./prog-test
    says 'no case of prog-test has "nope" in its path'
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
