/*
 * A display adapter for tests: regions and interrupts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "vfio-user-adapter-internal.h"

/* Interrupts; the caller holds the lock */

int adapter_irq_on(Adapter *adapter)
{
    int i;

    for (i = 0; i <= VFIO_PCI_MSIX_IRQ_INDEX; i++) {
        if (adapter->irq.on[i]) {
            return i;
        }
    }
    return -1;
}

bool adapter_irq_signal(Adapter *adapter)
{
    int on = adapter_irq_on(adapter);
    uint64_t one = 1;

    if (on < 0 || adapter->irq.fd[on] < 0) {
        return false;
    }
    adapter->irq.pending = on == VFIO_PCI_INTX_IRQ_INDEX ?
                           adapter->irq.masked : adapter->irq.disarmed;
    if (adapter->irq.pending) {
        return false;
    }
    if (on == VFIO_PCI_INTX_IRQ_INDEX) {
        adapter->irq.masked = true;
    } else {
        adapter->irq.disarmed = adapter->irq.rearm_size;
    }
    g_assert_cmpint(write(adapter->irq.fd[on], &one, sizeof(one)), ==,
                    sizeof(one));
    return true;
}

static void adapter_irq_disable(Adapter *adapter, unsigned index)
{
    adapter->irq.on[index] = false;
    if (adapter->irq.fd[index] >= 0) {
        close(adapter->irq.fd[index]);
        adapter->irq.fd[index] = -1;
    }
}

void adapter_irq_forget(Adapter *adapter)
{
    unsigned i;

    adapter_drop_fds(adapter);
    for (i = 0; i <= VFIO_PCI_MSIX_IRQ_INDEX; i++) {
        adapter_irq_disable(adapter, i);
    }
}

static int adapter_irq_enable(Adapter *adapter, VFIOUserIRQSet *set)
{
    int on = adapter_irq_on(adapter);

    if (adapter->irq.error[set->index]) {
        return -adapter->irq.error[set->index];
    }
    if (on >= 0 && on != set->index) {
        adapter->irq.conflicts++;
        return -EINVAL;
    }
    if (!set->start) {
        adapter_irq_disable(adapter, set->index);
        if (adapter->num_fds) {
            adapter->irq.fd[set->index] = adapter->fds[0];
            adapter->fds[0] = adapter->fds[--adapter->num_fds];
        }
    }
    if (!adapter->irq.on[set->index]) {
        adapter->irq.enabled[set->index]++;
        adapter->irq.masked = adapter->irq.pending = false;
        adapter->irq.disarmed = false;
    }
    adapter->irq.on[set->index] = true;
    return 0;
}

/* Returns 0, or -errno for an error reply */
static int adapter_set_irqs(Adapter *adapter, VFIOUserIRQSet *set)
{
    bool intx = set->index == VFIO_PCI_INTX_IRQ_INDEX;

    if (set->index > VFIO_PCI_MSIX_IRQ_INDEX) {
        return 0;
    }
    switch (set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) {
    case VFIO_IRQ_SET_ACTION_TRIGGER:
        if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD) {
            return adapter_irq_enable(adapter, set);
        }
        adapter_irq_disable(adapter, set->index);
        return 0;
    case VFIO_IRQ_SET_ACTION_MASK:
        adapter->irq.masked |= intx;
        return intx ? 0 : -EINVAL;
    case VFIO_IRQ_SET_ACTION_UNMASK:
        if (!intx) {
            return -EINVAL;
        }
        adapter->irq.unmasked++;
        adapter->irq.masked = false;
        if (adapter->irq.pending) {
            adapter_irq_signal(adapter);
        }
        return 0;
    default:
        return -EINVAL;
    }
}

/* A write to BAR 0 may re-arm messages */
static void adapter_irq_rearm(Adapter *adapter, VFIOUserRegionRW *rw)
{
    if (!adapter->irq.rearm_size || rw->region ||
        rw->offset != adapter->irq.rearm_offset ||
        rw->count != adapter->irq.rearm_size ||
        memcmp(rw->data, &adapter->irq.rearm_value, rw->count)) {
        return;
    }
    adapter->irq.disarmed = false;
    if (adapter->irq.pending) {
        adapter_irq_signal(adapter);
    }
}

/*
 * The device
 */

/* Lets the guest change bits of config space that wmask has */
static void adapter_write_config(Adapter *adapter, uint64_t offset,
                                 uint32_t count, const char *data)
{
    uint8_t *config = adapter->region[VFIO_PCI_CONFIG_REGION_INDEX].data;
    uint32_t i;

    for (i = 0; i < count; i++) {
        uint8_t mask = adapter->wmask[offset + i];

        config[offset + i] = (config[offset + i] & ~mask) | (data[i] & mask);
    }
}

/* Returns 0, or -errno for an error reply */
static int adapter_access(Adapter *adapter, VFIOUserRegionRW *rw, bool write)
{
    AdapterRegion *region;
    AdapterAccess *access;

    if (rw->region >= ADAPTER_REGIONS) {
        return -EINVAL;
    }
    region = &adapter->region[rw->region];
    if (rw->count > ADAPTER_MAX_MESSAGE - sizeof(*rw) ||
        rw->offset > region->size || rw->count > region->size - rw->offset) {
        return -EINVAL;
    }

    if (!write && adapter->gone) {
        memset(rw->data, 0xff, rw->count);
    } else if (!write) {
        memcpy(rw->data, region->data + rw->offset, rw->count);
    } else if (adapter->gone) {
        /* the write has no effect */
    } else if (rw->region == VFIO_PCI_CONFIG_REGION_INDEX) {
        adapter_write_config(adapter, rw->offset, rw->count, rw->data);
    } else {
        memcpy(region->data + rw->offset, rw->data, rw->count);
        adapter_irq_rearm(adapter, rw);
    }

    if (rw->region != VFIO_PCI_CONFIG_REGION_INDEX &&
        !adapter->forgets_accesses) {
        access = g_new0(AdapterAccess, 1);
        access->write = write;
        access->posted = rw->hdr.flags & VFIO_USER_NO_REPLY;
        access->region = rw->region;
        access->offset = rw->offset;
        access->count = rw->count;
        memcpy(access->data, rw->data, MIN(rw->count, sizeof(access->data)));
        g_queue_push_tail(&adapter->accesses, access);
    }
    return 0;
}

static int adapter_irq_info(Adapter *adapter, VFIOUserIRQInfo *irq)
{
    irq->flags = VFIO_IRQ_INFO_EVENTFD;
    switch (irq->index) {
    case VFIO_PCI_INTX_IRQ_INDEX:
        irq->count =
            !!adapter->region[VFIO_PCI_CONFIG_REGION_INDEX]
                .data[PCI_INTERRUPT_PIN];
        return 0;
    case VFIO_PCI_MSI_IRQ_INDEX:
        irq->count = adapter->msi_vectors;
        return 0;
    case VFIO_PCI_MSIX_IRQ_INDEX:
        irq->count = adapter->msix_vectors;
        return 0;
    case VFIO_PCI_ERR_IRQ_INDEX:
        return -EINVAL;
    default:
        irq->count = 0;
        return 0;
    }
}

/* Returns the size of the reply */
static uint32_t adapter_region_info(Adapter *adapter, VFIOUserRegionInfo *info)
{
    AdapterRegion *region = &adapter->region[info->index];
    uint32_t room = info->argsz;

    info->flags = region->flags;
    info->size = region->said_size ?: region->size;
    info->cap_offset = 0;
    info->offset = region->file_offset;
    if (adapter->region_argsz) {
        info->argsz = adapter->region_argsz;
    }
    if (region->caps) {
        info->argsz = sizeof(struct vfio_region_info) + region->caps_size;
    }
    if (!region->caps || info->argsz > room) {
        return sizeof(*info);
    }
    info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
    info->cap_offset = region->caps_offset;
    memcpy(info + 1, region->caps, region->caps_size);
    return sizeof(*info) + region->caps_size;
}

void adapter_answer(Adapter *adapter, AdapterMessage *m)
{
    uint32_t size = sizeof(m->hdr);
    int error = 0;

    switch (m->hdr.command) {
    case VFIO_USER_VERSION:
        size = sizeof(m->version);
        if (adapter->capabilities) {
            size += strlen(adapter->capabilities) + 1;
            strcpy(m->version.capabilities, adapter->capabilities);
        }
        break;
    case VFIO_USER_DEVICE_GET_INFO:
        size = sizeof(m->info);
        m->info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
        m->info.num_regions = adapter->num_regions;
        m->info.num_irqs = adapter->num_irqs;
        break;
    case VFIO_USER_DEVICE_GET_REGION_INFO:
        if (m->region.index >= ADAPTER_REGIONS) {
            error = -EINVAL;
            break;
        }
        size = adapter_region_info(adapter, &m->region);
        break;
    case VFIO_USER_DEVICE_GET_IRQ_INFO:
        size = sizeof(m->irq);
        error = adapter_irq_info(adapter, &m->irq);
        break;
    case VFIO_USER_REGION_READ:
        error = adapter_access(adapter, &m->rw, false);
        size = sizeof(m->rw) + m->rw.count;
        break;
    case VFIO_USER_REGION_WRITE:
        error = adapter_access(adapter, &m->rw, true);
        size = sizeof(m->rw);
        break;
    case VFIO_USER_DEVICE_RESET:
        adapter->gone = adapter->gone_after_reset;
        break;
    case VFIO_USER_DMA_MAP:
    case VFIO_USER_DMA_UNMAP:
        break;
    case VFIO_USER_DEVICE_SET_IRQS:
        error = adapter_set_irqs(adapter, &m->irq_set);
        break;
    default:
        error = -ENOSYS;
        break;
    }

    m->hdr.flags = (m->hdr.flags & VFIO_USER_NO_REPLY) | VFIO_USER_REPLY;
    if (error) {
        m->hdr.flags |= VFIO_USER_ERROR;
        m->hdr.error_reply = -error;
        size = sizeof(m->hdr);
    }
    m->hdr.size = size;
}
