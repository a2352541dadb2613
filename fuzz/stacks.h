/*
 * stacks.h - where the threads of another process stand.
 *
 * The process is stopped while it is looked at and goes on afterwards. Names
 * come from the symbol tables of its program and libraries, and lose what a
 * compiler appends after a dot.
 *
 * A platform's stacks_take walks the threads and tells the three functions
 * below what it sees; they write it down in one form for all platforms:
 *
 *     thread 4711 worker
 *         pthread_cond_wait+0x1a8 in libc.so.6
 *         os_cond_wait+0x51
 *     thread 4712 ...
 */
#ifndef FUZZ_STACKS_H
#define FUZZ_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watchdog_transcript.h"

#define STACKS_WHERE   512      /* as watchdog_report.where                  */
#define STACKS_THREADS 64       /* as many count for where                   */
#define STACKS_FRAMES  64       /* as many are shown of a thread             */

struct stacks {
    struct transcript text;
    unsigned          own_count;        /* functions named for this thread   */
    unsigned          thread_count;
    char              words[STACKS_THREADS][256];
};

struct stacks_frame {
    const char *name;       /* of the function; NULL: not known              */
    const char *module;     /* file that it is in, without folders, or "?"   */
    uint64_t    offset;     /* in the function; without a name, in the
                               module                                        */
    bool        own;        /* it is a function of the program itself        */
};

/* Begin a thread; name may be "". */
void stacks_thread(struct stacks *s, uint64_t id, const char *name);

/* Add a frame of it, the innermost first. */
void stacks_frame(struct stacks *s, const struct stacks_frame *f);

/* Say a sentence, such as why there is nothing to be seen. */
void stacks_say(struct stacks *s, const char *sentence);

/* Sum up: functions of the program's own, a thread a part, in an order that
 * does not depend on the threads' numbers. */
void stacks_where(struct stacks *s, char where[STACKS_WHERE]);

/*
 * Look at all threads of a process but one.
 *
 *   s         zero; its text is the caller's to free
 *   process   its number; the caller is its parent and has not waited for it
 *   witness   the thread to leave out; 0: none
 */
void stacks_take(struct stacks *s, uint64_t process, uint64_t witness);

#endif
