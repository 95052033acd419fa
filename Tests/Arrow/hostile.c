/* Streams, definitions, options and states that lie, given to the functions of libassay. Each call must end with an error or with a
 * result, and release what it was given exactly once. Built with AddressSanitizer by Tests/Arrow/hostile.sh. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay.h"

static int failures;

#define CHECK(condition, ...) \
    do { \
        if (!(condition)) { \
            failures++; \
            printf("FAIL line %d: %s: ", __LINE__, #condition); \
            printf(__VA_ARGS__); \
            printf(" (\"%s\")\n", assay_last_error()); \
        } \
    } while (0)

/* ---- streams whose parts are set at will */

enum { MOST = 8 };

struct stream {
    struct ArrowSchema columns[MOST], table;
    struct ArrowSchema *column_pointers[MOST];
    struct ArrowArray arrays[MOST], batch;
    struct ArrowArray *array_pointers[MOST];
    const void *buffers[MOST][4];
    const void *table_buffers[1];
    int n_columns, batches, given;
    /* The call to get_next that fails; -1: none. */
    int failing;
    int schema_failure;
    const char *reason;
    int streams_released, schemas_released, arrays_released, arrays_given, schemas_given;
};

static void release_schema(struct ArrowSchema *schema) {
    if (schema->private_data) ((struct stream *)schema->private_data)->schemas_released++;
    schema->release = NULL;
}

static void release_array(struct ArrowArray *array) {
    if (array->private_data) ((struct stream *)array->private_data)->arrays_released++;
    array->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    struct stream *own = stream->private_data;
    if (own->schema_failure) return own->schema_failure;
    own->schemas_given++;
    *out = own->table;
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    struct stream *own = stream->private_data;
    memset(out, 0, sizeof *out);
    if (own->given == own->failing) {
        own->given++;
        return EIO;
    }
    if (own->given >= own->batches) return 0;
    own->given++;
    own->arrays_given++;
    *out = own->batch;
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) { return ((struct stream *)stream->private_data)->reason; }

static void release_stream(struct ArrowArrayStream *stream) {
    ((struct stream *)stream->private_data)->streams_released++;
    stream->release = NULL;
}

static struct ArrowArrayStream stream_of(struct stream *own) {
    return (struct ArrowArrayStream){get_schema, get_next, get_last_error, release_stream, own};
}

static const int32_t ends[] = {0, 2, 4, 6, 8};
static const char bytes[] = "aabbccdd";

/* Two text columns with four rows. */
static void set(struct stream *own) {
    static const char *const names[] = {"generated_answer", "expected_answer"};
    memset(own, 0, sizeof *own);
    own->n_columns = 2;
    own->batches = 1;
    own->failing = -1;
    for (int i = 0; i < MOST; i++) {
        own->column_pointers[i] = &own->columns[i];
        own->array_pointers[i] = &own->arrays[i];
        own->columns[i] = (struct ArrowSchema){.format = "u", .name = i < 2 ? names[i] : "x", .release = release_schema};
        own->buffers[i][1] = ends;
        own->buffers[i][2] = bytes;
        own->arrays[i] = (struct ArrowArray){
            .length = 4, .n_buffers = 3, .buffers = own->buffers[i], .release = release_array};
    }
    own->table = (struct ArrowSchema){.format = "+s", .name = "", .n_children = 2, .children = own->column_pointers,
                                      .release = release_schema, .private_data = own};
    own->batch = (struct ArrowArray){.length = 4, .n_buffers = 1, .buffers = own->table_buffers, .n_children = 2,
                                     .children = own->array_pointers, .release = release_array, .private_data = own};
}

/* ---- what is done with them */

struct ending {
    /* The step that failed: 1 assay_run_stream, 2 get_next, 0 none. */
    int step;
    int64_t rows;
    char text[300];
};

static assay_engine *engine;

static struct ending score(struct stream *own, struct ArrowArrayStream *in, const char *options) {
    struct ending end = {0, 0, ""};
    assay_run *run = assay_run_new(engine, options);
    CHECK(run, "%s", options);
    struct ArrowArrayStream out;
    memset(&out, 0, sizeof out);
    if (assay_run_stream(run, in, &out)) {
        end.step = 1;
        snprintf(end.text, sizeof end.text, "%s", assay_last_error());
        CHECK(!out.release, "a stream was set although the call failed");
    } else {
        struct ArrowArray batch;
        for (int calls = 0; calls < 100; calls++) {
            if (out.get_next(&out, &batch)) {
                end.step = 2;
                const char *said = out.get_last_error(&out);
                snprintf(end.text, sizeof end.text, "%s", said ? said : "");
                /* What failed stays failed, and has no results. */
                CHECK(out.get_next(&out, &batch) != 0, "a failed stream went on");
                CHECK(!assay_run_results(run), "a failed run has results");
                break;
            }
            if (!batch.release) break;
            end.rows += batch.length;
            batch.release(&batch);
        }
        void (*release)(struct ArrowArrayStream *) = out.release;
        release(&out);
        /* A consumer's mistake. */
        release(&out);
        CHECK(!out.release, "the stream is not released");
    }
    assay_run_free(run);
    if (own) {
        CHECK(own->streams_released == 1, "the stream was released %d times", own->streams_released);
        CHECK(own->arrays_released == own->arrays_given, "%d of %d", own->arrays_released, own->arrays_given);
        CHECK(own->schemas_released == own->schemas_given, "%d of %d", own->schemas_released, own->schemas_given);
    }
    return end;
}

static const char *const equality = "[\"--fn\", \"basic::equality\"]";

static struct ending score_set(struct stream *own) {
    struct ArrowArrayStream in = stream_of(own);
    return score(own, &in, equality);
}

/* Also through rows that are kept: reads all batches, and lends them twice. */
static void keep(struct stream *own) {
    struct ArrowArrayStream in = stream_of(own);
    assay_rows *rows = assay_rows_new(&in);
    if (rows) {
        for (int i = 0; i < 10 && assay_rows_read(rows, 1) > 0; i++) {}
        for (int i = 0; i < 2; i++) {
            struct ArrowArrayStream lent;
            if (assay_rows_stream(rows, &lent) == 0) score(NULL, &lent, equality);
        }
        assay_rows_free(rows);
    }
    CHECK(own->streams_released == 1, "the stream was released %d times", own->streams_released);
    CHECK(own->arrays_released == own->arrays_given, "%d of %d", own->arrays_released, own->arrays_given);
}

/* A stream must be refused, and the message must have the words. */
#define REFUSED(own, words) \
    do { \
        struct stream copy_; \
        memcpy(&copy_, (own), sizeof copy_); \
        struct ending end_ = score_set(own); \
        CHECK(end_.step != 0, "it was accepted, with %lld rows", (long long)end_.rows); \
        CHECK(strstr(end_.text, words), "\"%s\" lacks \"%s\"", end_.text, words); \
        memcpy((own), &copy_, sizeof copy_); \
        keep(own); \
    } while (0)

static void streams(void) {
    static struct stream s;
    set(&s);
    struct ending end = score_set(&s);
    CHECK(end.step == 0 && end.rows == 4, "step %d, %lld rows: %s", end.step, (long long)end.rows, end.text);
    set(&s);
    keep(&s);

    /* Callbacks that fail, or are missing. */
    set(&s); s.schema_failure = EIO; s.reason = "\xff broken"; REFUSED(&s, "broken");
    set(&s); s.schema_failure = ENOMEM; REFUSED(&s, "");
    for (int call = 0; call < 3; call++) {
        set(&s); s.batches = 3; s.failing = call; s.reason = "gone"; REFUSED(&s, "gone");
    }
    for (int missing = 0; missing < 3; missing++)
        for (int kept = 0; kept < 2; kept++) {
            set(&s);
            struct ArrowArrayStream in = stream_of(&s);
            if (missing == 0) in.get_schema = NULL;
            if (missing == 1) in.get_next = NULL;
            if (missing == 2) { in.get_last_error = NULL; s.schema_failure = EIO; }
            if (kept) CHECK(!assay_rows_new(&in), "part %d is missing", missing);
            else CHECK(score(&s, &in, equality).step == 1, "part %d is missing", missing);
            CHECK(s.streams_released == 1, "part %d is missing", missing);
        }
    struct ArrowArrayStream released;
    memset(&released, 0, sizeof released);
    CHECK(score(NULL, &released, equality).step == 1, "a released stream");
    CHECK(!assay_rows_new(&released), "a released stream");

    /* Schemas. */
    set(&s); s.table.format = NULL; REFUSED(&s, "released");
    set(&s); s.table.release = NULL; s.schemas_given = -1; s.columns[0].format = NULL; score_set(&s);
    set(&s); s.table.n_children = -1; REFUSED(&s, "not valid");
    set(&s); s.table.n_children = INT64_MAX; REFUSED(&s, "100,000 columns");
    set(&s); s.table.children = NULL; REFUSED(&s, "not valid");
    set(&s); s.column_pointers[1] = NULL; REFUSED(&s, "lacks a child");
    set(&s); s.columns[0].name = "\xc3("; REFUSED(&s, "not UTF-8");
    set(&s); s.columns[0].release = NULL; REFUSED(&s, "released");
    static const char *const formats[] = {"", "+", "+w:", "+w:-1", "+w:99999999999999999999", "w:5", "d:", "d:5,999", "t", "tss",
                                          "+us:0,1", "+r", "vx", "+v", "%s%n", "+l", "+m"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        set(&s); s.columns[0].format = formats[i]; REFUSED(&s, "Arrow format");
    }
    /* A struct that is its own child: as deep as it is read, and twice as many at each level. */
    set(&s);
    struct ArrowSchema *loop[2] = {&s.columns[0], &s.columns[0]};
    s.columns[0].format = "+s"; s.columns[0].n_children = 1; s.columns[0].children = loop;
    REFUSED(&s, "nested too deeply");
    set(&s);
    s.columns[0].format = "+s"; s.columns[0].n_children = 2; s.columns[0].children = loop;
    REFUSED(&s, "");
    set(&s); s.columns[0].format = "i"; s.columns[0].dictionary = &s.columns[0]; REFUSED(&s, "");
    /* The same where no type has children. */
    static const char *const leaves[] = {"i", "u", "+r", "+us:0"};
    for (int i = 0; i < 4; i++) {
        set(&s); s.columns[0].format = leaves[i]; s.columns[0].n_children = 2; s.columns[0].children = loop;
        struct ArrowArrayStream in = stream_of(&s);
        CHECK(!assay_rows_new(&in), "%s with itself as its children", leaves[i]);
        set(&s); s.columns[0].format = leaves[i]; s.columns[0].n_children = 1; s.columns[0].children = NULL;
        in = stream_of(&s);
        CHECK(!assay_rows_new(&in), "%s without its children", leaves[i]);
    }

    /* Batches. */
    set(&s); s.batch.length = -1; REFUSED(&s, "");
    set(&s); s.batch.length = INT64_MAX; REFUSED(&s, "");
    set(&s); s.batch.offset = -1; REFUSED(&s, "");
    set(&s); s.batch.offset = INT64_MAX; REFUSED(&s, "");
    set(&s); s.batch.offset = 1; REFUSED(&s, "fewer rows");
    set(&s); s.batch.length = 5; REFUSED(&s, "fewer rows");
    set(&s); s.batch.n_children = 1; REFUSED(&s, "");
    set(&s); s.batch.children = NULL; REFUSED(&s, "");
    set(&s); s.array_pointers[1] = NULL; REFUSED(&s, "");
    set(&s); s.batch.buffers = NULL; REFUSED(&s, "");
    set(&s); s.arrays[0].length = -5; REFUSED(&s, "");
    set(&s); s.arrays[0].offset = -1; REFUSED(&s, "");
    set(&s); s.arrays[0].buffers = NULL; REFUSED(&s, "lacks its buffers");
    set(&s); s.buffers[0][1] = NULL; REFUSED(&s, "lacks its data");
    set(&s); s.buffers[0][2] = NULL; REFUSED(&s, "lacks its bytes");
    set(&s); s.arrays[0].n_buffers = 2; REFUSED(&s, "number of buffers");
    set(&s); s.arrays[0].n_children = 1; REFUSED(&s, "");
    static const int32_t falling[] = {0, 4, 2, 6, 8}, negative[] = {-4, 0, 2, 4, 6};
    set(&s); s.buffers[0][1] = falling; REFUSED(&s, "ascend");
    set(&s); s.buffers[0][1] = negative; REFUSED(&s, "ascend");
    static const uint64_t index[] = {0, 1, 2, 99};
    set(&s); s.columns[0].format = "l"; s.columns[0].dictionary = &s.columns[2]; s.arrays[0].dictionary = &s.arrays[2];
    s.arrays[0].n_buffers = 2; s.buffers[0][1] = index; REFUSED(&s, "beyond its dictionary");
    set(&s); s.columns[0].format = "l"; s.columns[0].dictionary = &s.columns[2]; s.arrays[0].n_buffers = 2;
    s.buffers[0][1] = index; REFUSED(&s, "");
    /* A dictionary's texts are texts wherever the batch is lent. */
    static const int64_t places[] = {3, 2, 1, 0};
    set(&s); s.columns[0].format = "l"; s.columns[0].dictionary = &s.columns[2]; s.arrays[0].dictionary = &s.arrays[2];
    s.arrays[0].n_buffers = 2; s.buffers[0][1] = places;
    CHECK(score_set(&s).rows == 4, "texts in a dictionary");
    set(&s); s.columns[0].format = "l"; s.columns[0].dictionary = &s.columns[2]; s.arrays[0].dictionary = &s.arrays[2];
    s.arrays[0].n_buffers = 2; s.buffers[0][1] = places;
    keep(&s);

    /* A list of 2^30 nulls has no bytes of its own. */
    set(&s);
    struct ArrowSchema *element = &s.columns[2];
    struct ArrowArray *elements = &s.arrays[2];
    s.columns[0].format = "+w:1073741824"; s.columns[0].n_children = 1; s.columns[0].children = &element;
    s.columns[2].format = "n";
    s.arrays[0].n_buffers = 1; s.arrays[0].n_children = 1; s.arrays[0].children = &elements; s.arrays[0].length = 1;
    s.arrays[2].n_buffers = 0; s.arrays[2].length = INT64_C(1) << 30;
    s.batch.length = 1;
    end = score_set(&s);
    CHECK(end.step == 0 && end.rows == 1, "a list of 2^30 nulls: step %d, %lld rows, %s", end.step, (long long)end.rows, end.text);
    /* Rows that say nothing, without end: taken in pieces, and cancelled by whoever has enough. */
    set(&s);
    s.columns[0].format = s.columns[1].format = "n";
    s.arrays[0].n_buffers = s.arrays[1].n_buffers = 0;
    s.arrays[0].length = s.arrays[1].length = s.batch.length = INT64_C(1) << 33;
    struct ArrowArrayStream in = stream_of(&s), out;
    assay_run *run = assay_run_new(engine, equality);
    CHECK(assay_run_stream(run, &in, &out) == 0, "2^33 rows");
    struct ArrowArray batch;
    CHECK(out.get_next(&out, &batch) == 0 && batch.release && batch.length < 1 << 24, "2^33 rows");
    if (batch.release) batch.release(&batch);
    assay_run_cancel(run);
    int code = 0;
    for (int i = 0; i < 100 && !code; i++) {
        code = out.get_next(&out, &batch);
        if (!code && batch.release) batch.release(&batch);
    }
    CHECK(code == ECANCELED, "code %d", code);
    out.release(&out);
    assay_run_free(run);
}

/* ---- scorers that lie */

static int mode;
static struct stream reply;

static int score_rows(void *context, const char *parameters, struct ArrowSchema *schema, struct ArrowArray *rows,
                      struct ArrowSchema *out_schema, struct ArrowArray *out, char *error, size_t error_size) {
    (void)context; (void)parameters;
    static const double scores[4] = {0.5, 1, 0, 0.25};
    static double wrong[4];
    /* Released, or not: both are allowed. */
    if (mode % 2) { schema->release(schema); rows->release(rows); }
    if (mode == 0) { memset(error, 'x', error_size); return 1; }
    if (mode == 1) return 0;
    set(&reply);
    reply.columns[0].name = "score";
    reply.columns[0].format = "g";
    reply.columns[1].name = "message";
    reply.arrays[0].n_buffers = 2;
    reply.buffers[0][1] = scores;
    reply.table.private_data = reply.batch.private_data = NULL;
    static const uint8_t invalid[1] = {0x05};
    switch (mode) {
    case 2: break;
    case 3: reply.batch.length = 3; break;
    case 4: reply.batch.length = INT64_MAX; break;
    case 5: wrong[0] = 1e308 * 10; wrong[1] = -7; reply.buffers[0][1] = wrong; break;
    case 6: reply.columns[0].format = "u"; reply.arrays[0].n_buffers = 3; reply.buffers[0][1] = ends; break;
    case 7: reply.columns[1].name = "score"; break;
    case 8: reply.buffers[0][0] = invalid; reply.arrays[0].null_count = 2; break;
    case 9: reply.table.n_children = reply.batch.n_children = 0; break;
    case 10: reply.columns[0].format = NULL; break;
    case 11: reply.buffers[1][1] = NULL; break;
    default: break;
    }
    *out_schema = reply.table;
    *out = reply.batch;
    return 0;
}

static void scorers(void) {
    static const char *const definitions[] = {
        NULL, "", "null", "[]", "{", "{}", "{\"identifier\": 7}",
        "{\"identifier\": \"a::b\", \"provider_id\": \"a\", \"provider_resource_id\": \"b\", \"params\": {\"type\": \"basic\"}}",
        "{\"identifier\": \"a::b\", \"provider_id\": \"\", \"provider_resource_id\": \"\", \"outputs\": [{\"name\": \"score\", "
        "\"type\": \"number\"}]}",
        "{\"identifier\": \"a::b\", \"inputs\": [{}], \"outputs\": [{\"name\": \"score\", \"type\": \"number\"}]}",
        "{\"identifier\": \"a::b\", \"inputs\": 7, \"outputs\": {\"name\": \"score\"}}",
        "{\"identifier\": \"a::b\", \"outputs\": [{\"name\": \"score\", \"type\": \"text\\u0000list\"}]}",
        "{\"identifier\": \"a::b\", \"outputs\": [{\"name\": \"score\", \"type\": \"number\", \"range\": [1e999, -1e999]}]}",
        "{\"identifier\": \"a::b\", \"outputs\": [{\"name\": \"score\", \"type\": \"number\"}, {\"name\": \"score\", \"type\": \"json\"}]}"};
    for (size_t i = 0; i < sizeof definitions / sizeof *definitions; i++) {
        assay_arrow_scorer one = {sizeof one, 0, definitions[i], NULL, score_rows};
        const assay_arrow_scorer *list[] = {&one, &one};
        for (size_t count = 1; count <= 2; count++) {
            assay_engine *made = assay_engine_new("[]", list, count);
            if (made) {
                char *text = assay_engine_functions(made);
                CHECK(text && i + 3 > 0, "definition %zu", i);
                assay_free(text);
                printf("definition %zu, %zu times: accepted\n", i, count);
            } else {
                CHECK(*assay_last_error(), "definition %zu", i);
            }
            assay_engine_free(made);
        }
    }
    char *deep = malloc(400001);
    for (int i = 0; i < 200000; i++) { deep[i] = '['; deep[200000 + i] = ']'; }
    deep[400000] = 0;
    assay_arrow_scorer nested = {sizeof nested, 0, deep, NULL, score_rows};
    const assay_arrow_scorer *nested_list[] = {&nested};
    CHECK(!assay_engine_new("[]", nested_list, 1), "a deep definition");
    CHECK(!assay_engine_new(deep, NULL, 0), "deep options");
    CHECK(!assay_run_new(engine, deep), "deep options");
    free(deep);
    assay_arrow_scorer small = {8, 0, "{}", NULL, score_rows}, silent = {sizeof silent, 0, "{}", NULL, NULL};
    const assay_arrow_scorer *list[] = {&small};
    CHECK(!assay_engine_new("[]", list, 1), "a small structure");
    list[0] = &silent;
    CHECK(!assay_engine_new("[]", list, 1), "no function");
    list[0] = NULL;
    CHECK(!assay_engine_new("[]", list, 1), "no scorer");
    CHECK(!assay_engine_new("[]", NULL, 3), "no scorers");
    CHECK(!assay_engine_new("[]", NULL, SIZE_MAX), "many scorers");

    const char *definition =
        "{\"identifier\": \"mine::f\", \"provider_id\": \"mine\", \"provider_resource_id\": \"f\", \"return_type\": {\"type\": "
        "\"number\"}, \"params\": {\"type\": \"basic\", \"aggregation_functions\": [\"average\"]}, \"inputs\": [{\"name\": "
        "\"generated_answer\", \"type\": \"text\"}], \"outputs\": [{\"name\": \"score\", \"type\": \"number\", \"range\": [0, 1]}]}";
    assay_arrow_scorer own = {sizeof own, 0, definition, NULL, score_rows};
    list[0] = &own;
    assay_engine *before = engine;
    engine = assay_engine_new("[]", list, 1);
    CHECK(engine, "a scorer of the program");
    for (mode = 0; engine && mode <= 12; mode++) {
        static struct stream s;
        set(&s);
        struct ArrowArrayStream in = stream_of(&s);
        struct ending end = score(&s, &in, "[\"--fn\", \"mine::f\"]");
        CHECK(end.step == 0 && end.rows == 4, "mode %d: step %d, %lld rows, %s", mode, end.step, (long long)end.rows, end.text);
    }
    assay_engine_free(engine);
    engine = before;
}

/* ---- options and states */

static void texts(void) {
    static const char *const options[] = {
        "", "{", "7", "{}", "[7]", "[null]", "[[]]", "[\"--fn\"]", "[\"--fn\", \"\"]", "[\"--fn\", \"x::y\"]", "[\"\\u0000\"]",
        "[\"--fn\", \"basic::equality={\"]", "[\"--fn\", \"basic::equality\", \"--jobs\", \"-1\"]",
        "[\"--fn\", \"basic::equality\", \"--jobs\", \"99999999999999999999\"]", "[\"--output\", \"/tmp/x\"]", "[\"--help\"]",
        "[\"--version\"]", "[\"rows.jsonl\", \"--fn\", \"basic::equality\"]", "[\"--\", \"x\"]", "[\"\xff\"]", "\xff\xfe",
        "[\"--fn\", \"basic::equality\", \"--map\", \"=\"]", "[\"--config\", \"/dev/zero\"]",
        "[\"--fn\", \"basic::equality\", \"--save\", \"/proc/x\"]", "[\"--fn\", \"basic::equality\", \"--state\", \"/dev/full\"]"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        assay_run *run = assay_run_new(engine, options[i]);
        if (run) printf("options of a run %s: accepted\n", options[i]);
        else CHECK(*assay_last_error(), "%s", options[i]);
        assay_run_free(run);
        assay_engine *made = assay_engine_new(options[i], NULL, 0);
        if (made) printf("options of an engine %s: accepted\n", options[i]);
        else CHECK(*assay_last_error(), "%s", options[i]);
        assay_engine_free(made);
    }
    assay_run *run = assay_run_new(engine, equality);
    static const char *const paths[] = {"", "[]", "[\"\"]", "[\"/proc/self/mem\"]", "[\"/nowhere\"]", "[7]"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assay_run *other = assay_run_new(engine, equality);
        struct ArrowArrayStream out;
        memset(&out, 0, sizeof out);
        CHECK(assay_run_dataset(other, paths[i], &out) != 0 && !out.release, "%s", paths[i]);
        assay_run_free(other);
    }
    CHECK(!assay_run_results(run) && !assay_run_state(run, NULL), "results before the rows");
    assay_run_free(run);
    /* NULL wherever something is expected. */
    struct ArrowArrayStream stream;
    memset(&stream, 0, sizeof stream);
    CHECK(!assay_run_new(NULL, equality), "NULL");
    CHECK(assay_run_stream(NULL, &stream, &stream) && assay_run_stream(NULL, NULL, NULL), "NULL");
    CHECK(!assay_engine_functions(NULL) && !assay_run_results(NULL) && !assay_run_state(NULL, NULL), "NULL");
    CHECK(!assay_state_bytes(NULL, NULL) && !assay_state_results(NULL, NULL), "NULL");
    CHECK(assay_state_merge(NULL, NULL, 0, NULL) && assay_state_add_results(NULL, NULL, 1, NULL, NULL, NULL), "NULL");
    CHECK(!assay_rows_new(NULL) && assay_rows_read(NULL, 1) == -1 && assay_rows_stream(NULL, NULL), "NULL");
    assay_engine_free(NULL); assay_run_free(NULL); assay_run_cancel(NULL); assay_rows_free(NULL); assay_state_free(NULL);
    assay_free(NULL); assay_stream_free(NULL);
}

static void states(void) {
    static struct stream s;
    set(&s);
    struct ArrowArrayStream in = stream_of(&s), out;
    assay_run *run = assay_run_new(engine, "[\"--fn\", \"basic::equality\", \"--by\", \"expected_answer\"]");
    CHECK(assay_run_stream(run, &in, &out) == 0, "a run");
    struct ArrowArray batch;
    while (out.get_next(&out, &batch) == 0 && batch.release) batch.release(&batch);
    out.release(&out);
    size_t length = 0;
    uint8_t *state = assay_run_state(run, &length);
    CHECK(state && length > 16, "a state");
    assay_run_free(run);
    if (!state) return;
    CHECK(!assay_state_new(NULL, 0, NULL) && !assay_state_new(NULL, SIZE_MAX, NULL) && !assay_state_new(state, 0, ""), "empty states");
    /* Every part cut off, and every byte changed: refused, or read; results as well. */
    uint32_t random = 1;
    int read = 0;
    for (size_t i = 0; i < length * 4; i++) {
        uint8_t *copy = malloc(length);
        memcpy(copy, state, length);
        size_t size = length;
        if (i < length) size = i;
        else {
            random = random * 1664525 + 1013904223;
            copy[i % length] = i < 2 * length ? 0xFF : (uint8_t)(random >> 24);
        }
        assay_state *made = assay_state_new(copy, size, "x");
        if (made) {
            read++;
            char *results = assay_state_results(made, engine);
            assay_free(results);
            assay_state_merge(made, state, length, "y");
            static const uint8_t outcomes[] = {0, 7, 9};
            static const double scores[] = {1, 0, 1};
            assay_state_add_results(made, "basic::equality", 3, outcomes, scores, NULL);
        }
        assay_state_free(made);
        free(copy);
    }
    printf("%d of %zu changed states could be read\n", read, length * 4);
    assay_free(state);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    engine = assay_engine_new("[]", NULL, 0);
    CHECK(engine, "an engine");
    if (!engine) return 1;
    streams();
    scorers();
    texts();
    states();
    assay_engine_free(engine);
    printf("%d failures\n", failures);
    return failures > 0;
}
