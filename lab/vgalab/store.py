# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that the lab builds once and keeps under build/lab.

A file is named after what it was built from, so that a change of an input
makes a new file and leaves no stale one in use.
"""

import contextlib
import fcntl
import glob
import hashlib
import os
import sys
import tempfile

from . import EnvironmentFault
from .paths import BUILD

# This many versions of a built file are kept, for example for a patched and an
# unpatched QEMU.
KEPT = 4


@contextlib.contextmanager
def only_one():
    """Two runs may start at once; they build one after the other."""
    os.makedirs(os.path.join(BUILD, 'lab'), exist_ok=True)
    with open(os.path.join(BUILD, 'lab', 'lock'), 'w',
              encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def digest(*parts):
    """Returns a short name for the inputs of a build: strings and file paths.

    This module's file is always included, because each builder writes through
    it.
    """
    total = hashlib.sha256()
    for part in (__file__, *parts):
        if os.path.isfile(part):
            about = os.stat(part)
            part = f'{part} {about.st_size} {about.st_mtime_ns}'
        total.update(part.encode() + b'\0')
    return total.hexdigest()[:16]


def say(what):
    """Says on stderr what is done, because stdout can be a test's protocol."""
    print(f'lab: {what}', file=sys.stderr, flush=True)


def built(name, key, builder):
    """Returns build/lab/NAME-KEY, which builder(path) makes if it is missing.

    The builder runs under the lock, so it cannot build its inputs; its caller
    does that first.
    """
    stem, extension = os.path.splitext(name)
    path = os.path.join(BUILD, 'lab', f'{stem}-{key}{extension}')
    with only_one():
        if not os.path.exists(path):
            say(f'building {name}')
            forget_old(glob.glob(f'{os.path.join(BUILD, "lab", stem)}-*'))
            try:
                builder(path + '.part')
                os.rename(path + '.part', path)
            except OSError as problem:
                raise EnvironmentFault(f'cannot build {path}: '
                                       f'{problem.strerror}') from problem
        os.utime(path)
    return path


def forget_old(paths):
    """Removes half-made files, and all but the few that were used last."""
    whole = [p for p in paths if not p.endswith('.part')]
    whole.sort(key=os.path.getmtime, reverse=True)
    for path in set(paths) - set(whole[:KEPT - 1]):
        os.unlink(path)


@contextlib.contextmanager
def staging():
    """Makes a directory on the build's file system, gone afterwards."""
    with tempfile.TemporaryDirectory(dir=os.path.join(BUILD, 'lab')) as path:
        yield path
