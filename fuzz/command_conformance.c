/*
 * command_conformance.c - the rules of completion ports against every
 * platform there is, as one table.
 *
 * Each platform has a program of its own that prints a line for each rule;
 * the simulator's is run once for each profile.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "command.h"
#include "host.h"
#include "platform.h"

#define COLUMNS 6
#define ROWS_MAX 128
#define TEXT_SIZE 512
#define FIELDS 4
#define WAIT_MS 200

static const char help[] =
"Usage: lastcall conformance [--platform P] [--rule ID] [--json]\n"
"\n"
"Hold each platform to the numbered rules of completion ports. A rule holds,\n"
"differs as the platform announces, is not applicable, or fails: it differs\n"
"and nobody said so, or an announced difference does not show any more.\n"
"\n"
"  --platform P  sim, linux, io_uring or win32; default: all there are\n"
"  --rule ID     one rule, such as P10\n"
"  --json        one JSON object a line: conformance for a rule and platform,\n"
"                conformance-summary for a platform\n"
"\n"
"examples:\n"
"  lastcall conformance --platform io_uring\n"
"  lastcall conformance --rule C2\n";

static const struct {
    const char *name, *platform, *profile;
} columns[COLUMNS] = {
    { "sim-win10", "sim",      "win10" },
    { "sim-wine8", "sim",      "wine8" },
    { "sim-linux", "sim",      "linux" },
    { "linux",     "linux",    NULL    },
    { "io_uring",  "io_uring", NULL    },
    { "win32",     "win32",    NULL    },
};

enum outcome { MISSING, HOLDS, DIFFERS, NOT_APPLICABLE, FAILS, OUTCOMES };

static const char *const outcome_names[OUTCOMES] = {
    "missing", "holds", "differs", "not-applicable", "fails",
};

struct cell {
    enum outcome outcome;
    char         words[TEXT_SIZE];
};

struct row {
    char        rule[16];
    char        statement[TEXT_SIZE];
    struct cell cell[COLUMNS];
};

static struct {
    struct row row[ROWS_MAX];
    unsigned   count;
    bool       ran[COLUMNS];
    bool       json, fault;
    bool       unknown;         /* a program does not know the rule         */
} table;

/* --- reading ------------------------------------------------------------ */

static struct row *row_of(const char *rule, const char *statement)
{
    for (unsigned i = 0; i < table.count; i++)
        if (!strcmp(table.row[i].rule, rule))
            return &table.row[i];
    if (table.count == ROWS_MAX)
        return NULL;
    struct row *row = &table.row[table.count++];
    snprintf(row->rule, sizeof row->rule, "%s", rule);
    snprintf(row->statement, sizeof row->statement, "%s", statement);
    return row;
}

static enum outcome outcome_of(const char *name)
{
    for (int i = HOLDS; i < OUTCOMES; i++)
        if (!strcmp(name, outcome_names[i]))
            return (enum outcome)i;
    return MISSING;
}

/* A line that is none of the table, such as a platform's own complaint, is
 * shown as it is. */
static void read_line(char *line, unsigned column)
{
    char *field[FIELDS] = { line };
    int fields = 1;
    line[strcspn(line, "\r")] = '\0';
    for (char *c = line; *c && fields < FIELDS; c++)
        if (*c == '\t') {
            *c = '\0';
            field[fields++] = c + 1;
        }
    enum outcome outcome = fields == FIELDS ? outcome_of(field[1]) : MISSING;
    struct row *row = outcome == MISSING ? NULL
                                         : row_of(field[0], field[3]);
    if (!row) {
        fprintf(stderr, "%s: %s\n", columns[column].name, line);
        return;
    }
    row->cell[column].outcome = outcome;
    snprintf(row->cell[column].words, TEXT_SIZE, "%s", field[2]);
}

struct reader {
    char     text[4096];
    size_t   size;
    unsigned column;
};

static void read_output(struct child *c, struct reader *r)
{
    size_t n;
    while ((n = child_read(c, CHILD_OUTPUT, r->text + r->size,
                           sizeof r->text - 1 - r->size)) > 0) {
        r->size += n;
        r->text[r->size] = '\0';
        char *line = r->text, *end;
        while ((end = strchr(line, '\n')) != NULL) {
            *end = '\0';
            read_line(line, r->column);
            line = end + 1;
        }
        r->size = strlen(line);
        memmove(r->text, line, r->size);
        if (r->size == sizeof r->text - 1)
            r->size = 0;
    }
}

/* --- running ------------------------------------------------------------ */

static int fault(unsigned column, const char *why)
{
    fprintf(stderr, "lastcall conformance: %s: %s\n", columns[column].name,
            why);
    table.fault = true;
    return -1;
}

/* Returns its exit status, or -1 after a fault that was printed. */
static int run(unsigned column, char *const argv[])
{
    char why[CHILD_WHY];
    struct child *child;
    struct child_end end;
    struct reader reader = { .column = column };
    if (child_start(&child, argv, true, why) < 0)
        return fault(column, why);
    while (!child_wait(child, WAIT_MS) && !host_interrupted())
        read_output(child, &reader);
    child_end(child, &end);
    read_output(child, &reader);
    child_destroy(child);
    if (host_interrupted())
        return fault(column, "interrupted");
    if (end.crashed)
        return fault(column, child_crash_name(end.code));
    return (int)end.code;
}

/* What the program did not come to is no pass. */
static void note_missing(unsigned column)
{
    for (unsigned i = 0; i < table.count; i++) {
        struct cell *cell = &table.row[i].cell[column];
        if (cell->outcome == MISSING) {
            cell->outcome = FAILS;
            snprintf(cell->words, TEXT_SIZE, "the program does not say");
        }
    }
}

static void run_column(unsigned column, const char *rule)
{
    char *argv[PLATFORM_ARGS + 4], why[HOST_WHY];
    int count = platform_argv(columns[column].platform, "conformance", argv,
                              why);
    if (count < 0) {
        if (column == 0 || strcmp(columns[column].platform,
                                  columns[column - 1].platform) != 0)
            fprintf(stderr, "lastcall conformance: %s\n", why);
        return;
    }
    if (columns[column].profile)
        argv[count++] = (char *)columns[column].profile;
    if (rule) {
        argv[count++] = "--rule";
        argv[count++] = (char *)rule;
    }
    argv[count] = NULL;
    bool draws = host_is_terminal(2);
    if (draws)
        fprintf(stderr, "%s ...", columns[column].name);
    int status = run(column, argv);
    if (draws)
        fprintf(stderr, "\r\033[K");
    table.ran[column] = status == EXIT_CLEAN || status == EXIT_FINDING;
    table.unknown = table.unknown || (rule && status == EXIT_USAGE);
    if (!table.ran[column] && status > EXIT_USAGE)
        fault(column, "the program did not come to its end");
}

/* --- telling ------------------------------------------------------------ */

static unsigned count_of(unsigned column, enum outcome outcome)
{
    unsigned count = 0;
    for (unsigned i = 0; i < table.count; i++)
        count += table.row[i].cell[column].outcome == outcome;
    return count;
}

static void print_json(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

static void tell_json(unsigned column)
{
    for (unsigned i = 0; i < table.count; i++) {
        const struct row *row = &table.row[i];
        print_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}",
            "type", "conformance", "rule", row->rule,
            "statement", row->statement, "platform", columns[column].name,
            "outcome", outcome_names[row->cell[column].outcome],
            "words", row->cell[column].words));
    }
    print_json(json_pack("{s:s, s:s, s:i, s:i, s:i, s:i}",
        "type", "conformance-summary", "platform", columns[column].name,
        "holds", (int)count_of(column, HOLDS),
        "differs", (int)count_of(column, DIFFERS),
        "not_applicable", (int)count_of(column, NOT_APPLICABLE),
        "fails", (int)count_of(column, FAILS)));
}

static void tell_row(const struct row *row)
{
    static const char *const cells[OUTCOMES] = {
        "?", "holds", "differs", ".", "FAILS",
    };
    printf("%-5s", row->rule);
    for (unsigned c = 0; c < COLUMNS; c++)
        if (table.ran[c])
            printf("%-11s", cells[row->cell[c].outcome]);
    putchar('\n');
}

/* One line for all platforms that say the same. */
static void tell_words(const struct row *row, unsigned first)
{
    const struct cell *cell = &row->cell[first];
    for (unsigned c = 0; c < first; c++)
        if (table.ran[c] && !strcmp(row->cell[c].words, cell->words))
            return;
    printf("  %-7s %s", cell->outcome == FAILS ? "FAILS" : "",
           columns[first].name);
    for (unsigned c = first + 1; c < COLUMNS; c++)
        if (table.ran[c] && !strcmp(row->cell[c].words, cell->words))
            printf(", %s", columns[c].name);
    printf(": %s\n", cell->words);
}

static bool has_note(const struct cell *cell, bool all)
{
    return cell->outcome == DIFFERS || cell->outcome == FAILS ||
           (all && *cell->words);
}

/* With one rule asked for, also why it is not applicable. */
static void tell_notes(const struct row *row, bool all)
{
    bool told = false;
    for (unsigned c = 0; c < COLUMNS; c++)
        if (table.ran[c] && has_note(&row->cell[c], all)) {
            if (!told)
                printf("%s: %s\n", row->rule, row->statement);
            told = true;
            tell_words(row, c);
        }
}

static void tell_table(bool all)
{
    printf("%-5s", "rule");
    for (unsigned c = 0; c < COLUMNS; c++)
        if (table.ran[c])
            printf("%-11s", columns[c].name);
    putchar('\n');
    for (unsigned i = 0; i < table.count; i++)
        tell_row(&table.row[i]);
    putchar('\n');
    for (unsigned i = 0; i < table.count; i++)
        tell_notes(&table.row[i], all);
    putchar('\n');
    for (unsigned c = 0; c < COLUMNS; c++)
        if (table.ran[c])
            printf("%-10s %2u hold, %2u differ as announced, %2u not "
                   "applicable, %u fail\n", columns[c].name,
                   count_of(c, HOLDS), count_of(c, DIFFERS),
                   count_of(c, NOT_APPLICABLE), count_of(c, FAILS));
}

static int tell(const char *rule)
{
    bool ran = false, fails = false;
    for (unsigned c = 0; c < COLUMNS; c++) {
        ran = ran || table.ran[c];
        if (table.ran[c])
            note_missing(c);
        fails = fails || count_of(c, FAILS) > 0;
    }
    for (unsigned c = 0; c < COLUMNS && table.json; c++)
        if (table.ran[c])
            tell_json(c);
    if (ran && !table.json)
        tell_table(rule != NULL);
    if (table.fault)
        return EXIT_FAULT;
    if (!ran)
        return EXIT_NOTHING;
    return fails ? EXIT_FINDING : EXIT_CLEAN;
}

static int misused(const char *what, const char *word)
{
    fprintf(stderr, "lastcall conformance: %s '%s'; see lastcall conformance "
            "--help\n", what, word);
    return EXIT_USAGE;
}

int command_conformance(int argc, char **argv)
{
    const char *platform = NULL, *rule = NULL;
    const struct option_form forms[] = {
        { "platform", NULL, &platform }, { "rule", NULL, &rule },
        { "json", &table.json, NULL }, { 0 },
    };
    int left = options_read(argc, argv, forms, help);
    if (left <= 0)
        return left < 0 ? EXIT_USAGE : EXIT_CLEAN;
    if (left > 1)
        return misused("it takes options only, not", argv[1]);
    if (platform && !platform_is_known(platform))
        return misused("no platform is called", platform);
    for (unsigned c = 0; c < COLUMNS && !table.fault; c++)
        if (!platform || !strcmp(platform, columns[c].platform))
            run_column(c, rule);
    if (table.unknown)
        return misused("no rule is called", rule);
    return tell(rule);
}
