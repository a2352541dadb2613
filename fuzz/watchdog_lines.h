/*
 * watchdog_lines.h - lines out of a stream that comes in pieces.
 */
#ifndef FUZZ_WATCHDOG_LINES_H
#define FUZZ_WATCHDOG_LINES_H

#include <stddef.h>

#define LINES_MAX 4096      /* bytes of a line; what is longer is cut       */

/* One stream; zero it before use. */
struct lines {
    char   text[LINES_MAX + 1];
    size_t size;
};

/*
 * Take a piece and hand over each line that it ends, without its newline or
 * the carriage return before it.
 */
void lines_take(struct lines *l, const char *piece, size_t size,
                void (*each)(const char *line, void *arg), void *arg);

/* Hand over what is left of a stream that has ended without a newline. */
void lines_end(struct lines *l, void (*each)(const char *line, void *arg),
               void *arg);

#endif
