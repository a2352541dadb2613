/*
 * glib.c - g_main_loop_run, with a source for each post: GLib allocates it.
 *
 * g_main_context_invoke would call from within itself when the thread of the
 * loop posts, so posts are sources with the priority that it gives them.
 *
 * source: GLib's reference manual, "The Main Event Loop"
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../loop/check.h"
#include "peer_loop.h"
#include "scatter.h"

static GMainContext *context;
static GMainLoop    *loop;
static void        (*on_post)(void);
static GSource     **timers;
static unsigned      timer_count;

const char *peer_loop_engine(void)
{
    return "poll";
}

const char *peer_loop_version(void)
{
    static char text[16];
    snprintf(text, sizeof text, "%u.%u.%u", glib_major_version,
             glib_minor_version, glib_micro_version);
    return text;
}

void peer_loop_open(void)
{
    context = g_main_context_new();
    loop = g_main_loop_new(context, FALSE);
}

void peer_loop_run(void)
{
    g_main_loop_run(loop);
}

/* Its flag is cleared by the run that begins, so a stop is a source too. */
static gboolean quit(gpointer arg)
{
    (void)arg;
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static void attach(GSourceFunc run)
{
    GSource *source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, run, NULL, NULL);
    g_source_attach(source, context);
    g_source_unref(source);
}

void peer_loop_stop(void)
{
    attach(quit);
}

void peer_loop_close(void)
{
    g_main_loop_unref(loop);
    g_main_context_unref(context);
}

static gboolean run_post(gpointer arg)
{
    (void)arg;
    on_post();
    return G_SOURCE_REMOVE;
}

void peer_posts_open(unsigned count, void (*run)(void))
{
    (void)count;
    on_post = run;
}

void peer_posts_close(void)
{
}

void peer_post(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        attach(run_post);
}

/* Timers. */

bool peer_can_end(enum peer_kind kind)
{
    return kind == PEER_TIMERS;
}

static gboolean on_timer(gpointer arg)
{
    (void)arg;
    return G_SOURCE_REMOVE;
}

void peer_pending_open(enum peer_kind kind, unsigned count)
{
    LOOP_ASSERT(kind == PEER_TIMERS);
    timers = calloc(count, sizeof(GSource *));
    LOOP_ASSERT(timers);
    timer_count = count;
    for (unsigned i = 0; i < count; i++) {
        timers[i] = g_timeout_source_new((guint)(scatter_due(i) / 1000000));
        g_source_set_callback(timers[i], on_timer, NULL, NULL);
        g_source_attach(timers[i], context);
    }
}

void peer_pending_end(void)
{
    for (unsigned i = 0; i < timer_count; i++) {
        g_source_destroy(timers[i]);
        g_source_unref(timers[i]);
    }
    peer_loop_close();
}

void peer_pending_close(void)
{
    free(timers);
}
