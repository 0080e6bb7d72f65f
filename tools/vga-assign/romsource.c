/*
 * Where a VBIOS can be read from
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <gio/gio.h>
#include <linux/magic.h>

#include "holders.h"
#include "output.h"
#include "romsource.h"

void rom_bytes_free(RomBytes *rom)
{
    g_free(rom->source);
    g_free(rom->path);
    g_free(rom->data);
    g_free(rom);
}

RomBytes *rom_bytes_new(const char *source, const char *path,
                        uint8_t *data, size_t size)
{
    RomBytes *rom = g_new0(RomBytes, 1);

    rom->source = g_strdup(source);
    rom->path = g_strdup(path);
    rom->data = data;
    rom->size = size;
    return rom;
}

static bool rom_fail(GError **error, const char *path, int code)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(code), "%s: %s", path,
                g_strerror(code));
    return false;
}

/*
 * Read at most @max + 1 bytes, so that the caller can see that there are more.
 */
static bool rom_slurp(int fd, const char *path, size_t max, GByteArray *bytes,
                      GError **error)
{
    uint8_t buffer[16384];
    ssize_t got;

    do {
        got = read(fd, buffer, MIN(sizeof(buffer), max + 1 - bytes->len));
        if (got < 0 && errno != EINTR) {
            return rom_fail(error, path, errno);
        }
        if (got > 0) {
            g_byte_array_append(bytes, buffer, got);
        }
    } while (got && bytes->len <= max);
    return true;
}

static RomBytes *rom_read_fd(int fd, const char *source, const char *path,
                             GError **error)
{
    GByteArray *bytes = g_byte_array_new();
    size_t size;

    if (!rom_slurp(fd, path, ROM_MAX, bytes, error)) {
        g_byte_array_unref(bytes);
        return NULL;
    }
    size = bytes->len;
    if (size > ROM_MAX) {
        g_byte_array_unref(bytes);
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "%s: larger than 16 MiB, so it is not a VBIOS", path);
        return NULL;
    }
    return rom_bytes_new(source, path, g_byte_array_free(bytes, FALSE), size);
}

RomBytes *rom_from_file(const char *path, GError **error)
{
    /* Non-blocking, because a FIFO would make the tool wait forever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    RomBytes *rom = NULL;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        rom_fail(error, path, errno);
    } else if (!S_ISREG(st.st_mode)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                    "%s: not a file", path);
    } else {
        rom = rom_read_fd(fd, "file", path, error);
    }
    if (fd >= 0) {
        close(fd);
    }
    return rom;
}

/* Reading the file in sysfs gives EINVAL until "1" was written to it. */
static bool rom_enable(int fd, const char *value)
{
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0 || fs.f_type != SYSFS_MAGIC) {
        return true;
    }
    return pwrite(fd, value, 1, 0) == 1;
}

RomBytes *rom_from_adapter(Machine *machine, const MachineDevice *device,
                           GError **error)
{
    g_autofree char *file = device_file(device, "rom");
    g_autofree char *path = root_path(machine->root, file);
    bool copy = root_is_copy(machine->root);
    int hidden = root_hidden(machine->root, file);
    int fd = hidden ? -1 : open(path, (copy ? O_RDONLY : O_RDWR) | O_CLOEXEC |
                                O_NONBLOCK);
    RomBytes *rom = NULL;

    if (fd < 0) {
        int code = hidden ? hidden : errno;

        if (code == ENOENT) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                        "%s has no ROM BAR", device->bdf);
        } else {
            root_unreadable(machine->root, file, code);
            rom_fail(error, file, code);
        }
        return NULL;
    }
    if (!rom_enable(fd, "1")) {
        root_unreadable(machine->root, file, errno);
        rom_fail(error, file, errno);
    } else {
        rom = rom_read_fd(fd, device_rom_is_shadow(device) ? "shadow" : "rom",
                          file, error);
        rom_enable(fd, "0");
    }
    close(fd);
    if (rom) {
        rom->shadow = device_rom_is_shadow(device);
    }
    return rom;
}

char *rom_user(const Machine *machine, const MachineDevice *device)
{
    g_autoptr(GPtrArray) holders = device_holders(machine, device);

    if (holders->len && device_is_bound(device)) {
        const MachineHolder *holder = g_ptr_array_index(holders, 0);

        return g_strdup_printf("%s (process %s) has it assigned",
                               holder->name ? holder->name : "a guest",
                               holder->pid);
    }
    if (device->driver && !device_is_bound(device) &&
        !g_str_equal(device->driver, "pci-stub")) {
        return g_strdup_printf("%s drives it", device->driver);
    }
    return NULL;
}

char *rom_is_unsafe(const Machine *machine, const MachineDevice *device)
{
    /* the kernel then reads a copy in memory */
    return device_rom_is_shadow(device) ? NULL : rom_user(machine, device);
}

VBIOSGuest rom_guest(const MachineDevice *device, VBIOSFirmware firmware,
                     bool shadow_copy)
{
    VBIOSGuest guest = VBIOS_GUEST_ANY;

    guest.firmware = firmware;
    guest.shadow_copy = shadow_copy;
    if (device) {
        guest.vendor = device->vendor;
        guest.device = device->device;
        guest.class_code = device->class_code;
    }
    return guest;
}

char *rom_remedy_for(const char *remedy, const char *bdf, const char *file)
{
    static const char fix[] = "rom fix FILE";
    g_auto(GStrv) parts = g_strsplit(remedy, fix, -1);
    g_autofree char *word = file ? shell_word(file) : NULL;
    g_autofree char *with = g_strconcat("rom fix ", word ? word : "FILE", NULL);
    g_autoptr(GString) text = g_string_new("");

    for (char **part = parts; *part; part++) {
        g_autoptr(GString) piece = g_string_new(*part);

        /* NEW shows that the file is a new one. */
        g_string_replace(piece, "FILE", "NEW", 0);
        g_string_replace(piece, "vga-assign", out_tool(), 0);
        if (bdf) {
            g_string_replace(piece, "BDF", bdf, 0);
        }
        g_string_append_printf(text, "%s%s", part == parts ? "" : with,
                               piece->str);
    }
    return g_strdup(text->str);
}

const char *rom_kinds(const VBIOSRom *rom)
{
    const VBIOSImage *bios = vbios_legacy_image(rom);
    const VBIOSImage *uefi = vbios_efi_image(rom, 0x8664);

    return bios && uefi ? "bios+uefi" : bios ? "bios" : uefi ? "uefi" : "none";
}
