/*
 * results.c - see results.h.
 */
#include "results.h"

#include <string.h>

void results_open(struct results *results)
{
    *results = (struct results){ 0 };
    for (int kind = 0; kind < RESULT_KINDS; kind++)
        results->lines[kind] = json_array();
}

void results_free(struct results *results)
{
    for (int kind = 0; kind < RESULT_KINDS; kind++)
        json_decref(results->lines[kind]);
    *results = (struct results){ 0 };
}

static bool has_string(const json_t *line, const char *key)
{
    return json_is_string(json_object_get(line, key));
}

static enum result_kind kind_of_type(const char *type)
{
    static const struct { const char *type; enum result_kind kind; } kinds[] = {
        { "nightly", RESULT_NIGHTLY },   { "stage", RESULT_STAGE },
        { "doctor", RESULT_DOCTOR },     { "end", RESULT_END },
        { "finding", RESULT_FINDING },   { "progress", RESULT_PROGRESS },
        { "summary", RESULT_SUMMARY },   { "replay", RESULT_REPLAY },
        { "mutant", RESULT_MUTANT },     { "bench", RESULT_BENCH },
        { "attachment", RESULT_ATTACHMENT },
        { "conformance", RESULT_CONFORMANCE },
        { "conformance-summary", RESULT_CONFORMANCE_SUMMARY },
        { "fidelity", RESULT_FIDELITY },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(type, kinds[i].type) == 0)
            return kinds[i].kind;
    }
    return RESULT_OTHER;
}

static bool is_of_mutants(const char *question)
{
    return strcmp(question, "mutants") == 0 ||
           strcmp(question, "detection") == 0;
}

enum result_kind result_kind(const json_t *line)
{
    const char *question = result_string(line, "question", NULL);
    if (question)
        return is_of_mutants(question) ? RESULT_MUTANT : RESULT_BENCH;
    if (has_string(line, "type"))
        return kind_of_type(result_string(line, "type", ""));
    if (has_string(line, "path") && has_string(line, "verdict"))
        return RESULT_REPLAY;
    return RESULT_OTHER;
}

void results_add(struct results *results, json_t *line)
{
    json_array_append(results->lines[result_kind(line)], line);
}

static void add_text(struct results *results, const char *text, size_t size,
                     bool whole)
{
    if (size == 0)
        return;
    json_t *line = json_loadb(text, size, JSON_ALLOW_NUL, NULL);
    if (json_is_object(line))
        results_add(results, line);
    else if (whole)
        results->unreadable++;
    else
        results->torn = true;
    json_decref(line);
}

void results_read(struct results *results, const struct text *content)
{
    size_t begin = 0;
    for (size_t i = 0; i < content->size; i++) {
        if (content->data[i] != '\n')
            continue;
        add_text(results, content->data + begin, i - begin, true);
        begin = i + 1;
    }
    if (begin < content->size)
        add_text(results, content->data + begin, content->size - begin,
                 false);
}

size_t results_count(const struct results *results, enum result_kind kind)
{
    return json_array_size(results->lines[kind]);
}

json_t *results_line(const struct results *results, enum result_kind kind,
                     size_t i)
{
    return json_array_get(results->lines[kind], i);
}

json_t *results_last(const struct results *results, enum result_kind kind)
{
    size_t count = results_count(results, kind);
    return count > 0 ? results_line(results, kind, count - 1) : NULL;
}

json_t *results_stage(const struct results *results, const char *stage)
{
    for (size_t i = results_count(results, RESULT_STAGE); i-- > 0;) {
        json_t *line = results_line(results, RESULT_STAGE, i);
        if (strcmp(result_string(line, "stage", ""), stage) == 0)
            return line;
    }
    return NULL;
}

const char *result_string(const json_t *line, const char *key,
                          const char *fallback)
{
    const char *value = json_string_value(json_object_get(line, key));
    return value ? value : fallback;
}

double result_number(const json_t *line, const char *key, double fallback)
{
    const json_t *value = json_object_get(line, key);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

const char *result_platform(const json_t *line)
{
    return result_string(line, "platform", "sim");
}

bool result_denies(const json_t *line, const char *key)
{
    return json_is_false(json_object_get(line, key));
}
