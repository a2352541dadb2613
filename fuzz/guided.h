/*
 * guided.h - search by libFuzzer: the program target_shutdown as a child.
 *
 * It gets the corpus as seeds, mutates statements and schedules under the
 * feedback of switch pairs and contract state, and ends at its first
 * finding, whose input is then recorded, shrunk and kept like any other.
 */
#ifndef FUZZ_GUIDED_H
#define FUZZ_GUIDED_H

#include "search.h"

/* Is the program there? */
bool guided_is_built(void);

/*
 * Search for some time.
 *
 *   seeds     scenarios to start from
 *   s         runs, seconds and findings are added to
 *   returns   0, or -1 with a sentence in *why
 */
int guided_run(struct search_state *s, const struct scenario *seeds,
               size_t count, double seconds, uint64_t seed,
               const struct search_listener *listener, char why[HOST_WHY]);

#endif
