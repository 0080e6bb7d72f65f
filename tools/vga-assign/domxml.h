/*
 * libvirt's XML, changed in places and otherwise left as it is
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * libxml2 reads and edits; writing is ours, because libvirt's own style (single
 * quotes, two blanks) is what `virsh dumpxml` and `virsh edit` show: written in
 * it, what was not changed comes out byte by byte.
 */
#ifndef VGA_ASSIGN_DOMXML_H
#define VGA_ASSIGN_DOMXML_H

#include <stdbool.h>
#include <glib.h>
#include <libxml/tree.h>

#define DOMXML_QEMU_NS "http://libvirt.org/schemas/domain/qemu/1.0"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

/**
 * domxml_read: parse a domain
 *
 * No entity is expanded and nothing is loaded besides.  Returns NULL with
 * @error set if it is not a well-formed libvirt domain with <devices>.
 */
xmlDoc *domxml_read(const char *name, const char *text, size_t size,
                    GError **error);

/** domxml_new: <domain type='kvm'> with an empty <devices> */
xmlDoc *domxml_new(void);

/** domxml_write: in libvirt's style.  g_free(). */
char *domxml_write(const xmlDoc *doc);

/** domxml_child: the first child element of that name, NULL if there is none */
xmlNode *domxml_child(const xmlNode *parent, const char *name);

/**
 * domxml_add: a new last child, on a line of its own
 *
 * @name with "qemu:" is in QEMU's namespace, which is declared if need be.
 * Attributes follow as pairs of name and value, and NULL.
 */
xmlNode *domxml_add(xmlNode *parent, const char *name, ...)
    G_GNUC_NULL_TERMINATED;

/** domxml_want: domxml_child(), or domxml_add() without attributes */
xmlNode *domxml_want(xmlNode *parent, const char *name);

/** domxml_set: set an attribute */
void domxml_set(xmlNode *node, const char *name, const char *value);
/** domxml_get: an attribute's value or NULL.  g_free(). */
char *domxml_get(const xmlNode *node, const char *name);

/** domxml_remove: with the white space before it */
void domxml_remove(xmlNode *node);

#endif /* VGA_ASSIGN_DOMXML_H */
