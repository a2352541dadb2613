/*
 * list.h - the posts of loops that have none: a list under a mutex, which one
 * wake of the loop empties. This is the best form in which these loops take
 * work from other threads: no allocation, one wake for as many posts as come
 * before it is heard, first in first out.
 *
 * The list is the posts of peer_loop.h; the file of the loop has the rest.
 *
 * threads    list_wake: any; list_run: the loop's
 */
#ifndef BENCH_PEERS_LIST_H
#define BENCH_PEERS_LIST_H

/* The loop's: have its thread call list_run soon. The list was empty. */
void list_wake(void);

/* Take all that are there, and run them in order. */
void list_run(void);

#endif
