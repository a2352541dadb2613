#include "platform.h"

#include <stdio.h>
#include <string.h>

#include "command.h"

#define FILE_SIZE (2 * HOST_PATH)

const char *const platform_name[PLATFORMS + 1] = { "sim", "linux", "io_uring",
                                                   "win32", NULL };

bool platform_is_known(const char *platform)
{
    for (int i = 0; i < PLATFORMS; i++)
        if (!strcmp(platform, platform_name[i]))
            return true;
    return false;
}

/* The folder of this program, with the slash. */
static void here(char out[HOST_PATH])
{
    host_program(out);
    char *slash = strrchr(out, '/');
    if (slash)
        slash[1] = '\0';
}

static bool can_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file)
        fclose(file);
    return file != NULL;
}

int platform_argv(const char *platform, const char *program,
                  char *argv[PLATFORM_ARGS + 1], char why[HOST_WHY])
{
    static char starter[FILE_SIZE], file[FILE_SIZE];
    char folder[HOST_PATH];
    bool windows = !strcmp(platform, "win32");
    int count = 0;
    here(folder);
    snprintf(starter, sizeof starter, "%s../win32/wine", folder);
    const char *mutant = strcmp(program, "real") ? "" : program_mutant();
    snprintf(file, sizeof file, "%s%slastcall-%s-%s%s%s%s", folder,
             windows ? "../win32/" : "", program, platform,
             *mutant ? "-" : "", mutant, windows ? ".exe" : "");
    if (!can_read(file)) {
        snprintf(why, HOST_WHY, "there is no program for %s: run ./lastcall "
                 "build %s", platform, windows ? "win32" : "clang");
        return -1;
    }
    if (windows)
        argv[count++] = starter;
    argv[count++] = file;
    argv[count] = NULL;
    return count;
}
