/*
 * The contents of a VBIOS, and how a guest's firmware will treat them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A VBIOS is the contents of a display adapter's expansion ROM: a chain of
 * images, each for one kind of firmware.  It comes from a file, from the ROM
 * BAR, from the kernel's copy of the legacy ROM at 0xc0000, or from the
 * adapter's flash ROM, where vendors add other data around it.
 *
 * Three steps:
 *
 *   VBIOSRom rom;
 *   VBIOSVerdict *verdict;
 *
 *   vbios_parse(&rom, data, size);            what is there: facts
 *   verdict = vbios_judge(&rom, &guest);      what it means: findings
 *   vbios_set_ids() / vbios_rebuild() ...     a copy that works better
 *
 * The bytes are untrusted.  Every function is defined for any contents and any
 * size, reads nothing outside the buffer it is given, never aborts, and takes
 * time proportional to the size.  No function keeps a pointer to the bytes,
 * does input or output, or has state of its own: all may be called from any
 * thread.  All offsets and lengths are in bytes; offsets count from the start
 * of the buffer unless said otherwise; multi-byte fields are little endian.
 *
 * The code needs only the C library and GLib, because the host tool, the tests
 * and the fuzzer build the same files (util/vbios-*.c).
 *
 * Sources of the facts, named at the fields as
 *   [PFS]  PCI Firmware Specification 3.x, chapter 5 "PCI Expansion ROMs"
 *   [UEFI] UEFI Specification 2.10, 14.4.2 "PCI Option ROMs"
 *   [rom]  Linux, drivers/pci/rom.c, pci_get_rom_size()
 *   [nv]   Linux, drivers/gpu/drm/nouveau/nvkm/subdev/bios/{image,pcir,npde,
 *          shadowrom}.c
 *   [ogk]  NVIDIA open-gpu-kernel-modules, kernel_gsp_vbios_tu102.c
 *   [sea]  SeaBIOS 1.17, src/optionroms.c
 *   [edk]  EDK II, MdeModulePkg/Bus/Pci/PciBusDxe/PciOptionRomSupport.c
 */
#ifndef QEMU_VBIOS_H
#define QEMU_VBIOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

/* Real VBIOSes have up to six; later images are not looked at. */
#define VBIOS_IMAGES_MAX 32
/* Lengths in headers count blocks of this size [PFS]. */
#define VBIOS_BLOCK 512
/* Any 16-bit id of an adapter that is not known, see VBIOSGuest. */
#define VBIOS_ID_ANY 0x10000

/* PCIR offset 0x14 [PFS]; 0x70 and 0xe0 are NVIDIA's [nv, ogk]. */
typedef enum VBIOSCodeType {
    VBIOS_X86 = 0x00,           /* run by a BIOS, the "legacy image" */
    VBIOS_OPEN_FIRMWARE = 0x01,
    VBIOS_PA_RISC = 0x02,
    VBIOS_EFI = 0x03,
    VBIOS_NBSI = 0x70,          /* NVIDIA's data for notebooks */
    VBIOS_FWSEC = 0xe0,         /* NVIDIA's further microcode */
} VBIOSCodeType;

typedef enum VBIOSChecksum {
    VBIOS_CHECKSUM_NONE,        /* this kind of image has none */
    VBIOS_CHECKSUM_GOOD,
    VBIOS_CHECKSUM_BAD,
    VBIOS_CHECKSUM_UNKNOWN,     /* size byte 0, or the image is cut */
} VBIOSChecksum;

typedef enum VBIOSAnswer {
    VBIOS_NO,
    VBIOS_YES,
    VBIOS_UNKNOWN,              /* compressed, or cut */
} VBIOSAnswer;

/* Signs that an x86 image has run already: the bits of VBIOSImage.posted. */
enum {
    /*
     * Byte 2 covers less than the image, and the rest is not padding: an image
     * may shrink itself to its run-time size during POST [PFS].
     */
    VBIOS_POSTED_SHRUNK = 1 << 0,
    /* The checksum is wrong: the image's variables are inside the sum. */
    VBIOS_POSTED_CHECKSUM = 1 << 1,
    /* The entry point is a far return: there is nothing left to run. */
    VBIOS_POSTED_RETF = 1 << 2,
};

/* One image of the chain. */
typedef struct VBIOSImage {
    uint32_t offset;
    uint32_t length;        /* NPDE's if there is one, else PCIR's; may be 0 */
    uint32_t present;       /* how much of length is in the buffer */
    uint16_t signature;     /* 0xaa55; not first: 0xbb77, 0x4e56 [nv] */
    /*
     * Which chains reach the image.  Firmware and the kernel follow PCIR alone
     * [sea, edk, rom]; for NVIDIA's drivers NPDE overrides it [nv, ogk].
     */
    bool by_pcir;
    bool by_npde;
    bool by_scan;           /* only EDK II, which searches behind a gap [edk] */

    /* PCI Data Structure [PFS]; all 0 if has_pcir is false. */
    bool has_pcir;
    uint8_t pcir_revision;
    bool pcir_last;         /* bit 7 of the indicator */
    uint16_t pcir_offset;   /* from the image's start; 4 divides it [PFS] */
    uint16_t pcir_length;
    uint32_t pcir_image_length;
    uint8_t code_type;      /* VBIOSCodeType, or another number */
    uint16_t vendor;
    uint16_t device;
    uint32_t class_code;    /* 24 bits: class, subclass, interface: 0x030000 */
    uint16_t code_revision;
    /*
     * Further device ids that the image serves: their offset in the buffer (0
     * if there are none, or the pointer leads out of the image) and their
     * number.  See vbios_serves_device().
     */
    uint32_t device_list;
    uint16_t n_devices;

    /* NVIDIA's extension of it [nv, ogk]; all 0 if has_npde is false. */
    bool has_npde;
    bool npde_has_last;     /* long enough to have the byte */
    bool npde_last;
    uint16_t npde_revision; /* 0x0100 or 0x0101 */
    uint32_t npde_image_length;

    bool last;              /* of the chain that length belongs to */

    /* x86 images [PFS 5.2.1], else 0. */
    uint32_t init_size;     /* byte 2: what SeaBIOS copies and sums [sea] */
    uint32_t runtime_size;  /* PCIR revision 3: its run-time size, or 0 */
    uint8_t entry[4];       /* bytes 3 to 6 */
    VBIOSChecksum checksum;
    unsigned posted;        /* VBIOS_POSTED_* */

    /* EFI images [UEFI table "Standard PCI Expansion ROM Header"], else 0. */
    bool has_efi;           /* the signature 0x0ef1 is there */
    uint32_t efi_init_size;
    uint16_t efi_subsystem; /* 11 boot service driver, 12 run-time driver */
    uint16_t efi_machine;   /* 0x8664 x64; see vbios_machine_name() */
    uint16_t efi_compression; /* 0 none, 1 UEFI's algorithm */
    uint16_t efi_image_offset; /* of the PE image, from the image's start */
    VBIOSAnswer efi_gop;    /* it has the Graphics Output Protocol's GUID */
} VBIOSImage;

/* Why the chain has no further image. */
typedef enum VBIOSEnd {
    VBIOS_END_LAST,         /* at the last flag, as it should be */
    VBIOS_END_DATA,         /* no last flag, and the buffer ends there */
    VBIOS_END_CUT,          /* the buffer ends inside the image */
    VBIOS_END_NO_SIGNATURE, /* no last flag, and no image follows */
    VBIOS_END_NO_PCIR,      /* the image has no PCI Data Structure */
    VBIOS_END_ZERO_LENGTH,  /* the image says it is 0 bytes long */
    VBIOS_END_TOO_MANY,     /* VBIOS_IMAGES_MAX */
    VBIOS_END_NO_IMAGE,     /* there is no image at all */
} VBIOSEnd;

/* The contents of the buffer ahead of the first image. */
typedef enum VBIOSHeader {
    VBIOS_HEADER_NONE,      /* the first image, as a ROM BAR has it */
    VBIOS_HEADER_NVGI,      /* NVIDIA's flash header (IFR) [ogk, nv] */
    VBIOS_HEADER_NVGI_BAD,  /* the same, but it leads to no image */
    VBIOS_HEADER_UNKNOWN,   /* other data, and an image further on */
    VBIOS_HEADER_NO_ROM,    /* other data and no image */
    VBIOS_HEADER_BLANK,     /* nothing but 0x00, or nothing but 0xff */
    VBIOS_HEADER_EMPTY,     /* the buffer has 0 bytes */
} VBIOSHeader;

typedef struct VBIOSRom {
    size_t size;            /* of the buffer */
    VBIOSHeader header;
    uint8_t nvgi_version;   /* 1 to 3 are known; 0 without such a header */
    /* What a ROM BAR would show: the first image to the last one's end. */
    size_t start;
    size_t end;
    VBIOSEnd chain_end;     /* of the chain by NPDE where there is one */
    /*
     * Bytes behind end: in all, and up to the last one that is not padding
     * (the byte 0x00 or 0xff, repeated to the end of the buffer).
     */
    size_t tail;
    size_t tail_data;
    /*
     * What the kernel provides of this ROM through sysfs and vfio-pci, from
     * start: it follows PCIR alone [rom].  kernel_cut: the buffer ends there,
     * but NPDE says that more follows, so the buffer is such a copy.
     */
    size_t kernel_size;
    bool kernel_cut;

    unsigned n_images;      /* ascending by offset */
    VBIOSImage images[VBIOS_IMAGES_MAX];
} VBIOSRom;

/**
 * vbios_parse: find the images of a VBIOS
 *
 * @rom: filled in for any contents of the buffer; needs no freeing
 * @data: the bytes; may be NULL if @size is 0
 * @size: how many; those behind the first 16 MiB count as tail
 *
 * Returns whether there is an image.
 */
bool vbios_parse(VBIOSRom *rom, const uint8_t *data, size_t size);

/**
 * vbios_legacy_image: the image a BIOS can run
 *
 * Returns the first x86 image that the chain by PCIR reaches, NULL if there is
 * none.  Ids are not compared.
 */
const VBIOSImage *vbios_legacy_image(const VBIOSRom *rom);

/**
 * vbios_efi_image: the image UEFI firmware can run
 *
 * @machine: machine type, 0x8664 for x64
 *
 * Returns the first EFI image for @machine that EDK II reaches, by PCIR or
 * behind a gap, the first for any machine if there is none for @machine, NULL
 * if there is none.
 */
const VBIOSImage *vbios_efi_image(const VBIOSRom *rom, uint16_t machine);

/**
 * vbios_serves_device: does an image serve a device?
 *
 * @image: an image that vbios_parse() found in @data
 * @data, @size: the bytes it was found in
 *
 * Returns whether the image's own id or its device list is @device.  Note that
 * SeaBIOS does not read the list [sea].
 */
bool vbios_serves_device(const VBIOSImage *image, const uint8_t *data,
                         size_t size, uint16_t device);

/* The guest's firmware; also the bits of VBIOSFinding.fatal. */
typedef enum VBIOSFirmware {
    VBIOS_FIRMWARE_NONE = 0,    /* not known */
    VBIOS_FIRMWARE_BIOS = 1 << 0, /* SeaBIOS */
    VBIOS_FIRMWARE_UEFI = 1 << 1, /* OVMF, 64 bit */
} VBIOSFirmware;

typedef struct VBIOSGuest {
    VBIOSFirmware firmware; /* orders the findings: fatal ones for it first */
    /* The adapter as the guest sees it; VBIOS_ID_ANY: not known. */
    uint32_t vendor;
    uint32_t device;
    uint32_t class_code;    /* 24 bits; VBIOS_CLASS_ANY: not known */
    /*
     * The bytes come from the kernel, which marks them as the copy at 0xc0000:
     * the resource flag IORESOURCE_ROM_SHADOW in sysfs' "resource", or the boot
     * VGA on kernels without.  See vbios_judge().
     */
    bool shadow_copy;
    size_t bar_size;        /* of the guest's ROM BAR, if fixed; else 0 */
} VBIOSGuest;

#define VBIOS_CLASS_ANY 0x1000000

/* A guest about which nothing is known. */
#define VBIOS_GUEST_ANY \
    ((VBIOSGuest) { VBIOS_FIRMWARE_NONE, VBIOS_ID_ANY, VBIOS_ID_ANY, \
                    VBIOS_CLASS_ANY, false, 0 })

/*
 * The findings.  Each has a name for machines, vbios_finding_name(): the
 * constant's, in lower case with hyphens ("not-a-rom").  Names do not change.
 */
typedef enum VBIOSFindingId {
    /* The file */
    VBIOS_EMPTY,
    VBIOS_BLANK,
    VBIOS_NOT_A_ROM,
    VBIOS_UNKNOWN_HEADER,
    VBIOS_NVGI_HEADER,
    VBIOS_NVGI_BROKEN,
    VBIOS_LARGER_THAN_BAR,
    VBIOS_TRAILING_DATA,
    VBIOS_ODD_SIZE,
    /* The chain */
    VBIOS_NO_PCIR,
    VBIOS_ZERO_LENGTH,
    VBIOS_TRUNCATED,
    VBIOS_NO_LAST_IMAGE,
    VBIOS_TOO_MANY_IMAGES,
    VBIOS_HIDDEN_IMAGES,
    VBIOS_KERNEL_TRUNCATED,
    VBIOS_PCIR_UNALIGNED,
    /* The image for a BIOS */
    VBIOS_NO_LEGACY_IMAGE,
    VBIOS_LEGACY_IDS,
    VBIOS_LEGACY_NO_SIZE,
    VBIOS_LEGACY_OVERSIZE,
    VBIOS_LEGACY_NO_ENTRY,
    VBIOS_LEGACY_CHECKSUM,
    VBIOS_LEGACY_LARGE,
    VBIOS_LEGACY_CLASS,
    VBIOS_ADAPTER_CLASS,
    VBIOS_POSTED,
    VBIOS_SHADOW_COPY,
    /* The image for UEFI */
    VBIOS_NO_EFI_IMAGE,
    VBIOS_EFI_HEADER,
    VBIOS_EFI_SUBSYSTEM,
    VBIOS_EFI_MACHINE,
    VBIOS_EFI_COMPRESSION,
    VBIOS_EFI_BOUNDS,
    VBIOS_EFI_NO_GOP,
    VBIOS_EFI_IDS,
    VBIOS_FINDING__MAX
} VBIOSFindingId;

typedef struct VBIOSFinding {
    VBIOSFindingId id;
    unsigned fatal;         /* whose guests get no picture; 0: harmless */
    int image;              /* which of VBIOSRom.images, -1: the whole */
    char *text;             /* one line: the defect and its effect */
    /*
     * One line: what to do; FILE, NEW and BDF stand for names.  NULL only if
     * the finding is harmless.
     */
    const char *remedy;
} VBIOSFinding;

/*
 * Findings fatal for the guest's firmware come first, then those fatal for the
 * other firmware, then harmless ones, each in the order of VBIOSFindingId.
 */
typedef struct VBIOSVerdict {
    unsigned fatal;         /* of all findings together */
    char *summary;          /* one line: what the guest's firmware will do */
    unsigned n_findings;
    VBIOSFinding *findings;
} VBIOSVerdict;

/**
 * vbios_judge: find out how a guest's firmware will treat a VBIOS
 *
 * @rom: from vbios_parse()
 * @data, @size: the bytes it was made from
 * @guest: the guest that will get it
 *
 * All findings are reported, including those that are fatal only for the
 * firmware that @guest does not have, so that a caller that does not know the
 * firmware can report both.  A finding appears at most once for each image.
 *
 * Returns the verdict; free it with vbios_verdict_free().
 */
VBIOSVerdict *vbios_judge(const VBIOSRom *rom, const uint8_t *data,
                          size_t size, const VBIOSGuest *guest);
void vbios_verdict_free(VBIOSVerdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VBIOSVerdict, vbios_verdict_free)

/* Names, static and never NULL; fatal: "fatal for a BIOS guest" and so on. */
const char *vbios_finding_name(VBIOSFindingId id);
const char *vbios_fatal_name(unsigned fatal);
const char *vbios_code_type_name(uint8_t code_type);
const char *vbios_machine_name(uint16_t efi_machine);
const char *vbios_chain_end_name(VBIOSEnd end);

/**
 * vbios_set_ids: give the VBIOS the ids that the guest sees
 *
 * @data, @size: the caller's own copy; changed
 * @vendor, @device: the ids
 *
 * SeaBIOS runs an image only if its ids are the adapter's [sea].  Sets them in
 * each image that has a PCI Data Structure of type x86 or EFI and repairs the
 * checksum of the x86 images it changed, as vbios_repair_checksums() does.
 * Device lists stay.
 *
 * Returns how many images were changed.
 */
unsigned vbios_set_ids(uint8_t *data, size_t size,
                       uint16_t vendor, uint16_t device);

/**
 * vbios_repair_checksums: make the bytes of each x86 image sum to 0
 *
 * @data, @size: the caller's own copy; changed
 *
 * Changes one byte of each image: byte 6 if the entry point is a near jump
 * (0xe9, whose three bytes end before it), else the last byte of the sum, which
 * vendors use.  An image with a correct sum, a cut image, and one without a
 * size are left alone.
 *
 * Returns how many images were changed.
 */
unsigned vbios_repair_checksums(uint8_t *data, size_t size);

/* Which images vbios_rebuild() keeps. */
enum {
    VBIOS_KEEP_X86 = 1 << 0,
    VBIOS_KEEP_EFI = 1 << 1,
    VBIOS_KEEP_OTHER = 1 << 2,
    VBIOS_KEEP_ALL = 7,
};

/**
 * vbios_rebuild: copy the images of a VBIOS without other data
 *
 * @data, @size: the bytes, unchanged
 * @keep: VBIOS_KEEP_*
 * @new_size: the size of the result
 *
 * With VBIOS_KEEP_ALL the result is a copy of the bytes from start to end
 * (VBIOSRom), which drops a flash header and the tail.  Otherwise, or if
 * firmware does not reach an x86 or EFI image, it is the selected images one
 * behind the other, with the last flags and lengths of PCIR and NPDE set anew,
 * and with the checksums repaired that this changed.  Then an image is dropped
 * if it is cut, has no PCI Data Structure, or would be the first but does not
 * start with 55 aa.
 *
 * Returns a new buffer, to be freed with g_free(); NULL, and @new_size 0, if
 * nothing is left.
 */
uint8_t *vbios_rebuild(const uint8_t *data, size_t size, unsigned keep,
                       size_t *new_size);

/* How two copies of a VBIOS differ. */
typedef struct VBIOSDifference {
    bool same_adapter;      /* ids and revision of the x86 images agree */
    size_t compared;        /* bytes both have of that image */
    size_t bytes;           /* number of bytes that differ */
    size_t first;           /* the first difference, from the image's start */
} VBIOSDifference;

/**
 * vbios_compare: is one VBIOS a changed copy of another?
 *
 * @a, @a_size: one VBIOS, for example from the ROM BAR
 * @b, @b_size: the other one, for example from the flash ROM
 *
 * A VBIOS that has run differs from the pristine one in its variables: same
 * adapter, some bytes of the x86 image differ.  All 0 if one has no x86 image.
 */
VBIOSDifference vbios_compare(const uint8_t *a, size_t a_size,
                              const uint8_t *b, size_t b_size);

#endif /* QEMU_VBIOS_H */
