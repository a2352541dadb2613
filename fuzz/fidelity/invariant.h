/*
 * invariant.h - what holds for every completion port, whatever its devices
 * do, checked event by event.
 *
 *   - an op that was started has exactly one packet, one that was refused
 *     has none, and a post has one
 *   - a packet has the key of its association or post, also when the handle
 *     was closed before
 *   - it comes from the port that the op was started on
 *   - a handle has one association: a second is refused
 *   - all that is owed comes: no wait for it ends with nothing
 */
#ifndef FUZZ_FIDELITY_INVARIANT_H
#define FUZZ_FIDELITY_INVARIANT_H

#include "record.h"

struct invariant {
    bool     in_flight[RECORD_OPS];
    uint8_t  port[RECORD_OPS], key[RECORD_OPS];
    uint8_t  associated[RECORD_HANDLES];    /* its key, from 1; 0: none      */
    unsigned posts[RECORD_PORTS][RECORD_KEYS];
};

/*
 * Check the next event; begin with a zeroed struct.
 *
 *   returns   NULL, or which invariant it breaks, in words
 */
const char *invariant_check(struct invariant *i,
                            const struct record_event *e);

#endif
