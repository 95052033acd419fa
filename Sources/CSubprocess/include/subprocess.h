/* subprocess.h: starting and watching a program, as far as it takes what Swift cannot see of the C library. */
#ifndef ASSAY_SUBPROCESS_H
#define ASSAY_SUBPROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* Starts the program words[0] (a path) with these words and this environment (both end with NULL) in a working folder
 * (NULL: this process's own). It has open, from 0 on, the descriptors (which are `count` or higher, or -1 for /dev/null)
 * and nothing else, and no signal is blocked or ignored. It leads a session of its own, or else only a process group.
 * Returns 0 or an error number. */
int sp_start(
    char *const *words, char *const *environment, const char *folder, const int *descriptors, int count, bool has_session,
    pid_t *pid);

/* Makes a pipe (reading and writing end) that programs do not inherit, with descriptors above those of the standard
 * streams, even if this process has those closed. Returns 0 or an error number. */
int sp_pipe(int ends[2]);

/* Whether the process, a child of this one, has ended. Its status is still to be waited for, so that nobody else gets its
 * number, unless this process ignores SIGCHLD: then the status is lost. */
bool sp_has_ended(pid_t pid);

#endif
