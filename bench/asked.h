/*
 * asked.h - the moment at which a process is asked to end, told to its
 * parent, which sees when it is gone.
 *
 * One line, "asked N", on the clock of os_now(), which all processes share.
 * It is written at once, past the buffers of stdio: a process that just ends
 * does not empty them.
 *
 * units      nanoseconds
 */
#ifndef BENCH_ASKED_H
#define BENCH_ASKED_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The time is now. */
void asked_print(void);

/*
 * Take one line; what is no such line changes nothing.
 *
 *   asked     uint64_t
 */
void asked_take(void *asked, const char *line);

#ifdef __cplusplus
}
#endif

#endif
