/*
 * hdr.c - see hdr.h.
 */
#include "hdr.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../loop/check.h"

#define TICKS_A_HALF 5
#define COOKIE 0x1c849313u              /* of the counts                 */
#define COOKIE_COMPRESSED 0x1c849314u
#define DIGITS 3
#define HEADER 40                       /* bytes before the counts       */
#define COUNT_MAX 9                     /* bytes of one                  */
#define MILLION 1e6                     /* a log has milliseconds        */

/* Percentiles. */

static double deviation(const struct histogram *h, double mean)
{
    double sum = 0;
    for (size_t i = 0; i < h->slots; i++) {
        double off =
            (double)histogram_middle_like(histogram_value(h, i)) - mean;
        sum += (double)h->count[i] * off * off;
    }
    return h->total > 0 ? sqrt(sum / (double)h->total) : 0;
}

static uint64_t highest_seen(const struct histogram *h)
{
    for (size_t i = h->slots; i > 0; i--)
        if (h->count[i - 1] > 0)
            return histogram_value(h, i - 1);
    return 0;
}

/* The next level that is told, in percent: steps halve with what is left. */
static double next_level(double level)
{
    double halves = floor(log2(100 / (100 - level))) + 1;
    return level + 100 / (TICKS_A_HALF * pow(2, halves));
}

static double print_levels(FILE *out, const struct histogram *h,
                           double scale, size_t slot, uint64_t seen,
                           double level)
{
    double reached = 100 * (double)seen / (double)h->total;
    while (reached >= level && level < 100) {
        fprintf(out, "%12.3f %2.12f %10llu %14.2f\n",
                (double)histogram_value(h, slot) / scale, level / 100,
                (unsigned long long)seen, 1 / (1 - level / 100));
        if (seen == h->total)
            return level;
        level = next_level(level);
    }
    return level;
}

void hdr_print_percentiles(FILE *out, const struct histogram *h,
                           double scale)
{
    double mean = histogram_mean(h), level = 0;
    uint64_t seen = 0;
    fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile",
            "TotalCount", "1/(1-Percentile)");
    for (size_t i = 0; i < h->slots && seen < h->total; i++) {
        seen += h->count[i];
        if (h->count[i] > 0)
            level = print_levels(out, h, scale, i, seen, level);
    }
    fprintf(out, "%12.3f %2.12f %10llu\n",
            (double)highest_seen(h) / scale, 1.0,
            (unsigned long long)h->total);
    fprintf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n"
            "#[Max     = %12.3f, Total count    = %12llu]\n"
            "#[Buckets = %12zu, SubBuckets     = %12u]\n", mean / scale,
            deviation(h, mean) / scale, (double)highest_seen(h) / scale,
            (unsigned long long)h->total,
            h->slots / HISTOGRAM_HALF - 1, 2 * HISTOGRAM_HALF);
}

/* The compressed form. */

static uint8_t *put(uint8_t *to, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        *to++ = (uint8_t)(value >> 8 * i);
    return to;
}

/* Seven bits a byte, but all eight of a ninth. */
static uint8_t *put_count(uint8_t *to, int64_t count)
{
    uint64_t bits = ((uint64_t)count << 1) ^ (uint64_t)(count >> 63);
    for (int i = 0; i < COUNT_MAX - 1; i++) {
        if (bits < 0x80) {
            *to++ = (uint8_t)bits;
            return to;
        }
        *to++ = (uint8_t)(bits | 0x80);
        bits >>= 7;
    }
    *to++ = (uint8_t)bits;
    return to;
}

/* Up to the last that is not zero; zeros are how many they are, below zero.
 * (The library for Java writes a single one as 0, and reads either.) */
static uint8_t *put_counts(uint8_t *to, const struct histogram *h)
{
    size_t end = h->slots;
    while (end > 0 && h->count[end - 1] == 0)
        end--;
    for (size_t i = 0; i < end;) {
        size_t zeros = 0;
        while (i + zeros < end && h->count[i + zeros] == 0)
            zeros++;
        to = put_count(to, zeros > 0 ? -(int64_t)zeros
                                     : (int64_t)h->count[i]);
        i += zeros > 0 ? zeros : 1;
    }
    return to;
}

static size_t put_all(uint8_t *all, const struct histogram *h)
{
    static const uint64_t ratio = 0x3ff0000000000000u;  /* 1.0 */
    uint8_t *end = put_counts(all + HEADER, h), *to = all;
    to = put(to, COOKIE, 4);
    to = put(to, (uint64_t)(end - all) - HEADER, 4);
    to = put(to, 0, 4);         /* no offset of the first slot           */
    to = put(to, DIGITS, 4);
    to = put(to, 1, 8);         /* lowest value that is told from 0      */
    to = put(to, h->highest, 8);
    to = put(to, ratio, 8);
    LOOP_ASSERT(to == all + HEADER);
    return (size_t)(end - all);
}

static char *base64(const uint8_t *from, size_t size)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno"
                                  "pqrstuvwxyz0123456789+/";
    char *text = malloc((size + 2) / 3 * 4 + 1), *to = text;
    LOOP_ASSERT(text);
    for (size_t i = 0; i < size; i += 3) {
        uint32_t three = (uint32_t)from[i] << 16;
        three |= i + 1 < size ? (uint32_t)from[i + 1] << 8 : 0;
        three |= i + 2 < size ? from[i + 2] : 0;
        *to++ = letters[three >> 18];
        *to++ = letters[three >> 12 & 63];
        *to++ = i + 1 < size ? letters[three >> 6 & 63] : '=';
        *to++ = i + 2 < size ? letters[three & 63] : '=';
    }
    *to = '\0';
    return text;
}

char *hdr_encode(const struct histogram *h)
{
    uint8_t *all = malloc(HEADER + COUNT_MAX * h->slots);
    LOOP_ASSERT(all);
    size_t size = put_all(all, h);
    uLongf packed_size = compressBound(size);
    uint8_t *packed = malloc(packed_size + 8);
    LOOP_ASSERT(packed);
    int failed = compress(packed + 8, &packed_size, all, size);
    LOOP_ASSERT(failed == Z_OK);
    put(put(packed, COOKIE_COMPRESSED, 4), packed_size, 4);
    char *text = base64(packed, packed_size + 8);
    free(packed);
    free(all);
    return text;
}

void hdr_begin_log(FILE *out)
{
    fputs("#[Histogram log format version 1.3]\n"
          "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
          "\"Interval_Compressed_Histogram\"\n", out);
}

/* A tag ends at a comma. */
void hdr_print_log(FILE *out, const char *tag, const struct histogram *h)
{
    char *text = hdr_encode(h);
    fputs("Tag=", out);
    for (; *tag; tag++)
        putc(*tag == ',' || *tag == ' ' ? '_' : *tag, out);
    fprintf(out, ",0.000,0.000,%.3f,%s\n", (double)highest_seen(h) / MILLION,
            text);
    free(text);
}
