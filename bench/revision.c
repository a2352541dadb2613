/*
 * revision.c - see revision.h.
 */
#include "revision.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../fuzz/host.h"

/* Read the first line of folder/name; false if there is none. */
static bool read_first(const char *folder, const char *name, char *out,
                       size_t size)
{
    char path[2 * REVISION_PATH];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    bool found = fgets(out, (int)size, file) != NULL;
    fclose(file);
    if (found)
        out[strcspn(out, "\n")] = '\0';
    return found && *out;
}

static bool is_root(const char *folder)
{
    char path[2 * REVISION_PATH];
    snprintf(path, sizeof path, "%s/fuzz/mutants", folder);
    if (host_is_folder(path))
        return true;
    snprintf(path, sizeof path, "%s/.git", folder);
    return host_is_folder(path);
}

void revision_root(char out[REVISION_PATH])
{
    char program[HOST_PATH];
    host_program(program);
    snprintf(out, REVISION_PATH, "%s", program);
    for (char *slash = strrchr(out, '/'); slash && slash != out;
         slash = strrchr(out, '/')) {
        *slash = '\0';
        if (is_root(out))
            return;
    }
    snprintf(out, REVISION_PATH, ".");
    if (is_root("."))
        return;
    for (unsigned up = 1; up < 8; up++) {
        snprintf(out, REVISION_PATH, "%.*s", (int)(3 * up - 1),
                 "../../../../../../../..");
        if (is_root(out))
            return;
    }
    snprintf(out, REVISION_PATH, ".");
}

/* A branch that was packed has no file of its own, only a line in this. */
static bool find_packed(const char *git, const char *branch, char *out,
                        size_t size)
{
    char path[2 * REVISION_PATH], line[512], name[400], commit[REVISION_MAX];
    bool found = false;
    snprintf(path, sizeof path, "%s/packed-refs", git);
    FILE *file = fopen(path, "r");
    while (file && !found && fgets(line, sizeof line, file)) {
        found = sscanf(line, "%79s %399s", commit, name) == 2 &&
                strcmp(name, branch) == 0;
    }
    if (file)
        fclose(file);
    if (found)
        snprintf(out, size, "%s", commit);
    return found;
}

void revision_read(char out[REVISION_MAX])
{
    char root[REVISION_PATH], git[REVISION_PATH + 8], head[512];
    revision_root(root);
    snprintf(git, sizeof git, "%s/.git", root);
    snprintf(out, REVISION_MAX, "unknown");
    if (!read_first(git, "HEAD", head, sizeof head))
        return;
    if (strncmp(head, "ref: ", 5) != 0) {
        snprintf(out, REVISION_MAX, "%.79s", head);
        return;
    }
    if (!read_first(git, head + 5, out, REVISION_MAX) &&
        !find_packed(git, head + 5, out, REVISION_MAX))
        snprintf(out, REVISION_MAX, "unknown");
}
