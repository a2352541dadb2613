/*
 * watchdog_parts.h - what the files of the watchdog share: one watch.
 */
#ifndef FUZZ_WATCHDOG_PARTS_H
#define FUZZ_WATCHDOG_PARTS_H

#include "watchdog.h"

#include "child.h"
#include "watchdog_lines.h"
#include "watchdog_pace.h"
#include "watchdog_transcript.h"

#define MS_NS 1000000u

struct watch {
    struct watchdog_options options;    /* with the defaults filled in       */
    struct watchdog_report *report;
    struct child           *child;
    unsigned                interrupts; /* before the child was started      */
    uint64_t                began_ns;
    uint64_t                looked_ns;
    struct pace             stall;      /* since the last progress           */
    struct pace             linger;     /* since main has returned           */
    bool                    opened;
    bool                    main_returned;
    bool                    dumped;
    bool                    witness_ended;      /* was asked to end          */
    bool                    told;
    enum verdict            finding;
    struct transcript       dump;
    struct lines            lines[CHILD_STREAMS];
};

/* The last count that the child has told. */
uint64_t watch_progress(const struct watch *w);

uint64_t watch_elapsed_ms(const struct watch *w);

/* Read to the end what the child has written. */
void watch_read_rest(struct watch *w);

/*
 * End the child, if it has not, and complete the report.
 *
 *   end       why it has to be ended; WATCHDOG_EXITED: it has ended, and how
 *             is still to be seen
 */
void watch_judge(struct watch *w, enum watchdog_end end);

#endif
