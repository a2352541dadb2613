/*
 * trace_log.h - where a trace is kept: for the two that emit it, sim/ and
 * real/, which know the thread and the time of an event each in their way.
 */
#ifndef FUZZ_TRACE_LOG_H
#define FUZZ_TRACE_LOG_H

#include "trace.h"

#define TRACE_KEPT 16384u   /* a power of two */

extern struct trace_log {
    uint64_t           hash;
    uint64_t           count;       /* emitted since the reset               */
    struct trace_event event[TRACE_KEPT];
    struct trace_event sorted[TRACE_KEPT];
} trace;

/* All of an event but its time, as one word. */
static inline uint64_t trace_what(const struct trace_event *event)
{
    return (uint64_t)(uint32_t)event->value << 32 |
           (uint64_t)event->object << 16 | (uint64_t)event->thread << 8 |
           event->kind;
}

/* One multiplication for both words: the shift carries what it has mixed
 * into the high bits down again, before the next event comes in. */
static inline void trace_add(const struct trace_event *event)
{
    uint64_t when = event->time << 17 | event->time >> 47;
    uint64_t hash = (trace.hash ^ trace_what(event) ^ when) *
                    0x9e3779b97f4a7c15u;
    trace.hash = hash ^ hash >> 29;
    trace.event[trace.count++ & (TRACE_KEPT - 1)] = *event;
}

#endif
