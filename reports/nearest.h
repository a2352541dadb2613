/*
 * nearest.h - the word that was probably meant.
 */
#ifndef REPORTS_NEAREST_H
#define REPORTS_NEAREST_H

#include <stddef.h>

/*
 * Find the word with the fewest edits from what was written.
 *
 *   words    count strings
 *   returns  one of words; NULL when none is near enough to be a typing
 *            mistake
 *   source   Levenshtein distance, one row at a time
 */
const char *nearest(const char *written, const char *const *words,
                    size_t count);

#endif
