# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of the machine that the lab calls."""

import os
import subprocess

from . import EnvironmentFault


def run(command, **options):
    """Runs a program of the machine; a failure is the environment's fault."""
    try:
        return subprocess.run(command, check=True, capture_output=True,
                              **options)
    except FileNotFoundError as problem:
        raise EnvironmentFault(f'{command[0]} is not installed; run '
                               'scripts/deps') from problem
    except subprocess.CalledProcessError as problem:
        said = problem.stderr
        said = said.decode(errors='replace') if isinstance(said, bytes) \
            else said
        raise EnvironmentFault(
            f'{" ".join(command[:3])} ... failed: {said.strip()}') from problem


def program(path, remedy):
    """Returns the absolute path of a program, which must exist."""
    if not os.access(path, os.X_OK):
        raise EnvironmentFault(f'{path} is missing or not executable; run '
                               f'{remedy}')
    return os.path.abspath(path)
