/*
 * Files of a vfio-user server that QEMU maps
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "hw/vfio-user/proxy.h"
#include "hw/vfio-user/region-file.h"
#include "hw/vfio/vfio-helpers.h"
#include "qemu/error-report.h"
#include "qemu/memfd.h"

#define REGION_READ_WRITE \
    (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)

/* Offset in the region from which on no byte is mapped */
static uint64_t region_mapped_end(struct vfio_region_info *info)
{
    struct vfio_info_cap_header *cap =
        vfio_get_region_info_cap(info, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
    struct vfio_region_info_cap_sparse_mmap *sparse;
    uint64_t end = 0;
    uint32_t i;

    if (!cap) {
        return info->size;
    }
    sparse = container_of(cap, struct vfio_region_info_cap_sparse_mmap, header);
    for (i = 0; i < sparse->nr_areas; i++) {
        if (sparse->areas[i].size) {
            end = MAX(end, sparse->areas[i].offset + sparse->areas[i].size);
        }
    }
    return end;
}

static bool region_file_is_long_enough(struct vfio_region_info *info,
                                       const struct stat *st)
{
    uint64_t size = st->st_size;

    return info->offset <= size &&
           region_mapped_end(info) <= size - info->offset;
}

static bool region_file_seal(int fd)
{
    int seals;

    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK);
    seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && seals & F_SEAL_SHRINK;
}

/*
 * Returns NULL, or the reason why the file cannot be mapped.  Once it is
 * sealed, the file cannot become shorter.
 */
static const char *region_file_judge(struct vfio_region_info *info, int fd,
                                     OnOffAuto wish)
{
    struct stat st;

    if (fd < 0) {
        return "the server gave no file with it";
    }
    if ((info->flags & REGION_READ_WRITE) != REGION_READ_WRITE) {
        return "the guest cannot both read and write it";
    }
    if (wish == ON_OFF_AUTO_AUTO && !region_file_seal(fd)) {
        return "its file cannot be sealed against shrinking "
               "(x-mmap=on maps it without the seal)";
    }
    if (fstat(fd, &st) ||
        (S_ISREG(st.st_mode) && !region_file_is_long_enough(info, &st))) {
        return "its file is too short";
    }
    return NULL;
}

bool vfio_user_region_file_check(VFIODevice *vbasedev,
                                 struct vfio_region_info *info, int fd)
{
    OnOffAuto wish = vbasedev->proxy->mmap;
    const char *why_not = NULL;
    bool asked = info->flags & VFIO_REGION_INFO_FLAG_MMAP &&
                 info->index <= VFIO_PCI_BAR5_REGION_INDEX &&
                 wish != ON_OFF_AUTO_OFF;

    if (asked) {
        why_not = region_file_judge(info, fd, wish);
    }
    if (why_not) {
        warn_report(VFIO_MSG_PREFIX "BAR %u is reached by messages, which is "
                    "slower: %s", vbasedev->name, info->index, why_not);
    }
    if (!asked || why_not) {
        info->flags &= ~VFIO_REGION_INFO_FLAG_MMAP;
        return false;
    }
    return true;
}
