/*
 * machine.h - the machine that is measured on, and how busy others keep it.
 *
 * On two processors an unwatched tail measures the neighbour, not the loop.
 * So each measurement reads the load before and after, and what others used
 * meanwhile decides whether it counts.
 *
 * units      seconds of processor time
 * threads    any
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHINE_NAME_MAX 192

/* Processors that this process may use, when it began. */
unsigned machine_processors(void);

/*
 * Processor, kernel and their number, on one line.
 *
 *   differs   win32: there is none, and no load; the parent of what is
 *             measured asks for them
 */
void machine_name(char out[MACHINE_NAME_MAX]);

/* Does the frequency of a processor follow its load; may it be raised above
 * what is printed on it? False where the machine does not tell. */
bool machine_scales(void);
bool machine_boosts(void);

/*
 * Keep the calling thread on one processor.
 *
 *   index     0 .. machine_processors() - 1; higher ones wrap around
 *   threads   a thread that starts no others: they would inherit the place,
 *             and two that wait for each other on one processor hang
 */
void machine_pin(unsigned index);

/*
 * Does another thread of this process sleep in the kernel?
 *
 *   thread    os_thread_self() of it
 *   differs   win32: nobody tells; it waits until a thread should
 */
bool machine_sleeps(uint64_t thread);

/*
 * How much of an amount that is enough on a fast machine is enough here?
 *
 *   returns   1 or more
 *   differs   win32: a hundredth, since what is measured runs under Wine
 */
unsigned machine_part(unsigned amount);

/* Descriptors, or handles, that this process has open, and a constant. */
unsigned machine_handles(void);

/* Since the machine, or this process, was started. */
struct load {
    double at;      /* when, on a monotonic clock                        */
    double busy;    /* used by everybody, on all processors              */
    double stolen;  /* taken away by the host of a virtual machine       */
    double own;     /* used by this process and children it waited for   */
};

/* Read the load; false if this machine does not tell. */
bool machine_load(struct load *out);

#endif
