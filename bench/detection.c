/*
 * detection.c - see detection.h.
 */
#include "detection.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../fuzz/command.h"
#include "child.h"
#include "result.h"

#define PROGRAM_MAX (HOST_PATH + PATCH_NAME_MAX + 16)
#define GRACE_SECONDS 60    /* for shrinking what was found              */

struct trial {
    bool   found;
    char   verdict[PATCH_VERDICT_MAX];
    double runs;
    double cpu_seconds;
};

static void note_line(void *argument, const char *text)
{
    struct trial *trial = argument;
    json_t *line = json_loads(text, 0, NULL);
    if (!trial->found &&
        strcmp(result_word(line, "type", ""), "finding") == 0) {
        trial->found = true;
        trial->runs = result_number(line, "runs", NAN);
        snprintf(trial->verdict, sizeof trial->verdict, "%s",
                 result_word(line, "verdict", "?"));
    }
    json_decref(line);
}

static void program_of(char out[PROGRAM_MAX], const struct patch *patch,
                       const struct detection_options *options)
{
    snprintf(out, PROGRAM_MAX, "%s/lastcall-fuzz-%s", options->folder,
             patch->id);
}

bool detection_is_built(const struct patch *patch,
                        const struct detection_options *options)
{
    char program[PROGRAM_MAX];
    program_of(program, patch, options);
    FILE *file = fopen(program, "r");
    if (file)
        fclose(file);
    return file != NULL;
}

static struct child_result run_trial(const struct detection *d,
                                     const struct detection_options *options,
                                     uint64_t number, struct trial *trial)
{
    char program[PROGRAM_MAX], seed[32], seconds[32];
    program_of(program, d->patch, options);
    snprintf(seed, sizeof seed, "%llu",
             (unsigned long long)(options->seed + number));
    snprintf(seconds, sizeof seconds, "%.3f", options->seconds);
    const char *argv[] = { program, "fuzz", "--first", "--json",
                           "--strategy", d->strategy, "--seed", seed,
                           "--seconds", seconds, "--save", options->kept,
                           *options->corpus ? "--corpus" : NULL,
                           options->corpus, NULL };
    struct child_options child = { .argv = argv, .group = true,
                                   .quiet = true,
                                   .seconds_max = options->seconds +
                                                  GRACE_SECONDS };
    *trial = (struct trial){ .found = false };
    struct child_result ended = child_run(&child, note_line, trial);
    trial->cpu_seconds = ended.cpu_seconds;
    return ended;
}

/* Why does this trial not count? NULL if it does. */
static const char *failure_of(const struct child_result *ended, int *status)
{
    *status = EXIT_FAULT;
    switch (ended->end) {
    case CHILD_EXITED:
        if (ended->status == EXIT_CLEAN || ended->status == EXIT_FINDING)
            return NULL;
        if (ended->status != EXIT_NOTHING)
            return "the search failed";
        *status = EXIT_CLEAN;
        return "this strategy is not built";
    case CHILD_CRASHED:     return "the search crashed";
    case CHILD_HUNG:        return "the search hung";
    case CHILD_INTERRUPTED:
        *status = DETECTION_INTERRUPTED;
        return "interrupted";
    case CHILD_FAILED:      break;
    }
    return "the search could not be started";
}

static void note_trial(struct detection *d, const struct trial *trial)
{
    d->trials++;
    if (!trial->found)
        return;
    d->runs[d->found] = trial->runs;
    d->cpu_seconds[d->found++] = trial->cpu_seconds;
    if (strcmp(trial->verdict, d->patch->verdict) == 0)
        return;
    d->other++;
    snprintf(d->got, sizeof d->got, "%s", trial->verdict);
}

void detection_run(struct detection *d,
                   const struct detection_options *options)
{
    struct trial trial;
    for (uint64_t i = 0; i < options->trials && !d->skipped; i++) {
        struct child_result ended = run_trial(d, options, i, &trial);
        int status;
        d->skipped = failure_of(&ended, &status);
        if (d->skipped)
            d->status = status;
        else
            note_trial(d, &trial);
    }
}
