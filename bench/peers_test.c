/*
 * Loops side by side, asked of the programs of this build: every figure is
 * there and has its platform, none is of an engine that only stood in for
 * another, and a loop that is missing, hangs or crashes costs no other row.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../fuzz/command.h"
#include "../fuzz/host.h"
#include "../loop/linux/test_child.h"
#include "machine.h"
#include "answer.h"
#include "result.h"

#define COMMAND_MAX 1200
#define LINE_MAX_SIZE 65536
#define MEASUREMENTS 5          /* of the question about the ports       */

#define WINE_ITEMS_MAX 10000    /* a hundredth of those of Linux         */
#define HAS_NONE 77             /* status of a peer without such a thing   */
#define CLOSES 19               /* of that about the cost of a close     */
#define CLOSES_OF_OTHERS 13     /* than timers and tasks                 */

/* What ours can, and each peer as far as it has such things. */
static const char *const asked[] = {
    "burst 1 5",          "burst 2 5",           "ping 0 5",
    "trip 0 5",           "wake 0 5",            "wake 50 5",
    "rate 10000 5",       "rate-sent 10000 5",   "work 1000 5",
    "stop 50 5",          "stop-busy 1 5",       "stop-busy 1000 5",
    "stop-inside 0 5",    "stop-threads 2 5",    "start 0 5",
    "start 1 5",          "restart 0 5",
    "timer-arm 1000 5",   "timer-cancel 1000 5", "timer-fire 1000 5",
    "timer-again 1000 5", "close-posts 1000 5",  "close-timers 1000 5",
    "close-tasks 1000 5", "close-reads 1000 5",  "close-accepts 1000 5",
    "close-reads-of-one 1000 5",
    "close-accepts-of-one 1000 5",
    "socket 0 5",         "pipe 0 5",            "pump-socket 0 5",
    "pump-pipe 0 5",
    "jobs 1000 5",        "job 0 5",             "job 50 5",
    "task-spawn 100 5",   "task-await 100 5",    "task-yield 100 5",
    "task-gather 100 5",
};

#define ASKED (sizeof asked / sizeof asked[0])
#define ASKED_OF_ALL 13
static const char *build;

/* Programs. */

static int ask_program(const char *program, const char *platform,
                       const char *name, struct answer *answer)
{
    char command[COMMAND_MAX], line[256];
    snprintf(command, sizeof command, "timeout 60 '%s/lastcall-bench-%s-%s' "
             "%s", build, program, platform, name);
    FILE *out = popen(command, "r");
    CHECK(out != NULL);
    if (!out)
        return -1;
    while (fgets(line, sizeof line, out))
        answer_take(answer, line);
    return pclose(out);
}

static int ask(const char *platform, const char *name,
               struct answer *answer)
{
    return ask_program("peer", platform, name, answer);
}

static int engine_is(const char *platform, const char *engine)
{
    struct answer answer;
    answer_open(&answer, NULL);
    return ask(platform, "about", &answer) == 0 &&
           strcmp(answer.engine, engine) == 0;
}

static bool is_latency(const char *name)
{
    return !strncmp(name, "trip", 4) || !strncmp(name, "wake", 4) ||
           !strncmp(name, "rate", 4) || !strncmp(name, "stop", 4) ||
           !strncmp(name, "job ", 4) || !strncmp(name, "work", 4);
}

/* A figure, or that there is none; returns whether there is. */
static bool has_figure(const char *platform, const char *name)
{
    struct histogram seen;
    struct answer answer;
    CHECK(histogram_open(&seen, 1000000000));
    answer_open(&answer, &seen);
    int ended = ask(platform, name, &answer);
    bool has = ended == 0;
    CHECK(has || (WIFEXITED(ended) && WEXITSTATUS(ended) == HAS_NONE));
    CHECK_EQ(has, answer.value >= 0);
    CHECK(*answer.engine);
    CHECK_EQ(has && is_latency(name), seen.total > 0);
    if (has && is_latency(name))
        CHECK_EQ(histogram_at(&seen, 0.5), (uint64_t)answer.value);
    histogram_close(&seen);
    return has;
}

static void measurements_have_a_value_and_an_engine(const char *platform,
                                                    unsigned but)
{
    unsigned none = 0;
    for (unsigned i = 0; i < ASKED; i++)
        none += !has_figure(platform, asked[i]);
    if (none != but)
        printf("%s lacks %u\n", platform, none);
    CHECK_EQ(but, none);
}

static void every_measurement_ends_over_epoll(void)
{
    measurements_have_a_value_and_an_engine("linux", 0);
    CHECK(engine_is("linux", "epoll"));
}

static void every_measurement_ends_over_what_stands_for_io_uring(void)
{
    measurements_have_a_value_and_an_engine("io_uring", 0);
    CHECK(engine_is("io_uring", "io_uring") ||
          engine_is("io_uring", "epoll"));
}

static bool is_built_as(const char *program, const char *name)
{
    char path[COMMAND_MAX];
    snprintf(path, sizeof path, "%s/lastcall-bench-%s-%s", build, program,
             name);
    return access(path, X_OK) == 0;
}

/* Which other loops there are depends on the machine; what one lacks, of what
 * is asked, does not. */
static void every_loop_that_was_built_can_be_measured(void)
{
    static const struct {
        const char *name;
        unsigned    lacks;
    } peers[] = {
        { "eventfd", 16 }, { "futex", 24 }, { "ring", 20 }, { "libuv", 9 },
        { "libevent", 12 }, { "libev", 12 }, { "glib", 9 }, { "asio", 0 },
    };
    for (unsigned i = 0; i < sizeof peers / sizeof peers[0]; i++)
        if (is_built_as("peer", peers[i].name))
            measurements_have_a_value_and_an_engine(peers[i].name,
                                                    peers[i].lacks);
        else
            test_skip(peers[i].name, "it was not built");
}

/* What is no program of child.c, and has its own words for what it has not.
 *
 *   has       measurements, ends with NULL
 *   has_none  one that it cannot do
 */
static void speaks_the_same_language(const char *name,
                                     const char *const *has,
                                     const char *has_none)
{
    for (; *has; has++) {
        struct histogram seen;
        struct answer answer;
        CHECK(histogram_open(&seen, 1000000000));
        answer_open(&answer, &seen);
        CHECK_EQ(0, ask(name, *has, &answer));
        CHECK(answer.value > 0);
        CHECK(strcmp(answer.engine, "epoll") == 0);
        CHECK(*answer.version);
        CHECK_EQ(is_latency(*has), seen.total > 0);
        histogram_close(&seen);
    }
    struct answer nothing;
    answer_open(&nothing, NULL);
    CHECK_EQ(HAS_NONE, WEXITSTATUS(ask(name, has_none, &nothing)));
    CHECK(isnan(nothing.value));
}

static void asyncio_speaks_the_same_language(void)
{
    static const char *const has[] = { "burst 2 5", "wake 50 5", "stop 50 5",
                                       "stop-inside 0 5", "start 0 5",
                                       "restart 0 5", "jobs 100 5", "job 50 5",
                                       "task-spawn 100 5", "socket 0 5",
                                       "pipe 0 5", "pump-socket 0 5",
                                       "pump-pipe 0 5",
                                       "task-await 100 5",
                                       "task-yield 100 5",
                                       "task-gather 100 5",
                                       "close-timers 1000 5",
                                       "close-tasks 1000 5",
                                       "memory-loop 0 1", "descriptors 0 1",
                                       "memory-timers 1000 1",
                                       "memory-tasks 1000 1",
                                       "memory-posts 1000 1", NULL };
    speaks_the_same_language("asyncio", has, "close-reads 1 5");
}

static void node_speaks_the_same_language(void)
{
    static const char *const has[] = {
        "burst 1 5",         "burst 2 5",           "ping 0 5",
        "trip 0 5",          "wake 0 5",            "wake 50 5",
        "rate 10000 5",      "rate-sent 10000 5",   "stop 50 5",
        "stop-busy 1 5",     "stop-busy 1000 5",    "stop-inside 0 5",
        "timer-arm 1000 5",  "timer-cancel 1000 5", "timer-fire 1000 5",
        "close-timers 1000 5", NULL };
    struct answer about;
    answer_open(&about, NULL);
    if (WEXITSTATUS(ask("node", "about", &about)) == 127) {
        test_skip(__func__, "there is no Node here");
        return;
    }
    speaks_the_same_language("node", has, "close-reads 1 5");
}

/* Programs that count the heap; a sanitizer has one of its own. */

static double count_of(const char *platform, const char *name)
{
    struct answer answer;
    answer_open(&answer, NULL);
    CHECK_EQ(0, ask_program("heap", platform, name, &answer));
    return answer.value;
}

/* A worker that is late gives back what it was started with: bytes of each. */
#define WORKER_BEGINS 1

static void what_a_loop_takes_is_counted(const char *platform)
{
    static const char *const kinds[] = { "posts", "timers", "tasks",
                                         "reads", "jobs" };
    char name[64];
    CHECK(count_of(platform, "memory-loop 0 1") > 0);
    CHECK(count_of(platform, "memory-loop 1 1") >
          count_of(platform, "memory-loop 0 1"));
    CHECK(count_of(platform, "descriptors 0 1") >= 1);
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        snprintf(name, sizeof name, "memory-%s 1000 1", kinds[i]);
        double all = count_of(platform, name);
        snprintf(name, sizeof name, "storage %u 1", i);
        double storage = count_of(platform, name);
        CHECK(storage > 0);
        CHECK(all > storage - WORKER_BEGINS);
    }
}

/* The contract of loop.h: at create and when it starts a worker, and never
 * otherwise. */
static void nothing_is_allocated_in_the_steady_state(const char *platform)
{
    static const char *const works[] = { "posts", "foreign", "timers",
                                         "jobs", "yields", "awaits", "ops" };
    char name[64];
    for (unsigned i = 0; i < sizeof works / sizeof works[0]; i++) {
        snprintf(name, sizeof name, "allocations-%s 100000 1", works[i]);
        CHECK_EQ(0, (long long)count_of(platform, name));
    }
}

static void our_loop_keeps_to_its_memory(void)
{
    if (!is_built_as("heap", "linux")) {
        test_skip(__func__, "a sanitizer has the heap");
        return;
    }
    what_a_loop_takes_is_counted("linux");
    what_a_loop_takes_is_counted("io_uring");
    nothing_is_allocated_in_the_steady_state("linux");
    nothing_is_allocated_in_the_steady_state("io_uring");
}

/* One that is known to allocate for each is seen to. */
static void a_loop_that_allocates_is_counted(void)
{
    if (!is_built_as("heap", "glib")) {
        test_skip(__func__, "it was not built");
        return;
    }
    CHECK(count_of("glib", "allocations-posts 100000 1") >= 100000);
    CHECK(count_of("glib", "allocations-timers 100000 1") >= 100000);
}

/* The question. */

struct count {
    unsigned measured;          /* lines with a value                    */
    unsigned of_ring;           /* of which on io_uring                  */
    unsigned of_wine;           /* of which under Wine                   */
    unsigned compared;          /* of which compare both                 */
    unsigned skipped;           /* lines without                         */
    unsigned crashed;           /* of which because of a crash           */
    unsigned histograms;
};

static void count_line(struct count *count, const json_t *line)
{
    const char *platform = result_word(line, "platform", "");
    bool measured = !isnan(result_number(line, "value", NAN));
    bool ring = strcmp(platform, "io_uring") == 0;
    bool wine = strcmp(platform, RESULT_WINE) == 0;
    CHECK(ring || wine || strcmp(platform, "linux") == 0);
    CHECK_EQ(wine, *result_word(line, "note", "") != '\0');
    CHECK(!wine || result_number(json_object_get(line, "params"), "items",
                                 0) <= WINE_ITEMS_MAX);
    count->of_wine += measured && wine;
    count->measured += measured;
    count->of_ring += measured && ring;
    count->compared += measured &&
                       strcmp(result_word(line, "unit", ""), "x") == 0;
    count->histograms += json_object_get(line, "histogram") != NULL;
    count->skipped += json_object_get(line, "skipped") != NULL;
    count->crashed += strcmp(result_word(line, "skipped", ""),
                             "crashed by signal 11") == 0;
}

static struct count ask_with(const char *options, const char *name,
                             const char *folder, int status)
{
    static char text[LINE_MAX_SIZE];
    char command[COMMAND_MAX];
    struct count count = { 0 };
    snprintf(command, sizeof command,
             "'%s/lastcall-bench' bench %s --peers --json --quick "
             "--seconds 0.1 %s 2>/dev/null", folder, name, options);
    FILE *out = popen(command, "r");
    CHECK(out != NULL);
    while (out && fgets(text, sizeof text, out)) {
        json_t *line = json_loads(text, 0, NULL);
        CHECK(json_is_object(line));
        if (!strcmp(result_word(line, "question", ""), name))
            count_line(&count, line);
        json_decref(line);
    }
    int ended = out ? pclose(out) : -1;
    CHECK(WIFEXITED(ended));
    CHECK_EQ(status, WEXITSTATUS(ended));
    return count;
}

static struct count ask_question(const char *name, const char *folder,
                                 int status)
{
    return ask_with("", name, folder, status);
}

/* Each measurement has a line of each port, and one that compares them. */
static void both_ports_are_measured_and_compared(void)
{
    if (!engine_is("io_uring", "io_uring")) {
        test_skip(__func__, "this kernel gives no ring");
        return;
    }
    struct count count = ask_question("ports", build, EXIT_CLEAN);
    CHECK_EQ(3 * MEASUREMENTS, count.measured);
    CHECK_EQ(2 * MEASUREMENTS, count.of_ring);
    CHECK_EQ(MEASUREMENTS, count.compared);
    CHECK_EQ(4, count.histograms);
    CHECK_EQ(0, count.skipped);
}

static int ask_without_rings(void)
{
    int failures = test_failures;
    if (forbid(SYS_io_uring_setup, SECCOMP_RET_ERRNO | 1))
        return CHILD_SKIPPED;
    CHECK(engine_is("io_uring", "epoll"));
    struct count count = ask_question("ports", build, EXIT_CLEAN);
    CHECK_EQ(MEASUREMENTS, count.measured);
    CHECK_EQ(0, count.of_ring);
    CHECK_EQ(0, count.compared);
    CHECK_EQ(1, count.skipped);
    fflush(stdout);
    return test_failures == failures ? CHILD_PASSED : CHILD_FAILED;
}

/* The fallback behaves as a port should: nothing but the question itself
 * would notice that epoll is compared with epoll. */
static void a_refused_ring_is_skipped_with_one_line(void)
{
    check_child(__func__, ask_without_rings);
}

/* Programs that answer as a test wants. */

#define AS_EPOLL "echo engine epoll; echo value 1000"

static void write_script(const char *path, const char *script)
{
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    if (!file)
        return;
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    CHECK_EQ(0, chmod(path, 0700));
}

static void write_program(const char *folder, const char *platform,
                          const char *script)
{
    char path[COMMAND_MAX];
    snprintf(path, sizeof path, "%s/lastcall-bench-peer-%s", folder,
             platform);
    write_script(path, script);
}

/* The question looks for programs beside its own. */
static void open_folder(char folder[HOST_PATH], const char *over_ring)
{
    char why[HOST_WHY], command[2 * COMMAND_MAX];
    CHECK_EQ(0, host_temporary_folder(folder, why));
    write_program(folder, "linux", AS_EPOLL);
    write_program(folder, "io_uring", over_ring);
    snprintf(command, sizeof command, "cp '%s/lastcall-bench' '%s/'", build,
             folder);
    CHECK_EQ(0, system(command));
}

static struct count ask_beside(const char *over_ring, int status)
{
    char folder[HOST_PATH];
    open_folder(folder, over_ring);
    struct count count = ask_question("ports", folder, status);
    host_remove_folder(folder);
    return count;
}

/* Programs of other loops: one that says nothing wrong, and another. */
static struct count ask_of_others(const char *libuv)
{
    char folder[HOST_PATH];
    open_folder(folder, "echo engine io_uring; echo value 500");
    write_program(folder, "libev", AS_EPOLL);
    write_program(folder, "libuv", libuv);
    struct count count = ask_question("close_cost", folder, EXIT_CLEAN);
    host_remove_folder(folder);
    return count;
}

static void what_both_say_is_compared(void)
{
    struct count count =
        ask_beside("echo engine io_uring; echo value 500", EXIT_CLEAN);
    CHECK_EQ(3 * MEASUREMENTS, count.measured);
    CHECK_EQ(2 * MEASUREMENTS, count.of_ring);
    CHECK_EQ(0, count.skipped);
}

/* Memory that rings may lock can run out between two programs. */
static void a_ring_that_is_refused_later_leaves_no_figure(void)
{
    struct count count =
        ask_beside("test $1 = about && echo engine io_uring && exit 0\n"
                   AS_EPOLL, EXIT_CLEAN);
    CHECK_EQ(MEASUREMENTS, count.measured);
    CHECK_EQ(0, count.of_ring);
    CHECK_EQ(MEASUREMENTS, count.skipped);
}

static void a_port_that_crashes_is_a_finding(void)
{
    struct count count =
        ask_beside("test $1 = about && echo engine io_uring && exit 0\n"
                   "kill -SEGV $$", EXIT_FINDING);
    CHECK_EQ(0, count.of_ring);
    CHECK_EQ(1, count.crashed);
}

static void a_port_that_cannot_be_asked_is_a_finding(void)
{
    struct count count = ask_beside("exit 1", EXIT_FINDING);
    CHECK_EQ(0, count.measured);
    CHECK_EQ(1, count.skipped);
}

static void a_program_that_is_missing_is_said(void)
{
    struct count count = ask_beside("exit 127", EXIT_CLEAN);
    CHECK_EQ(MEASUREMENTS, count.measured);
    CHECK_EQ(1, count.skipped);
}

/* A slope and how far it is off, for each of seven kinds. */
#define FITS 14
#define FITS_OF_OTHERS 10

/* In the folder there are no libevent, GLib, Asio, asyncio, Node, and
 * floors. */
#define MISSING 8

static void loops_that_are_missing_are_a_line_each(void)
{
    struct count count = ask_of_others(AS_EPOLL);
    CHECK_EQ(4 * CLOSES + 4 * CLOSES + 4 * FITS, count.measured);
    CHECK_EQ(4 * CLOSES, count.compared);
    CHECK_EQ(MISSING, count.skipped);
}

/* Ours are measured and compared with the one that is left. */
static void another_loop_that_crashes_is_told_and_costs_no_other_row(void)
{
    struct count count =
        ask_of_others("test $1 = about && echo engine epoll && exit 0\n"
                      "kill -SEGV $$");
    CHECK_EQ(3 * CLOSES + 2 * CLOSES + 3 * FITS, count.measured);
    CHECK_EQ(2 * CLOSES, count.compared);
    CHECK_EQ(1, count.crashed);
    CHECK_EQ(MISSING + 1, count.skipped);
}

/* A loop that has no tasks is no row of them, and no failure. */
static void what_another_loop_does_not_have_is_not_told(void)
{
    struct count count =
        ask_of_others("case $1 in close-t*) exit 77; esac\n" AS_EPOLL);
    CHECK_EQ(3 * CLOSES + CLOSES_OF_OTHERS +
                 2 * (CLOSES + CLOSES_OF_OTHERS) + 3 * FITS +
                 FITS_OF_OTHERS, count.measured);
    CHECK_EQ(MISSING, count.skipped);
}

/* Programs for Windows, which lie in a folder beside that of this suite's,
 * and a starter that takes Wine's place. */

#define AS_IOCP "echo engine iocp; echo value 1000"
#define AS_WINE "test $1 = cmd && exit 0\nexec sh \"$@\""
#define NO_FLOORS 2             /* a row each                            */

static struct count ask_under(const char *wine, const char *question,
                              int status)
{
    char folder[HOST_PATH], path[2][HOST_PATH + 16], why[HOST_WHY];
    char command[3 * COMMAND_MAX];
    CHECK_EQ(0, host_temporary_folder(folder, why));
    for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof path[i], "%s/%s", folder,
                 i == 0 ? "linux" : "win32");
        CHECK_EQ(0, mkdir(path[i], 0700));
    }
    snprintf(command, sizeof command, "cp '%s/lastcall-bench' '%s/'", build,
             path[0]);
    CHECK_EQ(0, system(command));
    write_program(path[1], "win32.exe", AS_IOCP);
    write_program(path[1], "asio.exe", AS_IOCP);
    snprintf(command, sizeof command, "%s/wine", path[1]);
    if (wine)
        write_script(command, wine);
    struct count count = ask_with("--platform win32", question, path[0],
                                  status);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    CHECK_EQ(0, system(command));
    return count;
}

static void what_runs_under_wine_is_apart_and_carries_a_note(void)
{
    struct count count = ask_under(AS_WINE, "close_cost", EXIT_CLEAN);
    CHECK_EQ(2 * CLOSES + 2 * FITS + CLOSES, count.measured);
    CHECK_EQ(count.measured, count.of_wine);
    CHECK_EQ(CLOSES, count.compared);
    CHECK_EQ(NO_FLOORS, count.skipped);
}

static void without_wine_there_is_one_row(void)
{
    static const char *const starters[] = { NULL, "exit 77", "exit 3" };
    for (int i = 0; i < 3; i++) {
        struct count count = ask_under(starters[i], "close_cost",
                                       EXIT_NOTHING);
        CHECK_EQ(0, count.measured);
        CHECK_EQ(1, count.skipped);
    }
}

static void a_question_that_is_of_linux_alone_says_so(void)
{
    struct count count = ask_under(AS_WINE, "ports", EXIT_NOTHING);
    CHECK_EQ(0, count.measured);
    CHECK_EQ(1, count.skipped);
}

static void ours_that_crashes_under_wine_is_a_finding(void)
{
    struct count count = ask_under("test $1 = cmd && exit 0\nkill -SEGV $$",
                                   "close_cost", EXIT_FINDING);
    CHECK_EQ(0, count.measured);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: peers_test BUILD\n");
        return 1;
    }
    build = argv[1];
    if (machine_processors() < 2) {
        test_skip("all", "it needs two processors");
        return test_result(1);
    }
    RUN(every_measurement_ends_over_epoll);
    RUN(every_measurement_ends_over_what_stands_for_io_uring);
    RUN(every_loop_that_was_built_can_be_measured);
    RUN(asyncio_speaks_the_same_language);
    RUN(node_speaks_the_same_language);
    RUN(our_loop_keeps_to_its_memory);
    RUN(a_loop_that_allocates_is_counted);
    RUN(both_ports_are_measured_and_compared);
    RUN(a_refused_ring_is_skipped_with_one_line);
    RUN(what_both_say_is_compared);
    RUN(a_ring_that_is_refused_later_leaves_no_figure);
    RUN(a_port_that_crashes_is_a_finding);
    RUN(a_port_that_cannot_be_asked_is_a_finding);
    RUN(a_program_that_is_missing_is_said);
    RUN(loops_that_are_missing_are_a_line_each);
    RUN(another_loop_that_crashes_is_told_and_costs_no_other_row);
    RUN(what_another_loop_does_not_have_is_not_told);
    RUN(what_runs_under_wine_is_apart_and_carries_a_note);
    RUN(without_wine_there_is_one_row);
    RUN(a_question_that_is_of_linux_alone_says_so);
    RUN(ours_that_crashes_under_wine_is_a_finding);
    return test_result(21);
}
