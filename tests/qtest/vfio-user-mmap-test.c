/*
 * BARs of a served device that its client maps
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A client without QEMU asks for the files of the BARs, and uses them.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>
#include <sys/mman.h>

#include "hw/display/bochs-vbe.h"
#include "hw/pci/pci_regs.h"
#include "libqtest.h"
#include "vfio-user-server-bench.h"

/* QEMU 11.0 has an aperture there, of which the RAM is only a part */
#define HAS_HEADER(header) __has_include(header)
#if HAS_HEADER("hw/core/qdev.h")
#define ATI_BAR_0_IS_RAM false
#else
#define ATI_BAR_0_IS_RAM true
#endif

/* Memory BARs that a client can map are those that are RAM in all modes */
static const struct {
    const char *model;
    unsigned bar;
    bool mapped;
} offers[] = {
    { "VGA", 0, true },
    { "VGA", 2, false },
    { "bochs-display", 0, true },
    { "ati-vga", 0, ATI_BAR_0_IS_RAM },
    { "ati-vga", 2, false },
    { "virtio-vga", 0, true },
    { "qxl-vga", 0, true },
    { "qxl-vga", 2, false },        /* read-only */
    { "cirrus-vga", 0, false },     /* its blitter may take it over */
    { "edu", 0, false },
};

static void check_file(int file, uint64_t size)
{
    int seals = fcntl(file, F_GET_SEALS);
    struct stat st;

    g_assert_cmphex(seals & F_SEAL_SHRINK, ==, F_SEAL_SHRINK);
    g_assert_cmphex(seals & F_SEAL_SEAL, ==, F_SEAL_SEAL);
    g_assert_cmpint(fstat(file, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, size);
    g_assert_cmpint(ftruncate(file, size + 4096), ==, -1);
    g_assert_cmpint(ftruncate(file, size - 4096), ==, -1);
}

static void test_offers(const void *model)
{
    Server server = { };
    unsigned i;
    int fd;

    server_start(&server, "", model, 1);
    fd = raw_connect(server.path[0]);
    for (i = 0; i < G_N_ELEMENTS(offers); i++) {
        uint64_t size;
        uint32_t flags;
        int file;

        if (!g_str_equal(offers[i].model, model)) {
            continue;
        }
        flags = raw_region_info(fd, offers[i].bar, &size, &file);
        g_assert_cmpint(size, >, 0);
        g_assert_cmpint(!!(flags & VFIO_REGION_INFO_FLAG_MMAP), ==,
                        offers[i].mapped);
        g_assert_cmpint(file >= 0, ==, offers[i].mapped);
        if (file >= 0) {
            check_file(file, size);
            close(file);
        }
    }
    close(fd);
    server_stop(&server);
}

/* The user can choose messages for all BARs */
static void test_not_shared(void)
{
    Server server = { };
    int fd, file;

    server_start(&server, ",aux-ram-share=off", "VGA", 1);
    fd = raw_connect(server.path[0]);
    g_assert_cmphex(VFIO_REGION_INFO_FLAG_MMAP &
                    raw_region_info(fd, 0, NULL, &file), ==, 0);
    g_assert_cmpint(file, ==, -1);
    close(fd);
    server_stop(&server);
}

static void mmio_write(int fd, unsigned at, unsigned size, uint16_t value)
{
    raw_access(fd, true, VFIO_PCI_BAR2_REGION_INDEX, at, &value, size);
}

static void vbe_write(int fd, unsigned index, uint16_t value)
{
    mmio_write(fd, 0x500 + 2 * index, 2, value);
}

static void vga_write(int fd, unsigned port, uint8_t value)
{
    mmio_write(fd, 0x400 + port - 0x3c0, 1, value);
}

/* Sets 8 bits per pixel; colour 1 is magenta */
static void mode_set(int fd)
{
    uint32_t vram = 0xfd000000, mmio = 0xfebf0000;
    uint16_t command = PCI_COMMAND_MEMORY;

    raw_access(fd, true, VFIO_PCI_CONFIG_REGION_INDEX, PCI_BASE_ADDRESS_0,
               &vram, sizeof(vram));
    raw_access(fd, true, VFIO_PCI_CONFIG_REGION_INDEX, PCI_BASE_ADDRESS_2,
               &mmio, sizeof(mmio));
    raw_access(fd, true, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, &command,
               sizeof(command));
    vbe_write(fd, VBE_DISPI_INDEX_XRES, WIDTH);
    vbe_write(fd, VBE_DISPI_INDEX_YRES, HEIGHT);
    vbe_write(fd, VBE_DISPI_INDEX_BPP, 8);
    vbe_write(fd, VBE_DISPI_INDEX_ENABLE,
              VBE_DISPI_ENABLED | VBE_DISPI_LFB_ENABLED);
    vga_write(fd, 0x3c0, 0x20);
    vga_write(fd, 0x3c8, 1);
    vga_write(fd, 0x3c9, 0x3f);
    vga_write(fd, 0x3c9, 0);
    vga_write(fd, 0x3c9, 0x3f);
}

/* A screen always shows what a client writes without a message */
static void test_screen(void)
{
    const unsigned x = 10, y = 200, at = y * WIDTH + x;
    Server server = { };
    uint8_t *vram, read = 0xff;
    uint64_t size;
    int fd, file, i;

    server_start(&server, "", "VGA", 1);
    fd = raw_connect(server.path[0]);
    raw_region_info(fd, 0, &size, &file);
    g_assert_cmpint(file, >=, 0);
    vram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    g_assert_true(vram != MAP_FAILED);

    mode_set(fd);
    for (i = 0; i < 3; i++) {
        vram[at] = 0;
        g_assert_cmphex(server_pixel(&server, x, y), ==, 0);
        vram[at] = 1;
        g_assert_cmphex(server_pixel(&server, x, y), ==, 0xff00ff);
        g_assert_cmphex(server_pixel(&server, x + 1, y), ==, 0);
    }
    raw_access(fd, false, VFIO_PCI_BAR0_REGION_INDEX, at, &read, 1);
    g_assert_cmphex(read, ==, 1);
    read = 5;
    raw_access(fd, true, VFIO_PCI_BAR0_REGION_INDEX, at, &read, 1);
    g_assert_cmphex(vram[at], ==, 5);

    munmap(vram, size);
    close(file);
    close(fd);
    server_stop(&server);
}

int main(int argc, char **argv)
{
    const char *last = "";
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    if (!qtest_has_device("VGA") || !qtest_has_machine("x-remote")) {
        g_test_skip("no VGA or x-remote");
        return 0;
    }
    for (i = 0; i < G_N_ELEMENTS(offers); i++) {
        const char *model = offers[i].model;

        if (!g_str_equal(model, last) && qtest_has_device(model)) {
            g_autofree char *path =
                g_strdup_printf("vfio-user-mmap/offers/%s", model);

            qtest_add_data_func(path, model, test_offers);
        }
        last = model;
    }
    qtest_add_func("vfio-user-mmap/not-shared", test_not_shared);
    qtest_add_func("vfio-user-mmap/screen", test_screen);
    return g_test_run();
}
