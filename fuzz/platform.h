/*
 * platform.h - where a run can happen, and which program runs there.
 *
 * Each platform has programs of its own, since the port is chosen when a
 * program is linked. They lie beside this one; those of win32 in the folder
 * `win32` beside this one's, with a starter for Wine.
 *
 *   sim        the simulated kernel: deterministic
 *   linux      the completion port over epoll
 *   io_uring   the one over io_uring
 *   win32      the real one, here under Wine
 */
#ifndef FUZZ_PLATFORM_H
#define FUZZ_PLATFORM_H

#include "host.h"

#define PLATFORMS 4
#define PLATFORM_ARGS 3     /* slots that platform_argv fills at most        */

extern const char *const platform_name[PLATFORMS + 1];  /* ends with NULL    */

/* Is it one of platform_name? */
bool platform_is_known(const char *platform);

/*
 * Find a program of a platform and how it is started.
 *
 *   program   "conformance" means lastcall-conformance-PLATFORM; "real" the
 *             one with this program's planted bug, if it has one
 *   argv      PLATFORM_ARGS slots and one for the NULL that ends them
 *   returns   how many slots were filled; -1: it is not there, and why holds
 *             what to do
 *   owns      the strings are the platform's own, good until the next call
 */
int platform_argv(const char *platform, const char *program,
                  char *argv[PLATFORM_ARGS + 1], char why[HOST_WHY]);

#endif
