/*
 * The BARs of a vfio-user device, before there is one
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header is the manual.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/device.h"
#include "hw/vfio-user/probe.h"

#define PROBE_TIMEOUT 5000      /* ms, as the default of x-msg-timeout */

static void probe_request(void *opaque, VFIOUserMsg *msg)
{
    /* Nothing is mapped for the server, so it has nothing to ask for */
    vfio_user_send_error(opaque, msg->hdr, ENOSYS);
    if (msg->fds) {
        vfio_user_putfds(msg);
    }
}

static bool probe_one(VFIODevice *vbasedev, int nr, VFIOUserBAR *bar,
                      Error **errp)
{
    struct vfio_region_info info = { .argsz = sizeof(info), .index = nr };
    int fd = -1;
    int ret = vbasedev->io_ops->get_region_info(vbasedev, &info, &fd);

    if (fd >= 0) {
        close(fd);
    }
    if (ret) {
        error_setg_errno(errp, -ret, "no information about BAR %d", nr);
        return false;
    }
    ret = vbasedev->io_ops->region_read(vbasedev, VFIO_PCI_CONFIG_REGION_INDEX,
                                        PCI_BASE_ADDRESS_0 + 4 * nr,
                                        sizeof(bar->bits), &bar->bits);
    if (ret != sizeof(bar->bits)) {
        error_setg(errp, "register of BAR %d cannot be read", nr);
        return false;
    }
    bar->bits = le32_to_cpu(bar->bits);
    bar->size = info.size;
    return true;
}

static bool probe_all(VFIOUserProxy *proxy, const char *path,
                      VFIOUserBAR *bars, Error **errp)
{
    g_autofree VFIODevice *vbasedev = g_new0(VFIODevice, 1);
    int i;

    vbasedev->name = (char *)path;
    vbasedev->proxy = proxy;
    vbasedev->io_ops = &vfio_user_device_io_ops_sock;
    vbasedev->num_initial_regions = VFIO_PCI_NUM_REGIONS;
    vfio_user_set_handler(vbasedev, probe_request, proxy);
    if (!vfio_user_validate_version(proxy, errp)) {
        return false;
    }
    for (i = 0; i < VFIO_USER_PROBE_BARS; i++) {
        if (!probe_one(vbasedev, i, &bars[i], errp)) {
            return false;
        }
    }
    return true;
}

bool vfio_user_probe_bars(const char *path,
                          VFIOUserBAR bars[VFIO_USER_PROBE_BARS],
                          Error **errp)
{
    SocketAddress address = {
        .type = SOCKET_ADDRESS_TYPE_UNIX, .u.q_unix.path = (char *)path,
    };
    VFIOUserProxy *proxy = vfio_user_connect_dev(&address, errp);
    bool ok;

    if (!proxy) {
        return false;
    }
    proxy->wait_time = PROBE_TIMEOUT;
    ok = probe_all(proxy, path, bars, errp);
    vfio_user_disconnect(proxy);
    return ok;
}
