# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases of chipset-test.py: what a guest sees of PAM, SMRAM and the hole.

answers.py    what a walk over the chipset must say, by the register's rules
walk.py       a walk over the chipset by a small firmware
pictures.py   text and mode 13h of each emulated adapter
shadow.py     the copy of an adapter's ROM in DRAM
migration.py  guests that move between QEMUs, patched and unpatched
guests.py     S3, kvmvapic, GRUB and memtest86+ with everything on
host.py       jobs for one boot of the lab's host
kvm.py        the same under KVM, with an assigned adapter
"""

MACHINES = ('pc', 'q35')
STRICT = ',x-pam-strict=on,x-smram-strict=on,x-legacy-hole=on'
