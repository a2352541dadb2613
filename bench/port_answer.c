/*
 * port_answer.c - see port_answer.h.
 */
#include "port_answer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void port_answer_open(struct port_answer *a, struct histogram *seen)
{
    *a = (struct port_answer){ .value = NAN, .seen = seen };
}

static void print_seen(const struct histogram *h, FILE *out)
{
    for (size_t i = 0; i < h->slots; i++)
        if (h->count[i] > 0)
            fprintf(out, "seen %" PRIu64 " %" PRIu64 "\n",
                    histogram_value(h, i), h->count[i]);
}

void port_answer_print(const struct port_answer *a, FILE *out)
{
    fprintf(out, "engine %s\n", a->engine);
    if (a->seen)
        print_seen(a->seen, out);
    if (!isnan(a->value))
        fprintf(out, "value %.9g\n", a->value);
}

/* A slot's highest value is counted in that slot again. */
static void take_seen(struct histogram *h, uint64_t value, uint64_t count)
{
    for (uint64_t i = 0; h && i < count; i++)
        histogram_record(h, value);
}

void port_answer_take(void *answer, const char *line)
{
    struct port_answer *a = answer;
    char engine[ENGINE_NAME_MAX];
    uint64_t value, count;
    double number;
    if (sscanf(line, "engine %15s", engine) == 1)
        memcpy(a->engine, engine, sizeof engine);
    else if (sscanf(line, "value %lf", &number) == 1)
        a->value = number;
    else if (sscanf(line, "seen %" SCNu64 " %" SCNu64, &value, &count) == 2)
        take_seen(a->seen, value, count);
}
