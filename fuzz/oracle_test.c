/*
 * Every promise of the contract, broken on purpose: the oracle says so with
 * the verdict and the words that belong to it, and says nothing else; and it
 * says nothing at all of the same scenario on the loop that keeps them.
 */
#include "oracle.h"

#include <string.h>

#include "../loop/test.h"
#include "runner.h"
#include "sched/sched.h"
#include "subject/broken.h"

#define SCHEDULES 200

/* Threads most rows have: one that runs the loop, and one beside it. */
#define OPEN "loop l\nthread t\n  open l\n"
#define OPEN_AND_RUN OPEN "  raise opened\n  run l mode=forever\n"
#define BESIDE "thread u\n  await opened\n"
#define NOTHING "callback c\n"

static const struct row {
    enum broken which;
    const char *where;      /* NULL: names of functions                      */
    const char *scenario;
    enum verdict other;     /* CLEAN: as broken.h has it                     */
} row[] = {
    { BROKEN_STOP_UNHEARD, "run asleep after a stop",
      OPEN_AND_RUN BESIDE "  stop l\n", 0 },
    { BROKEN_STOP_NOT_KEPT, "run asleep after a stop",
      OPEN "  stop l\n  run l mode=forever\n", 0 },
    { BROKEN_STOP_NOT_KEPT, "run ends otherwise than by a kept stop",
      OPEN "  stop l\n  run l mode=nowait\n", 0 },
    { BROKEN_STOP_SWALLOWED, "run goes on after a stop",
      OPEN "  post l do=c\n  run l mode=forever\n"
      "callback c\n  post l do=c\n  stop l\n", 0 },
    { BROKEN_STOP_REFUSED, "stop is refused while open",
      OPEN "  stop l\n", 0 },
    { BROKEN_RUN_BUSY, "run is refused as busy from outside",
      OPEN "  run l mode=nowait\n", 0 },
    { BROKEN_RUN_CLOSED, "run is refused as closed while open",
      OPEN "  run l mode=nowait\n", 0 },
    { BROKEN_RUN_NESTED, "run inside a callback is not refused",
      OPEN "  post l do=c\n  run l mode=nowait\n"
      "callback c\n  run l mode=nowait\n", 0 },
    { BROKEN_RUN_STOPPED, "run ends by a stop that is not its own",
      OPEN "  run l mode=nowait\n", 0 },
    { BROKEN_RUN_IDLE_EARLY, "run until idle ends over a post",
      OPEN "  post l do=c\n  run l mode=until-idle\n" NOTHING, 0 },
    { BROKEN_RUN_IDLE_EARLY, "run until idle ends over a timer",
      OPEN "  timer l x do=c after=1ms\n  run l mode=until-idle\n" NOTHING,
      0 },
    { BROKEN_RUN_IDLE_EARLY, "run until idle ends over a job",
      OPEN "  submit l j do=c\n  run l mode=until-idle\n" NOTHING "job j\n",
      0 },
    { BROKEN_RUN_IDLE_EARLY, "run until idle ends over a task",
      OPEN "  spawn l k\n  run l mode=until-idle\ntask k\n", 0 },
    { BROKEN_RUN_IDLE_EARLY, "run until idle ends over a op",
      OPEN "  pair l p kind=socket\n  read p r size=1B do=c\n"
      "  peer-write p size=1B\n  run l mode=until-idle\n" NOTHING, 0 },
    { BROKEN_RUN_IDLE_EARLY, "run ends as idle in another mode",
      OPEN "  run l mode=nowait\n", 0 },
    { BROKEN_RUN_NEVER_IDLE, "run until idle asleep with nothing left",
      OPEN "  run l mode=until-idle\n", 0 },
    { BROKEN_RUN_TWO_PASSES, "post runs in the pass that added it",
      OPEN "  post l do=c\n  run l mode=nowait\n"
      "callback c\n  post l do=d\ncallback d\n", 0 },
    { BROKEN_RUN_UNDER_A_LOCK, "run waits for a packet",
      OPEN_AND_RUN BESIDE "  sleep 1ms\n  stop l\n", 0 },
    { BROKEN_RUN_SPINS, "t run for ever", OPEN "  run l mode=nowait\n", 0 },
    { BROKEN_POST_FORGOTTEN, "run asleep over a post",
      OPEN_AND_RUN BESIDE "  post l do=c\n" NOTHING, 0 },
    { BROKEN_POST_FORGOTTEN, "post accepted and not run at close",
      OPEN "  post l do=c\n  close l\n" NOTHING, VERDICT_LOST_COMPLETION },
    { BROKEN_POST_DROPPED_AT_CLOSE, "post accepted and not run at close",
      OPEN "  post l do=c\n  close l\n" NOTHING, 0 },
    { BROKEN_POST_AFTER_CLOSE, "post accepted and never ended",
      OPEN "  close l\n  post l do=c\n" NOTHING, 0 },
    { BROKEN_POST_REFUSED_AND_RUN, "post was refused and is called",
      OPEN "  post l do=c\n  run l mode=nowait\n" NOTHING, 0 },
    { BROKEN_POST_AT_ONCE, "post is called outside a run",
      OPEN "  post l do=c\n" NOTHING, 0 },
    { BROKEN_POST_OUT_OF_ORDER, "post overtakes an earlier one",
      OPEN "  post l do=c\n  post l do=d\n  run l mode=nowait\n"
      NOTHING "callback d\n", 0 },
    { BROKEN_POST_UNKNOWN, "post is called and unknown",
      OPEN "  post l do=c\n  run l mode=nowait\n" NOTHING, 0 },
    { BROKEN_CALLED_TWICE, "post is called twice",
      OPEN "  post l do=c\n  run l mode=nowait\n" NOTHING, 0 },
    { BROKEN_CALLED_TWICE, "timer is called twice",
      OPEN "  timer l x do=c after=1ms\n  run l mode=until-idle\n" NOTHING,
      0 },
    { BROKEN_CALLED_TWICE, "op is called twice",
      OPEN "  pair l p kind=socket\n  read p r size=1B do=c\n"
      "  peer-write p size=1B\n  run l mode=until-idle\n" NOTHING, 0 },
    { BROKEN_CALLED_TWICE, "job is called twice",
      OPEN "  submit l j do=c\n  run l mode=until-idle\n" NOTHING "job j\n",
      0 },
    { BROKEN_CALLED_TWICE, "task is called twice",
      OPEN "  spawn l k\n  run l mode=until-idle\ntask k\n", 0 },
    { BROKEN_CALLED_TWICE, "handle is called twice",
      OPEN "  pair l p kind=socket\n  close-handle p\n"
      "  run l mode=until-idle\n", 0 },
    { BROKEN_CALLED_TWICE, "hook is called twice",
      OPEN "  add-hook l h\n  shutdown l how=hooks\nhook h\n", 0 },
    { BROKEN_TIMER_EARLY, "timer fires before its time",
      OPEN "  timer l x do=c after=10ms\n  run l mode=until-idle\n" NOTHING,
      0 },
    { BROKEN_TIMER_NEVER, "run asleep over a timer",
      OPEN_AND_RUN BESIDE "  timer l x do=c after=1ms\n  sleep 5ms\n"
      "  sleep 5ms\n" NOTHING, 0 },
    { BROKEN_TIMER_CANCEL_UNHEARD, "timer was cancelled and is called",
      OPEN "  timer l x do=c after=1ms\n  cancel-timer x\n"
      "  run l mode=until-idle\n" NOTHING, 0 },
    { BROKEN_TIMER_CANCEL_TOO_LATE, "timer is cancelled and fires",
      OPEN "  timer l x do=c after=1ms\n  run l mode=until-idle\n"
      "  cancel-timer x\n" NOTHING, 0 },
    { BROKEN_OP_DROPPED, "op dequeued and not delivered",
      OPEN_AND_RUN BESIDE "  pair l p kind=socket\n"
      "  read p r size=1B do=c\n  peer-write p size=1B\n" NOTHING, 0 },
    { BROKEN_OP_OF_CLOSED_HANDLE, "op is called after its handle",
      OPEN "  pair l p kind=socket\n  close-handle p\n  post l do=c\n"
      "  run l mode=nowait\n  run l mode=nowait\n"
      "  post l do=c\n  run l mode=nowait\n"
      "callback c\n  read p r size=1B do=d\ncallback d\n", 0 },
    { BROKEN_OP_ENDS_TWICE, "op wakes its task twice",
      OPEN "  pair l p kind=socket\n  spawn l k\n  peer-write p size=1B\n"
      "  run l mode=until-idle\n"
      "task k\n  read p r size=1B\n  await-op r\n  await-op r\n", 0 },
    { BROKEN_HANDLE_CLOSED_EARLY, "handle closes over an op",
      OPEN "  pair l p kind=socket\n  read p r size=1B do=d\n  post l do=c\n"
      "  run l mode=until-idle\ncallback c\n  close-handle p\ncallback d\n",
      0 },
    { BROKEN_HANDLE_CLOSED_EARLY, "handle is called before it is closed",
      OPEN "  pair l p kind=socket\n  post l do=c\n"
      "  run l mode=until-idle\ncallback c\n  close-handle p\n", 0 },
    { BROKEN_HANDLE_CLOSED_TWICE, NULL,
      OPEN "  pair l p kind=socket\n  close-handle p\n"
      "  run l mode=until-idle\n", 0 },
    { BROKEN_TASK_AFTER_ITS_END, "task steps after its end",
      OPEN "  spawn l k\n  run l mode=until-idle\ntask k\n", 0 },
    { BROKEN_TASK_CANCEL_UNTOLD, "task steps and is not told of a cancel",
      OPEN "  spawn l k\n  run l mode=nowait\n  cancel-task k\n"
      "  run l mode=nowait\ntask k\n  await-timer after=10ms\n", 0 },
    { BROKEN_TASK_CANCEL_UNHEARD, "run asleep over a cancelled task",
      OPEN_AND_RUN BESIDE "  spawn l k\n  sleep 1ms\n  cancel-task k\n"
      "  sleep 1ms\ntask k\n  await-timer after=10ms\n", 0 },
    { BROKEN_JOB_TWICE, "job is worked twice",
      OPEN "  submit l j do=c\n  run l mode=until-idle\n" NOTHING "job j\n",
      0 },
    { BROKEN_JOB_AFTER_ITS_END, "job is worked after its end",
      "loop l workers=1\nthread t\n  open l\n  submit l i do=c\n"
      "  submit l j do=c\n  cancel-job j\n  raise go\n"
      "  run l mode=until-idle\n"
      NOTHING "job i\n  await go\njob j\n", 0 },
    { BROKEN_JOB_WORKER_STAYS, "worker waits for a condition",
      OPEN "  submit l j do=c\n  run l mode=until-idle\n" NOTHING "job j\n",
      0 },
    { BROKEN_JOB_WORKER_STAYS, "a worker stays after main",
      OPEN "  submit l j do=c\n  run l mode=until-idle\n  close l\n  exit\n"
      NOTHING "job j\n", 0 },
    { BROKEN_CONSOLE_UNTOLD, "run asleep over a console event",
      OPEN_AND_RUN BESIDE "  watch l do=c\n  console event=interrupt\n"
      NOTHING, 0 },
    { BROKEN_CONSOLE_UNWATCH_UNHEARD, "console is told after its end",
      OPEN_AND_RUN BESIDE "  watch l do=c\n  unwatch l\n"
      "  console event=interrupt\n" NOTHING, 0 },
    { BROKEN_CLOSE_OVER_WORK, "closed over a timer",
      OPEN "  timer l x do=c after=1ms\n  close l\n" NOTHING, 0 },
    { BROKEN_CLOSE_OVER_WORK, "closed over a handle",
      OPEN "  pair l p kind=socket\n  close l\n", 0 },
    { BROKEN_CLOSE_OVER_WORK, "closed over a run",
      OPEN "  raise opened\n  post l do=c\n  run l mode=forever\n"
      BESIDE "  sleep 1ms\n  close l\n" NOTHING, 0 },
    { BROKEN_CLOSE_BUSY, "close is refused with nothing left",
      OPEN "  close l\n", 0 },
    { BROKEN_CLOSE_ASSERTS, NULL, OPEN "  close l\n", 0 },
    { BROKEN_SHUTDOWN_LATE, "shutdown returns late",
      OPEN "  shutdown l how=graceful within=5ms\n", 0 },
    { BROKEN_SHUTDOWN_FOR_EVER, "shutdown waits for a condition",
      OPEN "  shutdown l how=graceful within=5ms\n", 0 },
    { BROKEN_SHUTDOWN_FOR_EVER, "shutdown waits past its time",
      OPEN "  raise opened\n  shutdown l how=graceful within=5ms\n"
      BESIDE "  sleep 50ms\n  sleep 50ms\n", VERDICT_DEADLINE_MISSED },
    { BROKEN_SHUTDOWN_LISTS_NOTHING, "shutdown does not list a timer",
      OPEN "  timer l x do=c after=1ms\n  shutdown l how=abandon\n" NOTHING,
      0 },
    { BROKEN_SHUTDOWN_LIES, "closed over a timer",
      OPEN "  timer l x do=c after=1ms\n  shutdown l how=graceful\n" NOTHING,
      0 },
    { BROKEN_LEAKS_MEMORY, "memory left", OPEN, 0 },
    { BROKEN_LEAKS_HANDLE, "handle left open", OPEN, 0 },
    { BROKEN_LEAKS_PORT, "port left open", OPEN, 0 },
    { BROKEN_LEAKS_OP, "op left in the kernel", OPEN, 0 },
    { BROKEN_LEAKS_CONSOLE, "console watch left", OPEN, 0 },
    { BROKEN_HOLDS_A_MUTEX, "a thread ends with a mutex", OPEN, 0 },
    { BROKEN_LOCKS_TWICE, "locks a mutex it holds", OPEN, 0 },
    { BROKEN_FREES_TWICE, NULL, OPEN, 0 },
    { BROKEN_FREES_WHAT_IS_LENT, NULL, OPEN, 0 },
    { BROKEN_TOUCHES_WHAT_IS_FREE, NULL, OPEN, 0 },
    { BROKEN_TOUCHES_BEYOND, NULL, OPEN, 0 },
};

#define ROWS (sizeof row / sizeof row[0])

/* Verdicts that nothing gives so far. Whoever writes the detector finds this
 * test failing, and takes its verdict off the list. */
static const enum verdict not_reached_yet[] = { VERDICT_DATA_RACE };

static struct scenario scenario;

static bool read(const char *body)
{
    struct scenario_error error;
    char text[1024];
    int size = snprintf(text, sizeof text, "scenario broken\n%s", body);
    if (scenario_parse(&scenario, "test", text, (size_t)size, &error) == 0)
        return true;
    scenario_error_print(stdout, &error);
    return false;
}

/* The calm schedule first, then sticky and pct in turn. */
static void run(const struct subject *subject, unsigned schedule,
                struct run_result *out)
{
    struct run_options options = { .expectations = true, .seed = schedule };
    struct sched *sched = schedule == 0      ? sched_calm_default()
                          : schedule & 1     ? sched_sticky()
                                             : sched_pct();
    runner_run(subject, &scenario, sched, &options, out);
}

static enum verdict expected(const struct row *r)
{
    return r->other == VERDICT_CLEAN ? broken_verdict(r->which) : r->other;
}

static bool is_expected(const struct row *r, const struct run_result *result)
{
    return result->verdict == expected(r) &&
           (!r->where || !strcmp(r->where, result->where));
}

static void complain(const struct row *r, const struct run_result *result,
                     unsigned schedule)
{
    printf("%s, schedule %u: %s (%s), not %s (%s)\n", broken_name(r->which),
           schedule, verdict_name(result->verdict), result->where,
           verdict_name(expected(r)), r->where ? r->where : "any");
}

/* Does every schedule give this verdict or none, and at least one give it? */
static bool shows(const struct row *r)
{
    const struct subject *subject = broken_subject(r->which);
    struct run_result result = { .verdict = VERDICT_CLEAN };
    unsigned shown = 0;
    for (unsigned schedule = 0; schedule < SCHEDULES; schedule++) {
        run(subject, schedule, &result);
        shown += is_expected(r, &result);
        if (result.verdict != VERDICT_CLEAN && !is_expected(r, &result)) {
            complain(r, &result, schedule);
            return false;
        }
    }
    if (shown == 0)
        complain(r, &result, SCHEDULES);
    return shown > 0;
}

static void a_broken_promise_is_told_as_what_it_is(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        CHECK(read(row[i].scenario));
        CHECK(shows(&row[i]));
    }
}

static void a_loop_that_keeps_its_promises_is_clean(void)
{
    struct run_result result;
    for (size_t i = 0; i < ROWS; i++) {
        CHECK(read(row[i].scenario));
        for (unsigned schedule = 0; schedule < SCHEDULES; schedule++) {
            run(&subject_lastcall, schedule, &result);
            if (result.verdict != VERDICT_CLEAN)
                complain(&row[i], &result, schedule);
            CHECK_EQ(VERDICT_CLEAN, result.verdict);
            CHECK(!result.budget);
        }
    }
}

static void every_broken_subject_has_a_scenario(void)
{
    bool has[BROKENS] = { false };
    for (size_t i = 0; i < ROWS; i++)
        has[row[i].which] = true;
    for (int which = 0; which < BROKENS; which++) {
        CHECK(has[which]);
        CHECK(broken_verdict((enum broken)which) != VERDICT_CLEAN);
    }
}

static void every_verdict_is_reached_or_listed(void)
{
    bool reached[VERDICTS] = { [VERDICT_CLEAN] = true };
    for (size_t i = 0; i < ROWS; i++)
        reached[expected(&row[i])] = true;
    for (size_t i = 0; i < sizeof not_reached_yet / sizeof *not_reached_yet;
         i++) {
        CHECK(!reached[not_reached_yet[i]]);
        reached[not_reached_yet[i]] = true;
    }
    for (int v = 0; v < VERDICTS; v++) {
        if (!reached[v])
            printf("%s is not reached\n", verdict_name((enum verdict)v));
        CHECK(reached[v]);
    }
}

int main(void)
{
    RUN(a_broken_promise_is_told_as_what_it_is);
    RUN(a_loop_that_keeps_its_promises_is_clean);
    RUN(every_broken_subject_has_a_scenario);
    RUN(every_verdict_is_reached_or_listed);
    return test_result(4);
}
