/*
 * A zoo of VGA adapters, served over vfio-user
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One process is one adapter of one personality.  Its calls are counted here,
 * so a test need not believe the engine's own counters.
 */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libvfio-user.h"

#include "card.h"
#include "control.h"

#define RAM_SIZE (2 * 1024 * 1024)
#define VGA_REGION_SIZE (CARD_MEMORY + CARD_MEMORY_SIZE)
#define MAX_ROM (128 * 1024)

#define CONFIG_COMMAND 0x04
#define CONFIG_BAR 0x10
#define CONFIG_ROM 0x30
#define CONFIG_LINE 0x3c

/* libvfio-user's callbacks name their region by being one function each */
static Card card;
static uint8_t config_mask[256];
static uint8_t *rom;
static uint32_t rom_size;       /* a power of two */

/*
 * Regions
 */

static bool is_port(loff_t offset, size_t count)
{
    return (offset >= 0x3b0 && offset + count <= 0x3bc) ||
           (offset >= 0x3c0 && offset + count <= 0x3e0);
}

static ssize_t access_ports(uint8_t *bytes, size_t count, uint16_t port,
                            bool write)
{
    size_t i;

    *(write ? &card.counters.port_writes : &card.counters.port_reads) += 1;
    for (i = 0; i < count; i++) {
        if (write) {
            card_write_port(&card, port + i, bytes[i]);
        } else {
            bytes[i] = card_read_port(&card, port + i);
        }
    }
    return count;
}

/* On a bus: what is not aligned is made in parts */
static uint64_t cycles(uint32_t address, size_t count)
{
    return (address + count + 3) / 4 - address / 4;
}

static ssize_t access_memory(uint8_t *bytes, size_t count, uint32_t address,
                             bool write)
{
    size_t i;

    if (write) {
        card.counters.memory_writes++;
        card.counters.memory_write_cycles += cycles(address, count);
    } else {
        card.counters.memory_reads++;
        card.counters.memory_read_cycles += cycles(address, count);
    }
    for (i = 0; i < count; i++) {
        if (write) {
            card_write_memory(&card, address + i, bytes[i]);
        } else {
            bytes[i] = card_read_memory(&card, address + i);
        }
    }
    return count;
}

static ssize_t access_vga(vfu_ctx_t *vfu, char *buf, size_t count,
                          loff_t offset, bool write)
{
    (void)vfu;
    if (is_port(offset, count)) {
        return access_ports((uint8_t *)buf, count, offset, write);
    }
    if (offset >= CARD_MEMORY && offset + count <= VGA_REGION_SIZE) {
        return access_memory((uint8_t *)buf, count, offset, write);
    }
    errno = EINVAL;
    return -1;
}

/* The widest cycle that is aligned and not longer than what is left */
static unsigned cycle(loff_t offset, size_t left)
{
    unsigned size = 4;

    while (size > left || (offset & (size - 1))) {
        size /= 2;
    }
    return size;
}

static ssize_t access_bar(int bar, char *buf, size_t count, loff_t offset,
                          bool write)
{
    size_t done, size;

    *(write ? &card.counters.bar_writes : &card.counters.bar_reads) += 1;
    for (done = 0; done < count; done += size) {
        uint32_t value = 0;

        size = cycle(offset + done, count - done);
        if (write) {
            memcpy(&value, buf + done, size);
            card_write_bar(&card, bar, offset + done, value, size);
        } else {
            value = card_read_bar(&card, bar, offset + done, size);
            memcpy(buf + done, &value, size);
        }
    }
    return count;
}

#define BAR_CALLBACK(n) \
    static ssize_t access_bar##n(vfu_ctx_t *vfu, char *buf, size_t count, \
                                 loff_t offset, bool write) \
    { \
        (void)vfu; \
        return access_bar(n, buf, count, offset, write); \
    }

BAR_CALLBACK(0)
BAR_CALLBACK(1)
BAR_CALLBACK(2)
BAR_CALLBACK(3)
BAR_CALLBACK(4)
BAR_CALLBACK(5)

static vfu_region_access_cb_t *const bar_callbacks[CARD_BARS] = {
    access_bar0, access_bar1, access_bar2, access_bar3, access_bar4,
    access_bar5,
};

static ssize_t access_rom(vfu_ctx_t *vfu, char *buf, size_t count,
                          loff_t offset, bool write)
{
    (void)vfu;
    if (!write) {
        memcpy(buf, rom + offset, count);
    }
    return count;
}

static ssize_t access_config(vfu_ctx_t *vfu, char *buf, size_t count,
                             loff_t offset, bool write)
{
    uint8_t *config = (uint8_t *)vfu_pci_get_config_space(vfu) + offset;
    size_t i;

    *(write ? &card.counters.config_writes : &card.counters.config_reads) += 1;
    if (!write) {
        memcpy(buf, config, count);
    }
    for (i = 0; write && i < count; i++) {
        uint8_t mask = config_mask[offset + i];

        config[i] = (config[i] & ~mask) | (buf[i] & mask);
    }
    return count;
}

static int reset(vfu_ctx_t *vfu, vfu_reset_type_t type)
{
    (void)vfu;
    (void)type;
    card_reset(&card);
    return 0;
}

/*
 * Setting up
 */

/* Base addresses have the bits above their size */
static void set_address_mask(unsigned at, uint32_t size, uint8_t low)
{
    uint32_t mask = ~(size - 1);
    int i;

    for (i = 0; i < 4; i++) {
        config_mask[at + i] = mask >> 8 * i;
    }
    config_mask[at] |= low;
}

static int setup_bar(vfu_ctx_t *vfu, int i, int memory, bool mapped)
{
    const CardBar *bar = &card.personality->bars[i];
    bool map = bar->frame && mapped;
    /* A larger frame shows the same again, which stays trapped */
    struct iovec area = { .iov_len = MIN(bar->size, card.ram_size) };
    int flags = VFU_REGION_FLAG_RW | (bar->io ? 0 : VFU_REGION_FLAG_MEM);

    if (!bar->size) {
        return 0;
    }
    set_address_mask(CONFIG_BAR + 4 * i, bar->size, 0);
    return vfu_setup_region(vfu, i, bar->size, bar_callbacks[i], flags,
                            map ? &area : NULL, map, map ? memory : -1, 0);
}

static bool setup_regions(vfu_ctx_t *vfu, int memory, bool mapped)
{
    int i;

    memset(config_mask + CONFIG_COMMAND, 0x47, 1);
    memset(config_mask + CONFIG_LINE, 0xff, 1);
    for (i = 0; i < CARD_BARS; i++) {
        if (setup_bar(vfu, i, memory, mapped) < 0) {
            return false;
        }
    }
    if (rom_size) {
        set_address_mask(CONFIG_ROM, rom_size, 1);
        if (vfu_setup_region(vfu, VFU_PCI_DEV_ROM_REGION_IDX, rom_size,
                             access_rom, VFU_REGION_FLAG_READ, NULL, 0, -1,
                             0) < 0) {
            return false;
        }
    }
    return vfu_setup_region(vfu, VFU_PCI_DEV_CFG_REGION_IDX,
                            sizeof(config_mask), access_config,
                            VFU_REGION_FLAG_RW | VFU_REGION_FLAG_ALWAYS_CB,
                            NULL, 0, -1, 0) >= 0 &&
           vfu_setup_region(vfu, VFU_PCI_DEV_VGA_REGION_IDX, VGA_REGION_SIZE,
                            access_vga, VFU_REGION_FLAG_RW, NULL, 0, -1,
                            0) >= 0;
}

static void say_log(vfu_ctx_t *vfu, int level, const char *text)
{
    (void)vfu;
    (void)level;
    g_printerr("zoo: %s\n", text);
}

static vfu_ctx_t *setup(const char *path, int memory, bool mapped)
{
    vfu_ctx_t *vfu = vfu_create_ctx(VFU_TRANS_SOCK, path,
                                    LIBVFIO_USER_FLAG_ATTACH_NB, NULL,
                                    VFU_DEV_TYPE_PCI);

    if (!vfu) {
        g_printerr("zoo: --socket %s: %s\n", path, g_strerror(errno));
        return NULL;
    }
    vfu_setup_log(vfu, say_log, 3 /* LOG_ERR */);
    if (vfu_pci_init(vfu, VFU_PCI_TYPE_CONVENTIONAL, 0, 0) < 0 ||
        !setup_regions(vfu, memory, mapped) ||
        vfu_setup_device_reset_cb(vfu, reset) < 0) {
        g_printerr("zoo: the adapter could not be set up: %s\n",
                   g_strerror(errno));
        return NULL;
    }
    vfu_pci_set_id(vfu, card.personality->vendor, card.personality->device,
                   card.personality->vendor, card.personality->device);
    vfu_pci_set_class(vfu, 0x03, 0x00, 0x00);
    if (vfu_realize_ctx(vfu) < 0) {
        g_printerr("zoo: --socket %s: %s\n", path, g_strerror(errno));
        return NULL;
    }
    return vfu;
}

/*
 * Serving
 */

static volatile sig_atomic_t told_to_end;

static void end(int signal)
{
    (void)signal;
    told_to_end = 1;
}

/* Returns false once the client is gone, or for an error */
static bool run_requests(vfu_ctx_t *vfu)
{
    int done;

    do {
        done = vfu_run_ctx(vfu);
    } while (done > 0 || (done < 0 && errno == EINTR));
    if (done < 0 && errno != ENOTCONN) {
        g_printerr("zoo: the connection failed: %s\n", g_strerror(errno));
    }
    return done == 0;
}

/* One client after the other, and the control socket beside them */
static void serve(vfu_ctx_t *vfu, Control *control)
{
    bool attached = false;

    while (!told_to_end) {
        struct pollfd fds[] = {
            { .fd = vfu_get_poll_fd(vfu), .events = POLLIN },
            { .fd = control_poll_fd(control), .events = POLLIN },
        };

        if (poll(fds, G_N_ELEMENTS(fds), -1) < 0) {
            continue;
        }
        if (fds[0].revents) {
            attached = attached ? run_requests(vfu) : !vfu_attach_ctx(vfu);
        }
        if (fds[1].revents) {
            control_run(control);
        }
    }
}

/*
 * The command line
 */

static const Personality *find_personality(const char *name)
{
    int i;

    for (i = 0; personalities[i]; i++) {
        if (g_str_equal(personalities[i]->name, name)) {
            return personalities[i];
        }
    }
    return NULL;
}

static void list_personalities(void)
{
    int i;

    for (i = 0; personalities[i]; i++) {
        g_print("%-10s %04x:%04x %s\n", personalities[i]->name,
                personalities[i]->vendor, personalities[i]->device,
                personalities[i]->about);
    }
}

static bool load_rom(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize size;

    if (!g_file_get_contents(path, &text, &size, &error)) {
        g_printerr("zoo: --rom: %s\n", error->message);
        return false;
    }
    if (size < 4 || size > MAX_ROM || memcmp(text, "\x55\xaa", 2)) {
        g_printerr("zoo: --rom %s: not an option ROM of at most %d KiB\n",
                   path, MAX_ROM / 1024);
        return false;
    }
    for (rom_size = 2048; rom_size < size; rom_size *= 2) {
        continue;
    }
    rom = g_malloc0(rom_size);
    memcpy(rom, text, size);
    return true;
}

typedef struct Options {
    char *personality, *socket, *control, *bars, *rom, *dump;
    gboolean list;
} Options;

static bool parse(int argc, char **argv, Options *options)
{
    const GOptionEntry entries[] = {
        { "list", 0, 0, G_OPTION_ARG_NONE, &options->list,
          "List the personalities with their PCI IDs", NULL },
        { "personality", 0, 0, G_OPTION_ARG_STRING, &options->personality,
          "Whose adapter it is", "NAME" },
        { "socket", 0, 0, G_OPTION_ARG_FILENAME, &options->socket,
          "Where to serve it", "PATH" },
        { "control", 0, 0, G_OPTION_ARG_FILENAME, &options->control,
          "Where to take commands (control.h)", "PATH" },
        { "bars", 0, 0, G_OPTION_ARG_STRING, &options->bars,
          "mapped (the default): BARs that show memory can be mapped; "
          "trapped: they cannot", "HOW" },
        { "rom", 0, 0, G_OPTION_ARG_FILENAME, &options->rom,
          "The adapter's option ROM", "FILE" },
        { "dump", 0, 0, G_OPTION_ARG_FILENAME, &options->dump,
          "Where steps leave registers, memory and picture", "DIR" },
        { NULL }
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;

    g_option_context_set_summary(context, "Serves a VGA adapter over "
                                 "vfio-user, until it gets SIGTERM.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("zoo: %s\n", error->message);
        return false;
    }
    if (argc > 1) {
        g_printerr("zoo: '%s' is not an option; see --help\n", argv[1]);
        return false;
    }
    return true;
}

/* Says what is wrong, of the first thing that is */
static bool check(const Options *options)
{
    if (!options->personality) {
        g_printerr("zoo: --personality is needed; --list shows them\n");
    } else if (!find_personality(options->personality)) {
        g_printerr("zoo: --personality %s: unknown; --list shows them\n",
                   options->personality);
    } else if (!options->socket) {
        g_printerr("zoo: --socket is needed\n");
    } else if (options->bars && !g_str_equal(options->bars, "mapped") &&
               !g_str_equal(options->bars, "trapped")) {
        g_printerr("zoo: --bars %s: must be mapped or trapped\n",
                   options->bars);
    } else if (options->dump && !g_file_test(options->dump,
                                             G_FILE_TEST_IS_DIR)) {
        g_printerr("zoo: --dump %s: not a directory\n", options->dump);
    } else {
        return !options->rom || load_rom(options->rom);
    }
    return false;
}

/* The adapter's memory, a file that clients can map; returns a descriptor */
static int make_memory(uint8_t **ram)
{
    int memory = memfd_create("zoo", MFD_ALLOW_SEALING);

    /* Who maps it wants to be sure that it stays as large as it is */
    if (memory < 0 || ftruncate(memory, RAM_SIZE) < 0 ||
        fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) < 0) {
        return -1;
    }
    *ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    return *ram == MAP_FAILED ? -1 : memory;
}

static void handle_signals(void)
{
    struct sigaction action = { .sa_handler = end };

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
    Options options = { 0 };
    Control *control;
    vfu_ctx_t *vfu;
    uint8_t *ram;
    int memory;

    if (!parse(argc, argv, &options)) {
        return 2;
    }
    if (options.list) {
        list_personalities();
        return 0;
    }
    if (!check(&options)) {
        return 2;
    }
    memory = make_memory(&ram);
    if (memory < 0) {
        g_printerr("zoo: no memory: %s\n", g_strerror(errno));
        return 1;
    }
    card_init(&card, find_personality(options.personality), ram, RAM_SIZE);
    card.own = g_malloc0(card.personality->own_size);
    card_reset(&card);

    handle_signals();
    control = control_new(&card, options.control, options.dump);
    vfu = control ? setup(options.socket, memory,
                          !options.bars || g_str_equal(options.bars, "mapped"))
                  : NULL;
    if (!vfu) {
        return 1;
    }
    serve(vfu, control);
    vfu_destroy_ctx(vfu);
    control_free(control);
    return 0;
}
