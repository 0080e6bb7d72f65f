/*
 * Cases of test-vfio-vga-engine, by their subjects
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef VGA_ENGINE_CASES_H
#define VGA_ENGINE_CASES_H

#include "vga-engine-machine.h"

/* Adds a case for each of the @count ways, which the end of its path names. */
void add_ways(const char *path, void (*test)(const void *),
              const MachineOptions *ways, size_t count);

/* Adds a case whose BARs stay trapped, and one where they can be mapped. */
void add_bar_ways(const char *path, void (*test)(const void *));

/* Each adds the cases of vga-engine-NAME.c. */
void posted_add_tests(void);
void config_add_tests(void);
void bars_add_tests(void);
void cost_add_tests(void);
void planes_add_tests(void);
void cursor_add_tests(void);
void random_add_tests(void);

#endif /* VGA_ENGINE_CASES_H */
