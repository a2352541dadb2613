/*
 * wine.h - programs for Windows, which Wine starts here.
 *
 * They lie in the folder `win32` beside that of the programs for Linux, with
 * their starter. What is measured under Wine shows that the harness and the
 * loops work there. It is no claim about speed: each wake is a request to
 * another process, which Windows does not need. So such rows are asked for
 * by name, are in no table with others, and each carries a note.
 */
#ifndef BENCH_WINE_H
#define BENCH_WINE_H

#include <stdbool.h>
#include <stddef.h>

#include "result.h"

/* The file of that name beside the starter, or the starter. */
void wine_path(char *out, size_t size, const char *folder, const char *name);
void wine_starter(char *out, size_t size, const char *folder);

/* Is there such a file? */
bool wine_has(const char *folder, const char *name);

/*
 * Make Wine ready, which on first use takes half a minute.
 *
 *   folder    of the programs for Linux
 *   returns   false: why holds what to install
 */
bool wine_ready(const char *folder, char why[RESULT_WHY]);

#endif
