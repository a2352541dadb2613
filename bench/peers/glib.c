/*
 * glib.c - g_main_loop_run, with a source for each post and timer, which GLib
 * allocates.
 *
 * g_main_context_invoke would call from within itself when the thread of the
 * loop posts, so posts are sources with the priority that it gives them.
 *
 * source: GLib's reference manual, "The Main Event Loop"
 */
#include <glib-unix.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../loop/check.h"
#include "descriptor.h"
#include "glib_attach.h"
#include "peer_loop.h"
#include "traffic.h"

#define MILLISECOND 1000000u

static GMainContext *context;
static GMainLoop    *loop;
static void        (*on_post)(void);
static void        (*on_fired)(void);
static GSource     **timers, **reads;
static int          *descriptors;
static unsigned      timer_count, read_count;

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

unsigned peer_loop_threads(void)
{
    return 1;
}

bool peer_loop_has(enum peer_kind kind)
{
    return kind == PEER_TIMERS || kind == PEER_READS ||
           kind == PEER_ACCEPTS || kind == PEER_JOBS;
}

size_t peer_loop_storage(void)
{
    return 0;
}

size_t peer_storage(enum peer_kind kind)
{
    switch (kind) {
    case PEER_TIMERS:  return sizeof(GSource *);
    case PEER_READS:   return sizeof(GSource *) + sizeof(int);
    default:            return 0;
    }
}

void peer_loop_open(unsigned threads)
{
    (void)threads;
    context = g_main_context_new();
    loop = g_main_loop_new(context, FALSE);
}

void peer_loop_run(void)
{
    g_main_loop_run(loop);
}

void peer_loop_ready(void)
{
}

void glib_attach(GSourceFunc run)
{
    GSource *source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, run, NULL, NULL);
    g_source_attach(source, context);
    g_source_unref(source);
}

/* The flag is cleared by the run that begins, so a stop from outside is a
 * source too. */
static gboolean quit(gpointer arg)
{
    (void)arg;
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

void peer_loop_stop(void)
{
    if (g_main_context_is_owner(context))
        g_main_loop_quit(loop);
    else
        glib_attach(quit);
}

static void end_source(GSource *source)
{
    if (!source)
        return;
    g_source_destroy(source);
    g_source_unref(source);
}

void peer_loop_end(void)
{
    for (unsigned i = 0; i < timer_count; i++)
        end_source(timers[i]);
    for (unsigned i = 0; i < read_count; i++) {
        end_source(reads[i]);
        close(descriptors[i]);
    }
    g_main_loop_unref(loop);
    g_main_context_unref(context);
}

/* Posts. */

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
        glib_attach(run_post);
}

/* Timers. */

static gboolean fire(gpointer arg)
{
    GSource **timer = arg;
    g_source_unref(*timer);
    *timer = NULL;
    on_fired();
    return G_SOURCE_REMOVE;
}

void peer_timers_open(unsigned count, void (*fired)(void))
{
    timers = calloc(count, sizeof(GSource *));
    LOOP_ASSERT(timers);
    timer_count = count;
    on_fired = fired;
}

void peer_timers_close(void)
{
    free(timers);
    timer_count = 0;
}

void peer_timer_start(unsigned number, uint64_t after)
{
    GSource *timer = g_timeout_source_new((guint)(after / MILLISECOND));
    g_source_set_callback(timer, fire, &timers[number], NULL);
    g_source_attach(timer, context);
    timers[number] = timer;
}

void peer_timer_cancel(unsigned number)
{
    end_source(timers[number]);
    timers[number] = NULL;
}

/* Reads and accepts: that there is something to read, or accept. */

static gboolean on_read(gint fd, GIOCondition condition, gpointer arg)
{
    (void)fd;
    (void)condition;
    (void)arg;
    return G_SOURCE_CONTINUE;
}

void peer_io_open(enum peer_kind kind, unsigned count)
{
    reads = calloc(count, sizeof(GSource *));
    descriptors = calloc(count, sizeof *descriptors);
    LOOP_ASSERT(reads);
    LOOP_ASSERT(descriptors);
    read_count = count;
    for (unsigned i = 0; i < count; i++) {
        descriptors[i] = (int)descriptor_open(kind);
        reads[i] = g_unix_fd_source_new(descriptors[i], G_IO_IN);
        g_source_set_callback(reads[i], (GSourceFunc)(void (*)(void))on_read,
                              NULL, NULL);
        g_source_attach(reads[i], context);
    }
}

void peer_io_close(void)
{
    free(reads);
    free(descriptors);
    read_count = 0;
}

/* Traffic. */

static GSource *traffic[TRAFFIC_SLOTS];

static gboolean on_traffic(gint fd, GIOCondition condition, gpointer arg)
{
    (void)fd;
    (void)condition;
    traffic_ready((unsigned)((GSource **)arg - traffic));
    return G_SOURCE_CONTINUE;
}

void traffic_watch(unsigned slot, int fd, bool writes)
{
    traffic[slot] = g_unix_fd_source_new(fd, writes ? G_IO_OUT : G_IO_IN);
    g_source_set_callback(traffic[slot],
                          (GSourceFunc)(void (*)(void))on_traffic,
                          &traffic[slot], NULL);
    g_source_attach(traffic[slot], context);
}

void traffic_unwatch(unsigned slot)
{
    end_source(traffic[slot]);
}
