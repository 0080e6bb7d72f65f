#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# QEMU's manual with the series' chapters, by Sphinx: no warning (TAP on stdout). And one that must be
# seen: a chapter with a link that leads nowhere. What Sphinx has read is kept in build/tests/manual.
set -eu
TOP=$(cd "$(dirname -- "$0")/../.." && pwd)
BUILD=${VGA_ASSIGN_BUILD:-$TOP/build}

skip()
{
    echo "ok 1 - Sphinx has no warning # SKIP $1"
    echo "ok 2 - Sphinx sees a link that leads nowhere # SKIP $1"
    exit 0
}

# sphinx SOURCE [OPTION...]: the manual as HTML beside what Sphinx has read; its complaints on stdout.
sphinx()
{
    from=$1
    shift
    nice sphinx-build -W --keep-going -q -b html -Dversion="$version" -Drelease= "$@" "$from" "$out" 2>&1
}

echo 1..2
command -v sphinx-build >/dev/null || skip "sphinx-build is not installed (scripts/deps)"
# Its own Python need not be the first one of the path.
python=$(sed -n '1s/^#! *//p' "$(command -v sphinx-build)")
$python -c 'import sphinx_rtd_theme' 2>/dev/null || skip "sphinx_rtd_theme is not installed (scripts/deps)"
"$TOP/scripts/apply" qemu >&2
source=$BUILD/src/qemu out=$BUILD/tests/manual code=0
version=$(cat "$source/VERSION")
mkdir -p "$out"
if said=$(sphinx "$source/docs"); then
    echo "ok 1 - Sphinx has no warning"
else
    echo "not ok 1 - Sphinx has no warning"
    echo "$said" | sed 's/^/# /'
    code=1
fi

# The series' own chapters alone are quick to read.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/docs"
cp -r "$TOP/docs/vga-assign" "$TOP/docs/vga-assign.rst" "$work/docs/"
sed -i 's/black-screen/no-such-page/' "$work/docs/vga-assign/interrupts.rst"
printf 'Manual\n======\n\n.. toctree::\n\n   vga-assign\n' >"$work/docs/index.rst"
out=$work/html
said=$(sphinx "$work/docs" -c "$source/docs") || true
case $said in
*no-such-page*) echo "ok 2 - Sphinx sees a link that leads nowhere" ;;
*)
    echo "not ok 2 - Sphinx sees a link that leads nowhere"
    echo "$said" | sed 's/^/# /'
    code=1 ;;
esac
exit $code
