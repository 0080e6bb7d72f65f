# SPDX-License-Identifier: GPL-2.0-or-later
"""The nested lab: a host machine, its adapters and a guest, in one command.

images.py   what the emulated host and the guests consist of
machine.py  the outer QEMU that plays the host, and its control lines
screen.py   what an adapter shows: pictures and text screens
"""


class LabError(Exception):
    """A problem with one clear message and the exit status that fits it."""

    def __init__(self, message, status):
        super().__init__(message)
        self.status = status


class UsageError(LabError):
    """What was asked for makes no sense; exit status 2."""

    def __init__(self, message):
        super().__init__(message, 2)


class EnvironmentFault(LabError):
    """Something the lab needs is missing or broken; exit status 4."""

    def __init__(self, message):
        super().__init__(message, 4)
