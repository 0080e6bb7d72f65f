# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the repository and its build are, and QEMU patched and unpatched."""

import os

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get('VGA_ASSIGN_BUILD', os.path.join(TOP, 'build'))
LAB = os.path.join(TOP, 'lab')
QEMU = os.path.join(BUILD, 'qemu', 'qemu-system-x86_64')
QEMU_BASE = os.path.join(BUILD, 'qemu-base', 'qemu-system-x86_64')
