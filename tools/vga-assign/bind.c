/*
 * vga-assign bind and unbind
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Both commands make a list of steps. --apply carries the steps out; without
 * it they are only shown.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <gio/gio.h>

#include "cli.h"
#include "emit.h"
#include "holders.h"
#include "output.h"
#include "persist.h"
#include "steps.h"
#include "undo.h"

#define VFIO_PCI "vfio-pci"
#define LOAD_VFIO "modprobe " VFIO_PCI
/* The time that a driver may take to find its device. */
#define WAIT_SECONDS 10
#define WAIT_STEP (50 * 1000)

typedef struct Binding {
    const Command *command;
    const char *name;       /* "bind" or "unbind" */
    bool bind;
    Machine *m;
    MachineDevice *device;  /* the one that was named */
    GPtrArray *targets;     /* MachineDevice */
    GPtrArray *steps;       /* bind the devices now */
    GPtrArray *persist;     /* bind them at the next boot as well */
    GPtrArray *undos;       /* all undo files, the one in use last */
    Undo *undo;             /* the one in use */
} Binding;

static Binding *binding_new(const Command *command, bool bind)
{
    Binding *b = g_new0(Binding, 1);

    b->command = command;
    b->bind = bind;
    b->name = bind ? "bind" : "unbind";
    b->steps = steps_new();
    b->persist = steps_new();
    return b;
}

static void binding_free(Binding *b)
{
    g_clear_pointer(&b->targets, g_ptr_array_unref);
    g_clear_pointer(&b->undos, g_ptr_array_unref);
    g_clear_pointer(&b->m, machine_free);
    g_ptr_array_unref(b->steps);
    g_ptr_array_unref(b->persist);
    g_free(b);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Binding, binding_free)

static GPtrArray *bind_targets(const Command *command, const Machine *m,
                               MachineDevice *d)
{
    GPtrArray *targets = g_ptr_array_new();

    g_ptr_array_add(targets, d);
    for (guint i = 0; command->options->group && i < m->devices->len; i++) {
        MachineDevice *other = g_ptr_array_index(m->devices, i);

        if (other != d && d->group >= 0 && other->group == d->group &&
            !device_is_bridge(other)) {
            g_ptr_array_add(targets, other);
        }
    }
    return targets;
}

/*
 * What @bdf was before bind.  Records in the file that is in use take
 * precedence.
 */
static const UndoRecord *binding_record(const Binding *b, const char *bdf)
{
    const UndoRecord *found = NULL;

    for (guint i = 0; i < b->undos->len; i++) {
        const Undo *undo = g_ptr_array_index(b->undos, i);
        const UndoRecord *record = undo_find(undo, bdf);

        found = record ? record : found;
    }
    return found;
}

/*
 * With --undo only that file is read.  Without it all are read: a device that
 * was bound together with another one has its record in that one's file.
 */
static bool binding_load_undo(Binding *b, const MachineDevice *d,
                              GError **error)
{
    const Options *o = b->command->options;
    g_autofree char *path = o->undo ? g_strdup(o->undo) :
                            undo_default(b->m, d, o->persist);

    b->undos = o->undo ?
               g_ptr_array_new_with_free_func((GDestroyNotify)undo_free) :
               undo_load_all(b->m);
    if (!o->undo && !root_contains(b->m->root,
                                   path + strlen(b->m->root->dir))) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "%s: a symbolic link leads out of %s", path,
                    b->m->root->dir);
        return false;
    }
    b->undo = undo_load(path, b->bind && o->force, error);
    if (b->undo) {
        g_ptr_array_add(b->undos, b->undo);
    }
    return b->undo != NULL;
}

/* Drop the devices that need no step. */
static void binding_drop_done(Binding *b)
{
    for (guint i = b->targets->len; i-- > 0;) {
        const MachineDevice *d = g_ptr_array_index(b->targets, i);

        if (device_is_bound(d) == b->bind) {
            out_note("%s is %sbound to vfio-pci", d->bdf,
                     b->bind ? "already " : "not ");
            g_ptr_array_remove_index(b->targets, i);
        }
    }
}

static bool is_name(const char *text)
{
    g_autofree char *clean = out_clean(text);

    return g_str_equal(clean, text) && !strchr(text, '/');
}

/*
 * A device that is bound twice keeps the record of its first state.  If
 * driver_override is no longer vfio-pci, somebody else has changed it since,
 * and the state of now is recorded.
 */
static bool bind_record(Binding *b, const MachineDevice *d, PersistWay persist,
                        GError **error)
{
    const UndoRecord *old = binding_record(b, d->bdf);
    bool ours = old && g_strcmp0(d->override, VFIO_PCI) == 0;
    g_autofree char *override =
        g_strdup(ours ? old->override : d->override ? d->override : "");

    if (!is_name(override)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "%s: '%s' in driver_override is not the name of a driver",
                    d->bdf, override);
        return false;
    }
    if (ours && !persist) {
        persist = old->persist;
    }
    for (guint i = 0; i < b->undos->len; i++) {
        undo_drop(g_ptr_array_index(b->undos, i), d->bdf);
    }
    undo_set(b->undo, d->bdf, override, persist);
    return true;
}

/* List all steps, and record the state that they change. */
static bool bind_plan(Binding *b, GError **error)
{
    bool persist = b->command->options->persist;

    for (guint i = 0; i < b->targets->len; i++) {
        const MachineDevice *d = g_ptr_array_index(b->targets, i);
        bool bound = device_is_bound(d);
        PersistWay way = PERSIST_NO;

        if ((persist && !persist_add(b->m, d, b->persist, &way, error)) ||
            !bind_record(b, d, way, error)) {
            return false;
        }
        if (!bound) {
            undo_steps(b->steps, d->bdf, d->driver, VFIO_PCI);
        }
    }
    return true;
}

static void unbind_plan(Binding *b, const MachineDevice *d)
{
    const UndoRecord *record = binding_record(b, d->bdf);
    PersistWay way = record ? record->persist : PERSIST_NO;
    /*
     * A device that had vfio-pci before bind goes back to the kernel's choice.
     */
    bool known = record && !g_str_equal(record->override, VFIO_PCI) &&
                 is_name(record->override);

    persist_remove(b->m, d->bdf, way, b->persist);
    if (persist_is_foreign(b->m, d->bdf, way)) {
        out_note("driverctl gives %s to vfio-pci again at the next boot: "
                 "driverctl unset-override %s ends that", d->bdf, d->bdf);
    }
    if (device_is_bound(d)) {
        undo_steps(b->steps, d->bdf, d->driver, known ? record->override : "");
    } else {
        out_note("%s is not bound to vfio-pci", d->bdf);
    }
}

/*
 * A driver's probe may go on after the write returns, so the state is polled.
 */
static bool wait_for_driver(const Machine *m, const MachineDevice *d,
                            bool vfio, char **driver)
{
    g_autofree char *path = device_file(d, "driver");

    for (int left = WAIT_SECONDS * G_USEC_PER_SEC; left > 0;
         left -= WAIT_STEP) {
        *driver = root_link_name(m->root, path);
        if ((g_strcmp0(*driver, VFIO_PCI) == 0) == vfio) {
            return true;
        }
        g_free(g_steal_pointer(driver));
        g_usleep(WAIT_STEP);
    }
    *driver = root_link_name(m->root, path);
    return false;
}

/* Look at all devices, and name those that did not arrive in one error. */
static bool all_arrived(const Binding *b)
{
    g_autoptr(GString) wrong = g_string_new("");

    for (guint i = 0; i < b->targets->len; i++) {
        const MachineDevice *d = g_ptr_array_index(b->targets, i);
        g_autofree char *driver = NULL;

        if (!wait_for_driver(b->m, d, b->bind, &driver)) {
            g_string_append_printf(wrong, "%s%s: its driver is %s",
                                   wrong->len ? "; " : "", d->bdf,
                                   driver ? driver : "none");
        } else {
            out_note("%s: %s", d->bdf, driver ? driver : "no driver");
        }
    }
    if (wrong->len) {
        out_error("%s", wrong->str);
        out_hint("dmesg has the kernel's reason");
    }
    return !wrong->len;
}

/*
 * Ask before the kernel's unbind, which waits for programs that have the
 * adapter open or takes their screen away.  When a device leaves vfio-pci,
 * these programs are the guests.
 */
static bool nobody_holds(const Binding *b, bool refuse)
{
    for (guint i = 0; i < b->targets->len; i++) {
        const MachineDevice *d = g_ptr_array_index(b->targets, i);
        g_autoptr(GPtrArray) holders = device_holders(b->m, d);
        g_autofree char *text = holders_text(holders);
        g_autofree char *remedy = holders_remedy(holders);

        if (!holders->len || device_is_bound(d) == b->bind) {
            continue;
        }
        if (!refuse) {
            out_note("%s is in use: %s", d->bdf, text);
            continue;
        }
        out_error("%s is in use: %s; nothing was done", d->bdf, text);
        out_hint(b->bind ? "%s" : "shut the guest down first, or: %s", remedy);
        return false;
    }
    return true;
}

/* The other functions of the adapter that vfio-pci has. */
static GPtrArray *bound_functions(const Machine *m, MachineDevice *d)
{
    GPtrArray *functions = emit_functions(m, d);

    for (guint i = functions->len; i-- > 0;) {
        MachineDevice *other = g_ptr_array_index(functions, i);

        if (other == d || !device_is_bound(other)) {
            g_ptr_array_remove_index(functions, i);
        }
    }
    return functions;
}

/* Say which devices of the group should move as well, but were not named. */
static void note_rest(const Binding *b)
{
    g_autoptr(GPtrArray) rest = b->bind ? check_group_rest(b->m, b->device) :
                                bound_functions(b->m, b->device);
    g_autofree char *names = check_device_names(rest);

    if (rest->len && !b->command->options->group) {
        out_note("without --group %s %s", b->bind ?
                 "the guest cannot start, because the host keeps" :
                 "the host does not get back", names);
    }
}

static bool vfio_is_missing(const Binding *b)
{
    return b->bind && b->steps->len &&
           !root_exists(b->m->root, "/sys/bus/pci/drivers/" VFIO_PCI);
}

/* Print what --apply would do; --apply itself prints what it has done. */
static void binding_script(const Binding *b)
{
    g_autoptr(GString) text = g_string_new(vfio_is_missing(b) ?
                                           LOAD_VFIO "\n" : "");

    steps_script(text, b->m, b->bind ? b->steps : b->persist);
    steps_script(text, b->m, b->bind ? b->persist : b->steps);
    out_text(text->str);
    if (text->len) {
        out_note(vfio_is_missing(b) ? "nothing was done; once vfio-pci is "
                 "loaded, --apply does the rest" :
                 "nothing was done; --apply does it");
    }
}

/*
 * The first device that vfio-pci cannot take, because no IOMMU covers it.
 * Without an IOMMU vfio makes groups itself, if it was told to do so.
 */
static const MachineDevice *without_group(const Binding *b)
{
    for (guint i = 0; b->bind && !b->m->noiommu && i < b->targets->len; i++) {
        const MachineDevice *d = g_ptr_array_index(b->targets, i);

        if (d->group < 0 && !device_is_bound(d)) {
            return d;
        }
    }
    return NULL;
}

/* Warn in a dry run; refuse what would only take the device from the host. */
static bool has_groups(const Binding *b, bool refuse)
{
    const MachineDevice *d = without_group(b);

    if (!d) {
        return true;
    }
    if (!refuse) {
        out_note("vfio-pci cannot take %s, which has no IOMMU group; see iommu "
                 "in %s check %s", d->bdf, out_tool(), d->bdf);
        return false;
    }
    out_error("vfio-pci cannot take %s, which has no IOMMU group; nothing was "
              "done", d->bdf);
    out_hint("see iommu in %s check %s", out_tool(), d->bdf);
    return false;
}

/* List the drivers that the devices have now, not those that were asked for. */
static void binding_devices_json(JsonBuilder *json, const Binding *b)
{
    json_builder_set_member_name(json, "devices");
    json_builder_begin_array(json);
    for (guint i = 0; i < b->targets->len; i++) {
        const MachineDevice *d = g_ptr_array_index(b->targets, i);
        g_autofree char *path = device_file(d, "driver");
        g_autofree char *driver = root_link_name(b->m->root, path);

        json_builder_begin_object(json);
        json_text(json, "address", d->bdf);
        json_text(json, "driver", driver);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

/* Print the result last, when the states that it tells are reached. */
static void binding_json(const Binding *b, bool applied)
{
    bool kept = g_file_test(b->undo->path, G_FILE_TEST_EXISTS);
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    JsonBuilder *json = out_json_begin(b->name);

    g_ptr_array_extend(all, b->bind ? b->steps : b->persist, NULL, NULL);
    g_ptr_array_extend(all, b->bind ? b->persist : b->steps, NULL, NULL);
    json_bool(json, "applied", applied);
    json_text(json, "undo_file", kept ? b->undo->path : NULL);
    steps_json(json, all);
    binding_devices_json(json, b);
    out_json_error(json);
    out_json_end(json, b->m->root);
}

/*
 * Write the undo files.  The default directories are made; the one of --undo
 * must exist.
 */
static bool bind_save(const Binding *b, GError **error)
{
    const Options *o = b->command->options;
    g_autofree char *dir = g_path_get_dirname(b->undo->path);

    if (!o->undo) {
        g_mkdir_with_parents(dir, 0755);
    }
    /*
     * The file in use is written first, so that each record is in one file at
     * least.
     */
    if (!undo_save(b->m, b->undo, o->force, error)) {
        return false;
    }
    for (guint i = 0; i < b->undos->len; i++) {
        const Undo *undo = g_ptr_array_index(b->undos, i);

        if (undo != b->undo && !g_str_equal(undo->path, b->undo->path) &&
            !undo_save(b->m, undo, false, error)) {
            return false;
        }
    }
    return true;
}

static int bind_apply(const Binding *b)
{
    g_autofree char *file = shell_word(b->undo->path);
    g_autofree char *hint = g_strconcat("sh ", file, " undoes what was done",
                                        NULL);
    bool show = !b->command->options->json;
    GError *error = NULL;

    if (vfio_is_missing(b)) {
        out_error("the driver vfio-pci is not loaded; nothing was done");
        out_hint(LOAD_VFIO);
        return EXIT_ENVIRONMENT;
    }
    if (!bind_save(b, &error)) {
        return out_fail(EXIT_ENVIRONMENT, error, "without an undo file nothing "
                        "is done");
    }
    out_note("undo file: %s", b->undo->path);
    if (!steps_apply(b->m, b->steps, show, &error)) {
        return out_fail(EXIT_ENVIRONMENT, error, hint);
    }
    if (!all_arrived(b)) {
        return EXIT_NO;
    }
    return steps_apply(b->m, b->persist, show, &error) ? EXIT_YES :
           out_fail(EXIT_ENVIRONMENT, error, hint);
}

/* Records of other devices in the group are kept. */
static int unbind_apply(const Binding *b)
{
    bool show = !b->command->options->json;
    GError *error = NULL;

    if (!steps_apply(b->m, b->persist, show, &error) ||
        !steps_apply(b->m, b->steps, show, &error)) {
        return out_fail(EXIT_ENVIRONMENT, error, NULL);
    }
    if (b->steps->len && !all_arrived(b)) {
        return EXIT_NO;
    }
    for (guint i = 0; i < b->undos->len; i++) {
        Undo *undo = g_ptr_array_index(b->undos, i);
        guint before = undo->records->len;

        for (guint j = 0; j < b->targets->len; j++) {
            const MachineDevice *d = g_ptr_array_index(b->targets, j);

            undo_drop(undo, d->bdf);
        }
        if (before != undo->records->len &&
            !undo_save(b->m, undo, false, &error)) {
            return out_fail(EXIT_ENVIRONMENT, error, NULL);
        }
    }
    return EXIT_YES;
}

/*
 * Returns the exit code. *@applied is set if the host is in the state asked
 * for.
 */
static int binding_run(Binding *b, bool *applied)
{
    const Options *o = b->command->options;
    bool any = b->steps->len || b->persist->len;
    int code;

    if (!o->json && !o->apply) {
        binding_script(b);
    }
    if (!o->apply || !any) {
        *applied = o->apply;
        has_groups(b, false);
        note_rest(b);
        nobody_holds(b, false);
        return EXIT_YES;
    }
    note_rest(b);
    if (!has_groups(b, true) || !nobody_holds(b, true)) {
        return EXIT_ENVIRONMENT;
    }
    code = b->bind ? bind_apply(b) : unbind_apply(b);
    *applied = code == EXIT_YES && steps_done(b->steps) &&
               steps_done(b->persist);
    return code;
}

static bool binding_plan(Binding *b, MachineDevice *d, GError **error)
{
    b->device = d;
    b->targets = bind_targets(b->command, b->m, d);
    if (!binding_load_undo(b, d, error)) {
        return false;
    }
    if (b->bind) {
        if (!b->command->options->persist) {
            binding_drop_done(b);
        }
        return bind_plan(b, error);
    }
    for (guint i = 0; i < b->targets->len; i++) {
        unbind_plan(b, g_ptr_array_index(b->targets, i));
    }
    return true;
}

static int bind_or_unbind(const Command *command, bool bind)
{
    g_autoptr(Binding) b = binding_new(command, bind);
    GError *error = NULL;
    MachineDevice *d;
    bool applied = false;
    int code = EXIT_ENVIRONMENT;

    b->m = cli_machine(command);
    d = b->m ? cli_device(b->m, command->arguments[0], &code) : NULL;
    if (!d) {
        return code;
    }
    if (device_is_bridge(d)) {
        out_error("%s is a bridge; vfio-pci does not drive bridges", d->bdf);
        return EXIT_NO;
    }
    if (!binding_plan(b, d, &error)) {
        return out_fail(EXIT_ENVIRONMENT, error, "nothing was done");
    }
    code = binding_run(b, &applied);
    if (command->options->json) {
        binding_json(b, applied);
    }
    return code;
}

int cmd_bind(const Command *command)
{
    return bind_or_unbind(command, true);
}

int cmd_unbind(const Command *command)
{
    return bind_or_unbind(command, false);
}
