/*
 * model_fate.h - what the record foretells of each op: when it completes,
 * and how.
 *
 * units      a time is the number of an event: an op that completes at time
 *            t does so before the call of event t has its effect, or, if
 *            that call has started it, before the call returns. Two calls
 *            that are made at once have the time of the first
 */
#ifndef FUZZ_FIDELITY_MODEL_FATE_H
#define FUZZ_FIDELITY_MODEL_FATE_H

#include "record.h"

#define FATES_MAX (SEQUENCE_STEPS + 1)
#define PACKETS_MAX (2 * FATES_MAX)

struct fate {
    uint8_t  op, port;
    bool     seen;              /* its packet was dequeued                   */
    bool     closed;            /* its handle was, before its packet came    */
    uint8_t  handle;
    unsigned begin;             /* time of its start                         */
    unsigned lowest, highest;   /* time of its completion                    */
    unsigned likely;            /* it hardly comes before: lowest, as if of
                                   two calls at once each had its own time   */
    unsigned order;             /* seen: among the packets of its port       */
    int32_t  status;
    uint32_t size;
    int      next;              /* of the same op, or -1                     */
};

struct fates {
    unsigned    count;
    int         first[RECORD_OPS];          /* or -1                         */
    unsigned    packets[RECORD_PORTS];      /* that were dequeued            */
    uint8_t     post[RECORD_PORTS][PACKETS_MAX];    /* the key of each that
                                               was posted, or RECORD_NONE    */
    bool        possible;       /* no packet is strange or comes twice       */
    struct fate fate[FATES_MAX];
};

/* Read the fates of a record's ops. */
void fates_read(struct fates *out, const struct record *r);

#endif
