/*
 * Intel's graphics, and the place that an adapter needs in a guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "igd.h"

/*
 * The first slot of pc's root bus that has no device of the machine is 3; 0x10
 * leaves room.
 */
#define SLOT_ANY 0x10

/*
 * Generations by the upper byte of the device id, as in QEMU (igd_gen() of
 * hw/vfio/igd.c).  QEMU does not know those before generation 6, nor those
 * with generation 0 here (Linux, include/drm/intel/pciids.h).
 */
static const struct {
    uint8_t id;
    uint8_t generation;
    const char *platform;
} igd_platforms[] = {
    { 0x25, 4, "a chipset before Ironlake" },
    { 0x27, 4, "a chipset before Ironlake" },
    { 0x29, 4, "a chipset before Ironlake" },
    { 0x2a, 4, "a chipset before Ironlake" },
    { 0x2e, 4, "a chipset before Ironlake" },
    { 0xa0, 4, "a chipset before Ironlake" },
    { 0x00, 5, "Ironlake" },
    { 0x01, 6, "Sandy Bridge or Ivy Bridge" },
    { 0x04, 7, "Haswell" },
    { 0x0a, 7, "Haswell" },
    { 0x0c, 7, "Haswell" },
    { 0x0d, 7, "Haswell" },
    { 0x0f, 7, "Bay Trail" },
    { 0x16, 8, "Broadwell" },
    { 0x22, 8, "Cherryview" },
    { 0x19, 9, "Skylake" },
    { 0x31, 9, "Gemini Lake" },
    { 0x3e, 9, "Coffee Lake" },
    { 0x59, 9, "Kaby Lake" },
    { 0x9b, 9, "Comet Lake" },
    { 0x45, 11, "Elkhart Lake" },
    { 0x4e, 11, "Jasper Lake" },
    { 0x8a, 11, "Ice Lake" },
    { 0x46, 12, "Alder Lake" },
    { 0x4c, 12, "Rocket Lake" },
    { 0x9a, 12, "Tiger Lake" },
    { 0xa7, 12, "Raptor Lake" },
    { 0x64, 0, "Lunar Lake" },
    { 0x7d, 0, "Meteor Lake or Arrow Lake" },
    { 0xb0, 0, "Panther Lake" },
};

/* Broxton's ids lie between those of other platforms (igd_gen()). */
static bool is_broxton(uint16_t device)
{
    return (device & 0xffe) == 0xa84;
}

bool igd_identify(const MachineDevice *device, Igd *igd)
{
    *igd = (Igd) { 0 };
    if (!device_is_igd(device)) {
        return false;
    }
    if (is_broxton(device->device)) {
        igd->generation = 9;
        igd->platform = "Apollo Lake";
    }
    for (size_t i = 0; i < G_N_ELEMENTS(igd_platforms) && !igd->platform; i++) {
        if (igd_platforms[i].id == device->device >> 8) {
            igd->generation = igd_platforms[i].generation;
            igd->platform = igd_platforms[i].platform;
        }
    }
    igd->is_too_old = igd->generation && igd->generation < 6;
    igd->has_legacy_mode = igd->generation >= 6 && igd->generation <= 9;
    return true;
}

char *igd_name(const Igd *igd)
{
    if (!igd->platform) {
        return g_strdup("Intel graphics that are not known here");
    }
    if (igd->generation < 6) {
        return g_strdup(igd->platform);
    }
    return g_strdup_printf("%s, generation %d", igd->platform,
                           igd->generation);
}

GuestPlace guest_place(const MachineDevice *device, bool q35)
{
    GuestPlace place = { .q35 = q35, .port = q35, .x_vga = true };
    Igd igd;

    place.slot = q35 ? 0 : SLOT_ANY;
    if (!igd_identify(device, &igd)) {
        return place;
    }
    place.port = false;
    place.slot = IGD_SLOT;
    place.igd_legacy = igd.has_legacy_mode;
    place.igd_uefi = !igd.has_legacy_mode && !igd.is_too_old;
    place.x_vga = igd.has_legacy_mode;
    place.q35 = false;
    place.reason = !q35 ? NULL : igd.has_legacy_mode ?
        "Intel graphics have a picture only in QEMU's legacy mode, which "
        "exists only on the machine pc, with the adapter at 00:02.0." :
        "Intel graphics need the host's ids of the LPC bridge, which QEMU can "
        "copy only on the machine pc.";
    return place;
}

const char *guest_machine(const GuestPlace *place)
{
    return place->q35 ? "q35" : "pc";
}
