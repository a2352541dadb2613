/*
 * Instructions are counted, of each thing and over each port, and are the
 * same however often they are; but for timers that fire, which look at the
 * clock.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../loop/test.h"
#include "result.h"

#define THINGS 11

static json_t *ask(const char *build)
{
    static char text[65536];
    char command[1200];
    json_t *lines = json_array();
    snprintf(command, sizeof command, "'%s/lastcall-bench' bench "
             "instructions --quick --json 2>/dev/null", build);
    FILE *out = popen(command, "r");
    CHECK(out != NULL);
    while (out && fgets(text, sizeof text, out)) {
        json_t *line = json_loads(text, 0, NULL);
        if (!strcmp(result_word(line, "question", ""), "instructions"))
            json_array_append(lines, line);
        json_decref(line);
    }
    int status = out ? pclose(out) : -1;
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77);
    return lines;
}

static json_t *lines;

static bool is_steady(const json_t *line)
{
    double low = result_number(line, "low", 0);
    double high = result_number(line, "high", NAN);
    bool fires = !strcmp(result_word(json_object_get(line, "params"), "of",
                                     ""), "timer fire");
    return fires ? high < 1.02 * low
                 : json_is_true(json_object_get(line, "exact"));
}

static void each_thing_is_counted_and_comes_out_the_same(void)
{
    unsigned things = 0, skipped = 0;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        const char *why = result_word(line, "skipped", NULL);
        if (why) {
            test_skip(result_word(line, "platform", ""), why);
            skipped++;
            continue;
        }
        things++;
        CHECK(result_number(line, "value", NAN) > 10);
        CHECK(is_steady(line));
    }
    CHECK_EQ(THINGS * (2 - skipped), things);
}

static double value_of(const char *platform, const char *of)
{
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        if (!strcmp(result_word(line, "platform", ""), platform) &&
            !strcmp(result_word(json_object_get(line, "params"), "of", ""),
                    of))
            return result_number(line, "value", NAN);
    }
    return NAN;
}

/* What is counted is the thing and not its beginning: a post is less than a
 * whole pass, which is less than a loop. */
static void a_post_is_less_than_a_pass_and_a_pass_than_a_loop(void)
{
    double post = value_of("linux", "post");
    double pass = value_of("linux", "pass");
    double loop = value_of("linux", "create and destroy");
    if (isnan(post)) {
        test_skip(__func__, "nothing was counted");
        return;
    }
    CHECK(post < pass);
    CHECK(pass < loop);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: instructions_test BUILD\n");
        return 1;
    }
    lines = ask(argv[1]);
    RUN(each_thing_is_counted_and_comes_out_the_same);
    RUN(a_post_is_less_than_a_pass_and_a_pass_than_a_loop);
    json_decref(lines);
    return test_result(2);
}
