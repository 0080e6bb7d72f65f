/*
 * The hole below 1 MiB, which pc has with a later topic of the series
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VGA_HOLE_H
#define TESTS_VGA_HOLE_H

#include "libqtest.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"

/* Has this QEMU's pc the property x-legacy-hole? */
static inline bool vga_hole_exists(void)
{
    QTestState *qts = qtest_init("-machine pc -nodefaults");
    QDict *type = qtest_qmp(qts, "{'execute': 'qom-get', 'arguments': {"
                            "'path': '/machine', 'property': 'type'}}");
    QDict *list = qtest_qmp(qts, "{'execute': 'qom-list-properties',"
                            " 'arguments': {'typename': %s}}",
                            qdict_get_str(type, "return"));
    QListEntry *entry;
    bool found = false;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(list, "return"), entry) {
        QDict *property = qobject_to(QDict, qlist_entry_obj(entry));

        found |= !strcmp(qdict_get_str(property, "name"), "x-legacy-hole");
    }
    qobject_unref(type);
    qobject_unref(list);
    qtest_quit(qts);
    return found;
}

/*
 * Returns a value of -machine, newly allocated: pc with the hole or without it,
 * for an assigned adapter turns it on.  Before its topic, pc has none.
 */
static inline char *vga_hole_machine(bool hole)
{
    return g_strdup_printf("pc%s", !vga_hole_exists() ? "" : hole ?
                           ",x-legacy-hole=on" : ",x-legacy-hole=off");
}

#endif /* TESTS_VGA_HOLE_H */
