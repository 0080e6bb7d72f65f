/*
 * What of a libvirt domain stands in an adapter's way
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Facts: libvirt's formatdomain; QEMU, qemu-options (-device, -set).
 */
#ifndef VGA_ASSIGN_DOMAIN_H
#define VGA_ASSIGN_DOMAIN_H

#include "domxml.h"
#include "machine.h"

/** domain_name: of <name>, or "the domain".  g_free(). */
char *domain_name(const xmlNode *root);

/** domain_is_uefi: whether its firmware is known to be UEFI */
bool domain_is_uefi(const xmlNode *root);

/** domain_is_q35: by its machine type */
bool domain_is_q35(const xmlNode *root);

/**
 * domain_take_arguments: remove @d from <qemu:commandline>
 *
 * A <hostdev> beside it would be a second assignment of one adapter.  What is
 * taken away is said.  @romfile: what the arguments gave it, NULL: nothing;
 * g_free().
 */
void domain_take_arguments(xmlNode *root, const MachineDevice *d,
                           char **romfile);

/**
 * domain_show_rom: undo what hides the VBIOS of @hostdev, and say it
 */
void domain_show_rom(xmlNode *hostdev);

/**
 * domain_make_pc: turn a q35 domain into one of the machine pc
 *
 * PCI addresses and PCI Express controllers go; libvirt gives new ones.
 * Returns false, with what is in the way, if the domain has what only q35 has.
 */
bool domain_make_pc(xmlNode *root, GError **error);

/**
 * domain_place: give @hostdev the slot @slot of the first bus
 *
 * Returns false, with its name, if another device has it.
 */
bool domain_place(xmlNode *devices, xmlNode *hostdev, unsigned slot,
                  GError **error);

#endif /* VGA_ASSIGN_DOMAIN_H */
