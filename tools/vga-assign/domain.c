/*
 * What in a libvirt domain prevents an adapter from working
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>
#include <gio/gio.h>

#include "domain.h"
#include "output.h"

static bool is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE &&
           g_str_equal((const char *)node->name, name);
}

static bool attribute_is(const xmlNode *node, const char *name,
                         const char *value)
{
    g_autofree char *text = domxml_get(node, name);

    return g_strcmp0(text, value) == 0;
}

char *domain_name(const xmlNode *root)
{
    xmlChar *text = xmlNodeGetContent(domxml_child(root, "name"));
    char *name = text && *text ? g_strdup((const char *)text) :
                 g_strdup("the domain");

    xmlFree(text);
    return name;
}

bool domain_is_uefi(const xmlNode *root)
{
    const xmlNode *os = domxml_child(root, "os");

    return attribute_is(os, "firmware", "efi") ||
           attribute_is(domxml_child(os, "loader"), "type", "pflash");
}

bool domain_is_q35(const xmlNode *root)
{
    const xmlNode *type = domxml_child(domxml_child(root, "os"), "type");
    g_autofree char *machine = domxml_get(type, "machine");

    return machine && strstr(machine, "q35");
}

/*
 * Split "vfio-pci,host=01:00.0,x-vga=on", in which a comma of a value is
 * doubled.  In JSON each property is a member of its own; "driver" is the
 * first.
 */
static GHashTable *option_properties(const char *text)
{
    GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              g_free);
    g_autoptr(GString) word = g_string_new("");
    bool first = true;

    for (const char *c = text;; c++) {
        char *value;

        if (*c && (*c != ',' || c[1] == ',')) {
            g_string_append_c(word, *c);
            c += *c == ',';
            continue;
        }
        value = strchr(word->str, '=');
        if (value) {
            *value++ = '\0';
            g_hash_table_replace(found, g_strdup(word->str), g_strdup(value));
        } else if (first) {
            g_hash_table_replace(found, g_strdup("driver"),
                                 g_strdup(word->str));
        }
        first = false;
        g_string_truncate(word, 0);
        if (!*c) {
            return found;
        }
    }
}

static GHashTable *json_properties(const char *text)
{
    GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              g_free);
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *node = json_parser_load_from_data(parser, text, -1, NULL) ?
                     json_parser_get_root(parser) : NULL;
    g_autoptr(GList) names = NULL;

    if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
        return found;
    }
    names = json_object_get_members(json_node_get_object(node));
    for (GList *name = names; name; name = name->next) {
        JsonNode *member = json_object_get_member(json_node_get_object(node),
                                                  name->data);
        g_autofree char *value = json_to_string(member, FALSE);

        g_hash_table_replace(found, g_strdup(name->data),
                             JSON_NODE_HOLDS_VALUE(member) &&
                             json_node_get_value_type(member) == G_TYPE_STRING ?
                             json_node_dup_string(member) :
                             g_steal_pointer(&value));
    }
    return found;
}

static bool properties_are_of(GHashTable *properties, const MachineDevice *d)
{
    const char *host = g_hash_table_lookup(properties, "host");
    const char *path = g_hash_table_lookup(properties, "sysfsdev");
    const char *driver = g_hash_table_lookup(properties, "driver");
    g_autofree char *name = path ? g_path_get_basename(path) : NULL;
    g_autofree char *bdf = host || name ? bdf_parse(host ? host : name) : NULL;

    return driver && g_str_has_prefix(driver, "vfio-pci") &&
           g_strcmp0(bdf, d->bdf) == 0;
}

/*
 * The properties that <hostdev> and its address do not express by themselves.
 */
static char *properties_lost(GHashTable *properties)
{
    static const char *const known[] = {
        "driver", "host", "sysfsdev", "id", "bus", "addr", "multifunction",
        "x-vga", "romfile",
    };
    GString *lost = g_string_new("");
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, properties);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        bool is_known = false;

        for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
            is_known |= g_str_equal(name, known[i]);
        }
        if (!is_known) {
            g_string_append_printf(lost, "%s%s=%s", lost->len ? ", " : "",
                                   (char *)name, (char *)value);
        }
    }
    return g_string_free(lost, FALSE);
}

static xmlNode *next_argument(const xmlNode *node)
{
    xmlNode *n = node ? node->next : NULL;

    while (n && !is_element(n, "arg")) {
        n = n->next;
    }
    return n;
}

/* Whether the value of @argument assigns @d; takes over its romfile. */
static bool takes_device(const xmlNode *argument, const MachineDevice *d,
                         char **romfile)
{
    g_autofree char *text = domxml_get(argument, "value");
    g_autoptr(GHashTable) properties = NULL;
    g_autofree char *lost = NULL;
    const char *file;

    if (!text) {
        return false;
    }
    properties = *text == '{' ? json_properties(text) : option_properties(text);
    if (!properties_are_of(properties, d)) {
        return false;
    }
    file = g_hash_table_lookup(properties, "romfile");
    if (file) {
        g_free(*romfile);
        *romfile = g_strdup(file);
    }
    lost = properties_lost(properties);
    out_note("%s was in <qemu:commandline> and is a <hostdev> now, as QEMU "
             "cannot have it twice%s%s", d->bdf,
             *lost ? "; these properties are gone, so look at them: " : "", lost);
    return true;
}

/*
 * "device.hostdev0.x-vga=on" names an alias that no device has after the
 * change.
 */
static bool sets_x_vga(const xmlNode *argument)
{
    g_autofree char *text = domxml_get(argument, "value");

    if (!text || !g_str_has_prefix(text, "device.") ||
        !strstr(text, ".x-vga=")) {
        return false;
    }
    out_note("'-set %s' was in <qemu:commandline>; <qemu:override> does that "
             "now", text);
    return true;
}

void domain_take_arguments(xmlNode *root, const MachineDevice *d,
                           char **romfile)
{
    xmlNode *line = domxml_child(root, "qemu:commandline");
    xmlNode *node = line ? line->children : NULL, *value, *after;

    *romfile = NULL;
    node = node && !is_element(node, "arg") ? next_argument(node) : node;
    for (; node; node = after) {
        value = next_argument(node);
        after = value;
        if (value &&
            ((attribute_is(node, "value", "-device") &&
              takes_device(value, d, romfile)) ||
             (attribute_is(node, "value", "-set") && sets_x_vga(value)))) {
            after = next_argument(value);
            domxml_remove(value);
            domxml_remove(node);
        }
    }
    if (line && !xmlFirstElementChild(line)) {
        domxml_remove(line);
    }
}

void domain_show_rom(xmlNode *hostdev)
{
    xmlNode *rom = domxml_child(hostdev, "rom");

    if (attribute_is(rom, "bar", "off")) {
        out_note("<rom bar='off'> hid the VBIOS from the guest's firmware, "
                 "which runs it from there; it is 'on' now");
        domxml_set(rom, "bar", "on");
    }
    if (attribute_is(rom, "enabled", "no")) {
        out_note("<rom enabled='no'> gave the guest no VBIOS; it is 'yes' now");
        domxml_set(rom, "enabled", "yes");
    }
}

/* The name of a part of the domain that only q35 has, or NULL. */
static const char *needs_q35(const xmlNode *root)
{
    const xmlNode *devices = domxml_child(root, "devices");
    const xmlNode *loader = domxml_child(domxml_child(root, "os"), "loader");
    const xmlNode *smm = domxml_child(domxml_child(root, "features"), "smm");

    return domxml_child(devices, "iommu") ? "an <iommu>" :
           attribute_is(loader, "secure", "yes") ? "Secure Boot" :
           smm && !attribute_is(smm, "state", "off") ? "<smm>" : NULL;
}

static void remove_addresses(xmlNode *device)
{
    xmlNode *address = domxml_child(device, "address");

    if (attribute_is(address, "type", "pci")) {
        domxml_remove(address);
    }
}

bool domain_make_pc(xmlNode *root, GError **error)
{
    xmlNode *devices = domxml_child(root, "devices"), *next;
    g_autofree char *name = domain_name(root);
    const char *needed = needs_q35(root);

    if (needed) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                    "%s has %s, which only q35 has, and the adapter needs the "
                    "machine pc", name, needed);
        return false;
    }
    domxml_set(domxml_child(domxml_child(root, "os"), "type"), "machine", "pc");
    for (xmlNode *n = devices->children; n; n = next) {
        next = n->next;
        if (is_element(n, "controller") && attribute_is(n, "type", "pci")) {
            domxml_remove(n);
        } else if (n->type == XML_ELEMENT_NODE) {
            remove_addresses(n);
        }
    }
    out_note("%s becomes a domain of the machine pc, and libvirt gives its "
             "devices new PCI addresses", name);
    return true;
}

static bool number_is(const xmlNode *node, const char *name, unsigned value)
{
    g_autofree char *text = domxml_get(node, name);

    return (text ? g_ascii_strtoull(text, NULL, 0) : 0) == value;
}

/* Looks at a device's address in the guest, not at the host's in <source>. */
static bool has_slot(const xmlNode *device, unsigned slot)
{
    const xmlNode *address = domxml_child(device, "address");

    return attribute_is(address, "type", "pci") &&
           number_is(address, "domain", 0) && number_is(address, "bus", 0) &&
           number_is(address, "slot", slot);
}

/* A device's name for messages: "<interface> vnet0", "<controller> scsi". */
static char *device_name(const xmlNode *device)
{
    g_autofree char *target = domxml_get(domxml_child(device, "target"), "dev");
    g_autofree char *model = domxml_get(domxml_child(device, "model"), "type");
    g_autofree char *type = domxml_get(device, "type");
    const char *detail = target ? target : model ? model : type;

    return g_strdup_printf("<%s>%s%s", (const char *)device->name,
                           detail ? " " : "", detail ? detail : "");
}

bool domain_place(xmlNode *devices, xmlNode *hostdev, unsigned slot,
                  GError **error)
{
    g_autofree char *text = g_strdup_printf("0x%02x", slot);
    xmlNode *address;

    for (xmlNode *n = devices->children; n; n = n->next) {
        if (n != hostdev && n->type == XML_ELEMENT_NODE && has_slot(n, slot)) {
            g_autofree char *name = device_name(n);

            g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY,
                        "%s has the guest's 00:%02x.0, where the adapter must "
                        "be; without its <address> libvirt gives it another "
                        "one", name, slot);
            return false;
        }
    }
    address = domxml_want(hostdev, "address");
    domxml_set(address, "type", "pci");
    domxml_set(address, "domain", "0x0000");
    domxml_set(address, "bus", "0x00");
    domxml_set(address, "slot", text);
    domxml_set(address, "function", "0x0");
    xmlUnsetProp(address, (const xmlChar *)"multifunction");
    return true;
}
