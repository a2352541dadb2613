/*
 * witness_page.h - what a watchdog and the program it watches share: a page
 * of memory, and the messages of two pipes.
 *
 * The environment variable WITNESS_VARIABLE names the three by numbers that
 * the program has inherited: memory, pipe of messages, pipe of requests. A
 * message is one write of a kind, text and a newline, small enough that a
 * pipe does not split it; a request is one byte.
 *
 * The page is written by the program and only read by the watchdog, so a
 * program that has gone wild can spoil its own verdict at most.
 */
#ifndef FUZZ_WITNESS_PAGE_H
#define FUZZ_WITNESS_PAGE_H

#include <stdatomic.h>
#include <stdint.h>

#define WITNESS_VARIABLE "LASTCALL_WITNESS"
#define WITNESS_MAGIC    0x6c617374u
#define WITNESS_NEVER    UINT64_MAX

/* What comes first in a message. */
enum witness_message {
    WITNESS_SAYS_LINE     = 'l',
    WITNESS_SAYS_FINDING  = 'f',    /* number of the verdict, blank, where   */
    WITNESS_SAYS_DUMP     = 'd',    /* a line of it                          */
    WITNESS_SAYS_DUMP_END = 'e',
    WITNESS_SAYS_CLOSE    = 'c',    /* wants WITNESS_END                     */
};

enum witness_request {
    WITNESS_DUMP = 'd',
    WITNESS_END  = 'q',             /* the witness's thread returns          */
};

struct witness_page {
    /* Alone on its cache line: it is written for every event of a run. */
    _Alignas(64) _Atomic uint64_t progress;

    /* Time that is healthy while progress is still expect_at. */
    _Alignas(64) _Atomic uint64_t expect_at;
    _Atomic uint32_t expect_ms;

    _Atomic uint64_t thread;        /* the witness's, as the system numbers  */
    _Atomic uint32_t opened;        /* 0 or 1, as are the following          */
    _Atomic uint32_t closed;
    _Atomic uint32_t main_returned;
    _Atomic uint32_t aborted;       /* abort was called, where no signal of
                                       the system says so                    */
    uint32_t         magic;
};

#endif
