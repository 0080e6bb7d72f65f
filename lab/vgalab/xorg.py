# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of Debian's X server that draws a root window, for an initrd."""

import glob
import os
import shutil

from .debian import get_debs, one, unpacked
from .programs import run

PACKAGES = ('xserver-xorg-core', 'x11-xkb-utils')
PROGRAMS = ('usr/lib/xorg/Xorg', 'usr/bin/xkbcomp',
            'usr/lib/xorg/modules/drivers/modesetting_drv.so',
            'usr/lib/xorg/modules/libshadow.so')
DATA = ('usr/share/X11/xkb',)


def libraries(root, program):
    """Return the libraries of a program in ROOT, which ROOT's loader finds."""
    loader = one(os.path.join(root, 'lib*', 'ld-linux-x86-64.so.2'))
    where = ':'.join(glob.glob(os.path.join(root, '**', 'x86_64-linux-gnu'),
                               recursive=True))
    said = run([loader, '--list', '--library-path', where,
                os.path.join(root, program)], text=True).stdout
    found = {word for word in said.split() if word.startswith(root)}
    return {os.path.relpath(path, root) for path in found | {loader}}


def trim(root):
    """Keep the files that are named above, and the programs' libraries."""
    whole = root + '.whole'
    os.rename(root, whole)
    files = set(PROGRAMS).union(*(libraries(whole, p) for p in PROGRAMS))
    for name in files:
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(os.path.join(whole, name), path)
    for name in DATA:
        shutil.copytree(os.path.join(whole, name), os.path.join(root, name),
                        symlinks=True)
    shutil.rmtree(whole)


def server():
    """Return a directory with the X server, for guest_initrd()."""
    return os.path.join(unpacked('xorg', 'Xorg', lambda debs: get_debs(
        debs, *PACKAGES, options=['--with-dependencies']), trim), 'root')
