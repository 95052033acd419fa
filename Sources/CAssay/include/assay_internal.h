/* What the parts of the library share. Not installed. */
#ifndef ASSAY_INTERNAL_H
#define ASSAY_INTERNAL_H

#ifdef __cplusplus
extern "C" {
#endif

/* Keeps a copy of the message for assay_last_error on this thread. */
void assay_internal_set_error(const char *message);

#ifdef __cplusplus
}
#endif
#endif
