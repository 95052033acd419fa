// The parts of the library that need no Swift.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "assay.h"
#include "assay_internal.h"

static _Thread_local char *last_error;

void assay_internal_set_error(const char *message) {
    free(last_error);
    last_error = strdup(message);
}

const char *assay_last_error(void) { return last_error ? last_error : ""; }

void assay_free(void *memory) { free(memory); }

struct ArrowArrayStream *assay_stream_new(void) { return calloc(1, sizeof(struct ArrowArrayStream)); }

void assay_stream_free(struct ArrowArrayStream *stream) {
    if (stream && stream->release) stream->release(stream);
    free(stream);
}

void assay_capsule_release(void *capsule) {
    // The library does not need Python, and is only asked this where Python runs.
    void *(*get)(void *, const char *) = (void *(*)(void *, const char *))dlsym(RTLD_DEFAULT, "PyCapsule_GetPointer");
    if (get) assay_stream_free(get(capsule, "arrow_array_stream"));
}
