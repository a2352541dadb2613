/*
 * glib_attach.h - what the files of GLib share: the way to the thread inside.
 */
#ifndef BENCH_PEERS_GLIB_ATTACH_H
#define BENCH_PEERS_GLIB_ATTACH_H

#include <glib.h>

/* Have the thread inside call a function with the default priority. Any
 * thread. */
void glib_attach(GSourceFunc run);

#endif
