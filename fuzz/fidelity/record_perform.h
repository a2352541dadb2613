/*
 * record_perform.h - what the files that perform a sequence share: all that
 * is known of ports, handles and ops, and one call on its way.
 *
 * A call is made in three parts. It is resolved: what do its numbers choose,
 * and may it be made at all? It is acted: the call itself, which touches
 * nothing but the call's own struct, so that two can act at once. And it is
 * noted: what follows from its outcome for the calls to come.
 */
#ifndef FUZZ_FIDELITY_RECORD_PERFORM_H
#define FUZZ_FIDELITY_RECORD_PERFORM_H

#include "record.h"

struct known_handle {
    port_handle near, far;
    uint16_t    number;             /* listener: of its address              */
    uint8_t     device, port, key;
    bool        near_open, far_open;
};

struct known_op {
    uint8_t  handle, port, kind;
    bool     used;                  /* was started at least once             */
    bool     in_flight;             /* its packet is still to come           */
    bool     cancelled;
    bool     closed;                /* its handle was closed meanwhile       */
    bool     lost;                  /* its port was closed: the kernel's     */
    uint32_t size;
};

struct known_port {
    struct port *port;
    bool         open;
    uint8_t      posts;             /* not dequeued                          */
};

struct performer {
    struct record_memory        *memory;
    const struct record_options *options;
    unsigned                     ports, handles;
    struct known_port            port[RECORD_PORTS];
    struct known_handle          handle[RECORD_HANDLES];
    struct known_op              op[RECORD_OPS];
    bool                         stopped;
};

struct call {
    struct record_event e;
    struct port        *port;
    port_handle         near, far;
    struct port_address address;
    struct port_request request;
    struct port_op     *op;
    uint64_t            key;
    bool                flag;       /* the near end reads; set by the peer   */
    struct packet       packet[RECORD_CAP];
};

/* Resolve a step; the call is marked as skipped if it cannot be made. */
void call_resolve(struct performer *p, const struct step *step,
                  struct call *out);

/* Make the call. */
void call_act(const struct performer *p, struct call *c);

/* Note its outcome, and tell of it. */
void call_note(struct performer *p, struct call *c);

/* May they act at once? */
bool calls_agree(const struct call *beside, const struct call *next);

/* The key with a number below RECORD_KEYS; all 64 bits tell. */
static inline uint64_t performer_key(unsigned index)
{
    return (UINT64_C(0x9e3779b97f4a7c15) * index) ^ index;
}

/* Packets that are sure to come to a port without anything more. */
unsigned performer_owed(const struct performer *p, unsigned port);

/* All that are owed, ops that nobody has cancelled included. */
unsigned performer_in_flight(const struct performer *p, unsigned port);

/* Cancel what is pending, dequeue what is owed, close what is open. */
void performer_settle(struct performer *p);

#endif
