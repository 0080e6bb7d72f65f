/*
 * Devices that x-vfio-user-server serves: what their clients see, and what the
 * server sees of the clients
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One QEMU serves, others are its clients and play the guests.  Each test is
 * named after a defect that QEMU had, which its comment describes.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <linux/vfio.h>

#include "hw/display/bochs-vbe.h"
#include "hw/pci/pci_regs.h"
#include "libqos/pci-pc.h"
#include "libqtest.h"
#include "qemu/bswap.h"
#include "vfio-user-server-bench.h"

#define SLOT        4

typedef struct Client {
    QTestState *qts;
    QPCIBus *bus;
    QPCIDevice *dev;
    char *log;
} Client;

static void client_start(Client *client, Server *server, unsigned device)
{
    int fd = g_file_open_tmp("vfio-user-test-XXXXXX", &client->log, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    client->qts = qtest_initf("-M pc -nodefaults -vga none 2>%s", client->log);
    qtest_qmp_device_add(client->qts, "vfio-user-pci", "card",
                         "{'addr': '4', 'socket':"
                         " {'type': 'unix', 'path': %s}}",
                         server->path[device]);
    client->bus = qpci_new_pc(client->qts, NULL);
    client->dev = qpci_device_find(client->bus, QPCI_DEVFN(SLOT, 0));
    g_assert_nonnull(client->dev);
    qpci_device_enable(client->dev);
}

static void client_stop(Client *client)
{
    g_free(client->dev);
    qpci_free_pc(client->bus);
    qtest_quit(client->qts);
    g_unlink(client->log);
    g_free(client->log);
}

/* Check the client's messages about accesses that failed */
static void client_check_log(Client *client)
{
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(client->log, &text, NULL, NULL));
    g_assert_cmpstr(strstr(text, "vfio_region_"), ==, NULL);
}

/* A register of a VGA's Bochs interface, in BAR 2 */
static void vbe_write(Client *client, QPCIBar mmio, unsigned index,
                      uint16_t value)
{
    qpci_io_writew(client->dev, mmio, 0x500 + 2 * index, value);
}

static uint16_t vbe_read(Client *client, QPCIBar mmio, unsigned index)
{
    return qpci_io_readw(client->dev, mmio, 0x500 + 2 * index);
}

/* A port of a VGA, in the same BAR */
static void vga_write(Client *client, QPCIBar mmio, unsigned port,
                      uint8_t value)
{
    qpci_io_writeb(client->dev, mmio, 0x400 + port - 0x3c0, value);
}

/*
 * The dirty log used to miss what a client wrote to a framebuffer, so the
 * server's screen did not show it.
 */
static void test_framebuffer_shows(void)
{
    const unsigned x = 10, y = 200;
    Server server = { };
    Client client;
    QPCIBar vram, mmio;

    server_start(&server, "", "VGA", 1);
    client_start(&client, &server, 0);
    vram = qpci_iomap(client.dev, 0, NULL);
    mmio = qpci_iomap(client.dev, 2, NULL);

    /*
     * 8 bits per pixel, because with more the screen dump would read the
     * framebuffer
     */
    vbe_write(&client, mmio, VBE_DISPI_INDEX_XRES, WIDTH);
    vbe_write(&client, mmio, VBE_DISPI_INDEX_YRES, HEIGHT);
    vbe_write(&client, mmio, VBE_DISPI_INDEX_BPP, 8);
    vbe_write(&client, mmio, VBE_DISPI_INDEX_ENABLE,
              VBE_DISPI_ENABLED | VBE_DISPI_LFB_ENABLED);
    vga_write(&client, mmio, 0x3c0, 0x20);  /* let the palette be used */
    vga_write(&client, mmio, 0x3c8, 1);     /* colour 1 is magenta */
    vga_write(&client, mmio, 0x3c9, 0x3f);
    vga_write(&client, mmio, 0x3c9, 0);
    vga_write(&client, mmio, 0x3c9, 0x3f);
    g_assert_cmpint(vbe_read(&client, mmio, VBE_DISPI_INDEX_XRES), ==, WIDTH);
    /*
     * the first dump draws all of a new mode, the second one what is still
     * dirty
     */
    g_assert_cmphex(server_pixel(&server, x, y), ==, 0);
    g_assert_cmphex(server_pixel(&server, x, y), ==, 0);

    qpci_io_writeb(client.dev, vram, y * WIDTH + x, 1);
    g_assert_cmphex(qpci_io_readb(client.dev, vram, y * WIDTH + x), ==, 1);
    g_assert_cmphex(server_pixel(&server, x, y), ==, 0xff00ff);
    g_assert_cmphex(server_pixel(&server, x + 1, y), ==, 0);

    client_check_log(&client);
    client_stop(&client);
    server_stop(&server);
}

/*
 * Two guests put their adapters at the same addresses.  Both used to reach the
 * one on top.
 */
static void test_two_devices_at_one_address(void)
{
    Server server = { };
    Client client[MAX_DEVICES];
    QPCIBar vram[MAX_DEVICES], mmio[MAX_DEVICES];
    unsigned i;

    server_start(&server, "", "VGA", MAX_DEVICES);
    for (i = 0; i < MAX_DEVICES; i++) {
        client_start(&client[i], &server, i);
        vram[i] = qpci_iomap(client[i].dev, 0, NULL);
        mmio[i] = qpci_iomap(client[i].dev, 2, NULL);
    }
    g_assert_cmphex(vram[0].addr, ==, vram[1].addr);
    g_assert_cmphex(mmio[0].addr, ==, mmio[1].addr);

    for (i = 0; i < MAX_DEVICES; i++) {
        qpci_io_writel(client[i].dev, vram[i], 0x1000, 0x11111111 * (i + 1));
        vbe_write(&client[i], mmio[i], VBE_DISPI_INDEX_XRES, 320 * (i + 1));
    }
    for (i = 0; i < MAX_DEVICES; i++) {
        g_assert_cmphex(qpci_io_readl(client[i].dev, vram[i], 0x1000), ==,
                        0x11111111 * (i + 1));
        g_assert_cmpint(vbe_read(&client[i], mmio[i], VBE_DISPI_INDEX_XRES),
                        ==, 320 * (i + 1));
    }

    /* The gaps between the BAR's registers are not part of the framebuffer */
    g_assert_cmphex(qpci_io_readl(client[0].dev, mmio[0], 0x800), ==,
                    0xffffffff);

    for (i = 0; i < MAX_DEVICES; i++) {
        client_check_log(&client[i]);
        client_stop(&client[i]);
    }
    server_stop(&server);
}

/*
 * An access across several regions of a BAR is made in pieces, and each
 * reaches the region on top: BAR 2 of a VGA has EDID at 0, VGA ports at 0x400,
 * the Bochs interface at 0x500, and nothing around them.
 */
static void test_access_across_regions(void)
{
    const unsigned first = 0x3f0, end = 0x530;
    uint8_t whole[0x140], pieces[0x140];
    uint32_t address = 0xfebf0000;
    uint16_t command = PCI_COMMAND_MEMORY;
    uint16_t xres = WIDTH;
    Server server = { };
    unsigned i;
    int fd;

    server_start(&server, "", "VGA", 1);
    fd = raw_connect(server.path[0]);
    raw_access(fd, true, VFIO_PCI_CONFIG_REGION_INDEX, PCI_BASE_ADDRESS_2,
               &address, sizeof(address));
    raw_access(fd, true, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, &command,
               sizeof(command));
    raw_access(fd, true, VFIO_PCI_BAR2_REGION_INDEX,
               0x500 + 2 * VBE_DISPI_INDEX_XRES, &xres, sizeof(xres));

    raw_access(fd, false, VFIO_PCI_BAR2_REGION_INDEX, first, whole,
               end - first);
    for (i = 0; i < end - first; i += 2) {
        raw_access(fd, false, VFIO_PCI_BAR2_REGION_INDEX, first + i,
                   pieces + i, 2);
    }
    g_assert_cmpmem(whole, end - first, pieces, end - first);
    g_assert_cmpint(lduw_le_p(whole + 0x502 - first), ==, WIDTH);
    g_assert_cmphex(lduw_le_p(whole + 0x4f0 - first), ==, 0xffff);

    close(fd);
    server_stop(&server);
}

/*
 * BARs that follow a read-only one used to be called read-only, too.  A qxl
 * has a ROM in BAR 2 and ports in BAR 3.  QEMU as a client ignores the flag,
 * but other clients do not.
 */
static void test_writable_after_read_only(void)
{
    const uint32_t ro = VFIO_REGION_INFO_FLAG_READ;
    const uint32_t rw = ro | VFIO_REGION_INFO_FLAG_WRITE;
    Server server = { };
    int fd;

    if (!qtest_has_device("qxl")) {
        g_test_skip("no qxl");
        return;
    }

    server_start(&server, "", "qxl", 1);
    fd = raw_connect(server.path[0]);
    g_assert_cmphex(rw & raw_region_info(fd, VFIO_PCI_BAR0_REGION_INDEX, NULL,
                                         NULL), ==, rw);
    g_assert_cmphex(rw & raw_region_info(fd, VFIO_PCI_BAR2_REGION_INDEX, NULL,
                                         NULL), ==, ro);
    g_assert_cmphex(rw & raw_region_info(fd, VFIO_PCI_BAR3_REGION_INDEX, NULL,
                                         NULL), ==, rw);
    close(fd);
    server_stop(&server);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!qtest_has_device("vfio-user-pci") || !qtest_has_device("VGA") ||
        !qtest_has_machine("x-remote")) {
        g_test_skip("no vfio-user-pci, VGA or x-remote");
        return 0;
    }

    qtest_add_func("vfio-user-server/framebuffer-shows",
                   test_framebuffer_shows);
    qtest_add_func("vfio-user-server/two-devices-at-one-address",
                   test_two_devices_at_one_address);
    qtest_add_func("vfio-user-server/access-across-regions",
                   test_access_across_regions);
    qtest_add_func("vfio-user-server/writable-after-read-only",
                   test_writable_after_read_only);
    return g_test_run();
}
