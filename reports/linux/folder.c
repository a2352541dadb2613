/*
 * folder.c - see folder.h.
 */
#define _DEFAULT_SOURCE
#include "../folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int make_one(const char *path)
{
    struct stat status;
    if (mkdir(path, 0777) == 0)
        return 0;
    /* A folder that is already there may report EROFS or EACCES here. */
    int error = errno;
    if (stat(path, &status) == 0)
        return S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
    return error;
}

static int make_all(const char *path)
{
    struct text text = { 0 };
    int         error = 0;

    text_put(&text, path);
    for (size_t i = 1; i < text.size && !error; i++) {
        if (text.data[i] != '/')
            continue;
        text.data[i] = '\0';
        error = make_one(text.data);
        text.data[i] = '/';
    }
    if (!error)
        error = make_one(path);
    text_free(&text);
    return error;
}

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, data, size);
        if (done < 0 && errno != EINTR)
            return errno;
        if (done > 0) {
            data += done;
            size -= (size_t)done;
        }
    }
    return 0;
}

static int fill(int fd, uint64_t room)
{
    /* Not zeros: a file system may keep no block for those. */
    char block[4096];
    memset(block, 'x', sizeof block);
    for (uint64_t done = 0; done < room; done += sizeof block) {
        int error = write_all(fd, block, sizeof block);
        if (error)
            return error;
    }
    return fsync(fd) < 0 ? errno : 0;
}

int folder_open(const char *path, uint64_t room)
{
    struct text probe = { 0 };
    int error = make_all(path);
    if (error)
        return error;

    text_print(&probe, "%s/.room-%ld", path, (long)getpid());
    int fd = open(probe.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        error = errno;
    } else {
        error = fill(fd, room);
        close(fd);
        unlink(probe.data);
    }
    text_free(&probe);
    return error;
}

bool folder_has(const char *path)
{
    return access(path, F_OK) == 0;
}

bool folder_has_files(const char *path)
{
    bool           found = false;
    struct dirent *entry;
    DIR           *folder = opendir(path);
    if (!folder)
        return false;
    while (!found && (entry = readdir(folder)))
        found = entry->d_name[0] != '.';
    closedir(folder);
    return found;
}

bool folder_can_run(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
           access(path, X_OK) == 0;
}

int folder_put_aside(const char *path)
{
    struct stat status;
    struct tm   day;
    char        stamp[32];

    if (stat(path, &status) < 0)
        return errno == ENOENT ? 0 : errno;
    localtime_r(&status.st_mtime, &day);
    strftime(stamp, sizeof stamp, "%Y-%m-%d-%H%M%S", &day);

    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    int stem = (int)(dot ? dot - path : (ptrdiff_t)strlen(path));
    struct text aside = { 0 };
    int         error;

    /* link refuses a name that is taken, where rename would replace it. */
    text_print(&aside, "%.*s-%s%s", stem, path, stamp, dot ? dot : "");
    for (int i = 2; link(path, aside.data) < 0; i++) {
        error = errno;
        if (error != EEXIST || i > 999) {
            text_free(&aside);
            return error;
        }
        aside.size = 0;
        text_print(&aside, "%.*s-%s.%d%s", stem, path, stamp, i,
                   dot ? dot : "");
    }
    error = unlink(path) < 0 ? errno : 0;
    text_free(&aside);
    return error;
}

static int write_file(const char *path, const struct text *content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno;
    int error = write_all(fd, content->data ? content->data : "",
                          content->size);
    if (!error && fsync(fd) < 0 && errno != EINVAL)
        error = errno;
    if (close(fd) < 0 && !error)
        error = errno;
    return error;
}

/* What is not a plain file, such as a pipe or a terminal, has no old version
 * to keep and must not be replaced by a file. */
static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

int folder_write(const char *path, const struct text *content)
{
    if (is_special(path))
        return write_file(path, content);

    struct text draft = { 0 };
    text_print(&draft, "%s.%ld", path, (long)getpid());
    int error = write_file(draft.data, content);
    if (!error && rename(draft.data, path) < 0)
        error = errno;
    if (error)
        unlink(draft.data);
    text_free(&draft);
    return error;
}

int folder_read(const char *path, size_t size_max, bool from_end,
                struct text *content)
{
    char block[16 * 1024];
    int  fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;

    struct stat status;
    if (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) {
        close(fd);
        return EINVAL;
    }
    if (from_end && status.st_size > (off_t)size_max)
        lseek(fd, -(off_t)size_max, SEEK_END);

    ssize_t got;
    while (size_max > 0 &&
           (got = read(fd, block, size_max < sizeof block ? size_max
                                                          : sizeof block))) {
        if (got < 0 && errno != EINTR)
            break;
        if (got > 0) {
            text_add(content, block, (size_t)got);
            size_max -= (size_t)got;
        }
    }
    close(fd);
    return 0;
}

int folder_link(const char *path, const char *target)
{
    struct text draft = { 0 };
    int         error = 0;

    if (folder_has(path) && is_special(path) == false)
        return EEXIST;
    text_print(&draft, "%s.%ld", path, (long)getpid());
    unlink(draft.data);
    if (symlink(target, draft.data) < 0)
        error = errno;
    else if (rename(draft.data, path) < 0)
        error = errno;
    if (error)
        unlink(draft.data);
    text_free(&draft);
    return error;
}

int folder_remove(const char *path)
{
    return remove(path) < 0 ? errno : 0;
}
