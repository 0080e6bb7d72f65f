/*
 * Edit libvirt's XML and keep everything else as it is
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * libxml2 reads and edits the document.  The writer is the tool's own: it uses
 * the style of `virsh dumpxml` and `virsh edit` (single quotes, two blanks),
 * so that unchanged parts come out byte by byte as they were.
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
 * No entity is expanded and no other file is loaded.  Returns NULL with
 * @error set if it is not a well-formed libvirt domain with <devices>.
 */
xmlDoc *domxml_read(const char *name, const char *text, size_t size,
                    GError **error);

/** domxml_new: a new <domain type='kvm'> with an empty <devices> */
xmlDoc *domxml_new(void);

/** domxml_write: the document as text in libvirt's style.  g_free(). */
char *domxml_write(const xmlDoc *doc);

/** domxml_child: the first child element of that name, NULL if there is none */
xmlNode *domxml_child(const xmlNode *parent, const char *name);

/**
 * domxml_add: a new last child, on a line of its own
 *
 * A @name that begins with "qemu:" is in QEMU's namespace, which is declared
 * if necessary.  Attributes follow as pairs of name and value, ended by NULL.
 */
xmlNode *domxml_add(xmlNode *parent, const char *name, ...)
    G_GNUC_NULL_TERMINATED;

/** domxml_want: the child of that name, added if it does not exist */
xmlNode *domxml_want(xmlNode *parent, const char *name);

/** domxml_set: set an attribute */
void domxml_set(xmlNode *node, const char *name, const char *value);
/** domxml_get: an attribute's value or NULL.  g_free(). */
char *domxml_get(const xmlNode *node, const char *name);

/** domxml_remove: remove a node and the white space before it */
void domxml_remove(xmlNode *node);

#endif /* VGA_ASSIGN_DOMXML_H */
