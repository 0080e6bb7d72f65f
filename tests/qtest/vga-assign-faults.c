/*
 * An adapter with legacy VGA that does not answer
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/vfio-user/protocol.h"
#include "vga-assign-bench.h"
#include "vga-hole.h"

/*
 * An adapter that does not answer
 */

static const struct {
    const char *name;
    AdapterFault fault;
    bool write;         /* port writes fail instead of reads */
    unsigned msec, n;
} faults[] = {
    { "error", ADAPTER_FAULT_ERROR, false, MACHINE_LONG_TIME, 100 },
    { "short", ADAPTER_FAULT_SHORT, false, MACHINE_LONG_TIME, 100 },
    { "header", ADAPTER_FAULT_HEADER, false, MACHINE_LONG_TIME, 100 },
    { "closed", ADAPTER_FAULT_CLOSE, false, MACHINE_LONG_TIME, 100 },
    { "error-code", ADAPTER_FAULT_CODE, false, MACHINE_LONG_TIME, 100 },
    { "error-zero", ADAPTER_FAULT_ZERO, false, MACHINE_LONG_TIME, 100 },
    { "silent", ADAPTER_FAULT_SILENT, false, 100, 100 },
    { "half", ADAPTER_FAULT_HALF, false, 100, 100 },
    { "write-error", ADAPTER_FAULT_ERROR, true, MACHINE_LONG_TIME, 100 },
    { "write-closed", ADAPTER_FAULT_CLOSE, true, MACHINE_LONG_TIME, 100 },
    { "write-silent", ADAPTER_FAULT_SILENT, true, 100, 100 },
};

/* The connection is gone after such a fault */
static bool fault_is_last(AdapterFault fault)
{
    return fault == ADAPTER_FAULT_CLOSE || fault == ADAPTER_FAULT_SILENT ||
           fault == ADAPTER_FAULT_HALF;
}

static void test_fault(const void *opaque)
{
    unsigned number = GPOINTER_TO_UINT(opaque);
    AdapterFault fault = faults[number].fault;
    bool write = faults[number].write;
    bool gone = fault_is_last(fault);
    unsigned command = write ? VFIO_USER_REGION_WRITE : VFIO_USER_REGION_READ;
    Machine machine = { .adapter = adapter_with_vga() };
    AdapterAccess access;
    unsigned i, before, failures = 0;

    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, "pc", "");
    machine_plug(&machine, properties(true, faults[number].msec));
    set_command(&machine, IO_MEM);
    check_decode(&machine, IO_MEM);
    g_assert_cmpint(region_counter(&machine, "region-failures"), ==, 0);

    before = adapter_requests(machine.adapter, command);
    adapter_fault(machine.adapter, fault, command, VGA);
    for (i = 0; i < faults[number].n; i++) {
        QTestState *qts = machine.qts;

        if (write) {
            qtest_outb(qts, 0x3c4, i);
            qtest_outw(qts, 0x3c4, i);
            failures += 2;
        }
        if (!write || gone) {
            g_assert_cmphex(qtest_readb(qts, 0xb8000), ==, 0xff);
            g_assert_cmphex(qtest_readw(qts, 0xb8000), ==, 0xffff);
            g_assert_cmphex(qtest_readl(qts, 0xb8000), ==, 0xffffffff);
            g_assert_cmphex(qtest_readq(qts, 0xb8000), ==, UINT64_MAX);
            g_assert_cmphex(qtest_inb(qts, 0x3da), ==, 0xff);
            g_assert_cmphex(qtest_inw(qts, 0x3c4), ==, 0xffff);
            g_assert_cmphex(qtest_inl(qts, 0x3d4), ==, 0xffffffff);
            failures += 8;      /* readq is two accesses */
        }
    }
    machine_check_alive(&machine);
    g_assert_cmpint(machine_said(&machine, "legacy VGA"), ==, 1);
    g_assert_cmpint(region_counter(&machine, "region-failures"), ==,
                    failures);

    if (gone) {
        /* after one timeout no further access waits */
        g_assert_cmpint(adapter_requests(machine.adapter, command), ==,
                        before + 1);
        /* a posted write that no adapter gets */
        qtest_writel(machine.qts, 0xb8000, 0);
    } else {
        adapter_fault(machine.adapter, ADAPTER_FAULT_NONE, 0, ANY);
        sync_with_adapter(&machine);
        while (adapter_next(machine.adapter, &access)) {
            /* drop it */
        }
        check_decode(&machine, IO_MEM);
    }
    check_new_life(&machine);
    machine_stop(&machine);
}

/* Posted writes used to pile up in QEMU */
static void test_stuck(void)
{
    Machine machine = { .adapter = adapter_with_vga() };
    unsigned i;

    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, "pc", "");
    machine_plug(&machine, properties(true, 100));
    set_command(&machine, IO_MEM);
    adapter_fault(machine.adapter, ADAPTER_FAULT_STUCK, VFIO_USER_REGION_WRITE,
                  VGA);
    for (i = 0; i < 12000; i++) {
        qtest_writeb(machine.qts, 0xb8000, i);
    }
    g_assert_cmpint(region_counter(&machine, "region-failures"), >, 0);
    g_assert_cmpint(machine_said(&machine, "legacy VGA"), ==, 1);
    g_assert_cmphex(qtest_readb(machine.qts, 0xb8000), ==, 0xff);
    check_new_life(&machine);
    machine_stop(&machine);
}

/*
 * Memory that comes and goes with the adapter's decoding, as RAM below the VGA
 * memory does without the legacy hole, for an adapter that refuses to be told
 */

static const struct {
    const char *name;
    AdapterFault fault;
    unsigned command;
    const char *why;
} maps[] = {
    { "map-error", ADAPTER_FAULT_ERROR, VFIO_USER_DMA_MAP,
      "refused to map memory: Input/output error" },
    { "map-silent", ADAPTER_FAULT_SILENT, VFIO_USER_DMA_MAP,
      "no reply within 100 ms" },
    { "unmap-error", ADAPTER_FAULT_ERROR, VFIO_USER_DMA_UNMAP,
      "refused to unmap memory: Input/output error" },
};

static void test_map(const void *opaque)
{
    unsigned number = GPOINTER_TO_UINT(opaque);
    g_autofree char *type = vga_hole_machine(false);
    Machine machine = { .adapter = adapter_with_vga() };
    unsigned i, said;

    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, type, "");
    machine_plug(&machine, properties(true, 100));
    said = machine_said(&machine, "vfio");
    adapter_fault(machine.adapter, maps[number].fault, maps[number].command,
                  ANY);
    for (i = 0; i < 20; i++) {
        set_command(&machine, i % 2 ? 0 : IO_MEM);
    }
    machine_check_alive(&machine);
    g_assert_cmpint(machine_said(&machine, maps[number].why), ==, 1);
    if (maps[number].fault == ADAPTER_FAULT_ERROR) {
        g_assert_cmpint(machine_said(&machine, "vfio"), ==, said + 1);
        set_command(&machine, IO_MEM);
        check_decode(&machine, IO_MEM);
    }
    check_new_life(&machine);
    machine_stop(&machine);
}

/* The device used to be realized nevertheless */
static void test_map_refused(const void *opaque)
{
    unsigned number = GPOINTER_TO_UINT(opaque);
    Machine machine = { .adapter = adapter_with_vga() };
    unsigned i;

    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, "pc", "");
    adapter_fault(machine.adapter, maps[number].fault, maps[number].command,
                  ANY);
    for (i = 1; i <= 2; i++) {
        g_autofree char *desc = machine_try_plug(&machine,
                                                 properties(true, 100));

        g_test_message("%s", desc);
        g_assert_nonnull(desc);
        g_assert_nonnull(strstr(desc, maps[number].why));
        adapter_wait_closed(machine.adapter, i);
    }
    machine_check_alive(&machine);
    adapter_fault(machine.adapter, ADAPTER_FAULT_NONE, 0, ANY);
    plug(&machine);
    set_command(&machine, IO_MEM);
    check_decode(&machine, IO_MEM);
    machine_stop(&machine);
}

/*
 * Requests that are not answered when the adapter is unplugged used to be
 * leaked
 */
static void test_unplug_unanswered(void)
{
    Machine machine;

    start(&machine, adapter_with_vga());
    adapter_fault(machine.adapter, ADAPTER_FAULT_SILENT, VFIO_USER_DMA_UNMAP,
                  ANY);
    set_command(&machine, IO_MEM);
    set_command(&machine, 0);
    adapter_fault(machine.adapter, ADAPTER_FAULT_NONE, 0, ANY);
    check_new_life(&machine);
    machine_stop(&machine);
}

/*
 * This used to end QEMU.  If there is RAM below the VGA memory, as on pc, it
 * comes and goes with the adapter's decoding, and a server that is gone cannot
 * be told.  Here the server goes when the message arrives.
 */
static void test_closed_by_map(const void *opaque)
{
    unsigned command = GPOINTER_TO_UINT(opaque);
    g_autofree char *type = vga_hole_machine(false);
    Machine machine = { .adapter = adapter_with_vga() };
    unsigned i;

    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, type, "");
    plug(&machine);
    adapter_fault(machine.adapter, ADAPTER_FAULT_CLOSE, command, ANY);
    for (i = 0; i < 4; i++) {
        set_command(&machine, i % 2 ? 0 : IO_MEM);
        machine_check_alive(&machine);
    }
    adapter_wait_closed(machine.adapter, 1);
    qtest_system_reset(machine.qts);
    machine_check_alive(&machine);
    machine_unplug(&machine);
    adapter_fault(machine.adapter, ADAPTER_FAULT_NONE, 0, ANY);
    plug(&machine);
    set_command(&machine, IO_MEM);
    check_decode(&machine, IO_MEM);
    machine_stop(&machine);
}

void assign_add_faults(void)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(faults); i++) {
        machine_add("vga-assign/fault", faults[i].name, GUINT_TO_POINTER(i),
                    test_fault);
    }
    qtest_add_func("vga-assign/fault/stuck", test_stuck);
    for (i = 0; i < ARRAY_SIZE(maps); i++) {
        g_autofree char *name = g_strdup_printf("vga-assign/%s", maps[i].name);

        qtest_add_data_func(name, GUINT_TO_POINTER(i), test_map);
        if (maps[i].command == VFIO_USER_DMA_MAP) {
            g_autofree char *refused_name = g_strdup_printf("%s-refused", name);

            qtest_add_data_func(refused_name, GUINT_TO_POINTER(i),
                                test_map_refused);
        }
    }
    qtest_add_func("vga-assign/unplug-unanswered", test_unplug_unanswered);
    qtest_add_data_func("vga-assign/closed-by-map",
                        GUINT_TO_POINTER(VFIO_USER_DMA_MAP),
                        test_closed_by_map);
    qtest_add_data_func("vga-assign/closed-by-unmap",
                        GUINT_TO_POINTER(VFIO_USER_DMA_UNMAP),
                        test_closed_by_map);
}
