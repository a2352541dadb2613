/*
 * doctor.c - see doctor.h.
 */
#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "host.h"
#include "number.h"
#include "options.h"
#include "process.h"

#define LOOK_SECONDS_MAX 20
#define WINE_SECONDS_MAX 90     /* its first start makes the prefix */
#define FILES_WANTED 20000
#define ROOM_WANTED 4e9
#define STEAL_TOLERATED 0.005

static const char help[] =
    "usage: ./lastcall doctor [--json]\n"
    "\n"
    "Says what this machine can run, one line each, and what to do about\n"
    "what is missing.\n"
    "\n"
    "  --json   one JSON object a line\n"
    "\n"
    "examples\n"
    "  ./lastcall doctor\n"
    "  ./lastcall doctor --json\n"
    "\n"
    "exit: 0, whatever is missing; 2 usage\n";

static void add(json_t *lines, const char *name, const char *state,
                const char *value, const char *advice)
{
    json_array_append_new(
        lines, json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "doctor",
                         "name", name, "state", state, "value",
                         value ? value : "", "advice",
                         advice ? advice : ""));
}

static int keep_first(void *argument, const char *line, size_t size)
{
    struct text *text = argument;
    if (text->size == 0 && size > 0)
        text_add(text, line, size);
    return 0;
}

/* A program's first line of output; empty when it fails. */
static void first_line_within(struct text *line, const char *const *argv,
                              double seconds)
{
    struct process_options options = { .argv = argv, .errors = "",
                                       .seconds_max = seconds };
    struct process_result result = process_run(&options, keep_first, NULL,
                                               line);
    if (result.end != PROCESS_EXITED || result.status != 0)
        text_free(line);
}

static void first_line(struct text *line, const char *const *argv)
{
    first_line_within(line, argv, LOOK_SECONDS_MAX);
}

/* The first word of a line that begins with a digit: its version. */
static void put_version(struct text *to, const char *line)
{
    const char *at = line;
    while (*at) {
        size_t size = strcspn(at, " ,()");
        if (*at >= '0' && *at <= '9') {
            text_add(to, at, size);
            return;
        }
        at += size;
        at += strspn(at, " ,()");
    }
    text_put(to, line);
}

struct tool {
    const char *name;
    const char *program;
    const char *advice;
};

static const struct tool tools[] = {
    { "clang", "clang", "apt-get install clang" },
    { "gcc", "gcc", "apt-get install gcc" },
    { "meson", "meson", "apt-get install meson" },
    { "ninja", "ninja", "apt-get install ninja-build" },
    { "hyperfine", "hyperfine",
      "apt-get install hyperfine; process exits are not measured without" },
    { "mingw-w64", "x86_64-w64-mingw32-gcc",
      "apt-get install gcc-mingw-w64-x86-64-win32; there is no win32 "
      "without" },
};

static void look_at_tool(json_t *lines, const struct tool *tool)
{
    struct text path = { 0 }, line = { 0 }, version = { 0 };
    if (!host_find_program(tool->program, &path)) {
        add(lines, tool->name, "missing", "", tool->advice);
    } else {
        const char *argv[] = { path.data, "--version", NULL };
        first_line(&line, argv);
        put_version(&version, line.data ? line.data : path.data);
        add(lines, tool->name, "ok", version.data, "");
    }
    text_free(&path);
    text_free(&line);
    text_free(&version);
}

/* Debian keeps the 64-bit program out of PATH. */
static bool find_wine(struct text *path)
{
    static const char debian[] = "/usr/lib/wine/wine64";
    if (!folder_can_run(debian))
        return host_find_program("wine64", path) ||
               host_find_program("wine", path);
    text_put(path, debian);
    return true;
}

/* Whether a program starts in Wine is known once one has. */
static bool starts_in_wine(const char *starter)
{
    const char *argv[] = { starter, "cmd", "/c", "echo started", NULL };
    struct text line = { 0 };
    first_line_within(&line, argv, WINE_SECONDS_MAX);
    bool started = line.data && strncmp(line.data, "started", 7) == 0;
    text_free(&line);
    return started;
}

/* The starter comes with the build of win32, beside that of this program. */
static void look_at_wine(json_t *lines)
{
    struct text path = { 0 }, line = { 0 }, value = { 0 }, starter = { 0 };

    if (!find_wine(&path)) {
        add(lines, "wine", "missing", "",
            "apt-get install wine64; there is no win32 without");
    } else {
        const char *argv[] = { path.data, "--version", NULL };
        first_line(&line, argv);
        text_put(&value, line.data ? line.data : path.data);
        if (host_program_folder(&starter))
            text_put(&starter, "/../win32/wine");
        if (!starter.data || !folder_can_run(starter.data)) {
            text_put(&value, ", not started yet");
            add(lines, "wine", "ok", value.data, "");
        } else if (starts_in_wine(starter.data)) {
            add(lines, "wine", "ok", value.data, "");
        } else {
            add(lines, "wine", "limited", value.data,
                "it starts no program; build/win32/wine cmd /c ver says why");
        }
    }
    text_free(&path);
    text_free(&line);
    text_free(&value);
    text_free(&starter);
}

/* The runtime's file is named after the processor: the multiarch name up to
 * its first dash. */
static void look_at_runtime(json_t *lines, const char *name,
                            const char *runtime)
{
    const char *folder_argv[] = { "clang", "-print-runtime-dir", NULL };
    const char *triple_argv[] = { "clang", "-print-multiarch", NULL };
    struct text folder = { 0 }, triple = { 0 }, file = { 0 };

    first_line(&folder, folder_argv);
    first_line(&triple, triple_argv);
    const char *processor = triple.data ? triple.data : "";
    text_print(&file, "%s/libclang_rt.%s-%.*s.a",
               folder.data ? folder.data : "", runtime,
               (int)strcspn(processor, "-"), processor);

    if (folder.data && folder_has(file.data))
        add(lines, name, "ok", "", "");
    else
        add(lines, name, "missing", "",
            "apt-get install libclang-rt-14-dev");
    text_free(&folder);
    text_free(&triple);
    text_free(&file);
}

static void look_at_tools(json_t *lines)
{
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++)
        look_at_tool(lines, &tools[i]);
    look_at_wine(lines);
    look_at_runtime(lines, "libFuzzer", "fuzzer");
    look_at_runtime(lines, "AddressSanitizer", "asan");
    look_at_runtime(lines, "ThreadSanitizer", "tsan");
}

static void look_at_kernel(json_t *lines)
{
    struct text why = { 0 };
    if (host_io_uring(&why))
        add(lines, "io_uring", "ok", "", "");
    else
        add(lines, "io_uring", "missing", why.data,
            "needs Linux 5.18 and kernel.io_uring_disabled=0; the platform "
            "io_uring falls back to epoll");
    text_free(&why);
}

static void look_at_cores(json_t *lines)
{
    char value[NUMBER_MAX];
    int cores = host_cores();
    snprintf(value, sizeof value, "%d", cores);
    if (cores >= 2)
        add(lines, "cores", "ok", value, "");
    else
        add(lines, "cores", "limited", value,
            "with one core, latencies between threads measure the scheduler");
}

static void look_at_governor(json_t *lines)
{
    struct text governor = { 0 };
    if (!host_governor(&governor))
        add(lines, "governor", "ok", "not readable, as on most guests", "");
    else if (strcmp(governor.data, "performance") == 0)
        add(lines, "governor", "ok", governor.data, "");
    else
        add(lines, "governor", "limited", governor.data,
            "cpupower frequency-set -g performance, for steady figures");
    text_free(&governor);
}

static void look_at_steal(json_t *lines)
{
    char value[NUMBER_MAX];
    double share;
    if (!host_steal(&share)) {
        add(lines, "steal", "ok", "not readable", "");
        return;
    }
    snprintf(value, sizeof value, "%.2f %% since boot", 100 * share);
    if (share <= STEAL_TOLERATED)
        add(lines, "steal", "ok", value, "");
    else
        add(lines, "steal", "limited", value,
            "other guests use this processor; expect noisy benchmarks");
}

static void look_at_limits(json_t *lines)
{
    char value[NUMBER_MAX], figure[NUMBER_MAX];
    double files, bytes;

    if (host_files_max(&files)) {
        number_count(value, files);
        if (files >= FILES_WANTED)
            add(lines, "open files", "ok", value, "");
        else
            add(lines, "open files", "limited", value,
                "raise the hard limit: ulimit -Hn 20000");
    }
    if (host_room(".", &bytes)) {
        snprintf(value, sizeof value, "%.60s GB free",
                 number_short(figure, bytes / 1e9));
        if (bytes >= ROOM_WANTED)
            add(lines, "disk", "ok", value, "");
        else
            add(lines, "disk", "limited", value,
                "make room: builds and results take up to 4 GB");
    }
}

static void look_at_clock(json_t *lines)
{
    struct text name = { 0 };
    if (!host_clock(&name))
        add(lines, "clock", "ok", "not readable", "");
    else if (strcmp(name.data, "hpet") == 0 ||
             strcmp(name.data, "acpi_pm") == 0)
        add(lines, "clock", "limited", name.data,
            "reading it takes a microsecond; short figures are too large");
    else
        add(lines, "clock", "ok", name.data, "");
    text_free(&name);
}

json_t *doctor_look(void)
{
    struct text machine = { 0 };
    json_t *lines = json_array();
    if (host_machine(&machine))
        add(lines, "machine", "ok", machine.data, "");
    text_free(&machine);

    look_at_tools(lines);
    look_at_kernel(lines);
    look_at_cores(lines);
    look_at_governor(lines);
    look_at_steal(lines);
    look_at_clock(lines);
    look_at_limits(lines);
    return lines;
}

static void print_line(const json_t *line, int json)
{
    const char *value = json_string_value(json_object_get(line, "value"));
    const char *advice = json_string_value(json_object_get(line, "advice"));
    if (json) {
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
        return;
    }
    printf("%-8s %s",
           json_string_value(json_object_get(line, "state")),
           json_string_value(json_object_get(line, "name")));
    if (*value)
        printf(": %s", value);
    if (*advice)
        printf("  (%s)", advice);
    putchar('\n');
}

int doctor_main(int argc, char **argv)
{
    int json = 0, wants_help = 0;
    const struct option options[] = {
        { "--json", OPTION_FLAG, &json },
        { "--help", OPTION_FLAG, &wants_help },
    };
    int others = options_read("doctor", options, 2, argc, argv);
    if (others != 0) {
        if (others > 0)
            fprintf(stderr, "doctor: it takes no \"%s\"\n", argv[0]);
        return 2;
    }
    if (wants_help) {
        fputs(help, stdout);
        return 0;
    }

    json_t *lines = doctor_look();
    for (size_t i = 0; i < json_array_size(lines); i++)
        print_line(json_array_get(lines, i), json);
    json_decref(lines);
    return 0;
}
