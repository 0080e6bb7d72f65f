/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A boot sector that draws in mode 13h.
 */
        .include "boot.inc"
        .include "mode13h.inc"
        .include "done.inc"
