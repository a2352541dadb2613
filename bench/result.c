/*
 * result.c - see result.h.
 */
#include "result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../loop/check.h"
#include "machine.h"
#include "revision.h"
#include "statistics.h"

#define DIGITS 9

json_t *result_begin(const struct result *r)
{
    char machine[MACHINE_NAME_MAX];
    char revision[REVISION_MAX];
    machine_name(machine);
    revision_read(revision);
    json_t *line = json_object();
    LOOP_ASSERT(line);
    json_object_set_new(line, "question", json_string(r->question));
    json_object_set_new(line, "subject", json_string(r->subject));
    json_object_set_new(line, "platform",
                        json_string(r->platform ? r->platform : "linux"));
    json_object_set_new(line, "params",
                        r->params ? json_incref(r->params) : json_object());
    json_object_set_new(line, "metric", json_string(r->metric));
    json_object_set_new(line, "unit", json_string(r->unit));
    json_object_set_new(line, "machine", json_string(machine));
    json_object_set_new(line, "revision", json_string(revision));
    if (r->platform && !strcmp(r->platform, RESULT_WINE))
        json_object_set_new(line, "note", json_string(RESULT_WINE_NOTE));
    return line;
}

static json_t *samples_of(const struct result *r)
{
    json_t *samples = json_array();
    for (size_t i = 0; i < r->samples_count; i++)
        json_array_append_new(samples, json_real(r->samples[i]));
    return samples;
}

static json_t *bars_of(const struct histogram *h)
{
    json_t *bars = json_array();
    for (size_t i = 0; i < h->slots; i++) {
        if (h->count[i] == 0)
            continue;
        json_t *bar = json_array();
        json_array_append_new(
            bar, json_integer((json_int_t)histogram_value(h, i)));
        json_array_append_new(bar, json_integer((json_int_t)h->count[i]));
        json_array_append_new(bars, bar);
    }
    return bars;
}

static void put_nothing(json_t *line, const char *why)
{
    json_object_set_new(line, "value", json_null());
    json_object_set_new(line, "low", json_null());
    json_object_set_new(line, "high", json_null());
    json_object_set_new(line, "n", json_integer(0));
    json_object_set_new(line, "clean", json_false());
    json_object_set_new(line, "skipped", json_string(why));
}

static void put_figures(json_t *line, const struct result *r)
{
    double value = statistics_median(r->samples, r->samples_count);
    struct interval i = statistics_bootstrap(r->samples, r->samples_count);
    json_object_set_new(line, "value", json_real(value));
    json_object_set_new(line, "low", json_real(i.low));
    json_object_set_new(line, "high", json_real(i.high));
    json_object_set_new(line, "n",
                        json_integer((json_int_t)r->samples_count));
    json_object_set_new(line, "clean", json_boolean(r->clean));
    json_object_set_new(line, "rounds",
                        json_integer((json_int_t)(r->rounds ? r->rounds
                                     : r->samples_count)));
    json_object_set_new(line, "samples", samples_of(r));
}

json_t *result_line(const struct result *r)
{
    json_t *line = result_begin(r);
    if (r->skipped) {
        put_nothing(line, r->skipped);
        return line;
    }
    LOOP_ASSERT(r->samples_count > 0);
    put_figures(line, r);
    if (r->histogram) {
        json_object_set_new(line, "histogram", bars_of(r->histogram));
        json_object_set_new(
            line, "beyond", json_integer((json_int_t)r->histogram->beyond));
    }
    return line;
}

void result_print(const json_t *line, FILE *out)
{
    json_dumpf(line, out, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS));
    putc('\n', out);
    fflush(out);
}

/* Read one line of any length; NULL at the end. The caller frees it. */
static char *read_line(FILE *file)
{
    size_t size = 0, room = 0;
    char *line = NULL;
    for (;;) {
        if (room - size < 2) {
            room = room ? 2 * room : 4096;
            line = realloc(line, room);
            LOOP_ASSERT(line);
        }
        if (!fgets(line + size, (int)(room - size), file))
            break;
        size += strlen(line + size);
        if (line[size - 1] == '\n')
            return line;
    }
    if (size > 0)
        return line;
    free(line);
    return NULL;
}

json_t *result_read(const char *path, char why[RESULT_WHY])
{
    FILE *file = fopen(path, "r");
    if (!file) {
        snprintf(why, RESULT_WHY, "cannot read %.200s", path);
        return NULL;
    }
    json_t *lines = json_array();
    for (char *text = read_line(file); text; text = read_line(file)) {
        json_t *line = json_loads(text, 0, NULL);
        if (json_is_object(line) && *result_word(line, "question", ""))
            json_array_append(lines, line);
        json_decref(line);
        free(text);
    }
    fclose(file);
    if (json_array_size(lines) > 0)
        return lines;
    json_decref(lines);
    snprintf(why, RESULT_WHY, "%.160s has no results in it: it should be what "
             "lastcall bench --json writes", path);
    return NULL;
}

const char *result_word(const json_t *line, const char *key,
                        const char *otherwise)
{
    const char *word = json_string_value(json_object_get(line, key));
    return word ? word : otherwise;
}

double result_number(const json_t *line, const char *key, double otherwise)
{
    const json_t *number = json_object_get(line, key);
    return json_is_number(number) ? json_number_value(number) : otherwise;
}

size_t result_samples(const json_t *line, double *out)
{
    const json_t *samples = json_object_get(line, "samples");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(samples); i++) {
        const json_t *sample = json_array_get(samples, i);
        if (json_is_number(sample) && count < STATISTICS_SAMPLES_MAX)
            out[count++] = json_number_value(sample);
    }
    double value = result_number(line, "value", NAN);
    if (count == 0 && !isnan(value))
        out[count++] = value;
    return count;
}

bool result_is_rate(const char *unit)
{
    size_t size = strlen(unit);
    return size >= 2 && strcmp(unit + size - 2, "/s") == 0;
}

char *result_key(const json_t *line)
{
    static const char *const fields[] = { "question", "subject", "platform",
                                          "params", "metric", "unit" };
    json_t *key = json_array();
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        json_t *field = json_object_get(line, fields[i]);
        json_array_append_new(key, field ? json_incref(field) : json_null());
    }
    char *text = json_dumps(key, JSON_COMPACT | JSON_SORT_KEYS |
                                     JSON_REAL_PRECISION(DIGITS));
    json_decref(key);
    LOOP_ASSERT(text);
    return text;
}

bool result_has_params(const json_t *line, const json_t *row)
{
    const json_t *mine = json_object_get(line, "params");
    const char *key;
    json_t *value, *params = json_object_get(row, "params");
    json_object_foreach(params, key, value) {
        const json_t *other = json_object_get(mine, key);
        if (!other || !json_equal(value, other))
            return false;
    }
    return true;
}
