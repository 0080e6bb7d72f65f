/*
 * A display adapter for tests: the server's end of vfio-user, in the test
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "hw/pci/pci_regs.h"
#include "qemu/bswap.h"
#include "vfio-user-adapter-internal.h"

GMutex adapter_send_lock;

Adapter *adapter_new(void)
{
    Adapter *adapter = g_new0(Adapter, 1);
    uint8_t *config;
    int i;

    for (i = 0; i <= VFIO_PCI_MSIX_IRQ_INDEX; i++) {
        adapter->irq.fd[i] = -1;
    }
    g_mutex_init(&adapter->lock);
    g_cond_init(&adapter->changed);
    g_queue_init(&adapter->accesses);
    g_queue_init(&adapter->reply_messages);
    adapter->conn_fd = -1;
    adapter_set_counts(adapter, ADAPTER_REGIONS, VFIO_PCI_REQ_IRQ_INDEX + 1);
    adapter_set_capabilities(adapter, "{\"capabilities\":{\"max_msg_fds\":8}}");

    adapter_set_region(adapter, VFIO_PCI_CONFIG_REGION_INDEX,
                       VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
                       PCI_CFG_SPACE_SIZE);
    config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);
    stw_le_p(config + PCI_VENDOR_ID, ADAPTER_VENDOR);
    stw_le_p(config + PCI_DEVICE_ID, ADAPTER_DEVICE);
    stw_le_p(config + PCI_CLASS_DEVICE, 0x0300 /* VGA */);
    stw_le_p(adapter->wmask + PCI_COMMAND, 0x0507);
    return adapter;
}

void adapter_set_counts(Adapter *adapter, uint32_t regions, uint32_t irqs)
{
    adapter->num_regions = regions;
    adapter->num_irqs = irqs;
}

void adapter_set_region(Adapter *adapter, unsigned region, uint32_t flags,
                        uint64_t size)
{
    g_assert_cmpint(region, <, ADAPTER_REGIONS);
    g_free(adapter->region[region].data);
    adapter->region[region].flags = flags;
    adapter->region[region].size = size;
    adapter->region[region].data = g_malloc0(size);
}

/* Set a base address register of @size bytes at @offset */
static void adapter_set_base(Adapter *adapter, unsigned offset, uint32_t size,
                             uint32_t bits)
{
    uint8_t *config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);

    stl_le_p(config + offset, bits);
    stl_le_p(adapter->wmask + offset, ~(size - 1) | bits);
}

void adapter_set_bar(Adapter *adapter, unsigned bar, uint32_t size, bool io)
{
    g_assert_cmpint(bar, <=, VFIO_PCI_BAR5_REGION_INDEX);
    adapter_set_region(adapter, bar,
                       VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
                       size);
    adapter_set_base(adapter, PCI_BASE_ADDRESS_0 + 4 * bar, size,
                     io ? PCI_BASE_ADDRESS_SPACE_IO : 0);
}

void adapter_set_rom(Adapter *adapter, uint32_t size)
{
    adapter_set_region(adapter, VFIO_PCI_ROM_REGION_INDEX,
                       VFIO_REGION_INFO_FLAG_READ, size);
    adapter_set_base(adapter, PCI_ROM_ADDRESS, size, 0);
    adapter->wmask[PCI_ROM_ADDRESS] |= PCI_ROM_ADDRESS_ENABLE;
}

void adapter_set_msix(Adapter *adapter, unsigned bar, unsigned vectors)
{
    uint8_t *config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);
    uint8_t *cap = config + ADAPTER_MSIX_CAP;

    config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    config[PCI_CAPABILITY_LIST] = ADAPTER_MSIX_CAP;
    cap[PCI_CAP_LIST_ID] = PCI_CAP_ID_MSIX;
    stw_le_p(cap + PCI_MSIX_FLAGS, vectors - 1);
    stl_le_p(cap + PCI_MSIX_TABLE, bar);
    stl_le_p(cap + PCI_MSIX_PBA, adapter->region[bar].size / 2 | bar);
    stw_le_p(adapter->wmask + ADAPTER_MSIX_CAP + PCI_MSIX_FLAGS,
             PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    adapter->msix_vectors = vectors;
}

void adapter_set_pm(Adapter *adapter)
{
    uint8_t *config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);
    uint8_t *cap = config + ADAPTER_PM_CAP;

    cap[PCI_CAP_LIST_ID] = PCI_CAP_ID_PM;
    cap[PCI_CAP_LIST_NEXT] = config[PCI_CAPABILITY_LIST];
    stw_le_p(cap + PCI_PM_PMC, 3 | PCI_PM_CAP_D1 | PCI_PM_CAP_D2);
    stw_le_p(cap + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
    stw_le_p(adapter->wmask + ADAPTER_PM_CAP + PCI_PM_CTRL,
             PCI_PM_CTRL_STATE_MASK);
    config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    config[PCI_CAPABILITY_LIST] = ADAPTER_PM_CAP;
}

void adapter_set_power(Adapter *adapter, uint16_t pmcsr)
{
    uint8_t *config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);

    stw_le_p(config + ADAPTER_PM_CAP + PCI_PM_CTRL, pmcsr);
    stw_le_p(adapter->wmask + ADAPTER_PM_CAP + PCI_PM_CTRL, 0);
}

void adapter_set_intx(Adapter *adapter)
{
    adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX)[PCI_INTERRUPT_PIN] = 1;
}

void adapter_set_msi(Adapter *adapter)
{
    uint8_t *config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);
    uint8_t *cap = config + ADAPTER_MSI_CAP;

    cap[PCI_CAP_LIST_ID] = PCI_CAP_ID_MSI;
    cap[PCI_CAP_LIST_NEXT] = config[PCI_CAPABILITY_LIST];
    stw_le_p(cap + PCI_MSI_FLAGS, PCI_MSI_FLAGS_64BIT);
    config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    config[PCI_CAPABILITY_LIST] = ADAPTER_MSI_CAP;
    adapter->msi_vectors = 1;
}

void adapter_set_rearm(Adapter *adapter, uint64_t offset, unsigned size,
                       uint32_t value)
{
    adapter->irq.rearm_offset = offset;
    adapter->irq.rearm_size = size;
    stl_le_p(&adapter->irq.rearm_value, value);
}

void adapter_set_capabilities(Adapter *adapter, const char *json)
{
    adapter->capabilities = json;
}

void adapter_set_region_argsz(Adapter *adapter, uint32_t argsz)
{
    adapter->region_argsz = argsz;
}

void adapter_set_region_size(Adapter *adapter, unsigned region, uint64_t size)
{
    adapter->region[region].said_size = size;
}

void adapter_set_region_caps(Adapter *adapter, unsigned region,
                             const void *caps, uint32_t size, uint32_t offset)
{
    adapter->region[region].caps = caps;
    adapter->region[region].caps_size = size;
    adapter->region[region].caps_offset = offset;
}

void adapter_set_express(Adapter *adapter)
{
    uint8_t config[PCI_CFG_SPACE_SIZE];

    memcpy(config, adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX),
           sizeof(config));
    adapter_set_region(adapter, VFIO_PCI_CONFIG_REGION_INDEX,
                       VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
                       PCI_CFG_SPACE_EXP_SIZE);
    memcpy(adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX), config,
           sizeof(config));
}

void adapter_set_sender(Adapter *adapter, AdapterSender *sender, void *opaque)
{
    adapter->sender = sender;
    adapter->sender_opaque = opaque;
}

void adapter_forget_accesses(Adapter *adapter)
{
    adapter->forgets_accesses = true;
}

void adapter_set_region_file(Adapter *adapter, unsigned region, int file,
                             uint64_t offset)
{
    adapter->region[region].has_file = true;
    adapter->region[region].file = file;
    adapter->region[region].file_offset = offset;
    adapter->region[region].flags |= VFIO_REGION_INFO_FLAG_MMAP;
}

void adapter_start(Adapter *adapter)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };

    adapter->dir = g_dir_make_tmp("vfio-user-adapter-XXXXXX", NULL);
    g_assert_nonnull(adapter->dir);
    adapter->path = g_build_filename(adapter->dir, "socket", NULL);
    g_assert_cmpint(strlen(adapter->path), <, sizeof(un.sun_path));
    strcpy(un.sun_path, adapter->path);

    adapter->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(adapter->listen_fd, >=, 0);
    g_assert_cmpint(bind(adapter->listen_fd, (struct sockaddr *)&un,
                         sizeof(un)), ==, 0);
    g_assert_cmpint(listen(adapter->listen_fd, 1), ==, 0);
    g_assert_true(g_unix_open_pipe(adapter->wake, FD_CLOEXEC, NULL));
    adapter->thread = g_thread_new("adapter", adapter_thread, adapter);
}

const char *adapter_path(Adapter *adapter)
{
    return adapter->path;
}

uint8_t *adapter_data(Adapter *adapter, unsigned region)
{
    return adapter->region[region].data;
}

void adapter_fault(Adapter *adapter, AdapterFault fault, unsigned command,
                   unsigned region)
{
    g_mutex_lock(&adapter->lock);
    adapter->fault = fault;
    adapter->fault_command = command;
    adapter->fault_region = region;
    g_mutex_unlock(&adapter->lock);
}

void adapter_set_gone(Adapter *adapter, bool now, bool after_reset)
{
    g_mutex_lock(&adapter->lock);
    adapter->gone = now;
    adapter->gone_after_reset = after_reset;
    g_mutex_unlock(&adapter->lock);
}

void adapter_ask(Adapter *adapter, unsigned command, unsigned fds)
{
    g_mutex_lock(&adapter->lock);
    adapter->ask = true;
    adapter->ask_command = command;
    adapter->ask_fds = fds;
    g_mutex_unlock(&adapter->lock);
}

bool adapter_send_raw(Adapter *adapter, const void *buf, size_t size)
{
    const uint8_t *next = buf;
    ssize_t sent = 1;

    while (size && sent > 0) {
        g_mutex_lock(&adapter_send_lock);
        sent = send(adapter->conn_fd, next, size, MSG_NOSIGNAL);
        g_mutex_unlock(&adapter_send_lock);
        next += sent;
        size -= MAX(sent, 0);
    }
    return !size;
}

void adapter_ask_first(Adapter *adapter, const void *msg, size_t size)
{
    g_mutex_lock(&adapter->lock);
    g_assert_null(adapter->first);
    adapter->first = g_bytes_new(msg, size);
    g_mutex_unlock(&adapter->lock);
}

void adapter_pause(Adapter *adapter, bool pause)
{
    g_mutex_lock(&adapter->lock);
    adapter->paused = pause;
    g_cond_broadcast(&adapter->changed);
    g_mutex_unlock(&adapter->lock);
}

void adapter_set_pace(Adapter *adapter, unsigned ms, unsigned for_ms)
{
    g_mutex_lock(&adapter->lock);
    adapter->pace = ms;
    adapter->pace_end = g_get_monotonic_time() +
                        for_ms * G_TIME_SPAN_MILLISECOND;
    g_mutex_unlock(&adapter->lock);
}

void adapter_refuse_irq(Adapter *adapter, unsigned index, unsigned error)
{
    g_mutex_lock(&adapter->lock);
    adapter->irq.error[index] = error;
    g_mutex_unlock(&adapter->lock);
}

int adapter_irq_index(Adapter *adapter)
{
    int index;

    g_mutex_lock(&adapter->lock);
    index = adapter_irq_on(adapter);
    g_mutex_unlock(&adapter->lock);
    return index;
}

/* Returns *@counter, which the lock protects */
static unsigned adapter_count(Adapter *adapter, const unsigned *counter)
{
    unsigned n;

    g_mutex_lock(&adapter->lock);
    n = *counter;
    g_mutex_unlock(&adapter->lock);
    return n;
}

unsigned adapter_irq_enabled(Adapter *adapter, unsigned index)
{
    return adapter_count(adapter, &adapter->irq.enabled[index]);
}

unsigned adapter_irq_conflicts(Adapter *adapter)
{
    return adapter_count(adapter, &adapter->irq.conflicts);
}

unsigned adapter_irq_unmasked(Adapter *adapter)
{
    return adapter_count(adapter, &adapter->irq.unmasked);
}

bool adapter_interrupt(Adapter *adapter)
{
    bool signalled;

    g_mutex_lock(&adapter->lock);
    signalled = adapter_irq_signal(adapter);
    g_mutex_unlock(&adapter->lock);
    return signalled;
}

/* Whether an interrupt was signalled that QEMU has not read yet */
static bool adapter_irq_waits(Adapter *adapter)
{
    struct pollfd pfd = { .fd = -1, .events = POLLIN };
    int on;

    g_mutex_lock(&adapter->lock);
    on = adapter_irq_on(adapter);
    if (on >= 0) {
        pfd.fd = adapter->irq.fd[on];
    }
    on = poll(&pfd, 1, 0);
    g_mutex_unlock(&adapter->lock);
    return on > 0;
}

void adapter_wait_irq_taken(Adapter *adapter)
{
    gint64 end = g_get_monotonic_time() + ADAPTER_PATIENCE;

    while (adapter_irq_waits(adapter)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(100);
    }
}

bool adapter_next(Adapter *adapter, AdapterAccess *access)
{
    g_autofree AdapterAccess *first = NULL;

    g_mutex_lock(&adapter->lock);
    first = g_queue_pop_head(&adapter->accesses);
    g_mutex_unlock(&adapter->lock);
    if (first) {
        *access = *first;
    }
    return first;
}

unsigned adapter_requests(Adapter *adapter, unsigned command)
{
    return adapter_count(adapter, &adapter->requests[command]);
}

/* Wait until *@counter, which the lock protects, is at least @n */
static void adapter_wait(Adapter *adapter, const unsigned *counter, unsigned n)
{
    gint64 end = g_get_monotonic_time() + ADAPTER_PATIENCE;

    g_mutex_lock(&adapter->lock);
    while (*counter < n) {
        g_assert_true(g_cond_wait_until(&adapter->changed, &adapter->lock,
                                        end));
    }
    g_mutex_unlock(&adapter->lock);
}

void adapter_wait_requests(Adapter *adapter, unsigned command, unsigned n)
{
    adapter_wait(adapter, &adapter->requests[command], n);
}

void adapter_wait_replies(Adapter *adapter, unsigned n)
{
    adapter_wait(adapter, &adapter->replies, n);
}

GBytes *adapter_next_reply(Adapter *adapter)
{
    gint64 end = g_get_monotonic_time() + ADAPTER_PATIENCE;
    GBytes *reply;

    g_mutex_lock(&adapter->lock);
    while (!(reply = g_queue_pop_head(&adapter->reply_messages))) {
        g_assert_true(g_cond_wait_until(&adapter->changed, &adapter->lock,
                                        end));
    }
    g_mutex_unlock(&adapter->lock);
    return reply;
}

void adapter_wait_closed(Adapter *adapter, unsigned n)
{
    adapter_wait(adapter, &adapter->closed, n);
}

void adapter_free(Adapter *adapter)
{
    int i;

    adapter_pause(adapter, false);
    if (adapter->thread) {
        close(adapter->wake[1]);
        g_thread_join(adapter->thread);
        close(adapter->wake[0]);
        close(adapter->listen_fd);
        g_unlink(adapter->path);
        g_rmdir(adapter->dir);
    }
    g_free(adapter->path);
    g_free(adapter->dir);
    adapter_irq_forget(adapter);
    for (i = 0; i < ADAPTER_REGIONS; i++) {
        g_free(adapter->region[i].data);
    }
    g_queue_clear_full(&adapter->accesses, g_free);
    g_queue_clear_full(&adapter->reply_messages,
                       (GDestroyNotify)g_bytes_unref);
    g_clear_pointer(&adapter->first, g_bytes_unref);
    g_mutex_clear(&adapter->lock);
    g_cond_clear(&adapter->changed);
    g_free(adapter);
}
