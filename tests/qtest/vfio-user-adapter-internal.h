/*
 * A display adapter for tests: declarations for vfio-user-adapter*.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *   vfio-user-adapter.c         the functions for tests
 *   vfio-user-adapter-server.c  messages, and their faults
 *   vfio-user-adapter-device.c  regions and interrupts
 */

#ifndef TESTS_VFIO_USER_ADAPTER_INTERNAL_H
#define TESTS_VFIO_USER_ADAPTER_INTERNAL_H

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "vfio-user-adapter.h"

#define ADAPTER_MSIX_CAP    0x40
#define ADAPTER_MSIX_LENGTH 12
#define ADAPTER_MAX_MESSAGE (VFIO_USER_DEF_MAX_XFER + 4096)
#define ADAPTER_PATIENCE    (60 * G_TIME_SPAN_SECOND)

typedef struct AdapterRegion {
    uint32_t flags;
    uint64_t size;
    uint64_t said_size;     /* 0: its size */
    uint8_t *data;
    const void *caps;
    uint32_t caps_size, caps_offset;
    bool has_file;
    int file;
    uint64_t file_offset;
} AdapterRegion;

struct Adapter {
    AdapterRegion region[ADAPTER_REGIONS];
    uint8_t wmask[PCI_CFG_SPACE_EXP_SIZE];
    uint32_t num_regions, num_irqs;
    unsigned msi_vectors, msix_vectors;
    const char *capabilities;
    uint32_t region_argsz;

    char *dir, *path;
    int listen_fd;
    int wake[2];            /* closing [1] ends the thread */
    GThread *thread;
    int conn_fd;            /* -1: not connected */
    AdapterSender *sender;
    void *sender_opaque;
    bool forgets_accesses;

    GMutex lock;            /* for all below */
    GCond changed;
    AdapterFault fault;
    unsigned fault_command, fault_region;
    bool gone, gone_after_reset;
    GQueue accesses;
    bool ask;
    unsigned ask_command, ask_fds;
    unsigned requests[VFIO_USER_MAX];
    unsigned replies;
    GQueue reply_messages;  /* GBytes */
    GBytes *first;          /* asked before the next reply is sent */
    bool paused;
    unsigned pace;
    gint64 pace_end;
    unsigned closed;
    int fds[VFIO_USER_MAX_MAX_FDS];     /* of the message being received */
    unsigned num_fds;
    struct {
        int fd[VFIO_PCI_MSIX_IRQ_INDEX + 1];    /* vector 0, or -1 */
        bool on[VFIO_PCI_MSIX_IRQ_INDEX + 1];
        unsigned error[VFIO_PCI_MSIX_IRQ_INDEX + 1];
        unsigned enabled[VFIO_PCI_MSIX_IRQ_INDEX + 1];
        unsigned conflicts, unmasked;
        bool masked;            /* INTx */
        bool pending;           /* an interrupt waits: masked, not armed */
        bool disarmed;
        unsigned rearm_size;    /* 0: no re-arming needed */
        uint64_t rearm_offset;
        uint32_t rearm_value;
    } irq;
};

typedef union AdapterMessage {
    VFIOUserHdr hdr;
    VFIOUserVersion version;
    VFIOUserDeviceInfo info;
    VFIOUserRegionInfo region;
    VFIOUserIRQInfo irq;
    VFIOUserIRQSet irq_set;
    VFIOUserRegionRW rw;
    uint8_t bytes[ADAPTER_MAX_MESSAGE];
} AdapterMessage;

/* For sending messages, which the test does as well, and for Adapter.conn_fd */
extern GMutex adapter_send_lock;

/* Close descriptors that came with a message, such as the guest's memory */
void adapter_drop_fds(Adapter *adapter);

int adapter_irq_on(Adapter *adapter);
bool adapter_irq_signal(Adapter *adapter);
/* Forget interrupts, because the connection has ended */
void adapter_irq_forget(Adapter *adapter);

/* Turn the request @m into its reply */
void adapter_answer(Adapter *adapter, AdapterMessage *m);
gpointer adapter_thread(gpointer opaque);

#endif /* TESTS_VFIO_USER_ADAPTER_INTERNAL_H */
