/*
 * The accesses of the oracle for legacy VGA
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "qemu/cutils.h"
#include "vga-oracle-access.h"

static uint8_t run_byte(const Access *a, int i)
{
    return (a->value >> (i % 4 * 8)) + i / 4 * 0x1d;
}

void access_print(GString *out, const Access *a)
{
    static const char suffix[] = { [1] = 'b', [2] = 'w', [4] = 'l' };
    int i;

    switch (a->op) {
    case OP_IN:
        g_string_append_printf(out, "in%c 0x%x\n", suffix[a->size], a->addr);
        break;
    case OP_OUT:
        g_string_append_printf(out, "out%c 0x%x 0x%x\n", suffix[a->size],
                               a->addr, a->value);
        break;
    case OP_READ:
        g_string_append_printf(out, "read%c 0x%x\n", suffix[a->size], a->addr);
        break;
    case OP_WRITE:
        g_string_append_printf(out, "write%c 0x%x 0x%x\n", suffix[a->size],
                               a->addr, a->value);
        break;
    case OP_READ_RUN:
        g_string_append_printf(out, "read 0x%x 0x%x\n", a->addr, a->size);
        break;
    case OP_WRITE_RUN:
        g_string_append_printf(out, "write 0x%x 0x%x 0x", a->addr, a->size);
        for (i = 0; i < a->size; i++) {
            g_string_append_printf(out, "%02x", run_byte(a, i));
        }
        g_string_append_c(out, '\n');
        break;
    case OP_STEP:
        g_string_append_printf(out, "clock_step %u\n", a->value);
        break;
    case OP_STOP:
    case OP_CONT:
    case OP_RESET:
        g_string_append_printf(out, "%s\n", a->op == OP_STOP ? "stop" :
                               a->op == OP_CONT ? "cont" : "system_reset");
        break;
    case OP_OTHER:
        g_string_append_printf(out, "other: outb 0x%x 0x%x\n", a->addr,
                               a->value);
        break;
    default:
        g_assert_not_reached();
    }
}

uint8_t port_mask(uint16_t port)
{
    switch (port) {
    case 0x3ba:
    case 0x3da:
        return (uint8_t)~0x09;
    case 0x3c2:
        return (uint8_t)~0x80;
    default:
        return 0xff;
    }
}

static uint32_t access_mask(const Access *a)
{
    uint32_t mask = 0;
    int i;

    for (i = 0; i < a->size; i++) {
        mask |= (uint32_t)port_mask(a->addr + i) << (i * 8);
    }
    return mask;
}

bool access_agrees(const Access *a, const char *x, const char *y)
{
    uint64_t u, v;

    if (!g_str_has_prefix(x, "OK") || !g_str_has_prefix(y, "OK")) {
        return false;
    }
    if (a->op != OP_IN) {
        return !strcmp(x, y);
    }
    return !qemu_strtou64(x + 3, NULL, 0, &u) &&
           !qemu_strtou64(y + 3, NULL, 0, &v) &&
           !((u ^ v) & access_mask(a));
}
