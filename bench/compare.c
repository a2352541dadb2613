/*
 * compare.c - the command compare: what differs between two result files?
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz/command.h"
#include "../fuzz/host.h"
#include "command.h"
#include "comparison.h"
#include "result.h"

static const char help[] =
"Usage: lastcall compare A B [options]\n"
"\n"
"Compare two files that lastcall bench --json or --out has written, A being\n"
"the older. Says for each row faster, slower or cannot tell, with the ratio\n"
"of cost B / A, its 95 % interval, and the probability that chance did it.\n"
"Exits 1 if the loop got slower.\n"
"\n"
"  --all           print rows that cannot be told apart too\n"
"  --json          one comparison a line on stdout, and nothing else\n"
"\n"
"Examples:\n"
"  ./lastcall compare old.jsonl new.jsonl\n"
"  ./lastcall compare old.jsonl new.jsonl --all\n";

static const char *const outcome_names[] = { "cannot tell", "faster",
                                             "slower" };

static json_t *line_of(const struct comparison *c)
{
    json_t *line = json_object();
    json_object_set_new(line, "type", json_string("comparison"));
    json_object_set_new(line, "of", json_string(
        result_word(c->b, "question", "")));
    static const char *const keys[] = { "subject", "platform", "params",
                                        "metric", "unit" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_t *field = json_object_get(c->b, keys[i]);
        if (field)
            json_object_set(line, keys[i], field);
    }
    json_object_set_new(line, "outcome",
                        json_string(outcome_names[c->outcome]));
    json_object_set_new(line, "why", json_string(c->why));
    json_object_set_new(line, "ratio", isfinite(c->ratio)
                        ? json_real(c->ratio) : json_null());
    json_object_set_new(line, "low", isfinite(c->interval.low)
                        ? json_real(c->interval.low) : json_null());
    json_object_set_new(line, "high", isfinite(c->interval.high)
                        ? json_real(c->interval.high) : json_null());
    json_object_set_new(line, "p", json_real(c->chance));
    return line;
}

static const char *colour_of(enum outcome outcome)
{
    static const char *const colours[] = { "", "\033[32m", "\033[31m" };
    const char *unwanted = getenv("NO_COLOR");
    if (!host_is_terminal(1) || (unwanted && *unwanted))
        return "";
    return colours[outcome];
}

static void print(const struct comparison *c)
{
    const char *colour = colour_of(c->outcome);
    char *params = json_dumps(json_object_get(c->b, "params"), JSON_COMPACT);
    printf("%s%-11s%s %6.3f (%.3f .. %.3f)  p %.4f  %s: %s on %s, "
           "%s %s%s%s%s\n",
           colour, outcome_names[c->outcome], *colour ? "\033[0m" : "",
           c->ratio, c->interval.low, c->interval.high, c->chance,
           result_word(c->b, "question", ""),
           result_word(c->b, "subject", ""),
           result_word(c->b, "platform", ""),
           result_word(c->b, "metric", ""), params ? params : "",
           *c->why ? " (" : "", c->why, *c->why ? ")" : "");
    free(params);
}

struct tally {
    unsigned outcome[3];
    unsigned slower_loop;
    unsigned alone;             /* rows that are in B only               */
};

static void compare_line(const json_t *line, const json_t *a_lines,
                         const json_t *b_lines, bool all, bool json,
                         struct tally *tally)
{
    struct comparison c;
    if (!comparison_make(&c, line, a_lines, b_lines)) {
        tally->alone++;
        return;
    }
    tally->outcome[c.outcome]++;
    tally->slower_loop += comparison_is_regression(&c);
    if (json) {
        json_t *printed = line_of(&c);
        result_print(printed, stdout);
        json_decref(printed);
    } else if (all || c.outcome != CANNOT_TELL) {
        print(&c);
    }
}

static void warn_of_machines(const json_t *a, const json_t *b)
{
    const char *old = result_word(json_array_get(a, 0), "machine", "");
    const char *new = result_word(json_array_get(b, 0), "machine", "");
    if (strcmp(old, new) != 0)
        fprintf(stderr, "lastcall compare: these are two machines: %s; "
                "%s\n", old, new);
}

static int compare(const json_t *a, const json_t *b, bool all, bool json)
{
    struct tally tally = { .alone = 0 };
    warn_of_machines(a, b);
    for (size_t i = 0; i < json_array_size(b); i++)
        compare_line(json_array_get(b, i), a, b, all, json, &tally);
    if (!json)
        printf("%u faster, %u slower, %u cannot tell, %u in the second file "
               "only\n", tally.outcome[FASTER], tally.outcome[SLOWER],
               tally.outcome[CANNOT_TELL], tally.alone);
    if (tally.outcome[0] + tally.outcome[1] + tally.outcome[2] == 0) {
        fprintf(stderr, "lastcall compare: the files have no row in "
                "common\n");
        return EXIT_NOTHING;
    }
    return tally.slower_loop > 0 ? EXIT_FINDING : EXIT_CLEAN;
}

int command_compare(int argc, char **argv)
{
    bool all = false, json = false;
    char why[RESULT_WHY];
    const struct option_form forms[] = {
        { "all", &all, NULL }, { "json", &json, NULL }, { 0 },
    };
    int left = options_read(argc, argv, forms, help);
    if (left <= 0)
        return left < 0 ? EXIT_USAGE : EXIT_CLEAN;
    if (left != 3) {
        fprintf(stderr, "lastcall compare: takes two files; see lastcall "
                "compare --help\n");
        return EXIT_USAGE;
    }
    json_t *a = result_read(argv[1], why);
    json_t *b = a ? result_read(argv[2], why) : NULL;
    int status = EXIT_USAGE;
    if (b)
        status = compare(a, b, all, json);
    else
        fprintf(stderr, "lastcall compare: %s\n", why);
    json_decref(b);
    json_decref(a);
    return status;
}
