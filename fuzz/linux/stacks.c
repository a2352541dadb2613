/*
 * stacks.c - the stacks of another process, by ptrace.
 *
 * Every thread is stopped before the first one is looked at, so that all
 * stacks are of one moment. PTRACE_INTERRUPT sends no signal and leaves a
 * system call as it was: the process, let go, notices nothing.
 */
#include "../stacks.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#include "../child.h"
#include "modules.h"
#include "unwind.h"

#define TASKS_MAX 512
#define ROUNDS    4             /* in which threads that start are caught   */
#define STOP_MS   1000          /* one in the kernel may take its time      */

struct task {
    pid_t id;
    bool  held;                 /* stopped by us                            */
    int   signal;               /* one that came instead of our stop        */
};

struct tasks {
    pid_t       process;
    pid_t       reader;         /* one that is held: the memory is reached
                                   through it, since that of a process whose
                                   main thread has ended is not there any more
                                   under its own number                     */
    pid_t       witness;
    unsigned    count;
    int         error;          /* why one could not be held                */
    struct task task[TASKS_MAX];
};

/* Registers by their DWARF numbers. */

#if defined(__x86_64__)
static const struct unwind_machine machine = { 7, 6, UINT64_MAX };

static void set_frame(struct unwind_frame *f,
                      const struct user_regs_struct *r)
{
    const uint64_t reg[] = { r->rax, r->rdx, r->rcx, r->rbx, r->rsi, r->rdi,
                             r->rbp, r->rsp, r->r8, r->r9, r->r10, r->r11,
                             r->r12, r->r13, r->r14, r->r15, r->rip };
    memcpy(f->reg, reg, sizeof reg);
    f->code = r->rip;
}
#elif defined(__aarch64__)
/* The upper bits of a return address may hold its signature. */
static const struct unwind_machine machine = { 31, 29, 0xffffffffffff };

static void set_frame(struct unwind_frame *f,
                      const struct user_regs_struct *r)
{
    memcpy(f->reg, r->regs, sizeof r->regs);
    f->reg[31] = r->sp;
    f->code = r->pc;
}
#else
static const struct unwind_machine machine = { 0, 1, UINT64_MAX };

static void set_frame(struct unwind_frame *f,
                      const struct user_regs_struct *r)
{
    (void)r;
    f->code = 0;
}
#endif

static bool read_frame(pid_t task, struct unwind_frame *f)
{
    struct user_regs_struct registers;
    struct iovec area = { &registers, sizeof registers };
    *f = (struct unwind_frame){ .exact = true };
    if (ptrace(PTRACE_GETREGSET, task, (void *)(uintptr_t)NT_PRSTATUS,
               &area) < 0)
        return false;
    set_frame(f, &registers);
    return true;
}

static bool read_word(uint64_t address, uint64_t *word, void *arg)
{
    const struct tasks *t = arg;
    struct iovec here = { word, sizeof *word };
    struct iovec there = { (void *)(uintptr_t)address, sizeof *word };
    return process_vm_readv(t->reader, &here, 1, &there, 1, 0) ==
           (ssize_t)sizeof *word;
}

/* Hold and let go. */

static bool is_known(const struct tasks *t, pid_t id)
{
    for (unsigned i = 0; i < t->count; i++) {
        if (t->task[i].id == id)
            return true;
    }
    return false;
}

static void hold(struct tasks *t, pid_t id)
{
    struct task *task = &t->task[t->count++];
    *task = (struct task){ .id = id };
    task->held = ptrace(PTRACE_SEIZE, id, NULL, NULL) == 0;
    if (task->held)
        ptrace(PTRACE_INTERRUPT, id, NULL, NULL);
    else if (errno != ESRCH)
        t->error = errno;
}

static unsigned hold_new(struct tasks *t)
{
    char path[64];
    unsigned before = t->count;
    snprintf(path, sizeof path, "/proc/%d/task", (int)t->process);
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        pid_t id = (pid_t)atoi(entry->d_name);
        if (id > 0 && id != t->witness && !is_known(t, id) &&
            t->count < TASKS_MAX)
            hold(t, id);
    }
    if (folder != NULL)
        closedir(folder);
    return t->count - before;
}

/* Only a thread that has stopped can be asked or let go. A signal that is
 * delivered at that moment stops it first, and is handed on. */
static void wait_for_stop(struct task *task)
{
    const struct timespec pause = { 0, 1000000 };
    int status = 0;
    for (int i = 0; i < STOP_MS; i++) {
        pid_t seen = waitpid(task->id, &status, __WALL | WNOHANG);
        if (seen == task->id) {
            task->held = WIFSTOPPED(status);
            if (task->held && status >> 16 != PTRACE_EVENT_STOP)
                task->signal = WSTOPSIG(status);
            return;
        }
        if (seen < 0 && errno != EINTR)
            break;
        nanosleep(&pause, NULL);
    }
    task->held = false;
}

/* A thread that is running may start another until it is held itself. */
static void hold_all(struct tasks *t)
{
    unsigned first = 0;
    for (int i = 0; i < ROUNDS && hold_new(t) > 0; i++) {
        for (; first < t->count; first++) {
            if (t->task[first].held)
                wait_for_stop(&t->task[first]);
        }
    }
}

static void let_go(struct tasks *t)
{
    for (unsigned i = 0; i < t->count; i++) {
        if (t->task[i].held)
            ptrace(PTRACE_DETACH, t->task[i].id, NULL,
                   (void *)(intptr_t)t->task[i].signal);
    }
}

/* Write down. */

static void read_line(const struct tasks *t, pid_t task, const char *what,
                      char *out, size_t cap)
{
    char path[96];
    snprintf(path, sizeof path, "/proc/%d/task/%d/%s", (int)t->process,
             (int)task, what);
    FILE *file = fopen(path, "re");
    size_t size = file != NULL ? fread(out, 1, cap - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    out[size] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

static void add_frame(struct stacks *s, const struct unwind_frame *f,
                      const struct module *m)
{
    struct stacks_frame out = { .module = "?", .offset = f->code };
    if (m != NULL) {
        uint64_t address = f->code - m->bias - !f->exact;
        out.module = m->name;
        out.own = m->own;
        out.offset = f->code - m->begin + m->offset;
        if (m->image != NULL)
            out.name = image_function(m->image, address, &out.offset);
        if (out.name != NULL)
            out.offset += !f->exact;
        else
            out.offset = f->code - m->begin + m->offset;
    }
    stacks_frame(s, &out);
}

static void add_stack(struct stacks *s, struct tasks *t,
                      const struct modules *all, pid_t task)
{
    struct unwind_frame f;
    bool more = read_frame(task, &f);
    for (int i = 0; more && i < STACKS_FRAMES; i++) {
        const struct module *m = modules_find(all, f.code);
        add_frame(s, &f, m);
        more = unwind_step(&f, &machine, m != NULL ? m->image : NULL,
                           m != NULL ? m->bias : 0, read_word, t);
    }
}

static void add_held(struct stacks *s, struct tasks *t)
{
    struct modules *all = malloc(sizeof *all);
    if (all == NULL)
        return;
    for (unsigned i = 0; i < t->count && t->reader == 0; i++)
        t->reader = t->task[i].held ? t->task[i].id : 0;
    modules_read(all, t->reader);
    for (unsigned i = 0; i < t->count; i++) {
        char name[32];
        if (!t->task[i].held)
            continue;
        read_line(t, t->task[i].id, "comm", name, sizeof name);
        stacks_thread(s, (uint64_t)t->task[i].id, name);
        add_stack(s, t, all, t->task[i].id);
    }
    modules_free(all);
    free(all);
}

/* What the kernel tells of a thread that may not be stopped: where it waits
 * in the kernel, and the system call with its arguments. One that has ended
 * stays in the list as long as it is the main thread. */
static void add_free(struct stacks *s, const struct tasks *t)
{
    for (unsigned i = 0; i < t->count; i++) {
        char name[32], wait[64], call[192], line[320];
        if (t->task[i].held || !child_exists((uint64_t)t->task[i].id))
            continue;
        read_line(t, t->task[i].id, "comm", name, sizeof name);
        read_line(t, t->task[i].id, "wchan", wait, sizeof wait);
        read_line(t, t->task[i].id, "syscall", call, sizeof call);
        stacks_thread(s, (uint64_t)t->task[i].id, name);
        snprintf(line, sizeof line, "    cannot be stopped; waits in %s, "
                 "system call %s", *wait != '\0' ? wait : "?",
                 *call != '\0' ? call : "?");
        stacks_say(s, line);
    }
}

void stacks_take(struct stacks *s, uint64_t process, uint64_t witness)
{
    struct tasks *t = calloc(1, sizeof *t);
    if (t == NULL)
        return;
    t->process = (pid_t)process;
    t->witness = (pid_t)witness;
    hold_all(t);
    add_held(s, t);
    let_go(t);
    if (s->thread_count == 0 && t->error != 0) {
        char line[128];
        snprintf(line, sizeof line, "no stacks: ptrace: %s",
                 strerror(t->error));
        stacks_say(s, line);
    }
    add_free(s, t);
    free(t);
}
