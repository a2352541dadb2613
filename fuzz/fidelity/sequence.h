/*
 * sequence.h - what is done to a port, call by call: the same on a real one
 * and on the simulated one.
 *
 * A step names a call and three numbers that choose among what there is when
 * the step comes: the third open handle or the last one, a key, a size. So
 * every list of steps means something, and so does every prefix of one; a
 * step that has nothing to choose from is skipped. Who performs it decides
 * that from the steps before and from the packets that were dequeued
 * (record.h).
 *
 * As bytes a step is four: the call, with the upper bit set if it is made
 * by a second thread beside the step that follows, and the three numbers.
 *
 * units      sizes are bytes
 * threads    any; nothing is kept
 */
#ifndef FUZZ_FIDELITY_SEQUENCE_H
#define FUZZ_FIDELITY_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEQUENCE_STEPS 40
#define STEP_SIZE 4
#define SEQUENCE_SIZE (SEQUENCE_STEPS * STEP_SIZE)

/* Numbers are in recorded files: new ones at the end. */
enum step_verb {
    STEP_OPEN_PORT,
    STEP_SOCKET_PAIR,
    STEP_PEER_PIPE,         /* a: odd, the near end reads                   */
    STEP_PIPE,
    STEP_LISTEN,
    STEP_SOCKET,
    STEP_OBJECT,
    STEP_ASSOCIATE,         /* a: handle, b: port, c: key                   */
    STEP_START,             /* a: handle, b: kind and port, c: size         */
    STEP_CANCEL,            /* a: op                                        */
    STEP_CANCEL_ELSEWHERE,  /* a: op, b: a handle that is not the op's      */
    STEP_POST,              /* a: port, c: key                              */
    STEP_DEQUEUE,           /* a: port, b: packets at most, c: odd, waits   */
    STEP_PEER_WRITE,        /* a: far end, c: size                          */
    STEP_PEER_READ,         /* a: far end, c: size                          */
    STEP_PEER_CLOSE,        /* a: far end                                   */
    STEP_PEER_CONNECT,      /* a: listener                                  */
    STEP_SET,               /* a: wait object, c: odd, by the peer          */
    STEP_CLOSE,             /* a: handle                                    */
    STEP_CLOSE_PORT,        /* a: port                                      */
    STEP_VERBS,
};

struct step {
    uint8_t verb;           /* enum step_verb                               */
    uint8_t a, b, c;
    bool    beside;         /* by a second thread, beside the next step     */
};

struct sequence {
    unsigned    count;
    struct step step[SEQUENCE_STEPS];
};

/*
 * Read a sequence from bytes; any will do. Bytes after the last whole step,
 * and steps past SEQUENCE_STEPS, are ignored.
 */
void sequence_decode(struct sequence *out, const uint8_t *bytes,
                     size_t size);

/*
 * Write a sequence as bytes, SEQUENCE_SIZE at most; decoding them gives the
 * same sequence.
 *
 *   returns   how many bytes
 */
size_t sequence_encode(const struct sequence *s, uint8_t *out);

/*
 * Make a sequence that does something sensible: handles first, most of them
 * associated, then ops and what makes them end.
 *
 *   seed      equal seeds give equal sequences, on every platform
 *   threads   may steps be beside others?
 */
void sequence_generate(struct sequence *out, uint64_t seed, bool threads);

/* The call of a step in words: "peer write". */
const char *step_name(enum step_verb verb);

#endif
