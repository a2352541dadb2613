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
#include "ranks.h"
#include "result.h"

static const char help[] =
"Usage: lastcall compare A B [options]\n"
"\n"
"Compare two files that lastcall bench --json or --out has written, A being\n"
"the older. Says for each row faster, slower or cannot tell, with\n"
"  - the ratio of cost B / A (Hodges-Lehmann) and its 95 % interval,\n"
"  - how large that is beside the spread of the rounds, and how likely a\n"
"    round of B costs more than one of A (Vargha-Delaney),\n"
"  - q, how likely chance did it (Mann-Whitney), adjusted for the number of\n"
"    rows (Benjamini-Hochberg): of those called, 1 in 20 may be chance.\n"
"Exits 1 if the loop got slower.\n"
"\n"
"  --all           print rows that cannot be told apart too\n"
"  --json          one comparison a line on stdout, the last line for all\n"
"\n"
"Examples:\n"
"  ./lastcall compare old.jsonl new.jsonl\n"
"  ./lastcall compare old.jsonl new.jsonl --all\n";

static const char *const outcome_names[] = { "cannot tell", "faster",
                                             "slower" };

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

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
    json_object_set_new(line, "ratio", number(c->ratio));
    json_object_set_new(line, "low", number(c->interval.low));
    json_object_set_new(line, "high", number(c->interval.high));
    json_object_set_new(line, "effect", number(c->above));
    json_object_set_new(line, "size", json_string(ranks_size(c->above)));
    json_object_set_new(line, "p", json_real(c->chance));
    json_object_set_new(line, "q", json_real(c->adjusted));
    return line;
}

/* What all of them mean together. */
static json_t *line_of_all(const struct comparisons *c)
{
    return json_pack(
        "{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:f}", "type",
        "comparisons", "faster", (int)c->called[FASTER], "slower",
        (int)c->called[SLOWER], "cannot_tell", (int)c->called[CANNOT_TELL],
        "alone", (int)c->alone, "tested", (int)c->tested, "tested_own",
        (int)c->tested_own, "expected_by_chance", c->expected,
        "expected_unadjusted", COMPARISON_CHANCE * (double)c->tested);
}

static void print_line(json_t *line)
{
    result_print(line, stdout);
    json_decref(line);
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
    printf("%s%-11s%s %6.3f (%.3f .. %.3f)  %-10s %.2f  q %-7.2g  %s: %s on "
           "%s, %s %s%s%s%s\n",
           colour, outcome_names[c->outcome], *colour ? "\033[0m" : "",
           c->ratio, c->interval.low, c->interval.high,
           ranks_size(c->above), c->above, c->adjusted,
           result_word(c->b, "question", ""),
           result_word(c->b, "subject", ""),
           result_word(c->b, "platform", ""),
           result_word(c->b, "metric", ""), params ? params : "",
           *c->why ? " (" : "", c->why, *c->why ? ")" : "");
    free(params);
}

static void print_all(const struct comparisons *c)
{
    size_t called = c->called[FASTER] + c->called[SLOWER];
    printf("%zu faster, %zu slower, %zu cannot tell, %zu in the second file "
           "only\n", c->called[FASTER], c->called[SLOWER],
           c->called[CANNOT_TELL], c->alone);
    printf("%zu rows were tested, %zu of them the loop's own: of the %zu "
           "called, %.2g may be chance\n(each by itself at 5 %%: %.2g "
           "false alarms to expect where nothing has changed)\n",
           c->tested, c->tested_own, called, c->expected,
           COMPARISON_CHANCE * (double)c->tested);
}

static void warn_of_machines(const json_t *a, const json_t *b)
{
    const char *old = result_word(json_array_get(a, 0), "machine", "");
    const char *new = result_word(json_array_get(b, 0), "machine", "");
    if (strcmp(old, new) != 0)
        fprintf(stderr, "lastcall compare: these are two machines: %s; "
                "%s\n", old, new);
}

static int say(const struct comparisons *c, bool all, bool json)
{
    bool regressed = false;
    for (size_t i = 0; i < c->count; i++) {
        regressed = regressed || comparison_is_regression(&c->of[i]);
        if (json)
            print_line(line_of(&c->of[i]));
        else if (all || c->of[i].outcome != CANNOT_TELL)
            print(&c->of[i]);
    }
    if (json)
        print_line(line_of_all(c));
    else
        print_all(c);
    return regressed ? EXIT_FINDING : EXIT_CLEAN;
}

static int compare(const json_t *a, const json_t *b, bool all, bool json)
{
    struct comparisons c;
    int status = EXIT_NOTHING;
    warn_of_machines(a, b);
    comparisons_open(&c, a, b);
    if (c.count > 0)
        status = say(&c, all, json);
    else
        fprintf(stderr, "lastcall compare: the files have no row in "
                "common\n");
    comparisons_close(&c);
    return status;
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
