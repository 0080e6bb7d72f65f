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
 * What adapter_new() makes is a VGA-class device with 256 bytes of config
 * space, and neither BAR, ROM, capability nor interrupt.  Its regions are
 * memory: what is written can be read back, from QEMU and, by adapter_data(),
 * from the test.  Each access to a region other than config space is recorded
 * in order, for adapter_next().
 *
 * A thread of the adapter answers, because QEMU stops and waits for it, with
 * its monitor, while a device is realized.  It listens before adapter_start()
 * returns, serves one connection at a time and as many as come one after
 * the other, so the same adapter can be plugged again.
 *
 * adapter_fault() makes it misbehave, from one request on.  libvfio-user is
 * not used, since a library of good manners cannot do that: the messages are
 * built by hand, from hw/vfio-user/protocol.h.
 *
 * A test never sleeps.  adapter_wait_closed() and adapter_wait_requests() wait
 * for what is to happen, and fail the test if it does not within a minute.
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
    bool posted;            /* a write for which no reply was asked */
    unsigned region;
    uint64_t offset;
    uint32_t count;
    uint8_t data[8];        /* the first bytes written, or given */
} AdapterAccess;

typedef enum AdapterFault {
    ADAPTER_FAULT_NONE,
    ADAPTER_FAULT_ERROR,    /* an error reply, EIO */
    ADAPTER_FAULT_AGAIN,    /* the same with EAGAIN */
    ADAPTER_FAULT_CODE,     /* the same with what is -4 as a signed number */
    ADAPTER_FAULT_ZERO,     /* the same with 0 */
    ADAPTER_FAULT_SHORT,    /* half the data, and the count says so */
    ADAPTER_FAULT_HEADER,   /* a reply that is a header and nothing else */
    ADAPTER_FAULT_CUT,      /* a reply that lacks its last byte */
    ADAPTER_FAULT_CLOSE,    /* the socket is closed */
    ADAPTER_FAULT_SILENT,   /* no reply, ever */
    ADAPTER_FAULT_HALF,     /* the begin of a reply, and no more of it */
    ADAPTER_FAULT_STUCK,    /* no reply, and nothing else is received */
    ADAPTER_FAULT_BABBLE,   /* no reply, but requests of its own, for ever */
} AdapterFault;

/* Before adapter_start() */

Adapter *adapter_new(void);
void adapter_set_counts(Adapter *adapter, uint32_t regions, uint32_t irqs);
void adapter_set_region(Adapter *adapter, unsigned region, uint32_t flags,
                        uint64_t size);
void adapter_set_bar(Adapter *adapter, unsigned bar, uint32_t size, bool io);
void adapter_set_rom(Adapter *adapter, uint32_t size);
/* Table at the start of @bar, pending bits in its second half */
void adapter_set_msix(Adapter *adapter, unsigned bar, unsigned vectors);
/* D0 to D3hot, in a capability at ADAPTER_PM_CAP; after adapter_set_msix() */
void adapter_set_pm(Adapter *adapter);
/* Its power state, @pmcsr, stays as it is; after adapter_set_pm() */
void adapter_set_power(Adapter *adapter, uint16_t pmcsr);
void adapter_set_intx(Adapter *adapter);
/*
 * One MSI vector, with a 64-bit address, in a capability at ADAPTER_MSI_CAP;
 * after adapter_set_msix() and adapter_set_pm()
 */
void adapter_set_msi(Adapter *adapter);
/*
 * A message is sent only after @value, of @size bytes, has been written to
 * @offset of BAR 0, as NVIDIA's adapters have it.  What happens meanwhile makes
 * one message, sent by that write.  The first message needs none.
 */
void adapter_set_rearm(Adapter *adapter, uint64_t offset, unsigned size,
                       uint32_t value);
/* What it says of itself in place of what is usual */
void adapter_set_capabilities(Adapter *adapter, const char *json);
void adapter_set_region_argsz(Adapter *adapter, uint32_t argsz);
void adapter_set_region_size(Adapter *adapter, unsigned region, uint64_t size);
/*
 * @size bytes at @caps, of the caller's, follow the information about a region,
 * which says that its capabilities begin at its byte @offset.
 */
void adapter_set_region_caps(Adapter *adapter, unsigned region,
                             const void *caps, uint32_t size, uint32_t offset);
/* 4096 bytes of config space; before what else is set of it */
void adapter_set_express(Adapter *adapter);
/*
 * Have @sender send replies, in the adapter's thread: the message @msg, or what
 * it makes of it.  False ends the connection.
 */
typedef bool AdapterSender(void *opaque, int fd, const void *msg, size_t size);
void adapter_set_sender(Adapter *adapter, AdapterSender *sender, void *opaque);
/* Record no accesses, where there are millions */
void adapter_forget_accesses(Adapter *adapter);
/*
 * The region can be mapped: its bytes are those of @file, of the caller's, from
 * @offset on.
 */
void adapter_set_region_file(Adapter *adapter, unsigned region, int file,
                             uint64_t offset);
void adapter_start(Adapter *adapter);

/* At any time */

const char *adapter_path(Adapter *adapter);
/* What a region holds; of QEMU's making while it runs */
uint8_t *adapter_data(Adapter *adapter, unsigned region);
/*
 * From now on answer requests of the kind @command (VFIO_USER_*) to @region
 * with @fault.  @region is looked at for commands that name one, and
 * ADAPTER_REGIONS stands for any.  One fault at a time.
 */
void adapter_fault(Adapter *adapter, AdapterFault fault, unsigned command,
                   unsigned region);
/*
 * Whether all reads give ones and writes do nothing, as those of an adapter
 * that is gone, from @now on, and from the next reset on
 */
void adapter_set_gone(Adapter *adapter, bool now, bool after_reset);
/* The next access in order, false if there has been no other */
bool adapter_next(Adapter *adapter, AdapterAccess *access);
/*
 * A request of the adapter's own, of the kind @command and with nothing but a
 * header, goes out before the next reply, with @fds file descriptors
 */
void adapter_ask(Adapter *adapter, unsigned command, unsigned fds);
/*
 * Send @size bytes as they are: messages, or a part of one.  False if QEMU has
 * closed the connection.
 */
bool adapter_send_raw(Adapter *adapter, const void *buf, size_t size);
/*
 * Make a request of the adapter's own, the whole message @msg, when the next
 * one of QEMU has come, and reply to that only after QEMU has
 */
void adapter_ask_first(Adapter *adapter, const void *msg, size_t size);
/* Wait until QEMU has replied to @n requests, well or not */
void adapter_wait_replies(Adapter *adapter, unsigned n);
/* Wait for the next reply of QEMU's, the whole message; to be unreferenced */
GBytes *adapter_next_reply(Adapter *adapter);
/* Receive nothing, from the next message on, until this is taken back */
void adapter_pause(Adapter *adapter, bool pause);
/* For @for_ms from now, let @ms go by before each message is received */
void adapter_set_pace(Adapter *adapter, unsigned ms, unsigned for_ms);
/* How many requests of a kind have come */
unsigned adapter_requests(Adapter *adapter, unsigned command);
void adapter_wait_requests(Adapter *adapter, unsigned command, unsigned n);
/*
 * Interrupts.  What QEMU asks for by VFIO_USER_DEVICE_SET_IRQS is kept as the
 * host's kernel has it: one kind (VFIO_PCI_*_IRQ_INDEX up to MSI-X) at a time,
 * a further one is refused with EINVAL, and INTx is masked by being signalled.
 */
/* From now on refuse to enable interrupts of the kind @index; 0: allow it */
void adapter_refuse_irq(Adapter *adapter, unsigned index, unsigned error);
/* The kind that is enabled, -1 if none is */
int adapter_irq_index(Adapter *adapter);
/* How often a kind was enabled, and how often a second one was tried */
unsigned adapter_irq_enabled(Adapter *adapter, unsigned index);
unsigned adapter_irq_conflicts(Adapter *adapter);
/* How often INTx was unmasked */
unsigned adapter_irq_unmasked(Adapter *adapter);
/*
 * Something happens in the adapter: signal vector 0 of what is enabled.  False
 * if nothing was signalled: nothing is enabled, or masked, or not re-armed.
 */
bool adapter_interrupt(Adapter *adapter);
/* Wait until QEMU has seen what was signalled */
void adapter_wait_irq_taken(Adapter *adapter);
/* Wait until @n connections have ended */
void adapter_wait_closed(Adapter *adapter, unsigned n);

void adapter_free(Adapter *adapter);

#endif /* TESTS_VFIO_USER_ADAPTER_H */
