/*
 * The VBIOS in an adapter's flash ROM, through its BARs in sysfs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * qemu/vbios-flash.h, which QEMU uses as well, has the registers and what is
 * written to them.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gio/gio.h>
#include <linux/pci_regs.h>

#include "qemu/vbios-flash.h"
#include "romsource.h"

typedef struct FlashBar {
    void *map;              /* NULL if not mapped, or not existing */
    size_t size;
} FlashBar;

typedef struct FlashBars {
    const Machine *machine;
    const MachineDevice *device;
    FlashBar bars[PCI_STD_NUM_BARS];
    GError *error;          /* of the first BAR that could not be mapped */
} FlashBars;

static void flash_fail(GError **error, const char *path, int code)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(code), "%s: %s", path,
                g_strerror(code));
}

static int flash_open(const FlashBars *p, const char *file, char **path)
{
    g_autofree char *name = device_file(p->device, file);

    *path = root_path(p->machine->root, name);
    if (!root_contains(p->machine->root, name)) {
        errno = ELOOP;
        return -1;
    }
    return open(*path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

static void flash_map(FlashBars *p, unsigned number)
{
    g_autofree char *file = g_strdup_printf("resource%u", number);
    g_autofree char *path = NULL;
    FlashBar *bar = &p->bars[number];
    int fd = flash_open(p, file, &path);
    struct stat st;
    void *map = MAP_FAILED;

    if (fd >= 0 && fstat(fd, &st) == 0) {
        map = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (map != MAP_FAILED) {
        bar->map = map;
        bar->size = st.st_size;
    } else if (!p->error) {
        flash_fail(&p->error, path, errno);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static uint64_t flash_bar_size(void *opaque, unsigned number)
{
    FlashBars *p = opaque;

    if (!p->bars[number].map) {
        flash_map(p, number);
    }
    return p->bars[number].size;
}

/* The caller has asked for the size and stays below it. */
static bool flash_access(void *opaque, bool write, unsigned number,
                         uint32_t offset, uint32_t *value, GError **error)
{
    FlashBars *p = opaque;
    volatile uint32_t *reg =
        (volatile uint32_t *)((char *)p->bars[number].map + offset);

    if (write) {
        *reg = GUINT32_TO_LE(*value);
    } else {
        *value = GUINT32_FROM_LE(*reg);
    }
    return true;
}

static bool flash_command(int fd, const char *path, bool write,
                          uint16_t *command, GError **error)
{
    ssize_t done = write ? pwrite(fd, command, sizeof(*command), PCI_COMMAND) :
                           pread(fd, command, sizeof(*command), PCI_COMMAND);

    if (done != sizeof(*command)) {
        flash_fail(error, path, done < 0 ? errno : EIO);
        return false;
    }
    return true;
}

static bool flash_is_awake(const MachineDevice *d, GError **error)
{
    if (d->power_state && strcmp(d->power_state, "D0") != 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY, "%s sleeps (%s): "
                    "echo on > /sys/bus/pci/devices/%s/power/control",
                    d->bdf, d->power_state, d->bdf);
        return false;
    }
    return true;
}

static uint8_t *flash_read(FlashBars *p, size_t *size, GError **error)
{
    const VBIOSFlashIO io = { p, flash_access, flash_bar_size };
    uint8_t *data = vbios_flash_read(&io, p->device->vendor, p->device->device,
                                     size, error);

    if (p->error && !data) {
        g_clear_error(error);
        g_propagate_error(error, g_steal_pointer(&p->error));
    }
    g_clear_error(&p->error);
    for (unsigned i = 0; i < G_N_ELEMENTS(p->bars); i++) {
        if (p->bars[i].map) {
            munmap(p->bars[i].map, p->bars[i].size);
        }
    }
    return data;
}

/* Read the flash ROM; the adapter decodes memory while this runs. */
static uint8_t *flash_read_decoding(FlashBars *p, int fd, const char *path,
                                    size_t *size, GError **error)
{
    uint16_t old, with_memory;
    uint8_t *data;

    if (!flash_command(fd, path, false, &old, error)) {
        return NULL;
    }
    with_memory = old | GUINT16_TO_LE(PCI_COMMAND_MEMORY);
    if (with_memory == old) {
        return flash_read(p, size, error);
    }
    if (!flash_command(fd, path, true, &with_memory, error)) {
        return NULL;
    }
    data = flash_read(p, size, error);
    flash_command(fd, path, true, &old, NULL);
    return data;
}

RomBytes *rom_from_flash(Machine *machine, const MachineDevice *device,
                         GError **error)
{
    FlashBars p = { .machine = machine, .device = device };
    g_autofree char *user = rom_user(machine, device);
    g_autofree char *path = NULL;
    uint8_t *data = NULL;
    size_t size;
    int fd;

    if (user) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY, "%s: %s, so its "
                    "registers are left alone", device->bdf, user);
        return NULL;
    }
    if (!flash_is_awake(device, error)) {
        return NULL;
    }
    fd = flash_open(&p, "config", &path);
    if (fd < 0) {
        flash_fail(error, path, errno);
        return NULL;
    }
    data = flash_read_decoding(&p, fd, path, &size, error);
    close(fd);
    return data ? rom_bytes_new("flash", device->bdf, data, size) : NULL;
}
