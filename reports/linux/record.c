/*
 * record.c - see record.h.
 */
#define _DEFAULT_SOURCE
#include "../record.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

int record_open(struct record *record, const char *path)
{
    record->file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                        0666);
    return record->file < 0 ? errno : 0;
}

/* Device files and pipes cannot be forced anywhere; their lines are out. */
static int force(int file)
{
    return fdatasync(file) < 0 && errno != EINVAL ? errno : 0;
}

int record_add(struct record *record, const char *line, size_t size,
               bool keep)
{
    struct iovec parts[2] = {
        { .iov_base = (void *)line, .iov_len = size },
        { .iov_base = (void *)"\n", .iov_len = 1 },
    };
    ssize_t done;
    do
        done = writev(record->file, parts, 2);
    while (done < 0 && errno == EINTR);

    if (done < 0)
        return errno;
    /* A regular file takes all or has no room for the rest. */
    if ((size_t)done != size + 1)
        return ENOSPC;
    return keep ? force(record->file) : 0;
}

int record_close(struct record *record)
{
    if (record->file < 0)
        return 0;
    int error = force(record->file);
    if (close(record->file) < 0 && !error)
        error = errno;
    record->file = -1;
    return error;
}
