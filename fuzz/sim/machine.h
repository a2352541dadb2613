/*
 * machine.h - the run that is going on: its threads, who may run, what time
 * it is. What the files of the simulator share among themselves.
 *
 * Whoever implements a seam call begins with machine_yield, which is where
 * another thread may come in between; looks and acts; and calls
 * machine_block if it has to wait, in a loop, because whoever is woken may
 * find that another thread was faster.
 */
#ifndef FUZZ_SIM_MACHINE_H
#define FUZZ_SIM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fiber.h"
#include "sim.h"

#define MACHINE_NOBODY 0xffu
#define MACHINE_FOREVER UINT64_MAX
#define MACHINE_MILLISECOND 1000000u

struct thread {
    struct fiber  fiber;
    const char   *name;
    void        (*entry)(void *argument);
    void         *argument;
    const void   *site;         /* the return address of its last call here  */
    uint64_t      until;        /* of its wait, if timed                     */
    uint32_t      joiners;      /* threads that wait for its end, as bits    */
    uint32_t      serial;       /* in order of creation                      */
    uint16_t      object;
    uint8_t       state;        /* enum ground_state                         */
    uint8_t       held;         /* mutexes                                   */
    bool          woken;        /* by an event, not by time                  */
    bool          released;     /* nobody will ask about it any more         */
};

struct machine {
    uint32_t       enabled;     /* who can run, as bits                      */
    uint32_t       alone;       /* the enabled that leave nothing to decide  */
    uint32_t       decisions;
    uint32_t       decisions_max;
    unsigned       current;     /* SCHED_DEVICE outside any thread           */
    unsigned       last;        /* the thread that ran last                  */
    uint32_t       timed;       /* who waits with a time, as bits            */
    uint32_t       faults;      /* SIM_FAULT bits                            */
    uint32_t       live;        /* threads that have not ended               */
    uint32_t       thread_count;
    uint32_t       serial;
    uint64_t       now;
    enum sim_profile profile;
    bool           active;      /* between sim_begin and the end of sim_run  */
    bool           fair;
    bool           clock_read;  /* since livelock.c has cleared it           */
    struct sched  *sched;
    sim_idle_fn   *idle;
    enum verdict   verdict;
    struct fiber   outside;     /* sim_run itself                            */
    struct thread  thread[SCHED_THREADS_MAX];
};

extern struct machine machine;

/* A mistake in the use of the simulator, or in itself, ends the process. */
_Noreturn void machine_failed(const char *file, const char *expression);

#define MACHINE_ASSERT(expression)                                          \
    ((expression) ? (void)0 : machine_failed(__FILE__, #expression))

/* Where a call to the function that this stands in came from. */
#define MACHINE_SITE __builtin_return_address(0)

/* Map zeroed memory at an address, in every process the same. */
void *machine_map(uintptr_t address, size_t size);

/* Is a virtual thread running, rather than who has started the run? */
static inline bool machine_inside(void)
{
    return machine.current != SCHED_DEVICE;
}

/* The part of machine_yield for when there is something to decide. */
void machine_decide(void);

/*
 * Let another thread come first, if the strategy says so. Comes before every
 * effect that another thread can see.
 *
 *   site      MACHINE_SITE: names where the thread stands
 */
static inline void machine_yield(const void *site)
{
    struct machine *m = &machine;
    m->thread[m->current].site = site;
    if (__builtin_expect(m->enabled == m->alone, 1) &&
        __builtin_expect(m->decisions < m->decisions_max, 1)) {
        m->decisions++;
        sim_local_step[m->current]++;
        return;
    }
    machine_decide();
}

/*
 * Wait until machine_wake, or a time.
 *
 *   object    what is waited for, as in enum ground_state
 *   until     absolute, or MACHINE_FOREVER
 *   returns   true if woken, false if the time has come
 */
bool machine_block(enum ground_state why, unsigned object, uint64_t until);

/* Let a waiting thread go on; one that does not wait stays as it is. */
void machine_wake(unsigned thread);

/* As above for a set of threads. */
void machine_wake_all(uint32_t threads);

/* Ask for an outcome; 0 if that fault is off or there is one outcome. */
unsigned machine_outcome(enum sched_outcome what, unsigned count);

/*
 * Start a thread.
 *
 *   returns   its number, or MACHINE_NOBODY if there are too many
 */
unsigned machine_start(const char *name, void (*entry)(void *argument),
                       void *argument);

/*
 * End the run because the calling code of the subject did something that is
 * never right. Returns only outside any thread.
 *
 *   where     as in ground_finding; NULL: the name of the innermost function
 *   site      where the subject stands
 *   frame     the frame to walk from
 */
void machine_misuse(enum verdict v, const char *where, const void *site,
                    void *frame);

/* The same, from a seam call that began with machine_yield. */
#define MACHINE_MISUSE(verdict, where)                                      \
    machine_misuse(verdict, where, machine.thread[machine.current].site,    \
                   __builtin_frame_address(0))

/* Look at memory that the subject has handed to a seam call. */
void machine_touch(const void *memory, size_t size);

/*
 * The other files' part in a run: they forget the last one; they account for
 * what is left; they add to a hash all that decides how the run goes on.
 */
void     kernel_begin(void);
void     kernel_left(struct ground_left *left);
uint64_t kernel_state(uint64_t hash);
void     port_begin(void);
void     port_left(struct ground_left *left);
uint64_t port_state(uint64_t hash);
void     os_begin(void);
void     os_left(struct ground_left *left);
uint64_t os_state(uint64_t hash);

/* The thread that has a mutex, or MACHINE_NOBODY. */
unsigned os_holder(unsigned mutex);

/* The device's turn: complete one op. See kernel.c. */
void kernel_turn(void);

#endif
