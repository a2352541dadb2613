/*
 * witness_line_test.c - what a watched program tells arrives.
 *
 * usage: witness_line_test FOLDER, where the programs of fuzz/hangs are
 */
#include <string.h>

#include "../loop/test.h"
#include "watchdog.h"

static const char *folder;

#define TELLERS 4
#define TOLD    500

struct heard {
    int      next[TELLERS];     /* line that each thread has to tell next   */
    int      torn;
    int      odd;
    unsigned longest;
    char     output[256];
};

static void hear_line(const char *line, void *arg)
{
    struct heard *h = arg;
    int thread, number, size, head = 0;
    if (sscanf(line, "thread %d line %d size %d %n", &thread, &number, &size,
               &head) < 3) {
        h->odd += !strcmp(line, "one line") || *line == '\0' ||
                  *line == 'x';
        if (strlen(line) > h->longest)
            h->longest = (unsigned)strlen(line);
        return;
    }
    bool whole = thread >= 0 && thread < TELLERS &&
                 strlen(line) == (size_t)(head + size) &&
                 number == h->next[thread]++;
    for (int i = 0; whole && i < size; i++)
        whole = line[head + i] == 'a' + thread;
    h->torn += !whole;
}

static void hear_output(const char *line, void *arg)
{
    struct heard *h = arg;
    size_t used = strlen(h->output);
    snprintf(h->output + used, sizeof h->output - used, "%s|", line);
}

/* Lines of many threads at once arrive whole and in each one's order; what
 * the program prints arrives too, and its exit status. */
static void lines_arrive_whole(void)
{
    struct heard h = { .torn = 0 };
    struct watchdog_options options = { .stall_ms = 60000,
                                        .linger_ms = 60000,
                                        .line = hear_line,
                                        .output = hear_output,
                                        .arg = &h };
    struct watchdog_report r;
    char path[1024], status[] = "5";
    char *argv[] = { path, status, NULL };
    snprintf(path, sizeof path, "%s/hang-lines", folder);
    CHECK_EQ(0, watchdog_run(argv, &options, &r));
    for (int i = 0; i < TELLERS; i++)
        CHECK_EQ(TOLD, h.next[i]);
    CHECK_EQ(0, h.torn);
    CHECK_EQ(3, h.odd);
    CHECK_EQ(4000, h.longest);
    CHECK(!strcmp(h.output, "to stdout|to stderr, without an end|"));
    CHECK_EQ(WATCHDOG_EXITED, r.end);
    CHECK_EQ(5, r.code);
    CHECK_EQ(VERDICT_HARNESS_FAULT, r.verdict);
    CHECK(!strcmp(r.what, "exit status 5"));
    watchdog_report_free(&r);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: witness_line_test FOLDER\n");
        return 2;
    }
    folder = argv[1];
    RUN(lines_arrive_whole);
    return test_result(1);
}
