/*
 * patch.c - see patch.h.
 */
#include "patch.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SUFFIX ".patch"

static bool is_digits(const char *at, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!isdigit((unsigned char)at[i]))
            return false;
    return true;
}

static bool is_planted(const char *name)
{
    if (strncmp(name, "canary", 6) == 0 && (!name[6] || name[6] == '-'))
        return true;
    return (name[0] == 'm' || name[0] == 'c') && is_digits(name + 1, 3) &&
           name[4] == '-';
}

/* The name of the file without folders and suffix. */
static bool take_name(struct patch *out, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t size = strlen(name), suffix = strlen(SUFFIX);
    if (size <= suffix || size - suffix >= PATCH_NAME_MAX ||
        strcmp(name + size - suffix, SUFFIX) != 0)
        return false;
    snprintf(out->name, sizeof out->name, "%.*s", (int)(size - suffix),
             name);
    snprintf(out->id, sizeof out->id, "%.*s",
             (int)strcspn(out->name, "-"), out->name);
    return is_planted(out->name);
}

/* The preamble ends where the diff begins. */
static void take_verdict(struct patch *out, FILE *file)
{
    char line[512];
    while (fgets(line, sizeof line, file) && strncmp(line, "--- ", 4) != 0)
        if (sscanf(line, "Verdict: %47s", out->verdict) == 1)
            return;
}

bool patch_read(struct patch *out, const char *path)
{
    *out = (struct patch){ .verdict = "" };
    if (!take_name(out, path))
        return false;
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    take_verdict(out, file);
    fclose(file);
    out->control = out->name[0] == 'c' && is_digits(out->name + 1, 3);
    if (out->control)
        snprintf(out->verdict, sizeof out->verdict, "clean");
    return *out->verdict;
}
