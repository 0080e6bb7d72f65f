/*
 * What a test asks an adapter of the zoo: the control socket
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"

#define MAX_LINE 80
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789-"
#define GR6_GRAPHICS 0x01
#define COLUMNS 80
#define ROWS 25

struct Control {
    Card *card;
    char *path, *dump;
    int listener, connection;
    char line[MAX_LINE + 1];
    size_t length;
};

/*
 * State
 */

/* FNV-1a, 64 bits (RFC 9923) */
static uint64_t hash(uint64_t so_far, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t i;

    for (i = 0; i < size; i++) {
        so_far = (so_far ^ bytes[i]) * 0x100000001b3;
    }
    return so_far;
}

#define HASH_START 0xcbf29ce484222325

static const char *const set_names[CARD_SETS] = { "SR", "GR", "CR", "AR" };

static void append_bytes(GString *text, const char *name, const uint8_t *bytes,
                         size_t size)
{
    size_t i;

    for (i = 0; i < size; i++) {
        if (i % 16 == 0) {
            g_string_append_printf(text, "%s%s %02zx:", i ? "\n" : "", name, i);
        }
        g_string_append_printf(text, " %02x", bytes[i]);
    }
    g_string_append_c(text, '\n');
}

/* All that software could read, and what it selects */
static GString *registers(const Card *card)
{
    GString *text = g_string_new(NULL);
    int set;

    for (set = 0; set < CARD_SETS; set++) {
        append_bytes(text, set_names[set], card->reg[set],
                     sizeof(card->reg[set]));
    }
    append_bytes(text, "index", card->index, sizeof(card->index));
    append_bytes(text, "colors", card->dac, sizeof(card->dac));
    g_string_append_printf(text, "misc %02x feature %02x mask %02x flip-flop "
                           "%d\nDAC write %02x read %02x part %d reading %d\n",
                           card->misc, card->feature, card->pel_mask,
                           card->attribute_data, card->dac_write,
                           card->dac_read, card->dac_part, card->dac_reading);
    if (card->personality->own_size) {
        append_bytes(text, "own", card->own, card->personality->own_size);
    }
    return text;
}

/* The screen of a text mode, as characters, from where the CRTC starts */
static void append_screen(GString *text, Card *card)
{
    const uint8_t *cr = card->reg[CARD_CR];
    uint32_t address = card->reg[CARD_GR][6] & 4 && card->reg[CARD_GR][6] & 8 ?
                       0xb8000 : 0xb0000;
    uint32_t start = (cr[0x0c] << 8 | cr[0x0d]) * 2;
    int x, y;

    if (card->reg[CARD_GR][6] & GR6_GRAPHICS) {
        return;
    }
    for (y = 0; y < ROWS; y++) {
        g_autoptr(GString) row = g_string_new(NULL);

        for (x = 0; x < COLUMNS; x++) {
            int64_t at = card_where(card, address + ((start + 2 * (
                                    COLUMNS * y + x)) & 0x7fff), false);
            uint8_t c = at < 0 ? 0 : card->ram[at];

            g_string_append_c(row, g_ascii_isprint(c) ? c : '.');
        }
        g_string_append_printf(text, "| %s\n", row->str);
    }
}

static char *counters(const Card *card)
{
    const CardCounters *n = &card->counters;

    return g_strdup_printf(
        "memory-reads %" PRIu64 " memory-writes %" PRIu64
        " memory-read-cycles %" PRIu64 " memory-write-cycles %" PRIu64
        " port-reads %" PRIu64 " port-writes %" PRIu64 " bar-reads %" PRIu64
        " bar-writes %" PRIu64 " config-reads %" PRIu64 " config-writes %"
        PRIu64, n->memory_reads, n->memory_writes, n->memory_read_cycles,
        n->memory_write_cycles, n->port_reads, n->port_writes, n->bar_reads,
        n->bar_writes, n->config_reads, n->config_writes);
}

/*
 * Commands: the answer is newly allocated
 */

/* Memory, colors, and all registers with the colors: a hash each */
static char *hashes(const Card *card, const GString *registers)
{
    return g_strdup_printf("memory %016" PRIx64 " colors %016" PRIx64
                           " registers %016" PRIx64,
                           hash(HASH_START, card->ram, card->ram_size),
                           hash(HASH_START, card->dac, sizeof(card->dac)),
                           hash(HASH_START, registers->str, registers->len));
}

static char *dump(Control *control, const char *name, GString *text)
{
    Card *card = control->card;
    g_autofree char *file = g_strconcat(name, ".txt", NULL);
    g_autofree char *words = g_build_filename(control->dump, file, NULL);
    g_autofree char *file2 = g_strconcat(name, ".ram", NULL);
    g_autofree char *memory = g_build_filename(control->dump, file2, NULL);
    g_autoptr(GError) error = NULL;

    append_screen(text, card);
    append_bytes(text, "latches", card->latch, sizeof(card->latch));
    if (!g_file_set_contents(words, text->str, text->len, &error) ||
        !g_file_set_contents(memory, (char *)card->ram, card->ram_size,
                             &error)) {
        return g_strdup_printf("error %s", error->message);
    }
    return g_strdup("ok");
}

static char *step(Control *control, const char *name)
{
    Card *card = control->card;
    g_autofree char *numbers = counters(card);
    g_autofree char *state = NULL;
    GString *text = registers(card);
    char *answer;

    if (!*name || strspn(name, NAME_LETTERS) != strlen(name)) {
        g_string_free(text, true);
        return g_strdup("error a step's name is of a-z, 0-9 and -");
    }
    state = hashes(card, text);
    printf("step %s %s %s\n", name, numbers, state);
    fflush(stdout);
    answer = control->dump ? dump(control, name, text) : g_strdup("ok");
    g_string_free(text, true);
    memset(&card->counters, 0, sizeof(card->counters));
    return answer;
}

static char *state(Control *control)
{
    GString *text = registers(control->card);
    char *answer = hashes(control->card, text);

    g_string_free(text, true);
    return answer;
}

static char *event(Control *control)
{
    const Personality *personality = control->card->personality;

    if (!personality->event) {
        return g_strdup_printf("error nothing happens to %s",
                               personality->name);
    }
    personality->event(control->card);
    return g_strdup("ok");
}

static char *answer(Control *control, const char *line)
{
    if (g_str_has_prefix(line, "step ")) {
        return step(control, line + strlen("step "));
    }
    if (g_str_equal(line, "event")) {
        return event(control);
    }
    if (g_str_equal(line, "counters")) {
        return counters(control->card);
    }
    if (g_str_equal(line, "state")) {
        return state(control);
    }
    return g_strdup_printf("error unknown command '%s'", line);
}

/*
 * The socket
 */

/* How a socket is written to that has gone does not matter */
static void say(const Control *control, const char *text)
{
    g_autofree char *line = g_strconcat(text, "\n", NULL);

    if (send(control->connection, line, strlen(line), MSG_NOSIGNAL) < 0) {
        g_printerr("zoo: --control: %s\n", g_strerror(errno));
    }
}

static void take(Control *control, char letter)
{
    g_autofree char *text = NULL;

    if (letter == '\r') {
        return;
    }
    if (letter != '\n') {
        control->length += control->length < MAX_LINE;
        control->line[control->length - 1] = letter;
        return;
    }
    control->line[control->length] = '\0';
    control->length = 0;
    text = answer(control, control->line);
    say(control, text);
}

void control_run(Control *control)
{
    char text[256];
    ssize_t got;
    int i;

    if (control->connection < 0) {
        control->connection = accept(control->listener, NULL, NULL);
        return;
    }
    got = read(control->connection, text, sizeof(text));
    if (got <= 0) {
        close(control->connection);
        control->connection = -1;
        control->length = 0;
    }
    for (i = 0; i < got; i++) {
        take(control, text[i]);
    }
}

int control_poll_fd(const Control *control)
{
    return control->connection >= 0 ? control->connection : control->listener;
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (bind(fd, (void *)&address, sizeof(address)) < 0 ||
                    listen(fd, 1) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

Control *control_new(Card *card, const char *path, const char *dump)
{
    Control *control = g_new0(Control, 1);

    control->card = card;
    control->path = g_strdup(path);
    control->dump = g_strdup(dump);
    control->listener = path ? listen_at(path) : -1;
    control->connection = -1;
    if (path && control->listener < 0) {
        g_printerr("zoo: --control %s: %s\n", path, g_strerror(errno));
        control_free(control);
        return NULL;
    }
    return control;
}

void control_free(Control *control)
{
    if (control->connection >= 0) {
        close(control->connection);
    }
    if (control->listener >= 0) {
        close(control->listener);
        g_unlink(control->path);
    }
    g_free(control->path);
    g_free(control->dump);
    g_free(control);
}
