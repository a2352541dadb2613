/*
 * stage.c - see stage.h.
 */
#include "stage.h"

#include <math.h>
#include <string.h>

#include "folder.h"
#include "host.h"
#include "number.h"
#include "process.h"

#define LOG_TAIL 2000

struct running {
    struct night       *night;
    const struct stage *stage;
    size_t              noise;      /* lines that are no JSON object */
    size_t              lines;
};

static json_t *stage_line(const char *name, const char *state,
                          const char *why)
{
    json_t *line = json_pack("{s:s, s:s, s:s}", "type", "stage", "stage",
                             name, "state", state);
    if (why && *why)
        json_object_set_new(line, "why", json_string(why));
    return line;
}

static void put_command(const char *const *argv, struct text *command)
{
    for (size_t i = 0; argv[i]; i++) {
        if (i > 0)
            text_put(command, " ");
        text_shell(command, argv[i]);
    }
}

static void show_news(struct running *running, const json_t *line)
{
    struct progress *progress = &running->night->progress;
    char runs[NUMBER_MAX], rate[NUMBER_MAX];

    if (result_kind(line) != RESULT_PROGRESS) {
        if (running->lines > 0 &&
            strncmp(running->stage->name, "fuzz", 4) != 0)
            progress_news(progress, "%zu results", running->lines);
        return;
    }
    progress_news(progress, "%s runs  %s/s  %.0f behaviours  %zu findings",
                  number_short(runs, result_number(line, "runs", 0)),
                  number_short(rate,
                               result_number(line, "runs_per_second", 0)),
                  result_number(line, "behaviours", 0),
                  results_count(&running->night->results, RESULT_FINDING));
}

static int take_noise(struct running *running, const char *text, size_t size)
{
    running->noise++;
    /* One example is enough to know whose words they are. */
    if (running->noise > 1)
        return 0;
    json_t *line = json_pack("{s:s, s:s}", "type", "noise", "stage",
                             running->stage->name);
    json_t *words = json_stringn(text, size < 200 ? size : 200);
    if (words)
        json_object_set_new(line, "text", words);
    return night_add(running->night, line);
}

static int take_line(void *argument, const char *text, size_t size)
{
    struct running *running = argument;
    if (size == 0)
        return 0;
    json_t *line = json_loadb(text, size, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(line)) {
        json_decref(line);
        return take_noise(running, text, size);
    }
    running->lines++;
    show_news(running, line);
    return night_add(running->night, line);
}

static void tick(void *argument)
{
    struct running *running = argument;
    progress_tick(&running->night->progress);
}

/* The state a run ends in; why is filled when there is more to say. */
static const char *state_of_exit(const struct running *running, int status,
                                 struct text *why)
{
    if (status == 77) {
        text_put(why, "nothing to run here");
        return "skipped";
    }
    if (status == 2 && running->stage->optional) {
        text_put(why, "this build does not know the command");
        return "skipped";
    }
    if (status > 1) {
        text_print(why, "exit status %d", status);
        return "failed";
    }
    if (running->noise > 0) {
        text_print(why, "%zu of its lines are no JSON", running->noise);
        return "failed";
    }
    return "done";
}

static const char *state_of(const struct running *running,
                            const struct process_result *result,
                            struct text *why)
{
    switch (result->end) {
    case PROCESS_EXITED:
        return state_of_exit(running, result->status, why);
    case PROCESS_SIGNALLED:
        text_print(why, "killed by signal %d", result->status);
        return "failed";
    case PROCESS_DEADLINE:
        text_put(why, running->stage->must_end ? "it did not end in time"
                                               : "its time was over");
        return running->stage->must_end ? "failed" : "cut";
    case PROCESS_INTERRUPTED:
        return "interrupted";
    case PROCESS_REFUSED:
        text_put(why, "its results could not be written");
        return "failed";
    case PROCESS_TOO_LONG:
        text_put(why, "it printed a line without an end");
        return "failed";
    case PROCESS_FAILED:
        text_print(why, "cannot be started: %s", host_error(result->status));
        return "failed";
    }
    return "failed";
}

static void show_failure(struct night *night, const struct stage *stage,
                         const char *why, const char *log)
{
    struct text words = { 0 };
    progress_say(&night->progress, "nightly: %s failed: %s", stage->name,
                 why);
    if (folder_read(log, LOG_TAIL, true, &words) == 0 && words.size > 0)
        progress_say(&night->progress, "its last words, from %s:\n%s", log,
                     words.data);
    text_free(&words);
}

static void remove_empty(const char *log)
{
    struct text words = { 0 };
    if (folder_read(log, 1, false, &words) == 0 && words.size == 0)
        folder_remove(log);
    text_free(&words);
}

static int add_start(struct night *night, const struct stage *stage)
{
    struct text command = { 0 };
    json_t *line = stage_line(stage->name, "started", NULL);
    put_command(stage->argv, &command);
    json_object_set_new(line, "command", json_string(command.data));
    text_free(&command);
    return night_add(night, line);
}

static int add_end(struct running *running,
                   const struct process_result *result, const char *log)
{
    struct text why = { 0 };
    const char *state = state_of(running, result, &why);
    json_t *line = stage_line(running->stage->name, state, why.data);

    if (result->end == PROCESS_EXITED)
        json_object_set_new(line, "status", json_integer(result->status));
    json_object_set_new(line, "seconds",
                        json_real(round(result->seconds * 1000) / 1000));
    if (strcmp(state, "failed") == 0 && result->end != PROCESS_REFUSED)
        show_failure(running->night, running->stage, why.data, log);
    text_free(&why);
    return night_add(running->night, line);
}

int stage_run(struct night *night, const struct stage *stage)
{
    struct running running = { .night = night, .stage = stage };
    struct text log = { 0 };

    int error = add_start(night, stage);
    if (error)
        return error;
    night_path(night, stage->name, &log);
    text_put(&log, ".log");
    progress_begin(&night->progress, stage->name, stage->seconds_shown);

    struct process_options options = { .argv = stage->argv,
                                       .errors = log.data,
                                       .seconds_max = stage->seconds_max };
    struct process_result result = process_run(&options, take_line, tick,
                                               &running);
    progress_wipe(&night->progress);
    error = add_end(&running, &result, log.data);
    remove_empty(log.data);
    text_free(&log);
    return error;
}

int stage_skip(struct night *night, const char *name, const char *why)
{
    return night_add(night, stage_line(name, "skipped", why));
}

int stage_fail(struct night *night, const char *name, const char *why)
{
    progress_say(&night->progress, "nightly: %s: %s", name, why);
    return night_add(night, stage_line(name, "failed", why));
}

int stage_done(struct night *night, const char *name, double seconds)
{
    json_t *line = stage_line(name, "done", NULL);
    json_object_set_new(line, "status", json_integer(0));
    json_object_set_new(line, "seconds",
                        json_real(round(seconds * 1000) / 1000));
    return night_add(night, line);
}
