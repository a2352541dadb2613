/*
 * fault.c - what a broken subject does to the process, turned into findings:
 * a wild pointer, and a loop that never reaches a scheduling point.
 *
 * The handler leaves for good through ground_finding, on a stack of its own,
 * whatever the subject was in the middle of; the next run begins afresh.
 */
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>

#include "machine.h"

#define HANDLER_STACK (64u * 1024)
#define TICKS_MAX 3     /* seconds in one run without a decision            */

static uint8_t  handler_stack[HANDLER_STACK] __attribute__((aligned(16)));
static uint32_t decisions_then;
static unsigned ticks;

static void end_run(enum verdict v, const char *where, void *context)
{
    const ucontext_t *u = context;
    machine_misuse(v, where, (const void *)u->uc_mcontext.gregs[REG_RIP],
                   (void *)u->uc_mcontext.gregs[REG_RBP]);
}

static void on_wild_pointer(int number, siginfo_t *info, void *context)
{
    (void)info;
    if (machine.active && machine_inside())
        end_run(VERDICT_ABORT, NULL, context);

    /* It was the suite itself: let it come again and end the process. */
    signal(number, SIG_DFL);
}

static void on_tick(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    bool inside = machine.active && machine_inside();
    bool moved = machine.decisions != decisions_then;
    decisions_then = machine.decisions;
    ticks = inside && !moved ? ticks + 1 : 0;
    if (ticks < TICKS_MAX)
        return;
    ticks = 0;
    end_run(VERDICT_LIVELOCK, "runs for ever without a scheduling point",
            context);
}

static void catch_signal(int number,
                         void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
    sigaction(number, &action, NULL);
}

void sim_catch_faults(void)
{
    stack_t stack = { .ss_sp = handler_stack, .ss_size = HANDLER_STACK };
    struct itimerval second = { { 1, 0 }, { 1, 0 } };
    sigaltstack(&stack, NULL);
    catch_signal(SIGSEGV, on_wild_pointer);
    catch_signal(SIGBUS, on_wild_pointer);
    catch_signal(SIGFPE, on_wild_pointer);
    catch_signal(SIGILL, on_wild_pointer);
    catch_signal(SIGALRM, on_tick);
    setitimer(ITIMER_REAL, &second, NULL);
}
