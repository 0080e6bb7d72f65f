/*
 * Guest INTx carried by host MSI: prefer_msi
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * If a guest's driver uses INTx, vfio uses INTx on the host.  If that line
 * cannot be used, because it is shared and the device cannot mask it or because
 * the kernel hides it, the device may still be able to send messages.  With
 * prefer_msi=on or =auto the host then uses MSI, vector 0, while the guest
 * still sees a level.
 *
 *     host      VFIO_PCI_MSI_IRQ_INDEX, an eventfd that QEMU's main loop reads;
 *               never while another index is enabled
 *     guest     the line goes up for a message, and down after service
 *
 * A message is an edge: it says that something has happened, not that the
 * device still wants service.  Two rules turn it into a level:
 *
 * - A message that comes while the line is up raises it again after that.  So
 *   after each message the guest's handler begins at least once.
 * - When the line goes down, PCI_STATUS of the device is read.  Its Interrupt
 *   Status bit (PCI Local Bus Specification 2.3, section 6.2.3) says whether
 *   the device still wants service; then the line goes up again.  A device may
 *   keep the bit clear while MSI is enabled.  If such a device sends no message
 *   for an event during service, it stays silent.
 *
 * The end of service.  With an in-kernel irqchip KVM reports the guest's EOI
 * (KVM_IRQFD_FLAG_RESAMPLE): vfio_intx_msi_attach().  MMIO stays mapped.
 * Without it, MMIO is trapped from the interrupt on, and the first access to a
 * BAR counts as the end, as with vfio's INTx (vfio_pci_intx_eoi()).  That may
 * be too early: a message is lost if it comes after a handler has read the
 * cause of the interrupt but before its last access.
 *
 * KVM does not tell whose interrupt has ended.  An EOI while a device has not
 * raised the line shows that the line is shared.  From then on each message of
 * the device raises the line until a second EOI, because the first EOI may
 * belong to handlers that ran for another device before the message.  The
 * second run of the handlers may find nothing to do, as is common on a shared
 * line.
 *
 * All functions run under the BQL.
 */
#ifndef HW_VFIO_INTX_MSI_H
#define HW_VFIO_INTX_MSI_H

#include "exec/hwaddr.h"
#include "qapi/qapi-types-common.h"
#include "qemu/event_notifier.h"
#include "qom/object.h"

struct VFIOPCIDevice;

/* The write to BAR 0 after which an NVIDIA adapter sends its next message */
typedef struct VFIOINTxMSIRearm {
    uint32_t offset;            /* in BAR 0, bytes */
    uint32_t size;              /* of the write, bytes */
    uint32_t value;
} VFIOINTxMSIRearm;

typedef struct VFIOINTxMSI {
    OnOffAuto prefer;           /* the property */
    const char *why_not;        /* why MSI is impossible; static, or NULL */
    const VFIOINTxMSIRearm *rearm;  /* NULL: no write is needed */
    Error *blocker;             /* of migration */
    bool warned;
    bool active;                /* MSI carries INTx */
    bool rearm_due;             /* as soon as the guest enables memory */
    bool attached;              /* KVM raises the line and reports EOI */
    bool up;                    /* attached: the line is, or was until an EOI */
    bool again;                 /* attached: raise it when it goes down */
    bool shared;                /* attached: the line has other users */
    bool unsure;                /* attached: one EOI does not count */
    EventNotifier raise;        /* attached: to make KVM raise the line */
} VFIOINTxMSI;

/* Add the properties x-prefer-msi and prefer_msi, which are the same one */
void vfio_intx_msi_class_init(ObjectClass *klass);

/*
 * To be called before the device's first interrupt is set up.  With
 * prefer_msi=on it fails, with a reason, if MSI cannot be used.  It gives the
 * guest an interrupt pin if the host hides it, and blocks migration, which
 * vfio_intx_msi_exit() undoes.
 */
bool vfio_intx_msi_setup(struct VFIOPCIDevice *vdev, Error **errp);
void vfio_intx_msi_exit(struct VFIOPCIDevice *vdev);

/*
 * Make the host signal @fd for the guest's INTx, by the index that prefer_msi
 * selects; and disable the index that is in use.
 */
bool vfio_intx_msi_enable(struct VFIOPCIDevice *vdev, int fd, Error **errp);
void vfio_intx_msi_disable(struct VFIOPCIDevice *vdev);

/*
 * Let KVM raise the line and report EOI if it can; otherwise, and after
 * vfio_intx_msi_detach(), QEMU does both.  A pending interrupt stays pending.
 */
bool vfio_intx_msi_attach(struct VFIOPCIDevice *vdev, Error **errp);
void vfio_intx_msi_detach(struct VFIOPCIDevice *vdev);

/* Handle a message.  Returns false if the caller has to raise the line. */
bool vfio_intx_msi_message(struct VFIOPCIDevice *vdev);

/*
 * The line has gone down.  Returns false if the caller has to unmask INTx on
 * the host.
 */
bool vfio_intx_msi_served(struct VFIOPCIDevice *vdev);

/* The guest may have written PCI_COMMAND */
void vfio_intx_msi_command(struct VFIOPCIDevice *vdev);

/*
 * For intx-msi.c and intx-msi-nvidia.c
 */

/*
 * Read @size bytes at @offset of a region from the device itself, not as the
 * guest sees them; all ones if that fails.
 */
uint32_t vfio_intx_msi_read(struct VFIOPCIDevice *vdev, int region,
                            hwaddr offset, unsigned size);

/* Whether the device is a display adapter of NVIDIA's */
bool vfio_intx_msi_nvidia_is(struct VFIOPCIDevice *vdev);

/*
 * Find the write after which the adapter sends its next message, NULL if it
 * needs none.  To be called before the guest runs.
 *
 * Returns NULL, or why the host cannot use MSI with this adapter.
 */
const char *vfio_intx_msi_nvidia_find(struct VFIOPCIDevice *vdev,
                                      const VFIOINTxMSIRearm **rearm);

/* Make that write, if there is one, now or when the guest enables memory */
void vfio_intx_msi_nvidia_rearm(struct VFIOPCIDevice *vdev);

#endif /* HW_VFIO_INTX_MSI_H */
