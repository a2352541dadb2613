/*
 * answer.c - see answer.h.
 */
#include "answer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void answer_open(struct answer *a, struct histogram *seen)
{
    *a = (struct answer){ .value = NAN, .seen = seen };
}

/* The last slot may end above the highest, which is for the line after. */
static void print_seen(const struct histogram *h, FILE *out)
{
    for (size_t i = 0; i < h->slots; i++) {
        uint64_t value = histogram_value(h, i);
        if (h->count[i] > 0)
            fprintf(out, "seen %" PRIu64 " %" PRIu64 "\n",
                    value < h->highest ? value : h->highest, h->count[i]);
    }
    if (h->beyond > 0)
        fprintf(out, "beyond %" PRIu64 "\n", h->beyond);
}

void answer_print(const struct answer *a, FILE *out)
{
    fprintf(out, "engine %s\nversion %s\n", a->engine, a->version);
    if (a->seen)
        print_seen(a->seen, out);
    if (!isnan(a->value))
        fprintf(out, "value %.9g\n", a->value);
}

void answer_take(void *answer, const char *line)
{
    struct answer *a = answer;
    char word[ANSWER_WORD];
    uint64_t value, count;
    double number;
    if (sscanf(line, "engine %31s", word) == 1)
        memcpy(a->engine, word, sizeof word);
    else if (sscanf(line, "version %31s", word) == 1)
        memcpy(a->version, word, sizeof word);
    else if (sscanf(line, "value %lf", &number) == 1)
        a->value = number;
    else if (sscanf(line, "beyond %" SCNu64, &count) == 1 && a->seen)
        a->seen->beyond += count;
    else if (sscanf(line, "seen %" SCNu64 " %" SCNu64, &value, &count) == 2 &&
             a->seen)
        /* A slot's highest value is counted in that slot again. */
        histogram_record_many(a->seen, value, count);
}
