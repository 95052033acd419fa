#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "worker.h"

/* SwiftPM links every executable with Swift's runtime, which a worker has no use for and which the plugin's own must not
 * meet. Together with -nostartfiles in the package's manifest, this leaves it out: the Swift driver takes linker options
 * from this section, and puts them before the libraries. */
__attribute__((section(".swift1_autolink_entries"), used)) static const char linker_options[] = "-Wl,--as-needed";

static const assay_plugin *plugin;
static instance *instances;
static call *calls;

/* ---------------------------------------------------------------- loading */

static int32_t refuse(int32_t why, const char *reason) {
    write_text(AW_TEXT_FAULT, reason);
    return why;
}

static int32_t load(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) return refuse(AW_NOT_LOADABLE, dlerror());
    assay_plugin_entry_function entry;
    *(void **)&entry = dlsym(library, "assay_plugin_entry");
    if (!entry) return AW_NO_ENTRY;
    plugin = entry(ASSAY_ABI_MAJOR, ASSAY_ABI_MINOR);
    if (!plugin) return AW_NO_TABLE;
    write_plugin(plugin);
    return AW_LOADED;
}

/* ---------------------------------------------------------------- commands */

static int32_t create(const aw_message *command, const void *segment) {
    static const char creation; /* its address stands for the creation */
    const assay_str configuration = {segment, command->length};
    const assay_scorer *scorer = plugin->scorers[command->count];
    instance *made = take_memory(sizeof *made);
    *made = (instance){.number = command->instance, .description = scorer, .next = instances};
    running_creation = (const assay_creation *)&creation;
    const assay_status status =
        plugin->create(scorer, &services, (assay_creation *)running_creation, configuration, &made->self);
    running_creation = NULL;
    if (status != ASSAY_OK) {
        free(made);
        return status;
    }
    if (plugin->describe) {
        const assay_scorer *description = plugin->describe(made->self);
        if (description) {
            made->description = description;
            write_scorer(description);
        }
    }
    instances = made;
    return status;
}

static int32_t destroy(uint64_t number) {
    for (instance **place = &instances; *place; place = &(*place)->next) {
        instance *one = *place;
        if (one->number != number) continue;
        *place = one->next;
        plugin->destroy(one->self);
        free(one);
        break;
    }
    return ASSAY_OK;
}

static void end_call(call *call) {
    if (plugin->call_free) plugin->call_free(call->instance->self, (assay_call *)call, call->state);
    drop_call(call);
}

static int32_t step(call *call, int32_t reason, const assay_reply *const *replies, uint64_t count) {
    running_call = call;
    const assay_status status =
        plugin->step(call->instance->self, (assay_call *)call, &call->state, reason, &call->batch, replies, count);
    running_call = NULL;
    if (status == ASSAY_PENDING) {
        call->next = calls;
        calls = call;
    } else {
        end_call(call);
    }
    return status;
}

static const instance *instance_of(const aw_message *command) {
    const instance *owner = instances;
    while (owner && owner->number != command->instance) owner = owner->next;
    if (!owner) abort(); /* not reached: the host starts calls of instances that it has made */
    return owner;
}

static int32_t start(const aw_message *command, const void *segment) {
    return step(make_call(command->call, instance_of(command), segment), ASSAY_STEP_START, NULL, 0);
}

/* Takes a call out of those that wait. */
static call *waiting_call(uint64_t number) {
    for (call **place = &calls; *place; place = &(*place)->next) {
        call *one = *place;
        if (one->number != number) continue;
        *place = one->next;
        return one;
    }
    abort(); /* not reached: the host names calls that wait */
}

static int32_t replies(const aw_message *command, const void *segment) {
    call *call = waiting_call(command->call);
    const assay_reply *const *given = make_replies(segment, command->count);
    for (uint64_t i = 0; i < command->count; i++) remove_tag(&call->open_tags, given[i]->tag);
    return step(call, ASSAY_STEP_REPLIES, given, command->count);
}

static int32_t finalize(const aw_message *command, const void *segment) {
    const instance *owner = instance_of(command);
    if (!ASSAY_HAS(plugin, assay_plugin, finalize) || !plugin->finalize) return ASSAY_E_UNSUPPORTED;
    const assay_sums sums = {sizeof sums, (uint32_t)command->length, command->count, segment};
    running_finalization = (const assay_finalization *)&sums;
    const assay_status status = plugin->finalize(owner->self, (assay_finalization *)running_finalization, &sums);
    running_finalization = NULL;
    return status;
}

static int32_t run(const aw_message *command, int descriptor) {
    const void *segment = NULL;
    if (command->segment) segment = segment_memory(command, descriptor);
    switch (command->kind) {
    case AW_CREATE: return create(command, segment);
    case AW_DESTROY: return destroy(command->instance);
    case AW_START: return start(command, segment);
    case AW_REPLIES: return replies(command, segment);
    case AW_FREE: end_call(waiting_call(command->call)); return ASSAY_OK;
    case AW_PROBE: return probe();
    case AW_FINALIZE: return finalize(command, segment);
    case AW_RACE: return race(plugin, instance_of(command), segment, command->count);
    default: return ASSAY_E_UNSUPPORTED;
    }
}

int main(int count, char **arguments) {
    if (count != 5 || atoi(arguments[1]) != AW_PROTOCOL) {
        static const char message[] =
            "assay-plugin-worker is started by the assay program of the same version, for plugins that are not trusted.\n";
        return write(STDERR_FILENO, message, sizeof message - 1) < 0 ? 1 : 64;
    }
    /* The host may have ended before it could be asked for. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != atoi(arguments[2])) return 1;
    open_output();
    begin_output(0);
    const char *fault = enter_sandbox(arguments[4], strtoull(arguments[3], NULL, 10));
    begin_probing();
    end_output(fault ? refuse(AW_NO_SANDBOX, fault) : load(arguments[4]));
    for (;;) {
        aw_message command;
        int descriptor;
        receive_command(&command, &descriptor);
        if (command.kind == AW_FORGET) {
            forget_segment(command.segment);
            continue;
        }
        begin_output(command.serial);
        end_output(run(&command, descriptor));
    }
}
