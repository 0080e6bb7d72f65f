/*
 * VBIOS images: names for machines and people, and what to do about a finding
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Names of findings and of chain ends are for machines and do not change.
 *
 * qemu/osdep.h is left out, because the host tool, the tests and the fuzzer
 * build this file without QEMU.
 */
#include "vbios-internal.h"

/* NEW is a file that does not exist yet, as FILE may be the only copy. */
static const char remedy_dump[] =
    "read it from the adapter: vga-assign rom dump BDF -o NEW, then "
    "romfile=NEW";
static const char remedy_fix[] =
    "repair a copy: vga-assign rom fix FILE -o NEW, then romfile=NEW";
static const char remedy_own[] =
    "use this adapter's own VBIOS: vga-assign rom dump BDF -o NEW, "
    "then romfile=NEW";
/* --apply reads the flash ROM, since the ROM region is the bad copy. */
static const char remedy_flash[] =
    "use this adapter's own VBIOS: vga-assign rom dump BDF --apply -o NEW, "
    "then romfile=NEW";
static const char remedy_ids[] =
    "use this adapter's own VBIOS: vga-assign rom dump BDF -o NEW; if this is "
    "the adapter's all the same: vga-assign rom fix FILE -o NEW --ids "
    "VENDOR:DEVICE";
static const char remedy_uefi[] =
    "use a UEFI guest (OVMF), or a VBIOS with an x86 image";
static const char remedy_bios[] =
    "use a BIOS guest (SeaBIOS), or a VBIOS with a UEFI driver for x64";

static const struct {
    const char *name;
    const char *remedy;
} finding_info[VBIOS_FINDING__MAX] = {
    [VBIOS_EMPTY] = { "empty", remedy_dump },
    [VBIOS_BLANK] = {
        "blank", "the adapter did not answer: wake it up (D0), let no driver "
        "hold it, and read it again: vga-assign rom dump BDF -o NEW"
    },
    [VBIOS_NOT_A_ROM] = { "not-a-rom", remedy_dump },
    [VBIOS_UNKNOWN_HEADER] = { "unknown-header", remedy_fix },
    [VBIOS_NVGI_HEADER] = { "nvgi-header", remedy_fix },
    [VBIOS_NVGI_BROKEN] = { "nvgi-broken", remedy_dump },
    [VBIOS_LARGER_THAN_BAR] = {
        "larger-than-bar", "leave out romsize=: QEMU then sizes the ROM BAR "
        "by the file"
    },
    [VBIOS_TRAILING_DATA] = { "trailing-data", NULL },
    [VBIOS_ODD_SIZE] = { "odd-size", NULL },
    [VBIOS_NO_PCIR] = { "no-pcir", remedy_own },
    [VBIOS_ZERO_LENGTH] = { "zero-length", remedy_own },
    [VBIOS_TRUNCATED] = { "truncated", remedy_dump },
    [VBIOS_NO_LAST_IMAGE] = { "no-last-image", NULL },
    [VBIOS_TOO_MANY_IMAGES] = { "too-many-images", NULL },
    [VBIOS_HIDDEN_IMAGES] = { "hidden-images", remedy_fix },
    [VBIOS_KERNEL_TRUNCATED] = { "kernel-truncated", NULL },
    [VBIOS_PCIR_UNALIGNED] = { "pcir-unaligned", remedy_own },
    [VBIOS_NO_LEGACY_IMAGE] = { "no-legacy-image", remedy_uefi },
    [VBIOS_LEGACY_IDS] = { "legacy-ids", remedy_ids },
    [VBIOS_LEGACY_NO_SIZE] = { "legacy-no-size", remedy_own },
    [VBIOS_LEGACY_OVERSIZE] = { "legacy-oversize", remedy_dump },
    [VBIOS_LEGACY_NO_ENTRY] = {
        "legacy-no-entry", "use a UEFI guest (OVMF): this VBIOS has tables for "
        "drivers and no code, and its UEFI driver is a file of its own in the "
        "host's firmware"
    },
    [VBIOS_LEGACY_CHECKSUM] = { "legacy-checksum", remedy_own },
    [VBIOS_LEGACY_LARGE] = { "legacy-large", NULL },
    [VBIOS_LEGACY_CLASS] = { "legacy-class", NULL },
    [VBIOS_ADAPTER_CLASS] = {
        "adapter-class", "give the guest another display; no VBIOS makes this "
        "adapter a VGA adapter"
    },
    [VBIOS_POSTED] = { "posted", remedy_flash },
    [VBIOS_SHADOW_COPY] = { "shadow-copy", remedy_flash },
    [VBIOS_NO_EFI_IMAGE] = { "no-efi-image", remedy_bios },
    [VBIOS_EFI_HEADER] = { "efi-header", remedy_own },
    [VBIOS_EFI_SUBSYSTEM] = { "efi-subsystem", remedy_bios },
    [VBIOS_EFI_MACHINE] = { "efi-machine", remedy_bios },
    [VBIOS_EFI_COMPRESSION] = { "efi-compression", remedy_own },
    [VBIOS_EFI_BOUNDS] = { "efi-bounds", remedy_own },
    [VBIOS_EFI_NO_GOP] = { "efi-no-gop", NULL },
    [VBIOS_EFI_IDS] = { "efi-ids", NULL },
};

const char *vbios_finding_name(VBIOSFindingId id)
{
    return (unsigned)id < VBIOS_FINDING__MAX ? finding_info[id].name :
           "unknown";
}

const char *vbios_remedy(VBIOSFindingId id)
{
    return finding_info[id].remedy;
}

const char *vbios_fatal_name(unsigned fatal)
{
    static const char *const names[] = {
        "harmless", "fatal for a BIOS guest", "fatal for a UEFI guest",
        "fatal for any guest"
    };

    return names[fatal & (VBIOS_FIRMWARE_BIOS | VBIOS_FIRMWARE_UEFI)];
}

typedef struct Name {
    unsigned value;
    const char *name;
} Name;

static const char *name_of(const Name *names, size_t n, unsigned value)
{
    for (size_t i = 0; i < n; i++) {
        if (names[i].value == value) {
            return names[i].name;
        }
    }
    return "unknown";
}

const char *vbios_code_type_name(uint8_t code_type)
{
    static const Name names[] = {
        { VBIOS_X86, "x86" },
        { VBIOS_OPEN_FIRMWARE, "Open Firmware" },
        { VBIOS_PA_RISC, "PA-RISC" },
        { VBIOS_EFI, "EFI" },
        { VBIOS_NBSI, "NVIDIA NBSI" },
        { VBIOS_FWSEC, "NVIDIA FwSec" },
    };

    return name_of(names, G_N_ELEMENTS(names), code_type);
}

const char *vbios_machine_name(uint16_t efi_machine)
{
    static const Name names[] = {
        { 0x014c, "IA32" },
        { 0x01c2, "ARM" },
        { 0x0200, "IA64" },
        { VBIOS_MACHINE_EBC, "EBC" },
        { 0x5064, "RISC-V 64" },
        { 0x6264, "LoongArch 64" },
        { VBIOS_MACHINE_X64, "x64" },
        { 0xaa64, "AArch64" },
    };

    return name_of(names, G_N_ELEMENTS(names), efi_machine);
}

const char *vbios_chain_end_name(VBIOSEnd end)
{
    static const Name names[] = {
        { VBIOS_END_LAST, "last-image" },
        { VBIOS_END_DATA, "end-of-data" },
        { VBIOS_END_CUT, "cut" },
        { VBIOS_END_NO_SIGNATURE, "no-signature" },
        { VBIOS_END_NO_PCIR, "no-pcir" },
        { VBIOS_END_ZERO_LENGTH, "zero-length" },
        { VBIOS_END_TOO_MANY, "too-many-images" },
        { VBIOS_END_NO_IMAGE, "no-image" },
    };

    return name_of(names, G_N_ELEMENTS(names), end);
}
