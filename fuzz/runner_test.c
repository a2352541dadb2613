/*
 * One run after another: the same decisions are the same run, what was
 * recorded is replayed, what an author expects is held, and a run that would
 * go on for ever is ended from outside.
 */
#include "runner.h"

#include <string.h>

#include "../loop/test.h"
#include "sched/sched.h"
#include "subject/broken.h"

#define GENERATED 200

static struct scenario scenario, replayed;

static void read(const char *body)
{
    struct scenario_error error;
    char text[1024];
    int size = snprintf(text, sizeof text, "scenario test\n%s", body);
    if (scenario_parse(&scenario, "test", text, (size_t)size, &error) == 0)
        return;
    scenario_error_print(stdout, &error);
    CHECK(false);
}

static void run(struct sched *sched, bool expectations, uint64_t seed,
                struct run_result *out)
{
    struct run_options options = { .expectations = expectations,
                                   .seed = seed };
    runner_run(&subject_lastcall, &scenario, sched, &options, out);
}

static void check_calm(const char *body, enum verdict verdict,
                       const char *where)
{
    struct run_result result;
    read(body);
    run(sched_calm_default(), true, 0, &result);
    CHECK_EQ(verdict, result.verdict);
    CHECK(!strcmp(where, result.where));
    if (strcmp(where, result.where) != 0)
        printf("%s: %s\n", verdict_name(result.verdict), result.where);
}

static bool same(const struct run_result *a, const struct run_result *b)
{
    return a->verdict == b->verdict && a->trace_hash == b->trace_hash &&
           a->decisions == b->decisions && !strcmp(a->where, b->where);
}

static struct sched *strategy(unsigned number)
{
    switch (number) {
    case 0:  return sched_calm_default();
    case 1:  return sched_sticky();
    case 2:  return sched_pct();
    default: return sched_random_walk();
    }
}

/* Whatever ran in between. Not with pct, which learns from one run for the
 * next: there the record is what names a run. */
static void the_same_decisions_give_the_same_run(void)
{
    struct run_result first, second, other;
    for (uint64_t seed = 1; seed <= GENERATED; seed++) {
        scenario_generate(&scenario, seed);
        run(sched_sticky(), false, seed, &first);
        scenario_generate(&scenario, seed + 1);
        run(sched_pct(), false, seed, &other);
        scenario_generate(&scenario, seed);
        run(sched_sticky(), false, seed, &second);
        CHECK(same(&first, &second));
    }
}

/* Run under a strategy, take down where it departed from the calm default,
 * and go there again. */
static bool replays(const struct subject *subject, struct sched *sched,
                    uint64_t seed)
{
    struct run_options options = { .seed = seed };
    struct run_result first, second;
    size_t count;
    runner_run(subject, &scenario, sched_record(sched), &options, &first);
    const struct sched_exception *list = sched_recorded(&count);
    if (sched_record_overflow() || count > SCENARIO_EXCEPTIONS_MAX)
        return true;
    replayed = scenario;
    memcpy(replayed.exception, list, count * sizeof *list);
    replayed.exception_count = (uint32_t)count;
    runner_replay(subject, &replayed, &options, &second);
    return same(&first, &second) && sched_replay_drift() == 0;
}

static void what_was_recorded_is_replayed(void)
{
    for (unsigned number = 0; number < 4; number++)
        for (uint64_t seed = 1; seed <= GENERATED; seed++) {
            scenario_generate(&scenario, seed);
            CHECK(replays(&subject_lastcall, strategy(number), seed));
        }
}

static void what_was_found_is_replayed(void)
{
    for (unsigned number = 0; number < 4; number++)
        for (uint64_t seed = 1; seed <= GENERATED; seed++) {
            scenario_generate(&scenario, seed);
            CHECK(replays(broken_subject(BROKEN_STOP_UNHEARD),
                          strategy(number), seed));
        }
}

static void expectations_are_held(void)
{
    struct run_result result;
    check_calm("loop l\nthread t\n  open l\n  close l returns=ok\n",
               VERDICT_CLEAN, "");
    check_calm("loop l\nthread t\n  open l\n  close l returns=busy\n",
               VERDICT_ORDER_BROKEN, "close returns ok, not busy");
    check_calm("loop l\nthread t\n  open l\n  stop l\n"
               "  run l mode=forever returns=idle\n",
               VERDICT_ORDER_BROKEN, "run returns stopped, not idle");
    check_calm("loop l\nthread t\n  open l\n  post l do=c\n"
               "  run l mode=nowait\n  expect-ran c times=1\ncallback c\n",
               VERDICT_CLEAN, "");
    check_calm("loop l\nthread t\n  open l\n  expect-pending l count=1\n",
               VERDICT_ORDER_BROKEN, "expect-pending 0 items, not 1");
    check_calm("loop l\nthread t\n  open l\n  expect-ran c times=2\n"
               "  post l do=c\ncallback c\n",
               VERDICT_ORDER_BROKEN, "expect-ran 0 times, not 2");

    run(sched_calm_default(), false, 0, &result);
    CHECK_EQ(VERDICT_CLEAN, result.verdict);
}

/* Main returns while another thread is in the loop. */
#define EXIT_BESIDE(daemon)                                                 \
    "loop l\nthread main\n  await opened\n  exit\n"                         \
    "thread other daemon=" daemon "\n  open l\n  raise opened\n"            \
    "  run l mode=forever\n"

static void only_a_daemon_may_stay_after_main(void)
{
    struct run_result result;
    check_calm(EXIT_BESIDE("yes"), VERDICT_CLEAN, "");
    check_calm(EXIT_BESIDE("no"), VERDICT_LINGERING_PROCESS,
               "a thread stays after main");

    /* Nobody has thought about who stays in a scenario that was generated. */
    run(sched_calm_default(), false, 0, &result);
    CHECK_EQ(VERDICT_CLEAN, result.verdict);
}

static void a_worker_stays_after_main_if_nobody_closes(void)
{
    check_calm("loop l\nthread main\n  open l\n  submit l j do=c\n"
               "  run l mode=until-idle\n  exit\ncallback c\njob j\n",
               VERDICT_LINGERING_PROCESS, "a worker stays after main");
    check_calm("loop l\nthread main\n  open l\n  submit l j do=c\n"
               "  run l mode=until-idle\n  close l\n  exit\n"
               "callback c\njob j\n", VERDICT_CLEAN, "");
}

/* Two runs, a wait for what nobody raises, a read from a peer that is mute,
 * and a loop that nobody closes. */
static void a_run_for_ever_is_ended_from_outside(void)
{
    struct run_result result;
    read("loop l\nthread t\n  open l\n  raise opened\n"
         "  pair l p kind=socket\n  read p r size=1B do=c\n"
         "  run l mode=forever returns=stopped\n"
         "  expect-ran c times=1\n"
         "thread u\n  await opened\n  run l mode=forever returns=stopped\n"
         "thread v\n  await never\n"
         "thread w start=manual\n  raise never\n"
         "callback c\n");
    for (uint64_t seed = 0; seed < GENERATED; seed++) {
        run(sched_sticky(), false, seed, &result);
        CHECK_EQ(VERDICT_CLEAN, result.verdict);
        CHECK(!result.budget);
    }
}

/* A scenario's own wait in a circle is nobody's promise broken. */
static void threads_that_join_each_other_are_no_finding(void)
{
    check_calm("loop l\nthread t\n  open l\n  join u\nthread u\n  join t\n",
               VERDICT_CLEAN, "");
    check_calm("thread t\n  join t\n", VERDICT_CLEAN, "");
}

/* More than 64 of a kind are skipped, and a run without an end is ended. */
static void a_scenario_has_bounds(void)
{
    struct run_result result;
    read("loop l\nthread t\n  open l\n  post l do=c\n"
         "  run l mode=forever\n"
         "callback c\n  post l do=c\n  post l do=c\n");
    run(sched_calm_default(), true, 0, &result);
    CHECK_EQ(VERDICT_CLEAN, result.verdict);
    read("loop l\nthread t\n  open l\n  watch l do=c\n"
         "  console event=interrupt\n  run l mode=forever\n"
         "  run l mode=forever\ncallback c\n  console event=interrupt\n");
    run(sched_calm_default(), true, 0, &result);
    CHECK_EQ(VERDICT_CLEAN, result.verdict);
}

static void behaviour_tells_runs_apart(void)
{
    struct run_result result;
    read("loop l\nthread t\n  open l\n  post l do=c\n  run l mode=nowait\n"
         "callback c\n");
    run(sched_calm_default(), true, 0, &result);
    uint64_t once = runner_behaviour();
    run(sched_pct(), true, 1, &result);
    CHECK_EQ(once, runner_behaviour());
    read("loop l\nthread t\n  open l\n  post l do=c\n  close l\n"
         "callback c\n");
    run(sched_calm_default(), true, 0, &result);
    CHECK(once != runner_behaviour());
}

int main(void)
{
    RUN(the_same_decisions_give_the_same_run);
    RUN(what_was_recorded_is_replayed);
    RUN(what_was_found_is_replayed);
    RUN(expectations_are_held);
    RUN(only_a_daemon_may_stay_after_main);
    RUN(a_worker_stays_after_main_if_nobody_closes);
    RUN(a_run_for_ever_is_ended_from_outside);
    RUN(threads_that_join_each_other_are_no_finding);
    RUN(a_scenario_has_bounds);
    RUN(behaviour_tells_runs_apart);
    return test_result(10);
}
