/*
 * Where to find an adapter's VBIOS if one source gave nothing good
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "igd.h"
#include "output.h"
#include "romadvice.h"

#define VENDOR_AMD 0x1002
#define VENDOR_NVIDIA 0x10de

static const char then_romfile[] = "then --romfile NEW";

bool rom_can_be_used(const MachineDevice *d, VBIOSFirmware firmware,
                     const uint8_t *data, size_t size)
{
    VBIOSGuest guest = rom_guest(d, firmware, false);
    g_autofree VBIOSRom *rom = g_new0(VBIOSRom, 1);
    g_autoptr(VBIOSVerdict) v = NULL;

    vbios_parse(rom, data, size);
    v = vbios_judge(rom, data, size, &guest);
    return !(v->fatal & firmware);
}

static bool was_tried(const char *tried, const char *source)
{
    return g_strcmp0(tried, source) == 0;
}

static bool has_vfct(Machine *m, const MachineDevice *d)
{
    g_autoptr(RomBytes) bytes = rom_from_vfct(m, d, NULL);

    return bytes != NULL;
}

static bool has_rom_bar(const MachineDevice *d)
{
    return d->bars[MACHINE_ROM].size != 0;
}

static char *where_intel(const MachineDevice *d, const Igd *igd)
{
    g_autofree char *name = igd_name(igd);

    if (!igd->has_legacy_mode && !igd->is_too_old) {
        return g_strdup_printf("none was made for %s: use a UEFI guest with an "
                               "option ROM for IGD (QEMU's docs/igd-assign.txt, "
                               "\"Guest firmware\")", name);
    }
    return g_strdup_printf("boot the host once with its CSM on (legacy boot) "
                           "and the onboard display as the primary one, then: "
                           "%s rom dump %s -o NEW, %s; or take the VBIOS out "
                           "of the firmware's update file", out_tool(), d->bdf,
                           then_romfile);
}

static char *where_flash(const Machine *m, const MachineDevice *d)
{
    g_autofree char *bind = device_is_bound(d) ? NULL :
                            check_bind_command(m, d);

    return g_strdup_printf("%s%s%s rom dump %s --source flash --apply -o NEW, "
                           "%s", bind ? bind : "", bind ? "; " : "",
                           out_tool(), d->bdf, then_romfile);
}

char *rom_where(Machine *m, const MachineDevice *d, const char *tried)
{
    Igd igd;

    if (!was_tried(tried, "vfct") && has_vfct(m, d)) {
        return g_strdup_printf("%s rom dump %s --source vfct -o NEW, %s",
                               out_tool(), d->bdf, then_romfile);
    }
    if (igd_identify(d, &igd)) {
        return where_intel(d, &igd);
    }
    if (d->vendor == VENDOR_AMD && !has_rom_bar(d)) {
        return g_strdup("take the VBIOS out of the firmware's update file: "
                        "graphics of AMD's processors have it nowhere else");
    }
    if ((d->vendor == VENDOR_AMD || d->vendor == VENDOR_NVIDIA) &&
        !was_tried(tried, "flash")) {
        return where_flash(m, d);
    }
    if (!device_rom_is_shadow(d) &&
        (!has_rom_bar(d) || was_tried(tried, "rom"))) {
        return g_strdup("give the guest a VBIOS of this model from elsewhere, "
                        "its maker or another machine: --romfile FILE here, "
                        "romfile=FILE in QEMU");
    }
    return g_strdup_printf("%s%s rom dump %s --source rom -o NEW, %s; or use a "
                           "file from the adapter's maker",
                           device_rom_is_shadow(d) ?
                           "make another adapter the host's primary display "
                           "(firmware setup), reboot, then: " : "",
                           out_tool(), d->bdf, then_romfile);
}

/*
 * Whether "rom fix" repairs the finding; it also sets the ids of this adapter.
 */
static bool is_fixable(const MachineDevice *d, VBIOSFirmware firmware,
                       const RomBytes *bytes, bool with_ids)
{
    g_autofree uint8_t *data = NULL;
    size_t size;

    data = vbios_rebuild(bytes->data, bytes->size, VBIOS_KEEP_ALL, &size);
    if (!data) {
        return false;
    }
    if (with_ids) {
        vbios_set_ids(data, size, d->vendor, d->device);
    }
    vbios_repair_checksums(data, size);
    return rom_can_be_used(d, firmware, data, size);
}

/* Whether the adapter's own ROM, as the kernel reads it, is good. */
static bool own_rom_is_good(Machine *m, const MachineDevice *d,
                            VBIOSFirmware firmware)
{
    g_autofree char *unsafe = rom_is_unsafe(m, d);
    g_autoptr(RomBytes) bytes = unsafe ? NULL : rom_from_adapter(m, d, NULL);

    return bytes && !bytes->shadow &&
           rom_can_be_used(d, firmware, bytes->data, bytes->size);
}

/* The advice for a file of the user. */
static char *advice_file(Machine *m, const MachineDevice *d,
                         const CheckGuest *guest, const RomBytes *bytes,
                         const VBIOSFinding *f)
{
    g_autofree char *word = shell_word(bytes->path);
    g_autofree char *where = NULL;

    if (own_rom_is_good(m, d, guest->firmware)) {
        return g_strdup("leave --romfile out: the adapter's own ROM is good");
    }
    if (f->id != VBIOS_LEGACY_IDS &&
        is_fixable(d, guest->firmware, bytes, false)) {
        return g_strdup_printf("%s rom fix %s -o NEW, %s", out_tool(), word,
                               then_romfile);
    }
    where = rom_where(m, d, bytes->source);
    if (f->id == VBIOS_LEGACY_IDS && is_fixable(d, guest->firmware, bytes,
                                                true)) {
        return g_strdup_printf("%s; if the file is this adapter's all the "
                               "same: %s rom fix %s -o NEW --for %s", where,
                               out_tool(), word, d->bdf);
    }
    return g_steal_pointer(&where);
}

/* Whether a remedy names another firmware or display instead of a source. */
static bool is_about_the_guest(const char *remedy)
{
    return !strstr(remedy, "rom dump") && !strstr(remedy, "rom fix");
}

char *rom_advice(Machine *m, const MachineDevice *d, const CheckGuest *guest,
                 const RomBytes *bytes, const VBIOSFinding *f)
{
    if (!f->remedy || is_about_the_guest(f->remedy)) {
        return g_strdup(f->remedy);
    }
    if (g_str_equal(bytes->source, "file")) {
        return advice_file(m, d, guest, bytes, f);
    }
    if (!bytes->shadow && is_fixable(d, guest->firmware, bytes, true)) {
        return g_strdup_printf("%s rom dump %s --source rom -o FILE; "
                               "%s rom fix FILE -o NEW --for %s, %s",
                               out_tool(), d->bdf, out_tool(), d->bdf,
                               then_romfile);
    }
    return rom_where(m, d, bytes->source);
}
