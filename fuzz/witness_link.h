/*
 * witness_link.h - what witness.c asks of a system: the shared memory, the
 * two pipes, and one thread. It leans on nothing of loop/, which is what is
 * being watched.
 *
 * threads    any; the first and the last three functions the main thread
 */
#ifndef FUZZ_WITNESS_LINK_H
#define FUZZ_WITNESS_LINK_H

#include <stddef.h>

#include "witness_page.h"

/*
 * Find what the parent has shared, and keep child processes from it.
 *
 *   returns   the page, mapped for the rest of the process; NULL: nobody
 *             watches
 */
struct witness_page *link_open(void);

/* Send a message whole; it is lost if nobody reads any more. */
void link_send(const char *bytes, size_t size);

/* Wait for a request; below 0: there will be none. */
int link_receive(void);

/* The calling thread, by the system's number. */
uint64_t link_thread(void);

/*
 * Start the witness's thread, which gets no signals.
 *
 *   returns   0, or -1
 */
int link_start(void (*entry)(void));

/* Wait for it to end. */
void link_join(void);

/* End the main thread and no other. */
_Noreturn void link_leave_main(void);

#endif
