/*
 * options.c - long options, and the words people meant.
 */
#include "command.h"
#include "host.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMS_MAX 24

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Edits that turn one word into the other (Levenshtein), for short words. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[64];
    size_t n = strlen(b);
    if (n >= 63)
        return 99;
    for (size_t i = 0; i <= n; i++)
        row[i] = (unsigned)i;
    for (size_t i = 1; a[i - 1]; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i;
        for (size_t k = 1; k <= n; k++) {
            unsigned up = row[k];
            row[k] = least(least(up, row[k - 1]) + 1,
                           corner + (a[i - 1] != b[k - 1]));
            corner = up;
        }
    }
    return row[n];
}

const char *nearest_word(const char *word, const char *const *list)
{
    const char *best = NULL;
    unsigned best_distance = 3;
    for (; *list; list++) {
        unsigned d = distance(word, *list);
        if (d < best_distance) {
            best_distance = d;
            best = *list;
        }
    }
    return best;
}

static void unknown(const char *command, const char *word,
                    const struct option_form *forms)
{
    const char *list[FORMS_MAX + 1] = { NULL };
    for (int i = 0; forms[i].name && i < FORMS_MAX; i++)
        list[i] = forms[i].name;
    const char *meant =
        nearest_word(word + strspn(word, "-"), list);
    fprintf(stderr, "lastcall %s: unknown option %s%s%s; see lastcall %s "
            "--help\n", command, word, meant ? ", did you mean --" : "",
            meant ? meant : "", command);
}

int options_read(int argc, char **argv, const struct option_form *forms,
                 const char *help)
{
    struct option list[FORMS_MAX + 2] = { { 0 } };
    int count = 0;
    for (; forms[count].name && count < FORMS_MAX; count++) {
        list[count].name = forms[count].name;
        list[count].has_arg = forms[count].value ? required_argument
                                                 : no_argument;
        list[count].val = 256 + count;
    }
    list[count] = (struct option){ "help", no_argument, NULL, 'h' };
    opterr = 0;
    optind = 1;
    int c;
    while ((c = getopt_long(argc, argv, ":", list, NULL)) != -1) {
        if (c == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (c == ':') {
            fprintf(stderr, "lastcall %s: %s needs a value; see lastcall %s "
                    "--help\n", argv[0], argv[optind - 1], argv[0]);
            return -1;
        }
        if (c == '?') {
            unknown(argv[0], argv[optind - 1], forms);
            return -1;
        }
        const struct option_form *form = &forms[c - 256];
        if (form->value)
            *form->value = optarg;
        else
            *form->flag = true;
    }
    int left = 1;
    while (optind < argc)
        argv[left++] = argv[optind++];
    return left;
}

bool option_number(const char *name, const char *text, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno) {
        fprintf(stderr, "lastcall: --%s takes a whole number, not '%s'\n",
                name, text);
        return false;
    }
    *out = value;
    return true;
}

bool option_seconds(const char *name, const char *text, double *out)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value > 0) || value > 1e7) {
        fprintf(stderr, "lastcall: --%s takes a number of seconds above 0, "
                "not '%s'\n", name, text);
        return false;
    }
    *out = value;
    return true;
}

const char *program_mutant(void)
{
    static char program[HOST_PATH];
    host_program(program);
    const char *name = strrchr(program, '/');
    const char *ending = name ? strstr(name, "lastcall-fuzz-") : NULL;
    return ending ? ending + strlen("lastcall-fuzz-") : "";
}

void program_command(char *out, size_t size, const char *command,
                     const char *path)
{
    const char *mutant = program_mutant();
    snprintf(out, size, "./lastcall %s%s%s %s", command,
             *mutant ? " --mutant " : "", mutant, path);
}
