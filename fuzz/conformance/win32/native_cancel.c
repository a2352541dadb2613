/*
 * native_cancel.c - C: cancels that reach further than one op, and those of
 * synchronous calls.
 */
#include "raw.h"

#define TRIES 500

static void expect_aborted(struct observation *o, HANDLE port,
                           const OVERLAPPED *at)
{
    struct raw_packet packet = raw_packet_of(o, port, at);
    observe_eq(o, ERROR_OPERATION_ABORTED, packet.error,
               "a cancelled op is not aborted");
}

struct starter {
    struct observation *o;
    HANDLE              file;
    OVERLAPPED          at;
    char                in[4];
};

static DWORD WINAPI start_and_leave(void *arg)
{
    struct starter *s = arg;
    raw_read(s->o, s->file, &s->at, s->in, sizeof s->in);
    return 0;
}

/* A read that another thread has started, and left. */
static void read_elsewhere(struct starter *s, struct observation *o,
                           HANDLE file, HANDLE event)
{
    *s = (struct starter){ .o = o, .file = file };
    s->at.hEvent = event;
    observe(o, raw_join(raw_thread(o, start_and_leave, s)),
            "a read does not return");
}

static void handle_is_cancelled_for_all(struct observation *o)
{
    struct raw_scene s;
    struct starter starter;
    raw_open(o, &s);
    read_elsewhere(&starter, o, s.end[0], NULL);
    observe(o, CancelIoEx(s.end[0], NULL), "a pending op is not found");
    expect_aborted(o, s.port, &starter.at);
    observe(o, !CancelIoEx(s.end[0], NULL), "nothing pending is a success");
    observe_eq(o, ERROR_NOT_FOUND, GetLastError(),
               "the error is another one");
    raw_close(&s);
}

static void cancel_io_is_for_one_thread(struct observation *o)
{
    struct raw_scene s;
    struct starter starter;
    OVERLAPPED at = { 0 };
    char in[4];
    raw_open(o, &s);
    observe(o, CancelIo(s.end[0]), "nothing pending is a failure");
    read_elsewhere(&starter, o, s.end[0], NULL);
    observe(o, CancelIo(s.end[0]), "nothing pending is a failure");
    raw_quiet(o, s.port, "another thread's op is cancelled");
    raw_read(o, s.end[0], &at, in, sizeof in);
    CancelIo(s.end[0]);
    expect_aborted(o, s.port, &at);
    CancelIoEx(s.end[0], &starter.at);
    expect_aborted(o, s.port, &starter.at);
    raw_close(&s);
}

static void duplicate_reaches_the_op(struct observation *o)
{
    struct raw_scene s;
    OVERLAPPED at = { 0 };
    HANDLE copy, self = GetCurrentProcess();
    char in[4];
    raw_open(o, &s);
    observe(o, DuplicateHandle(self, s.end[0], self, &copy, 0, FALSE,
                               DUPLICATE_SAME_ACCESS),
            "set-up: no duplicate");
    raw_read(o, s.end[0], &at, in, sizeof in);
    observe(o, CancelIoEx(copy, &at), "a duplicate reaches no op");
    expect_aborted(o, s.port, &at);
    CloseHandle(copy);
    raw_close(&s);
}

/* With an event the op is its thread's, and goes with it. */
static void event_ties_an_op_to_its_thread(struct observation *o)
{
    struct raw_scene s;
    struct starter starter;
    HANDLE event = raw_event(o, TRUE);
    raw_open(o, &s);
    read_elsewhere(&starter, o, s.end[0], event);
    expect_aborted(o, s.port, &starter.at);
    raw_close(&s);
    CloseHandle(event);
}

struct reader {
    HANDLE file;
    DWORD  error;
};

static DWORD WINAPI read_and_wait(void *arg)
{
    struct reader *r = arg;
    char in[4];
    DWORD size;
    r->error = ReadFile(r->file, in, sizeof in, &size, NULL) ? 0
                                                             : GetLastError();
    return 0;
}

/* The thread may not be in the call yet, so who cancels asks again. */
static void synchronous_read_is_cancelled(struct observation *o)
{
    struct reader r;
    HANDLE writer;
    observe(o, CreatePipe(&r.file, &writer, NULL, 0), "set-up: no pipe");
    HANDLE thread = raw_thread(o, read_and_wait, &r);
    for (int i = 0; i < TRIES; i++) {
        CancelSynchronousIo(thread);
        if (WaitForSingleObject(thread, 5) == WAIT_OBJECT_0)
            break;
    }
    observe_eq(o, WAIT_OBJECT_0, WaitForSingleObject(thread, 0),
               "a blocked read is not cancelled");
    observe_eq(o, ERROR_OPERATION_ABORTED, r.error,
               "the read ends otherwise");
    CloseHandle(thread);
    CloseHandle(r.file);
    CloseHandle(writer);
}

static DWORD WINAPI wait_for_event(void *event)
{
    return WaitForSingleObject(event, RAW_WAIT_MS);
}

static void nothing_to_cancel_is_said(struct observation *o)
{
    HANDLE event = raw_event(o, TRUE);
    HANDLE thread = raw_thread(o, wait_for_event, event);
    observe(o, !CancelSynchronousIo(thread), "nothing to cancel is a success");
    observe_eq(o, ERROR_NOT_FOUND, GetLastError(),
               "the error is another one");
    SetEvent(event);
    raw_join(thread);
    CloseHandle(event);
}

static void synchronous_call_is_cancelled(struct observation *o)
{
    synchronous_read_is_cancelled(o);
    nothing_to_cancel_is_said(o);
}

static void handle_cancel_ends_a_synchronous_read(struct observation *o)
{
    struct reader r;
    HANDLE writer;
    observe(o, CreatePipe(&r.file, &writer, NULL, 0), "set-up: no pipe");
    HANDLE thread = raw_thread(o, read_and_wait, &r);
    for (int i = 0; i < TRIES; i++) {
        CancelIoEx(r.file, NULL);
        if (WaitForSingleObject(thread, 5) == WAIT_OBJECT_0)
            break;
    }
    observe(o, raw_join(thread), "a blocked read is not cancelled");
    observe_eq(o, ERROR_OPERATION_ABORTED, r.error,
               "the read ends otherwise");
    CloseHandle(r.file);
    CloseHandle(writer);
}

static void waiting_for_a_result_takes_no_packet(struct observation *o)
{
    struct raw_scene s;
    OVERLAPPED at = { 0 };
    DWORD moved;
    char in[4];
    raw_open(o, &s);
    raw_read(o, s.end[0], &at, in, sizeof in);
    observe(o, CancelIoEx(s.end[0], &at), "a pending op is not found");
    observe(o, !GetOverlappedResult(s.end[0], &at, &moved, TRUE),
            "a cancelled op succeeds");
    observe_eq(o, ERROR_OPERATION_ABORTED, GetLastError(),
               "the error is another one");
    expect_aborted(o, s.port, &at);
    raw_close(&s);
}

const struct native natives_cancel[] = {
    { "C4", handle_is_cancelled_for_all },
    { "C5", cancel_io_is_for_one_thread },
    { "C6", duplicate_reaches_the_op },
    { "C11", event_ties_an_op_to_its_thread },
    { "C12", synchronous_call_is_cancelled },
    { "C13", handle_cancel_ends_a_synchronous_read },
    { "C14", waiting_for_a_result_takes_no_packet },
    { 0 },
};
