/*
 * read.c - scenarios and lists of files, as commands name them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "host.h"
#include "input.h"
#include "runner.h"

/* A file of a fuzzer is neither text nor our binary form. */
static bool is_input(const uint8_t *bytes, size_t size)
{
    size_t magic = sizeof SCENARIO_MAGIC - 1;
    if (size >= magic && !memcmp(bytes, SCENARIO_MAGIC, magic))
        return false;
    if (size == 0 || size > INPUT_MAX)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((bytes[i] < ' ' && !strchr("\t\n\r", bytes[i])) || !bytes[i])
            return true;
    return false;
}

/* Run it once to turn its choices into exceptions of the calm default. */
static void record_input(struct scenario *out, const uint8_t *bytes,
                         size_t size)
{
    struct input in;
    struct run_options options = { 0 };
    struct run_result result;
    input_decode(out, &in, bytes, size);
    runner_run(&subject_lastcall, out,
               sched_record(sched_guided(in.schedule, in.schedule_size)),
               &options, &result);
    size_t count;
    const struct sched_exception *list = sched_recorded(&count);
    memcpy(out->exception, list, count * sizeof *list);
    out->exception_count = (uint32_t)count;
    out->expect = result.verdict;
}

int read_scenario(struct scenario *out, const char *path)
{
    static uint8_t bytes[SCENARIO_TEXT_MAX];
    struct scenario_error error;
    char why[HOST_WHY];
    long size = host_is_folder(path)
        ? -1 : host_read_file(path, bytes, sizeof bytes, why);
    if (size > 0 && is_input(bytes, (size_t)size)) {
        record_input(out, bytes, (size_t)size);
        return 0;
    }
    if (scenario_load(out, path, &error) == 0)
        return 0;
    scenario_error_print(stderr, &error);
    return -1;
}

static void add_path(const char *path, void *arg)
{
    struct path_list *list = arg;
    size_t bytes = (list->count + 1) * sizeof list->path[0];
    char (*grown)[1024] = realloc(list->path, bytes);
    if (!grown)
        return;
    list->path = grown;
    snprintf(list->path[list->count++], sizeof list->path[0], "%s", path);
}

/* In a folder, only what is meant to be run: a note is not. */
static void add_entry(const char *path, void *arg)
{
    const char *dot = strrchr(path, '.');
    if (!dot || strcmp(dot, ".md") != 0)
        add_path(path, arg);
}

int read_paths(struct path_list *list, int argc, char **argv)
{
    char why[HOST_WHY];
    *list = (struct path_list){ 0 };
    for (int i = 1; i < argc; i++) {
        if (!host_is_folder(argv[i])) {
            add_path(argv[i], list);
        } else if (host_list_folder(argv[i], add_entry, list, why) < 0) {
            fprintf(stderr, "lastcall: %s\n", why);
            return -1;
        }
    }
    return 0;
}
