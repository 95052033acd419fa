#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker.h"

/* Which files a plugin may read, with Landlock: the libraries of the system, itself, the shared objects beside it, and the
 * folder NAME.data beside NAME.so. A rule is about the file or folder that was opened, whatever has its name later, and is
 * made only where that lies where it seems to: what an author has packed must not lead anywhere else. */

static const uint64_t READ_FILES = LANDLOCK_ACCESS_FS_READ_FILE;
static const uint64_t READ_FOLDERS = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

static const char unrestricted[] = "its access to your files could not be restricted";

static const char *allow(int ruleset, int place, uint64_t access) {
    const struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = place};
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ? NULL : failed(unrestricted);
}

static int open_place(int folder, const char *path, uint64_t how_resolved) {
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = how_resolved};
    return (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
}

/* ---------------------------------------------------------------- the system's */

/* What the libraries of a system need, wherever its links lead. */
static const char *const libraries[] = {
    "/lib", "/lib32", "/lib64", "/libx32", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/local/lib",
    "/usr/local/lib64", "/nix/store", "/gnu/store", "/usr/share/zoneinfo", "/usr/share/locale", "/usr/share/i18n",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/dev/null", "/dev/zero", "/dev/random",
    "/dev/urandom",
};

/* Allows what was opened, a file or a folder with all that lies in it, and closes it. */
static const char *allow_opened(int ruleset, int place) {
    if (place < 0) return NULL; /* what is not there needs no leave */
    struct stat status;
    const char *fault = NULL;
    if (fstat(place, &status) == 0) fault = allow(ruleset, place, S_ISDIR(status.st_mode) ? READ_FOLDERS : READ_FILES);
    close(place);
    return fault;
}

static const char *allow_path(int ruleset, const char *path) {
    return allow_opened(ruleset, open(path, O_PATH | O_CLOEXEC));
}

/* Calls `body` with the path of each entry of a folder, until that returns a fault. */
static const char *for_each_entry(const char *path, const char *(*body)(int, const char *), int ruleset) {
    DIR *folder = opendir(path);
    const char *fault = NULL;
    for (const struct dirent *entry; folder && !fault && (entry = readdir(folder));) {
        char inside[PATH_MAX];
        if (entry->d_name[0] == '.') continue;
        if (snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name) < (int)sizeof inside) fault = body(ruleset, inside);
    }
    if (folder) closedir(folder);
    return fault;
}

/* Packages in /opt keep their libraries in these folders, and in others what is nobody's business. The owner of a package
 * need not be the administrator, so no link out of it counts. */
static const char *allow_package(int ruleset, const char *package) {
    static const char *const parts[] = {"lib", "lib64", "usr/lib", "usr/lib64"};
    const int folder = open(package, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return NULL;
    const char *fault = NULL;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !fault; i++)
        fault = allow_opened(ruleset, open_place(folder, parts[i], RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS));
    close(folder);
    return fault;
}

/* The folders that the administrator has named to the dynamic loader, in a file of ld.so.conf.d. */
static const char *allow_named_folders(int ruleset, const char *configuration) {
    FILE *file = fopen(configuration, "re");
    char line[PATH_MAX];
    const char *fault = NULL;
    while (file && !fault && fgets(line, sizeof line, file)) {
        size_t length = strcspn(line, "#\n");
        while (length > 0 && isspace((unsigned char)line[length - 1])) length--;
        line[length] = 0;
        /* A line as short as "/" would be all of the system, and no folder of libraries. */
        if (line[0] == '/' && length > 1) fault = allow_path(ruleset, line);
    }
    if (file) fclose(file);
    return fault;
}

static const char *allow_system(int ruleset) {
    const char *fault = NULL;
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries && !fault; i++) fault = allow_path(ruleset, libraries[i]);
    if (!fault) fault = for_each_entry("/opt", allow_package, ruleset);
    if (!fault) fault = for_each_entry("/etc/ld.so.conf.d", allow_named_folders, ruleset);
    return fault;
}

/* ---------------------------------------------------------------- the plugin's */

/* Whether a name is one of shared objects: "libfoo.so", "libfoo.so.1.2". */
static bool is_library_name(const char *name) {
    const char *ending = strstr(name, ".so");
    while (ending && ending[3] && strspn(ending + 3, ".0123456789") != strlen(ending + 3)) ending = strstr(ending + 3, ".so");
    return ending && ending != name;
}

/* Whether what was opened is a file of the folder itself with a name like those of shared objects, and is one. */
static bool is_library(int folder, int place) {
    char link[64], path[PATH_MAX], own[PATH_MAX], magic[4] = "";
    struct stat status;
    if (fstat(place, &status) != 0 || !S_ISREG(status.st_mode)) return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", place);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return false;
    path[length] = 0;
    char *slash = strrchr(path, '/');
    if (!slash || !is_library_name(slash + 1)) return false;
    *slash = 0;
    char folder_link[64];
    snprintf(folder_link, sizeof folder_link, "/proc/self/fd/%d", folder);
    length = readlink(folder_link, own, sizeof own - 1);
    if (length <= 0) return false;
    own[length] = 0;
    if (strcmp(path, own) != 0 && !(own[1] == 0 && path[0] == 0)) return false;
    const int file = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return false;
    const bool is_object = pread(file, magic, sizeof magic, 0) == sizeof magic && memcmp(magic, "\177ELF", 4) == 0;
    close(file);
    return is_object;
}

/* Those that the plugin may be linked with. A link is followed where it leads to another of them. The kernel keeps each rule
 * in memory that is nobody's, so there are not more than any plugin needs. */
static const char *allow_libraries(int ruleset, int folder) {
    enum { MOST = 1000 };
    int count = 0;
    const int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = again < 0 ? NULL : fdopendir(again);
    if (!entries && again >= 0) close(again);
    const char *fault = NULL;
    for (const struct dirent *entry; entries && !fault && (entry = readdir(entries));) {
        if (!is_library_name(entry->d_name)) continue;
        const int place = open_place(folder, entry->d_name, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
        if (place < 0) continue;
        if (is_library(folder, place))
            fault = count++ < MOST ? allow(ruleset, place, READ_FILES) : "there are more than 1000 shared objects next to it";
        close(place);
    }
    if (entries) closedir(entries);
    return fault;
}

/* Whether a folder holds, at any depth, a device: an archive may have packed one, and whoever reads a disk's reads all of its
 * files. What cannot be looked at counts as one. */
static bool holds_device(int folder, int depth) {
    enum { DEEPEST = 32 };
    const int again = depth > DEEPEST ? -1 : openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = again < 0 ? NULL : fdopendir(again);
    if (!entries && again >= 0) close(again);
    bool holds = !entries;
    for (const struct dirent *entry; entries && !holds && (entry = readdir(entries));) {
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || entry->d_type == DT_REG) continue;
        if (fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        holds = S_ISBLK(status.st_mode) || S_ISCHR(status.st_mode);
        if (!S_ISDIR(status.st_mode)) continue;
        const int inside = open_place(folder, entry->d_name, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
        holds = inside < 0 || holds_device(inside, depth + 1);
        if (inside >= 0) close(inside);
    }
    if (entries) closedir(entries);
    return holds;
}

static const char *allow_data(int ruleset, int folder, const char *name) {
    char data[NAME_MAX + 8];
    const char *ending = strrchr(name, '.');
    snprintf(data, sizeof data, "%.*s.data", (int)(ending ? (size_t)(ending - name) : strlen(name)), name);
    const int place = open_place(folder, data, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
    if (place < 0) {
        /* Said to whoever looks why the plugin lacks its data. */
        if (errno != ENOENT)
            fprintf(stderr, "%s is not a folder in the folder of the plugin (a link is not followed), so the plugin cannot "
                            "read it\n", data);
        return NULL;
    }
    struct stat status;
    const char *fault = NULL;
    if (fstat(place, &status) == 0 && S_ISDIR(status.st_mode))
        fault = holds_device(place, 0) ? "its data holds a device, or folders that cannot be looked into"
                                       : allow(ruleset, place, READ_FOLDERS);
    close(place);
    return fault;
}

static const char *allow_plugin(int ruleset, const char *plugin) {
    char path[PATH_MAX];
    const char *slash = strrchr(plugin, '/');
    if (!slash) return "the path of the plugin is not absolute";
    snprintf(path, sizeof path, "%.*s", slash == plugin ? 1 : (int)(slash - plugin), plugin);
    /* The path that the host has resolved has no links; where one is there now, somebody has changed it since. */
    const int folder = open_place(AT_FDCWD, path, RESOLVE_NO_SYMLINKS);
    if (folder < 0) return failed("the folder of the plugin could not be opened");
    const int file = open_place(folder, slash + 1, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
    struct stat status;
    const char *fault = NULL;
    if (file < 0)
        fault = failed("the plugin could not be opened");
    else if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
        fault = "the plugin is not a regular file";
    if (!fault) fault = allow(ruleset, file, READ_FILES);
    if (!fault) fault = allow_libraries(ruleset, folder);
    if (!fault) fault = allow_data(ruleset, folder, slash + 1);
    if (file >= 0) close(file);
    close(folder);
    return fault;
}

/* Files that may be read, and no access to other processes, whose environment and memory are files, too. */
const char *restrict_files(const char *plugin) {
    const struct landlock_ruleset_attr attributes = {
        .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1, /* all of Landlock's first version */
    };
    const int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (ruleset < 0) return failed("its access to your files could not be restricted with Landlock, which needs Linux 5.13 or newer");
    const char *fault = allow_system(ruleset);
    if (!fault) fault = allow_plugin(ruleset, plugin);
    if (!fault && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) fault = failed(unrestricted);
    close(ruleset);
    return fault;
}
