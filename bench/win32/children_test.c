/*
 * The programs for Windows say what their parent, a program of Linux, wants
 * to hear: a value and the engine that it is of, the times that the value is
 * the median of, or that there is no such thing.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <windows.h>

#include "../../loop/test.h"
#include "../answer.h"

#define COMMAND_MAX 128
#define HAS_NONE 77

/* What each can; what those can that are no floor; what is ours alone. */
static const char *const of_all[] = {
    "burst 1 5",   "burst 2 5",      "ping 0 5",        "trip 0 5",
    "wake 50 5",   "rate 1000000 5", "rate-sent 1000000 5",
    "stop 50 5",   "stop-busy 1 5",  "stop-inside 0 5", NULL };
static const char *const of_loops[] = {
    "stop-threads 2 5", "timer-arm 10 5",   "timer-cancel 10 5",
    "timer-fire 10 5",  "timer-again 10 5", "close-posts 10 5",
    "close-timers 10 5", "close-reads 10 5", "close-accepts 10 5",
    "close-reads-of-one 10 5", "close-accepts-of-one 10 5", "start 0 5",
    "start 1 5", "restart 0 5", "jobs 10 5", NULL };
static const char *const of_iocp[] = { "close-reads 10 5", NULL };
static const char *const of_ours[] = {
    "close-tasks 10 5", "socket 0 5", "pipe 0 5", NULL };

/* From the folder of the programs, so that no path needs quoting. */
static int ask(const char *name, const char *words, struct answer *answer)
{
    char command[COMMAND_MAX], line[256];
    snprintf(command, sizeof command, ".\\lastcall-bench-peer-%s.exe %s",
             name, words);
    FILE *out = _popen(command, "r");
    CHECK(out != NULL);
    if (!out)
        return -1;
    while (fgets(line, sizeof line, out))
        answer_take(answer, line);
    return _pclose(out);
}

static void go_to_the_programs(void)
{
    char path[MAX_PATH];
    DWORD size = GetModuleFileNameA(NULL, path, sizeof path);
    CHECK(size > 0);
    CHECK(size < sizeof path);
    char *slash = strrchr(path, '\\');
    if (slash)
        *slash = '\0';
    CHECK(SetCurrentDirectoryA(path));
}

static int is_latency(const char *words)
{
    return !strncmp(words, "trip", 4) || !strncmp(words, "wake", 4) ||
           !strncmp(words, "rate", 4) || !strncmp(words, "stop", 4);
}

static void measure(const char *name, const char *words)
{
    struct histogram seen;
    struct answer answer;
    CHECK(histogram_open(&seen, ANSWER_HIGHEST));
    answer_open(&answer, &seen);
    CHECK_EQ(0, ask(name, words, &answer));
    CHECK(answer.value >= 0);
    CHECK(strcmp(answer.engine, "iocp") == 0);
    CHECK_EQ(is_latency(words), seen.total > 0);
    if (is_latency(words))
        CHECK_EQ(histogram_at(&seen, 0.5), (uint64_t)answer.value);
    if (test_failures)
        printf("in %s %s\n", name, words);
    histogram_close(&seen);
}

static void measure_all(const char *name, const char *const *words)
{
    for (; *words; words++)
        measure(name, *words);
}

static void ours_can_do_all_over_the_real_port(void)
{
    measure_all("win32", of_all);
    measure_all("win32", of_loops);
    measure_all("win32", of_ours);
}

static void asio_can_do_all_but_tasks(void)
{
    struct answer nothing;
    if (GetFileAttributesA("lastcall-bench-peer-asio.exe") ==
        INVALID_FILE_ATTRIBUTES) {
        test_skip(__func__, "it was not built");
        return;
    }
    measure_all("asio", of_all);
    measure_all("asio", of_loops);
    answer_open(&nothing, NULL);
    CHECK_EQ(HAS_NONE, ask("asio", "close-tasks 10 5", &nothing));
    CHECK(isnan(nothing.value));
}

static void floors_have_posts_and_stops(void)
{
    struct answer nothing;
    measure_all("iocp", of_all);
    measure_all("iocp", of_iocp);
    measure_all("packet", of_all);
    answer_open(&nothing, NULL);
    CHECK_EQ(HAS_NONE, ask("packet", "close-reads 10 5", &nothing));
    CHECK(isnan(nothing.value));
}

int main(void)
{
    go_to_the_programs();
    RUN(ours_can_do_all_over_the_real_port);
    RUN(asio_can_do_all_but_tasks);
    RUN(floors_have_posts_and_stops);
    return test_result(3);
}
