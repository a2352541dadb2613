#include "../host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int fail(char why[HOST_WHY], const char *what, const char *path)
{
    snprintf(why, HOST_WHY, "%s %s: %s", what, path, strerror(errno));
    return -1;
}

double host_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

uint64_t host_seed(void)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        seed = (uint64_t)(host_seconds() * 1e9);
    return seed;
}

bool host_is_terminal(int descriptor)
{
    const char *term = getenv("TERM");
    return isatty(descriptor) && !(term && !strcmp(term, "dumb"));
}

/* Interrupts. */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    if (interrupted)
        _exit(128 + number);
    interrupted = 1;
}

void host_catch_interrupt(void)
{
    struct sigaction action = { .sa_handler = on_interrupt,
                                .sa_flags = SA_RESTART };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool host_interrupted(void)
{
    return interrupted;
}

/* Folders. */

int host_make_folder(const char *path, char why[HOST_WHY])
{
    char part[HOST_PATH];
    size_t size = strlen(path);
    if (size >= sizeof part) {
        snprintf(why, HOST_WHY, "the path of the folder is too long");
        return -1;
    }
    for (size_t i = 1; i <= size; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) < 0 && errno != EEXIST)
            return fail(why, "cannot make the folder", part);
    }
    if (!host_is_folder(path)) {
        errno = ENOTDIR;
        return fail(why, "cannot make the folder", path);
    }
    return 0;
}

bool host_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int no_dots(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

int host_list_folder(const char *path, void (*each)(const char *, void *),
                     void *arg, char why[HOST_WHY])
{
    struct dirent **entry;
    int count = scandir(path, &entry, no_dots, alphasort);
    if (count < 0)
        return fail(why, "cannot read the folder", path);
    for (int i = 0; i < count; i++) {
        char file[HOST_PATH];
        snprintf(file, sizeof file, "%s/%s", path, entry[i]->d_name);
        if (!host_is_folder(file))
            each(file, arg);
        free(entry[i]);
    }
    free(entry);
    return 0;
}

int host_temporary_folder(char out[HOST_PATH], char why[HOST_WHY])
{
    const char *base = getenv("TMPDIR");
    snprintf(out, HOST_PATH, "%s/lastcall-XXXXXX",
             base && *base ? base : "/tmp");
    return mkdtemp(out) ? 0 : fail(why, "cannot make the folder", out);
}

static void remove_file(const char *path, void *arg)
{
    (void)arg;
    unlink(path);
}

void host_remove_folder(const char *path)
{
    char why[HOST_WHY];
    if (host_list_folder(path, remove_file, NULL, why) == 0)
        rmdir(path);
}

void host_program(char out[HOST_PATH])
{
    ssize_t size = readlink("/proc/self/exe", out, HOST_PATH - 1);
    out[size > 0 ? size : 0] = '\0';
}

/* Files. */

char *host_print(void (*print)(FILE *, const void *), const void *what,
                 size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (!out)
        return NULL;
    print(out, what);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

int host_write_file(const char *path, const void *data, size_t size,
                    char why[HOST_WHY])
{
    char temporary[HOST_PATH + 16];
    snprintf(temporary, sizeof temporary, "%s.%d", path, (int)getpid());
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return fail(why, "cannot write", path);
    bool good = write_all(fd, data, size) == 0 && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    if (!good || rename(temporary, path) < 0) {
        int error = errno;
        unlink(temporary);
        errno = error;
        return fail(why, "cannot write", path);
    }
    return 0;
}

long host_read_file(const char *path, void *out, size_t cap,
                    char why[HOST_WHY])
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return fail(why, "cannot read", path);
    size_t size = fread(out, 1, cap, file);
    bool more = size == cap && fgetc(file) != EOF;
    bool bad = ferror(file);
    fclose(file);
    if (bad)
        return fail(why, "cannot read", path);
    if (more) {
        snprintf(why, HOST_WHY, "%s is larger than %zu bytes", path, cap);
        return -1;
    }
    return (long)size;
}

/* Children. */

static void read_lines(int fd, pid_t child,
                       bool (*line)(const char *, void *), void *arg)
{
    FILE *in = fdopen(fd, "r");
    char *text = NULL;
    size_t cap = 0;
    ssize_t size;
    while (in && (size = getline(&text, &cap, in)) > 0) {
        if (text[size - 1] == '\n')
            text[size - 1] = '\0';
        if (!line(text, arg))
            kill(child, SIGTERM);
    }
    free(text);
    if (in)
        fclose(in);
}

int host_run(char *const argv[], bool (*line)(const char *, void *),
             void *arg, char why[HOST_WHY])
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(why, "cannot start", argv[0]);
    pid_t child = fork();
    if (child < 0) {
        close(ends[0]);
        close(ends[1]);
        return fail(why, "cannot start", argv[0]);
    }
    if (child == 0) {
        dup2(ends[1], 2);
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        execv(argv[0], argv);
        _exit(127);
    }
    close(ends[1]);
    read_lines(ends[0], child, line, arg);
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        snprintf(why, HOST_WHY, "cannot start %s", argv[0]);
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int host_split(unsigned jobs)
{
    int worst = 0;
    fflush(NULL);
    for (unsigned i = 0; i < jobs; i++) {
        pid_t child = fork();
        if (child == 0)
            return (int)i;
        if (child < 0)
            worst = 3;
    }
    int status;
    while (wait(&status) > 0 || errno == EINTR) {
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : 3;
        worst = code > worst ? code : worst;
        errno = 0;
    }
    return -1 - worst;
}
