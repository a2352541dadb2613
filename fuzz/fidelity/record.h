/*
 * record.h - a sequence performed on the port that is linked, and what came
 * of each call.
 *
 * The same code runs on every port, so that two records of one sequence can
 * be laid side by side: on a real port they are written as text, one
 * sequence a line, and in the simulator they are compared as they arise. At
 * the end of a sequence it settles: cancels all that is pending, closes the
 * far ends, dequeues until nothing is owed, and closes the rest. A packet
 * that is owed and does not come within a deadline is an outcome too: a wait
 * that returned nothing.
 *
 * What the far ends could write is no outcome, nor which error they got:
 * they stand outside the port. How many bytes they read is one.
 *
 * units      sizes are bytes
 * ownership  ops and buffers are in the caller's memory
 * threads    one sequence at a time; steps that are beside others run on a
 *            second thread, which has ended before the step after
 */
#ifndef FUZZ_FIDELITY_RECORD_H
#define FUZZ_FIDELITY_RECORD_H

#include "../../loop/port.h"
#include "sequence.h"

#define RECORD_PORTS 2
#define RECORD_HANDLES 16
#define RECORD_OPS 12
#define RECORD_CAP 8            /* packets that one step dequeues at most    */
#define RECORD_KEYS 8
#define RECORD_EVENTS 224
#define RECORD_NONE 0xffu       /* no port, op, handle or key                */
#define RECORD_STRANGE 0xfeu    /* an op or key that nobody has given        */
#define RECORD_READ_SIZE 512u
#define RECORD_HUGE (32u << 20) /* more than any device takes at once        */

enum record_device {
    DEVICE_NONE,
    DEVICE_PAIR,                /* one end of a socket pair                  */
    DEVICE_PIPE_READER,
    DEVICE_PIPE_WRITER,
    DEVICE_LISTENER,
    DEVICE_SOCKET,
    DEVICE_CONNECTION,          /* accepted, or a socket that has connected  */
    DEVICE_OBJECT,
    DEVICE_FAR,                 /* the peer's end of a connection            */
};

/* How much of what was asked for did an op move? */
enum record_extent { EXTENT_NONE, EXTENT_PART, EXTENT_ALL };

struct record_packet {
    uint8_t  op;                /* RECORD_NONE: was posted                   */
    uint8_t  key;
    bool     handle;            /* came with a new connection                */
    int32_t  status;
    uint32_t size;              /* 0 or 1 if the status is not 0             */

    /* The situation, as the sequence knows it; not written.                 */
    uint8_t  kind, device;      /* of the op                                 */
    uint8_t  extent;
    bool     stray;             /* its op is not started, or was dequeued    */
    bool     cancelled;         /* port_cancel has returned 0                */
    bool     closed;            /* its handle was closed before it came      */
};

/* Which association does a start or an association find? */
enum record_bond { BOND_NONE, BOND_THIS, BOND_OTHER };

/* One call and what came of it. */
struct record_event {
    uint8_t  verb;              /* enum step_verb                            */
    uint8_t  port, op, handle;  /* numbers in order of creation              */
    uint8_t  cap;               /* DEQUEUE: packets at most                  */
    uint8_t  key;               /* ASSOCIATE, POST                           */
    bool     skipped;
    bool     beside;            /* by the second thread, beside the next     */
    int32_t  result;
    struct record_packet packet[RECORD_CAP];    /* DEQUEUE: result of them   */

    /* The situation; not written.                                           */
    uint8_t  kind, device, bond;
    bool     in_flight;         /* CANCEL: the op's packet is still owed     */
    bool     cancelled;         /* CANCEL: for the second time               */
    bool     waits;             /* DEQUEUE                                   */
};

struct record {
    struct sequence     sequence;
    unsigned            count;
    struct record_event event[RECORD_EVENTS];
};

struct record_memory {
    struct port_op op[RECORD_OPS];
    uint8_t        buffer[RECORD_OPS][RECORD_READ_SIZE];
};

/* Hear of an event; false ends the sequence where it is. */
typedef bool record_tell_fn(const struct record_event *e, void *arg);

struct record_options {
    record_tell_fn *tell;
    void           *arg;
    void          (*meet)(void);    /* called by two threads that are to go
                                       on at once; NULL: they need not       */
    uint64_t        deadline;       /* how long a packet may take            */
};

/*
 * Perform a sequence.
 *
 *   memory    zeroed
 *   returns   true if the port has given all of the memory back; false if
 *             ops were pending when their port was closed, or their packets
 *             did not come: then the memory is the kernel's for ever
 */
bool record_perform(const struct sequence *s, struct record_memory *memory,
                    const struct record_options *options);

/* Does a kind of op exist for a kind of device? */
bool record_fits(enum record_device device, enum port_kind kind);

/* Are the outcomes of two events the same? */
bool record_same(const struct record_event *a, const struct record_event *b);

/* How many outcomes an event holds: its result and its packets. */
unsigned record_outcomes(const struct record_event *e);

#define RECORD_LINE 16384

/*
 * Write a record as a line of text without its end.
 *
 *   returns   its length; 0 if it does not fit
 */
size_t record_print(const struct record *r, char out[RECORD_LINE]);

/*
 * Read such a line.
 *
 *   returns   false if it is none
 */
bool record_parse(struct record *out, const char *line);

#endif
