/*
 * target_shutdown.c - no scenario, under no schedule, breaks the contract of
 * the loop's shutdown.
 *
 * Build: ./lastcall fuzz --strategy guided
 * Run:   target_shutdown -max_len=4096 SEEDS
 *
 * A finding aborts in a function whose name is its verdict, below one whose
 * name is the target's, so that tools which tell crashes apart by their
 * stacks keep one apart from another; the signature line says where.
 * Feedback is the simulator's switch pairs and the pairs of calls and
 * callbacks that followed one another.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "runner.h"

#define CONTRACT_SIZE 2048

/* Feedback favours runs that go in circles: these keep them short. */
#define DECISIONS_MAX 600
#define OBJECTS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t cap,
                               unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size,
                                 const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t cap, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t cap);

__attribute__((section("__libfuzzer_extra_counters")))
static uint8_t counters[SIM_FEEDBACK_SIZE + CONTRACT_SIZE];

static struct scenario scenario;

/* Seldom or often: more steps would fill the corpus with runs that only go
 * round once more. */
static uint8_t coarse(uint8_t count)
{
    return count >= 8 ? 8 : count > 0;
}

static void feed_back(void)
{
    for (size_t i = 0; i < SIM_FEEDBACK_SIZE; i++)
        counters[i] = coarse(sim_feedback[i]);
    memset(sim_feedback, 0, SIM_FEEDBACK_SIZE);
    uint8_t *contract = counters + SIM_FEEDBACK_SIZE;
    uint32_t last = 0;
    size_t count;
    const struct trace_event *e = trace_events(&count, NULL);
    memset(contract, 0, CONTRACT_SIZE);
    for (size_t i = 0; i < count; i++) {
        if (e[i].kind < TRACE_CALL || e[i].kind > TRACE_CALLBACK_END)
            continue;
        /* For a call the value is the statement's kind, for a callback the
         * object's upper bits are the kind of callback. */
        uint32_t what = e[i].kind * 64u +
            (e[i].kind == TRACE_CALL ? (uint32_t)e[i].value
             : e[i].kind == TRACE_RETURN ? (uint32_t)e[i].value & 15
             : e[i].object >> 12);
        uint8_t *slot = &contract[(last * 31 + what) % CONTRACT_SIZE];
        *slot = *slot == 0 ? 1 : 8;
        last = what;
    }
}

/* One function a verdict: the name is the frame that tells them apart. */
#define TRAP(name)                                                          \
    __attribute__((noinline)) static void name(void)                        \
    {                                                                       \
        abort();                                                            \
    }

TRAP(verdict_deadlock)
TRAP(verdict_livelock)
TRAP(verdict_lost_wake)
TRAP(verdict_stop_ignored)
TRAP(verdict_lost_completion)
TRAP(verdict_duplicate_completion)
TRAP(verdict_late_callback)
TRAP(verdict_use_after_free)
TRAP(verdict_kernel_owned_access)
TRAP(verdict_leaked)
TRAP(verdict_early_quiescence)
TRAP(verdict_order_broken)
TRAP(verdict_deadline_missed)
TRAP(verdict_stale_state)
TRAP(verdict_abort)
TRAP(verdict_other)

static void trap(enum verdict v)
{
    switch (v) {
    case VERDICT_DEADLOCK:             verdict_deadlock();             break;
    case VERDICT_LIVELOCK:             verdict_livelock();             break;
    case VERDICT_LOST_WAKE:            verdict_lost_wake();            break;
    case VERDICT_STOP_IGNORED:         verdict_stop_ignored();         break;
    case VERDICT_LOST_COMPLETION:      verdict_lost_completion();      break;
    case VERDICT_DUPLICATE_COMPLETION: verdict_duplicate_completion(); break;
    case VERDICT_LATE_CALLBACK:        verdict_late_callback();        break;
    case VERDICT_USE_AFTER_FREE:       verdict_use_after_free();       break;
    case VERDICT_KERNEL_OWNED_ACCESS:  verdict_kernel_owned_access();  break;
    case VERDICT_LEAKED_OP:
    case VERDICT_LEAKED_HANDLE:
    case VERDICT_LEAKED_MEMORY:        verdict_leaked();               break;
    case VERDICT_EARLY_QUIESCENCE:     verdict_early_quiescence();     break;
    case VERDICT_ORDER_BROKEN:         verdict_order_broken();         break;
    case VERDICT_DEADLINE_MISSED:      verdict_deadline_missed();      break;
    case VERDICT_STALE_STATE:          verdict_stale_state();          break;
    case VERDICT_ABORT:                verdict_abort();                break;
    default:                           verdict_other();                break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input in;
    struct run_options options = { .decisions_max = DECISIONS_MAX,
                                   .objects_max = OBJECTS_MAX };
    struct run_result result;
    input_decode(&scenario, &in, bytes, size);
    if (scenario.count == 0)
        scenario_generate(&scenario, 1);    /* to begin with, from nothing */
    runner_run(&subject_lastcall, &scenario,
               sched_guided(in.schedule, in.schedule_size), &options,
               &result);
    feed_back();
    if (result.verdict == VERDICT_CLEAN)
        return result.budget ? -1 : 0;
    fprintf(stderr, "FuzzerHash=%s: %s\n%s\n", verdict_name(result.verdict),
            result.where, result.frames);
    trap(result.verdict);
    return 0;
}

/* Mutate the schedule's bytes, or the scenario, or both. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t cap,
                               unsigned seed)
{
    static uint8_t schedule[INPUT_MAX];
    struct input in;
    uint64_t random = seed;
    input_decode(&scenario, &in, bytes, size);
    if (scenario.count == 0)
        scenario_generate(&scenario, sched_random(&random));
    size_t schedule_size = in.schedule_size;
    memcpy(schedule, in.schedule, schedule_size);
    unsigned kind = sched_below(&random, 8);
    if (kind < 5)
        scenario_mutate(&scenario, sched_random(&random));
    if (kind >= 3)
        schedule_size = LLVMFuzzerMutate(schedule, schedule_size, 256);
    return input_encode(&scenario, schedule, schedule_size, bytes, cap);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size,
                                 const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t cap, unsigned seed)
{
    static struct scenario other, mixed;
    struct input in, other_in;
    uint64_t random = seed;
    input_decode(&scenario, &in, a, a_size);
    input_decode(&other, &other_in, b, b_size);
    scenario_cross(&mixed, &scenario, &other, sched_random(&random));
    const struct input *from = sched_below(&random, 2) ? &in : &other_in;
    return input_encode(&mixed, from->schedule, from->schedule_size, out,
                        cap);
}
