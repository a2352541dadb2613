/*
 * model.h - can the simulated port have given these outcomes?
 *
 * A record is explained if there is a list of decisions, who comes next and
 * what the kernel answers, under which the same sequence in the simulator
 * has the same outcomes, call by call. The search for it runs the sequence
 * again and again from its beginning, each time with the latest decision
 * that has an answer left changed; a run ends at its first outcome that
 * differs. The record itself says which decisions are worth a try: a packet
 * that a later call will dequeue, after so many others and after a cancel
 * that found its op pending, leaves its op few moments to complete in.
 *
 * What a platform's device or port never does although the simulated kernel
 * may is not accepted as an explanation: no op is deaf, no start is refused
 * without a reason, no memory is short.
 *
 * threads    one; the simulator is one a process
 */
#ifndef FUZZ_FIDELITY_MODEL_H
#define FUZZ_FIDELITY_MODEL_H

#include "../sched/sched.h"
#include "record.h"

enum model_answer {
    MODEL_EXPLAINED,
    MODEL_UNEXPLAINED,      /* no list of decisions gives these outcomes     */
    MODEL_UNDECIDED,        /* there are too many lists                      */
};

struct model_result {
    enum model_answer   answer;
    unsigned            runs;
    unsigned            at;         /* the event where they part, at the best */
    struct record_event model;      /* the model's, if it had one there      */
    unsigned            outcomes;   /* compared and the same                 */
};

/* Is there a model for this platform? Is it of a real port? */
bool model_knows(const char *platform);
bool model_is_real(const char *platform);

/* Give up after so many runs of a sequence; the default is 100,000. */
void model_limit(unsigned runs);

/*
 * Explain a record.
 *
 *   platform  on which it was made, one of platform.h: says which kernel the
 *             simulator plays
 *   r         if it is explained, its events' situations are filled in
 */
void model_explain(struct record *r, const char *platform,
                   struct model_result *out);

/*
 * Perform a sequence in the simulator once.
 *
 *   sched     who comes next, and what the kernel answers; borrowed
 *   faults    SIM_FAULT bits: which answers it is asked for
 *   tell      called with each event; false ends the run
 *   returns   true if the sequence came to its end
 */
bool model_perform(const struct sequence *s, const char *platform,
                   struct sched *sched, uint32_t faults,
                   record_tell_fn *tell, void *arg);

/*
 * Perform a sequence in the simulator once, by chance, with every outcome
 * that its kernel has.
 *
 *   tell      called with each event
 */
void model_sample(const struct sequence *s, const char *platform,
                  uint64_t seed, record_tell_fn *tell, void *arg);

#endif
