/*
 * Guest INTx carried by host MSI: prefer_msi
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "hw/pci/pci.h"
#include "migration/blocker.h"
#include "migration/cpr.h"
#include "pci.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "trace.h"
#include "vga-props.h"

uint32_t vfio_intx_msi_read(VFIOPCIDevice *vdev, int region,
                            hwaddr offset, unsigned size)
{
    VFIODevice *vbasedev = &vdev->vbasedev;
    uint32_t value = 0;

    if (vbasedev->io_ops->region_read(vbasedev, region, offset, size,
                                      &value) != size) {
        return UINT32_MAX;
    }
    return le32_to_cpu(value);
}

/*
 * The line
 */

/* Raise the line if a message has come, unless it is up or disabled */
static void vfio_intx_msi_deliver(VFIOPCIDevice *vdev)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    VFIOINTxMSI *msi = &vdev->intx.msi;

    if (msi->again && !msi->up && !pci_irq_disabled(pdev)) {
        msi->again = false;
        msi->up = true;
        event_notifier_set(&msi->raise);
    }
    if (msi->up || msi->again) {
        pci_word_test_and_set_mask(pdev->config + PCI_STATUS,
                                   PCI_STATUS_INTERRUPT);
    } else {
        pci_word_test_and_clear_mask(pdev->config + PCI_STATUS,
                                     PCI_STATUS_INTERRUPT);
    }
}

bool vfio_intx_msi_message(VFIOPCIDevice *vdev)
{
    VFIOINTxMSI *msi = &vdev->intx.msi;

    if (!msi->attached) {
        return false;
    }
    msi->again = true;
    msi->unsure = msi->shared;
    vfio_intx_msi_deliver(vdev);
    return true;
}

/*
 * The guest reads QEMU's copy of the bit, so this reads the device's.  All ones
 * mean that the device is gone; it would seem to need service for ever.
 */
static bool vfio_intx_msi_wants_service(VFIOPCIDevice *vdev)
{
    uint32_t status = vfio_intx_msi_read(vdev, VFIO_PCI_CONFIG_REGION_INDEX,
                                         PCI_STATUS, 2);

    return status != UINT32_MAX && status != UINT16_MAX &&
           status & PCI_STATUS_INTERRUPT;
}

bool vfio_intx_msi_served(VFIOPCIDevice *vdev)
{
    if (!vdev->intx.msi.active) {
        return false;
    }
    vfio_intx_msi_nvidia_rearm(vdev);
    if (vfio_intx_msi_wants_service(vdev)) {
        trace_vfio_intx_msi_again(vdev->vbasedev.name);
        vdev->intx.pending = true;
        pci_irq_assert(PCI_DEVICE(vdev));
    }
    return true;
}

#ifdef CONFIG_KVM
/* KVM reports an EOI of the guest */
static void vfio_intx_msi_eoi(void *opaque)
{
    VFIOPCIDevice *vdev = opaque;
    VFIOINTxMSI *msi = &vdev->intx.msi;

    if (!event_notifier_test_and_clear(&vdev->intx.unmask)) {
        return;
    }
    if (!msi->up) {
        msi->shared = true;
        return;
    }
    trace_vfio_pci_intx_eoi(vdev->vbasedev.name);
    msi->up = false;
    vfio_intx_msi_nvidia_rearm(vdev);
    if (vfio_intx_msi_wants_service(vdev)) {
        trace_vfio_intx_msi_again(vdev->vbasedev.name);
        msi->again = true;
    }
    if (msi->unsure && !msi->again) {
        msi->unsure = false;
        msi->again = true;
    }
    vfio_intx_msi_deliver(vdev);
}

#endif

/* Returns false without an error if KVM cannot raise the line, or should not */
static bool vfio_intx_msi_connect(VFIOPCIDevice *vdev, Error **errp)
{
#ifdef CONFIG_KVM
    VFIOINTxMSI *msi = &vdev->intx.msi;

    if (vdev->no_kvm_intx || !kvm_irqfds_enabled() ||
        vdev->intx.route.mode != PCI_INTX_ENABLED ||
        !kvm_resamplefds_enabled()) {
        return false;
    }
    if (event_notifier_init(&msi->raise, 0)) {
        error_setg(errp, "cannot create an eventfd to raise INTx");
        return false;
    }
    if (event_notifier_init(&vdev->intx.unmask, 0)) {
        error_setg(errp, "cannot create an eventfd for the EOI of INTx");
        goto fail_unmask;
    }
    if (kvm_irqchip_add_irqfd_notifier_gsi(kvm_state, &msi->raise,
                                           &vdev->intx.unmask,
                                           vdev->intx.route.irq)) {
        error_setg_errno(errp, errno, "failed to set up resample irqfd");
        goto fail_irqfd;
    }
    qemu_set_fd_handler(event_notifier_get_fd(&vdev->intx.unmask),
                        vfio_intx_msi_eoi, NULL, vdev);
    return true;

fail_irqfd:
    event_notifier_cleanup(&vdev->intx.unmask);
fail_unmask:
    event_notifier_cleanup(&msi->raise);
#endif
    return false;
}

bool vfio_intx_msi_attach(VFIOPCIDevice *vdev, Error **errp)
{
    ERRP_GUARD();
    PCIDevice *pdev = PCI_DEVICE(vdev);
    VFIOINTxMSI *msi = &vdev->intx.msi;

    if (!vfio_intx_msi_connect(vdev, errp)) {
        if (vdev->intx.pending) {
            pci_irq_assert(pdev);
        }
        return !*errp;
    }
    msi->attached = true;
    msi->up = false;
    msi->again = vdev->intx.pending;
    vdev->intx.pending = false;
    pci_irq_deassert(pdev);
    vfio_intx_msi_deliver(vdev);
    trace_vfio_intx_msi_attach(vdev->vbasedev.name, vdev->intx.route.irq);
    return true;
}

void vfio_intx_msi_detach(VFIOPCIDevice *vdev)
{
    VFIOINTxMSI *msi = &vdev->intx.msi;

    if (!msi->attached) {
        return;
    }
    /* This also lowers the line */
    kvm_irqchip_remove_irqfd_notifier_gsi(kvm_state, &msi->raise,
                                          vdev->intx.route.irq);
    qemu_set_fd_handler(event_notifier_get_fd(&vdev->intx.unmask),
                        NULL, NULL, NULL);
    event_notifier_cleanup(&vdev->intx.unmask);
    event_notifier_cleanup(&msi->raise);
    vdev->intx.pending = msi->up || msi->again;
    pci_word_test_and_clear_mask(PCI_DEVICE(vdev)->config + PCI_STATUS,
                                 PCI_STATUS_INTERRUPT);
    msi->attached = msi->up = msi->again = msi->shared = msi->unsure = false;
    trace_vfio_intx_msi_detach(vdev->vbasedev.name);
}

void vfio_intx_msi_command(VFIOPCIDevice *vdev)
{
    VFIOINTxMSI *msi = &vdev->intx.msi;
    Error *err = NULL;

    if (msi->rearm_due) {
        vfio_intx_msi_nvidia_rearm(vdev);
    }
    if (msi->up && pci_irq_disabled(PCI_DEVICE(vdev))) {
        vfio_intx_msi_detach(vdev);
        if (!vfio_intx_msi_attach(vdev, &err)) {
            warn_reportf_err(err, VFIO_MSG_PREFIX, vdev->vbasedev.name);
        }
    }
    if (msi->attached) {
        vfio_intx_msi_deliver(vdev);
    }
}

/*
 * The host
 */

/* Returns 0 or -errno */
static int vfio_intx_msi_signal(VFIOPCIDevice *vdev, unsigned index, int32_t fd)
{
    VFIODevice *vbasedev = &vdev->vbasedev;
    g_autofree struct vfio_irq_set *set = g_malloc0(sizeof(*set) + sizeof(fd));
    int ret;

    set->argsz = sizeof(*set) + sizeof(fd);
    set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
    set->index = index;
    set->count = 1;
    memcpy(set->data, &fd, sizeof(fd));
    ret = vbasedev->io_ops->set_irqs(vbasedev, set);
    return ret > 0 ? -ENOSPC : ret;
}

/* Whether an index has any interrupt */
static bool vfio_intx_msi_has(VFIOPCIDevice *vdev, unsigned index)
{
    struct vfio_irq_info info;

    return !vfio_device_get_irq_info(&vdev->vbasedev, index, &info) &&
           info.count && info.flags & VFIO_IRQ_INFO_EVENTFD;
}

/* INTx is missing, or hidden, or is shared and cannot be masked */
static bool vfio_intx_msi_no_intx(int error)
{
    return error == -EBUSY || error == -EIO || error == -EINVAL ||
           error == -ENODEV;
}

/* Returns true if INTx was set up, or if there is nothing to replace it */
static bool vfio_intx_msi_try_intx(VFIOPCIDevice *vdev, int fd, Error **errp)
{
    ERRP_GUARD();
    VFIOINTxMSI *msi = &vdev->intx.msi;
    int ret = -EINVAL;

    if (vfio_intx_msi_has(vdev, VFIO_PCI_INTX_IRQ_INDEX)) {
        ret = vfio_intx_msi_signal(vdev, VFIO_PCI_INTX_IRQ_INDEX, fd);
    }
    if (!ret) {
        return true;
    }
    if (!vfio_intx_msi_no_intx(ret) || msi->why_not) {
        error_setg_errno(errp, -ret, "prefer_msi=auto: INTx cannot be set up");
        if (msi->why_not) {
            error_append_hint(errp, "MSI cannot replace it: %s.\n",
                              msi->why_not);
        }
        return true;
    }
    if (!msi->warned) {
        warn_report(VFIO_MSG_PREFIX "INTx cannot be set up on the host (%s), "
                    "so MSI is used in its place (prefer_msi=auto); some "
                    "devices do not work properly in this mode",
                    vdev->vbasedev.name, strerror(-ret));
        msi->warned = true;
    }
    return false;
}

bool vfio_intx_msi_enable(VFIOPCIDevice *vdev, int fd, Error **errp)
{
    ERRP_GUARD();
    VFIOINTxMSI *msi = &vdev->intx.msi;
    int ret;

    if (msi->prefer == ON_OFF_AUTO_OFF) {
        return vfio_device_irq_set_signaling(&vdev->vbasedev,
                                             VFIO_PCI_INTX_IRQ_INDEX, 0,
                                             VFIO_IRQ_SET_ACTION_TRIGGER, fd,
                                             errp);
    }
    if (msi->prefer == ON_OFF_AUTO_AUTO &&
        vfio_intx_msi_try_intx(vdev, fd, errp)) {
        return !*errp;
    }
    ret = vfio_intx_msi_signal(vdev, VFIO_PCI_MSI_IRQ_INDEX, fd);
    if (ret) {
        error_setg_errno(errp, -ret, "prefer_msi=%s: MSI cannot be set up on "
                         "the host", OnOffAuto_str(msi->prefer));
        error_append_hint(errp, "Use prefer_msi=off to use INTx on the "
                          "host.\n");
        return false;
    }
    msi->active = true;
    vdev->emulated_config_bits[PCI_STATUS] |= PCI_STATUS_INTERRUPT;
    trace_vfio_intx_msi_enable(vdev->vbasedev.name);
    vfio_intx_msi_nvidia_rearm(vdev);
    return true;
}

void vfio_intx_msi_disable(VFIOPCIDevice *vdev)
{
    VFIOINTxMSI *msi = &vdev->intx.msi;

    vfio_device_irq_disable(&vdev->vbasedev, msi->active ?
                            VFIO_PCI_MSI_IRQ_INDEX : VFIO_PCI_INTX_IRQ_INDEX);
    msi->active = msi->rearm_due = msi->again = false;
    vdev->emulated_config_bits[PCI_STATUS] &= ~PCI_STATUS_INTERRUPT;
}

/*
 * The device
 */

/* Returns NULL, or why the host cannot use MSI for the guest's INTx */
static const char *vfio_intx_msi_judge(VFIOPCIDevice *vdev)
{
    if (!vfio_intx_msi_has(vdev, VFIO_PCI_MSI_IRQ_INDEX)) {
        return "the device has no MSI";
    }
    if (vfio_intx_msi_nvidia_is(vdev)) {
        return vfio_intx_msi_nvidia_find(vdev, &vdev->intx.msi.rearm);
    }
    return NULL;
}

bool vfio_intx_msi_setup(VFIOPCIDevice *vdev, Error **errp)
{
    ERRP_GUARD();
    PCIDevice *pdev = PCI_DEVICE(vdev);
    VFIOINTxMSI *msi = &vdev->intx.msi;
    const char *prefer = OnOffAuto_str(msi->prefer);

    if (msi->prefer == ON_OFF_AUTO_OFF) {
        return true;
    }
    if (cpr_is_incoming()) {
        error_setg(errp, "prefer_msi=%s: QEMU cannot take over interrupts "
                   "from another QEMU (CPR)", prefer);
        error_append_hint(errp, "Use prefer_msi=off in both QEMUs.\n");
        return false;
    }
    msi->why_not = vfio_intx_msi_judge(vdev);
    if (msi->why_not && msi->prefer == ON_OFF_AUTO_ON) {
        error_setg(errp, "prefer_msi=on: %s", msi->why_not);
        error_append_hint(errp, "Use prefer_msi=off to use INTx on the "
                          "host.\n");
        return false;
    }
    if (msi->why_not) {
        return true;
    }

    error_setg(&msi->blocker, VFIO_MSG_PREFIX "with prefer_msi=%s, migration "
               "could lose an interrupt; use prefer_msi=off to migrate",
               vdev->vbasedev.name, prefer);
    if (migrate_add_blocker(&msi->blocker, errp)) {
        return false;
    }
    if (!pdev->config[PCI_INTERRUPT_PIN]) {
        pci_config_set_interrupt_pin(pdev->config, 1);
        vdev->emulated_config_bits[PCI_INTERRUPT_PIN] = 0xff;
    }
    return true;
}

void vfio_intx_msi_exit(VFIOPCIDevice *vdev)
{
    migrate_del_blocker(&vdev->intx.msi.blocker);
}

/*
 * Properties
 */

static const PropertyInfo intx_msi_prefer =
    VFIO_PROPS_ENUM("OnOffAuto", OnOffAuto_lookup,
        "Use MSI on the host while the guest uses INTx; auto: only if INTx "
        "cannot be set up");

static const PropertyInfo intx_msi_old_prefer =
    VFIO_PROPS_ENUM("OnOffAuto", OnOffAuto_lookup,
                    "Old spelling of x-prefer-msi");

static const Property intx_msi_props[] = {
    DEFINE_PROP_SIGNED("x-prefer-msi", VFIOPCIDevice, intx.msi.prefer,
                       ON_OFF_AUTO_OFF, intx_msi_prefer, OnOffAuto),
    DEFINE_PROP_SIGNED("prefer_msi", VFIOPCIDevice, intx.msi.prefer,
                       ON_OFF_AUTO_OFF, intx_msi_old_prefer, OnOffAuto),
};

void vfio_intx_msi_class_init(ObjectClass *klass)
{
    vfio_props_add(klass, intx_msi_props, ARRAY_SIZE(intx_msi_props));
}
