/*
 * model_test.c - what the simulated port does is explained by it, and what
 * no port may do is not.
 */
#include "model.h"

#include <string.h>

#include "../../loop/loop.h"
#include "../../loop/test.h"
#include "../sim/sim.h"
#include "invariant.h"

#define SEQUENCES 600
#define RUNS 2000         /* enough for what can be explained             */
#define RUNS_WRONG 200

static struct record       record, changed;
static struct model_result result;
static uint64_t            chance;

static unsigned draw_thread(struct sched *s, uint32_t enabled,
                            unsigned current)
{
    (void)s;
    (void)current;
    unsigned n = sched_below(&chance, (unsigned)__builtin_popcount(enabled));
    while (n-- > 0)
        enabled &= enabled - 1;
    return (unsigned)__builtin_ctz(enabled);
}

static unsigned draw_outcome(struct sched *s, enum sched_outcome what,
                             unsigned count)
{
    (void)s;
    (void)what;
    return sched_below(&chance, count);
}

static struct sched draws = {
    .name = "draws", .thread = draw_thread, .outcome = draw_outcome,
};

static bool note(const struct record_event *e, void *arg)
{
    (void)arg;
    if (record.count < RECORD_EVENTS)
        record.event[record.count++] = *e;
    return true;
}

/* With devices that are early, late and out of order, and never fail. */
static void make(uint64_t seed, bool threads)
{
    record.count = 0;
    chance = seed;
    sequence_generate(&record.sequence, seed, threads);
    CHECK(model_perform(&record.sequence, "win32", &draws,
                        SIM_FAULT(SCHED_SYNC) | SIM_FAULT(SCHED_PICK_OP),
                        note, NULL));
}

static enum model_answer answer_to(const struct record *r)
{
    changed = *r;
    model_explain(&changed, "win32", &result);
    return result.answer;
}

/* Guards against pruning that cuts off what can happen. */
static void the_simulator_explains_itself(void)
{
    unsigned unexplained = 0, undecided = 0, outcomes = 0;
    model_limit(RUNS);
    for (uint64_t seed = 1; seed <= SEQUENCES; seed++) {
        make(seed, seed % 4 == 0);
        enum model_answer answer = answer_to(&record);
        unexplained += answer == MODEL_UNEXPLAINED;
        undecided += answer == MODEL_UNDECIDED;
        outcomes += result.outcomes;
    }
    CHECK_EQ(0, unexplained);
    CHECK(undecided <= SEQUENCES / 100);
    CHECK(outcomes > SEQUENCES * 20);
}

static struct record_event *dequeue_at(struct record *r, unsigned n)
{
    for (unsigned i = 0; i < r->count; i++)
        if (r->event[i].verb == STEP_DEQUEUE && r->event[i].result > 0 &&
            n-- == 0)
            return &r->event[i];
    return NULL;
}

/* A port that a step closes may keep a packet to itself. */
static bool closes_port(const struct sequence *s)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->step[i].verb == STEP_CLOSE_PORT)
            return true;
    return false;
}

/* Explain the record with one of its dequeues changed, each in its turn. */
static unsigned explained(bool (*change)(struct record_event *e))
{
    static struct record wrong;
    unsigned tried = 0, count = 0;
    model_limit(RUNS_WRONG);
    for (uint64_t seed = 1; seed <= 60; seed++) {
        make(seed, seed % 4 == 0);
        for (unsigned n = 0; !closes_port(&record.sequence); n++) {
            wrong = record;
            struct record_event *e = dequeue_at(&wrong, n);
            if (e == NULL)
                break;
            if (!change(e))
                continue;
            tried++;
            count += answer_to(&wrong) == MODEL_EXPLAINED;
        }
    }
    CHECK(tried > 20);
    return count;
}

static bool duplicate(struct record_event *e)
{
    if (e->result >= e->cap || e->packet[0].op == RECORD_NONE)
        return false;
    e->packet[e->result++] = e->packet[0];
    return true;
}

static bool lose(struct record_event *e)
{
    e->result--;
    return true;
}

static bool change_key(struct record_event *e)
{
    e->packet[0].key = (uint8_t)((e->packet[0].key + 1) % RECORD_KEYS);
    return true;
}

static bool change_status(struct record_event *e)
{
    e->packet[0].status = LOOP_EDEADLINE;
    return true;
}

static bool change_size(struct record_event *e)
{
    if (e->packet[0].op == RECORD_NONE || e->packet[0].status != 0)
        return false;
    e->packet[0].size += 100000;
    return true;
}

/* The last packet of a batch before the first: the queue has an order. */
static bool swap(struct record_event *e)
{
    struct record_packet first = e->packet[0];
    if (e->result < 2 || first.op != RECORD_NONE ||
        e->packet[1].op != RECORD_NONE || first.key == e->packet[1].key)
        return false;
    e->packet[0] = e->packet[1];
    e->packet[1] = first;
    return true;
}

static void a_packet_that_comes_twice_is_not_explained(void)
{
    CHECK_EQ(0, explained(duplicate));
}

static void a_packet_that_is_lost_is_not_explained(void)
{
    CHECK_EQ(0, explained(lose));
}

static void a_wrong_key_is_not_explained(void)
{
    CHECK_EQ(0, explained(change_key));
}

static void a_wrong_status_is_not_explained(void)
{
    CHECK_EQ(0, explained(change_status));
}

static void a_wrong_size_is_not_explained(void)
{
    CHECK_EQ(0, explained(change_size));
}

/* Posts of one thread keep their order. Steps that are made at once have
 * none, so sequences without them are taken. */
static void posts_in_another_order_are_not_explained(void)
{
    unsigned tried = 0;
    model_limit(RUNS_WRONG);
    for (uint64_t seed = 1; seed <= 4000 && tried < 10; seed++) {
        make(seed, false);
        for (unsigned n = 0; dequeue_at(&record, n) != NULL; n++) {
            struct record_event *e = dequeue_at(&record, n);
            if (!swap(e))
                continue;
            tried++;
            CHECK(answer_to(&record) != MODEL_EXPLAINED);
            break;
        }
    }
    CHECK(tried == 10);
}

static const char *broken_by(bool (*change)(struct record_event *e))
{
    const char *broken = NULL;
    for (uint64_t seed = 1; seed <= 40 && broken == NULL; seed++) {
        struct invariant invariant = { 0 };
        make(seed, false);
        for (unsigned n = 0; dequeue_at(&record, n) != NULL; n++)
            if (change == NULL || change(dequeue_at(&record, n)))
                break;
        for (unsigned i = 0; i < record.count && broken == NULL; i++)
            broken = invariant_check(&invariant, &record.event[i]);
    }
    return broken;
}

/* The invariants hold in the simulator, and see what breaks them. */
static void invariants_see_what_breaks_them(void)
{
    CHECK(broken_by(NULL) == NULL);
    CHECK(broken_by(duplicate) != NULL);
    CHECK(broken_by(change_key) != NULL);
}

/* A line of text is all that passes between two platforms. */
static void a_record_survives_being_text(void)
{
    static char line[RECORD_LINE];
    static struct record again;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        make(seed, true);
        size_t size = record_print(&record, line);
        CHECK(size > 0);
        CHECK(record_parse(&again, line));
        CHECK_EQ(record.count, again.count);
        for (unsigned i = 0; i < record.count; i++)
            CHECK(record_same(&record.event[i], &again.event[i]));
        line[size - 1] = '\0';
        CHECK(!record_parse(&again, line));
    }
}

int main(void)
{
    RUN(the_simulator_explains_itself);
    RUN(a_packet_that_comes_twice_is_not_explained);
    RUN(a_packet_that_is_lost_is_not_explained);
    RUN(a_wrong_key_is_not_explained);
    RUN(a_wrong_status_is_not_explained);
    RUN(a_wrong_size_is_not_explained);
    RUN(posts_in_another_order_are_not_explained);
    RUN(invariants_see_what_breaks_them);
    RUN(a_record_survives_being_text);
    return test_result(9);
}
