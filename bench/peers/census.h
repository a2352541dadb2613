/*
 * census.h - what a process has: descriptors, threads, memory.
 *
 * Taken before a loop is made and after it was ended, the difference is what
 * the ending left. Memory is counted by the program's own malloc and free,
 * which stand before those of the C library for every library of it
 * (heap.h): the bytes of blocks that were not freed. That adds some nanoseconds
 * to each call, for every loop alike. Where a sanitizer has the place of malloc
 * there are none.
 *
 * units      bytes; numbers of things
 * source     proc(5), self/fd and self/task; "Replacing malloc" in the manual
 *            of the GNU C library
 */
#ifndef BENCH_PEERS_CENSUS_H
#define BENCH_PEERS_CENSUS_H

struct census {
    long descriptors;
    long threads;       /* the calling one is one                        */
    long memory;
};

void census_take(struct census *c);

/*
 * Wait until every other thread is asleep or gone: a thread that was told to
 * end, and does, is none that is left alive. Ends after two seconds in any
 * case.
 */
void census_settle(void);

#endif
