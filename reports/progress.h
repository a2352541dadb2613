/*
 * progress.h - how far it is, on standard error.
 *
 * On a terminal one line is written over and over; elsewhere a plain line
 * comes now and then, so that a log stays short. Lines that must stay go
 * through progress_say.
 *
 * units      seconds of host_seconds
 */
#ifndef REPORTS_PROGRESS_H
#define REPORTS_PROGRESS_H

#include <stdbool.h>

struct progress {
    bool   terminal;
    bool   shown;           /* a line is on the terminal, to be wiped     */
    double start;           /* of the stage                               */
    double next;            /* when the next line is due                  */
    char   stage[16];
    char   news[80];        /* the stage's own words, the latest          */
    double seconds_max;     /* of the stage; 0: not known                 */
};

void progress_open(struct progress *progress);

/* A stage begins. */
void progress_begin(struct progress *progress, const char *stage,
                    double seconds_max);

/* What the next line says beside the time. */
void progress_news(struct progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Show the line if it is due; cheap enough for every tick. */
void progress_tick(struct progress *progress);

/* Write a line that stays. */
void progress_say(struct progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Wipe the line, before other output goes to the terminal. */
void progress_wipe(struct progress *progress);

#endif
