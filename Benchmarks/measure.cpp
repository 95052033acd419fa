// Runs a command and prints what it cost: seconds, CPU seconds, peak resident kilobytes, exit status (128 + the
// signal where one ended it). The command's standard output goes to standard error.
//
//     measure COMMAND [ARGUMENT ...]
//
// A program of its own because Linux carries the peak memory of a process over exec: run by a large parent, a
// small command would be charged with the parent's size. This parent is small.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

int main(int count, char **arguments) {
    if (count < 2) {
        std::fputs("usage: measure COMMAND [ARGUMENT ...]\n", stderr);
        return 64;
    }
    const auto start = std::chrono::steady_clock::now();
    const pid_t child = fork();
    if (child == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execvp(arguments[1], arguments + 1);
        std::perror(arguments[1]);
        _exit(127);
    }
    int status;
    rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
        std::perror("measure");
        return 1;
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    const auto seconds = [](const timeval &time) { return time.tv_sec + time.tv_usec / 1e6; };
    std::printf("%.6f %.6f %ld %d\n", elapsed.count(), seconds(usage.ru_utime) + seconds(usage.ru_stime),
        usage.ru_maxrss, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}
