/*
 * The search, at fixed seeds: a broken promise is found, soon; one that is
 * kept is not; and whoever listens hears of both.
 */
#include "search.h"

#include <stdlib.h>
#include <string.h>

#include "../loop/test.h"
#include "subject/broken.h"

static struct search_state state;
static char                folder[HOST_PATH];
static unsigned            progress_times, found_times, shrinking_times;
static uint64_t            progress_runs;

static void on_progress(const struct search_state *s)
{
    CHECK(s->runs >= progress_runs);
    CHECK(s->seconds > 0);
    progress_runs = s->runs;
    progress_times++;
}

/* What is told is on disk already. */
static void on_found(const struct search_state *s, const struct finding *f)
{
    struct scenario_error error;
    static struct scenario saved;
    found_times++;
    CHECK_EQ(s->findings.count, found_times);
    CHECK_EQ(0, scenario_load(&saved, f->path, &error));
    CHECK_EQ(f->verdict, saved.expect);
}

static void on_shrinking(unsigned tries)
{
    (void)tries;
    shrinking_times++;
}

static const struct search_listener listener = {
    .progress = on_progress, .found = on_found, .shrinking = on_shrinking };

static void search(const struct subject *subject, struct search_options o)
{
    progress_times = found_times = shrinking_times = 0;
    progress_runs = 0;
    memset(&state, 0, sizeof state);
    state.findings.subject = subject;
    state.findings.folder = folder;
    search_run(&state, &o, &listener);
    for (size_t i = 0; i < state.findings.count; i++)
        CHECK_EQ(0, remove(state.findings.list[i].path));
    free(state.findings.unsaved);
}

static void nothing_is_found_where_nothing_is_broken(void)
{
    search(&subject_lastcall, (struct search_options){
        .strategy = "portfolio", .seed = 1, .runs = 20000 });
    CHECK_EQ(20000, state.runs);
    CHECK_EQ(0, state.findings.count);
    CHECK_EQ(20000, state.verdicts[VERDICT_CLEAN]);
    CHECK_EQ(0, found_times);
    CHECK_EQ(0, shrinking_times);
    CHECK(state.behaviours > 1000);
    CHECK(state.behaviours <= state.runs);
    CHECK(state.unseen >= 0 && state.unseen <= 1);
}

static void a_broken_promise_is_found_by_each_strategy(void)
{
    static const char *const strategies[] = { "portfolio", "sticky", "pct",
                                              "random" };
    for (int i = 0; i < 4; i++) {
        search(broken_subject(BROKEN_STOP_UNHEARD), (struct search_options){
            .strategy = strategies[i], .seed = 1, .runs = 5000,
            .first = true });
        CHECK_EQ(1, state.findings.count);
        CHECK_EQ(VERDICT_STOP_IGNORED, state.findings.list[0].verdict);
        CHECK_EQ(1, found_times);
        CHECK(shrinking_times > 0);
        CHECK(state.runs < 5000);
    }
}

/* From nothing but scenarios that it makes up. */
static void many_kinds_of_broken_promise_are_found(void)
{
    static const enum broken kinds[] = {
        BROKEN_STOP_NOT_KEPT, BROKEN_RUN_IDLE_EARLY, BROKEN_POST_FORGOTTEN,
        BROKEN_CALLED_TWICE, BROKEN_TIMER_CANCEL_UNHEARD, BROKEN_OP_DROPPED,
        BROKEN_HANDLE_CLOSED_TWICE, BROKEN_TASK_CANCEL_UNTOLD,
        BROKEN_CLOSE_OVER_WORK, BROKEN_SHUTDOWN_LIES, BROKEN_LEAKS_MEMORY,
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        search(broken_subject(kinds[i]), (struct search_options){
            .strategy = "portfolio", .seed = 1, .runs = 20000,
            .first = true });
        CHECK_EQ(1, state.findings.count);
        if (state.findings.count == 0)
            printf("not found: %s\n", broken_name(kinds[i]));
    }
}

static void only_the_first_if_asked(void)
{
    struct search_options o = { .strategy = "portfolio", .seed = 1,
                                .runs = 3000 };
    search(broken_subject(BROKEN_CALLED_TWICE), o);
    CHECK_EQ(3000, state.runs);
    CHECK(state.findings.count > 1);
    CHECK_EQ(state.findings.count, found_times);
    for (size_t i = 0; i < state.findings.count; i++)
        CHECK(state.findings.list[i].times > 0);
    o.first = true;
    search(broken_subject(BROKEN_CALLED_TWICE), o);
    CHECK(state.runs < 3000);
    CHECK_EQ(1, state.findings.count);
}

/* The limit is a time here; how much is done in it is not asked. */
static void progress_is_told(void)
{
    search(&subject_lastcall, (struct search_options){
        .strategy = "portfolio", .seed = 2, .seconds = 0.6 });
    CHECK(progress_times >= 1);
    CHECK(progress_times <= 1 + state.seconds / 0.5);
    CHECK(state.seconds >= 0.6);
}

/* Last, since what is added stays. */
static void a_scenario_may_show_what_it_is_there_for(void)
{
    static const char text[] = "scenario shows\nverdict stop-ignored\nloop l\n"
        "thread t\n  open l\n  stop l\n  run l mode=nowait\n";
    static struct scenario s;
    struct scenario_error error;
    struct search_options o = { .strategy = "sticky", .seed = 1, .runs = 500,
                                .corpus_only = true };
    CHECK_EQ(0, scenario_parse(&s, "test", text, strlen(text), &error));
    CHECK(search_add(&s));
    search(broken_subject(BROKEN_STOP_NOT_KEPT), o);
    CHECK_EQ(500, state.runs);
    CHECK_EQ(0, state.findings.count);

    /* Beside it, the same one, which is to be clean. */
    s.expect = VERDICT_CLEAN;
    CHECK(search_add(&s));
    search(broken_subject(BROKEN_STOP_NOT_KEPT), o);
    CHECK_EQ(1, state.findings.count);
}

int main(void)
{
    char program[HOST_PATH], why[HOST_WHY];
    host_program(program);
    snprintf(folder, sizeof folder, "%.900s.d", program);
    CHECK_EQ(0, host_make_folder(folder, why));
    RUN(nothing_is_found_where_nothing_is_broken);
    RUN(a_broken_promise_is_found_by_each_strategy);
    RUN(many_kinds_of_broken_promise_are_found);
    RUN(only_the_first_if_asked);
    RUN(progress_is_told);
    RUN(a_scenario_may_show_what_it_is_there_for);
    CHECK_EQ(0, remove(folder));
    return test_result(6);
}
