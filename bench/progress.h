/*
 * progress.h - one line on stderr that says what is being done.
 *
 * On a terminal the line is drawn over and wiped in the end; elsewhere only
 * whole steps are said.
 */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

/* Begin a step: said everywhere. */
void progress_step(const char *format, ...);

/* A detail of the step: drawn on a terminal only. */
void progress_detail(const char *text);

/* Wipe what is drawn, before anything else is printed. */
void progress_wipe(void);

#endif
