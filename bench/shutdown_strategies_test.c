/*
 * What a strategy loses is counted: nothing where it has closed the loop, all
 * that was pending where it has let go; and the question tells of each count
 * that a program gives, beside the time that it took.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fuzz/command.h"
#include "../fuzz/host.h"
#include "../loop/test.h"
#include "loss.h"
#include "result.h"

#define COMMAND_MAX 1200
#define LINE_MAX_SIZE 65536
#define PENDING 100
#define KIB 1024                /* of the write                          */
#define ENDINGS 30              /* of ours over epoll, when it is quick  */
#define ENDINGS_OF_PORT 10      /* of which those of reads and the write */

static const char *build;

/* Programs. */

static bool is_built(const char *name)
{
    char path[COMMAND_MAX];
    snprintf(path, sizeof path, "%s/lastcall-bench-end-%s", build, name);
    return access(path, X_OK) == 0;
}

static struct ending ask(const char *name, const char *words)
{
    char command[COMMAND_MAX], line[256];
    struct ending ending;
    loss_open(&ending);
    snprintf(command, sizeof command,
             "timeout 60 '%s/lastcall-bench-end-%s' %s", build, name, words);
    FILE *out = popen(command, "r");
    CHECK(out != NULL);
    while (out && fgets(line, sizeof line, out))
        loss_take(&ending, line);
    CHECK_EQ(0, out ? pclose(out) : -1);
    CHECK(ending.took > 0);
    return ending;
}

/* Not counted is no loss either, but untold always is. */
static void loses_nothing(const struct ending *e)
{
    CHECK_EQ(0, e->lost[LOSS_UNTOLD]);
    for (int kind = 0; kind < LOSS_KINDS; kind++)
        if (!isnan(e->lost[kind]))
            CHECK_EQ(0, e->lost[kind]);
}

static void what_closes_the_loop_loses_nothing_on(const char *name)
{
    static const char *const all[] = {
        "graceful posts 100", "graceful timers 100", "graceful tasks 100",
        "graceful jobs 4", "graceful reads 100", "hooks posts 100",
        "hooks timers 100", "hooks tasks 100", "hooks jobs 4",
        "hooks reads 100", "hooks write 1024",
    };
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct ending ending = ask(name, all[i]);
        loses_nothing(&ending);
    }
}

static void what_closes_the_loop_loses_nothing(void)
{
    what_closes_the_loop_loses_nothing_on("linux");
    what_closes_the_loop_loses_nothing_on("io_uring");
}

/* A stop leaves a loop that could go on, an abandon one that nobody has. */
static void what_lets_go_loses_all_that_was_pending(void)
{
    static const char *const all[] = {
        "stop timers 100", "abandon timers 100", "stop tasks 100",
        "abandon tasks 100", "stop reads 100", "abandon reads 100",
    };
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct ending ending = ask("linux", all[i]);
        long of_reads = strstr(all[i], "reads") ? PENDING : 0;
        CHECK_EQ(PENDING, ending.lost[LOSS_UNTOLD]);
        CHECK(ending.lost[LOSS_DESCRIPTORS] > of_reads);
        CHECK(ending.lost[LOSS_DESCRIPTORS] < of_reads + 10);
        CHECK(isnan(ending.lost[LOSS_MEMORY]) ||
              ending.lost[LOSS_MEMORY] > 0);
        CHECK_EQ(0, ending.lost[LOSS_THREADS]);
    }
}

/* Who was told that a write was cancelled has lost its bytes all the same. */
static void bytes_that_never_arrive_are_counted_at_the_other_end(void)
{
    static const char *const all[] = { "graceful write 1024",
                                       "stop write 1024",
                                       "abandon write 1024" };
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct ending ending = ask("linux", all[i]);
        CHECK(ending.lost[LOSS_BYTES] > 0);
        CHECK(ending.lost[LOSS_BYTES] < KIB * 1024);
        CHECK_EQ(i == 0 ? 0 : 1, ending.lost[LOSS_UNTOLD]);
    }
}

static void others_that_end_as_documented_lose_nothing(void)
{
    static const struct {
        const char *name;
        const char *words;
    } all[] = {
        { "libuv", "graceful timers 100" }, { "libuv", "graceful jobs 4" },
        { "libuv", "graceful reads 100" }, { "libuv", "hooks write 1024" },
        { "asio", "graceful posts 100" }, { "asio", "graceful timers 100" },
        { "asio", "graceful reads 100" },
        { "asyncio", "graceful tasks 100" },
    };
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (!is_built(all[i].name)) {
            printf("     %s was not built\n", all[i].name);
            continue;
        }
        struct ending ending = ask(all[i].name, all[i].words);
        loses_nothing(&ending);
    }
}

static void others_that_stop_lose_what_was_pending(void)
{
    static const char *const names[] = { "libuv", "asio", "asyncio" };
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is_built(names[i]))
            CHECK_EQ(PENDING,
                     ask(names[i], "stop timers 100").lost[LOSS_UNTOLD]);
}

/* The question, asked of programs that a test has written. */

struct count {
    unsigned ended;             /* times                                 */
    unsigned untold;            /* losses of seven items                 */
    unsigned threads;           /* losses of no thread                   */
    unsigned skipped;
    unsigned failed;
};

#define SAYS "echo engine %s; echo took 5000; echo lost threads 0\n" \
             "echo lost untold 7"
#define IN_TEXT "--quick --seconds 0.1"

/* And not of what is asked before any other. */
static bool is_of_question(const json_t *line)
{
    return strcmp(result_word(line, "question", ""),
                  "shutdown_strategies") == 0;
}

static void count_line(struct count *count, const json_t *line)
{
    const char *metric = result_word(line, "metric", "");
    double value = result_number(line, "value", NAN);
    bool failed = strcmp(metric, "came to its end") == 0;
    count->ended += strcmp(metric, "shutdown") == 0 && value == 5000;
    count->untold += strcmp(metric, "lost, never told") == 0 && value == 7;
    count->threads += strcmp(metric, "lost, left alive") == 0 && value == 0;
    count->failed += failed;
    count->skipped += !failed && is_of_question(line) &&
                      json_object_get(line, "skipped") != NULL;
}

static void write_program(const char *folder, const char *name,
                          const char *script, const char *engine)
{
    char path[COMMAND_MAX];
    snprintf(path, sizeof path, "%s/lastcall-bench-end-%s", folder, name);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    if (!file)
        return;
    fprintf(file, "#!/bin/sh\n");
    fprintf(file, script, engine);
    fclose(file);
    CHECK_EQ(0, chmod(path, 0700));
}

static void open_folder(char folder[HOST_PATH], const char *script)
{
    char why[HOST_WHY], command[2 * COMMAND_MAX];
    CHECK_EQ(0, host_temporary_folder(folder, why));
    snprintf(command, sizeof command, "cp '%s/lastcall-bench' '%s/'", build,
             folder);
    CHECK_EQ(0, system(command));
    write_program(folder, "linux", script, "epoll");
    write_program(folder, "io_uring", SAYS, "io_uring");
}

static FILE *begin_question(const char *folder, const char *options)
{
    char command[COMMAND_MAX];
    snprintf(command, sizeof command, "'%s/lastcall-bench' bench "
             "shutdown_strategies %s 2>/dev/null", folder, options);
    FILE *out = popen(command, "r");
    CHECK(out != NULL);
    return out;
}

static struct count ask_question(const char *script, int status)
{
    static char text[LINE_MAX_SIZE];
    char folder[HOST_PATH];
    struct count count = { 0 };
    open_folder(folder, script);
    FILE *out = begin_question(folder, IN_TEXT " --json --peers");
    while (out && fgets(text, sizeof text, out)) {
        json_t *line = json_loads(text, 0, NULL);
        CHECK(json_is_object(line));
        count_line(&count, line);
        json_decref(line);
    }
    int ended = out ? pclose(out) : -1;
    CHECK(WIFEXITED(ended));
    CHECK_EQ(status, WEXITSTATUS(ended));
    host_remove_folder(folder);
    return count;
}

static void every_loss_is_told_and_so_is_that_there_is_none(void)
{
    struct count count = ask_question(SAYS, EXIT_CLEAN);
    CHECK_EQ(ENDINGS + ENDINGS_OF_PORT, count.ended);
    CHECK_EQ(count.ended, count.untold);
    CHECK_EQ(count.ended, count.threads);
    CHECK_EQ(0, count.failed);
    CHECK_EQ(3, count.skipped);     /* libuv, Asio, asyncio */
}

static void a_strategy_that_crashes_is_a_finding_and_costs_no_other(void)
{
    struct count count = ask_question(
        "test $1 = stop && kill -SEGV $$\n" SAYS, EXIT_FINDING);
    CHECK_EQ(ENDINGS / 5, count.failed);
    CHECK_EQ(ENDINGS - ENDINGS / 5 + ENDINGS_OF_PORT, count.ended);
}

/* For people the losses stand in the row of the time. */
static void a_row_of_the_table_has_its_losses(void)
{
    char folder[HOST_PATH], text[LINE_MAX_SIZE / 16];
    unsigned losing = 0, losing_nothing = 0;
    open_folder(folder, "echo engine %s; echo took 5000\n"
                        "test \"$1\" = hooks && echo lost untold 0 ||"
                        " echo lost untold 7; echo lost threads 0");
    FILE *out = begin_question(folder, IN_TEXT);
    while (out && fgets(text, sizeof text, out)) {
        losing += strstr(text, "5.00 us") &&
                  strstr(text, "loses: 7 never told") != NULL;
        losing_nothing += strstr(text, "hooks") &&
                          strstr(text, "loses nothing") != NULL;
    }
    CHECK_EQ(0, out ? pclose(out) : -1);
    host_remove_folder(folder);
    CHECK_EQ(ENDINGS / 5, losing_nothing);
    CHECK(losing >= ENDINGS - ENDINGS / 5);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: shutdown_strategies_test BUILD\n");
        return 1;
    }
    build = argv[1];
    RUN(what_closes_the_loop_loses_nothing);
    RUN(what_lets_go_loses_all_that_was_pending);
    RUN(bytes_that_never_arrive_are_counted_at_the_other_end);
    RUN(others_that_end_as_documented_lose_nothing);
    RUN(others_that_stop_lose_what_was_pending);
    RUN(every_loss_is_told_and_so_is_that_there_is_none);
    RUN(a_strategy_that_crashes_is_a_finding_and_costs_no_other);
    RUN(a_row_of_the_table_has_its_losses);
    return test_result(8);
}
