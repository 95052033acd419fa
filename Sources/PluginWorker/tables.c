#include <string.h>

#include "worker.h"

/* What a struct is too small to hold is left out; the host sees its size and refuses it if it lacks fields of version 1.0,
 * the last of which is `last`. */
#define IS_WHOLE(p, type, last) ASSAY_HAS(p, type, last)

static void write_columns(const assay_column_spec *const *columns, uint32_t is_output) {
    for (; columns && *columns; columns++) {
        const assay_column_spec *column = *columns;
        const bool is_whole = IS_WHOLE(column, assay_column_spec, maximum);
        const double range[2] = {is_whole ? column->minimum : 0, is_whole ? column->maximum : 0};
        const part rest = {range, sizeof range};
        aw_record record = {.kind = AW_COLUMN, .first = column->struct_size, .output = is_output};
        if (is_whole) {
            record.type = column->type;
            record.flags = column->flags;
        }
        write_record(record, &rest, 1);
        if (!is_whole) continue;
        write_text(AW_TEXT_ID, column->name);
        write_text(AW_TEXT_DESCRIPTION, column->description);
    }
}

void write_scorer(const assay_scorer *scorer) {
    const bool is_whole = IS_WHOLE(scorer, assay_scorer, parameters_schema);
    write_record(
        (aw_record){.kind = AW_SCORER, .first = scorer->struct_size, .type = is_whole ? scorer->concurrency : 0}, NULL, 0);
    if (!is_whole) return;
    write_text(AW_TEXT_ID, scorer->id);
    write_text(AW_TEXT_DESCRIPTION, scorer->description);
    write_text(AW_TEXT_SCHEMA, scorer->parameters_schema);
    write_columns(scorer->inputs, 0);
    write_columns(scorer->outputs, 1);
    for (const char *const *role = scorer->roles; role && *role; role++) {
        const part name = {*role, strlen(*role)};
        write_record((aw_record){.kind = AW_ROLE}, &name, 1);
    }
    if (!ASSAY_HAS(scorer, assay_scorer, aggregations)) return;
    for (const char *const *statistic = scorer->statistics; statistic && *statistic; statistic++) {
        write_record((aw_record){.kind = AW_STATISTIC}, NULL, 0);
        write_text(AW_TEXT_ID, *statistic);
    }
    for (const assay_aggregation *const *place = scorer->aggregations; place && *place; place++) {
        write_record((aw_record){.kind = AW_AGGREGATION, .first = (*place)->struct_size}, NULL, 0);
        if (!IS_WHOLE(*place, assay_aggregation, description)) continue;
        write_text(AW_TEXT_ID, (*place)->name);
        write_text(AW_TEXT_DESCRIPTION, (*place)->description);
    }
}

void write_plugin(const assay_plugin *plugin) {
    /* Another major version may have changed everything behind the version itself. */
    const bool is_whole = plugin->abi_major == ASSAY_ABI_MAJOR && IS_WHOLE(plugin, assay_plugin, get_extension);
    write_record(
        (aw_record){
            .kind = AW_PLUGIN,
            .first = plugin->struct_size,
            .count = (uint64_t)plugin->abi_major << 32 | plugin->abi_minor,
            .flags = (is_whole && plugin->create && plugin->destroy && plugin->step ? 1 : 0)
                | (is_whole && ASSAY_HAS(plugin, assay_plugin, finalize) && plugin->finalize ? 2 : 0),
        },
        NULL, 0);
    if (!is_whole) return;
    write_text(AW_TEXT_ID, plugin->id);
    write_text(AW_TEXT_VERSION, plugin->version);
    write_text(AW_TEXT_DESCRIPTION, plugin->description);
    for (const assay_scorer *const *scorer = plugin->scorers; scorer && *scorer; scorer++) write_scorer(*scorer);
}
