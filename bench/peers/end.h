/*
 * end.h - what a program that ends a loop asks of it.
 *
 * One file for each loop, end_NAME, is linked with end.c to a program of its
 * own, lastcall-bench-end-NAME. It has a loop with one thread inside and work
 * pending, ends it by one strategy, and tells what that took and lost
 * (loss.h). The file has the loop and says for each item what became of it;
 * what does not depend on the loop is in end.c.
 *
 * units      nanoseconds
 * threads    the main one, except where a function says otherwise
 * errors     a failure of the loop aborts
 */
#ifndef BENCH_PEERS_END_H
#define BENCH_PEERS_END_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum end_strategy {
    END_STOP,
    END_GRACEFUL,
    END_HOOKS,
    END_DEADLINE,
    END_ABANDON,
    END_STRATEGIES,
};

enum end_work {
    END_POSTS,          /* accepted while the thread inside is in a callback
                           that returns at the request                      */
    END_TIMERS,         /* an hour away                                     */
    END_TASKS,          /* each waits for such a timer                      */
    END_JOBS,           /* as many as there are workers run, others queue   */
    END_READS,          /* each of a descriptor of its own                  */
    END_WRITE,          /* one, of so many KiB, to a reader that is slow    */
    END_WORKS,
};

#define END_WORKERS 4u              /* of a pool, for jobs               */
#define END_WITHIN 20000000u        /* of the strategy deadline          */
#define END_KIB 1024u

/* Of the loop's file. */

const char *end_engine(void);
bool end_has(enum end_strategy strategy, enum end_work work);

/* Make and free the storage that the loop lets its caller own. */
void end_room_open(enum end_work work, unsigned count);
void end_room_close(void);

/* Open the loop, have a thread inside, and so much work pending. */
void end_begin(enum end_strategy strategy, enum end_work work,
               unsigned count);

/* End it; the time of this is taken. */
void end_by(enum end_strategy strategy);

/* Of end.c. */

/* Start the thread that is inside, and wait until it has ended. */
void end_thread_start(void (*run)(void *unused));
void end_thread_join(void);

/* A callback says that it was called; wait for so many of those.
 *   threads   end_inside: any */
void end_inside(void);
void end_wait_inside(unsigned times);

/* Be in a callback until the request. Any thread. */
void end_hold(void);

/* Do what a job does: the first ones take 40 ms, and the thread that submits
 * them waits until they have begun. Any thread. */
void end_work_job(void);

/* The near end of a stream whose far end is read slowly, the caller's to
 * close; and what to write into it. */
int   end_stream(void);
char *end_text(unsigned count);

/* An item has come to its end by itself, with its result; or its creator was
 * told that it will not. Any thread. */
void end_ran(void);
void end_told(void);

#ifdef __cplusplus
}
#endif

#endif
