/*
 * fd_map.c - associations by descriptor: an array, since the numbers are
 * small and dense, that is given back when the last entry goes.
 */
#include <string.h>

#include "../check.h"
#include "../loop.h"
#include "kernel.h"

#define SIZE_MIN 64

struct association *fd_map_find(const struct fd_map *m, int fd)
{
    return (size_t)fd < m->size ? m->slot[fd] : NULL;
}

static int reserve(struct fd_map *m, int fd)
{
    if ((size_t)fd < m->size)
        return 0;
    size_t size = m->size ? m->size : SIZE_MIN;
    while (size <= (size_t)fd)
        size *= 2;
    struct association **slot = os_alloc(size * sizeof *slot);
    if (!slot)
        return LOOP_ENOMEM;
    if (m->slot)
        memcpy(slot, m->slot, m->size * sizeof *slot);
    os_free(m->slot);
    m->slot = slot;
    m->size = size;
    return 0;
}

int fd_map_put(struct fd_map *m, int fd, struct association *a)
{
    if (reserve(m, fd))
        return LOOP_ENOMEM;
    LOOP_ASSERT(!m->slot[fd]);
    m->slot[fd] = a;
    m->count++;
    return 0;
}

void fd_map_remove(struct fd_map *m, int fd)
{
    LOOP_ASSERT(fd_map_find(m, fd));
    m->slot[fd] = NULL;
    if (--m->count == 0) {
        os_free(m->slot);
        *m = (struct fd_map){ 0 };
    }
}
