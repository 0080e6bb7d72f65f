# SPDX-License-Identifier: GPL-2.0-or-later
"""The nested lab: a host machine, its adapters and a guest, in one command.

paths.py       where the repository, its build and QEMU are
programs.py    the machine's own programs
store.py       what is built once and kept under build/lab
debian.py      packages, from which the host and the guests are made
guest_code.py  lab/guests, compiled or assembled
initramfs.py   what the emulated host and the Linux guests start with
disks.py       what a guest boots from a disk: one sector, GRUB, ISOLINUX
software.py    guests whose pictures are compared: boot loaders and Linux
inner.py       the inner QEMU, which runs the guest: its command line
machine.py     the outer QEMU that plays the host, and its control lines
screen.py      what an adapter shows: pictures and text screens
"""


class LabError(Exception):
    """A problem, with one clear message and its exit status."""

    def __init__(self, message, status):
        super().__init__(message)
        self.status = status


class UsageError(LabError):
    """The request makes no sense; exit status 2."""

    def __init__(self, message):
        super().__init__(message, 2)


class EnvironmentFault(LabError):
    """Something that the lab needs is missing or broken; exit status 4."""

    def __init__(self, message):
        super().__init__(message, 4)
