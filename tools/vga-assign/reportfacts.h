/*
 * The facts about the host in a report, besides its adapters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef VGA_ASSIGN_REPORTFACTS_H
#define VGA_ASSIGN_REPORTFACTS_H

#include "machine.h"

/**
 * report_host: add consoles, modules, limits and programs in report's format
 */
void report_host(GString *out, const Machine *machine);

/** report_device_facts: add what report_device() leaves out of @device */
void report_device_facts(GString *out, const Machine *machine,
                         const MachineDevice *device);

/**
 * report_vfct: the ACPI table VFCT with the records of this machine's adapters
 *
 * @skeleton: turns a VBIOS into what a report may have of it
 *
 * Returns the table, or NULL if there is none.  g_free().
 */
uint8_t *report_vfct(const Machine *machine,
                     uint8_t *(*skeleton)(const uint8_t *data, size_t size),
                     size_t *size);

#endif /* VGA_ASSIGN_REPORTFACTS_H */
