#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

/* What computing, memory, threads and reading files take. Everything else fails with EPERM. */
static const int allowed[] = {
    SYS_read, SYS_write, SYS_recvmsg, SYS_futex, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_brk,
    SYS_close, SYS_close_range, SYS_pread64, SYS_readv, SYS_preadv, SYS_writev, SYS_lseek, SYS_fstat, SYS_newfstatat,
    SYS_statx, SYS_statfs, SYS_fstatfs, SYS_getdents64, SYS_readlinkat, SYS_faccessat, SYS_faccessat2, SYS_getcwd,
    SYS_dup, SYS_dup3, SYS_pipe2, SYS_eventfd2, SYS_ppoll, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl,
    SYS_epoll_pwait, SYS_fadvise64, SYS_mincore,
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigtimedwait, SYS_rt_sigpending, SYS_sigaltstack,
    SYS_restart_syscall, SYS_exit, SYS_exit_group,
    SYS_gettid, SYS_set_robust_list, SYS_get_robust_list, SYS_set_tid_address, SYS_rseq, SYS_membarrier,
    SYS_sched_yield, SYS_sched_get_priority_max, SYS_sched_get_priority_min, SYS_getcpu,
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

/* Any other value fails with `error`. */
static void allow_if_one_of(int number, int argument, const uint32_t *values, uint8_t count, int error) {
    unless_equal((uint32_t)number, (uint8_t)(2 * count + 2));
    load_word(ARGUMENT(argument));
    for (uint8_t i = 0; i < count; i++) {
        unless_equal(values[i], 1);
        answer(SECCOMP_RET_ALLOW);
    }
    answer(SECCOMP_RET_ERRNO | (uint32_t)error);
}
#define ALLOW_IF_ONE_OF(number, argument, values, error)                                                              \
    allow_if_one_of(number, argument, values, sizeof values / sizeof *values, error)

/* Allows it if none of the bits is set. */
static void allow_without(int number, int argument, uint32_t bits) {
    unless_equal((uint32_t)number, 4);
    load_word(ARGUMENT(argument));
    unless_set(bits, 1);
    answer(DENIED);
    answer(SECCOMP_RET_ALLOW);
}

/* Allows clone to make threads of this process, which share all that threads share and are in its namespaces. */
static void allow_threads(void) {
    const uint32_t others = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
                            CLONE_NEWNET | CLONE_VFORK | CLONE_PTRACE | CLONE_UNTRACED | CLONE_PARENT;
    unless_equal(SYS_clone, 6);
    load_word(ARGUMENT(0));
    unless_set(others, 1);
    answer(DENIED);
    unless_set(CLONE_THREAD, 1);
    answer(SECCOMP_RET_ALLOW);
    answer(DENIED);
}

static void fail_with(int number, int error) {
    unless_equal((uint32_t)number, 1);
    answer(SECCOMP_RET_ERRNO | (uint32_t)error);
}

const char *restrict_system_calls(void) {
    static const uint32_t harmless_fcntl[] = {F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC};
    static const uint32_t harmless_prctl[] = {PR_SET_NAME, PR_GET_NAME};
    /* What allocators and language runtimes advise about their own memory. Not: what poisons pages or takes them offline
     * (which are everybody's), merges them with those of others, or pages out shared ones. */
    static const uint32_t known_advice[] = {
        MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE, MADV_DONTFORK, MADV_DOFORK,
        MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP, 22 /* MADV_POPULATE_READ */,
        23 /* MADV_POPULATE_WRITE */, 102 /* MADV_GUARD_INSTALL */, 103 /* MADV_GUARD_REMOVE */};
    const uint32_t own = (uint32_t)getpid();
    const uint32_t itself[] = {0, own};
    const uint32_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;

    load_word(offsetof(struct seccomp_data, arch));
    unless_equal(ARCHITECTURE, 1);
    add((struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1));
    answer(SECCOMP_RET_KILL_PROCESS);
    load_word(offsetof(struct seccomp_data, nr));
    /* Memory, but not of the pool of huge pages, which an administrator has set aside for others. */
    allow_without(SYS_mmap, 3, MAP_HUGETLB);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        unless_equal((uint32_t)allowed[i], 1);
        answer(SECCOMP_RET_ALLOW);
    }
    /* Threads, but no processes. glibc asks with clone3 first, whose flags lie in memory that no filter can read. */
    allow_threads();
    fail_with(SYS_clone3, ENOSYS);
    /* Signals, to itself. */
    allow_if_equal(SYS_kill, 0, own);
    allow_if_equal(SYS_tgkill, 0, own);
    /* Files, to read. Landlock says which. */
    allow_without(SYS_openat, 2, writing);
#if defined(SYS_open)
    allow_without(SYS_open, 1, writing);
#endif
    fail_with(SYS_openat2, ENOSYS);
    /* Whether a file is a terminal is asked with ioctl. */
    fail_with(SYS_ioctl, ENOTTY);
    ALLOW_IF_ONE_OF(SYS_fcntl, 1, harmless_fcntl, EPERM);
    ALLOW_IF_ONE_OF(SYS_prctl, 0, harmless_prctl, EPERM);
    ALLOW_IF_ONE_OF(SYS_madvise, 2, known_advice, EINVAL);
    /* How it is scheduled itself. glibc asks for each of its threads by number, and goes on where the kernel cannot tell. */
    ALLOW_IF_ONE_OF(SYS_sched_getaffinity, 0, itself, ENOSYS);
    ALLOW_IF_ONE_OF(SYS_sched_getscheduler, 0, itself, ENOSYS);
    ALLOW_IF_ONE_OF(SYS_sched_getparam, 0, itself, ENOSYS);
    /* Its own limits, to know them: with no new ones given, and so NULL in both halves of the third argument. */
    unless_equal(SYS_prlimit64, 10);
    load_word(ARGUMENT(0));
    unless_equal(0, 1);
    add((struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1));
    unless_equal(own, 5);
    load_word(ARGUMENT(2));
    unless_equal(0, 3);
    load_word(ARGUMENT(2) + 4);
    unless_equal(0, 1);
    answer(SECCOMP_RET_ALLOW);
    answer(DENIED);
    /* All that is named nowhere above. */
    answer(DENIED);

    if (n_instructions > sizeof filter / sizeof *filter) return "the filter of its system calls is too long";
    const struct sock_fprog program = {n_instructions, filter};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
        return failed("its system calls could not be restricted (seccomp)");
    return NULL;
}
