/*
 * target_port.c - no sequence of calls, under no decision of the kernel,
 * breaks the invariants of a completion port (fidelity/invariant.h).
 *
 * Build: ./lastcall fuzz --strategy guided
 * Run:   target_port -max_len=1024 SEEDS
 *
 * An input is a profile, a number of steps, the steps, and the choices of
 * the schedule, read from the back. Devices that never answer are left out,
 * since then nothing is owed. The simulated port alone is tried: a real one
 * cannot be linked beside it under the same names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fidelity/invariant.h"
#include "fidelity/words.h"
#include "sim/sim.h"

#define HEAD 2

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

__attribute__((section("__libfuzzer_extra_counters")))
static uint8_t counters[SIM_FEEDBACK_SIZE];

static const char *const platforms[] = { "sim", "win32", "linux" };

static struct sequence  sequence;
static struct invariant invariant;
static const char      *broken;
static struct sched    *guided;

static unsigned choose_thread(struct sched *s, uint32_t enabled,
                              unsigned current)
{
    (void)s;
    return guided->thread(guided, enabled, current);
}

/* Of a cancel the last answer is a deaf device; of a close on Linux the
 * first is, which the question does not tell from others of two answers. */
static unsigned choose_outcome(struct sched *s, enum sched_outcome what,
                               unsigned count)
{
    (void)s;
    if (what == SCHED_CANCEL && count == 4)
        return guided->outcome(guided, what, 3);
    if (what == SCHED_CANCEL && count == 2)
        return 1;
    return guided->outcome(guided, what, count);
}

static struct sched answers = {
    .name = "answers", .thread = choose_thread, .outcome = choose_outcome,
};

static bool check(const struct record_event *e, void *arg)
{
    (void)arg;
    broken = invariant_check(&invariant, e);
    return broken == NULL;
}

static void feed_back(void)
{
    for (size_t i = 0; i < SIM_FEEDBACK_SIZE; i++)
        counters[i] = sim_feedback[i] >= 8 ? 8 : sim_feedback[i] > 0;
    memset(sim_feedback, 0, SIM_FEEDBACK_SIZE);
}

/* The name is the frame that tells findings apart. */
__attribute__((noinline)) static void port_invariant_broken(void)
{
    abort();
}

/* Returns the platform. An input that is too short stands for a sequence to
 * begin with. */
static const char *decode(const uint8_t *bytes, size_t size)
{
    if (size < HEAD) {
        sequence_generate(&sequence, 1, true);
        guided = sched_guided(bytes, size);
        return platforms[0];
    }
    size_t steps = bytes[1] % (SEQUENCE_STEPS + 1u) * STEP_SIZE;
    if (steps > size - HEAD)
        steps = size - HEAD;
    sequence_decode(&sequence, bytes + HEAD, steps);
    guided = sched_guided(bytes + HEAD + steps, size - HEAD - steps);
    return platforms[bytes[0] % 3];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *platform = decode(bytes, size);
    memset(&invariant, 0, sizeof invariant);
    broken = NULL;
    if (guided->begin != NULL)
        guided->begin(guided, 0);
    bool ended = model_perform(&sequence, platform, &answers, UINT32_MAX,
                               check, NULL);
    feed_back();
    if (broken == NULL && ended)
        return 0;
    fprintf(stderr, "FuzzerHash=%s\n",
            broken != NULL ? broken : "the sequence does not end");
    port_invariant_broken();
    return 0;
}
