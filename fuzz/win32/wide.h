/*
 * wide.h - text as Windows wants it: UTF-16, where the suite has UTF-8.
 *
 * threads    any
 */
#ifndef FUZZ_WIN32_WIDE_H
#define FUZZ_WIN32_WIDE_H

#include <windows.h>

#include <stdbool.h>

#include "../host.h"

/*
 * Turn UTF-8 into UTF-16.
 *
 *   cap       elements of out, 1 or more
 *   returns   false if it does not fit or is no UTF-8, with an error in
 *             GetLastError
 */
bool wide_from_text(const char *text, wchar_t *out, int cap);

/*
 * Turn UTF-16 into UTF-8.
 *
 *   cap       bytes of out, 1 or more
 *   returns   false, with an empty text, if it does not fit
 */
bool wide_to_text(const wchar_t *wide, char *out, int cap);

/* The same for a path, with the slashes that the suite looks for. */
bool wide_to_path(const wchar_t *wide, char *out, int cap);

/*
 * Say what the calling thread's last error was.
 *
 *   why       a sentence: what, path, and the system's words
 *   returns   -1
 *   source    GetLastError, FormatMessage
 */
int wide_fail(char why[HOST_WHY], const char *what, const char *path);

#endif
