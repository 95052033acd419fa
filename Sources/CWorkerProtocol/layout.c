#include "worker_protocol.h"

/* The two sides may be compiled by different compilers. */
_Static_assert(sizeof(aw_message) == 64, "aw_message");
_Static_assert(sizeof(aw_batch) == 16, "aw_batch");
_Static_assert(sizeof(aw_column) == 48, "aw_column");
_Static_assert(sizeof(aw_reply) == 104, "aw_reply");
_Static_assert(sizeof(aw_record) == 40, "aw_record");
_Static_assert(offsetof(aw_output, written) == 64, "aw_output.written");
_Static_assert(offsetof(aw_output, bytes) == AW_OUTPUT_HEAD, "aw_output.bytes");
_Static_assert(AW_OUTPUT_CAPACITY % 8 == 0, "records are aligned");
