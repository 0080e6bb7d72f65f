/*
 * Holding the host's VGA arbiter while a guest draws
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Several adapters of the host share the legacy VGA ranges, and Linux switches
 * between them by the VGA Enable bits of the bridges above (its VGA arbiter,
 * drivers/pci/vgaarb.c).  vfio-pci takes the arbiter for each call by itself,
 * so nothing here makes an access right that would be wrong otherwise.  With
 * two users that draw at once, though, each call may begin with a switch; a
 * user that holds the arbiter over a burst has one switch in a burst.
 *
 * All others pay for that by waiting, so it is off unless the user asks for
 * it, and bounded: the arbiter is released when the adapter has not been
 * accessed for a while, after VFIO_VGA_ARBITER_HOLD_MS at the latest, and
 * others can then take it.
 *
 * Of the interface of /dev/vga_arbiter (Documentation/gpu/vgaarbiter.rst in
 * Linux) it uses:
 *
 *   target PCI:DDDD:BB:DD.F   once, before anything else
 *   lock io+mem               waits, and a signal does not end that, not even
 *                             SIGKILL: never in a vCPU's or the main thread
 *   unlock io+mem
 *
 * It does not use trylock, which up to Linux 6.18 at least reports the
 * contrary of what it did, and so leaves locks behind.  Closing the file, also
 * by exiting, releases all that was locked through it.
 */

#ifndef HW_VFIO_VGA_ARBITER_H
#define HW_VFIO_VGA_ARBITER_H

struct VFIOPCIDevice;

#define VFIO_VGA_ARBITER_PATH "/dev/vga_arbiter"

/* Held for no longer, in one go: what a screen of others may stand still for */
#define VFIO_VGA_ARBITER_HOLD_MS 10

/* Let go of after so long without an access */
#define VFIO_VGA_ARBITER_IDLE_MS 2

/* Not asked for again before: whoever has waited gets it */
#define VFIO_VGA_ARBITER_REST_MS 1

typedef struct VFIOVGAArbiter VFIOVGAArbiter;

/* Of an adapter: what the user wants, and the result */
typedef struct VFIOVGAHold {
    bool on;
    char *fd_name;               /* or NULL: QEMU opens the node itself */
    VFIOVGAArbiter *arbiter;     /* NULL: not held, ever */
} VFIOVGAHold;

/**
 * vfio_vga_arbiter_open: open the arbiter's node
 *
 * @path: VFIO_VGA_ARBITER_PATH, or a test's
 * @errp: on failure, why, with a hint that says what to do
 *
 * Returns the file descriptor, the caller's to close, or -1.
 */
int vfio_vga_arbiter_open(const char *path, Error **errp);

/**
 * vfio_vga_arbiter_node: the name that Linux has for a character device
 *
 * @device: its number
 * @sys: /sys/dev/char, or a test's
 * @misc: /proc/misc, or a test's, which is asked where there is no @sys
 *
 * Returns the name, newly allocated, "" if it has none that could be the
 * arbiter's, or NULL if there is neither @sys nor @misc.
 */
char *vfio_vga_arbiter_node(dev_t device, const char *sys, const char *misc);

/**
 * vfio_vga_arbiter_check_fd: is this the arbiter's node?
 *
 * @fd: a file descriptor that the user has passed; still the caller's
 * @errp: on failure, what it is not
 *
 * A character device that Linux calls vga_arbiter: its number is dynamic.
 * Fails if there is neither /sys nor /proc to ask.
 */
bool vfio_vga_arbiter_check_fd(int fd, Error **errp);

/**
 * vfio_vga_arbiter_new: start the thread that holds
 *
 * @name: of the adapter, for messages; copied
 * @address: of the adapter on the host, DDDD:BB:DD.F
 * @fd: an open file of the arbiter that nobody else uses, not even through a
 *      duplicate, since target and locks belong to the open file.  On success
 *      the arbiter owns it and closes it.  It is set to close on exec
 * @errp: on failure, why: the arbiter does not know the adapter, for example
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
 * Does not wait: if the arbiter is not held, the thread asks for it, and until
 * the thread has it the host arbitrates each call, as it does anyway.  If the
 * arbiter fails, there is one warning, and it is not asked again.
 */
void vfio_vga_arbiter_use(VFIOVGAArbiter *arbiter);

/**
 * vfio_vga_arbiter_holds: how often it was held
 *
 * @arbiter: the adapter's
 */
uint64_t vfio_vga_arbiter_holds(VFIOVGAArbiter *arbiter);

/**
 * vfio_vga_arbiter_free: hold no more
 *
 * @arbiter: the adapter's; not to be used any more
 *
 * Does not wait either.  The thread releases the arbiter, closes the file and
 * ends: at once, or if it waits for another user, when that user releases it.
 */
void vfio_vga_arbiter_free(VFIOVGAArbiter *arbiter);

/**
 * vfio_vga_arbiter_setup: do what x-vga-arbiter=on asks for
 *
 * @vdev: the adapter, with vdev->vga if x-vga is on
 * @errp: on failure, why, with a hint that says what to do
 *
 * Returns true on success, also if nothing is asked for.
 */
bool vfio_vga_arbiter_setup(struct VFIOPCIDevice *vdev, Error **errp);

/**
 * vfio_vga_arbiter_finalize: undo vfio_vga_arbiter_setup()
 *
 * @vdev: the adapter; may have no arbiter
 */
void vfio_vga_arbiter_finalize(struct VFIOPCIDevice *vdev);

#endif /* HW_VFIO_VGA_ARBITER_H */
