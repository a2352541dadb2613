/*
 * child_test.c - what a watchdog does on Linux only.
 *
 * usage: child_test FOLDER, where the programs of fuzz/hangs are
 */
#include "../watchdog.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../loop/os.h"
#include "../../loop/test.h"
#include "../child.h"

#define GONE_LOOKS 10000

static const char *folder;

static void run(const char *program, const struct watchdog_options *options,
                struct watchdog_report *report)
{
    char path[1024];
    char *argv[] = { path, NULL };
    snprintf(path, sizeof path, "%s/hang-%s", folder, program);
    CHECK_EQ(0, watchdog_run(argv, options, report));
}

static void interrupt(const char *line, void *unused)
{
    (void)line;
    (void)unused;
    raise(SIGINT);
}

/* Without somebody to ask, Ctrl-C ends the program and not the watchdog, and
 * afterwards means what it meant before. */
static void interrupt_ends_the_program_only(void)
{
    struct watchdog_options options = { .stall_ms = 600000,
                                        .line = interrupt };
    struct watchdog_report r;
    struct sigaction before, after;
    sigaction(SIGINT, NULL, &before);
    run("spin", &options, &r);
    sigaction(SIGINT, NULL, &after);
    CHECK_EQ(WATCHDOG_INTERRUPTED, r.end);
    CHECK(before.sa_handler == after.sa_handler);
    CHECK(!child_exists(r.id));
    watchdog_report_free(&r);
}

/* Looking again and again with pauses uses next to no time, and is no sleep:
 * the scheduler counts the turns. */
static void polling_is_a_livelock(void)
{
    struct watchdog_options options = { .stall_ms = 1000 };
    struct watchdog_report r;
    run("polls", &options, &r);
    CHECK_EQ(WATCHDOG_HUNG, r.end);
    CHECK_EQ(VERDICT_LIVELOCK, r.verdict);
    watchdog_report_free(&r);
}

/* In a process of its own: start a program, tell its number, and wait to be
 * killed. */
static _Noreturn void keep(int out)
{
    char path[1024], why[CHILD_WHY];
    char *argv[] = { path, NULL };
    struct child *c;
    snprintf(path, sizeof path, "%s/hang-spin", folder);
    uint64_t id = child_start(&c, argv, true, why) == 0 ? child_id(c) : 0;
    if (write(out, &id, sizeof id) < 0)
        _exit(1);
    for (;;)
        pause();
}

/* A watchdog that is killed leaves no program behind. */
static void killed_watchdog_takes_its_program_along(void)
{
    int ends[2];
    uint64_t id = 0;
    CHECK_EQ(0, pipe(ends));
    fflush(stdout);
    pid_t watchdog = fork();
    if (watchdog == 0)
        keep(ends[1]);
    CHECK_EQ((int)sizeof id, (int)read(ends[0], &id, sizeof id));
    CHECK(id > 0);
    CHECK(child_exists(id));
    kill(watchdog, SIGKILL);
    waitpid(watchdog, NULL, 0);
    for (int i = 0; i < GONE_LOOKS && child_exists(id); i++)
        os_pause();
    CHECK(!child_exists(id));
    close(ends[0]);
    close(ends[1]);
}

/* From now on ptrace is refused to this process, as in many containers. */
static bool forbid_ptrace(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof code / sizeof *code, code };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Exit statuses: 0 as promised, 1 not, 77 it could not be forbidden. */
static int watch_without_ptrace(void)
{
    struct watchdog_options options = { .stall_ms = 1000 };
    struct watchdog_report r;
    if (!forbid_ptrace())
        return 77;
    run("lock-order", &options, &r);
    CHECK_EQ(VERDICT_DEADLOCK, r.verdict);
    CHECK(r.stacks != NULL);
    CHECK(r.stacks && strstr(r.stacks, "no stacks: ptrace: Operation not "
                                       "permitted\n"));
    CHECK(r.stacks && strstr(r.stacks, "other\n    cannot be stopped; waits "
                                       "in "));
    fflush(stdout);
    return test_failures > 0;
}

/* Where the system does not let stacks be taken, the report says so, and the
 * verdict is the same. */
static void forbidden_stacks_are_said_to_be(void)
{
    int status = 0;
    fflush(stdout);
    pid_t process = fork();
    if (process == 0)
        _exit(watch_without_ptrace());
    waitpid(process, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        test_skip("forbidden_stacks_are_said_to_be", "there is no seccomp");
    else
        CHECK_EQ(0, status);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: child_test FOLDER\n");
        return 2;
    }
    folder = argv[1];
    RUN(interrupt_ends_the_program_only);
    RUN(polling_is_a_livelock);
    RUN(killed_watchdog_takes_its_program_along);
    RUN(forbidden_stacks_are_said_to_be);
    return test_result(4);
}
