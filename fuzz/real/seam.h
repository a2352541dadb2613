/*
 * seam.h - both seams of the loop, watched: every call of port.h and os.h
 * goes through seam.c on its way to the platform.
 *
 * The linker does it (--wrap): a reference to a function of the seam from
 * another file meets the function here, which is the place for noise, for the
 * trace, and for the account of what is left. Neither the loop nor the
 * platform knows.
 *
 * The clock can be moved on: when nothing can run but something waits for a
 * time that is far, nobody has to sit it out. Waits with a limit are therefore
 * made in slices, after each of which the clock is looked at again; waits
 * without a limit are the platform's own.
 */
#ifndef FUZZ_REAL_SEAM_H
#define FUZZ_REAL_SEAM_H

#include "../ground.h"

/* Forget what the last run has left. */
void seam_begin(void);

/* Move the clock on to this time, if that is later. */
void seam_pass_time(uint64_t until);

/* Of the platform, unwatched. */
struct os_thread;
struct os_mutex;
void seam_mutex_lock(struct os_mutex *m);
void seam_mutex_unlock(struct os_mutex *m);
int  seam_thread_start(struct os_thread *t, const char *name,
                       void (*entry)(void *arg), void *arg);
void seam_thread_join(struct os_thread *t);

#endif
