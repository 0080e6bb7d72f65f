/*
 * What in a libvirt domain prevents an adapter from working
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sources: libvirt's formatdomain; QEMU, qemu-options (-device, -set).
 */
#ifndef VGA_ASSIGN_DOMAIN_H
#define VGA_ASSIGN_DOMAIN_H

#include "domxml.h"
#include "machine.h"

/** domain_name: the text of <name>, or "the domain".  g_free(). */
char *domain_name(const xmlNode *root);

/** domain_is_uefi: whether the domain is known to have UEFI firmware */
bool domain_is_uefi(const xmlNode *root);

/** domain_is_q35: whether its machine type is a q35 */
bool domain_is_q35(const xmlNode *root);

/**
 * domain_take_arguments: remove @d from <qemu:commandline>
 *
 * The adapter would otherwise be assigned twice, by these arguments and by a
 * <hostdev>.  The function prints what it removes.  @romfile is set to the
 * romfile of the arguments, or NULL; g_free().
 */
void domain_take_arguments(xmlNode *root, const MachineDevice *d,
                           char **romfile);

/** domain_show_rom: remove what hides the VBIOS of @hostdev, and print that */
void domain_show_rom(xmlNode *hostdev);

/**
 * domain_make_pc: turn a q35 domain into one of the machine pc
 *
 * PCI addresses and PCI Express controllers are removed; libvirt assigns new
 * ones.  Returns false if the domain has a part that exists on q35 only;
 * @error names it.
 */
bool domain_make_pc(xmlNode *root, GError **error);

/**
 * domain_place: give @hostdev the slot @slot of the first bus
 *
 * Returns false if another device has the slot; @error names that device.
 */
bool domain_place(xmlNode *devices, xmlNode *hostdev, unsigned slot,
                  GError **error);

#endif /* VGA_ASSIGN_DOMAIN_H */
