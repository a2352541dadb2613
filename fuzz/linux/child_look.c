/*
 * child_look.c - what the scheduler says of a child's threads.
 *
 * /proc/PID/task/TID/schedstat counts, for each thread, nanoseconds that it
 * ran, nanoseconds that it was ready and did not, and how often it began to
 * run. The kernel adds the second only when the thread runs at last; so one
 * that is ready at two looks in a row is taken to have been so between them,
 * and what it did not run is what it was kept from.
 */
#include "child_parts.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_GONE 'X'

static size_t read_text(const char *path, char *out, size_t cap)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, out, cap - 1);
    if (file >= 0)
        close(file);
    out[size > 0 ? size : 0] = '\0';
    return size > 0 ? (size_t)size : 0;
}

/*
 * The state of a thread, and how long it ran, in the kernel's ticks: both
 * stand behind the name, which may hold anything.
 */
static char state_of(pid_t process, pid_t thread, uint64_t *ran_ns)
{
    char path[64], text[512];
    char state = STATE_GONE;
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)process,
             (int)thread);
    read_text(path, text, sizeof text);
    const char *behind = strrchr(text, ')');
    if (behind != NULL)
        sscanf(behind, ") %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
               "%lu %lu", &state, &user, &system);
    *ran_ns = (user + system) * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
    return state;
}

static bool is_gone(char state)
{
    return state == 'Z' || state == 'X' || state == 'x';
}

/* A kernel without the scheduler's account leaves the ticks. */
static struct child_task task_of(pid_t process, pid_t thread, uint64_t ran_ns)
{
    char path[64], text[128];
    struct child_task t = { .id = thread, .ran_ns = ran_ns };
    snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", (int)process,
             (int)thread);
    read_text(path, text, sizeof text);
    sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &t.ran_ns, &t.waited_ns,
           &t.turns);
    return t;
}

static const struct child_task *find(const struct child *c, pid_t thread)
{
    for (unsigned i = 0; i < c->task_count; i++) {
        if (c->task[i].id == thread)
            return &c->task[i];
    }
    return NULL;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void add_task(struct child_look *out, const struct child_task *before,
                     const struct child_task *now, uint64_t wall)
{
    uint64_t ran = now->ran_ns - before->ran_ns;
    uint64_t waited = now->waited_ns - before->waited_ns;
    if (before->ready && now->ready)
        waited = wall - smaller(ran, wall);
    out->cpu_ns += ran;
    out->turns += now->turns - before->turns;
    out->starved_ns = larger(out->starved_ns, smaller(waited, wall));
}

/* Threads that keep one another from running leave nothing to others. */
static void limit_starved(struct child_look *out, uint64_t wall,
                          unsigned processors)
{
    uint64_t all = wall * processors;
    uint64_t others = all - smaller(all, out->cpu_ns);
    out->starved_ns = smaller(out->starved_ns, others);
    out->ready_ns = out->starved_ns;
}

static void look_at(struct child *c, pid_t thread, uint64_t wall,
                    struct child_task *kept, unsigned *count,
                    struct child_look *out)
{
    uint64_t ran_ns;
    char state = state_of(c->id, thread, &ran_ns);
    if (thread == c->id)
        out->main_ended = state == 'Z';
    if (is_gone(state))
        return;
    out->threads++;
    if ((uint64_t)thread == atomic_load(&c->page->thread)) {
        out->witness_only = true;
        return;
    }
    if (*count == CHILD_TASKS_MAX)
        return;
    struct child_task now = task_of(c->id, thread, ran_ns);
    /* One that waits for a disk, such as for a page of its own code, is kept
     * from running by the machine as well. */
    now.ready = state == 'R' || state == 'D';
    const struct child_task *before = find(c, thread);
    if (before != NULL)
        add_task(out, before, &now, wall);
    kept[(*count)++] = now;
}

void child_look(struct child *c, struct child_look *out)
{
    struct child_task kept[CHILD_TASKS_MAX];
    unsigned count = 0;
    uint64_t now = child_clock_ns();
    uint64_t wall = now - c->looked_ns;
    char path[64];

    *out = (struct child_look){ 0 };
    snprintf(path, sizeof path, "/proc/%d/task", (int)c->id);
    DIR *tasks = opendir(path);
    struct dirent *entry;
    while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
        pid_t thread = (pid_t)atoi(entry->d_name);
        if (thread > 0)
            look_at(c, thread, wall, kept, &count, out);
    }
    if (tasks != NULL)
        closedir(tasks);
    limit_starved(out, wall, c->processors);
    out->witness_only = out->witness_only && out->threads == 1;
    memcpy(c->task, kept, count * sizeof *kept);
    c->task_count = count;
    c->looked_ns = now;
}

bool child_exists(uint64_t id)
{
    uint64_t ran_ns;
    return !is_gone(state_of((pid_t)id, (pid_t)id, &ran_ns));
}
