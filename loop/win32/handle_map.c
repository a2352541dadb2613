/*
 * handle_map.c - associations by handle: chains in buckets, which are given
 * back when the last entry goes.
 *
 * Most handles are small multiples of 4, but a socket may be any number that
 * its provider likes.
 */
#include "../check.h"
#include "../loop.h"
#include "kernel.h"

#define SIZE_MIN 64
#define HANDLE_STEP 4

static size_t bucket_of(const struct handle_map *m, HANDLE h)
{
    return (size_t)((uintptr_t)h / HANDLE_STEP) & (m->size - 1);
}

struct association *handle_map_find(const struct handle_map *m, HANDLE h)
{
    struct association *a = m->size ? m->bucket[bucket_of(m, h)] : NULL;
    while (a && a->handle != h)
        a = a->next;
    return a;
}

static void link_entry(struct handle_map *m, struct association *a)
{
    struct association **bucket = &m->bucket[bucket_of(m, a->handle)];
    a->next = *bucket;
    *bucket = a;
}

static int grow(struct handle_map *m)
{
    struct handle_map old = *m;
    size_t size = old.size ? old.size * 2 : SIZE_MIN;
    struct association **bucket = os_alloc(size * sizeof *bucket);
    if (!bucket)
        return LOOP_ENOMEM;
    m->bucket = bucket;
    m->size = size;
    for (size_t i = 0; i < old.size; i++)
        while (old.bucket[i]) {
            struct association *a = old.bucket[i];
            old.bucket[i] = a->next;
            link_entry(m, a);
        }
    os_free(old.bucket);
    return 0;
}

int handle_map_put(struct handle_map *m, struct association *a)
{
    LOOP_ASSERT(!handle_map_find(m, a->handle));
    if (m->count == m->size && grow(m))
        return LOOP_ENOMEM;
    link_entry(m, a);
    m->count++;
    return 0;
}

struct association *handle_map_remove(struct handle_map *m, HANDLE h)
{
    struct association *a = handle_map_find(m, h);
    if (!a)
        return NULL;
    struct association **link = &m->bucket[bucket_of(m, h)];
    while (*link != a)
        link = &(*link)->next;
    *link = a->next;
    if (--m->count == 0) {
        os_free(m->bucket);
        *m = (struct handle_map){ 0 };
    }
    return a;
}
