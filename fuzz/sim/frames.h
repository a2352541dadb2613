/*
 * frames.h - names for where the subject stands.
 *
 * A frame belongs to the subject if its function calls one of the compiler's
 * hooks, which is what instrumentation means; so the suite's own functions,
 * which lie between those of the loop, drop out by themselves. Names come
 * from the symbol table of the executable, are read when the first finding
 * needs them, and lose what a compiler appends after a dot.
 */
#ifndef FUZZ_SIM_FRAMES_H
#define FUZZ_SIM_FRAMES_H

#include <stddef.h>

#define FRAMES_SIZE 512

/*
 * Name the frames of the subject, innermost first, as "a < b < c".
 *
 *   site      an address in the innermost one; NULL: only the walk counts
 *   frame     the frame pointer of a callee, where the walk begins
 *   innermost the first name alone; "unknown" if there is none
 */
void frames_name(const void *site, void *frame, char out[FRAMES_SIZE],
                 char innermost[FRAMES_SIZE]);

#endif
