/*
 * host.c - see host.h.
 */
#define _GNU_SOURCE 1
#include "../host.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "../folder.h"

double host_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double host_date_seconds(void)
{
    return (double)time(NULL);
}

static void put_date(struct text *text, const char *format)
{
    char      words[64];
    struct tm day;
    time_t    now = time(NULL);
    localtime_r(&now, &day);
    strftime(words, sizeof words, format, &day);
    text_put(text, words);
}

void host_date(struct text *text)
{
    put_date(text, "%Y-%m-%dT%H:%M:%S%z");
}

void host_date_name(struct text *text)
{
    put_date(text, "%Y-%m-%d-%H%M%S");
}

bool host_is_terminal(FILE *file)
{
    const char *kind = getenv("TERM");
    return isatty(fileno(file)) && kind && strcmp(kind, "dumb") != 0;
}

bool host_program_folder(struct text *text)
{
    char    path[4096];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    if (size <= 0)
        return false;
    path[size] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return false;
    text_add(text, path, (size_t)(slash - path));
    return true;
}

/* Append a small file's first line. */
static bool put_line_of(const char *path, struct text *text)
{
    struct text content = { 0 };
    bool        found = folder_read(path, 4096, false, &content) == 0 &&
                 content.size > 0;
    if (found)
        text_add(text, content.data, strcspn(content.data, "\n"));
    text_free(&content);
    return found;
}

static void put_processor(struct text *text, const char *fallback)
{
    struct text content = { 0 };
    const char *name = NULL;

    if (folder_read("/proc/cpuinfo", 16384, false, &content) == 0 &&
        content.data)
        name = strstr(content.data, "model name");
    if (name)
        name = strchr(name, ':');
    if (name)
        text_add(text, name + 2, strcspn(name + 2, "\n"));
    else
        text_put(text, fallback);
    text_free(&content);
}

bool host_machine(struct text *text)
{
    struct utsname name;
    if (uname(&name) < 0)
        return false;
    put_processor(text, name.machine);
    int cores = host_cores();
    text_print(text, ", %d core%s, %s %s", cores, cores == 1 ? "" : "s",
               name.sysname, name.release);
    return true;
}

int host_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores > 0 ? (int)cores : 0;
}

bool host_governor(struct text *text)
{
    return put_line_of(
        "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", text);
}

bool host_clock(struct text *text)
{
    return put_line_of("/sys/devices/system/clocksource/clocksource0/"
                       "current_clocksource", text);
}

bool host_steal(double *share)
{
    /* cpu user nice system idle iowait irq softirq steal ... */
    struct text line = { 0 };
    double      sum = 0, steal = 0;

    if (!put_line_of("/proc/stat", &line))
        return false;
    char *at = line.data + strcspn(line.data, " ");
    for (int field = 0; field < 8; field++) {
        char  *end;
        double ticks = strtod(at, &end);
        if (end == at)
            break;
        sum += ticks;
        if (field == 7)
            steal = ticks;
        at = end;
    }
    text_free(&line);
    if (sum <= 0)
        return false;
    *share = steal / sum;
    return true;
}

bool host_files_max(double *files)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return false;
    *files = (double)limit.rlim_max;
    return true;
}

bool host_room(const char *path, double *bytes)
{
    struct statvfs status;
    if (statvfs(path, &status) < 0)
        return false;
    *bytes = (double)status.f_bavail * (double)status.f_frsize;
    return true;
}

bool host_io_uring(struct text *why)
{
    /* A ring is made and closed: a kernel that has the call may still refuse
     * it to this user, or in this container. The flag is one that the port
     * needs, and an older kernel does not know. */
    struct io_uring_params params = { .flags = IORING_SETUP_SUBMIT_ALL };
    long result = syscall(SYS_io_uring_setup, 1, &params);
    if (result >= 0) {
        close((int)result);
        return true;
    }
    text_put(why, errno == ENOSYS ? "this kernel lacks it"
                  : errno == EINVAL ? "this kernel is older than 5.18"
                                    : "this kernel forbids it");
    return false;
}

static bool is_here(const char *folder, size_t size, const char *name,
                    struct text *path)
{
    struct text candidate = { 0 };
    text_print(&candidate, "%.*s/%s", size ? (int)size : 1,
               size ? folder : ".", name);
    bool found = folder_can_run(candidate.data);
    if (found)
        text_put(path, candidate.data);
    text_free(&candidate);
    return found;
}

bool host_find_program(const char *name, struct text *path)
{
    const char *folders = getenv("PATH");
    if (!folders)
        folders = "/usr/bin:/bin";
    for (;;) {
        size_t size = strcspn(folders, ":");
        if (is_here(folders, size, name, path))
            return true;
        if (folders[size] == '\0')
            return false;
        folders += size + 1;
    }
}

const char *host_error(int error)
{
    return strerror(error);
}
