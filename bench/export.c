/*
 * export.c - see export.h.
 */
#include "export.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz/host.h"
#include "answer.h"
#include "hdr.h"
#include "result.h"

#define MICROSECOND 1000.0
#define NAME_MAX_SIZE 192

static struct {
    char  folder[HOST_PATH];
    FILE *log;
    bool  failed;
} self;

static void failed_to_write(const char *path)
{
    if (!self.failed)
        fprintf(stderr, "lastcall bench: %s could not be written\n", path);
    self.failed = true;
}

bool export_open(const char *folder)
{
    char path[HOST_PATH + 32], why[HOST_WHY];
    if (host_make_folder(folder, why) < 0) {
        fprintf(stderr, "lastcall bench: %s\n", why);
        return false;
    }
    snprintf(self.folder, sizeof self.folder, "%s", folder);
    snprintf(path, sizeof path, "%s/latencies.hlog", folder);
    self.log = fopen(path, "w");
    if (!self.log) {
        failed_to_write(path);
        return false;
    }
    hdr_begin_log(self.log);
    return true;
}

static void append(char name[NAME_MAX_SIZE], const char *word)
{
    size_t used = strlen(name);
    snprintf(name + used, NAME_MAX_SIZE - used, "%s%s", used ? "-" : "",
             word);
}

/* What the row is of, in letters that any system allows in a name. */
static void name_of(const json_t *line, char name[NAME_MAX_SIZE])
{
    const char *key;
    json_t *value;
    *name = '\0';
    append(name, result_word(line, "question", ""));
    append(name, result_word(line, "subject", ""));
    append(name, result_word(line, "platform", ""));
    append(name, result_word(line, "metric", ""));
    json_object_foreach(json_object_get(line, "params"), key, value) {
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        append(name, json_is_string(value) ? json_string_value(value)
                     : text ? text : "");
        free(text);
    }
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_')
            *c = '-';
}

static bool read_bars(const json_t *bars, struct histogram *h)
{
    if (!histogram_open(h, ANSWER_HIGHEST))
        return false;
    for (size_t i = 0; i < json_array_size(bars); i++) {
        const json_t *bar = json_array_get(bars, i);
        histogram_record_many(
            h, (uint64_t)json_integer_value(json_array_get(bar, 0)),
            (uint64_t)json_integer_value(json_array_get(bar, 1)));
    }
    return true;
}

static void write_percentiles(const char *name, const struct histogram *h)
{
    char path[HOST_PATH + NAME_MAX_SIZE + 16];
    snprintf(path, sizeof path, "%s/%s.hgrm", self.folder, name);
    FILE *file = fopen(path, "w");
    if (file)
        hdr_print_percentiles(file, h, MICROSECOND);
    if (!file || fclose(file) != 0)
        failed_to_write(path);
}

void export_line(const json_t *line)
{
    char name[NAME_MAX_SIZE];
    struct histogram h;
    const json_t *bars = json_object_get(line, "histogram");
    if (!self.log || !bars || !read_bars(bars, &h))
        return;
    name_of(line, name);
    write_percentiles(name, &h);
    hdr_print_log(self.log, name, &h);
    histogram_close(&h);
}

bool export_close(void)
{
    if (self.log && fclose(self.log) != 0)
        failed_to_write("latencies.hlog");
    self.log = NULL;
    return !self.failed;
}
