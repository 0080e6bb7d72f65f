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
#include "domain.h"
#include "domxml.h"
#include "emit.h"
#include "host.h"
#include "igd.h"
#include "output.h"

/* libvirt writes 0x0000, 0x01, 0x00, 0x0; users also write 0 and 1. */
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

/* libvirt keeps only names that begin with ua-.  g_free(). */
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

static void xml_property(xmlNode *front, const char *property,
                         const char *type, const char *value)
{
    for (xmlNode *n = front->children; n; n = n->next) {
        g_autofree char *name = n->type == XML_ELEMENT_NODE ?
                                domxml_get(n, "name") : NULL;

        if (g_strcmp0(name, property) == 0) {
            domxml_set(n, "type", type);
            domxml_set(n, "value", value);
            return;
        }
    }
    domxml_add(front, "qemu:property", "name", property, "type", type, "value",
               value, NULL);
}

/* libvirt needs each value in the type that QEMU's property has. */
static void xml_override(xmlNode *root, const char *alias,
                         const GuestPlace *place)
{
    xmlNode *override = domxml_want(root, "qemu:override");
    xmlNode *front = domxml_want(xml_override_of(override, alias),
                                 "qemu:frontend");

    if (place->x_vga) {
        xml_property(front, "x-vga", "bool", "true");
    }
    if (place->igd_legacy) {
        xml_property(front, "x-igd-legacy-mode", "string", "on");
    }
    if (place->igd_uefi) {
        xml_property(front, "x-igd-legacy-mode", "string", "off");
        xml_property(front, "x-igd-opregion", "bool", "true");
        xml_property(front, "x-igd-lpc", "bool", "true");
    }
}

static bool xml_is_no_video(const xmlNode *video)
{
    g_autofree char *type = domxml_get(domxml_child(video, "model"), "type");

    return g_strcmp0(type, "none") == 0;
}

/*
 * Its other elements, such as an address, belong to the model that is removed.
 */
static void xml_make_no_video(xmlNode *video)
{
    while (video->children) {
        xmlNode *child = video->children;

        xmlUnlinkNode(child);
        xmlFreeNode(child);
    }
    domxml_add(video, "model", "type", "none", NULL);
}

/*
 * An emulated VGA claims the same ranges, and libvirt adds one if <video> is
 * missing.
 */
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

/* Say which firmware the domain has if the adapter needs another one. */
static void xml_note_firmware(const xmlNode *root, const GuestPlace *place)
{
    g_autofree char *name = domain_name(root);
    bool uefi = domain_is_uefi(root);

    if (place->igd_uefi && !uefi) {
        out_note("%s needs UEFI for a picture (<os firmware='efi'>), and an "
                 "option ROM made for it by --romfile", name);
    } else if (place->igd_legacy && uefi) {
        out_note("%s boots by UEFI, which does not run the x86 VBIOS of Intel "
                 "graphics: without <loader> and <nvram> it has SeaBIOS", name);
    } else if (place->x_vga && uefi) {
        out_note("%s boots by UEFI: the picture comes from the UEFI driver in "
                 "the adapter's ROM, not by x-vga=on", name);
    }
}

/* Without --domain there is no machine type to change yet. */
static bool xml_place(xmlNode *root, xmlNode *hostdev, const GuestPlace *place,
                      GError **error)
{
    xmlNode *type;

    if (!place->igd_legacy && !place->igd_uefi) {
        return true;
    }
    if (place->reason) {
        out_note("%s", place->reason);
    }
    if (!domxml_child(root, "os")) {
        type = domxml_add(domxml_want(root, "os"), "type", "arch", "x86_64",
                          "machine", guest_machine(place), NULL);
        xmlNodeAddContent(type, (const xmlChar *)"hvm");
    } else if (domain_is_q35(root) && !domain_make_pc(root, error)) {
        return false;
    }
    return domain_place(domxml_child(root, "devices"), hostdev, place->slot,
                        error);
}

/* Only the adapter itself has properties, unlike the other functions. */
static bool xml_edit_adapter(xmlNode *root, xmlNode *hostdev,
                             const MachineDevice *d, const char *romfile,
                             GError **error)
{
    GuestPlace place = guest_place(d, domain_is_q35(root));
    g_autofree char *alias = xml_alias(hostdev);

    if (romfile) {
        domxml_set(domxml_want(hostdev, "rom"), "file", romfile);
    }
    domain_show_rom(hostdev);
    if (!xml_place(root, hostdev, &place, error)) {
        return false;
    }
    xml_override(root, alias, &place);
    xml_note_firmware(root, &place);
    return true;
}

/*
 * The QEMU that check finds goes into a new domain.  An existing domain keeps
 * its own, unless --emulator names another.
 */
static void xml_choose_emulator(const Command *command, const Machine *m,
                                const xmlNode *root, xmlNode *devices)
{
    g_autofree char *series = host_series(m);
    g_autofree char *name = domain_name(root);
    const xmlNode *node = domxml_child(devices, "emulator");
    xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
    const char *own = (const char *)text;

    if (command->options->emulator) {
        xml_emulator(devices, command->options->emulator);
    } else if (series && !command->options->domain) {
        xml_emulator(devices, series);
    } else if (series && !(own && host_is_series(m, own))) {
        out_note("%s runs %s, which does not have this series: --emulator %s",
                 name, own ? own : "libvirt's default QEMU", series);
    }
    xmlFree(text);
}

static bool xml_edit(const Command *command, const Machine *m,
                     const GPtrArray *functions, xmlDoc *doc, GError **error)
{
    xmlNode *root = xmlDocGetRootElement(doc);
    xmlNode *devices = domxml_child(root, "devices");

    xml_choose_emulator(command, m, root, devices);
    xml_no_video(devices);
    for (guint i = 0; i < functions->len; i++) {
        const MachineDevice *d = g_ptr_array_index(functions, i);
        const char *romfile = command->options->romfile;
        xmlNode *hostdev = xml_find_hostdev(devices, d);
        g_autofree char *before = NULL;

        domain_take_arguments(root, d, &before);
        if (!hostdev) {
            hostdev = xml_add_hostdev(devices, d);
        }
        if (!i && !xml_edit_adapter(root, hostdev, d,
                                    romfile ? romfile : before, error)) {
            return false;
        }
    }
    return true;
}

/* The document behind "<?xml ...?>", which is not part of the tree. */
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

static int xml_of_domain(const Command *command, const Machine *m,
                         const GPtrArray *functions)
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
    if (!xml_edit(command, m, functions, doc, &error)) {
        return out_fail(EXIT_NO, error, NULL);
    }
    after = domxml_write(doc);
    if (!g_str_equal(before, xml_skip_declaration(text))) {
        out_note("%s is not in virsh's own style; the output is", file);
    }
    return xml_print(command, before, after);
}

/* XML 1.0 cannot express them, and libvirt does not accept a line break. */
static bool xml_takes(const char *option, const char *path)
{
    g_autofree char *clean = out_clean(path ? path : "");

    if (path && !g_str_equal(clean, path)) {
        out_error("%s: '%s' has control characters, or is not UTF-8, and "
                  "libvirt's XML cannot have it", option, path);
        return false;
    }
    return true;
}

int cmd_xml(const Command *command)
{
    g_autoptr(Machine) m = NULL;
    g_autoptr(GPtrArray) functions = NULL;
    g_autoptr(xmlDoc) doc = NULL;
    g_autofree char *text = NULL;
    const char *romfile = command->options->romfile;
    GError *error = NULL;
    MachineDevice *d;
    int code = EXIT_ENVIRONMENT;

    if (!xml_takes("--romfile", romfile) ||
        !xml_takes("--emulator", command->options->emulator)) {
        return EXIT_USAGE;
    }
    if (romfile && !g_path_is_absolute(romfile)) {
        out_error("libvirt needs the absolute path of the romfile, not '%s'",
                  romfile);
        return EXIT_USAGE;
    }
    if (command->options->full && !command->options->domain) {
        out_error("--full needs --domain");
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
        return xml_of_domain(command, m, functions);
    }
    doc = domxml_new();
    if (!xml_edit(command, m, functions, doc, &error)) {
        return out_fail(EXIT_NO, error, NULL);
    }
    text = domxml_write(doc);
    return xml_print(command, text, text);
}
