#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker.h"

static char sentence[256];

const char *failed(const char *what) {
    snprintf(sentence, sizeof sentence, "%s: %s", what, strerror(errno));
    return sentence;
}

/* ---------------------------------------------------------------- limits */

static bool set_limit(int resource, rlim_t most) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) return false;
    if (limit.rlim_max < most) most = limit.rlim_max;
    limit.rlim_cur = limit.rlim_max = most;
    return setrlimit(resource, &limit) == 0;
}

/* Reads a small file. Returns its length, 0 where it cannot be read. */
static size_t read_file(const char *path, char *bytes, size_t size) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    const ssize_t length = read(file, bytes, size - 1);
    close(file);
    bytes[length > 0 ? length : 0] = 0;
    return length > 0 ? (size_t)length : 0;
}

/* The kernel compares this limit with all threads of the user, so it is as many as there are on the whole machine, and then
 * as many as one worker may have. It does not bind root: the host counts a worker's threads, too. */
static void limit_threads(void) {
    char load[128];
    if (read_file("/proc/loadavg", load, sizeof load) == 0) return;
    /* "0.00 0.01 0.05 1/234 5678": 234 threads on this machine. */
    const char *slash = strchr(load, '/');
    const long all = slash ? strtol(slash + 1, NULL, 10) : 0;
    if (all > 0) set_limit(RLIMIT_NPROC, (rlim_t)all + AW_MOST_THREADS);
}

static const char *limit_resources(uint64_t address_space) {
    /* Where memory runs out, it is the plugin that has to go. Nothing depends on it. */
    const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
        if (write(file, "1000", 4) < 0) errno = 0;
        close(file);
    }
    if (!set_limit(RLIMIT_AS, address_space)) return failed("its memory could not be limited");
    /* Memory that is locked is nobody else's, however little is left. */
    if (!set_limit(RLIMIT_MEMLOCK, 0)) return failed("its locked memory could not be limited");
    if (!set_limit(RLIMIT_CORE, 0) || !set_limit(RLIMIT_FSIZE, 0) || !set_limit(RLIMIT_NOFILE, 64))
        return failed("its use of files could not be limited");
    /* Signals that wait are counted for the user, and others need some of what there is. */
    if (!set_limit(RLIMIT_SIGPENDING, 256)) return failed("its pending signals could not be limited");
    limit_threads();
    signal(SIGXFSZ, SIG_IGN);
    return NULL;
}

/* ---------------------------------------------------------------- capabilities */

/* Gives up all capabilities, in every set that the kernel keeps. What only root may do, a worker of root may not. */
static const char *drop_capabilities(void) {
    /* Taking one from the bounding set needs CAP_SETPCAP. A process without it has none to lose: nothing that it runs could
     * give it any, since it has given up new privileges. */
    for (unsigned long capability = 0; capability < 64; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
            if (errno == EINVAL || errno == EPERM) break; /* there are no more of them, or no right to do it */
            return failed("its capabilities could not be given up");
        }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
        return failed("its ambient capabilities could not be given up");
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capset, &header, none) != 0) return failed("its capabilities could not be given up");
    return NULL;
}

const char *enter_sandbox(const char *plugin, uint64_t address_space) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("it could not give up new privileges");
    const char *fault = limit_resources(address_space);
    if (!fault) fault = drop_capabilities();
    if (!fault && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) fault = failed("it could not be made undumpable");
    if (!fault) fault = restrict_files(plugin);
    if (!fault) fault = restrict_system_calls();
    return fault;
}
