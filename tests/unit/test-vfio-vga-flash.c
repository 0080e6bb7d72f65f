/*
 * The VBIOS in an adapter's flash ROM: what is read of it, through which
 * registers, their values afterwards, and each way to fail
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The test runs vga-flash.c and vbios-flash.c with a model of the adapter in
 * place of the host.  The model's window opens and closes, its index counts,
 * its memory decoding matters, and it can be slow, ignore writes to config
 * space, or be broken.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "qemu/units.h"

/* Time passes only when the model says so. */
static int64_t now;
#define g_get_monotonic_time() now
#include "../../util/vbios-flash.c"
#include "../../hw/vfio/vga-flash.c"

#define FLASH_SIZE      (2 * VBIOS_FLASH_MAX)
#define CLOSED          0xbad0ac00
#define NV_CONTROL_OLD  0x12345601      /* closed, as after POST */
#define AMD_INDEX_OLD   0x00037000
#define AMD_PAIR_OLD    0x80000370

typedef struct Card {
    uint16_t vendor, device, command;
    uint32_t bar_size[6];
    uint8_t *flash;
    unsigned reads;             /* time of one read */
    int64_t read_time;          /* reads until it fails, 0: never fails */
    unsigned fail_after;        /* result of a failing read */
    int failure;                /* ignores config writes */
    bool deaf;                  /* config space */

    uint32_t boot0;
    uint32_t control_at, control;
    bool stuck;                 /* the window does not open */

    const FlashAMD *amd;
    uint32_t pair, index;
} Card;

static Card card;

/*
 * The adapter
 */

static uint32_t flash_dword(uint32_t offset)
{
    card.reads++;
    now += card.read_time;
    return ldl_le_p(card.flash + offset % FLASH_SIZE);
}

static uint32_t nvidia_get(uint32_t offset)
{
    if (offset == NV_PMC_BOOT_0) {
        return card.boot0;
    }
    if (offset == card.control_at) {
        return card.control;
    }
    g_assert_cmphex(offset, >=, NV_PROM);
    g_assert_cmphex(offset, <, NV_PROM + VBIOS_FLASH_MAX);
    if (card.control & NV_ROM_SHADOW_ON) {
        card.reads++;
        return CLOSED;
    }
    return flash_dword(offset - NV_PROM);
}

static void nvidia_set(uint32_t offset, uint32_t value)
{
    g_assert_cmphex(offset, ==, card.control_at);
    card.control = value | (card.stuck ? NV_ROM_SHADOW_ON : 0);
}

/* ROM_INDEX or ROM_DATA, for both ways to reach them */
static uint32_t amd_rom_get(bool data)
{
    uint32_t index = card.index;

    if (!data) {
        return index;
    }
    card.index += 4;
    return flash_dword(index);
}

static uint32_t amd_get(uint32_t offset)
{
    g_assert_true(offset == card.amd->index || offset == card.amd->data);
    if (!card.amd->rom_index) {
        return amd_rom_get(offset == card.amd->data);
    }
    if (offset == card.amd->index) {
        return card.pair;
    }
    g_assert_true(card.pair == 0xc0600010 || card.pair == 0xc0600014);
    return amd_rom_get(card.pair == 0xc0600014);
}

static void amd_set(uint32_t offset, uint32_t value)
{
    if (card.amd->rom_index && offset == card.amd->index) {
        card.pair = value;
        return;
    }
    g_assert_cmphex(offset, ==, card.amd->rom_index ? card.amd->data
                                                    : card.amd->index);
    g_assert_true(!card.amd->rom_index || card.pair == 0xc0600010);
    card.index = value;
}

static uint16_t *config_word(off_t off)
{
    switch (off) {
    case PCI_VENDOR_ID:
        return &card.vendor;
    case PCI_DEVICE_ID:
        return &card.device;
    case PCI_COMMAND:
        return &card.command;
    default:
        g_assert_not_reached();
    }
}

static void check_bar(uint8_t nr, off_t off, uint32_t size)
{
    g_assert_cmpint(size, ==, 4);
    g_assert_cmpint(off % 4, ==, 0);
    g_assert_cmpint(nr, <, 6);
    g_assert_cmphex(off + size, <=, card.bar_size[nr]);
}

static int card_read(VFIODevice *vbasedev, uint8_t nr, off_t off,
                     uint32_t size, void *data)
{
    if (nr == VFIO_PCI_CONFIG_REGION_INDEX) {
        g_assert_cmpint(size, ==, 2);
        stw_le_p(data, *config_word(off));
        return card.deaf ? -EIO : size;
    }
    check_bar(nr, off, size);
    if (!(card.command & PCI_COMMAND_MEMORY)) {
        return -EIO;
    }
    if (card.fail_after && card.reads == card.fail_after) {
        return card.failure;
    }
    stl_le_p(data, card.amd ? amd_get(off) : nvidia_get(off));
    return size;
}

static int card_write(VFIODevice *vbasedev, uint8_t nr, off_t off,
                      uint32_t size, void *data, bool post)
{
    g_assert_false(post);
    if (nr == VFIO_PCI_CONFIG_REGION_INDEX) {
        g_assert_cmpint(off, ==, PCI_COMMAND);
        card.command = lduw_le_p(data);
        return size;
    }
    check_bar(nr, off, size);
    if (!(card.command & PCI_COMMAND_MEMORY)) {
        return -EIO;
    }
    if (card.amd) {
        amd_set(off, ldl_le_p(data));
    } else {
        nvidia_set(off, ldl_le_p(data));
    }
    return size;
}

int vfio_device_get_region_info(VFIODevice *vbasedev, int index,
                                struct vfio_region_info **info)
{
    static struct vfio_region_info region;

    region.size = card.bar_size[index];
    *info = &region;
    return 0;
}

static VFIODeviceIOOps card_ops = {
    .region_read = card_read,
    .region_write = card_write,
};

static VFIODevice vbasedev = {
    .name = (char *)"0000:01:00.0",
    .io_ops = &card_ops,
};

/* The contents of the flash ROM */

static void flash_image(size_t offset, uint32_t size, bool last)
{
    uint8_t *image = card.flash + offset;
    uint8_t *pcir = image + 0x40;
    uint8_t sum = 0;
    uint32_t i;

    for (i = 0; i < size; i++) {
        image[i] = 1 + (offset + i) % 251;
    }
    stw_le_p(image, 0xaa55);
    image[2] = size / 512;
    stw_le_p(image + 0x18, 0x40);
    memset(pcir, 0, 0x18);
    memcpy(pcir, "PCIR", 4);
    stw_le_p(pcir + 4, card.vendor);
    stw_le_p(pcir + 6, card.device);
    stw_le_p(pcir + 0xa, 0x18);
    pcir[0xf] = 3;
    stw_le_p(pcir + 0x10, size / 512);
    pcir[0x15] = last ? 0x80 : 0;
    for (i = 0; i < size - 1; i++) {
        sum += image[i];
    }
    image[i] = -sum;
}

static void card_new(uint16_t vendor, uint16_t device)
{
    g_free(card.flash);
    card = (Card) {
        .vendor = vendor, .device = device,
        .command = PCI_COMMAND_IO | PCI_COMMAND_MEMORY,
        .bar_size = { 16 * MiB, 0, 256 * KiB, 0, 0, 512 * KiB },
        .control = NV_CONTROL_OLD,
        .pair = AMD_PAIR_OLD, .index = AMD_INDEX_OLD,
        .flash = g_malloc(FLASH_SIZE),
    };
    memset(card.flash, 0xff, FLASH_SIZE);
    now = 1000;
}

static void card_new_nvidia(unsigned chip)
{
    card_new(FLASH_VENDOR_NVIDIA, 0x1380);
    card.boot0 = chip << 20 | 0xa1;
    card.control_at = chip < 0x40 ? 0x1850 : 0x88050;
    flash_image(0, 64 * KiB, true);
}

static void card_new_amd(uint16_t device, const FlashAMD *amd)
{
    card_new(FLASH_VENDOR_AMD, device);
    card.amd = amd;
    flash_image(0, 64 * KiB, true);
}

static void check_restored(uint16_t command)
{
    g_assert_cmphex(card.command, ==, command);
    g_assert_cmphex(card.control, ==, NV_CONTROL_OLD);
    g_assert_cmphex(card.pair, ==, AMD_PAIR_OLD);
    g_assert_cmphex(card.index, ==, AMD_INDEX_OLD);
}

static void check_read(size_t start, size_t expected)
{
    uint16_t command = card.command;
    size_t size = 1;
    g_autofree uint8_t *data = vfio_vga_flash_read(&vbasedev, &size,
                                                   &error_abort);

    g_assert_nonnull(data);
    g_assert_cmpmem(data, size, card.flash + start, expected);
    check_restored(command);
}

static void check_fails(const char *why)
{
    uint16_t command = card.command;
    Error *err = NULL;
    size_t size = 1;

    g_assert_null(vfio_vga_flash_read(&vbasedev, &size, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), why));
    g_assert_cmpint(size, ==, 0);
    error_free(err);
    check_restored(command);
}

/*
 * Tests
 */

static void test_nvidia_families(void)
{
    static const unsigned chips[] = {
        0x10, 0x1a, 0x25, 0x34, 0x36, 0x40, 0x4b, 0x50, 0x86, 0xaf, 0xc0,
        0xe4, 0x108, 0x117, 0x124, 0x134, 0x140, 0x164, 0x172, 0x194,
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(chips); i++) {
        card_new_nvidia(chips[i]);
        check_read(0, 64 * KiB);
        /* nothing is read behind the last image */
        g_assert_cmpint(card.reads, ==, 64 * KiB / 4);
    }

    /* NV04 and NV05 have no chip number */
    card_new_nvidia(0);
    card.boot0 = 0x20004000;
    check_read(0, 64 * KiB);
    card_new_nvidia(0);
    card.boot0 = 0x20154000;
    check_read(0, 64 * KiB);
}

static void test_nvidia_refused(void)
{
    static const struct {
        uint32_t boot0;
        const char *why;
    } chips[] = {
        { 0x04c000a1, "chip 0x4c: it is integrated and has no flash ROM" },
        { 0x063000a1, "chip 0x63: it is integrated and has no flash ROM" },
        { 0x180000a1, "it is not known how to read the flash ROM of NVIDIA "
                      "chip 0x180" },
        { 0x1b2000a1, "it is not known how to read the flash ROM of NVIDIA "
                      "chip 0x1b2" },
        { 0xffffffff, "(NV_PMC_BOOT_0 is 0xffffffff)" },
        { 0x00000000, "(NV_PMC_BOOT_0 is 0x00000000)" },
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(chips); i++) {
        card_new_nvidia(0x124);
        card.boot0 = chips[i].boot0;
        card.control_at = UINT32_MAX;   /* not read at all */
        check_fails(chips[i].why);
        g_assert_cmpint(card.reads, ==, 0);
    }
}

static void test_nvidia_window_stuck(void)
{
    card_new_nvidia(0x124);
    card.stuck = true;
    check_fails("the window to the flash ROM stays closed: register 0x88050 "
                "is 0x12345601");
    g_assert_cmpint(card.reads, ==, 0);
}

static void test_nvidia_window_open(void)
{
    uint16_t command;
    size_t size;
    g_autofree uint8_t *data = NULL;

    card_new_nvidia(0x124);
    card.control &= ~NV_ROM_SHADOW_ON;
    command = card.command;
    data = vfio_vga_flash_read(&vbasedev, &size, &error_abort);
    g_assert_cmpint(size, ==, 64 * KiB);
    g_assert_cmphex(card.control, ==, NV_CONTROL_OLD & ~NV_ROM_SHADOW_ON);
    g_assert_cmphex(card.command, ==, command);
}

/*
 * The window decodes the copy in memory instead, whose contents are not a ROM
 */
static void test_garbage(void)
{
    card_new_nvidia(0x124);
    memset(card.flash, 0xff, FLASH_SIZE);
    check_fails("no VBIOS was found; the flash ROM begins with ff ff ff ff");
    g_assert_cmpint(card.reads, ==, FLASH_FIRST_LOOK / 4);

    card_new_nvidia(0x124);
    card.flash[0] = 0x12;
    check_fails("begins with 12 aa");
    g_assert_cmpint(card.reads, ==, FLASH_FIRST_LOOK / 4);

    card_new_amd(0x67df, &flash_amd_vi);
    memset(card.flash, 0, FLASH_SIZE);
    check_fails("begins with 00 00 00 00");
}

static void test_flash_header(void)
{
    card_new_nvidia(0x124);
    memset(card.flash, 0xff, 128 * KiB);
    stl_le_p(card.flash, 0x4947564e);       /* NVGI */
    stl_le_p(card.flash + 4, 0x00200200);   /* version 2, 32 bytes */
    stl_le_p(card.flash + 0x24, 0x1400);    /* where the images are */
    flash_image(0x1400, 32 * KiB, true);
    check_read(0x1400, 32 * KiB);
}

static void test_chain(void)
{
    card_new_nvidia(0x124);
    flash_image(0, 62 * KiB, false);
    flash_image(62 * KiB, 40 * KiB, true);
    check_read(0, 102 * KiB);
}

/* No image is the last one, so the window's end is */
static void test_endless(void)
{
    uint16_t command;
    size_t i, size;
    g_autofree uint8_t *data = NULL;

    card_new_nvidia(0x124);
    for (i = 0; i < FLASH_SIZE; i += 64 * KiB) {
        flash_image(i, 64 * KiB, false);
    }
    command = card.command;
    data = vfio_vga_flash_read(&vbasedev, &size, &error_abort);
    g_assert_cmpint(size, <=, VBIOS_FLASH_MAX);
    g_assert_cmpint(card.reads, ==, VBIOS_FLASH_MAX / 4);
    check_restored(command);
}

static void test_timeout(void)
{
    card_new_nvidia(0x124);
    card.read_time = G_TIME_SPAN_SECOND / 100;
    check_fails("gave only 4004 bytes in 10 seconds");

    card_new_amd(0x731f, &flash_amd_navi1);
    card.read_time = 20 * G_TIME_SPAN_SECOND;
    check_fails("gave only 4 bytes in 10 seconds");
}

static void test_access_fails(void)
{
    card_new_nvidia(0x124);
    card.fail_after = 500;
    card.failure = -ENXIO;
    check_fails("reading register 0x3007d0 of BAR 0 failed: ");

    card_new_nvidia(0x124);
    card.fail_after = 500;
    card.failure = 2;
    check_fails("of BAR 0 failed: short read");

    card_new_amd(0x67df, &flash_amd_vi);
    card.fail_after = 1;
    card.failure = -ENXIO;
    card.index = AMD_INDEX_OLD;
    /* changed registers are restored even if reading fails */
    check_fails("reading register 0x6b4 of BAR 5 failed: ");
}

static void test_small_bar(void)
{
    card_new_nvidia(0x124);
    card.bar_size[0] = 2 * MiB;
    check_fails("BAR 0 has 0x200000 bytes, which is too small for the "
                "registers of the flash ROM");

    card_new_amd(0x687f, &flash_amd_vega);
    card.bar_size[5] = 256 * KiB;
    check_fails("BAR 5 has 0x40000 bytes, which is too small for the "
                "registers of the flash ROM");
}

static void test_amd_families(void)
{
    static const struct {
        uint16_t device;
        FlashAMD registers;
    } cards[] = {
        { 0x6611, { 2, 0xa8, 0xac } },
        { 0x6798, { 2, 0xa8, 0xac } },
        { 0x683f, { 2, 0xa8, 0xac } },
        { 0x665f, { 5, 0x80 * 4, 0x81 * 4, 0xc0600010, 0xc0600014 } },
        { 0x67b0, { 5, 0x80 * 4, 0x81 * 4, 0xc0600010, 0xc0600014 } },
        { 0x6939, { 5, 0x1ac * 4, 0x1ad * 4, 0xc0600010, 0xc0600014 } },
        { 0x67df, { 5, 0x1ac * 4, 0x1ad * 4, 0xc0600010, 0xc0600014 } },
        { 0x7300, { 5, 0x1ac * 4, 0x1ad * 4, 0xc0600010, 0xc0600014 } },
        { 0x687f, { 5, 0x16828 * 4, 0x16829 * 4 } },
        { 0x66af, { 5, 0x16828 * 4, 0x16829 * 4 } },
        { 0x731f, { 5, 0x168e4 * 4, 0x168e5 * 4 } },
        { 0x7340, { 5, 0x168e4 * 4, 0x168e5 * 4 } },
        { 0x73bf, { 5, 0x168e5 * 4, 0x168e6 * 4 } },
        { 0x743f, { 5, 0x168e5 * 4, 0x168e6 * 4 } },
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(cards); i++) {
        card_new_amd(cards[i].device, &cards[i].registers);
        check_read(0, 64 * KiB);
        g_assert_cmpint(card.reads, ==, 64 * KiB / 4);
    }
}

/* Integrated adapters, old ones, and those that are identified in other ways */
static void test_amd_refused(void)
{
    static const uint16_t devices[] = {
        0x1304, 0x15dd, 0x9874, 0x7149, 0x9588, 0x68b8, 0x744c, 0x7550
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(devices); i++) {
        g_autofree char *why = g_strdup_printf("AMD device 0x%04x",
                                               devices[i]);

        card_new_amd(devices[i], &flash_amd_vi);
        check_fails(why);
        g_assert_cmpint(card.reads, ==, 0);
    }
}

static void test_other_vendor(void)
{
    card_new(0x1013, 0x00b8);
    check_fails("of vendor 0x1013, which is neither NVIDIA nor AMD");
}

/* Firmware or a driver may leave memory decoding off */
static void test_no_memory_decoding(void)
{
    card_new_nvidia(0x124);
    card.command = PCI_COMMAND_IO;
    check_read(0, 64 * KiB);

    card_new_nvidia(0x124);
    card.command = 0;
    card.stuck = true;
    check_fails("stays closed");
}

static void test_no_config_space(void)
{
    card_new_nvidia(0x124);
    card.deaf = true;
    check_fails("config space cannot be read");
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vga-flash/nvidia/families", test_nvidia_families);
    g_test_add_func("/vga-flash/nvidia/refused", test_nvidia_refused);
    g_test_add_func("/vga-flash/nvidia/window-stuck", test_nvidia_window_stuck);
    g_test_add_func("/vga-flash/nvidia/window-open", test_nvidia_window_open);
    g_test_add_func("/vga-flash/amd/families", test_amd_families);
    g_test_add_func("/vga-flash/amd/refused", test_amd_refused);
    g_test_add_func("/vga-flash/other-vendor", test_other_vendor);
    g_test_add_func("/vga-flash/garbage", test_garbage);
    g_test_add_func("/vga-flash/flash-header", test_flash_header);
    g_test_add_func("/vga-flash/chain", test_chain);
    g_test_add_func("/vga-flash/endless", test_endless);
    g_test_add_func("/vga-flash/timeout", test_timeout);
    g_test_add_func("/vga-flash/access-fails", test_access_fails);
    g_test_add_func("/vga-flash/small-bar", test_small_bar);
    g_test_add_func("/vga-flash/no-memory-decoding", test_no_memory_decoding);
    g_test_add_func("/vga-flash/no-config-space", test_no_config_space);
    status = g_test_run();
    g_free(card.flash);
    return status;
}
