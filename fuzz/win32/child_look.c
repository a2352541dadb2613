/*
 * child_look.c - what can be seen of a child's threads.
 *
 * Windows does not tell whether a thread of another process is ready, nor
 * how often it ran. What it tells is how long each has run, and how long the
 * processors of the whole machine were idle: as long as none of them was, a
 * process that did not run may have wanted to.
 */
#include "child_parts.h"

#include <string.h>
#include <tlhelp32.h>

#define IDLE_SHARE 20           /* less than one in so many is no idle time */

static uint64_t time_of(DWORD thread)
{
    FILETIME created, exited, kernel = { 0 }, user = { 0 };
    HANDLE h = OpenThread(THREAD_QUERY_INFORMATION, FALSE, thread);
    if (h == NULL)
        return 0;
    GetThreadTimes(h, &created, &exited, &kernel, &user);
    CloseHandle(h);
    return ns_of(kernel) + ns_of(user);
}

static const struct child_task *find(const struct child *c, DWORD thread)
{
    for (unsigned i = 0; i < c->task_count; i++) {
        if (c->task[i].id == thread)
            return &c->task[i];
    }
    return NULL;
}

static void look_at(struct child *c, DWORD thread, struct child_task *kept,
                    unsigned *count, struct child_look *out)
{
    out->threads++;
    if (thread == atomic_load(&c->page->thread)) {
        out->witness_only = true;
        return;
    }
    if (*count == CHILD_TASKS_MAX)
        return;
    struct child_task now = { .id = thread, .ran_ns = time_of(thread) };
    const struct child_task *before = find(c, thread);
    if (before != NULL && now.ran_ns > before->ran_ns)
        out->cpu_ns += now.ran_ns - before->ran_ns;
    kept[(*count)++] = now;
}

static void look_at_all(struct child *c, struct child_task *kept,
                        unsigned *count, struct child_look *out)
{
    THREADENTRY32 entry = { .dwSize = sizeof entry };
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    if (all == INVALID_HANDLE_VALUE)
        return;
    for (BOOL more = Thread32First(all, &entry); more;
         more = Thread32Next(all, &entry)) {
        if (entry.th32OwnerProcessID == c->id)
            look_at(c, entry.th32ThreadID, kept, count, out);
    }
    CloseHandle(all);
}

static uint64_t idle_time(void)
{
    FILETIME idle = { 0 }, kernel, user;
    GetSystemTimes(&idle, &kernel, &user);
    return ns_of(idle);
}

void child_look(struct child *c, struct child_look *out)
{
    struct child_task kept[CHILD_TASKS_MAX];
    unsigned count = 0;
    uint64_t now = child_clock_ns();
    uint64_t wall = now - c->looked_ns;
    uint64_t idle = idle_time();

    *out = (struct child_look){ 0 };
    look_at_all(c, kept, &count, out);
    out->main_ended = WaitForSingleObject(c->main_thread, 0) ==
                      WAIT_OBJECT_0;
    out->witness_only = out->witness_only && out->threads == 1;
    bool busy = (idle - c->idle_ns) * IDLE_SHARE <
                wall * child_processors();
    if (c->looked_ns != 0 && busy && out->cpu_ns < wall)
        out->starved_ns = wall - out->cpu_ns;
    memcpy(c->task, kept, count * sizeof *kept);
    c->task_count = count;
    c->looked_ns = now;
    c->idle_ns = idle;
}
