/*
 * PAM: other readers of the guest's memory than the processor
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include <elf.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "qemu/units.h"
#include "vfio-user-adapter.h"
#include "pam-bench.h"

/* Returns a dump's @size bytes at @addr in the first MiB, or NULL */
static uint8_t *dumped(Machine *m, uint64_t addr, uint64_t size)
{
    g_autofree char *name = NULL, *protocol = NULL, *dump = NULL;
    uint8_t *found = NULL;
    Elf64_Ehdr head;
    gsize length;
    unsigned i;
    int fd = g_file_open_tmp("pam-test-XXXXXX", &name, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    protocol = g_strdup_printf("file:%s", name);
    qtest_qmp_assert_success(m->qts,
        "{'execute': 'dump-guest-memory', 'arguments': {"
        " 'paging': false, 'protocol': %s, 'begin': 0, 'length': %d }}",
        protocol, BASE + SIZE);
    g_assert_true(g_file_get_contents(name, &dump, &length, NULL));
    unlink(name);
    memcpy(&head, dump, sizeof(head));
    for (i = 0; i < head.e_phnum; i++) {
        Elf64_Phdr ph;

        memcpy(&ph, dump + head.e_phoff + i * sizeof(ph), sizeof(ph));
        if (ph.p_type == PT_LOAD && ph.p_paddr <= addr &&
            ph.p_paddr + ph.p_filesz >= addr + size) {
            g_assert_cmpint(ph.p_offset + ph.p_filesz, <=, length);
            found = g_memdup2(dump + ph.p_offset + (addr - ph.p_paddr), size);
        }
    }
    return found;
}

void test_pam_dump(gconstpointer data)
{
    Machine m;
    unsigned i;

    bench_start_sides(&m, data);
    for (i = 0; i < SEGMENTS; i++) {
        uint64_t base = segment_base(i);
        uint32_t size = segment_size(i);
        g_autofree uint8_t *seen = NULL;

        set_modes(&m, i & 1 ? 0 : RE | WE);
        set_mode(&m, i, RE);
        seen = dumped(&m, base, size);
        g_assert_nonnull(seen);
        g_assert_cmpmem(seen, size, m.dram + (base - BASE), size);
    }
    set_modes(&m, RE);
    for (i = 0; i < 2; i++) {
        g_autofree uint8_t *seen = dumped(&m, BASE, SIZE);

        g_assert_cmpmem(seen, SIZE, m.dram, SIZE);
        set_modes(&m, RE | WE);
    }
    bench_end(&m);
}

/* Counts lines of the log that say that @size bytes at @addr were mapped */
static unsigned mapped(const char *log, uint64_t addr, uint64_t size,
                       bool writable)
{
    g_autofree char *line = g_strdup_printf("iova 0x%" PRIx64 " size 0x%" PRIx64
                                            " ", addr, size);
    g_autofree char *flags = g_strdup_printf(" flags 0x%x ", writable ? 3 : 1);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    unsigned n = 0, i;

    g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (i = 0; lines[i]; i++) {
        n += strstr(lines[i], line) && strstr(lines[i], flags);
    }
    return n;
}

void test_pam_dma(gconstpointer data)
{
    g_autofree char *log = NULL, *options = NULL;
    const uint64_t addr = 0xd0000;
    Adapter *adapter;
    Machine m;
    int fd;

    if (!qtest_has_device("vfio-user-pci")) {
        g_test_skip("no vfio-user-pci");
        return;
    }
    fd = g_file_open_tmp("pam-test-XXXXXX", &log, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    adapter = adapter_new();
    adapter_start(adapter);
    options = g_strdup_printf("-trace vfio_user_dma_map -D %s "
        "-device '{\"driver\": \"vfio-user-pci\", \"socket\": "
        "{\"type\": \"unix\", \"path\": \"%s\"}}'", log,
        adapter_path(adapter));
    bench_start(&m, data, STRICT, options);
    set_modes(&m, RE | WE);
    g_assert_cmpint(mapped(log, addr, 0x4000, false), ==, 0);
    set_mode(&m, segment_at(addr), RE);
    g_assert_cmpint(mapped(log, addr, 0x4000, false), ==, 1);
    set_mode(&m, segment_at(addr), WE);
    set_mode(&m, segment_at(addr), RE);
    g_assert_cmpint(mapped(log, addr, 0x4000, false), ==, 2);
    g_assert_cmpint(mapped(log, addr, 0x4000, true), ==, 0);
    bench_end(&m);
    unlink(log);
    adapter_free(adapter);
}

#ifdef CONFIG_VHOST_NET_USER

/* A minimal vhost-user backend, which makes QEMU tell it of memory */
static gpointer backend_thread(gpointer opaque)
{
    int fd = accept(GPOINTER_TO_INT(opaque), NULL, NULL);
    struct {
        uint32_t request, flags, size;
        uint8_t payload[4096];
    } message;
    const uint64_t features = 1ULL << 32;       /* VIRTIO_F_VERSION_1 */
    const size_t head = offsetof(typeof(message), payload);

    while (recv(fd, &message, head, MSG_WAITALL) == head) {
        g_assert_cmpint(message.size, <=, sizeof(message.payload));
        if (message.size) {
            recv(fd, message.payload, message.size, MSG_WAITALL);
        }
        if (message.request == 1) {             /* VHOST_USER_GET_FEATURES */
            message.flags = 5;                  /* version 1, a reply */
            message.size = sizeof(features);
            memcpy(message.payload, &features, sizeof(features));
            g_assert_cmpint(write(fd, &message, head + sizeof(features)), ==,
                            head + sizeof(features));
        }
    }
    close(fd);
    return NULL;
}

static int backend_listen(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    g_assert_cmpint(bind(fd, (void *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

void test_pam_vhost(gconstpointer data)
{
    g_autofree char *dir = g_dir_make_tmp("pam-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "socket", NULL);
    g_autofree char *log = g_build_filename(dir, "log", NULL);
    g_autofree char *options = g_strdup_printf(
        "-m 128M -object memory-backend-memfd,id=ram,size=128M "
        "-trace 'vhost_region_add_section*' -D %s "
        "-chardev socket,id=backend,path=%s "
        "-netdev vhost-user,id=net,chardev=backend", log, path);
    g_autofree char *text = NULL;
    GThread *thread;
    Machine m;
    int fd;

    fd = backend_listen(path);
    thread = g_thread_new("backend", backend_thread, GINT_TO_POINTER(fd));
    bench_start(&m, data, "x-pam-strict=on,memory-backend=ram", options);
    set_modes(&m, RE | WE);
    set_mode(&m, 0, RE);
    bench_end(&m);
    g_thread_join(thread);
    close(fd);
    g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "pam-dram: 0xf0000"));
    /* and not a region of its own, of which a backend has a limited number */
    g_assert_nonnull(strstr(text, "vhost_region_add_section_merge pam-dram"));
    unlink(log);
    unlink(path);
    rmdir(dir);
}

#endif
