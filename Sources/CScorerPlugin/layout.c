/* The published layout of ABI version 1.0 on 64-bit machines. A line of this file never changes; fields that a later
 * minor version adds get lines of their own. */
#include "assay_scorer_plugin.h"

#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field " has moved")

_Static_assert(sizeof(void *) == 8, "the layout below is that of 64-bit machines");
_Static_assert(sizeof(assay_str) == 16, "assay_str is frozen");
AT(assay_str, len, 8);

AT(assay_column, type, 4);
AT(assay_column, validity, 8);
AT(assay_column, values, 16);
AT(assay_column, list_offsets, 24);

AT(assay_batch, n_columns, 4);
AT(assay_batch, n_rows, 8);
AT(assay_batch, columns, 16);

AT(assay_host, abi_major, 4);
AT(assay_host, abi_minor, 8);
AT(assay_host, host_data, 16);
AT(assay_host, log, 24);
AT(assay_host, reject, 32);
AT(assay_host, emit, 40);
AT(assay_host, fail, 48);
AT(assay_host, is_cancelled, 56);
AT(assay_host, get_extension, 64);

AT(assay_host_chat, request, 8);

AT(assay_reply, status, 4);
AT(assay_reply, tag, 8);
AT(assay_reply, text, 16);
AT(assay_reply, response_json, 32);

AT(assay_column_spec, type, 4);
AT(assay_column_spec, flags, 8);
AT(assay_column_spec, name, 16);
AT(assay_column_spec, description, 24);
AT(assay_column_spec, minimum, 32);
AT(assay_column_spec, maximum, 40);

AT(assay_scorer, concurrency, 4);
AT(assay_scorer, id, 8);
AT(assay_scorer, description, 16);
AT(assay_scorer, inputs, 24);
AT(assay_scorer, outputs, 32);
AT(assay_scorer, roles, 40);
AT(assay_scorer, parameters_schema, 48);

AT(assay_plugin, abi_major, 4);
AT(assay_plugin, abi_minor, 8);
AT(assay_plugin, id, 16);
AT(assay_plugin, version, 24);
AT(assay_plugin, description, 32);
AT(assay_plugin, scorers, 40);
AT(assay_plugin, create, 48);
AT(assay_plugin, describe, 56);
AT(assay_plugin, destroy, 64);
AT(assay_plugin, step, 72);
AT(assay_plugin, call_free, 80);
AT(assay_plugin, get_extension, 88);

/* Numbers that plugins were compiled with. */
#define IS(name, value) _Static_assert((name) == (value), #name " has changed")

IS(ASSAY_ABI_MAJOR, 1);
IS(ASSAY_OK, 0);
IS(ASSAY_PENDING, 1);
IS(ASSAY_E_INVALID, -1);
IS(ASSAY_E_UNSUPPORTED, -2);
IS(ASSAY_E_CANCELLED, -3);
IS(ASSAY_E_TIMEOUT, -4);
IS(ASSAY_E_RESOURCE, -5);
IS(ASSAY_E_INTERNAL, -6);
IS(ASSAY_E_VERSION, -7);
IS(ASSAY_TYPE_STR, 1);
IS(ASSAY_TYPE_F64, 2);
IS(ASSAY_TYPE_I64, 3);
IS(ASSAY_TYPE_BOOL, 4);
IS(ASSAY_TYPE_JSON, 5);
IS(ASSAY_TYPE_LIST_STR, 6);
IS(ASSAY_ROW_SCORED, 0);
IS(ASSAY_ROW_UNPARSED, 1);
IS(ASSAY_ROW_INPUT_ERROR, 2);
IS(ASSAY_ROW_SCORER_ERROR, 3);
IS(ASSAY_ROW_MODEL_ERROR, 4);
IS(ASSAY_ROW_TIMED_OUT, 5);
IS(ASSAY_COLUMN_REQUIRED, 0);
IS(ASSAY_COLUMN_OPTIONAL, 1);
IS(ASSAY_COLUMN_LENIENT, 2);
IS(ASSAY_CONCURRENCY_PARALLEL, 0);
IS(ASSAY_CONCURRENCY_INSTANCE_SERIAL, 1);
IS(ASSAY_CONCURRENCY_PROCESS_SERIAL, 2);
IS(ASSAY_STEP_START, 0);
IS(ASSAY_STEP_REPLIES, 1);

/* Since 1.1. */
IS(ASSAY_ROW_NOT_ASKED, 7);

/* Since 1.2. */
AT(assay_host_chat, ask, 16);
AT(assay_reply, finish_reason, 48);
AT(assay_reply, reasoning, 64);
AT(assay_request, sample, 4);
AT(assay_request, tag, 8);
AT(assay_request, role, 16);
AT(assay_request, json, 32);

/* Since 1.3. */
AT(assay_host, emit_statistics, 72);
AT(assay_host, emit_aggregate, 80);
AT(assay_scorer, statistics, 56);
AT(assay_scorer, aggregations, 64);
AT(assay_plugin, finalize, 96);
AT(assay_aggregation, name, 8);
AT(assay_aggregation, description, 16);
AT(assay_sums, n_sums, 4);
AT(assay_sums, n_rows, 8);
AT(assay_sums, values, 16);

/* Since 1.4. */
AT(assay_reply, vectors, 80);
AT(assay_reply, n_vectors, 88);
AT(assay_reply, n_dimensions, 96);
AT(assay_texts, tag, 8);
AT(assay_texts, role, 16);
AT(assay_texts, texts, 32);
AT(assay_texts, n_texts, 40);
AT(assay_host_embed, embed, 8);
AT(assay_host_moderate, moderate, 8);
