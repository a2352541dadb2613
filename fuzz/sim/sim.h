/*
 * sim.h - the simulator: virtual threads, virtual time, a simulated kernel.
 *
 * It is the third platform behind loop/port.h and loop/os.h. All threads of
 * a run are fibers on one OS thread; a scheduler decides at every seam call
 * and at every atomic operation of instrumented code which of them goes on,
 * and at every choice of the kernel what happens. Memory that os_alloc gives
 * out comes from an arena with shadow state, so a bad access is found at the
 * access. Time moves only when nothing can run. The same decisions give the
 * same run, on any machine.
 *
 * There is one simulation per process, because the compiler's hooks are
 * global. Searching on several cores is done with several processes.
 *
 * units      time is virtual nanoseconds, from SIM_EPOCH
 * threads    one OS thread; `thread` below means a virtual one
 * errors     a mistake of the subject ends the run as a finding; a mistake
 *            in the use of the simulator aborts the process
 * source     relacy, Shuttle, TigerBeetle's simulator for the idea; the
 *            rules of Win32 completion ports for the kernel
 */
#ifndef FUZZ_SIM_H
#define FUZZ_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../ground.h"
#include "../sched/sched.h"
#include "../verdict.h"

#define SIM_EPOCH 1000000000u       /* virtual time at the start of a run  */

enum sim_profile {
    SIM_WIN10,      /* waiters released last in first out                   */
    SIM_WINE8,      /* first in first out; close aborts with other codes    */
    SIM_LINUX,      /* first in first out; close completes nothing, as with
                       bare epoll or io_uring, or, if cancels have outcomes,
                       may abort what is pending, as our ports on them do   */
};

/* Kernel faults, each a bit: the outcome may be asked for at all. */
#define SIM_FAULT(outcome) (1u << (outcome))

struct sim_options {
    enum sim_profile profile;
    uint32_t         faults;        /* SIM_FAULT bits; 0: none              */
    uint32_t         decisions_max; /* 0: 20,000; the fair phase has as many */
};

/* How did a run end? */
enum sim_end {
    SIM_DONE,       /* every thread has ended                               */
    SIM_STUCK,      /* nothing can run and there is no time to wait for     */
    SIM_FINDING,    /* ground_finding was called                            */
    SIM_BUDGET,     /* too many decisions, and no proof of anything         */
};

/*
 * Called when nothing can run, before time moves or the run is stuck.
 *
 *   timed     true if some thread waits with a time, so time could move
 *   returns   true if it has made a thread runnable or started one
 */
typedef bool sim_idle_fn(bool timed);

/*
 * Begin a run: reset arena, kernel, threads, time and trace.
 *
 *   sched     borrowed until sim_run has returned
 *   idle      may be NULL
 */
void sim_begin(const struct sim_options *options, struct sched *sched,
               sim_idle_fn *idle);

/*
 * Run until every thread has ended, nothing can run, a finding, or the
 * budget is spent. Threads are started with os_thread_start, before (by the
 * caller, outside any thread) or during the run.
 */
enum sim_end sim_run(void);

/*
 * From now on a wild pointer of the subject is a finding (abort), and so is
 * a run that stays without a decision for seconds (livelock). For programs
 * that have no handlers of their own, as libFuzzer has.
 */
void sim_catch_faults(void);

/* The finding of the last run: VERDICT_CLEAN and "" if there is none. */
enum verdict sim_verdict(void);
const char *sim_where(void);

/* The frames of the subject at the finding, innermost first, as "a < b < c";
 * "" if it did not come from an access. */
const char *sim_frames(void);

uint32_t sim_decisions(void);

/* Sleep on the calling thread until a time. */
void sim_sleep(uint64_t until);

/*
 * Mark memory that a kernel object or caller lends: from now on an access by
 * instrumented code, or a free, is kernel-owned-access. sim_return ends it.
 * For ranges inside one arena allocation; other memory is ignored.
 */
void sim_lend(const void *memory, size_t size);
void sim_return(const void *memory, size_t size);

/* The size of the oldest live allocation, for who looks for a leak; 0 if there
 * is none. */
size_t sim_oldest_allocation(void);

/*
 * Coverage of schedules: at each decision the pair (where the thread that
 * stops stood, where the one that goes on stands) is counted here, and the
 * runner adds buckets of contract state. Clearing is the caller's.
 */
#define SIM_FEEDBACK_SIZE 4096
extern uint8_t sim_feedback[SIM_FEEDBACK_SIZE];

/* Decisions asked for so far while a thread was current, by thread; with the
 * thread it names the decision that a strategy is being asked for. */
extern uint32_t sim_local_step[SCHED_THREADS_MAX];

#endif
