/*
 * vga-assign xml
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <gio/gio.h>

#include "cli.h"
#include "diff.h"
#include "domxml.h"
#include "emit.h"
#include "output.h"

/* libvirt writes 0x0000, 0x01, 0x00, 0x0; users write 0 and 1 as well. */
static bool xml_number_is(const xmlNode *node, const char *name, unsigned value)
{
    g_autofree char *text = domxml_get(node, name);

    return text ? g_ascii_strtoull(text, NULL, 0) == value :
           value == 0 && g_str_equal(name, "domain");
}

static bool xml_is_hostdev_of(const xmlNode *node, const MachineDevice *d)
{
    const xmlNode *source = domxml_child(node, "source");
    const xmlNode *address = domxml_child(source, "address");

    return node->type == XML_ELEMENT_NODE &&
           g_str_equal((const char *)node->name, "hostdev") && address &&
           xml_number_is(address, "domain", d->domain) &&
           xml_number_is(address, "bus", d->bus) &&
           xml_number_is(address, "slot", d->slot) &&
           xml_number_is(address, "function", d->function);
}

static xmlNode *xml_find_hostdev(const xmlNode *devices, const MachineDevice *d)
{
    for (xmlNode *n = devices->children; n; n = n->next) {
        if (xml_is_hostdev_of(n, d)) {
            return n;
        }
    }
    return NULL;
}

static xmlNode *xml_add_hostdev(xmlNode *devices, const MachineDevice *d)
{
    g_autofree char *domain = g_strdup_printf("0x%04x", d->domain);
    g_autofree char *bus = g_strdup_printf("0x%02x", d->bus);
    g_autofree char *slot = g_strdup_printf("0x%02x", d->slot);
    g_autofree char *function = g_strdup_printf("0x%x", d->function);
    xmlNode *node = domxml_add(devices, "hostdev", "mode", "subsystem", "type",
                               "pci", "managed", "yes", NULL);

    /* libvirt 9.0's domxml-to-native does not choose the driver by itself */
    domxml_add(node, "driver", "name", "vfio", NULL);
    domxml_add(domxml_add(node, "source", NULL), "address", "domain", domain,
               "bus", bus, "slot", slot, "function", function, NULL);
    return node;
}

/* Only names that begin with ua- are kept by libvirt.  g_free(). */
static char *xml_alias(xmlNode *hostdev)
{
    xmlNode *alias = domxml_want(hostdev, "alias");
    g_autofree char *name = domxml_get(alias, "name");

    if (!name || !g_str_has_prefix(name, "ua-")) {
        domxml_set(alias, "name", "ua-vga0");
        return g_strdup("ua-vga0");
    }
    return g_steal_pointer(&name);
}

static xmlNode *xml_override_of(xmlNode *override, const char *alias)
{
    for (xmlNode *n = override->children; n; n = n->next) {
        g_autofree char *name = n->type == XML_ELEMENT_NODE ?
                                domxml_get(n, "alias") : NULL;

        if (g_strcmp0(name, alias) == 0) {
            return n;
        }
    }
    return domxml_add(override, "qemu:device", "alias", alias, NULL);
}

static void xml_override(xmlNode *root, const char *alias)
{
    xmlNode *override = domxml_want(root, "qemu:override");
    xmlNode *front = domxml_want(xml_override_of(override, alias),
                                 "qemu:frontend");

    for (xmlNode *n = front->children; n; n = n->next) {
        g_autofree char *name = n->type == XML_ELEMENT_NODE ?
                                domxml_get(n, "name") : NULL;

        if (g_strcmp0(name, "x-vga") == 0) {
            domxml_set(n, "type", "bool");
            domxml_set(n, "value", "true");
            return;
        }
    }
    domxml_add(front, "qemu:property", "name", "x-vga", "type", "bool", "value",
               "true", NULL);
}

static bool xml_is_no_video(const xmlNode *video)
{
    g_autofree char *type = domxml_get(domxml_child(video, "model"), "type");

    return g_strcmp0(type, "none") == 0;
}

/* What else is in it, an address for one, is of the model that goes. */
static void xml_make_no_video(xmlNode *video)
{
    while (video->children) {
        xmlNode *child = video->children;

        xmlUnlinkNode(child);
        xmlFreeNode(child);
    }
    domxml_add(video, "model", "type", "none", NULL);
}

/* An emulated VGA claims the same ranges; libvirt adds one where none is. */
static void xml_no_video(xmlNode *devices)
{
    xmlNode *first = domxml_child(devices, "video");
    xmlNode *video, *next;

    for (video = first ? first->next : NULL; video; video = next) {
        next = video->next;
        if (video->type == XML_ELEMENT_NODE &&
            g_str_equal((const char *)video->name, "video")) {
            domxml_remove(video);
        }
    }
    if (!first) {
        xml_make_no_video(domxml_add(devices, "video", NULL));
    } else if (!xml_is_no_video(first)) {
        xml_make_no_video(first);
    }
}

static void xml_emulator(xmlNode *devices, const char *path)
{
    xmlNode *emulator = domxml_want(devices, "emulator");

    xmlNodeSetContent(emulator, NULL);
    xmlNodeAddContent(emulator, (const xmlChar *)path);
}

static void xml_edit(const Command *command, const GPtrArray *functions,
                     xmlDoc *doc)
{
    const char *romfile = command->options->romfile;
    xmlNode *root = xmlDocGetRootElement(doc);
    xmlNode *devices = domxml_child(root, "devices");

    if (command->options->emulator) {
        xml_emulator(devices, command->options->emulator);
    }
    xml_no_video(devices);
    for (guint i = 0; i < functions->len; i++) {
        const MachineDevice *d = g_ptr_array_index(functions, i);
        xmlNode *hostdev = xml_find_hostdev(devices, d);
        g_autofree char *alias = NULL;

        if (!hostdev) {
            hostdev = xml_add_hostdev(devices, d);
        }
        if (i) {
            continue;
        }
        alias = xml_alias(hostdev);
        if (romfile) {
            domxml_set(domxml_want(hostdev, "rom"), "file", romfile);
        }
        xml_override(root, alias);
    }
}

/* The document after "<?xml ...?>", which is not part of the tree. */
static const char *xml_skip_declaration(const char *text)
{
    const char *end = g_str_has_prefix(text, "<?xml ") ? strstr(text, "?>") :
                      NULL;

    return end ? end + 2 + strspn(end + 2, "\r\n") : text;
}

static int xml_print(const Command *command, const char *before,
                     const char *after)
{
    const char *file = command->options->domain;
    g_autofree char *changed = g_strdup_printf("%s (changed)",
                                               file ? file : "");
    g_autofree char *diff = file ? diff_unified(file, before, changed, after) :
                            NULL;
    const char *text = diff && !command->options->full ? diff : after;
    JsonBuilder *json;

    if (!command->options->json) {
        out_text(text);
        if (diff && !*diff) {
            out_note("%s needs no change", file);
        }
        return EXIT_YES;
    }
    json = out_json_begin("xml");
    json_text(json, "xml", after);
    json_text(json, "diff", diff);
    out_json_end(json, NULL);
    return EXIT_YES;
}

static int xml_of_domain(const Command *command, const GPtrArray *functions)
{
    const char *file = command->options->domain;
    g_autoptr(xmlDoc) doc = NULL;
    g_autofree char *text = NULL;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    GError *error = NULL;
    gsize size;

    if (!g_file_get_contents(file, &text, &size, &error)) {
        return out_fail(EXIT_ENVIRONMENT, error, NULL);
    }
    doc = size <= ROOT_TEXT_MAX ? domxml_read(file, text, size, &error) : NULL;
    if (!doc) {
        if (!error) {
            out_error("%s: too large for a domain", file);
            return EXIT_ENVIRONMENT;
        }
        return out_fail(EXIT_ENVIRONMENT, error,
                        "virsh dumpxml --inactive NAME writes one");
    }
    before = domxml_write(doc);
    xml_edit(command, functions, doc);
    after = domxml_write(doc);
    if (!g_str_equal(before, xml_skip_declaration(text))) {
        out_note("%s is not in virsh's own style; what is shown is", file);
    }
    return xml_print(command, before, after);
}

int cmd_xml(const Command *command)
{
    g_autoptr(Machine) m = NULL;
    g_autoptr(GPtrArray) functions = NULL;
    g_autoptr(xmlDoc) doc = NULL;
    g_autofree char *text = NULL;
    const char *romfile = command->options->romfile;
    MachineDevice *d;
    int code = EXIT_ENVIRONMENT;

    if (romfile && !g_path_is_absolute(romfile)) {
        out_error("libvirt wants the whole path of the romfile, not '%s'",
                  romfile);
        return EXIT_USAGE;
    }
    if (command->options->full && !command->options->domain) {
        out_error("--full wants --domain");
        return EXIT_USAGE;
    }
    m = cli_machine(command);
    d = m ? cli_vga(m, command->arguments[0], &code) : NULL;
    if (!d) {
        return code;
    }
    functions = emit_functions(m, d);
    cli_not_ready(command, m, d);
    if (command->options->domain) {
        return xml_of_domain(command, functions);
    }
    doc = domxml_new();
    xml_edit(command, functions, doc);
    text = domxml_write(doc);
    return xml_print(command, text, text);
}
