/*
 * night.c - see night.h.
 */
#include "night.h"

#include <math.h>
#include <stdlib.h>

#include "folder.h"
#include "host.h"
#include "outcome.h"
#include "page.h"

/* What a night writes, with some to spare for findings. */
#define ROOM_NEEDED (16u * 1024 * 1024)

void night_path(const struct night *night, const char *name,
                struct text *path)
{
    text_print(path, "%s/%s", night->folder.data, name);
}

static int open_record(struct night *night)
{
    struct text path = { 0 };
    night_path(night, "results.jsonl", &path);
    int error = folder_put_aside(path.data);
    if (!error)
        error = record_open(&night->record, path.data);
    text_free(&path);
    return error;
}

int night_open(struct night *night, const char *folder, FILE *output,
               bool json)
{
    *night = (struct night){ .output = output, .json = json,
                             .start = host_seconds() };
    text_put(&night->folder, folder);

    int error = folder_open(folder, ROOM_NEEDED);
    if (!error)
        error = open_record(night);
    if (error) {
        fprintf(stderr, "nightly: %s cannot take the results: %s\n"
                        "give another folder: ./lastcall nightly --out DIR\n",
                folder, host_error(error));
        text_free(&night->folder);
        return error;
    }
    results_open(&night->results);
    progress_open(&night->progress);
    return 0;
}

double night_seconds(const struct night *night)
{
    return host_seconds() - night->start;
}

static bool is_known(const struct night *night, const json_t *finding)
{
    const struct results *results = &night->results;
    for (size_t i = 0; i < results_count(results, RESULT_FINDING); i++) {
        if (outcome_is_same(finding, results_line(results, RESULT_FINDING, i)))
            return true;
    }
    return false;
}

static void print_finding(const struct night *night, const json_t *line)
{
    if (is_known(night, line))
        return;
    fprintf(night->output, "%-20s %s\n",
            result_string(line, "verdict", "unknown"),
            result_string(line, "where", ""));
    const char *replay = result_string(line, "replay", NULL);
    if (replay)
        fprintf(night->output, "    %s\n", replay);
}

static void print_unexpected(const struct night *night, const json_t *line)
{
    fprintf(night->output, "%-20s %s\n    expected %s\n",
            result_string(line, "verdict", ""),
            result_string(line, "path", ""),
            result_string(line, "expected", "clean"));
}

static void print_for_people(struct night *night, const json_t *line)
{
    enum result_kind kind = result_kind(line);
    if (kind == RESULT_FINDING) {
        progress_wipe(&night->progress);
        print_finding(night, line);
    } else if (kind == RESULT_REPLAY && outcome_is_unexpected(line)) {
        progress_wipe(&night->progress);
        print_unexpected(night, line);
    }
    fflush(night->output);
}

static void print_line(struct night *night, const json_t *line,
                       const char *dump)
{
    if (!night->json) {
        print_for_people(night, line);
        return;
    }
    fprintf(night->output, "%s\n", dump);
    fflush(night->output);
}

static int keep_line(struct night *night, const json_t *line,
                     const struct text *dump)
{
    if (night->record_error)
        return night->record_error;

    /* Hundreds of progress lines may be lost with the power; waiting for
     * the disk at each would slow the search. */
    night->record_error = record_add(&night->record, dump->data, dump->size,
                                     result_kind(line) != RESULT_PROGRESS);
    if (night->record_error)
        progress_say(&night->progress,
                     "nightly: %s takes no more results: %s",
                     night->folder.data, host_error(night->record_error));
    return night->record_error;
}

int night_add(struct night *night, json_t *line)
{
    double at = round(night_seconds(night) * 1000) / 1000;
    json_object_set_new(line, "at", json_real(at));

    char *words = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(15));
    struct text dump = { 0 };
    text_put(&dump, words ? words : "{}");
    free(words);

    print_line(night, line, dump.data);
    int error = keep_line(night, line, &dump);
    results_add(&night->results, line);
    text_free(&dump);
    json_decref(line);
    return error;
}

int night_write_page(struct night *night)
{
    struct text page = { 0 }, path = { 0 };
    page_write(&page, &night->results, "results.jsonl");
    night_path(night, "report.html", &path);
    int error = folder_write(path.data, &page);
    if (error)
        progress_say(&night->progress, "nightly: cannot write %s: %s",
                     path.data, host_error(error));
    text_free(&page);
    text_free(&path);
    return error;
}

void night_close(struct night *night)
{
    progress_wipe(&night->progress);
    record_close(&night->record);
    results_free(&night->results);
    text_free(&night->folder);
}
