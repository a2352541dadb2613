/*
 * A night keeps what its programs print, whatever they do.
 *
 * The programs are shell scripts that behave as lastcall-fuzz and
 * lastcall-bench do, well or badly.
 */
#define _DEFAULT_SOURCE
#include "nightly.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../loop/test.h"
#include "folder.h"
#include "results.h"

#define FINDING "echo '{\"type\":\"finding\",\"verdict\":\"deadlock\"," \
    "\"where\":\"here\",\"path\":\"a.scn\",\"replay\":\"./again a.scn\"}'\n"
#define SUMMARY "echo '{\"type\":\"summary\",\"runs\":5000,\"seconds\":1}'\n"
#define CLEAN_REPLAY "echo '{\"path\":\"b.scn\",\"verdict\":\"clean\"}'\n"

static char base[64];

/* What one night did. */
struct night_seen {
    int            status;
    struct text    output;
    struct text    page;
    struct results results;
};

static void in_base(struct text *path, const char *name)
{
    path->size = 0;
    text_print(path, "%s/%s", base, name);
}

static void write_file(const char *name, const char *content)
{
    struct text path = { 0 }, text = { 0 };
    in_base(&path, name);
    text_put(&text, content);
    if (folder_write(path.data, &text) != 0 || chmod(path.data, 0777) < 0)
        exit(1);
    text_free(&path);
    text_free(&text);
}

static void write_tool(const char *name, const char *script)
{
    struct text text = { 0 };
    text_print(&text, "#!/bin/sh\n%s", script);
    write_file(name, text.data);
    text_free(&text);
}

static void read_file(const char *name, struct text *content)
{
    struct text path = { 0 };
    in_base(&path, name);
    folder_read(path.data, 10 * 1024 * 1024, false, content);
    text_free(&path);
}

/* Each script is one case of its tool's; a NULL tool is not there. */
static struct night_seen run_night(const char *replay, const char *fuzz,
                                   const char *bench, int json)
{
    struct night_seen seen = { 0 };
    struct text out = { 0 }, script = { 0 };

    if (fuzz) {
        text_print(&script, "case $1 in replay)\n%s;;\nfuzz)\n%s;;\n"
                   "explain) echo timeline;; esac\n", replay, fuzz);
        write_tool("lastcall-fuzz", script.data);
    }
    if (bench)
        write_tool("lastcall-bench", bench);

    FILE *output = tmpfile();
    in_base(&out, "out");
    struct nightly_options options = { .minutes = 0, .seed = "7",
                                       .out = out.data, .root = base,
                                       .tools = base, .json = json,
                                       .output = output };
    /* The programs here need no other; a search for compilers in the whole
     * path would take most of the test's time. */
    setenv("PATH", base, 1);
    seen.status = nightly_run(&options);
    setenv("PATH", "/usr/bin:/bin", 1);

    char line[4096];
    rewind(output);
    while (fgets(line, sizeof line, output))
        text_put(&seen.output, line);
    fclose(output);
    struct text lines = { 0 };
    results_open(&seen.results);
    read_file("out/results.jsonl", &lines);
    results_read(&seen.results, &lines);
    read_file("out/report.html", &seen.page);
    text_free(&lines);
    text_free(&out);
    text_free(&script);
    return seen;
}

static void forget(struct night_seen *seen)
{
    struct text command = { 0 };
    text_print(&command, "rm -rf %s/out %s/lastcall-*", base, base);
    CHECK_EQ(0, system(command.data));
    text_free(&command);
    text_free(&seen->output);
    text_free(&seen->page);
    results_free(&seen->results);
}

static int stage_is(const struct night_seen *seen, const char *stage,
                    const char *state)
{
    const json_t *line = results_stage(&seen->results, stage);
    return strcmp(result_string(line, "state", ""), state) == 0;
}

static int has(const struct text *text, const char *words)
{
    return text->data && strstr(text->data, words) != NULL;
}

static void a_clean_night_ends_with_zero_and_a_page(void)
{
    struct night_seen seen = run_night(CLEAN_REPLAY, SUMMARY,
                                       "echo '{\"question\":\"q\"}'\n", 0);
    CHECK_EQ(0, seen.status);
    CHECK(stage_is(&seen, "replay", "done"));
    CHECK(stage_is(&seen, "fuzz", "done"));
    CHECK(stage_is(&seen, "bench", "done"));
    CHECK_EQ(2, results_count(&seen.results, RESULT_BENCH));
    CHECK(has(&seen.output, "Clean; 5.00 k runs"));
    CHECK(has(&seen.page, "<h1 class=\"good\">Clean</h1>"));
    forget(&seen);
}

static void a_finding_is_printed_kept_and_shown(void)
{
    struct night_seen seen = run_night(CLEAN_REPLAY, FINDING SUMMARY
                                       "exit 1", NULL, 0);
    CHECK_EQ(1, seen.status);
    CHECK(has(&seen.output, "deadlock             here\n"
                            "    ./again a.scn\n"));
    CHECK_EQ(1, results_count(&seen.results, RESULT_FINDING));
    CHECK(has(&seen.page, "./again a.scn"));
    CHECK(has(&seen.page, "timeline"));
    CHECK(stage_is(&seen, "mutants", "skipped"));
    /* The last line is the command that shows it again. */
    CHECK(seen.output.size > 14 &&
          strcmp(seen.output.data + seen.output.size - 14,
                 "./again a.scn\n") == 0);
    forget(&seen);
}

/* The search dies after its finding: the finding outranks the fault. */
static void a_dying_search_loses_no_finding(void)
{
    struct night_seen seen = run_night(CLEAN_REPLAY, FINDING "kill -9 $$",
                                       NULL, 0);
    CHECK_EQ(1, seen.status);
    CHECK(stage_is(&seen, "fuzz", "failed"));
    CHECK_EQ(1, results_count(&seen.results, RESULT_FINDING));
    forget(&seen);
}

static void a_fault_of_the_suite_is_no_clean_night(void)
{
    static const char *const searches[] = {
        "exit 3", "kill -9 $$", "echo this is no JSON", "exit 2",
    };
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        struct night_seen seen = run_night(CLEAN_REPLAY, searches[i], NULL,
                                           0);
        CHECK_EQ(3, seen.status);
        CHECK(stage_is(&seen, "fuzz", "failed"));
        CHECK(has(&seen.page, "<h1 class=\"fault\">"));
        forget(&seen);
    }
}

static void a_missing_search_is_a_fault_and_a_missing_bench_is_none(void)
{
    struct night_seen seen = run_night("", NULL, NULL, 0);
    CHECK_EQ(3, seen.status);
    CHECK(stage_is(&seen, "fuzz", "failed"));
    CHECK(stage_is(&seen, "bench", "skipped"));
    forget(&seen);

    seen = run_night(CLEAN_REPLAY, SUMMARY, "exit 2", 0);
    CHECK_EQ(0, seen.status);
    CHECK(stage_is(&seen, "mutants", "skipped"));
    forget(&seen);
}

static void an_unexpected_verdict_is_told_with_its_command(void)
{
    struct night_seen seen = run_night(
        "echo '{\"path\":\"b c.scn\",\"verdict\":\"deadlock\"}'\nexit 1",
        SUMMARY, NULL, 0);
    CHECK_EQ(1, seen.status);
    CHECK(has(&seen.output, "1 unexpected verdict;"));
    CHECK(has(&seen.output, "\n./lastcall replay 'b c.scn'\n"));
    forget(&seen);
}

static void a_regression_of_the_bench_is_a_finding(void)
{
    struct night_seen seen = run_night(CLEAN_REPLAY, SUMMARY, "exit 1", 0);
    CHECK_EQ(1, seen.status);
    CHECK(has(&seen.output, "2 failed checks"));
    forget(&seen);
}

/* What a machine cannot run is said; the night is as clean as the rest. */
static void a_missing_platform_is_no_failure(void)
{
    struct night_seen seen = run_night(CLEAN_REPLAY, SUMMARY, NULL, 0);
    CHECK_EQ(0, seen.status);
    CHECK(stage_is(&seen, "fuzz-linux", "skipped"));
    CHECK(stage_is(&seen, "fuzz-win32", "skipped"));
    CHECK(has(&seen.page, "win32 is not built: ./lastcall build win32"));
    forget(&seen);
}

static void each_platform_that_is_built_is_searched(void)
{
    write_tool("lastcall-real-linux", "exit 3");
    write_tool("lastcall-real-io_uring", "exit 3");
    struct night_seen seen = run_night(
        CLEAN_REPLAY,
        "case \"$*\" in\n"
        "*--platform\\ linux*) echo '{\"type\":\"finding\","
        "\"platform\":\"linux\",\"verdict\":\"deadlock\",\"path\":"
        "\"corpus/scenario/b.scn\"}'; exit 1;;\n"
        "*--platform\\ io_uring*) exit 77;;\n"
        "*) " SUMMARY "esac\n", NULL, 0);
    CHECK_EQ(1, seen.status);
    CHECK(stage_is(&seen, "fuzz-linux", "done"));
    CHECK(stage_is(&seen, "fuzz-io_uring", "skipped"));
    CHECK(has(&seen.output, "1 finding;"));
    /* The scenario is shown; a simulated timeline of it would mislead. */
    CHECK(has(&seen.page, "# One."));
    CHECK(!has(&seen.page, ">timeline\n<"));
    forget(&seen);
}

static void json_output_is_the_record_and_nothing_else(void)
{
    struct night_seen seen = run_night(CLEAN_REPLAY, FINDING SUMMARY
                                       "exit 1", NULL, 1);
    struct text record = { 0 };
    read_file("out/results.jsonl", &record);
    CHECK(record.data && seen.output.data);
    CHECK(strcmp(record.data ? record.data : "",
                 seen.output.data ? seen.output.data : "") == 0);
    CHECK_EQ(0, seen.results.unreadable);
    text_free(&record);
    forget(&seen);
}

static void a_folder_that_takes_nothing_is_refused_before_any_work(void)
{
    write_tool("lastcall-fuzz", "echo ran > ran; exit 0");
    struct nightly_options options = { .minutes = 0, .root = base,
                                       .out = "/proc/there-is-no-room",
                                       .tools = base, .output = stdout };
    CHECK_EQ(3, nightly_run(&options));
    CHECK(!folder_has("ran"));
    struct night_seen seen = { 0 };
    forget(&seen);
}

int main(void)
{
    struct text path = { 0 };
    const char *temporary = getenv("TMPDIR");
    char top[64];
    snprintf(top, sizeof top, "%.40s/nightly-XXXXXX",
             temporary && strlen(temporary) < 40 ? temporary : "/tmp");
    if (!mkdtemp(top))
        return 1;

    /* Programs of other platforms are looked for beside this folder. */
    snprintf(base, sizeof base, "%s/tools", top);
    in_base(&path, "corpus/scenario");
    if (folder_open(path.data, 0) != 0)
        return 1;
    write_file("corpus/scenario/b.scn", "# One.\n");

    RUN(a_clean_night_ends_with_zero_and_a_page);
    RUN(a_finding_is_printed_kept_and_shown);
    RUN(a_dying_search_loses_no_finding);
    RUN(a_fault_of_the_suite_is_no_clean_night);
    RUN(a_missing_search_is_a_fault_and_a_missing_bench_is_none);
    RUN(an_unexpected_verdict_is_told_with_its_command);
    RUN(a_regression_of_the_bench_is_a_finding);
    RUN(a_missing_platform_is_no_failure);
    RUN(each_platform_that_is_built_is_searched);
    RUN(json_output_is_the_record_and_nothing_else);
    RUN(a_folder_that_takes_nothing_is_refused_before_any_work);

    path.size = 0;
    text_print(&path, "rm -rf %s", top);
    CHECK_EQ(0, system(path.data));
    text_free(&path);
    return test_result(11);
}
