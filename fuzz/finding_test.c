/*
 * Findings: one a bucket, small, on disk before anyone hears of it, and not
 * lost where the disk says no.
 */
#include "finding.h"

#include <stdlib.h>
#include <string.h>

#include "../loop/test.h"
#include "sched/sched.h"
#include "subject/broken.h"

static struct scenario  scenario, loaded;
static struct findings  findings;
static char             folder[HOST_PATH], nowhere[HOST_PATH];
static struct run_options options;
static struct run_result  result;
static unsigned           shrinkings, tries_last;

/* A stop that is not heard by a run, among much that does not matter. */
static const char stop_unheard[] =
    "scenario long\n"
    "loop l\n"
    "thread t\n"
    "  open l\n"
    "  post l do=c\n"
    "  timer l x do=c after=3ms\n"
    "  raise opened\n"
    "  run l mode=forever\n"
    "  close l\n"
    "thread u\n"
    "  await opened\n"
    "  post l do=c\n"
    "  sleep 1ms\n"
    "  stop l\n"
    "  cancel-timer x\n"
    "thread v\n"
    "  await opened\n"
    "  post l do=d\n"
    "callback c\n"
    "callback d\n"
    "  post l do=c\n";

/* The same verdict somewhere else. */
static const char stop_not_kept[] =
    "scenario short\n"
    "loop l\n"
    "thread t\n"
    "  open l\n"
    "  stop l\n"
    "  run l mode=nowait\n";

static void shrinking(unsigned tries)
{
    CHECK(tries >= tries_last);
    tries_last = tries;
    shrinkings++;
}

static bool read(const char *text)
{
    struct scenario_error error;
    return scenario_parse(&scenario, "test", text, strlen(text), &error) == 0;
}

static void begin(enum broken which, const char *where)
{
    free(findings.unsaved);
    memset(&findings, 0, sizeof findings);
    findings.subject = broken_subject(which);
    findings.folder = where;
    shrinkings = 0;
}

/* Run as a search does: recorded, under seeds, until something shows. */
static void find(const char *text)
{
    CHECK(read(text));
    result.verdict = VERDICT_CLEAN;
    for (uint64_t seed = 1; result.verdict == VERDICT_CLEAN; seed++) {
        options.seed = seed;
        runner_run(findings.subject, &scenario, sched_record(sched_sticky()),
                   &options, &result);
        if (seed == 1000)
            break;
    }
    CHECK(result.verdict != VERDICT_CLEAN);
}

static struct finding *note(void)
{
    tries_last = 0;
    return finding_note(&findings, &scenario, &options, &result, shrinking);
}

static void check_reproduces(const struct scenario *s)
{
    struct run_result again;
    runner_replay(findings.subject, s, &options, &again);
    CHECK_EQ(result.verdict, again.verdict);
    CHECK(!strcmp(result.where, again.where));
}

static void a_finding_is_small_and_written_before_it_is_told(void)
{
    struct scenario_error error;
    begin(BROKEN_STOP_UNHEARD, folder);
    find(stop_unheard);
    uint32_t statements = scenario.count;
    struct finding *f = note();
    CHECK(f != NULL);
    CHECK_EQ(1, findings.count);
    if (!f)
        return;
    CHECK_EQ(VERDICT_STOP_IGNORED, f->verdict);
    CHECK(!strcmp(result.where, f->where));
    CHECK(!strncmp(folder, f->path, strlen(folder)));
    CHECK(strstr(f->path, "/stop-ignored-") != NULL);
    CHECK(shrinkings > 0);
    CHECK(!findings.unsaved);

    CHECK_EQ(0, scenario_load(&loaded, f->path, &error));
    CHECK_EQ(VERDICT_STOP_IGNORED, loaded.expect);
    CHECK(loaded.count <= 6);
    CHECK(loaded.count < statements);
    CHECK(loaded.exception_count <= 1);
    check_reproduces(&loaded);
    CHECK_EQ(0, remove(f->path));
}

static void a_bucket_is_noted_once_and_counted(void)
{
    begin(BROKEN_STOP_UNHEARD, folder);
    find(stop_unheard);
    struct finding *f = note();
    CHECK(f != NULL);
    unsigned before = shrinkings;
    for (int again = 0; again < 3; again++)
        CHECK(note() == NULL);
    CHECK_EQ(1, findings.count);
    CHECK_EQ(4, findings.list[0].times);
    CHECK_EQ(before, shrinkings);
    CHECK_EQ(0, remove(findings.list[0].path));
}

static void two_places_are_two_buckets(void)
{
    begin(BROKEN_STOP_NOT_KEPT, folder);
    find(stop_not_kept);
    CHECK(note() != NULL);
    CHECK(read("scenario other\nloop l\nthread t\n  open l\n  stop l\n"
               "  run l mode=forever\n"));
    runner_run(findings.subject, &scenario,
               sched_record(sched_calm_default()), &options, &result);
    CHECK(note() != NULL);
    CHECK_EQ(2, findings.count);
    CHECK_EQ(findings.list[0].verdict, findings.list[1].verdict);
    CHECK(strcmp(findings.list[0].where, findings.list[1].where) != 0);
    CHECK(strcmp(findings.list[0].path, findings.list[1].path) != 0);
    for (size_t i = 0; i < findings.count; i++)
        CHECK_EQ(0, remove(findings.list[i].path));
}

/* Shrinking must not slide from one bug into another: with this subject a
 * stop before the run and one during it end at different places. */
static void shrinking_keeps_verdict_and_where(void)
{
    static const char *const texts[] = { stop_unheard, stop_not_kept };
    for (int i = 0; i < 2; i++) {
        begin(BROKEN_STOP_UNHEARD, folder);
        find(texts[i]);
        size_t count;
        const struct sched_exception *list = sched_recorded(&count);
        memcpy(scenario.exception, list, count * sizeof *list);
        scenario.exception_count = (uint32_t)count;
        uint32_t before = scenario.count;
        finding_shrink(findings.subject, &scenario, &options, &result, NULL);
        CHECK(scenario.count <= before);
        check_reproduces(&scenario);
    }
}

static void what_cannot_be_written_is_kept(void)
{
    struct scenario_error error;
    begin(BROKEN_STOP_UNHEARD, nowhere);
    find(stop_unheard);
    struct finding *f = note();
    CHECK(f != NULL);
    CHECK_EQ(0, findings.list[0].path[0]);
    CHECK(findings.why[0] != '\0');
    CHECK(findings.unsaved != NULL);
    if (!findings.unsaved)
        return;
    CHECK_EQ(0, scenario_parse(&loaded, "unsaved", findings.unsaved,
                               strlen(findings.unsaved), &error));
    check_reproduces(&loaded);

    /* The next one takes its place, and one that is written leaves none. */
    findings.folder = folder;
    find(stop_not_kept);
    CHECK(note() != NULL);
    CHECK(!findings.unsaved);
    CHECK_EQ(0, remove(findings.list[1].path));
}

static void what_does_not_come_again_is_our_own_fault(void)
{
    begin(BROKEN_STOP_UNHEARD, folder);
    find(stop_not_kept);
    snprintf(result.where, sizeof result.where, "somewhere else");
    struct finding *f = note();
    CHECK(f != NULL);
    if (!f)
        return;
    CHECK_EQ(VERDICT_HARNESS_FAULT, f->verdict);
    CHECK(strstr(f->where, "somewhere else is not replayed") != NULL);
    CHECK(note() == NULL);
    CHECK_EQ(1, findings.count);
    CHECK_EQ(0, remove(f->path));
}

int main(void)
{
    char program[HOST_PATH], why[HOST_WHY];
    host_program(program);
    snprintf(folder, sizeof folder, "%.900s.d", program);
    snprintf(nowhere, sizeof nowhere, "%.900s/no-folder", program);
    CHECK_EQ(0, host_make_folder(folder, why));
    RUN(a_finding_is_small_and_written_before_it_is_told);
    RUN(a_bucket_is_noted_once_and_counted);
    RUN(two_places_are_two_buckets);
    RUN(shrinking_keeps_verdict_and_where);
    RUN(what_cannot_be_written_is_kept);
    RUN(what_does_not_come_again_is_our_own_fault);
    free(findings.unsaved);
    CHECK_EQ(0, remove(folder));
    return test_result(6);
}
