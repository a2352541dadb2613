/*
 * trace.h - what happened in one run, in order.
 *
 * A trace speaks of events, objects, threads and virtual time, never of
 * addresses or code sites, so that two compilers agree on it byte for byte.
 * It is a plain array in static storage; a run that makes more events than
 * fit keeps the hash right and drops the text of the oldest.
 *
 * units      time is virtual nanoseconds
 * threads    the simulator's one OS thread
 */
#ifndef FUZZ_TRACE_H
#define FUZZ_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a record's object and value mean is said beside each kind. */
enum trace_kind {
    /* seam: os.h */
    TRACE_THREAD_START,     /* object: thread                              */
    TRACE_THREAD_END,
    TRACE_THREAD_JOIN,      /* object: thread                              */
    TRACE_LOCK,             /* object: mutex number; value 1: had to wait  */
    TRACE_UNLOCK,
    TRACE_COND_WAIT,        /* object: condition                           */
    TRACE_COND_WOKEN,       /* object: condition; value 0: time was over   */
    TRACE_COND_SIGNAL,      /* object: condition; value: threads woken     */
    TRACE_CONSOLE,          /* value: enum os_console_event                */
    /* seam: port.h */
    TRACE_PORT_OPEN,        /* object: port                                */
    TRACE_PORT_CLOSE,       /* object: port; value: packets dropped        */
    TRACE_ASSOCIATE,        /* object: handle                              */
    TRACE_START,            /* object: op number; value: kind or error     */
    TRACE_COMPLETE,         /* object: op number; value: status            */
    TRACE_CANCEL,           /* object: op number; value: result            */
    TRACE_POST,             /* object: port; value: 0 or error             */
    TRACE_DEQUEUE_WAIT,     /* object: port: blocks                        */
    TRACE_DEQUEUE,          /* object: port; value: packets, 0 = timeout   */
    TRACE_HANDLE_OPEN,      /* object: handle                              */
    TRACE_HANDLE_CLOSE,
    TRACE_PEER,             /* object: handle; value: what the peer did    */
    TRACE_TIME,             /* value: 0; the record's time is the new one  */
    TRACE_ATOMIC,           /* value: order; not emitted so far            */
    /* the subject seam, by the runner: see subject.h */
    TRACE_CALL,             /* object: statement; value: argument          */
    TRACE_RETURN,           /* object: statement; value: result            */
    TRACE_CALLBACK,         /* object: kind << 12 | number; value: status  */
    TRACE_CALLBACK_END,
    TRACE_PHASE,            /* value: the runner's phase                   */
    TRACE_VERDICT,          /* value: enum verdict                         */
    TRACE_KINDS,
};

struct trace_event {
    uint64_t time;
    int32_t  value;
    uint16_t object;
    uint8_t  thread;
    uint8_t  kind;
};

/* Forget everything. */
void trace_reset(void);

/* Append one event of the current virtual thread at the current time. */
void trace_emit(enum trace_kind kind, unsigned object, int value);

/* The hash over all events since the reset, in order. */
uint64_t trace_hash(void);

/*
 * The events that are kept, oldest first.
 *
 *   count     how many
 *   dropped   how many older ones were not kept; may be NULL
 */
const struct trace_event *trace_events(size_t *count, uint64_t *dropped);

/* Write one event as a line of fixed form, without a newline. */
void trace_print(FILE *out, const struct trace_event *event);

/* The fixed word of a kind, never NULL. */
const char *trace_kind_name(enum trace_kind kind);

#endif
