/*
 * hdr.h - histograms as HdrHistogram's tools read them.
 *
 *   .hgrm    the percentiles as text, which its plotters open
 *   .hlog    a log with one compressed histogram a line, V2
 *
 * threads    one at a time
 * source     HdrHistogram: outputPercentileDistribution, the V2 encoding with
 *            ZigZag LEB128 counts, and the histogram log format 1.3
 */
#ifndef BENCH_HDR_H
#define BENCH_HDR_H

#include <stdio.h>

#include "histogram.h"

/*
 * Write percentiles, five to each halving of what is left.
 *
 *   scale     what values are divided by
 */
void hdr_print_percentiles(FILE *out, const struct histogram *h,
                           double scale);

/* The compressed form as base64, for a log. The caller frees it. */
char *hdr_encode(const struct histogram *h);

/* The lines that begin a log, and one line of it. */
void hdr_begin_log(FILE *out);
void hdr_print_log(FILE *out, const char *tag, const struct histogram *h);

#endif
