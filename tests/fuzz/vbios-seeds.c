/*
 * Writes the seed corpus of the VBIOS walker's fuzzer
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * usage: vbios-seeds DIR    one file for each sample, DIR/NAME.rom
 */
#include <stdio.h>
#include "../unit/vbios-samples.h"

static bool write_sample(const char *dir, const VBIOSSample *sample)
{
    g_autoptr(GByteArray) rom = sample->make();
    g_autofree char *name = g_strdup_printf("%s/%s.rom", dir, sample->name);
    g_autoptr(GError) error = NULL;

    if (!g_file_set_contents(name, (char *)rom->data, rom->len, &error)) {
        fprintf(stderr, "vbios-seeds: %s\n", error->message);
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: vbios-seeds DIR\n");
        return 2;
    }
    for (unsigned i = 0; i < n_vbios_samples; i++) {
        if (!write_sample(argv[1], &vbios_samples[i])) {
            return 1;
        }
    }
    return 0;
}
