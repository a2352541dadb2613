/*
 * test_machine.h - what tests ask of the machine they run on, besides the
 * two seams. Each real platform's folder answers in its test_machine.c, of
 * which a program without tests links nothing.
 */
#ifndef LOOP_TEST_MACHINE_H
#define LOOP_TEST_MACHINE_H

#include "os.h"

/*
 * Count what the process has open.
 *
 *   differs   Linux counts descriptors; Windows sockets and pipes only, as
 *             its own libraries open and close handles of other kinds
 */
int test_machine_handles(void);

/* Count the threads of the process; one that was joined may be among them
 * for a moment longer. */
int test_machine_threads(void);

/* From now on a console event that nobody watches does not end the process. */
void test_machine_outlive_events(void);

/*
 * Let a console event come to this process, as if from outside.
 *
 *   threads   any that holds no lock which a watcher may want
 */
void test_machine_event(enum os_console_event what);

#endif
