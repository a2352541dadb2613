/*
 * Shrinking, with answers that stand for a simulator: what is needed stays,
 * what is not goes, and it ends.
 */
#include "shrink.h"

#include <string.h>

#include "../loop/test.h"
#include "scenario_form.h"

static struct scenario start, small, copy;
static char text[SCENARIO_TEXT_MAX];

struct fake {
    bool   (*shows)(const struct scenario *s);
    uint32_t asked;
    uint32_t told;
    uint32_t disordered;    /* candidates that a repair would change */
    uint32_t grown;         /* progress that went the wrong way      */
    uint32_t size;
};

static bool reproduces(const struct scenario *s, void *context)
{
    struct fake *f = context;

    f->asked++;
    copy = *s;
    scenario_repair(&copy);
    f->disordered += !scenario_equal(s, &copy);
    return f->shows(s);
}

static void progress(const struct shrink_progress *p, void *context)
{
    struct fake *f = context;
    uint32_t size = p->statements + p->exceptions;

    f->grown += f->told > 0 && size > f->size;
    f->size = size;
    f->told++;
}

static bool shrink(struct fake *f, struct shrink_progress *result)
{
    struct shrink_options options = {
        .reproduces = reproduces, .progress = progress, .context = f };
    return shrink_scenario(&small, &options, result);
}

static bool read(const char *what)
{
    struct scenario_error error;
    if (scenario_parse(&start, "test", what, strlen(what), &error) == 0) {
        small = start;
        return true;
    }
    scenario_error_print(stdout, &error);
    return false;
}

static bool prints(const char *what)
{
    size_t size = scenario_write(&small, text, sizeof text - 1);
    text[size] = 0;
    if (strcmp(text, what) == 0)
        return true;
    printf("%s", text);
    return false;
}

/* Is there a statement with these fields? */
static bool has(const struct scenario *s, unsigned op, uint32_t least)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->statement[i].op == op && s->statement[i].value >= least)
            return true;
    return false;
}

static bool has_switch(const struct scenario *s, unsigned thread,
                       unsigned step, unsigned target)
{
    for (unsigned i = 0; i < s->exception_count; i++) {
        const struct sched_exception *e = &s->exception[i];
        if (e->thread == thread && e->step == step && e->target == target
            && !e->is_outcome)
            return true;
    }
    return false;
}

static const char busy[] =
    "# A stop is lost behind a timer.\n"
    "scenario lost-stop\n"
    "verdict lost-wake\n"
    "kernel profile=wine8 faults=sync,cancel,early,post\n"
    "loop main workers=3\n"
    "loop other\n"
    "\n"
    "thread owner\n"
    "  open main  # first\n"
    "  open other\n"
    "  pair main a kind=pipe-in\n"
    "  read a r size=4KiB do=on-read\n"
    "  raise opened\n"
    "  timer main t do=on-time after=5537us  # the timer\n"
    "  run main mode=until-idle returns=idle\n"
    "  close main\n"
    "\n"
    "thread writer start=auto\n"
    "  await opened\n"
    "  peer-write a size=64B\n"
    "  post other do=on-read\n"
    "\n"
    "thread stopper\n"
    "  await opened\n"
    "  sleep 20ms\n"
    "  stop main\n"
    "\n"
    "callback on-read\n"
    "  sleep 1ms\n"
    "  post main do=on-time\n"
    "\n"
    "callback on-time\n"
    "\n"
    "schedule\n"
    "  switch t0@3 -> t1\n"
    "  switch t0@12 -> t2  # here it goes wrong\n"
    "  outcome device@3 cancel = 2\n"
    "  switch t2@4 -> t0\n";

/* A timer of 1 ms or more, a stop, the fault `early`, and one switch from
 * the first thread to whichever thread the stop is in. */
static bool lost_stop(const struct scenario *s)
{
    unsigned stopper = 0, threads = 0;

    for (unsigned i = 0; i < s->count; i++) {
        threads += s->statement[i].op == ST_THREAD;
        if (s->statement[i].op == ST_STOP)
            stopper = threads;
    }
    bool early = s->count && s->statement[0].op == ST_KERNEL
              && s->statement[0].value >> SCHED_EARLY & 1;
    return early && stopper > 1 && has(s, ST_TIMER, 1000)
        && has_switch(s, 0, 12, stopper - 1);
}

/* Promised: what is left is needed, with its names and comments. */
static void what_is_not_needed_goes(void)
{
    static const char least[] =
        "# A stop is lost behind a timer.\n"
        "scenario lost-stop\n"
        "verdict lost-wake\n"
        "kernel profile=win10 faults=early\n"
        "loop main\n"
        "\n"
        "thread owner\n"
        "  timer main t do=on-time after=1ms  # the timer\n"
        "\n"
        "thread stopper\n"
        "  stop main\n"
        "\n"
        "callback on-time\n"
        "\n"
        "schedule\n"
        "  switch t0@12 -> t1  # here it goes wrong\n";
    struct fake f = { .shows = lost_stop };
    struct shrink_progress result;

    CHECK(read(busy));
    CHECK(shrink(&f, &result));
    CHECK(prints(least));
    CHECK_EQ(0, f.disordered);
    CHECK_EQ(0, f.grown);
    CHECK_EQ(f.asked, result.tries);
    CHECK_EQ(small.count, result.statements);
    CHECK_EQ(1, result.exceptions);
    CHECK(strcmp(result.phase, "done") == 0);
    CHECK(result.tries < 500);
}

/* The bug is at the step that follows what the first thread has done: 3
 * steps for each statement. */
static bool after_its_work(const struct scenario *s)
{
    unsigned first, end;
    return scenario_body(s, ST_THREAD, 0, &first, &end)
        && has_switch(s, 0, 3 * (end - first), 1);
}

/* Promised: a deletion before the exception's step is tried with earlier
 * steps. Guards against results that keep every statement of the thread. */
static void steps_follow_a_deletion_in_their_own_thread(void)
{
    struct fake f = { .shows = after_its_work };

    CHECK(read("scenario x\nloop main\nthread a\n open main\n"
               " sleep 1ms\n raise e\n close main\nthread b\n await e\n"
               "schedule\n switch t0@12 -> t1\n switch t1@2 -> t0\n"));
    CHECK(shrink(&f, NULL));
    CHECK(prints("scenario x\n\nthread a\n\nschedule\n"
                 "  switch t0@0 -> t1\n"));
}

static bool never(const struct scenario *s)
{
    (void)s;
    return false;
}

static bool always(const struct scenario *s)
{
    (void)s;
    return true;
}

/* Promised: what does not reproduce is left as it was. */
static void what_does_not_reproduce_is_not_touched(void)
{
    struct fake f = { .shows = never };
    struct shrink_progress result;

    CHECK(read(busy));
    CHECK(!shrink(&f, &result));
    CHECK_EQ(1, f.asked);
    CHECK_EQ(1, result.tries);
    CHECK(scenario_equal(&start, &small));
}

static void what_always_reproduces_becomes_nothing(void)
{
    struct fake f = { .shows = always };

    CHECK(read(busy));
    CHECK(shrink(&f, NULL));
    CHECK_EQ(0, small.count);
    CHECK_EQ(0, small.exception_count);
    CHECK_EQ(VERDICT_LOST_WAKE, small.expect);
}

/* Promised: the bound on tries holds, and what there is by then is kept. */
static void the_bound_on_tries_holds(void)
{
    for (uint32_t most = 1; most < 60; most++) {
        struct fake f = { .shows = lost_stop };
        struct shrink_options options = {
            .reproduces = reproduces, .context = &f, .tries_max = most };
        CHECK(read(busy));
        CHECK(shrink_scenario(&small, &options, NULL));
        CHECK(f.asked <= most);
        CHECK(lost_stop(&small));
    }
}

static bool posts_and_stops(const struct scenario *s)
{
    return has(s, ST_POST, 0) && has(s, ST_STOP, 0);
}

static bool sleeps(const struct scenario *s)
{
    return has(s, ST_SLEEP, 3000);
}

static bool any_op(const struct scenario *s)
{
    return has(s, ST_READ, 0) || has(s, ST_CONNECT, 0) || has(s, ST_WAIT, 0);
}

static bool awaits_task(const struct scenario *s)
{
    return has(s, ST_AWAIT_TASK, 0) || has(s, ST_GATHER, 0);
}

/* Promised: whatever it began with, the least scenario comes out. */
static void the_least_is_found_from_any_start(void)
{
    static const struct {
        bool   (*shows)(const struct scenario *s);
        unsigned statements;
    } goals[] = {
        { posts_and_stops, 6 },     /* loop, two bodies, a line in each,
                                       and the callback                   */
        { sleeps, 2 },
        { any_op, 6 },              /* loop, two bodies, a channel, the op,
                                       and whereto it connects            */
        { awaits_task, 3 },         /* a body, the line, the task         */
    };
    uint32_t shrunk = 0;

    for (uint64_t seed = 0; seed < 600; seed++) {
        struct fake f = { .shows = goals[seed % 4].shows };
        scenario_generate(&small, seed);
        small.exception_count = 1;
        small.exception[0] = (struct sched_exception){ .step = 3 };
        if (!shrink(&f, NULL))
            continue;
        shrunk++;
        CHECK(small.count <= goals[seed % 4].statements);
        CHECK(f.shows(&small));
        CHECK_EQ(0, small.exception_count);
        CHECK_EQ(0, f.disordered);
        CHECK_EQ(0, f.grown);
        if (seed % 4 == 1)
            CHECK(small.statement[1].value < 6000);
    }
    CHECK(shrunk > 200);
}

int main(void)
{
    RUN(what_is_not_needed_goes);
    RUN(steps_follow_a_deletion_in_their_own_thread);
    RUN(what_does_not_reproduce_is_not_touched);
    RUN(what_always_reproduces_becomes_nothing);
    RUN(the_bound_on_tries_holds);
    RUN(the_least_is_found_from_any_start);
    return test_result(6);
}
