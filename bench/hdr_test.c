/*
 * Histograms as others write them: the same bytes as HdrHistogram and
 * HdrHistogram_c publish for the same values.
 */
#include "hdr.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../loop/test.h"

#define BYTES_MAX 65536
#define HEADER 40

/* What is compressed in a text: compressors may differ, this may not. */
static size_t unpack(const char *text, uint8_t out[BYTES_MAX])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno"
                                  "pqrstuvwxyz0123456789+/";
    static uint8_t packed[BYTES_MAX];
    size_t size = 0;
    uint32_t bits = 0;
    for (size_t i = 0; text[i] && text[i] != '='; i++) {
        bits = bits << 6 | (uint32_t)(strchr(letters, text[i]) - letters);
        if (i % 4 > 0)
            packed[size++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    uLongf length = BYTES_MAX;
    CHECK(!memcmp(packed, "\x1c\x84\x93\x14", 4));
    CHECK_EQ(Z_OK, uncompress(out, &length, packed + 8, size - 8));
    return length;
}

/* The release of the C library that these come from added the size of the
 * header to the length, which is that of the counts alone. */
static void check_same(const struct histogram *h, const char *published,
                       uint8_t added)
{
    static uint8_t ours[BYTES_MAX], theirs[BYTES_MAX];
    char *text = hdr_encode(h);
    size_t size = unpack(text, ours);
    CHECK_EQ(unpack(published, theirs), size);
    uint64_t length = (uint64_t)theirs[6] << 8 | theirs[7];
    CHECK_EQ(size - HEADER, length - added);
    CHECK_EQ(size - HEADER, (uint64_t)ours[6] << 8 | ours[7]);
    memcpy(theirs + 6, ours + 6, 2);
    CHECK_EQ(0, memcmp(ours, theirs, size));
    free(text);
}

/* The values of HdrHistogram_c's tests; with and without what the long one
 * has kept from being measured. */
static void fill(struct histogram *h, uint64_t interval)
{
    CHECK(histogram_open(h, UINT64_C(3600000000)));
    for (int i = 0; i < 10000; i++)
        histogram_record_corrected(h, 1000, interval);
    histogram_record_corrected(h, 100000000, interval);
}

/* source: HdrHistogram_c, as its Python port's tests cite it */
static void bytes_are_those_of_the_c_library(void)
{
    struct histogram h;
    fill(&h, 0);
    check_same(&h, "HISTFAAAACl4nJNpmSzMwMBgyAABzFCaEURcm7yEwf4DROA8/4I5jNM7"
                   "mJgAlWkH9g==", HEADER);
    histogram_close(&h);
    fill(&h, 10000);
    check_same(&h,
        "HISTFAAAAP94nJNpmSzMwCByigECmKE0I4i4NnkJg/0HiMB5/gVzGD8aM/3lZ7rPyTSb"
        "jektC9N7FqaHzEzbmZi2whCEvZKRaSYj02wwiYng4tFM3lDoC2dhhwh5UyZlJlUMjClC"
        "mgpMEUUmQSZ+IBZEojFFCMvQRwUxenmZ2MGQFUqz4+CTo4I2pg4dFdQylZWJkYkZCaPy"
        "MEUIydPLjMHrssFixuB12XD0HRAwMsFJgkwilZHJHHKmjzp41MFDOjhYmFiQEUEmMWqG"
        "svKBd8Fwd/Co/waTC9jYOMAIiSJRhLbKh5x9Q87Bo/YNbfsoM4CPhw+IIJAkxnDXN+Qc"
        "TIpyAPnGh6k=", HEADER);
    histogram_close(&h);
}

/* source: a histogram of (1, 2048, 3) with 2048, on which the libraries for
 * Java and C agree */
static void bytes_are_those_of_the_java_library(void)
{
    struct histogram h;
    CHECK(histogram_open(&h, 2048));
    histogram_record(&h, 2048);
    check_same(&h,
               "HISTFAAAACB4nJNpmSzMwMDAzAABMJoRQnEw2H+AsP7LMwEARZgDpQ==",
               0);
    histogram_close(&h);
}

static bool read_line(FILE *file, char line[128])
{
    return fgets(line, 128, file) != NULL;
}

/* The columns stand where plotters look for them, levels only rise, and the
 * last line has everything. */
static void percentiles_rise_to_the_maximum(void)
{
    struct histogram h;
    char line[128];
    double value, share, last = -1, last_value = 0;
    unsigned long long seen, lines = 0;
    FILE *file = tmpfile();
    fill(&h, 0);
    hdr_print_percentiles(file, &h, 1000);
    rewind(file);
    CHECK(read_line(file, line));
    CHECK(!strcmp(line, "       Value     Percentile TotalCount "
                        "1/(1-Percentile)\n"));
    CHECK(read_line(file, line));
    while (read_line(file, line) && line[0] != '#') {
        CHECK_EQ(3, sscanf(line, "%lf %lf %llu", &value, &share, &seen));
        CHECK(share > last);
        CHECK(value >= last_value);
        last = share;
        last_value = value;
        lines++;
    }
    CHECK(lines > 10);
    CHECK(last == 1);
    CHECK_EQ(10001, seen);
    CHECK(!strncmp(line, "#[Mean    = ", 12));
    CHECK(read_line(file, line));
    CHECK(!strcmp(line, "#[Max     =   100007.935, Total count    =        "
                        "10001]\n"));
    CHECK(read_line(file, line));
    CHECK(!strcmp(line, "#[Buckets =           22, SubBuckets     =         "
                        "2048]\n"));
    fclose(file);
    histogram_close(&h);
}

static void nothing_has_no_percentiles(void)
{
    struct histogram h;
    FILE *file = tmpfile();
    CHECK(histogram_open(&h, 2048));
    hdr_print_percentiles(file, &h, 1);
    CHECK(ftell(file) > 0);
    fclose(file);
    histogram_close(&h);
}

int main(void)
{
    RUN(bytes_are_those_of_the_c_library);
    RUN(bytes_are_those_of_the_java_library);
    RUN(percentiles_rise_to_the_maximum);
    RUN(nothing_has_no_percentiles);
    return test_result(4);
}
