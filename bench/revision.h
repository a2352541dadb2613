/*
 * revision.h - which state of the source was measured.
 */
#ifndef BENCH_REVISION_H
#define BENCH_REVISION_H

#define REVISION_MAX 80
#define REVISION_PATH 1024

/* The commit that is checked out, or "unknown". */
void revision_read(char out[REVISION_MAX]);

/*
 * The folder of the source: the nearest one above the program or, failing
 * that, above the current folder, that holds a .git or a fuzz folder.
 *
 *   out       "." if there is none
 */
void revision_root(char out[REVISION_PATH]);

#endif
