/*
 * options.c - see options.h.
 */
#include "options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"

#define OPTIONS_MAX 32

static const struct option *find(const struct option *options, size_t count,
                                 const char *name, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(options[i].name) == size &&
            memcmp(options[i].name, name, size) == 0)
            return &options[i];
    }
    return NULL;
}

static void say_unknown(const char *command, const struct option *options,
                        size_t count, const char *name)
{
    const char *words[OPTIONS_MAX];
    size_t known = count < OPTIONS_MAX ? count : OPTIONS_MAX;
    for (size_t i = 0; i < known; i++)
        words[i] = options[i].name;

    fprintf(stderr, "%s: there is no option %s\n", command, name);
    const char *meant = nearest(name, words, known);
    if (meant)
        fprintf(stderr, "Did you mean %s?\n", meant);
    else
        fprintf(stderr, "See: ./lastcall %s --help\n", command);
}

static int set_number(const char *command, const struct option *option,
                      const char *value)
{
    char *end;
    double number = strtod(value, &end);
    if (end == value || *end || !isfinite(number) || number < 0) {
        fprintf(stderr, "%s: %s takes a number, not \"%s\"\n", command,
                option->name, value);
        return -1;
    }
    *(double *)option->value = number;
    return 0;
}

static int set_value(const char *command, const struct option *option,
                     const char *value)
{
    if (!value || (option->kind == OPTION_TEXT && !*value)) {
        fprintf(stderr, "%s: %s takes a value\n", command, option->name);
        return -1;
    }
    if (option->kind == OPTION_NUMBER)
        return set_number(command, option, value);
    *(const char **)option->value = value;
    return 0;
}

static int set_flag(const char *command, const struct option *option,
                    const char *value)
{
    if (value) {
        fprintf(stderr, "%s: %s takes no value\n", command, option->name);
        return -1;
    }
    *(int *)option->value = 1;
    return 0;
}

/* Returns how many arguments were used, or -1. */
static int read_one(const char *command, const struct option *options,
                    size_t count, int left, char **argv)
{
    const char *equals = strchr(argv[0], '=');
    size_t size = equals ? (size_t)(equals - argv[0]) : strlen(argv[0]);
    const struct option *option = find(options, count, argv[0], size);

    if (!option) {
        say_unknown(command, options, count, argv[0]);
        return -1;
    }
    if (option->kind == OPTION_FLAG)
        return set_flag(command, option, equals ? equals + 1 : NULL) ? -1 : 1;
    if (equals)
        return set_value(command, option, equals + 1) ? -1 : 1;
    return set_value(command, option, left > 1 ? argv[1] : NULL) ? -1 : 2;
}

int options_read(const char *command, const struct option *options,
                 size_t count, int argc, char **argv)
{
    int others = 0;
    int i = 0;

    while (i < argc) {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[others++] = argv[i++];
            continue;
        }
        int used = read_one(command, options, count, argc - i, argv + i);
        if (used < 0)
            return -1;
        i += used;
    }
    while (i < argc)
        argv[others++] = argv[i++];
    return others;
}
