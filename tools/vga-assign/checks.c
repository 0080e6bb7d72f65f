/*
 * What stands between an adapter and a guest's screen on it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * This is the table of checks; checkimpl.h says which file has each of them.
 */
#include <stdarg.h>

#include "checkimpl.h"
#include "output.h"

/* A check calls one of these as its last step. */
#define DEFINE_VERDICT(name, value)                                         \
void name(CheckResult *r, const char *format, ...)                          \
{                                                                           \
    va_list args;                                                           \
                                                                            \
    va_start(args, format);                                                 \
    r->verdict = value;                                                     \
    r->text = g_strdup_vprintf(format, args);                               \
    va_end(args);                                                           \
}

DEFINE_VERDICT(is_ok, VERDICT_OK)
DEFINE_VERDICT(is_warn, VERDICT_WARN)
DEFINE_VERDICT(is_fail, VERDICT_FAIL)
DEFINE_VERDICT(is_unknown, VERDICT_UNKNOWN)
DEFINE_VERDICT(is_na, VERDICT_NA)

void to_fix(CheckResult *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_free(r->fix);
    r->fix = g_strdup_vprintf(format, args);
    va_end(args);
}

static const struct Check {
    const char *name;
    const char *question;
    CheckFunction *run;
    bool display;           /* asked of display adapters only */
} checks[] = {
    { "class", "is it a VGA controller", check_class },
    { "power", "is it awake and on the bus", check_power, true },
    { "kernel", "is the kernel new enough", check_kernel },
    { "iommu", "does an IOMMU keep the guest's DMA apart", check_iommu, true },
    { "group", "is its IOMMU group free", check_group, true },
    { "driver", "is it bound to vfio-pci", check_driver, true },
    { "in-use", "is no other program using it", check_in_use, true },
    { "framebuffer", "is the host's screen off it", check_framebuffer, true },
    { "console", "does the host's text console leave it alone", check_console,
      true },
    { "vfio-vga", "does vfio-pci know legacy VGA", check_vfio_vga },
    { "disable-vga", "is legacy VGA left on in vfio-pci", check_disable_vga },
    { "arbiter", "does it decode legacy VGA", check_arbiter, true },
    { "locks", "is legacy VGA unlocked", check_locks, true },
    { "bridge", "is it the only VGA adapter on its bus", check_bridge, true },
    { "igd", "do Intel graphics decode VGA as they should", check_igd, true },
    { "rom", "can the guest's firmware run its VBIOS", check_rom, true },
    { "window", "do its BARs fit into the guest's PCI window", check_window,
      true },
    { "resizable", "how large are its BARs for the guest", check_resizable,
      true },
    { "interrupt", "can its interrupt be delivered", check_interrupt, true },
    { "reset", "can it be reset", check_reset, true },
    { "memory", "may QEMU lock the guest's memory", check_memory },
    { "access", "may QEMU open what it needs", check_access, true },
    { "qemu", "which QEMU will run", check_qemu },
    { "libvirt", "can libvirt start it", check_libvirt },
};

static void result_free(gpointer opaque)
{
    CheckResult *r = opaque;

    g_free(r->text);
    g_free(r->fix);
    g_free(r);
}

GPtrArray *checks_run(Machine *machine, MachineDevice *device,
                      const CheckGuest *guest)
{
    GPtrArray *results = g_ptr_array_new_with_free_func(result_free);
    CheckContext context = { machine, device, guest };

    for (size_t i = 0; i < G_N_ELEMENTS(checks); i++) {
        CheckResult *r = g_new0(CheckResult, 1);

        r->name = checks[i].name;
        r->question = checks[i].question;
        if (checks[i].display && !device_is_display(device)) {
            is_na(r, "it is not a display adapter");
        } else {
            checks[i].run(&context, r);
        }
        g_ptr_array_add(results, r);
    }
    return results;
}

static int verdict_rank(Verdict verdict)
{
    static const int ranks[] = {
        [VERDICT_NA] = 0, [VERDICT_OK] = 0, [VERDICT_WARN] = 1,
        [VERDICT_UNKNOWN] = 2, [VERDICT_FAIL] = 3,
    };

    return ranks[verdict];
}

Verdict verdict_worse(Verdict a, Verdict b)
{
    return verdict_rank(b) > verdict_rank(a) ? b : a;
}

Verdict checks_verdict(const GPtrArray *results)
{
    Verdict worst = VERDICT_OK;

    for (guint i = 0; i < results->len; i++) {
        const CheckResult *r = g_ptr_array_index(results, i);

        worst = verdict_worse(worst, r->verdict);
    }
    return worst;
}

int checks_exit(Verdict verdict)
{
    return verdict == VERDICT_FAIL ? EXIT_NO :
           verdict == VERDICT_UNKNOWN ? EXIT_PARTIAL : EXIT_YES;
}

const char *verdict_name(Verdict verdict)
{
    static const char *const names[] = {
        [VERDICT_OK] = "ok", [VERDICT_WARN] = "warn", [VERDICT_FAIL] = "fail",
        [VERDICT_UNKNOWN] = "unknown", [VERDICT_NA] = "n/a",
    };

    return names[verdict];
}
