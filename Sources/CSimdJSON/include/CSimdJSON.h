/* C face of simdjson: columns of cells out of lines of JSON, whole values as a flat tree, and the text primitives that go
 * with them. No function throws, keeps what it is given, or uses global state; a parser serves one thread at a time. */
#ifndef CSIMDJSON_H
#define CSIMDJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero bytes that must be readable behind every input. */
#define CSJ_PADDING 64

/* The layout of assay_str. */
typedef struct csj_text {
    const char *ptr;
    uint64_t len;
} csj_text;

typedef struct csj_parser csj_parser;
csj_parser *csj_parser_new(void); /* NULL when out of memory */
void csj_parser_free(csj_parser *);

enum {
    CSJ_INSIDE, /* the contents of a string, which may hold an array or object */
    CSJ_REPAIR  /* an array or object with something like NaN in it */
};

/* Writes as JSON what is not, see csj_read_rows. Returns text with CSJ_PADDING readable bytes behind it, which must stay
 * for as long as the cells; or NULL where that cannot be. */
typedef csj_text (*csj_rewrite)(void *context, csj_text text, int32_t kind);
void csj_parser_set_rewrite(csj_parser *, csj_rewrite, void *context);

/* ---- rows: what the needed columns hold, batch after batch of lines */

/* The numbers of ASSAY_TYPE_…. */
enum { CSJ_TEXT = 1, CSJ_F64 = 2, CSJ_I64 = 3, CSJ_BOOL = 4, CSJ_JSON = 5, CSJ_LIST = 6 };

enum {
    CSJ_MISSING = 0, /* the row has no such member */
    CSJ_NULL = 1,
    CSJ_VALUE = 2,
    CSJ_MISTYPED = 3 /* the member is there, but is no `type` */
};

/* A step from a value to one within it. */
typedef struct csj_step {
    csj_text name; /* of a member; or the digits of an element's index */
    int64_t index; /* of an element, from the end below 0 */
    bool is_index;
} csj_step;

typedef struct csj_column {
    csj_text name; /* UTF-8, unescaped */
    uint32_t type;
    uint32_t seen; /* set to 1 when a row has the member, also as null */
    /* In a row without such a member, the cell is what these steps lead to from a column of type CSJ_JSON. */
    const csj_step *steps;
    size_t n_steps;
    size_t root;
    bool is_root;        /* whether the column is there for others to start from, and nothing else */
    uint64_t non_finite; /* how many cells of NaN, Infinity and -Infinity were taken for null, in this chunk */
    uint8_t *states; /* one a row; room for max_rows */
    void *values;    /* csj_text, double, int64_t or uint8_t a row; room for max_rows; unused for CSJ_LIST */
    /* CSJ_LIST: the texts of all rows, allocated with malloc and grown as needed; the caller frees it. */
    csj_text *list_texts;
    uint64_t list_capacity, list_count;
    int64_t *list_offsets; /* room for max_rows + 1 */
} csj_column;

enum {
    CSJ_ROW_OK = 0,
    CSJ_ROW_REJECTED = -1 /* the line starts with byte 0x00: the rest of it says why it is no row */
    /* above 0: an error of csj_error_message */
};

typedef struct csj_row {
    csj_text line;
    uint64_t line_index; /* lines before it in the chunk, blank ones too */
    uint64_t row_index;  /* rows before it in the chunk */
    int32_t error;
    int64_t error_offset; /* byte in the line where the fault was noticed, or -1 */
} csj_row;

typedef struct csj_chunk {
    csj_text rest;       /* lines not read yet; the last may lack its newline */
    uint64_t line_index; /* lines read */
    uint64_t faults;     /* rows with an error */
} csj_chunk;

/* Reads rows from the start of chunk->rest, one a line, blank lines skipped, into the arrays from index first_row on, and
 * returns how many there are then: max_rows unless the chunk has ended. The first call for a chunk has first_row 0.
 * Members that no column names are stepped over unread. The last of several members of one name counts, as in Python.
 * Strings with escapes are unescaped into `arena`, which must have room for CSJ_PADDING bytes more than chunk->rest.len;
 * an unpaired surrogate becomes U+FFFD. Other cells point into the line. With `untyped`, text that spells a number or
 * boolean is taken for one where a column asks for it. A line that cannot be read has its error in `rows`, and no cells.
 *
 * NaN, Infinity and -Infinity, which Python writes, are null. A string stands for the array that it holds where a list is
 * wanted, and for the array or object that it holds where a step leads into it; the parser's `rewrite` knows which that is. */
size_t csj_read_rows(csj_parser *, csj_chunk *chunk, csj_column *columns, size_t n_columns, bool untyped, csj_row *rows,
                     size_t first_row, size_t max_rows, char *arena);

/* ---- whole values */

enum { CSJ_NODE_NULL, CSJ_NODE_TRUE, CSJ_NODE_FALSE, CSJ_NODE_NUMBER, CSJ_NODE_STRING, CSJ_NODE_ARRAY, CSJ_NODE_OBJECT };

/* A value, followed by what is in it: the elements of an array; the members of an object, each as a string and a value. */
typedef struct csj_node {
    uint32_t kind;
    uint32_t count;   /* elements or members */
    csj_text text;    /* a number as written, a string unescaped */
    uint64_t offset;  /* where the value starts in the input */
} csj_node;

/* Parses and checks one whole value, at most 1,000 levels deep. Returns 0 and sets *nodes (the parser's, until its next
 * use) and *n_nodes; or an error, and *error_offset. Strings lie in the input or in the parser's memory; an unpaired
 * surrogate is kept in three bytes, as WTF-8 does, so that unequal texts stay unequal, and *unpaired is set.
 *
 * Unless `repairs` is NULL, what does not concern the rest of the value is no error, but counted there: scalars that JSON
 * does not have, such as NaN, and what lies too deep are null then, and a string with an escape that JSON does not have
 * is the string as it is written. */
int32_t csj_parse(csj_parser *, csj_text input, const csj_node **nodes, size_t *n_nodes, int64_t *error_offset,
                  bool *unpaired, uint64_t *repairs);

/* Checks one whole value as csj_parse does, and says where its parts are. An array is one node, which nothing of it
 * follows: `count` is the number of its elements, and text.len that of the objects that it begins with, whose offsets
 * follow those of the arrays before it in *objects. So is an object that lies in `levels` others, with `count` 0. What is
 * in them may hold NaN, Infinity and -Infinity. */
int32_t csj_outline(csj_parser *, csj_text input, uint32_t levels, const csj_node **nodes, size_t *n_nodes,
                    const uint32_t **objects, int64_t *error_offset);

/* ---- text */

const char *csj_error_message(int32_t error);
bool csj_is_utf8(csj_text);
/* The number of bytes before the first that is not UTF-8. */
size_t csj_valid_utf8_prefix(csj_text);
/* Whether the text is a number in JSON's grammar. */
bool csj_is_number(csj_text);
/* Whether a JSON string has the text as it is: without quotes, backslashes and control characters. */
bool csj_is_plain(csj_text);
/* Writes `text` as the inside of a JSON string and returns the bytes written: at most 6 * len. */
size_t csj_escape(char *to, csj_text text);

#ifdef __cplusplus
}
#endif
#endif
