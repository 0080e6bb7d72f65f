/*
 * The VBIOS that firmware left in the ACPI table VFCT
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The graphics of AMD's processors have no ROM BAR.  UEFI firmware passes
 * their VBIOS, and that of other AMD adapters that it started, to drivers in
 * this table.  Layout (Linux, drivers/gpu/drm/amd/amdgpu/amdgpu_bios.c and
 * atombios.h): the header of an ACPI table, a UUID, and at 0x34 the offset of
 * the first record.  Records follow one another, each with the adapter's
 * address, its ids, the length of its VBIOS, and that many bytes.
 */
#include <string.h>
#include <gio/gio.h>

#include "romsource.h"

#define VFCT_PATH "/sys/firmware/acpi/tables/VFCT"
#define VFCT_FIRST 0x34
#define VFCT_HEADER 0x4c

#define RECORD_BUS 0
#define RECORD_SLOT 4
#define RECORD_FUNCTION 8
#define RECORD_VENDOR 12
#define RECORD_DEVICE 14
#define RECORD_LENGTH 24
#define RECORD_SIZE 28

typedef struct Vfct {
    const uint8_t *data;
    size_t size;
} Vfct;

static uint32_t get32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint16_t get16(const uint8_t *p)
{
    return p[0] | p[1] << 8;
}

/* The record at *@at, which is moved to the next one; NULL at the end. */
static const uint8_t *vfct_next(const Vfct *t, size_t *at)
{
    const uint8_t *record = t->data + *at;
    size_t length;

    if (*at > t->size || t->size - *at < RECORD_SIZE) {
        return NULL;
    }
    length = get32(record + RECORD_LENGTH);
    if (length > t->size - *at - RECORD_SIZE) {
        return NULL;
    }
    *at += RECORD_SIZE + length;
    return record;
}

static bool record_has_ids(const uint8_t *record, const MachineDevice *d)
{
    return get16(record + RECORD_VENDOR) == d->vendor &&
           get16(record + RECORD_DEVICE) == d->device &&
           get32(record + RECORD_LENGTH) != 0;
}

static bool record_has_place(const uint8_t *record, const MachineDevice *d)
{
    return get32(record + RECORD_BUS) == d->bus &&
           get32(record + RECORD_SLOT) == d->slot &&
           get32(record + RECORD_FUNCTION) == d->function;
}

/*
 * Find a record by address and ids, as the driver does.  If none matches, the
 * kernel may have renumbered the busses: a record whose ids are unique is
 * taken.
 */
static const uint8_t *vfct_find(const Vfct *t, const MachineDevice *d)
{
    const uint8_t *record, *by_ids = NULL;
    size_t at = get32(t->data + VFCT_FIRST);
    unsigned n = 0;

    while ((record = vfct_next(t, &at))) {
        if (!record_has_ids(record, d)) {
            continue;
        }
        if (record_has_place(record, d)) {
            return record;
        }
        by_ids = record;
        n++;
    }
    return n == 1 ? by_ids : NULL;
}

static bool vfct_read(Machine *m, char **data, Vfct *t, GError **error)
{
    size_t size;
    RootResult result = root_read(m->root, VFCT_PATH, ROM_MAX, data, &size);

    *t = (Vfct) { (const uint8_t *)*data, size };
    if (result == ROOT_ABSENT) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "this machine's firmware provides no ACPI table VFCT");
        return false;
    }
    if (result == ROOT_UNREADABLE) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                    VFCT_PATH " cannot be read");
        return false;
    }
    if (size < VFCT_HEADER || memcmp(*data, "VFCT", 4) != 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    VFCT_PATH ": this is not a table VFCT");
        return false;
    }
    return true;
}

RomBytes *rom_from_vfct(Machine *m, const MachineDevice *d, GError **error)
{
    g_autofree char *data = NULL;
    const uint8_t *record;
    size_t length;
    Vfct t;

    if (!vfct_read(m, &data, &t, error)) {
        return NULL;
    }
    record = vfct_find(&t, d);
    if (!record) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "the ACPI table VFCT has no VBIOS for %s (%04x:%04x)",
                    d->bdf, d->vendor, d->device);
        return NULL;
    }
    length = get32(record + RECORD_LENGTH);
    return rom_bytes_new("vfct", VFCT_PATH,
                         g_memdup2(record + RECORD_SIZE, length), length);
}
