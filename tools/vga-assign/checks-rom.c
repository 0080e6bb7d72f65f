/*
 * Checks of the VBIOS, and of where the guest has room for the BARs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>
#include <gio/gio.h>

#include "checkimpl.h"
#include "igd.h"
#include "output.h"
#include "romadvice.h"
#include "window.h"

/*
 * The finding to show.  Of a copy at 0xc0000 that is fatal, being a copy comes
 * first, because it explains the other findings.
 */
static const VBIOSFinding *main_finding(const VBIOSVerdict *v, bool shadow)
{
    for (unsigned i = 0; shadow && i < v->n_findings; i++) {
        if (v->findings[i].id == VBIOS_SHADOW_COPY && v->findings[i].fatal) {
            return &v->findings[i];
        }
    }
    return &v->findings[0];
}

static bool has_finding(const VBIOSVerdict *v, VBIOSFindingId id)
{
    for (unsigned i = 0; i < v->n_findings; i++) {
        if (v->findings[i].id == id) {
            return true;
        }
    }
    return false;
}

/* True if a source other than a file has no image at all. */
static bool is_nothing(const RomBytes *bytes, const VBIOSVerdict *v)
{
    return !g_str_equal(bytes->source, "file") &&
           (has_finding(v, VBIOS_EMPTY) || has_finding(v, VBIOS_BLANK));
}

/*
 * Firmware that starts adapters with UEFI drivers leaves no VBIOS at 0xc0000.
 */
static void rom_is_nowhere(const CheckContext *c, CheckResult *r,
                           const char *how)
{
    g_autofree char *where = rom_where(c->m, c->d,
                                       device_rom_is_shadow(c->d) ?
                                       "shadow" : "rom");

    if (device_rom_is_shadow(c->d)) {
        is_fail(r, "the host's firmware left no VBIOS at 0xc0000 (%s), as UEFI "
                "without a CSM does: a guest's firmware gets none", how);
    } else {
        is_fail(r, "%s: a guest's firmware gets no VBIOS", how);
    }
    to_fix(r, "%s", where);
}

/*
 * For Intel graphics the copy at 0xc0000 is the only VBIOS, and QEMU repairs
 * its checksum.
 */
static bool is_intels_copy(const CheckContext *c, const RomBytes *bytes)
{
    g_autofree uint8_t *data = NULL;
    Igd igd;

    if (!bytes->shadow || !igd_identify(c->d, &igd) || !igd.has_legacy_mode) {
        return false;
    }
    data = g_memdup2(bytes->data, bytes->size);
    vbios_repair_checksums(data, bytes->size);
    return rom_can_be_used(c->d, c->guest->firmware, data, bytes->size);
}

static void rom_is_intels_copy(const CheckContext *c, CheckResult *r)
{
    is_warn(r, "it is the host's copy at 0xc0000 of a VBIOS that has run, and "
            "Intel's is nowhere else; as a rule it runs again");
    to_fix(r, "if the screen stays black: take the VBIOS out of the firmware's "
           "update file, and give it with --romfile");
}

static void rom_judge(const CheckContext *c, CheckResult *r,
                      const RomBytes *bytes)
{
    VBIOSGuest guest = rom_guest(c->d, c->guest->firmware, bytes->shadow);
    g_autofree VBIOSRom *rom = g_new0(VBIOSRom, 1);
    g_autofree char *size = NULL, *advice = NULL;
    g_autoptr(VBIOSVerdict) v = NULL;
    const VBIOSFinding *f;

    vbios_parse(rom, bytes->data, bytes->size);
    v = vbios_judge(rom, bytes->data, bytes->size, &guest);
    if (is_nothing(bytes, v)) {
        rom_is_nowhere(c, r, has_finding(v, VBIOS_EMPTY) ?
                       "the kernel finds no image in the ROM BAR" :
                       device_rom_is_shadow(c->d) ? "all bytes are the same" :
                       "all bytes of the ROM BAR are the same");
    } else if (is_intels_copy(c, bytes)) {
        rom_is_intels_copy(c, r);
    } else if (v->fatal & guest.firmware) {
        f = main_finding(v, bytes->shadow);
        advice = rom_advice(c->m, c->d, c->guest, bytes, f);
        is_fail(r, "%s", f->text);
        to_fix(r, "%s", advice);
    } else {
        size = size_text(rom->end - rom->start);
        is_ok(r, "%s, %s, from %s", rom_kinds(rom), size, bytes->path);
    }
}

static void rom_cannot_be_read(const CheckContext *c, CheckResult *r,
                               const GError *error)
{
    if (error->code == G_IO_ERROR_PERMISSION_DENIED) {
        is_unknown(r, "%s", error->message);
        to_fix(r, AS_ROOT);
    } else if (c->guest->romfile) {
        is_fail(r, "%s", error->message);
        to_fix(r, "name a file that exists with --romfile, or leave it out");
    } else if (error->code == G_IO_ERROR_NOT_FOUND) {
        rom_is_nowhere(c, r, device_rom_is_shadow(c->d) ? "no copy" :
                       "it has no ROM BAR");
    } else {
        rom_is_nowhere(c, r, error->message);
    }
}

/* A UEFI guest needs an option ROM made for IGD, which no adapter has. */
static bool rom_must_be_given(const CheckContext *c, CheckResult *r)
{
    Igd igd;

    if (c->guest->romfile || !igd_identify(c->d, &igd) ||
        ((igd.has_legacy_mode || igd.is_too_old) &&
         c->guest->firmware != VBIOS_FIRMWARE_UEFI)) {
        return false;
    }
    if (c->guest->firmware == VBIOS_FIRMWARE_UEFI) {
        is_fail(r, "OVMF has no driver for Intel graphics, and they bring "
                "none: there is no picture before the guest's own driver runs");
        to_fix(r, "--romfile FILE, an option ROM for IGD (QEMU's docs/"
               "igd-assign.txt, \"Guest firmware\")");
    } else {
        is_na(r, "there is no VBIOS, see igd");
    }
    return true;
}

void check_rom(const CheckContext *c, CheckResult *r)
{
    g_autofree char *unsafe = rom_is_unsafe(c->m, c->d);
    g_autoptr(RomBytes) bytes = NULL;
    g_autoptr(GError) error = NULL;

    if (device_is_virtual(c->d)) {
        is_na(r, "a virtual function has no ROM");
        return;
    }
    if (rom_must_be_given(c, r)) {
        return;
    }
    if (!c->guest->romfile && device_is_dead(c->d)) {
        is_unknown(r, "not read, because it does not answer");
        to_fix(r, "first do what power says");
        return;
    }
    if (!c->guest->romfile && unsafe && !c->guest->read_rom) {
        is_unknown(r, "not read, because %s: reading the ROM can disturb an "
                   "adapter in use", unsafe);
        to_fix(r, "check again when %s; or now: --read-rom, or --romfile FILE",
               device_is_bound(c->d) ? "that has ended" : "it is bound");
        return;
    }
    bytes = c->guest->romfile ? rom_from_file(c->guest->romfile, &error) :
            rom_from_adapter(c->m, c->d, &error);
    if (bytes) {
        rom_judge(c, r, bytes);
    } else {
        rom_cannot_be_read(c, r, error);
    }
}

/*
 * The largest resizable BAR, where a smaller size helps most; -1 if there is
 * none.
 */
static int resizable_bar(const MachineDevice *d)
{
    int best = -1;

    for (int i = 0; i < MACHINE_ROM; i++) {
        if (d->bars[i].resizable && d->bars[i].size &&
            (best < 0 || d->bars[i].size > d->bars[best].size)) {
            best = i;
        }
    }
    return best;
}

/* The largest size up to @limit that the BAR supports: bit n is 1 MiB << n. */
static int resize_to(const MachineBar *bar, guint64 limit)
{
    int best = -1;

    for (int bit = 0; bit < 44; bit++) {
        if (bar->resizable & (1ULL << bit) && 1ULL << (bit + 20) <= limit) {
            best = bit;
        }
    }
    return best;
}

/* The usual size of the largest BAR before BARs could be resized. */
#define BAR_SIZE_OF_OLD (256ULL << 20)

/* The command that makes the largest BAR small enough, or NULL.  g_free(). */
static char *resize_command(const MachineDevice *d)
{
    int i = resizable_bar(d);
    int bit = i < 0 ? -1 : resize_to(&d->bars[i], BAR_SIZE_OF_OLD);

    if (bit < 0 || 1ULL << (bit + 20) >= d->bars[i].size) {
        return NULL;
    }
    return g_strdup_printf("echo %d > /sys/bus/pci/devices/%s/resource%d_resize "
                           "(while no driver has it)", bit, d->bdf, i);
}

/* Say what to type so that the BARs have room, the cheapest way first. */
static void window_fix(const CheckContext *c, CheckResult *r, const Window *w,
                       bool q35)
{
    g_autofree char *split = size_text(w->advice.max_ram_below_4g);
    g_autofree char *resize = resize_command(c->d);

    if (w->advice.max_ram_below_4g) {
        to_fix(r, "-machine %s,max-ram-below-4g=%s%s%s", q35 ? "q35" : "pc",
               split, resize ? "; or: " : "", resize ? resize : "");
    } else if (resize) {
        to_fix(r, "%s; for good: resizable BAR off in the firmware setup",
               resize);
    } else {
        to_fix(r, "turn resizable BAR off in the firmware setup; reboot");
    }
}

void check_window(const CheckContext *c, CheckResult *r)
{
    GuestPlace place = guest_place(c->d, c->guest->q35);
    Window w = window_of(c->m, c->d, place.q35, c->guest->memory);
    g_autofree char *low = size_text(w.fit.low);
    g_autofree char *high = size_text(w.fit.high);
    g_autofree char *none = size_text(w.fit.none);
    g_autofree char *room = size_text(w.fit.room);

    if (w.fit.none && w.advice.phys_bits) {
        is_fail(r, "BARs of %s have no place in the guest: the processor has "
                "%u address bits", none, c->m->phys_bits);
        window_fix(c, r, &w, place.q35);
    } else if (w.fit.none) {
        is_fail(r, "BARs of %s have no place in the guest: there are %s below "
                "4G", none, room);
        window_fix(c, r, &w, place.q35);
    } else if (w.advice.max_ram_below_4g) {
        is_warn(r, "its BARs go above 4G in the guest, where a VBIOS cannot "
                "reach them");
        window_fix(c, r, &w, place.q35);
    } else if (w.fit.high) {
        is_ok(r, "%s of %s below 4G; %s above", low, room, high);
    } else {
        is_ok(r, "needs %s of %s below 4G", low, room);
    }
}

/* A guest cannot resize a BAR; it sees the size that the host has chosen. */
void check_resizable(const CheckContext *c, CheckResult *r)
{
    int i = resizable_bar(c->d);
    int bit = i < 0 ? -1 : resize_to(&c->d->bars[i], G_MAXUINT64);
    g_autofree char *now = i < 0 ? NULL : size_text(c->d->bars[i].size);
    g_autofree char *most = bit < 0 ? NULL : size_text(1ULL << (bit + 20));

    if (bit < 0) {
        is_na(r, "none of its BARs can be resized");
    } else if (g_str_equal(now, most)) {
        is_ok(r, "BAR %d has %s, which is its largest size; the guest cannot "
              "change it", i, now);
    } else {
        is_ok(r, "BAR %d has %s of at most %s; the guest cannot change it", i,
              now, most);
    }
}
