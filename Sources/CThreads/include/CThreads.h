/* What the system's headers declare for programs in GNU C only. */
#ifndef ASSAY_CTHREADS_H
#define ASSAY_CTHREADS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bytes of the calling thread's stack; 0 if they are not known. For the first thread of a process, whose stack grows up to
 * the limit of the process, the usual limit, 8 MiB. */
size_t cthreads_stack_size(void);

#ifdef __cplusplus
}
#endif
#endif
