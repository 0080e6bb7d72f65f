/*
 * The memory below 1 MiB as pc and q35 decode it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_PAM_BENCH_H
#define TESTS_PAM_BENCH_H

#include "libqos/pci-pc.h"
#include "libqtest.h"

#define CHIPSETS 2

#define BASE            0xc0000
#define SIZE            0x40000
#define SEGMENTS        13
#define RE              1
#define WE              2
#define STRICT          "x-pam-strict=on,x-legacy-hole=on,x-smram-strict=on"
#define SHMEM           "-object memory-backend-ram,id=shm,size=256K " \
                        "-device ivshmem-plain,memdev=shm,addr=5"
#define SHMEM_DEVFN     QPCI_DEVFN(5, 0)
#define SHMEM_BAR       0x18
#define ROM_TOP         0xffff0000      /* the firmware, for the F segment */

#define D_OPEN          0x40
#define D_CLS           0x20
#define D_LCK           0x10
#define G_SMRAME        0x08
#define C_BASE_SEG      0x02

typedef struct Chipset {
    const char *name;
    uint8_t pam, smram;         /* registers of device 0 */
} Chipset;

typedef struct Machine {
    const Chipset *chipset;
    QTestState *qts;
    QPCIBus *bus;
    QPCIDevice *bridge;
    /* the model */
    unsigned mode[SEGMENTS];
    uint8_t dram[SIZE], pci[SIZE];
} Machine;

extern const Chipset chipsets[CHIPSETS];

void bench_start(Machine *m, const Chipset *chipset, const char *properties,
                 const char *options);
void bench_end(Machine *m);
/* Numbered like the registers: 0 is the 64 KiB at 0xf0000 */
uint64_t segment_base(unsigned segment);
uint32_t segment_size(unsigned segment);
unsigned segment_at(uint64_t addr);
void set_mode(Machine *m, unsigned segment, unsigned mode);
void set_modes(Machine *m, unsigned mode);
void set_smram(Machine *m, uint8_t value);
uint8_t get_smram(Machine *m);
/* Lets ivshmem-plain decode its BAR at 0xc0000, or not. */
void map_shmem(Machine *m, bool on);
uint64_t guest_read(Machine *m, uint64_t addr, unsigned size);
void guest_write(Machine *m, uint64_t addr, unsigned size, uint64_t value);

/* Starts a machine whose DRAM and PCI side are known, and differ everywhere */
void bench_start_sides(Machine *m, const Chipset *chipset);
void check_access(Machine *m, uint64_t addr, unsigned size);
void check_sides(Machine *m);

/*
 * The cases of pam-readers.c
 */

/* A dump has DRAM where DRAM answers reads, the BIOS area included */
void test_pam_dump(gconstpointer data);
/*
 * An assigned device reads there what the processor reads, and does not write
 */
void test_pam_dma(gconstpointer data);
/* vhost knows no read-only memory, but has to be able to read there */
void test_pam_vhost(gconstpointer data);

#endif /* TESTS_PAM_BENCH_H */
