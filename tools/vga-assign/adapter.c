/*
 * An adapter in JSON
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "adapter.h"
#include "arbiter.h"

static void adapter_bars(JsonBuilder *json, const MachineDevice *d)
{
    json_builder_set_member_name(json, "bars");
    json_builder_begin_array(json);
    for (int i = 0; i < MACHINE_BARS; i++) {
        const MachineBar *bar = &d->bars[i];

        if (!bar->size) {
            continue;
        }
        json_builder_begin_object(json);
        json_int(json, "index", i);
        json_text(json, "kind", i == MACHINE_ROM ? "rom" :
                  bar->flags & BAR_IO ? "io" : "memory");
        json_hex(json, "address", bar->start, 8);
        json_int(json, "size", MIN(bar->size, G_MAXINT64));
        json_bool(json, "is_64bit", bar->flags & BAR_64);
        json_bool(json, "prefetchable", bar->flags & BAR_PREFETCH);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void adapter_arbiter(JsonBuilder *json, const MachineArbiter *a)
{
    if (!a->known) {
        json_null(json, "arbiter");
        return;
    }
    json_builder_set_member_name(json, "arbiter");
    json_builder_begin_object(json);
    json_text(json, "decodes", a->decodes);
    json_text(json, "owns", a->owns);
    json_int(json, "io_locks", a->io_locks);
    json_int(json, "memory_locks", a->mem_locks);
    json_builder_end_object(json);
}

void adapter_json(JsonBuilder *json, const MachineDevice *d)
{
    json_builder_begin_object(json);
    json_text(json, "address", d->bdf);
    json_hex(json, "vendor", d->vendor, 4);
    json_hex(json, "device", d->device, 4);
    json_hex(json, "class", d->class_code, 6);
    json_text(json, "vendor_name", d->vendor_name);
    json_text(json, "name", d->name);
    json_bool(json, "vga", device_is_vga(d));
    json_text(json, "driver", d->driver);
    json_text(json, "driver_override", d->override);
    if (d->group < 0) {
        json_null(json, "iommu_group");
    } else {
        json_int(json, "iommu_group", d->group);
    }
    json_text(json, "bridge", d->bridge ? d->bridge->bdf : NULL);
    json_answer(json, "boot_vga", !d->boot_vga ? ANSWER_UNKNOWN :
                device_is_boot_vga(d) ? ANSWER_YES : ANSWER_NO);
    json_answer(json, "msi", d->msi);
    json_text(json, "power_state", d->power_state);
    json_text(json, "error", d->broken);
    adapter_arbiter(json, &d->arbiter);
    adapter_bars(json, d);
    json_builder_end_object(json);
}
