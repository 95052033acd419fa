#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "subprocess.h"
#include "worker_process.h"

/* What a worker is started with, and this process's ends of it. */
struct descriptors {
    int socket, output, errors;
    int its_socket, its_output, its_errors, its_memory;
};

static void close_all(int *descriptors, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (descriptors[i] >= 0) close(descriptors[i]);
}

/* Moves a descriptor above the numbers that the worker's own get, so that none is overwritten before it was copied. */
static int moved(int descriptor) {
    const int above = fcntl(descriptor, F_DUPFD_CLOEXEC, 16);
    const int error = errno;
    close(descriptor);
    errno = error;
    return above;
}

static bool open_pair(int status, const int ends[2], int *first, int *second) {
    if (status != 0) return false;
    *first = moved(ends[0]);
    *second = moved(ends[1]);
    return *first >= 0 && *second >= 0;
}

static int spawn(char *const *words, const struct descriptors *all, pid_t *pid) {
    char language[256] = "LANG=C.UTF-8", path[] = "PATH=/usr/bin:/bin";
    const char *own = getenv("LANG");
    if (own && strlen(own) < sizeof language - 5) snprintf(language, sizeof language, "LANG=%s", own);
    /* Whoever looks for the place of a panic says so with this variable. */
    char backtrace[32] = "RUST_BACKTRACE=0";
    const char *wanted = getenv("RUST_BACKTRACE");
    const bool has_backtrace = wanted && strlen(wanted) < sizeof backtrace - 16;
    if (has_backtrace) snprintf(backtrace, sizeof backtrace, "RUST_BACKTRACE=%s", wanted);
    char *environment[] = {path, language, has_backtrace ? backtrace : NULL, NULL};
    /* AW_SOCKET and AW_OUTPUT are 3 and 4. A session of its own: what the terminal interrupts is for this process to end
     * in good order. */
    const int descriptors[] = {-1, all->its_output, all->its_errors, all->its_socket, all->its_memory};
    return sp_start(words, environment, NULL, descriptors, AW_OUTPUT + 1, true, pid);
}

int aw_start(const char *executable, const char *plugin, uint64_t address_space, int memory, aw_process *process) {
    struct descriptors all = {-1, -1, -1, -1, -1, -1, -1};
    int sockets[2], output[2], errors[2];
    const bool is_open = open_pair(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), sockets, &all.socket, &all.its_socket)
        && open_pair(pipe2(output, O_CLOEXEC), output, &all.output, &all.its_output)
        && open_pair(pipe2(errors, O_CLOEXEC), errors, &all.errors, &all.its_errors)
        && (all.its_memory = fcntl(memory, F_DUPFD_CLOEXEC, 16)) >= 0
        && fcntl(all.output, F_SETFL, O_NONBLOCK) == 0 && fcntl(all.errors, F_SETFL, O_NONBLOCK) == 0;
    int error = is_open ? 0 : errno;
    if (is_open) {
        char version[16], host[16], most[32];
        snprintf(version, sizeof version, "%d", AW_PROTOCOL);
        snprintf(host, sizeof host, "%d", (int)getpid());
        snprintf(most, sizeof most, "%" PRIu64, address_space);
        char *words[] = {(char *)executable, version, host, most, (char *)plugin, NULL};
        error = spawn(words, &all, &process->pid);
    }
    int theirs[] = {all.its_socket, all.its_output, all.its_errors, all.its_memory};
    int ours[] = {all.socket, all.output, all.errors};
    close_all(theirs, 4);
    if (error) close_all(ours, 3);
    process->socket = all.socket;
    process->output = all.output;
    process->errors = all.errors;
    return error;
}

/* Seals come after the mapping and the writing, which they may forbid. */
static int seal(int descriptor, int seals) {
    return fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | seals);
}

static int make_file(uint64_t size) {
    const int descriptor = memfd_create("assay", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor < 0) return -1;
    if (ftruncate(descriptor, (off_t)size) == 0) return descriptor;
    const int error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

int aw_make_memory(uint64_t size, bool is_read_only, int *descriptor, void **memory) {
    *descriptor = make_file(size);
    if (*descriptor < 0) return errno;
    *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *descriptor, 0);
    int error = *memory == MAP_FAILED ? errno : 0;
    if (!error && seal(*descriptor, is_read_only ? F_SEAL_FUTURE_WRITE : 0) != 0) {
        error = errno;
        munmap(*memory, size);
    }
    if (error) close(*descriptor);
    return error;
}

static int copy(int file, int descriptor, uint64_t size) {
    for (uint64_t done = 0; done < size;) {
        char bytes[1 << 16];
        const uint64_t rest = size - done;
        const ssize_t count = pread(file, bytes, rest < sizeof bytes ? rest : sizeof bytes, (off_t)done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return count < 0 ? errno : EIO; /* it has become shorter */
        if (pwrite(descriptor, bytes, (size_t)count, (off_t)done) != count) return errno;
        done += (uint64_t)count;
    }
    return 0;
}

int aw_copy_file(int file, int *descriptor, const void **memory, uint64_t *size) {
    struct stat status;
    if (fstat(file, &status) != 0) return errno;
    *size = (uint64_t)status.st_size;
    *descriptor = make_file(*size);
    if (*descriptor < 0) return errno;
    int error = copy(file, *descriptor, *size);
    if (!error && seal(*descriptor, F_SEAL_WRITE) != 0) error = errno;
    if (!error) {
        *memory = mmap(NULL, *size, PROT_READ, MAP_SHARED, *descriptor, 0);
        if (*memory == MAP_FAILED) error = errno;
    }
    if (error) close(*descriptor);
    return error;
}

bool aw_send(int socket, const aw_message *message, int descriptor) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec place = {(void *)message, sizeof *message};
    struct msghdr envelope = {.msg_iov = &place, .msg_iovlen = 1};
    if (descriptor >= 0) {
        memset(&control, 0, sizeof control);
        control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
        envelope.msg_control = &control;
        envelope.msg_controllen = sizeof control;
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket, &envelope, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent == sizeof *message;
}

int64_t aw_receive(int socket, aw_message *message) {
    ssize_t size;
    do {
        size = recv(socket, message, sizeof *message, MSG_DONTWAIT | MSG_TRUNC);
    } while (size < 0 && errno == EINTR);
    if (size >= 0) return size;
    return errno == EAGAIN || errno == EWOULDBLOCK ? -1 : -2;
}

bool aw_contains(const void *bytes, size_t length, const void *sought, size_t sought_length) {
    return memmem(bytes, length, sought, sought_length) != NULL;
}

const char *aw_image_path(void) {
    Dl_info info;
    return dladdr((const void *)aw_image_path, &info) ? info.dli_fname : NULL;
}
