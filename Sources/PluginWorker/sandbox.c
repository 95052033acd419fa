#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the filter of system calls is written for x86-64 and aarch64"
#endif

static char sentence[256];

static const char *failed(const char *what) {
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

static const char *limit_resources(uint64_t address_space) {
    /* Where memory runs out, it is the plugin that has to go. Nothing depends on it. */
    const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
        if (write(file, "1000", 4) < 0) errno = 0;
        close(file);
    }
    if (!set_limit(RLIMIT_AS, address_space)) return failed("its memory could not be limited");
    if (!set_limit(RLIMIT_CORE, 0) || !set_limit(RLIMIT_FSIZE, 0) || !set_limit(RLIMIT_NOFILE, 64))
        return failed("its use of files could not be limited");
    signal(SIGXFSZ, SIG_IGN);
    return NULL;
}

/* ---------------------------------------------------------------- files */

/* What a shared object and its libraries may read. */
static const char *const readable[] = {
    "/usr", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/gnu/store", "/etc/ld.so.cache",
    "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom",
};

static const char *allow_reading(int ruleset, const char *path) {
    const int place = open(path, O_PATH | O_CLOEXEC);
    if (place < 0) return NULL; /* what is not there needs no leave */
    struct landlock_path_beneath_attr rule = {
        .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR, .parent_fd = place};
    long status = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    if (status != 0 && errno == EINVAL) { /* a file, which is no folder to read */
        rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
        status = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }
    close(place);
    return status == 0 ? NULL : failed("it could not be kept from your files");
}

/* The plugin, the shared objects beside it, which it may be linked with, and the folder NAME.data beside NAME.so. */
static const char *allow_reading_plugin(int ruleset, const char *plugin) {
    char path[PATH_MAX];
    const char *slash = strrchr(plugin, '/');
    const int folder_length = slash ? (int)(slash - plugin) : 0;
    const char *fault = allow_reading(ruleset, plugin);
    const char *ending = strrchr(plugin, '.');
    const int name_length = ending && ending > plugin + folder_length ? (int)(ending - plugin) : (int)strlen(plugin);
    snprintf(path, sizeof path, "%.*s.data", name_length, plugin);
    if (!fault) fault = allow_reading(ruleset, path);
    snprintf(path, sizeof path, "%.*s/", folder_length, plugin);
    DIR *folder = opendir(path);
    for (const struct dirent *entry; folder && !fault && (entry = readdir(folder));) {
        if (!strstr(entry->d_name, ".so")) continue;
        snprintf(path, sizeof path, "%.*s/%s", folder_length, plugin, entry->d_name);
        fault = allow_reading(ruleset, path);
    }
    if (folder) closedir(folder);
    return fault;
}

/* Landlock: files that may be read, and no access to other processes, whose environment and memory are files, too. */
static const char *restrict_files(const char *plugin) {
    const struct landlock_ruleset_attr attributes = {
        .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1, /* all of Landlock's first version */
    };
    const int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (ruleset < 0)
        return failed("it could not be kept from your files with Landlock, which Linux has since 5.13");
    const char *fault = NULL;
    for (size_t i = 0; i < sizeof readable / sizeof *readable && !fault; i++) fault = allow_reading(ruleset, readable[i]);
    if (!fault) fault = allow_reading_plugin(ruleset, plugin);
    if (!fault && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        fault = failed("it could not be kept from your files");
    close(ruleset);
    return fault;
}

/* ---------------------------------------------------------------- system calls */

/* What computing, memory, threads and reading files take. Everything else fails with EPERM. */
static const int allowed[] = {
    SYS_read, SYS_write, SYS_recvmsg, SYS_futex, SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_madvise, SYS_brk,
    SYS_close, SYS_close_range, SYS_pread64, SYS_readv, SYS_preadv, SYS_writev, SYS_lseek, SYS_fstat, SYS_newfstatat,
    SYS_statx, SYS_statfs, SYS_fstatfs, SYS_getdents64, SYS_readlinkat, SYS_faccessat, SYS_faccessat2, SYS_getcwd,
    SYS_dup, SYS_dup3, SYS_pipe2, SYS_eventfd2, SYS_ppoll, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl,
    SYS_epoll_pwait, SYS_fadvise64, SYS_mincore,
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigtimedwait, SYS_rt_sigpending, SYS_sigaltstack,
    SYS_restart_syscall, SYS_exit, SYS_exit_group,
    SYS_gettid, SYS_set_robust_list, SYS_get_robust_list, SYS_set_tid_address, SYS_rseq, SYS_membarrier,
    SYS_sched_yield, SYS_sched_getaffinity, SYS_sched_getscheduler, SYS_sched_getparam, SYS_sched_get_priority_max,
    SYS_sched_get_priority_min, SYS_getcpu,
    SYS_nanosleep, SYS_clock_nanosleep, SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_times, SYS_getrusage,
    SYS_umask, SYS_chdir, SYS_getpid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_uname,
    SYS_sysinfo, SYS_getrandom,
#if defined(SYS_futex_waitv)
    SYS_futex_waitv,
#endif
#if defined(__x86_64__)
    SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_dup2, SYS_pipe, SYS_poll, SYS_select, SYS_epoll_wait,
    SYS_getrlimit, SYS_time, SYS_pause,
#endif
};

static struct sock_filter filter[512];
static unsigned short n_instructions;

static void add(struct sock_filter instruction) {
    if (n_instructions < sizeof filter / sizeof *filter) filter[n_instructions] = instruction;
    n_instructions++;
}

static void load_word(uint32_t offset) { add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)); }
static void answer(uint32_t what) { add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what)); }

/* Skips so many instructions unless the word that was loaded is, or has bits of, the value. */
static void unless_equal(uint32_t value, uint8_t skipped) {
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped));
}
static void unless_set(uint32_t bits, uint8_t skipped) {
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, skipped));
}

/* The low half of an argument, on the little-endian machines that this is written for. */
#define ARGUMENT(n) (uint32_t) (offsetof(struct seccomp_data, args) + 8 * (n))
#define DENIED (SECCOMP_RET_ERRNO | EPERM)

/* Rules for one system call are behind a jump that skips them for the others, which still have their number loaded. */

static void allow_if_equal(int number, int argument, uint32_t value) {
    unless_equal((uint32_t)number, 4);
    load_word(ARGUMENT(argument));
    unless_equal(value, 1);
    answer(SECCOMP_RET_ALLOW);
    answer(DENIED);
}

static void allow_if_one_of(int number, int argument, const uint32_t *values, uint8_t count) {
    unless_equal((uint32_t)number, (uint8_t)(2 * count + 2));
    load_word(ARGUMENT(argument));
    for (uint8_t i = 0; i < count; i++) {
        unless_equal(values[i], 1);
        answer(SECCOMP_RET_ALLOW);
    }
    answer(DENIED);
}

/* Allows it if any of the bits is set, or if none is. */
static void allow_if_bits(int number, int argument, uint32_t bits, bool set) {
    unless_equal((uint32_t)number, 4);
    load_word(ARGUMENT(argument));
    unless_set(bits, 1);
    answer(set ? SECCOMP_RET_ALLOW : DENIED);
    answer(set ? DENIED : SECCOMP_RET_ALLOW);
}

static void fail_with(int number, int error) {
    unless_equal((uint32_t)number, 1);
    answer(SECCOMP_RET_ERRNO | (uint32_t)error);
}

static const char *restrict_system_calls(void) {
    static const uint32_t harmless_fcntl[] = {F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC};
    static const uint32_t harmless_prctl[] = {PR_SET_NAME, PR_GET_NAME};
    const uint32_t own = (uint32_t)getpid();
    const uint32_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;

    load_word(offsetof(struct seccomp_data, arch));
    unless_equal(ARCHITECTURE, 1);
    add((struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1));
    answer(SECCOMP_RET_KILL_PROCESS);
    load_word(offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        unless_equal((uint32_t)allowed[i], 1);
        answer(SECCOMP_RET_ALLOW);
    }
    /* Threads, but no processes. glibc asks with clone3 first, whose flags lie in memory that no filter can read. */
    allow_if_bits(SYS_clone, 0, CLONE_THREAD, true);
    fail_with(SYS_clone3, ENOSYS);
    /* Signals, to itself. */
    allow_if_equal(SYS_kill, 0, own);
    allow_if_equal(SYS_tgkill, 0, own);
    /* Files, to read. Landlock says which. */
    allow_if_bits(SYS_openat, 2, writing, false);
#if defined(SYS_open)
    allow_if_bits(SYS_open, 1, writing, false);
#endif
    fail_with(SYS_openat2, ENOSYS);
    /* Whether a file is a terminal is asked with ioctl. */
    fail_with(SYS_ioctl, ENOTTY);
    allow_if_one_of(SYS_fcntl, 1, harmless_fcntl, sizeof harmless_fcntl / sizeof *harmless_fcntl);
    allow_if_one_of(SYS_prctl, 0, harmless_prctl, sizeof harmless_prctl / sizeof *harmless_prctl);
    /* Its limits, to know them: with no new ones given, and so NULL in both halves of the third argument. */
    unless_equal(SYS_prlimit64, 6);
    load_word(ARGUMENT(2));
    unless_equal(0, 3);
    load_word(ARGUMENT(2) + 4);
    unless_equal(0, 1);
    answer(SECCOMP_RET_ALLOW);
    answer(DENIED);
    /* All that is named nowhere above. */
    answer(DENIED);

    if (n_instructions > sizeof filter / sizeof *filter) return "the filter of its system calls has become too long";
    const struct sock_fprog program = {n_instructions, filter};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
        return failed("its system calls could not be restricted (seccomp)");
    return NULL;
}

const char *enter_sandbox(const char *plugin, uint64_t address_space) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("it could not give up new privileges");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("it could not be made undumpable");
    const char *fault = limit_resources(address_space);
    if (!fault) fault = restrict_files(plugin);
    if (!fault) fault = restrict_system_calls();
    return fault;
}
