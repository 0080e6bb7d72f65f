/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Nothing of a maker's own; there is no more memory than a window shows.
 */
        .set    IO_BAR, 0
        .set    SAVE_LATCHES, 0
        .include "vbios.inc"

vendor_begin:
vendor_end:
vendor_packed:
vendor_bank:
vendor_scroll:
        ret
