/*
 * Edit libvirt's XML and keep everything else as it is
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdarg.h>
#include <string.h>
#include <gio/gio.h>
#include <libxml/parser.h>

#include "domxml.h"

#define STR(xml) ((const char *)(xml))
#define XML(str) ((const xmlChar *)(str))
/*
 * A limit for the recursion of the writer, deeper than any element of
 * libvirt's.
 */
#define DEPTH_MAX 64

static void domxml_silent(void *opaque G_GNUC_UNUSED,
                          const char *format G_GNUC_UNUSED, ...)
{
}

static int domxml_depth(const xmlNode *node)
{
    int depth = 0;

    while (node && node->type != XML_DOCUMENT_NODE) {
        depth++;
        node = node->parent;
    }
    return depth;
}

static bool domxml_is_too_deep(const xmlNode *node)
{
    for (const xmlNode *n = node; n; n = n->next) {
        if (domxml_depth(n) > DEPTH_MAX ||
            (n->type == XML_ELEMENT_NODE && domxml_is_too_deep(n->children))) {
            return true;
        }
    }
    return false;
}

xmlNode *domxml_child(const xmlNode *parent, const char *name)
{
    const char *colon = strchr(name, ':');
    const char *local = colon ? colon + 1 : name;

    for (xmlNode *n = parent ? parent->children : NULL; n; n = n->next) {
        bool qemu = n->type == XML_ELEMENT_NODE && n->ns &&
                    g_str_equal(STR(n->ns->href), DOMXML_QEMU_NS);

        if (n->type == XML_ELEMENT_NODE && qemu == (colon != NULL) &&
            g_str_equal(STR(n->name), local)) {
            return n;
        }
    }
    return NULL;
}

xmlDoc *domxml_read(const char *name, const char *text, size_t size,
                    GError **error)
{
    g_autoptr(xmlDoc) doc = NULL;
    const char *reason = NULL;
    const xmlNode *root;

    xmlSetGenericErrorFunc(NULL, domxml_silent);
    doc = xmlReadMemory(text, size, name, NULL, XML_PARSE_NONET |
                        XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    root = doc ? xmlDocGetRootElement(doc) : NULL;
    if (!root) {
        const xmlError *e = xmlGetLastError();
        g_autofree char *message = g_strdup(e && e->message ? e->message :
                                            "it is empty");

        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "%s:%d: not well-formed XML: %s", name, e ? e->line : 1,
                    g_strchomp(message));
        return NULL;
    }
    if (xmlGetIntSubset(doc)) {
        reason = "it has a DOCTYPE, which libvirt never writes";
    } else if (!g_str_equal(STR(root->name), "domain")) {
        reason = "its root element is not <domain>";
    } else if (!domxml_child(root, "devices")) {
        reason = "it has no <devices>";
    } else if (domxml_is_too_deep(root)) {
        reason = "its elements are nested too deeply";
    }
    if (reason) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "%s: not a libvirt domain: %s", name, reason);
        return NULL;
    }
    return g_steal_pointer(&doc);
}

xmlDoc *domxml_new(void)
{
    xmlDoc *doc = xmlNewDoc(XML("1.0"));
    xmlNode *root = xmlNewDocNode(doc, NULL, XML("domain"), NULL);

    xmlDocSetRootElement(doc, root);
    domxml_set(root, "type", "kvm");
    domxml_add(root, "devices", NULL);
    return doc;
}

static void domxml_escape(GString *out, const char *text, bool attribute)
{
    for (; *text; text++) {
        const char *escaped = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" :
                              *text == '>' ? "&gt;" :
                              !attribute ? NULL : *text == '\'' ? "&apos;" :
                              *text == '"' ? "&quot;" :
                              *text == '\n' ? "&#10;" : NULL;

        if (escaped) {
            g_string_append(out, escaped);
        } else {
            g_string_append_c(out, *text);
        }
    }
}

static void domxml_write_name(GString *out, const xmlNode *node)
{
    if (node->ns && node->ns->prefix) {
        g_string_append_printf(out, "%s:", STR(node->ns->prefix));
    }
    g_string_append(out, STR(node->name));
}

static void domxml_write_attributes(GString *out, const xmlNode *node)
{
    for (xmlAttr *a = node->properties; a; a = a->next) {
        xmlChar *value = xmlNodeListGetString(node->doc, a->children, 1);

        g_string_append_c(out, ' ');
        domxml_write_name(out, (const xmlNode *)a);
        g_string_append(out, "='");
        domxml_escape(out, value ? STR(value) : "", true);
        g_string_append_c(out, '\'');
        xmlFree(value);
    }
    for (xmlNs *ns = node->nsDef; ns; ns = ns->next) {
        g_string_append_printf(out, " xmlns%s%s='", ns->prefix ? ":" : "",
                               ns->prefix ? STR(ns->prefix) : "");
        domxml_escape(out, ns->href ? STR(ns->href) : "", true);
        g_string_append_c(out, '\'');
    }
}

static void domxml_write_node(GString *out, const xmlNode *node);

static void domxml_write_element(GString *out, const xmlNode *node)
{
    g_string_append_c(out, '<');
    domxml_write_name(out, node);
    domxml_write_attributes(out, node);
    if (!node->children) {
        g_string_append(out, "/>");
        return;
    }
    g_string_append_c(out, '>');
    for (const xmlNode *n = node->children; n; n = n->next) {
        domxml_write_node(out, n);
    }
    g_string_append(out, "</");
    domxml_write_name(out, node);
    g_string_append_c(out, '>');
}

static void domxml_write_node(GString *out, const xmlNode *node)
{
    const char *content = node->type != XML_ELEMENT_NODE && node->content ?
                          STR(node->content) : "";

    switch (node->type) {
    case XML_ELEMENT_NODE:
        domxml_write_element(out, node);
        break;
    case XML_TEXT_NODE:
        domxml_escape(out, content, false);
        break;
    case XML_CDATA_SECTION_NODE:
        g_string_append_printf(out, "<![CDATA[%s]]>", content);
        break;
    case XML_COMMENT_NODE:
        g_string_append_printf(out, "<!--%s-->", content);
        break;
    case XML_PI_NODE:
        g_string_append_printf(out, "<?%s %s?>", STR(node->name), content);
        break;
    default:
        break;
    }
}

char *domxml_write(const xmlDoc *doc)
{
    GString *out = g_string_new("");

    for (const xmlNode *n = doc->children; n; n = n->next) {
        domxml_write_node(out, n);
        g_string_append_c(out, '\n');
    }
    return g_string_free(out, FALSE);
}

/* A line break and the indentation for a node at @depth.  g_free(). */
static char *domxml_break(int depth)
{
    return g_strdup_printf("\n%*s", 2 * depth, "");
}

static xmlNs *domxml_qemu_ns(xmlNode *parent)
{
    xmlNs *ns = xmlSearchNsByHref(parent->doc, parent, XML(DOMXML_QEMU_NS));

    return ns ? ns : xmlNewNs(xmlDocGetRootElement(parent->doc),
                              XML(DOMXML_QEMU_NS), XML("qemu"));
}

xmlNode *domxml_add(xmlNode *parent, const char *name, ...)
{
    const char *colon = strchr(name, ':');
    xmlNode *node = xmlNewDocNode(parent->doc,
                                  colon ? domxml_qemu_ns(parent) : NULL,
                                  XML(colon ? colon + 1 : name), NULL);
    int depth = domxml_depth(parent);
    g_autofree char *before = domxml_break(depth);
    g_autofree char *after = domxml_break(depth - 1);
    const char *attribute;
    va_list args;

    va_start(args, name);
    while ((attribute = va_arg(args, const char *))) {
        domxml_set(node, attribute, va_arg(args, const char *));
    }
    va_end(args);
    /* The blanks that indented the parent's end tag indent the new node now. */
    if (parent->last && xmlIsBlankNode(parent->last)) {
        xmlNodeSetContent(parent->last, XML(before));
    } else {
        xmlAddChild(parent, xmlNewDocText(parent->doc, XML(before)));
    }
    xmlAddChild(parent, node);
    xmlAddChild(parent, xmlNewDocText(parent->doc, XML(after)));
    return node;
}

xmlNode *domxml_want(xmlNode *parent, const char *name)
{
    xmlNode *node = domxml_child(parent, name);

    return node ? node : domxml_add(parent, name, NULL);
}

void domxml_set(xmlNode *node, const char *name, const char *value)
{
    xmlSetProp(node, XML(name), XML(value));
}

char *domxml_get(const xmlNode *node, const char *name)
{
    xmlChar *value = node ? xmlGetNoNsProp(node, XML(name)) : NULL;
    char *copy = g_strdup(STR(value));

    xmlFree(value);
    return copy;
}

void domxml_remove(xmlNode *node)
{
    xmlNode *before = node->prev;

    if (before && xmlIsBlankNode(before)) {
        xmlUnlinkNode(before);
        xmlFreeNode(before);
    }
    xmlUnlinkNode(node);
    xmlFreeNode(node);
}
