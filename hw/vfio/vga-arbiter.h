/*
 * Holding the host's VGA arbiter while a guest draws
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Several adapters of the host share the legacy VGA ranges, and Linux switches
 * between them by the VGA Enable bits of the bridges above (its VGA arbiter,
 * drivers/pci/vgaarb.c).  vfio-pci locks the arbiter for each call by itself,
 * so all accesses are correct without this file.  But if two users draw at
 * once, each call may begin with a switch; a user that holds the arbiter over a
 * burst of calls causes one switch in a burst.
 *
 * All other users wait meanwhile, so this is off by default, and bounded: the
 * arbiter is released when the adapter has not been accessed for a while, and
 * after VFIO_VGA_ARBITER_HOLD_MS at the latest, and then others can lock it.
 *
 * It uses these commands of /dev/vga_arbiter (Documentation/gpu/vgaarbiter.rst
 * in Linux):
 *
 *   target PCI:DDDD:BB:DD.F   once, before anything else lock io+mem
 *   waits, and no signal ends that, not even SIGKILL: so never in a vCPU's or
 *   the main thread unlock io+mem
 *
 * It does not use trylock, which at least up to Linux 6.18 reports the opposite
 * of what it did, and so leaves locks behind.  Closing the file, also by
 * exiting, releases all locks taken through it.
 */

#ifndef HW_VFIO_VGA_ARBITER_H
#define HW_VFIO_VGA_ARBITER_H

struct VFIOPCIDevice;

#define VFIO_VGA_ARBITER_PATH "/dev/vga_arbiter"

/* Longest time to hold the arbiter at once: others' screens stand still then */
#define VFIO_VGA_ARBITER_HOLD_MS 10

/* Time without an access after which the arbiter is released */
#define VFIO_VGA_ARBITER_IDLE_MS 2

/* Pause before it is locked again, so that a waiting user gets it */
#define VFIO_VGA_ARBITER_REST_MS 1

typedef struct VFIOVGAArbiter VFIOVGAArbiter;

/* The user's options for an adapter, and the result */
typedef struct VFIOVGAHold {
    bool on;
    char *fd_name;               /* or NULL: QEMU opens the node itself */
    VFIOVGAArbiter *arbiter;     /* NULL: the option is off */
} VFIOVGAHold;

/**
 * vfio_vga_arbiter_open: open the arbiter's node
 *
 * @path: VFIO_VGA_ARBITER_PATH, or a test's
 * @errp: set on failure to the reason, with a hint what to do
 *
 * Returns the file descriptor, which the caller has to close, or -1.
 */
int vfio_vga_arbiter_open(const char *path, Error **errp);

/**
 * vfio_vga_arbiter_node: the name that Linux has for a character device
 *
 * @device: its number
 * @sys: /sys/dev/char, or a test's
 * @misc: /proc/misc, or a test's, which is read if there is no @sys
 *
 * Returns the name, newly allocated, "" if it has none that could be the
 * arbiter's, or NULL if there is neither @sys nor @misc.
 */
char *vfio_vga_arbiter_node(dev_t device, const char *sys, const char *misc);

/**
 * vfio_vga_arbiter_check_fd: is this the arbiter's node?
 *
 * @fd: a file descriptor that the user has passed; still the caller's
 * @errp: set on failure to the reason
 *
 * The node is the character device that Linux names vga_arbiter, since its
 * number is dynamic.  Fails if there is neither /sys nor /proc.
 */
bool vfio_vga_arbiter_check_fd(int fd, Error **errp);

/**
 * vfio_vga_arbiter_new: start the thread that holds the arbiter
 *
 * @name: of the adapter, for messages; copied
 * @address: of the adapter on the host, DDDD:BB:DD.F
 * @fd: an open file of the arbiter that no other program uses, not even through
 *      a duplicate, since target and locks belong to the open file.  On success
 *      the arbiter owns it and closes it.  It is set to close on exec
 * @errp: set on failure, for example if the arbiter does not know the adapter
 *
 * Returns the arbiter, or NULL; @fd is then still the caller's.
 */
VFIOVGAArbiter *vfio_vga_arbiter_new(const char *name, const char *address,
                                     int fd, Error **errp);

/**
 * vfio_vga_arbiter_use: the adapter is about to be accessed
 *
 * @arbiter: the adapter's
 *
 * This does not wait: if the arbiter is not held, the thread locks it, and
 * until then the host arbitrates each call, as without this file.  If the
 * arbiter fails, there is one warning, and it is not used again.
 */
void vfio_vga_arbiter_use(VFIOVGAArbiter *arbiter);

/**
 * vfio_vga_arbiter_holds: how often the arbiter was held
 *
 * @arbiter: the adapter's
 */
uint64_t vfio_vga_arbiter_holds(VFIOVGAArbiter *arbiter);

/**
 * vfio_vga_arbiter_free: end the thread
 *
 * @arbiter: the adapter's; must not be used afterwards
 *
 * This does not wait either.  The thread releases the arbiter, closes the file
 * and ends: at once, or if it waits for another user, when that user releases
 * it.
 */
void vfio_vga_arbiter_free(VFIOVGAArbiter *arbiter);

/**
 * vfio_vga_arbiter_setup: start the arbiter with x-vga-arbiter=on
 *
 * @vdev: the adapter, with vdev->vga if x-vga is on
 * @errp: set on failure to the reason, with a hint what to do
 *
 * Returns true on success, also with x-vga-arbiter=off.
 */
bool vfio_vga_arbiter_setup(struct VFIOPCIDevice *vdev, Error **errp);

/**
 * vfio_vga_arbiter_finalize: undo vfio_vga_arbiter_setup()
 *
 * @vdev: the adapter; may have no arbiter
 */
void vfio_vga_arbiter_finalize(struct VFIOPCIDevice *vdev);

#endif /* HW_VFIO_VGA_ARBITER_H */
