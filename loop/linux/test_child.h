/*
 * test_child.h - tests that run in a child, under limits that cannot be
 * lifted again.
 */
#ifndef LOOP_LINUX_TEST_CHILD_H
#define LOOP_LINUX_TEST_CHILD_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../test.h"

/*
 * From now on this system call of the thread, and of threads that it starts,
 * gets the answer instead.
 *
 *   answer    what a filter of seccomp returns
 *   returns   0, or -1 if the kernel has no filters
 */
static inline int forbid(int number, unsigned answer)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, answer),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { .len = 4, .filter = code };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

enum { CHILD_PASSED = 0, CHILD_FAILED = 1, CHILD_SKIPPED = 77 };

/* Run a function in a child, and return what it returned. */
static inline int run_child(int (*child)(void))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(child());
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_FAILED;
}

/* The same for a test that has passed, or could not be done here. */
static inline void check_child(const char *name, int (*child)(void))
{
    int result = run_child(child);
    if (result == CHILD_SKIPPED)
        test_skip(name, "no seccomp");
    else
        CHECK_EQ(CHILD_PASSED, result);
}

#endif
