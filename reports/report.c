/*
 * report.c - see report.h.
 */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "attachment.h"
#include "folder.h"
#include "host.h"
#include "options.h"
#include "page.h"

#define RESULTS_SIZE_MAX (1024u * 1024 * 1024)
#define LATEST "nightly/latest/results.jsonl"

static const char help[] =
    "usage: ./lastcall report [--in FILE] [--out FILE] [FILE...]\n"
    "\n"
    "Writes results as one HTML page that opens from the disk: no network,\n"
    "no other file.\n"
    "\n"
    "  --in FILE    results as JSON Lines; - is standard input; default\n"
    "               " LATEST "\n"
    "  --out FILE   the page; - is standard output; default report.html\n"
    "               beside the results\n"
    "  --json       print what was written as one JSON line\n"
    "\n"
    "examples\n"
    "  ./lastcall report\n"
    "  ./lastcall report --in nightly/latest/results.jsonl --out page.html\n"
    "  ./lastcall bench --json | ./lastcall report --in - --out bench.html\n"
    "\n"
    "exit: 0 written, 2 usage, 3 could not be written, 77 no results yet\n";

struct request {
    const char *in;
    const char *out;
    int         json;
    int         help;
};

static void read_input(struct text *content)
{
    char   block[16 * 1024];
    size_t size;
    while ((size = fread(block, 1, sizeof block, stdin)) > 0)
        text_add(content, block, size);
}

static int read_results(struct results *results, const char *path)
{
    struct text content = { 0 };
    int error = 0;

    if (strcmp(path, "-") == 0)
        read_input(&content);
    else
        error = folder_read(path, RESULTS_SIZE_MAX, false, &content);
    if (!error)
        results_read(results, &content);
    text_free(&content);
    return error;
}

/* Results that no night has made name scenario files and lack their text. */
static void attach_scenarios(struct results *results)
{
    for (size_t i = 0; i < results_count(results, RESULT_FINDING); i++) {
        const char *path = result_string(
            results_line(results, RESULT_FINDING, i), "path", NULL);
        if (!path || attachment_text(results, path, ATTACHMENT_SCENARIO))
            continue;
        json_t *line = attachment_read(path, NULL);
        if (line)
            results_add(results, line);
        json_decref(line);
    }
}

static void put_out_path(struct text *out, const struct request *request,
                         const char *in)
{
    const char *slash = strrchr(in, '/');
    if (request->out) {
        text_put(out, request->out);
        return;
    }
    if (slash)
        text_add(out, in, (size_t)(slash - in) + 1);
    text_put(out, "report.html");
}

static int print_page(const struct text *page)
{
    size_t done = fwrite(page->data, 1, page->size, stdout);
    return done == page->size && fflush(stdout) == 0 ? 0 : -1;
}

static int write_page(const struct request *request, const char *in,
                      const struct results *results)
{
    struct text page = { 0 };
    struct text out = { 0 };
    int status = 0;

    page_write(&page, results, in);
    put_out_path(&out, request, in);
    if (strcmp(out.data, "-") == 0) {
        status = print_page(&page) < 0 ? 3 : 0;
    } else {
        int error = folder_write(out.data, &page);
        if (error) {
            fprintf(stderr, "report: cannot write %s: %s\n", out.data,
                    host_error(error));
            status = 3;
        } else if (request->json) {
            json_t *line = json_pack("{s:s, s:s, s:i}", "type", "page",
                                     "path", out.data, "bytes",
                                     (int)page.size);
            json_dumpf(line, stdout, JSON_COMPACT);
            putchar('\n');
            json_decref(line);
        } else {
            printf("%s\n", out.data);
        }
    }
    text_free(&out);
    text_free(&page);
    return status;
}

static int say_unreadable(const char *path, int error, int is_default)
{
    if (is_default) {
        fprintf(stderr, "report: there are no results yet in %s\n"
                        "make some: ./lastcall nightly\n", path);
        return 77;
    }
    fprintf(stderr, "report: cannot read %s: %s\n", path, host_error(error));
    return 2;
}

static int make_report(const struct request *request, int count, char **paths)
{
    struct results results;
    const char *in = request->in ? request->in
                   : count > 0 ? paths[0] : LATEST;
    int is_default = !request->in && count == 0;
    int status = 0;

    results_open(&results);
    if (request->in || count == 0) {
        int error = read_results(&results, in);
        status = error ? say_unreadable(in, error, is_default) : 0;
    }
    for (int i = 0; i < count && status == 0; i++) {
        int error = read_results(&results, paths[i]);
        status = error ? say_unreadable(paths[i], error, 0) : 0;
    }
    if (status == 0) {
        attach_scenarios(&results);
        status = write_page(request, in, &results);
    }
    results_free(&results);
    return status;
}

int report_main(int argc, char **argv)
{
    struct request request = { 0 };
    const struct option options[] = {
        { "--in", OPTION_TEXT, &request.in },
        { "--out", OPTION_TEXT, &request.out },
        { "--json", OPTION_FLAG, &request.json },
        { "--help", OPTION_FLAG, &request.help },
    };
    int others = options_read("report", options,
                              sizeof options / sizeof options[0], argc, argv);
    if (others < 0)
        return 2;
    if (request.help) {
        fputs(help, stdout);
        return 0;
    }
    return make_report(&request, others, argv);
}
