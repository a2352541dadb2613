/*
 * watchdog_transcript.h - text that grows: a dump, or the stacks.
 *
 * Without memory the text stays as it was.
 */
#ifndef FUZZ_WATCHDOG_TRANSCRIPT_H
#define FUZZ_WATCHDOG_TRANSCRIPT_H

#include <stddef.h>

/* Zero it before use; text is NULL until something was printed. */
struct transcript {
    char  *text;
    size_t size;
    size_t cap;
};

/* Append, as printf; one call appends at most 8 KiB. */
void transcript_print(struct transcript *t, const char *format, ...);

#endif
