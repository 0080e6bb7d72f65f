/*
 * The personalities of the zoo
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "card.h"

const Personality *const personalities[] = {
    &plain, &qemu_std, &s3, &cirrus, &tseng, &trident, &matrox, &voodoo,
    &nvidia, &ati, &intel, &adversary_drop, &adversary_dual, &adversary_mute,
    &adversary_master, NULL
};
