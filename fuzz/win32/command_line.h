/*
 * command_line.h - the two texts that a process is created with.
 */
#ifndef FUZZ_WIN32_COMMAND_LINE_H
#define FUZZ_WIN32_COMMAND_LINE_H

#include <stdbool.h>
#include <wchar.h>

#define COMMAND_LINE_SIZE 32767     /* what the system takes, with the 0    */

/*
 * Make the one text out of which a program takes its arguments again.
 *
 *   out       COMMAND_LINE_SIZE elements
 *   returns   false if it does not fit
 *   source    CommandLineToArgvW
 */
bool command_line_join(wchar_t *out, char *const argv[]);

/*
 * Copy the environment of this process, with one variable set.
 *
 *   returns   a block that the caller frees; NULL without memory
 */
wchar_t *command_line_environment(const wchar_t *name, const wchar_t *value);

#endif
