#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "subprocess.h"

static int set_signals(posix_spawnattr_t *attributes, bool has_session) {
    /* Threads that block signals, and what is ignored here, are no concern of the program's. */
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(attributes, &all);
    if (!error) error = posix_spawnattr_setpgroup(attributes, 0);
    const short leader = has_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
    if (!error) error = posix_spawnattr_setflags(attributes, (short)(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | leader));
    return error;
}

static int set_files(posix_spawn_file_actions_t *actions, const char *folder, const int *descriptors, int count) {
    int error = 0;
    for (int i = 0; i < count && !error; i++) {
        const int descriptor = descriptors[i];
        error = descriptor < 0 ? posix_spawn_file_actions_addopen(actions, i, "/dev/null", i == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0)
                               : posix_spawn_file_actions_adddup2(actions, descriptor, i);
    }
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(actions, count);
    if (!error && folder) error = posix_spawn_file_actions_addchdir_np(actions, folder);
    return error;
}

int sp_start(
    char *const *words, char *const *environment, const char *folder, const int *descriptors, int count, bool has_session,
    pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        error = set_signals(&attributes, has_session);
        if (!error) error = set_files(&actions, folder, descriptors, count);
        if (!error) error = posix_spawn(pid, words[0], &actions, &attributes, words, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int sp_pipe(int ends[2]) {
    int low[2];
    if (pipe2(low, O_CLOEXEC) != 0) return errno;
    ends[0] = fcntl(low[0], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    ends[1] = ends[0] < 0 ? -1 : fcntl(low[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    const int error = ends[1] < 0 ? errno : 0;
    close(low[0]);
    close(low[1]);
    if (error && ends[0] >= 0) close(ends[0]);
    return error;
}

bool sp_has_ended(pid_t pid) {
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0) return info.si_pid == pid;
    /* Where SIGCHLD is ignored, the kernel forgets it at its end. */
    return errno == ECHILD;
}
