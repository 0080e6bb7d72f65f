/*
 * The counters of legacy VGA, as x-query-vga-stats has them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VGA_STATS_H
#define TESTS_VGA_STATS_H

#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "qobject/qnum.h"
#include "qobject/qstring.h"

#define VGA_STATS_QUERY "{ 'execute': 'x-query-vga-stats' }"

/*
 * Returns a member of the answer to VGA_STATS_QUERY, which is freed.  The
 * machine has one adapter with x-vga=on.  The caller frees the value.
 */
static inline QObject *vga_stats_member(QDict *response, const char *name)
{
    QList *list = qdict_get_qlist(response, "return");
    QObject *value;

    g_assert_nonnull(list);
    g_assert_cmpint(qlist_size(list), ==, 1);
    value = qdict_get(qobject_to(QDict, qlist_peek(list)), name);
    g_assert_nonnull(value);
    qobject_ref(value);
    qobject_unref(response);
    return value;
}

static inline uint64_t vga_stats_counter(QDict *response, const char *name)
{
    QNum *number = qobject_to(QNum, vga_stats_member(response, name));
    uint64_t value = qnum_get_uint(number);

    qobject_unref(number);
    return value;
}

/* Check that @tier is the one in use */
static inline void vga_stats_check_tier(QDict *response, const char *tier)
{
    QString *now = qobject_to(QString, vga_stats_member(response, "tier"));

    g_assert_cmpstr(qstring_get_str(now), ==, tier);
    qobject_unref(now);
}

#endif /* TESTS_VGA_STATS_H */
