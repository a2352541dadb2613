/*
 * console.h - console and signal events, delivered by the loop.
 *
 * threads    any
 * source     SetConsoleCtrlHandler; asyncio's handling of Ctrl-C since
 *            Python 3.11: the first asks, the second forces
 */
#ifndef LOOP_CONSOLE_H
#define LOOP_CONSOLE_H

#include "loop.h"
#include "os.h"

struct console_watch {
    struct loop_item  item;
    struct loop      *loop;
    struct os_console os;
    uint32_t          count;    /* events seen so far                    */
    uint32_t          what;     /* the latest enum os_console_event      */
    void (*event)(struct console_watch *w, uint32_t count);
};

/*
 * Call w->event on the loop for console events. Events that come before the
 * callback has run are told together; count says how many there have been
 * since the watch began, and is never short of one.
 *
 *   w         event is set, name may be
 *   returns   0, LOOP_ECLOSED or LOOP_ENOMEM
 *   owns      the loop until console_unwatch returns
 */
int console_watch(struct loop *l, struct console_watch *w);

/*
 * End a watch. When this returns the callback does not come any more, and one
 * that another thread was in, or on its way to, has returned; so this waits
 * for it. The callback itself may end its watch and does not wait. A watch
 * that a shutdown has ended already is left as it is.
 *
 *   w         was accepted; its memory is there until this returns
 *   threads   not from a thread that the callback of w waits for, as another
 *             watch's callback may be that ends w while it is ended by w's
 */
void console_unwatch(struct console_watch *w);

#endif
