/*
 * floor_ring.c - the floor that sleeps in a ring, on the read of an eventfd.
 *
 * Reads and accepts are the kernel's own, of descriptors that block, since it
 * would not wait for others. They are cancelled one by one, in batches of
 * half a ring: to cancel all of a descriptor at once takes the kernel a
 * search for each. By the number of completions the kernel sizes the table in
 * which it finds what is to be cancelled. The sockets are closed by the ring
 * as well, which takes less time than a call for each.
 *
 * source: io_uring_prep_cancel64(3), io_uring_submit_and_wait(3),
 *         io_uring_prep_close(3)
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../../loop/check.h"
#include "descriptor.h"
#include "floor.h"

#define ENTRIES 256u
#define COMPLETIONS 4096u
#define WAKE 0                  /* user data; reads count from 1         */
#define CANCEL UINT64_MAX

const char *const floor_engine = "io_uring";

static struct io_uring ring;
static int             event;
static uint64_t        got;
static bool            armed;
static int            *reads;
static unsigned        read_count;
static bool            is_one;

bool floor_has(enum peer_kind kind)
{
    return kind == PEER_READS || kind == PEER_ACCEPTS ||
           descriptor_is_one(kind);
}

void floor_open(void)
{
    struct io_uring_params params = { .flags = IORING_SETUP_CQSIZE,
                                      .cq_entries = COMPLETIONS };
    int failed = io_uring_queue_init_params(ENTRIES, &ring, &params);
    LOOP_ASSERT(!failed);
    event = eventfd(0, EFD_CLOEXEC);
    LOOP_ASSERT(event >= 0);
}

/* Take what has come, and one at least; returns how many were not cancels
 * themselves. */
static unsigned reap(void)
{
    struct io_uring_cqe *entry;
    unsigned head, seen = 0, ended = 0;
    int submitted = io_uring_submit_and_wait(&ring, 1);
    LOOP_ASSERT(submitted >= 0 || submitted == -EINTR);
    io_uring_for_each_cqe(&ring, head, entry) {
        seen++;
        ended += entry->user_data != CANCEL;
        armed = armed && entry->user_data != WAKE;
    }
    io_uring_cq_advance(&ring, seen);
    return ended;
}

static void arm(void)
{
    struct io_uring_sqe *entry = io_uring_get_sqe(&ring);
    LOOP_ASSERT(entry);
    io_uring_prep_read(entry, event, &got, sizeof got, 0);
    io_uring_sqe_set_data64(entry, WAKE);
    armed = true;
}

void floor_wait(void)
{
    if (!armed)
        arm();
    while (armed)
        reap();
}

void floor_set(void)
{
    uint64_t one = 1;
    ssize_t written = write(event, &one, sizeof one);
    LOOP_ASSERT(written == sizeof one);
}

static struct io_uring_sqe *next_entry(void)
{
    struct io_uring_sqe *entry = io_uring_get_sqe(&ring);
    if (entry)
        return entry;
    int submitted = io_uring_submit(&ring);
    LOOP_ASSERT(submitted > 0);
    return io_uring_get_sqe(&ring);
}

static void prepare(struct io_uring_sqe *entry, enum peer_kind kind, int fd)
{
    static char byte;
    if (descriptor_accepts(kind))
        io_uring_prep_accept(entry, fd, NULL, NULL, 0);
    else
        io_uring_prep_recv(entry, fd, &byte, 1, 0);
}

static int open_blocking(enum peer_kind kind)
{
    int fd = (int)descriptor_open(kind);
    int failed = fcntl(fd, F_SETFL, 0);
    LOOP_ASSERT(!failed);
    return fd;
}

void floor_io_open(enum peer_kind kind, unsigned count)
{
    reads = calloc(count, sizeof *reads);
    LOOP_ASSERT(reads);
    read_count = count;
    is_one = descriptor_is_one(kind);
    for (unsigned i = 0; i < count; i++) {
        reads[i] = is_one && i > 0 ? reads[0] : open_blocking(kind);
        struct io_uring_sqe *entry = next_entry();
        prepare(entry, kind, reads[i]);
        io_uring_sqe_set_data64(entry, i + 1);
    }
    io_uring_submit(&ring);
}

void floor_end(void)
{
    unsigned ended = 0;
    for (unsigned i = read_count; i-- > 0;) {
        struct io_uring_sqe *entry = next_entry();
        io_uring_prep_cancel64(entry, i + 1, 0);
        io_uring_sqe_set_data64(entry, CANCEL);
        if (i % (ENTRIES / 2) == ENTRIES / 2 - 1)
            ended += reap();
    }
    while (ended < read_count)
        ended += reap();
    for (unsigned i = 0; i < (is_one ? 1 : read_count); i++) {
        struct io_uring_sqe *entry = next_entry();
        io_uring_prep_close(entry, reads[i]);
        entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    }
    int submitted = io_uring_submit(&ring);
    LOOP_ASSERT(submitted >= 0);
    io_uring_queue_exit(&ring);
    close(event);
}

void floor_io_close(void)
{
    for (unsigned i = 0; i < read_count; i++)
        LOOP_ASSERT(fcntl(reads[i], F_GETFD) < 0);
    free(reads);
    read_count = 0;
}
