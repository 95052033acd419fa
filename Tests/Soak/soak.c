/* A scorer for Tests/Soak: gives 1.0, but for rows that crash it or hang it. */
#include <string.h>
#include <unistd.h>

#include "assay_scorer_kit.h"

static const assay_column_spec *const inputs[] = {
    KIT_REQUIRED("generated_answer", ASSAY_TYPE_STR, "\"crash\", \"hang\", or anything else"), NULL};
static const assay_column_spec *const outputs[] = {KIT_OUTPUT("score", ASSAY_TYPE_F64, "1.0", 0, 1), NULL};

static const assay_scorer scorer = {.struct_size = sizeof scorer,
                                    .concurrency = ASSAY_CONCURRENCY_PARALLEL,
                                    .id = "soak",
                                    .description = "1.0, but for rows that crash the plugin or hang it",
                                    .inputs = inputs,
                                    .outputs = outputs};

typedef struct instance {
    const assay_host *host;
} instance;

static assay_status create(const assay_scorer *its_scorer, const assay_host *host, assay_creation *creation,
                           assay_str config_json, void **self) {
    (void)its_scorer;
    kit_parameters parameters;
    kit_open_parameters(&parameters, host, creation, config_json);
    const assay_status status = kit_close_parameters(&parameters);
    if (status != ASSAY_OK) return status;
    instance *made = malloc(sizeof *made);
    if (made == NULL) return ASSAY_E_RESOURCE;
    made->host = host;
    *self = made;
    return ASSAY_OK;
}

static void destroy(void *self) { free(self); }

static bool is(assay_str text, const char *word) {
    return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

static assay_status step(void *self, assay_call *call, void **state, int32_t reason, const assay_batch *batch,
                         const assay_reply *const *replies, uint64_t n_replies) {
    (void)state, (void)reason, (void)replies, (void)n_replies;
    const kit_step current = {((instance *)self)->host, call, batch};
    for (uint64_t row = 0; row < batch->n_rows; row++) {
        const assay_str text = kit_text(&current, 0, row);
        if (is(text, "crash")) abort();
        if (is(text, "hang")) {
            for (;;) usleep(1000);
        }
        kit_give_number(&current, 0, row, 1);
    }
    return ASSAY_OK;
}

static const assay_scorer *const scorers[] = {&scorer, NULL};
static const assay_plugin plugin = {.struct_size = sizeof plugin,
                                    .abi_major = ASSAY_ABI_MAJOR,
                                    .abi_minor = ASSAY_ABI_MINOR,
                                    .id = "org.example.soak",
                                    .version = "0.1.0",
                                    .description = "Rows that crash or hang it",
                                    .scorers = scorers,
                                    .create = create,
                                    .destroy = destroy,
                                    .step = step};

const assay_plugin *assay_plugin_entry(uint32_t host_abi_major, uint32_t host_abi_minor) {
    (void)host_abi_minor;
    return host_abi_major == ASSAY_ABI_MAJOR ? &plugin : NULL;
}
