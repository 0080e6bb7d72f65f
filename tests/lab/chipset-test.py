#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests PAM, SMRAM and the legacy hole as a processor sees them (TAP).

chipset-test.py GROUP: a small firmware walks the chipset of pc and q35,
patched and unpatched, and says what it read. qtest sees neither translation
blocks nor memory slots, so instruction fetches and write protection are tested
here.
"""

import sys

from bench import tap
from chipset import guests, kvm, migration, pictures, shadow, walk

GROUPS = {'walk': walk.walks, 'pictures': pictures.pictures,
          'shadow': shadow.shadows, 'migration': migration.migration,
          'guests': guests.guests, 'kvm': kvm.kvm,
          'kvm-unpatched': kvm.kvm_unpatched}


def main():
    """Runs one group."""
    if len(sys.argv) != 2 or sys.argv[1] not in GROUPS:
        sys.exit(f'usage: chipset-test.py {"|".join(GROUPS)}')
    tap(GROUPS[sys.argv[1]]())


if __name__ == '__main__':
    main()
