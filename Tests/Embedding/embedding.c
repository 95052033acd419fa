/* Uses every function of assay.h, rightly and wrongly: what is not a precondition of the header must be said, and must not crash. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "assay.h"
#include "table.h"

static int failures;

#define EXPECT(condition) \
    do { \
        if (!(condition)) { \
            failures++; \
            printf("%s:%d: %s\n    last error: %s\n", __FILE__, __LINE__, #condition, assay_last_error()); \
        } \
    } while (0)

/* The call before must have failed with a message that has these words. */
#define EXPECT_ERROR(words) EXPECT(strstr(assay_last_error(), words))

static const char *const cells[] = {"Paris", "7", NULL, "Paris", "8", "x"};
static const table answers = {2, 3, 2, {"generated_answer", "expected_answer"}, cells, -1};
static const table others = {1, 3, 1, {"text"}, cells, -1};
static const char EQUALITY[] = "[\"--fn\", \"basic::equality\"]";

static assay_run *run_of(assay_engine *engine, const char *options) {
    assay_run *run = assay_run_new(engine, options);
    EXPECT(run);
    return run;
}

/* Takes all batches, and returns their rows; -1 after a failure. */
static int64_t drained(struct ArrowArrayStream *stream) {
    int64_t rows = 0;
    for (;;) {
        struct ArrowArray batch;
        if (stream->get_next(stream, &batch)) return -1;
        if (!batch.release) return rows;
        rows += batch.length;
        batch.release(&batch);
    }
}

static bool has(char *text, const char *part) {
    const bool found = text && strstr(text, part);
    if (text && !found) printf("    found %s\n", text);
    assay_free(text);
    return found;
}

static void test_engines(assay_engine *engine) {
    EXPECT(strlen(assay_library_version()) >= 5);
    EXPECT(has(assay_engine_functions(engine), "basic::equality"));
    EXPECT(!assay_engine_functions(NULL));
    EXPECT_ERROR("engine is NULL");
    EXPECT(!assay_engine_new("{}", NULL, 0));
    EXPECT_ERROR("JSON array of strings");
    EXPECT(!assay_engine_new("[1]", NULL, 0));
    EXPECT_ERROR("JSON array of strings");
    EXPECT(!assay_engine_new("[\"--fn-", NULL, 0));
    EXPECT_ERROR("JSON array of strings");
    EXPECT(!assay_engine_new("[\"--no-such-option\"]", NULL, 0));
    EXPECT_ERROR("--no-such-option");
    EXPECT(!assay_engine_new("[\"\xff\xfe\"]", NULL, 0));
    EXPECT(!assay_engine_new("[]", NULL, 1));
    EXPECT_ERROR("scorer 0 is NULL");
    EXPECT(!assay_engine_new("[]", NULL, SIZE_MAX));
    EXPECT_ERROR("number of scorers");
    assay_engine *plain = assay_engine_new(NULL, NULL, 0);
    EXPECT(plain);
    assay_engine_free(plain);
    assay_engine_free(NULL);
    assay_free(NULL);
}

static void test_runs(assay_engine *engine) {
    EXPECT(!assay_run_new(NULL, EQUALITY));
    EXPECT_ERROR("engine is NULL");
    EXPECT(!assay_run_new(engine, "[]"));
    EXPECT_ERROR("--fn");
    EXPECT(!assay_run_new(engine, "nonsense"));
    EXPECT(!assay_run_new(engine, "[\"--fn\", \"basic::equality\", \"--output\", \"x\"]"));
    EXPECT_ERROR("--output");
    assay_run_free(NULL);
    assay_run_cancel(NULL);

    assay_run *run = run_of(engine, EQUALITY);
    EXPECT(!assay_run_results(run));
    EXPECT_ERROR("before its stream has ended");
    size_t length = 7;
    EXPECT(!assay_run_state(run, &length));
    EXPECT_ERROR("before its stream has ended");
    struct ArrowArrayStream rows = stream_of(answers), results;
    EXPECT(!assay_run_stream(run, &rows, &results));
    EXPECT(!rows.release);
    struct ArrowSchema schema;
    EXPECT(!results.get_schema(&results, &schema));
    EXPECT(schema.n_children == 4 && strcmp(schema.children[2]->name, "basic::equality.outcome") == 0);
    schema.release(&schema);
    EXPECT(results.get_schema(&results, NULL) == EINVAL && results.get_next(&results, NULL) == EINVAL);
    EXPECT(!assay_run_results(run));
    EXPECT(drained(&results) == 6 && drained(&results) == 0);
    EXPECT(has(assay_run_results(run), "\"input_error\": 2"));
    uint8_t *state = assay_run_state(run, &length);
    EXPECT(state && length > 100);
    assay_free(state);
    state = assay_run_state(run, NULL);
    EXPECT(state);
    assay_free(state);
    results.release(&results);
    EXPECT(!results.release);

    /* A run scores rows once. */
    rows = stream_of(answers);
    EXPECT(assay_run_counts(run, &rows, &results) && !rows.release && !results.release);
    EXPECT_ERROR("once");
    EXPECT(assay_run_dataset(run, "[\"rows.jsonl\"]", NULL));
    EXPECT_ERROR("once");
    assay_run_free(run);
    EXPECT(!assay_run_results(NULL) && !assay_run_state(NULL, NULL));
    EXPECT_ERROR("run is NULL");

    /* Streams that are NULL, released, of other columns, or that fail. */
    run = run_of(engine, EQUALITY);
    rows = stream_of(answers);
    EXPECT(assay_run_stream(run, NULL, &results) && !results.release);
    EXPECT_ERROR("stream of rows is NULL");
    EXPECT(assay_run_stream(run, &rows, NULL) && !rows.release);
    EXPECT_ERROR("stream of results is NULL");
    rows = stream_of(answers);
    EXPECT(assay_run_stream(NULL, &rows, &results) && !rows.release && !results.release);
    EXPECT_ERROR("run is NULL");
    rows.release = NULL;
    EXPECT(assay_run_stream(run, &rows, &results));
    EXPECT_ERROR("has been released");
    assay_run_free(run);
    run = run_of(engine, EQUALITY);
    rows = stream_of(others);
    EXPECT(assay_run_stream(run, &rows, &results) || drained(&results) == -1);
    EXPECT_ERROR("generated_answer");
    if (results.release) results.release(&results);
    assay_run_free(run);
    run = run_of(engine, EQUALITY);
    table broken = answers;
    broken.fails_after = 1;
    rows = stream_of(broken);
    EXPECT(!assay_run_stream(run, &rows, &results));
    EXPECT(drained(&results) == -1 && strstr(results.get_last_error(&results), "the disk is gone"));
    EXPECT(drained(&results) == -1 && !assay_run_results(run));
    /* The run goes first. */
    assay_run_free(run);
    results.release(&results);

    /* Nobody takes the rest. */
    run = run_of(engine, EQUALITY);
    rows = stream_of(answers);
    EXPECT(!assay_run_counts(run, &rows, &results));
    results.release(&results);
    assay_run_free(run);

    run = run_of(engine, EQUALITY);
    rows = stream_of(answers);
    assay_run_cancel(run);
    assay_run_cancel(run);
    EXPECT(!assay_run_counts(run, &rows, &results));
    struct ArrowArray batch;
    EXPECT(results.get_next(&results, &batch) == ECANCELED);
    results.release(&results);
    assay_run_free(run);
}

static void test_datasets(assay_engine *engine) {
    char path[] = "/tmp/embedding-XXXXXX.jsonl", paths[100];
    const int file = mkstemps(path, 6);
    static const char line[] = "{\"generated_answer\": \"a\", \"expected_answer\": \"a\"}\n";
    EXPECT(file >= 0 && write(file, line, sizeof line - 1) > 0 && close(file) == 0);
    snprintf(paths, sizeof paths, "[\"%s\", \"%s\"]", path, path);
    assay_run *run = run_of(engine, EQUALITY);
    struct ArrowArrayStream results;
    EXPECT(!assay_run_dataset(run, paths, &results) && drained(&results) == 2);
    EXPECT(has(assay_run_results(run), "\"num_correct\": 2"));
    results.release(&results);
    assay_run_free(run);
    static const struct { const char *paths, *words; } wrong[] = {
        {NULL, "at least one file"}, {"[]", "at least one file"}, {"7", "JSON array of strings"},
        {"[\"/no/such/file.jsonl\"]", "/no/such/file.jsonl"}, {"[\"/no/such/\xff.jsonl\"]", "/no/such/"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        run = run_of(engine, EQUALITY);
        EXPECT(assay_run_dataset(run, wrong[i].paths, &results) && !results.release);
        EXPECT_ERROR(wrong[i].words);
        EXPECT(!assay_run_results(run));
        assay_run_free(run);
    }
    unlink(path);
}

static void test_rows(assay_engine *engine) {
    EXPECT(!assay_rows_new(NULL));
    EXPECT_ERROR("NULL");
    struct ArrowArrayStream *empty = assay_stream_new();
    EXPECT(empty && !empty->release && !assay_rows_new(empty));
    EXPECT_ERROR("has been released");
    assay_stream_free(empty);
    assay_stream_free(NULL);
    EXPECT(assay_rows_read(NULL, 1) == -1 && assay_rows_count(NULL) == 0);
    EXPECT_ERROR("NULL");
    assay_rows_free(NULL);

    assay_run *run = run_of(engine, EQUALITY);
    struct ArrowArrayStream rows = stream_of(answers), *results = assay_stream_new(), lent;
    EXPECT(!assay_run_stream(run, &rows, results));
    assay_rows *kept = assay_rows_new(results);
    EXPECT(kept && !results->release);
    assay_stream_free(results);
    while (assay_rows_read(kept, 1) > 0) {}
    EXPECT(assay_rows_read(kept, 1) == 0 && assay_rows_count(kept) == 6);
    EXPECT(assay_rows_stream(kept, NULL) && assay_rows_stream(NULL, &lent));
    EXPECT_ERROR("NULL");
    EXPECT(!assay_rows_stream(kept, &lent));
    assay_run_free(run);
    assay_rows_free(kept);
    EXPECT(drained(&lent) == 6);
    lent.release(&lent);
    /* Does nothing where no Python runs. */
    assay_capsule_release(&lent);
}

/* The state of a run over no rows. */
static uint8_t *empty_state(assay_engine *engine, const char *options, size_t *length) {
    assay_run *run = run_of(engine, options);
    table none = answers;
    none.batches = 0;
    struct ArrowArrayStream rows = stream_of(none), results;
    EXPECT(!assay_run_counts(run, &rows, &results) && drained(&results) == 0);
    uint8_t *state = assay_run_state(run, length);
    EXPECT(state);
    results.release(&results);
    assay_run_free(run);
    return state;
}

static void test_states(assay_engine *engine) {
    size_t length = 0, other_length = 0;
    uint8_t *bytes = empty_state(engine, "[\"--fn\", \"basic::equality={\\\"aggregation_functions\\\": [\\\"average\\\"]}\"]", &length);
    uint8_t *other = empty_state(engine, "[\"--fn\", \"basic::subset_of\"]", &other_length);
    assay_state *state = assay_state_new(bytes, length, "start");
    EXPECT(state);

    /* Scores from elsewhere, as one run would have added them. */
    static const uint8_t outcomes[] = {0, 2, 0, 7};
    static const double scores[] = {1, 5, 0.5, 0};
    EXPECT(!assay_state_add_results(state, "basic::equality", 4, outcomes, scores, NULL));
    EXPECT(!assay_state_add_results(state, "basic::equality", 2, NULL, scores + 2, NULL));
    EXPECT(!assay_state_add_results(state, "basic::equality", 0, NULL, NULL, NULL));
    EXPECT(has(assay_state_results(state, engine), "\"average\": 0.5"));
    EXPECT(has(assay_state_results(state, engine), "\"not_asked\": 1"));
    size_t size = 0;
    uint8_t *added = assay_state_bytes(state, &size);
    EXPECT(added && size > 0);

    /* Wrong calls, which add nothing. */
    static const uint8_t unknown[] = {0, 8};
    static const double weights[] = {1, -1};
    EXPECT(assay_state_add_results(NULL, "basic::equality", 2, NULL, scores, NULL));
    EXPECT_ERROR("state is NULL");
    EXPECT(assay_state_add_results(state, NULL, 2, NULL, scores, NULL));
    EXPECT_ERROR("function is NULL");
    EXPECT(assay_state_add_results(state, "basic::equality", 2, NULL, NULL, NULL));
    EXPECT_ERROR("scores are NULL");
    EXPECT(assay_state_add_results(state, "basic::equality", SIZE_MAX, NULL, scores, NULL));
    EXPECT_ERROR("number is not valid");
    EXPECT(assay_state_add_results(state, "basic::equality", 2, unknown, scores, NULL));
    EXPECT_ERROR("outcome 8");
    EXPECT(assay_state_add_results(state, "basic::equality", 2, NULL, scores, weights));
    EXPECT_ERROR("weight -1");
    EXPECT(assay_state_add_results(state, "basic::subset_of", 2, NULL, scores, NULL));
    EXPECT_ERROR("no function basic::subset_of");
    EXPECT(assay_state_add_results(state, "\xff\xfe", 2, NULL, scores, NULL));
    uint8_t *same = assay_state_bytes(state, &length);
    EXPECT(same && length == size && memcmp(same, added, size) == 0);
    assay_free(same);

    /* Merged with itself, it has each row twice. */
    EXPECT(!assay_state_merge(state, added, size, "again"));
    EXPECT(has(assay_state_results(state, engine), "\"total\": 12"));
    EXPECT(!assay_state_results(state, NULL));
    EXPECT_ERROR("engine is NULL");
    EXPECT(!assay_state_results(NULL, engine) && !assay_state_bytes(NULL, &length));
    EXPECT_ERROR("state is NULL");
    EXPECT(assay_state_merge(NULL, added, size, NULL));
    EXPECT(assay_state_merge(state, NULL, size, "none"));
    EXPECT_ERROR("NULL");
    EXPECT(assay_state_merge(state, other, other_length, "part-7"));
    EXPECT_ERROR("part-7");
    assay_state_free(state);

    /* What is no state. */
    EXPECT(!assay_state_new(NULL, 5, "none"));
    EXPECT_ERROR("NULL");
    EXPECT(!assay_state_new(added, SIZE_MAX, "huge"));
    EXPECT_ERROR("length");
    EXPECT(!assay_state_new(added, 0, "empty"));
    EXPECT_ERROR("empty");
    for (size_t cut = 1; cut < size; cut += 7) {
        assay_state *part = assay_state_new(added, cut, "a part");
        EXPECT(!part);
        assay_state_free(part);
    }
    for (size_t place = 0; place < size; place += 5) {
        added[place] ^= 0x41;
        /* Some changes are of numbers, which may be any. */
        assay_state *changed = assay_state_new(added, size, NULL);
        if (changed) assay_free(assay_state_results(changed, engine));
        assay_state_free(changed);
        added[place] ^= 0x41;
    }
    /* Functions whose rows are more than a score. */
    uint8_t *corpus = empty_state(engine, "[\"--fn\", \"text::bleu\", \"--fn\", \"basic::equality\", \"--by\", \"expected_answer\"]", &length);
    state = assay_state_new(corpus, length, "corpus");
    EXPECT(assay_state_add_results(state, "text::bleu", 1, NULL, scores, NULL));
    EXPECT_ERROR("text::bleu");
    EXPECT(assay_state_add_results(state, "basic::equality", 1, NULL, scores, NULL));
    EXPECT_ERROR("tells rows apart");
    assay_state_free(state);
    assay_state_free(NULL);
    assay_free(corpus);
    assay_free(added);
    assay_free(other);
    assay_free(bytes);
}

/* ---- scorers of the program */

enum { GOOD, FAILING, SILENT, EMPTY, SHORT, OTHER_COLUMNS, OTHER_TYPE };

static int score(void *context, const char *parameters, struct ArrowSchema *schema, struct ArrowArray *rows,
                 struct ArrowSchema *out_schema, struct ArrowArray *out, char *error, size_t error_size) {
    const int way = *(int *)context;
    const int64_t count = rows->length;
    EXPECT(strstr(parameters, "{") && schema->n_children == 1 && rows->n_children == 1);
    rows->release(rows);
    schema->release(schema);
    if (way == FAILING) snprintf(error, error_size, "no licence");
    if (way == FAILING || way == SILENT) return 3;
    if (way == EMPTY) return 0;
    *out_schema = schema_of("+s", "");
    out_schema->n_children = 1;
    out_schema->children = malloc(sizeof(void *));
    out_schema->children[0] = malloc(sizeof(struct ArrowSchema));
    *out_schema->children[0] = schema_of(way == OTHER_TYPE ? "u" : "g", way == OTHER_COLUMNS ? "other" : "score");
    const int64_t found = way == SHORT ? count - 1 : count;
    *out = array_of(found, 1, 1);
    if (way == OTHER_TYPE) {
        const char **words = calloc(found, sizeof *words);
        for (int64_t i = 0; i < found; i++) words[i] = "word";
        *out->children[0] = texts(words, (int)found);
        free(words);
        return 0;
    }
    double *scores = malloc(found * sizeof *scores + 8);
    for (int64_t i = 0; i < found; i++) scores[i] = 0.25;
    *out->children[0] = array_of(found, 2, 0);
    out->children[0]->buffers[1] = scores;
    return 0;
}

#define DEFINITION(inputs) \
    "{\"type\": \"scoring_function\", \"identifier\": \"mine::f\", \"provider_id\": \"mine\", \"provider_resource_id\": \"f\", " \
    "\"return_type\": {\"type\": \"number\"}, \"inputs\": " inputs ", \"outputs\": [{\"name\": \"score\", \"type\": \"number\"}], " \
    "\"params\": {\"type\": \"basic\", \"aggregation_functions\": [\"average\"]}}"

static void test_scorers(void) {
    int way = GOOD;
    assay_arrow_scorer scorer = {
        sizeof scorer, 0, DEFINITION("[{\"name\": \"generated_answer\", \"type\": \"text\"}]"), &way, score};
    const assay_arrow_scorer *scorers[] = {&scorer, NULL};
    EXPECT(!assay_engine_new("[]", scorers, 2));
    EXPECT_ERROR("scorer 1 is NULL");
    static const struct { uint32_t size; const char *definition; bool has_function; const char *words; } wrong[] = {
        {4, "{}", true, "incomplete"}, {sizeof scorer, NULL, true, "incomplete"}, {sizeof scorer, "{}", false, "incomplete"},
        {sizeof scorer, "[]", true, "JSON object"}, {sizeof scorer, "{\"identifier\": \"\xff\"}", true, ""},
        {sizeof scorer, "{}", true, ""}, {sizeof scorer, DEFINITION("[{\"name\": \"a\"}]"), true, "type"},
        {sizeof scorer, DEFINITION("7"), true, "inputs"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assay_arrow_scorer bad = {wrong[i].size, 0, wrong[i].definition, &way, wrong[i].has_function ? score : NULL};
        const assay_arrow_scorer *only[] = {&bad};
        assay_engine *none = assay_engine_new("[]", only, 1);
        EXPECT(!none);
        EXPECT_ERROR(wrong[i].words);
        assay_engine_free(none);
    }
    assay_engine *engine = assay_engine_new("[]", scorers, 1);
    EXPECT(engine);
    static const struct { int way; const char *words; } ways[] = {
        {GOOD, "\"average\": 0.25"}, {FAILING, "no licence"}, {SILENT, "without a reason"}, {EMPTY, "\"scorer_error\": 4"},
        {SHORT, "returned 1 rows for 2"}, {OTHER_COLUMNS, "\"scorer_error\": 4"}, {OTHER_TYPE, "does not hold"},
    };
    for (size_t i = 0; engine && i < sizeof ways / sizeof *ways; i++) {
        way = ways[i].way;
        assay_run *run = run_of(engine, "[\"--fn\", \"mine::f\"]");
        struct ArrowArrayStream rows = stream_of(answers), results;
        EXPECT(!assay_run_stream(run, &rows, &results) && drained(&results) == 6);
        EXPECT(has(assay_run_results(run), ways[i].words));
        results.release(&results);
        assay_run_free(run);
    }
    assay_engine_free(engine);
}

/* Errors belong to threads, and a run may be freed on another one. */
static void *on_a_thread(void *run) {
    EXPECT(strcmp(assay_last_error(), "") == 0);
    assay_run_cancel(run);
    assay_run_free(run);
    return NULL;
}

static void test_threads(assay_engine *engine) {
    pthread_t thread;
    assay_run *run = run_of(engine, EQUALITY);
    EXPECT(!assay_run_results(run));
    EXPECT(pthread_create(&thread, NULL, on_a_thread, run) == 0 && pthread_join(thread, NULL) == 0);
    EXPECT_ERROR("before its stream has ended");
}

/* A forked child may not use what its parent made, and may make its own. */
static void test_fork(assay_engine *engine) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        failures = 0;
        EXPECT(!assay_run_new(engine, EQUALITY));
        EXPECT_ERROR("forked");
        assay_engine *own = assay_engine_new("[]", NULL, 0);
        EXPECT(own && assay_run_new(own, EQUALITY));
        fflush(stdout);
        _exit(failures);
    }
    int status = -1;
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
}

static void test_main(void) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        char *arguments[] = {"assay", "--no-such-option", NULL};
        if (!freopen("/dev/null", "w", stderr)) _exit(1);
        assay_main(2, arguments);
        _exit(1);
    }
    int status = -1;
    EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) > 1);
}

int main(void) {
    EXPECT(strcmp(assay_last_error(), "") == 0);
    assay_engine *engine = assay_engine_new("[]", NULL, 0);
    EXPECT(engine);
    if (!engine) return EXIT_FAILURE;
    test_engines(engine);
    test_runs(engine);
    test_datasets(engine);
    test_rows(engine);
    test_states(engine);
    test_scorers();
    test_threads(engine);
    test_fork(engine);
    test_main();
    assay_engine_free(engine);
    EXPECT(live_streams == 0 && live_arrays == 0 && live_schemas == 0);
    printf(failures ? "%d checks of the C library failed.\n" : "The C library holds what its header says.\n", failures);
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
