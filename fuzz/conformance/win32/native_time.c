/*
 * native_time.c - T: timers, registered waits, wait completion packets, jobs.
 */
#include "raw.h"

#include <stdio.h>

#define SHORT_MS 100
#define MILLISECOND 10000       /* of a FILETIME                             */

static LARGE_INTEGER after(unsigned ms)
{
    return (LARGE_INTEGER){ .QuadPart = -(LONGLONG)ms * MILLISECOND };
}

static void CALLBACK count_call(void *count, DWORD low, DWORD high)
{
    (void)low;
    (void)high;
    ++*(int *)count;
}

static HANDLE timer(struct observation *o)
{
    HANDLE h = CreateWaitableTimerW(NULL, FALSE, NULL);
    observe(o, h != NULL, "set-up: no timer");
    return h;
}

static void apc_of_a_timer_waits_for_its_thread(struct observation *o)
{
    HANDLE h = timer(o);
    LARGE_INTEGER due = after(1);
    int calls = 0;
    SetWaitableTimer(h, &due, 0, count_call, &calls, FALSE);
    observe_eq(o, WAIT_OBJECT_0, WaitForSingleObject(h, RAW_WAIT_MS),
               "a timer is not signalled");
    observe_eq(o, 0, calls, "an APC runs in a plain wait");
    observe_eq(o, WAIT_IO_COMPLETION, SleepEx(RAW_WAIT_MS, TRUE),
               "an alertable wait ends otherwise");
    observe_eq(o, 1, calls, "the APC did not run");

    SetWaitableTimer(h, &due, 0, count_call, &calls, FALSE);
    WaitForSingleObject(h, RAW_WAIT_MS);
    CancelWaitableTimer(h);
    observe_eq(o, 0, SleepEx(RAW_QUIET_MS, TRUE),
               "a cancelled timer ends an alertable wait");
    observe_eq(o, 1, calls, "the APC of a cancelled timer runs");
    CloseHandle(h);
}

static DWORD WINAPI set_and_leave(void *h)
{
    static int calls;
    LARGE_INTEGER due = after(SHORT_MS);
    return !SetWaitableTimer(h, &due, 0, count_call, &calls, FALSE);
}

static void timer_goes_with_its_thread(struct observation *o)
{
    HANDLE h = timer(o);
    observe(o, raw_join(raw_thread(o, set_and_leave, h)),
            "set-up: a thread does not end");
    observe(o, WaitForSingleObject(h, 10 * SHORT_MS) == WAIT_TIMEOUT,
            "the timer of a thread that ended is signalled");
    CloseHandle(h);
}

/* A callback that says it has begun, and waits until it may end. */
struct call {
    HANDLE begun, may_end, ended;
};

static void call_open(struct observation *o, struct call *c)
{
    c->begun = raw_event(o, TRUE);
    c->may_end = raw_event(o, TRUE);
    c->ended = raw_event(o, TRUE);
}

static void call_close(struct call *c)
{
    CloseHandle(c->begun);
    CloseHandle(c->may_end);
    CloseHandle(c->ended);
}

static void CALLBACK run_call(void *arg, BOOLEAN timed)
{
    struct call *c = arg;
    (void)timed;
    SetEvent(c->begun);
    WaitForSingleObject(c->may_end, RAW_WAIT_MS);
    SetEvent(c->ended);
}

static bool has_begun(const struct call *c)
{
    return WaitForSingleObject(c->begun, RAW_WAIT_MS) == WAIT_OBJECT_0;
}

static bool has_ended(const struct call *c)
{
    return WaitForSingleObject(c->ended, 0) == WAIT_OBJECT_0;
}

static DWORD WINAPI let_end(void *event)
{
    Sleep(RAW_QUIET_MS);
    return !SetEvent(event);
}

static HANDLE queue_timer(struct observation *o, struct call *c)
{
    HANDLE h = NULL;
    call_open(o, c);
    observe(o, CreateTimerQueueTimer(&h, NULL, run_call, c, 0, 0,
                                     WT_EXECUTEONLYONCE),
            "set-up: no timer");
    observe(o, has_begun(c), "a callback does not run");
    return h;
}

static void deleting_a_timer_may_wait(struct observation *o)
{
    struct call c;
    HANDLE h = queue_timer(o, &c);
    observe(o, !DeleteTimerQueueTimer(NULL, h, NULL),
            "a timer whose callback runs is deleted at once");
    observe_eq(o, ERROR_IO_PENDING, GetLastError(),
               "the error is another one");
    SetEvent(c.may_end);
    WaitForSingleObject(c.ended, RAW_WAIT_MS);

    h = queue_timer(o, &c);
    HANDLE helper = raw_thread(o, let_end, c.may_end);
    observe(o, DeleteTimerQueueTimer(NULL, h, INVALID_HANDLE_VALUE),
            "deleting and waiting fails");
    observe(o, has_ended(&c), "deleting does not wait for the callback");
    raw_join(helper);
    call_close(&c);
}

static HANDLE registered_wait(struct observation *o, struct call *c,
                              HANDLE event)
{
    HANDLE h = NULL;
    call_open(o, c);
    observe(o, RegisterWaitForSingleObject(&h, event, run_call, c, INFINITE,
                                           WT_EXECUTEONLYONCE),
            "set-up: no wait");
    SetEvent(event);
    observe(o, has_begun(c), "a callback does not run");
    return h;
}

static void unregistering_says_pending(struct observation *o)
{
    struct call c;
    HANDLE event = raw_event(o, FALSE), done = raw_event(o, TRUE);
    HANDLE h = registered_wait(o, &c, event);
    observe(o, !UnregisterWaitEx(h, done),
            "a wait whose callback runs is unregistered at once");
    observe_eq(o, ERROR_IO_PENDING, GetLastError(),
               "the error is another one");
    observe_eq(o, WAIT_TIMEOUT, WaitForSingleObject(done, RAW_QUIET_MS),
               "the end is signalled before it");
    SetEvent(c.may_end);
    observe_eq(o, WAIT_OBJECT_0, WaitForSingleObject(done, RAW_WAIT_MS),
               "the end is not signalled");
    call_close(&c);
    CloseHandle(done);
    CloseHandle(event);
}

static void unregistering_may_wait(struct observation *o)
{
    struct call c;
    HANDLE event = raw_event(o, FALSE);
    HANDLE h = registered_wait(o, &c, event);
    HANDLE helper = raw_thread(o, let_end, c.may_end);
    observe(o, UnregisterWaitEx(h, INVALID_HANDLE_VALUE),
            "unregistering and waiting fails");
    observe(o, has_ended(&c), "unregistering does not wait for the callback");
    raw_join(helper);
    call_close(&c);
    CloseHandle(event);
}

static void unregistering_waits_as_asked(struct observation *o)
{
    unregistering_says_pending(o);
    unregistering_may_wait(o);
}

/* Of ntdll, without a header. */
typedef LONG WINAPI create_fn(HANDLE *packet, DWORD access, void *attributes);
typedef LONG WINAPI associate_fn(HANDLE packet, HANDLE port, HANDLE object,
                                 void *key, void *apc, LONG status,
                                 ULONG_PTR information, BOOLEAN *signalled);
typedef LONG WINAPI cancel_fn(HANDLE packet, BOOLEAN remove);

struct wait_packets {
    create_fn    *create;
    associate_fn *associate;
    cancel_fn    *cancel;
};

static bool find_wait_packets(struct wait_packets *w)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    w->create = (create_fn *)(void *)GetProcAddress(
        ntdll, "NtCreateWaitCompletionPacket");
    w->associate = (associate_fn *)(void *)GetProcAddress(
        ntdll, "NtAssociateWaitCompletionPacket");
    w->cancel = (cancel_fn *)(void *)GetProcAddress(
        ntdll, "NtCancelWaitCompletionPacket");
    return w->create && w->associate && w->cancel;
}

static void wait_packet_is_for_one_signal(struct observation *o)
{
    struct wait_packets w;
    bool there = find_wait_packets(&w);
    observe(o, there, "there are no wait completion packets");
    if (!there)
        return;
    HANDLE port = raw_port(o), event = raw_event(o, FALSE), packet = NULL;
    OVERLAPPED at = { 0 };
    void *key = (void *)(ULONG_PTR)RAW_KEY;
    observe_eq(o, 0, w.create(&packet, MAXIMUM_ALLOWED, NULL),
               "set-up: no wait completion packet");
    for (int turn = 0; turn < 2; turn++) {
        observe_eq(o, 0, w.associate(packet, port, event, key, &at, 0, 0,
                                     NULL), "a packet is not armed");
        SetEvent(event);
        raw_packet_of(o, port, &at);
    }
    observe_eq(o, 0, w.associate(packet, port, event, key, &at, 0, 0, NULL),
               "a packet is not armed");
    observe_eq(o, 0, w.cancel(packet, TRUE), "an armed packet is not disarmed");
    SetEvent(event);
    raw_quiet(o, port, "a disarmed packet comes");
    CloseHandle(packet);
    CloseHandle(event);
    CloseHandle(port);
}

static HANDLE job_with_port(struct observation *o, HANDLE port)
{
    HANDLE job = CreateJobObjectW(NULL, NULL);
    JOBOBJECT_ASSOCIATE_COMPLETION_PORT to = {
        .CompletionKey = (void *)(ULONG_PTR)RAW_KEY,
        .CompletionPort = port,
    };
    observe(o, SetInformationJobObject(
                   job, JobObjectAssociateCompletionPortInformation, &to,
                   sizeof to), "a job does not take a port");
    return job;
}

/* A process that ends at once, in the job from its birth. */
static DWORD run_in_job(struct observation *o, HANDLE job)
{
    char self[MAX_PATH], command[MAX_PATH + 32];
    STARTUPINFOA about = { .cb = sizeof about };
    PROCESS_INFORMATION made = { 0 };
    GetModuleFileNameA(NULL, self, sizeof self);
    snprintf(command, sizeof command, "\"%s\" --process nothing", self);
    observe(o, CreateProcessA(NULL, command, NULL, NULL, FALSE,
                              CREATE_SUSPENDED, NULL, NULL, &about, &made),
            "set-up: no process");
    observe(o, AssignProcessToJobObject(job, made.hProcess),
            "set-up: the process is not in the job");
    ResumeThread(made.hThread);
    CloseHandle(made.hThread);
    CloseHandle(made.hProcess);
    return made.dwProcessId;
}

static void job_tells_its_port(struct observation *o)
{
    static const DWORD messages[] = { JOB_OBJECT_MSG_NEW_PROCESS,
                                      JOB_OBJECT_MSG_EXIT_PROCESS,
                                      JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO };
    HANDLE port = raw_port(o), job = job_with_port(o, port);
    DWORD id = run_in_job(o, job);
    for (int i = 0; i < 3; i++) {
        struct raw_packet packet = raw_dequeue(port, 2 * RAW_WAIT_MS);
        observe_eq(o, messages[i], packet.size, "another message comes");
        observe_eq(o, RAW_KEY, (long long)packet.key,
                   "the packet has another key");
        if (i < 2)
            observe_eq(o, id, (long long)(ULONG_PTR)packet.at,
                       "the process is another one");
    }
    CloseHandle(job);
    CloseHandle(port);
}

const struct native natives_time[] = {
    { "T1", apc_of_a_timer_waits_for_its_thread },
    { "T2", timer_goes_with_its_thread },
    { "T3", deleting_a_timer_may_wait },
    { "T4", unregistering_waits_as_asked },
    { "T5", wait_packet_is_for_one_signal },
    { "T6", job_tells_its_port },
    { 0 },
};
