/* subprocess.h: starting and watching a program, as far as it takes what Swift cannot see of the C library. */
#ifndef ASSAY_SUBPROCESS_H
#define ASSAY_SUBPROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* Starts the program words[0] (a path) with these words, this environment (both end with NULL) and this working folder,
 * as the leader of a process group of its own. It reads `input`, writes both its standard output and its standard error to
 * `output`, and has nothing else open. Returns 0 or an error number. */
int sp_start(char *const *words, char *const *environment, const char *folder, int input, int output, pid_t *pid);

/* Makes a pipe (reading and writing end) that programs do not inherit. Returns 0 or an error number. */
int sp_pipe(int ends[2]);

/* Whether the process, a child of this one, has ended. Its status is still to be waited for, so that nobody else gets its
 * number, unless this process ignores SIGCHLD: then the status is lost. */
bool sp_has_ended(pid_t pid);

#endif
