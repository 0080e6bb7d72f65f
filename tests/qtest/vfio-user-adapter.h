/*
 * A display adapter for tests: the server's end of vfio-user, in the test
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A qtest that needs an assigned adapter makes one:
 *
 *     Adapter *adapter = adapter_new();
 *
 *     adapter_set_bar(adapter, 0, 4096, false);
 *     adapter_start(adapter);
 *     qts = qtest_init("...");
 *     (device_add vfio-user-pci with the socket adapter_path(adapter))
 *     ...
 *     qtest_quit(qts);
 *     adapter_free(adapter);
 *
 * adapter_new() makes a VGA-class device with 256 bytes of config space,
 * without BARs, ROM, capabilities or interrupts.  Its regions are memory: what
 * is written can be read back, from QEMU and, by adapter_data(), from the
 * test.  Each access to a region other than config space is recorded in order,
 * for adapter_next().
 *
 * A thread of the adapter answers, because QEMU and its monitor stop and wait
 * for it while a device is realized.  The thread listens before
 * adapter_start() returns.  It serves one connection after the other, so the
 * same adapter can be plugged again.
 *
 * adapter_fault() makes it misbehave, from one request on. libvfio-user cannot
 * misbehave, so it is not used: the messages are built by hand, with
 * hw/vfio-user/protocol.h.
 *
 * A test never sleeps. adapter_wait_closed() and adapter_wait_requests() wait
 * for an event, and fail the test if it does not happen within a minute.
 */

#ifndef TESTS_VFIO_USER_ADAPTER_H
#define TESTS_VFIO_USER_ADAPTER_H

#include <linux/vfio.h>

#define ADAPTER_REGIONS (VFIO_PCI_VGA_REGION_INDEX + 1)
#define ADAPTER_VENDOR  0x1af4
#define ADAPTER_DEVICE  0x10f0
#define ADAPTER_PM_CAP  0x50
#define ADAPTER_MSI_CAP 0x60

typedef struct Adapter Adapter;

/* One access of QEMU to a region */
typedef struct AdapterAccess {
    bool write;
    bool posted;            /* a write without a reply */
    unsigned region;
    uint64_t offset;
    uint32_t count;
    uint8_t data[8];        /* the first bytes written or read */
} AdapterAccess;

typedef enum AdapterFault {
    ADAPTER_FAULT_NONE,
    ADAPTER_FAULT_ERROR,    /* an error reply with EIO */
    ADAPTER_FAULT_AGAIN,    /* the same with EAGAIN */
    ADAPTER_FAULT_CODE,     /* the same, -4 as a signed number */
    ADAPTER_FAULT_ZERO,     /* the same with 0 */
    ADAPTER_FAULT_SHORT,    /* half of the data, as the count says */
    ADAPTER_FAULT_HEADER,   /* a reply that is only a header */
    ADAPTER_FAULT_CUT,      /* a reply that lacks its last byte */
    ADAPTER_FAULT_CLOSE,    /* the socket is closed */
    ADAPTER_FAULT_SILENT,   /* no reply, ever */
    ADAPTER_FAULT_HALF,     /* the beginning of a reply */
    ADAPTER_FAULT_STUCK,    /* no reply, and no more is received */
    ADAPTER_FAULT_BABBLE,   /* no reply, but endless requests */
} AdapterFault;

/* Functions to call before adapter_start() */

Adapter *adapter_new(void);
void adapter_set_counts(Adapter *adapter, uint32_t regions, uint32_t irqs);
void adapter_set_region(Adapter *adapter, unsigned region, uint32_t flags,
                        uint64_t size);
void adapter_set_bar(Adapter *adapter, unsigned bar, uint32_t size, bool io);
void adapter_set_rom(Adapter *adapter, uint32_t size);
/* The table is at the start of @bar, the pending bits in its second half */
void adapter_set_msix(Adapter *adapter, unsigned bar, unsigned vectors);
/*
 * States D0 to D3hot, in a capability at ADAPTER_PM_CAP; after
 * adapter_set_msix()
 */
void adapter_set_pm(Adapter *adapter);
/* The power state stays @pmcsr, whatever is written; after adapter_set_pm() */
void adapter_set_power(Adapter *adapter, uint16_t pmcsr);
void adapter_set_intx(Adapter *adapter);
/*
 * One MSI vector, with a 64-bit address, in a capability at ADAPTER_MSI_CAP;
 * after adapter_set_msix() and adapter_set_pm()
 */
void adapter_set_msi(Adapter *adapter);
/*
 * A message is sent only after @value, of @size bytes, was written to @offset
 * of BAR 0, as on NVIDIA's adapters.  All interrupts in between make one
 * message, which that write sends.  The first message needs no write.
 */
void adapter_set_rearm(Adapter *adapter, uint64_t offset, unsigned size,
                       uint32_t value);
/* The capabilities in the version reply for the usual ones; NULL: none */
void adapter_set_capabilities(Adapter *adapter, const char *json);
void adapter_set_region_argsz(Adapter *adapter, uint32_t argsz);
void adapter_set_region_size(Adapter *adapter, unsigned region, uint64_t size);
/*
 * The information about a region is followed by @size bytes at @caps, which
 * the caller owns; it says that capabilities begin at its byte @offset.
 */
void adapter_set_region_caps(Adapter *adapter, unsigned region,
                             const void *caps, uint32_t size, uint32_t offset);
/* Config space has 4096 bytes; call this before other functions for it */
void adapter_set_express(Adapter *adapter);
/*
 * Let @sender send replies in the adapter's thread: the message @msg, or a
 * changed one.  It returns false to end the connection.
 */
typedef bool AdapterSender(void *opaque, int fd, const void *msg, size_t size);
void adapter_set_sender(Adapter *adapter, AdapterSender *sender, void *opaque);
/* Record no accesses, for tests with millions of them */
void adapter_forget_accesses(Adapter *adapter);
/*
 * The region can be mapped.  Its bytes are those of @file, which the caller
 * owns, from @offset on.
 */
void adapter_set_region_file(Adapter *adapter, unsigned region, int file,
                             uint64_t offset);
void adapter_start(Adapter *adapter);

/* Functions to call at any time */

const char *adapter_path(Adapter *adapter);
/* The contents of a region; QEMU may change them while it runs */
uint8_t *adapter_data(Adapter *adapter, unsigned region);
/*
 * From now on answer requests of the kind @command (VFIO_USER_*) to @region
 * with @fault.  @region matters for commands that name a region;
 * ADAPTER_REGIONS stands for all.  Only one fault is set at a time.
 */
void adapter_fault(Adapter *adapter, AdapterFault fault, unsigned command,
                   unsigned region);
/*
 * Whether all reads give ones and writes have no effect, as on an adapter that
 * is gone: from @now on, and from the next reset on
 */
void adapter_set_gone(Adapter *adapter, bool now, bool after_reset);
/* The next access in order; false if there was no other */
bool adapter_next(Adapter *adapter, AdapterAccess *access);
/*
 * Before the next reply, send a request of the kind @command that is only a
 * header, with @fds file descriptors
 */
void adapter_ask(Adapter *adapter, unsigned command, unsigned fds);
/*
 * Send @size bytes as they are: messages, or a part of one.  Returns false if
 * QEMU has closed the connection.
 */
bool adapter_send_raw(Adapter *adapter, const void *buf, size_t size);
/*
 * When QEMU's next request has come, send the request @msg, a whole message,
 * and reply to QEMU only after QEMU has replied
 */
void adapter_ask_first(Adapter *adapter, const void *msg, size_t size);
/* Wait until QEMU has replied to @n requests, with or without an error */
void adapter_wait_replies(Adapter *adapter, unsigned n);
/* Wait for QEMU's next reply, a whole message; unref it after use */
GBytes *adapter_next_reply(Adapter *adapter);
/* Receive nothing from the next message on, until @pause is false */
void adapter_pause(Adapter *adapter, bool pause);
/* For @for_ms from now, wait @ms before each message is received */
void adapter_set_pace(Adapter *adapter, unsigned ms, unsigned for_ms);
/* How many requests of a kind have arrived */
unsigned adapter_requests(Adapter *adapter, unsigned command);
void adapter_wait_requests(Adapter *adapter, unsigned command, unsigned n);
/*
 * Interrupts.  They are handled as by the host's kernel:
 * VFIO_USER_DEVICE_SET_IRQS can enable one kind (VFIO_PCI_*_IRQ_INDEX up to
 * MSI-X) at a time, another one is refused with EINVAL, and INTx is masked
 * when it is signalled.
 */
/* From now on refuse to enable interrupts of the kind @index; 0 allows them */
void adapter_refuse_irq(Adapter *adapter, unsigned index, unsigned error);
/* The kind that is enabled, or -1 */
int adapter_irq_index(Adapter *adapter);
/* How often a kind was enabled, and how often a second kind was tried */
unsigned adapter_irq_enabled(Adapter *adapter, unsigned index);
unsigned adapter_irq_conflicts(Adapter *adapter);
/* How often INTx was unmasked */
unsigned adapter_irq_unmasked(Adapter *adapter);
/*
 * Signal vector 0 of the enabled kind.  Returns false if nothing was
 * signalled, because no kind is enabled, or it is masked or not re-armed.
 */
bool adapter_interrupt(Adapter *adapter);
/* Wait until QEMU has seen the signal */
void adapter_wait_irq_taken(Adapter *adapter);
/* Wait until @n connections have ended */
void adapter_wait_closed(Adapter *adapter, unsigned n);

void adapter_free(Adapter *adapter);

#endif /* TESTS_VFIO_USER_ADAPTER_H */
