/*
 * An interrupt that a hypervisor injects into its guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A firmware of a few instructions runs a guest by VMRUN (TCG emulates SVM),
 * with an interrupt in EVENTINJ.  The guest counts its interrupts and stays in
 * its handler, where IF is 0.  AMD64 Architecture Programmer's Manual, volume
 * 2, section 15.20: an event is injected once.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>

#include "libqtest.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "target/i386/svm.h"

#define VMCB        0x10000
#define COUNTER     0x500           /* interrupts that the guest got */
#define EXITS       0x504           /* exits of the guest to its hypervisor */
#define INTERCEPT(exit) (1ULL << (SVM_EXIT_##exit - SVM_EXIT_INTR))
#define VECTOR      0x40
#define GUEST       0x4d            /* its start in the firmware */
#define HANDLER     0x4f
#define KICKS       20
#define PATIENCE    (60 * G_TIME_SPAN_SECOND)

/* At 0xf0000; the host save area is at 0x11000 */
static const uint8_t firmware[64 * KiB] = {
    0xfa,                                      /* cli */
    0x2e, 0x66, 0x0f, 0x01, 0x16, 0x59, 0x00,  /* lgdtl %cs:0x59 */
    0x66, 0xb8, 0x11, 0x00, 0x00, 0x00,        /* movl $0x11,%eax */
    0x0f, 0x22, 0xc0,                          /* movl %eax,%cr0 */
    0x66, 0xea, 0x19, 0x00, 0x0f, 0x00, 8, 0,  /* ljmpl $0x8,$0xf0019 */
    0xb8, 0x10, 0x00, 0x00, 0x00,              /* movl $0x10,%eax */
    0x8e, 0xd8,                                /* movl %eax,%ds */
    0xb9, 0x80, 0x00, 0x00, 0xc0,              /* movl $0xc0000080,%ecx */
    0x0f, 0x32,                                /* rdmsr (EFER) */
    0x0d, 0x00, 0x10, 0x00, 0x00,              /* orl $0x1000,%eax */
    0x0f, 0x30,                                /* wrmsr */
    0xb9, 0x17, 0x01, 0x01, 0xc0,              /* movl $0xc0010117,%ecx */
    0xb8, 0x00, 0x10, 0x01, 0x00,              /* movl $0x11000,%eax */
    0x31, 0xd2,                                /* xorl %edx,%edx */
    0x0f, 0x30,                                /* wrmsr (VM_HSAVE_PA) */
    0xb8, 0x00, 0x00, 0x01, 0x00,              /* movl $0x10000,%eax */
    0x0f, 0x01, 0xd8,                          /* vmrun */
    0xff, 0x05, 0x04, 0x05, 0x00, 0x00,        /* incl 0x504 */
    0xf4,                                      /* hlt */
    0xeb, 0xfd,                                /* jmp 0x4a */
    [GUEST] =
    0xeb, 0xfe,                                /* jmp 0x4d */
    [HANDLER] =
    0x66, 0xff, 0x06, 0x00, 0x05,              /* incl 0x500 */
    0xeb, 0xfe,                                /* jmp 0x54 */
    [0x59] = 0x17, 0, 0x60, 0, 0x0f, 0,        /* GDT of 24 bytes, 0xf0060 */
    [0x68] = 0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0,
    0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0,
    [0xfff0] = 0xea, 0, 0, 0, 0xf0,            /* ljmpw $0xf000,$0 */
};

static struct vmcb_seg segment(uint16_t selector, uint16_t attrib)
{
    return (struct vmcb_seg) {
        .selector = cpu_to_le16(selector),
        .attrib = cpu_to_le16(attrib),
        .limit = cpu_to_le32(0xffff),
        .base = cpu_to_le64(selector << 4),
    };
}

/* A guest in real mode, as KVM would start one, with IF set */
static void vmcb_write(QTestState *qts)
{
    struct vmcb_seg data = segment(0, 0x93);
    struct vmcb vmcb = {
        .control = {
            .intercept = cpu_to_le64(INTERCEPT(VMRUN) | INTERCEPT(SHUTDOWN)),
            .asid = cpu_to_le32(1),
            .event_inj = cpu_to_le32(SVM_EVTINJ_VALID | SVM_EVTINJ_TYPE_INTR |
                                     VECTOR),
        },
        .save = {
            .es = data, .ss = data, .ds = data, .idtr = data, .gdtr = data,
            .cs = segment(0xf000, 0x9b),
            .efer = cpu_to_le64(1 << 12),
            .cr0 = cpu_to_le64(0x10),
            .dr7 = cpu_to_le64(0x400),
            .dr6 = cpu_to_le64(0xffff0ff0),
            .rflags = cpu_to_le64(0x202),
            .rip = cpu_to_le64(GUEST),
            .rsp = cpu_to_le64(0x6000),
        },
    };

    qtest_memwrite(qts, VMCB, &vmcb, sizeof(vmcb));
    qtest_writel(qts, VECTOR * 4, 0xf0000000 | HANDLER);
}

/* The guest is in its handler: later interrupts arrive although IF is clear. */
static void wait_for_handler(QTestState *qts)
{
    int64_t deadline = g_get_monotonic_time() + PATIENCE;

    while (!qtest_readl(qts, COUNTER)) {
        g_assert_cmpint(qtest_readl(qts, EXITS), ==, 0);
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_usleep(1000);
    }
}

static void test_once(void)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("svm-inject-XXXXXX", &path, NULL);
    QTestState *qts;

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(path, (const char *)firmware,
                                      sizeof(firmware), NULL));
    qts = qtest_initf("-S -accel tcg -cpu max -bios %s", path);
    vmcb_write(qts);
    qtest_qmp_assert_success(qts, "{'execute': 'cont'}");
    wait_for_handler(qts);
    /*
     * Each kick makes the processor leave the guest's code, and return to it.
     */
    for (int i = 0; i < KICKS; i++) {
        qtest_qmp_assert_success(qts, "{'execute': 'stop'}");
        qtest_qmp_assert_success(qts, "{'execute': 'cont'}");
    }
    g_assert_cmpint(qtest_readl(qts, COUNTER), ==, 1);
    g_assert_cmpint(qtest_readl(qts, EXITS), ==, 0);
    qtest_quit(qts);
    unlink(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("svm-inject/once", test_once);
    return g_test_run();
}
