#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sphinx makes QEMU's manual with the series' chapters without a warning (TAP on stdout). A chapter with a link that
# leads nowhere must give a warning. build/tests/manual keeps what Sphinx has read.
set -eu
TOP=$(cd "$(dirname -- "$0")/../.." && pwd)
BUILD=${VGA_ASSIGN_BUILD:-$TOP/build}

skip()
{
    echo "ok 1 - Sphinx has no warning # SKIP $1"
    echo "ok 2 - Sphinx sees a link that leads nowhere # SKIP $1"
    exit 0
}

# sphinx SOURCE [OPTION...]: makes HTML beside what Sphinx has read; its warnings go to stdout.
sphinx()
{
    from=$1
    shift
    nice sphinx-build -W --keep-going -q -b html -Dversion="$version" -Drelease= "$@" "$from" "$out" 2>&1
}

echo 1..2
command -v sphinx-build >/dev/null || skip "sphinx-build is not installed (scripts/deps)"
# Sphinx may belong to another Python than the first one in the path.
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

# Only the series' own chapters are read, which takes little time.
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
