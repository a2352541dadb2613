/*
 * native.c - rules that only the simulated machine can be asked: what it
 * finds where a real one would be left damaged.
 */
#include "../native.h"

#include "../../../loop/os.h"
#include "../../ground.h"
#include "../../peer.h"
#include "../scene.h"

/* Time moves only when nothing can run. */
void settle(void)
{
    os_pause();
}

static void wait_for_ever(void *arg)
{
    struct packet packet;
    port_dequeue(arg, &packet, 1, PORT_FOREVER);
}

static void close_under_a_waiter(struct observation *o)
{
    struct port *p = scene_port(o);
    struct os_thread thread = { { 0 } };
    observe_eq(o, 0, os_thread_start(&thread, "waiter", wait_for_ever, p),
               "set-up: no thread");
    settle();
    port_close(p);
    os_thread_join(&thread);
}

static void use_after_close(struct observation *o)
{
    struct port *p = scene_port(o);
    port_close(p);
    port_post(p, 1);
}

static void free_before_the_packet(struct observation *o)
{
    struct scene s;
    struct port_op *op = os_alloc(sizeof *op);
    char in[4];
    scene_open_stream(&s, o);
    scene_begin_read(&s, op, in, sizeof in);
    os_free(op);
    scene_close(&s);
}

struct listener {
    struct os_console console;
    unsigned          heard;
    unsigned          thread;
};

static void note_event(struct os_console *c, enum os_console_event what)
{
    struct listener *l = (struct listener *)(void *)c;
    l->heard += what == OS_CONSOLE_INTERRUPT;
    l->thread = ground_thread();
}

static void event_has_its_own_thread(struct observation *o)
{
    struct listener l = { .console = { .event = note_event } };
    observe_eq(o, 0, os_console_watch(&l.console),
               "set-up: events are not watched");
    observe_eq(o, 1, (long long)ground_console(OS_CONSOLE_INTERRUPT),
               "nobody watches");
    settle();
    os_console_ignore(&l.console);
    observe_eq(o, 1, l.heard, "an event is not heard once");
    observe(o, l.thread != ground_thread(),
            "an event comes on a thread it interrupts");
}

static const struct native natives[] = {
    { "P20", close_under_a_waiter },
    { "P22", use_after_close },
    { "O13", free_before_the_packet },
    { "X7", event_has_its_own_thread },
    { 0 },
};

rule_fn *native_find(const char *id)
{
    return native_in(natives, id);
}
