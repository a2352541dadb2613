/*
 * wine.c - see wine.h.
 */
#include "wine.h"

#include <stdio.h>

#include "child.h"

#define PATH_SIZE 1200
#define READY_SECONDS 180
#define NO_WINE 77              /* status of the starter                 */

void wine_path(char *out, size_t size, const char *folder, const char *name)
{
    snprintf(out, size, "%s/../win32/%s", folder, name);
}

void wine_starter(char *out, size_t size, const char *folder)
{
    wine_path(out, size, folder, "wine");
}

bool wine_has(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    wine_path(path, sizeof path, folder, name);
    FILE *file = fopen(path, "rb");
    if (file)
        fclose(file);
    return file != NULL;
}

/* Any program makes what Wine keeps on the disk, if it is not there. */
static struct child_result start_any(const char *folder)
{
    char starter[PATH_SIZE];
    const char *argv[] = { starter, "cmd", "/c", "ver", NULL };
    struct child_options options = { .argv = argv, .quiet = true,
                                     .seconds_max = READY_SECONDS };
    wine_starter(starter, sizeof starter, folder);
    return child_run(&options, NULL, NULL);
}

bool wine_ready(const char *folder, char why[RESULT_WHY])
{
    if (!wine_has(folder, "wine") ||
        !wine_has(folder, "lastcall-bench-peer-win32.exe")) {
        snprintf(why, RESULT_WHY, "the programs for Windows are not built; "
                 "'./lastcall bench --platform win32' builds them, with "
                 "gcc-mingw-w64-x86-64-win32");
        return false;
    }
    struct child_result ended = start_any(folder);
    if (ended.end == CHILD_EXITED && ended.status == 0)
        return true;
    if (ended.end == CHILD_EXITED && ended.status == NO_WINE)
        snprintf(why, RESULT_WHY, "there is no Wine here; install it: "
                 "apt-get install --no-install-recommends wine64");
    else
        snprintf(why, RESULT_WHY, "Wine starts no program; build/win32/wine "
                 "cmd /c ver says why");
    return false;
}
