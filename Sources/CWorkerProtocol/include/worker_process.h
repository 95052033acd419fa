/* worker_process.h: the host's end of a worker, as far as it takes what Swift cannot see of the C library. */
#ifndef ASSAY_WORKER_PROCESS_H
#define ASSAY_WORKER_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "worker_protocol.h"

/* A worker, with this process's ends of its socket and of the pipes of its standard output and standard error. */
typedef struct aw_process {
    pid_t pid;
    int socket;
    int output;
    int errors;
} aw_process;

/* Starts a worker with an empty environment and nothing open but what worker_protocol.h names. It ends with the thread that
 * calls this. `memory` is the descriptor of its output memory and stays open here. Returns 0 or an error number. */
int aw_start(const char *executable, const char *plugin, uint64_t address_space, int memory, aw_process *process);

/* Maps `size` bytes of memory that nobody can give another size, and whose descriptor, if `is_read_only`, can only be mapped
 * to be read. Returns 0 or an error number. */
int aw_make_memory(uint64_t size, bool is_read_only, int *descriptor, void **memory);

/* Makes a copy of a file's bytes in memory that nobody can change any more. Returns 0 or an error number. */
int aw_copy_file(int file, int *descriptor, const void **memory, uint64_t *size);

/* Sends a message without waiting, with a descriptor unless that is negative. */
bool aw_send(int socket, const aw_message *message, int descriptor);

/* Receives a message without waiting. Returns its size, which may be another than that of an aw_message; 0 where the other
 * end is closed; -1 where there is nothing yet; -2 where the socket fails. */
int64_t aw_receive(int socket, aw_message *message);

/* The name by which the loader knows the file that this code is in; NULL if it does not. Lives as long as the process. */
const char *aw_image_path(void);

/* Whether the bytes hold these. */
bool aw_contains(const void *bytes, size_t length, const void *sought, size_t sought_length);

#endif
