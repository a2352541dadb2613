/*
 * main.c - the rules on a real platform.
 *
 * usage: lastcall-conformance-PLATFORM [--rule ID]
 *
 * Prints a line for each rule: rule, outcome, words and statement, with tabs
 * between.
 * Exits with 1 if one fails. It starts itself with --here ID for each rule
 * and, for what is said about processes, with --process NAME.
 */
#include <stdio.h>
#include <string.h>

#include "process.h"

#define LINE_SIZE (2 * WORDS_SIZE + 64)

/* A rule may wait for two processes of its own. */
const struct process_limit process_rule = { .all_ms = 90000 };
const struct process_limit process_ends = { .all_ms = 20000 };
const struct process_limit process_stays = { .all_ms = 20000,
                                             .line_ms = 2000 };

static bool check_here(const struct rule *r, enum column column)
{
    struct observation o = { 0 };
    rule_run(r, &o);
    struct judgement j = judge(&r->announced[column], &o);
    rule_print(stdout, r, &j);
    return j.outcome != OUTCOME_FAILS;
}

static bool fail(const struct rule *r, const char *what, int status)
{
    struct judgement j = { .outcome = OUTCOME_FAILS };
    snprintf(j.words, sizeof j.words, what, status);
    rule_print(stdout, r, &j);
    return false;
}

static bool check_apart(const struct rule *r)
{
    const char *const args[] = { "--here", r->id, NULL };
    char line[LINE_SIZE] = "";
    size_t size = strlen(r->id);
    int status = process_run(args, &process_rule, line, sizeof line);
    if (status == PROCESS_HUNG)
        return fail(r, "hung", 0);
    if (strncmp(line, r->id, size) != 0 || line[size] != '\t' ||
        (status != 0 && status != 1))
        return fail(r, "its process ended with status %d", status);
    puts(line);
    fflush(stdout);
    return status == 0;
}

static bool check_rule(const struct rule *r, enum column column)
{
    if (rule_applies(r, column))
        return check_apart(r);
    struct judgement j = judge(&r->announced[column], NULL);
    rule_print(stdout, r, &j);
    return j.outcome != OUTCOME_FAILS;
}

static int check_all(enum column column)
{
    const struct rule *r;
    bool good = true;
    for (unsigned i = 0; (r = rule_at(i)) != NULL; i++)
        good = check_rule(r, column) && good;
    return good ? 0 : 1;
}

static int usage(void)
{
    fputs("usage: lastcall-conformance-PLATFORM [--rule ID]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    enum column column = column_here(argv[0]);
    if (argc == 1)
        return check_all(column);
    if (argc != 3)
        return usage();
    const struct rule *r = rule_find(argv[2]);
    if (!strcmp(argv[1], "--rule") && r)
        return check_rule(r, column) ? 0 : 1;
    if (!strcmp(argv[1], "--here") && r)
        return check_here(r, column) ? 0 : 1;
    if (!strcmp(argv[1], "--process")) {
        int status = process_main(argv[2]);
        if (status >= 0)
            return status;
    }
    return usage();
}
