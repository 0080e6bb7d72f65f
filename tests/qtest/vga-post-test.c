/*
 * A VBIOS that looks for its adapter where the host has it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The adapter, vfio-user-adapter.c in this process, has the layout of NVIDIA's
 * and one more backdoor: the window in I/O BAR 5 shows, at 0x1a010, the
 * address that BAR 0 has on the host.  Its VBIOS reads this address and writes
 * to BAR 0 during POST.  The firmware runs the VBIOS on a processor (TCG).
 * This fails in a guest where BAR 0 has another address, and works with
 * x-bar-identity=on.  With the firmware in $VGA_POST_BIOS it works by an
 * alias; that must be a firmware that does not know the property, such as
 * SeaBIOS 1.17.0.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>

#include "hw/pci/pci_ids.h"
#include "hw/pci/pci_regs.h"
#include "qemu/bswap.h"
#include "vfio-user-machine.h"

#define CONFIG      VFIO_PCI_CONFIG_REGION_INDEX
#define VGA         VFIO_PCI_VGA_REGION_INDEX
#define ROM         VFIO_PCI_ROM_REGION_INDEX
#define RW          (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define BAR_SIZE    0x100000
#define ROM_SIZE    0x1000
#define BACKDOOR    0x0c            /* data register of BAR 5 */
#define HOST        0xc8000000      /* the address of BAR 0 on the host */
#define WRITTEN     0x100           /* offset in BAR 0 that it writes */
#define MAGIC       0x600d600d
#define PATIENCE    (120 * G_TIME_SPAN_SECOND)

/* One image; code is far-called at offset 3, with AX = bus, device, function */
static const uint8_t vbios[] = {
    0x55, 0xaa, 2, 0xeb, 0x3b,                 /* 1024 bytes, jmp 0x40 */
    [0x18] = 0x1c, 0,
    [0x1c] = 'P', 'C', 'I', 'R', 0xde, 0x10, 0xf0, 0x10, 0, 0, 24, 0,
    0, 0, 0, 3, 2, 0, 0, 0, 0, 0x80, 0, 0,
    [0x40] =
    0x66, 0x60,                                /* pushal */
    0x1e,                                      /* pushw %ds */
    0x66, 0xc1, 0xe0, 0x10,                    /* shll $0x10,%eax */
    0x66, 0xc1, 0xe8, 0x08,                    /* shrl $0x8,%eax */
    0x66, 0x0d, 0x24, 0x00, 0x00, 0x80,        /* orl $0x80000024,%eax */
    0xba, 0xf8, 0x0c,                          /* movw $0xcf8,%dx */
    0x66, 0xef,                                /* outl %eax,(%dx) */
    0xba, 0xfc, 0x0c,                          /* movw $0xcfc,%dx */
    0x66, 0xed,                                /* inl (%dx),%eax */
    0x24, 0xfc,                                /* andb $0xfc,%al */
    0x89, 0xc3,                                /* movw %ax,%bx */
    0x8d, 0x57, 0x08,                          /* leaw 0x8(%bx),%dx */
    0x66, 0xb8, 0x10, 0xa0, 0x01, 0x00,        /* movl $0x1a010,%eax */
    0x66, 0xef,                                /* outl %eax,(%dx) */
    0x83, 0xc2, 0x04,                          /* addw $0x4,%dx */
    0x66, 0xed,                                /* inl (%dx),%eax */
    0x24, 0xf0,                                /* andb $0xf0,%al */
    0x66, 0x89, 0xc6,                          /* movl %eax,%esi */
    0x31, 0xc0,                                /* xorw %ax,%ax */
    0x8e, 0xd8,                                /* movw %ax,%ds */
    0x66, 0xb8, 0x0d, 0x60, 0x0d, 0x60,        /* movl $0x600d600d,%eax */
    0x67, 0x66, 0x89, 0x86, 0x00, 0x01, 0x00, 0x00,
                                               /* movl %eax,0x100(%esi) */
    0x67, 0x66, 0x39, 0x86, 0x00, 0x01, 0x00, 0x00,
                                               /* cmpl %eax,0x100(%esi) */
    0xbe, 0xa6, 0x00,                          /* movw $0xa6,%si */
    0x74, 0x03,                                /* je 96 */
    0xbe, 0xb6, 0x00,                          /* movw $0xb6,%si */
    0x8c, 0xc8,                                /* movw %cs,%ax */
    0x8e, 0xd8,                                /* movw %ax,%ds */
    0xba, 0x02, 0x04,                          /* movw $0x402,%dx */
    0xb9, 0x10, 0x00,                          /* movw $0x10,%cx */
    0xf3, 0x6e,                                /* rep outsb %ds:(%si),(%dx) */
    0x1f,                                      /* popw %ds */
    0x66, 0x61,                                /* popal */
    0xcb,                                      /* lretw */
    'V', 'B', 'I', 'O', 'S', ':', ' ', 'P', 'O', 'S', 'T', ' ', 'o', 'k', ' ',
    '\n',
    'V', 'B', 'I', 'O', 'S', ':', ' ', 'P', 'O', 'S', 'T', ' ', 'b', 'a', 'd',
    '\n',
    [1023] = 0,
};

static Adapter *adapter_like_nvidia(void)
{
    Adapter *adapter = adapter_new();
    uint8_t *rom;
    unsigned i;

    stw_le_p(adapter_data(adapter, CONFIG) + PCI_VENDOR_ID,
             PCI_VENDOR_ID_NVIDIA);
    adapter_set_bar(adapter, 0, BAR_SIZE, false);
    adapter_set_bar(adapter, 1, BAR_SIZE, false);
    adapter_set_bar(adapter, 5, 128, true);
    stl_le_p(adapter_data(adapter, CONFIG) + PCI_BASE_ADDRESS_0, HOST);
    stl_le_p(adapter_data(adapter, CONFIG) + PCI_BASE_ADDRESS_1,
             HOST + BAR_SIZE);
    stl_le_p(adapter_data(adapter, 5) + BACKDOOR, HOST);
    adapter_set_region(adapter, VGA, RW, 0xc0000);
    adapter_set_rom(adapter, ROM_SIZE);
    rom = adapter_data(adapter, ROM);
    memcpy(rom, vbios, sizeof(vbios));
    for (i = 0; i < sizeof(vbios) - 1; i++) {
        rom[sizeof(vbios) - 1] -= rom[i];
    }
    adapter_start(adapter);
    return adapter;
}

/* Wait until the VBIOS has said @what on the firmware's debug port */
static void wait_said(const char *log, const char *what)
{
    gint64 end = g_get_monotonic_time() + PATIENCE;

    for (;;) {
        g_autofree char *text = NULL;

        if (g_file_get_contents(log, &text, NULL, NULL) &&
            strstr(text, "VBIOS: ")) {
            g_assert_nonnull(strstr(text, what));
            return;
        }
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(10000);
    }
}

/* Counts the writes of the VBIOS that have arrived */
static unsigned posts(Adapter *adapter)
{
    AdapterAccess access;
    unsigned n = 0;

    while (adapter_next(adapter, &access)) {
        n += access.write && !access.region && access.offset == WRITTEN &&
             access.count == 4 && ldl_le_p(access.data) == MAGIC;
    }
    return n;
}

static void check_post(const char *property, const char *bios, const char *said,
                       unsigned n)
{
    Adapter *adapter = adapter_like_nvidia();
    g_autofree char *log = NULL, *options = NULL;
    int fd = g_file_open_tmp("vga-post-XXXXXX", &log, NULL);
    Machine m;

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    options = g_strdup_printf(
        "-accel tcg -m 128M -chardev file,id=debug,path=%s "
        "-device isa-debugcon,iobase=0x402,chardev=debug -device "
        "'{\"driver\":\"vfio-user-pci\",\"id\":\"card\",\"x-vga\":true,%s"
        "\"socket\":{\"type\":\"unix\",\"path\":\"%s\"}}'%s%s",
        log, property, adapter_path(adapter), bios ? " -bios " : "",
        bios ? bios : "");
    machine_start(&m, adapter, "pc", options);
    wait_said(log, said);
    g_assert_cmpint(posts(adapter), ==, n);
    machine_stop(&m);
    g_unlink(log);
}

static void test_without(void)
{
    check_post("", NULL, "VBIOS: POST bad", 0);
}

static void test_identity(void)
{
    check_post("\"x-bar-identity\":\"on\",", NULL, "VBIOS: POST ok", 1);
}

static void test_alias_without(void)
{
    check_post("", g_getenv("VGA_POST_BIOS"), "VBIOS: POST bad", 0);
}

static void test_alias(void)
{
    check_post("\"x-bar-identity\":\"on\",", g_getenv("VGA_POST_BIOS"),
               "VBIOS: POST ok", 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (qtest_has_accel("tcg")) {
        qtest_add_func("vga-post/without", test_without);
        qtest_add_func("vga-post/identity", test_identity);
        if (g_getenv("VGA_POST_BIOS")) {
            qtest_add_func("vga-post/alias-without", test_alias_without);
            qtest_add_func("vga-post/alias", test_alias);
        }
    }
    return g_test_run();
}
