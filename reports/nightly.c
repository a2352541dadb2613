/*
 * nightly.c - see nightly.h.
 */
#include "nightly.h"

#include <string.h>

#include "attachment.h"
#include "doctor.h"
#include "folder.h"
#include "host.h"
#include "night.h"
#include "number.h"
#include "options.h"
#include "outcome.h"
#include "process.h"
#include "stage.h"

#define MINUTES 10
/* Shares of the time that replay has left; mutants and bench have the rest. */
#define FUZZ_SHARE 0.5
#define REAL_SHARE 0.04         /* on each real platform                   */
#define FIDELITY_SHARE 0.06
#define FUZZ_GRACE 60           /* to shrink what it found last            */
#define MUTANTS_SHARE 0.5       /* of the time that is left for both       */
#define STAGE_SECONDS_MIN 60    /* for mutants and bench, however short    */
#define REPLAY_SECONDS_MIN 120
/* The rules take as long as they take, and no share: a minute or two. */
#define CONFORMANCE_SECONDS_MAX 600
#define TIMELINES_MAX 20
#define TIMELINE_SECONDS 20
#define NIGHTS "nightly"

static const char help[] =
    "usage: ./lastcall nightly [--minutes N] [--out DIR] [--seed N] [--json]\n"
    "\n"
    "Replays the corpus, searches for new bugs in the simulator and on each\n"
    "real platform there is, holds the platforms to their rules, looks for\n"
    "the planted bugs, measures, and writes a page. Every result is in\n"
    "DIR/results.jsonl as soon as there is one; the page is DIR/report.html.\n"
    "\n"
    "  --minutes N   for all of it together, about; default 10\n"
    "  --out DIR     default a new folder under nightly/, to which\n"
    "                nightly/latest points\n"
    "  --seed N      of the search; default from the date, and recorded\n"
    "  --json        print all results as JSON lines\n"
    "  --root DIR    the folder that has corpus/\n"
    "  --tools DIR   the folder that has lastcall-fuzz and lastcall-bench\n"
    "\n"
    "Interrupted, it ends the program that runs and writes the page of what\n"
    "there is; a second interrupt does not wait for that program.\n"
    "\n"
    "examples\n"
    "  ./lastcall nightly\n"
    "  ./lastcall nightly --minutes 60 --out results/today\n"
    "  ./lastcall nightly --json | grep '\"finding\"'\n"
    "\n"
    "exit: 0 clean, 1 a finding, a regression or an unexpected verdict,\n"
    "2 usage, 3 the suite's own fault, 130 interrupted and clean until then\n";

/* Where things are, once it is known. */
struct places {
    struct text root;
    struct text fuzz;
    struct text bench;
    struct text found;          /* where new findings go                  */
};

static double seconds_left(const struct nightly_options *options,
                           const struct night *night)
{
    double left = options->minutes * 60 - night_seconds(night);
    return left > 0 ? left : 0;
}

static double at_least(double seconds, double least)
{
    return seconds > least ? seconds : least;
}

/* The corpus is in the working folder, or above the program. */
static void find_root(const struct nightly_options *options,
                      struct text *root)
{
    struct text probe = { 0 };
    if (options->root) {
        text_put(root, options->root);
        return;
    }
    if (folder_has("corpus") || !host_program_folder(root)) {
        root->size = 0;
        text_put(root, ".");
        return;
    }
    for (char *slash; (slash = strrchr(root->data, '/'));) {
        probe.size = 0;
        text_print(&probe, "%s/corpus", root->data);
        if (folder_has(probe.data))
            break;
        *slash = '\0';
        root->size = (size_t)(slash - root->data);
    }
    if (root->size == 0)
        text_put(root, ".");
    text_free(&probe);
}

static void find_tool(const struct nightly_options *options, const char *name,
                      struct text *path)
{
    if (options->tools)
        text_put(path, options->tools);
    else if (!host_program_folder(path))
        text_put(path, ".");
    text_print(path, "/%s", name);
}

/* A path in the root, as a person there would write it. */
static void put_in_root(const struct places *places, const char *name,
                        struct text *path)
{
    if (strcmp(places->root.data, ".") != 0)
        text_print(path, "%s/", places->root.data);
    text_put(path, name);
}

static void find_places(const struct nightly_options *options,
                        const struct night *night, struct places *places)
{
    find_root(options, &places->root);
    find_tool(options, "lastcall-fuzz", &places->fuzz);
    find_tool(options, "lastcall-bench", &places->bench);
    put_in_root(places, "corpus/found", &places->found);
    /* A read-only checkout must not cost a finding. */
    if (folder_open(places->found.data, 0) != 0) {
        places->found.size = 0;
        night_path(night, "found", &places->found);
    }
}

static void free_places(struct places *places)
{
    text_free(&places->root);
    text_free(&places->fuzz);
    text_free(&places->bench);
    text_free(&places->found);
}

static int keep_line(void *argument, const char *line, size_t size)
{
    struct text *text = argument;
    text_add(text, line, size);
    text_put(text, "\n");
    return 0;
}

static void put_revision(const struct places *places, struct text *revision)
{
    const char *argv[] = { "git", "--no-optional-locks", "-C",
                           places->root.data, "describe", "--always",
                           "--dirty", "--abbrev=12", NULL };
    struct process_options options = { .argv = argv, .errors = "",
                                       .seconds_max = 20 };
    struct process_result result = process_run(&options, keep_line, NULL,
                                               revision);
    if (result.end != PROCESS_EXITED || result.status != 0 ||
        revision->size == 0) {
        revision->size = 0;
        text_put(revision, "unknown");
        return;
    }
    revision->data[strcspn(revision->data, "\n")] = '\0';
}

static int add_head(struct night *night, const struct places *places,
                    const struct nightly_options *options, const char *seed)
{
    struct text date = { 0 }, machine = { 0 }, revision = { 0 };
    host_date(&date);
    if (!host_machine(&machine))
        text_put(&machine, "unknown");
    put_revision(places, &revision);
    json_t *line = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:f}", "type", "nightly", "started",
        date.data, "machine", machine.data, "revision", revision.data,
        "seed", seed, "minutes", options->minutes);
    text_free(&date);
    text_free(&machine);
    text_free(&revision);
    return night_add(night, line);
}

/* Whether the next stage is to be run; if not, that is recorded. */
static bool goes_on(struct night *night, const char *stage)
{
    if (process_interrupts() == 0 && night->record_error == 0)
        return true;
    if (night->record_error == 0)
        stage_skip(night, stage, "the night was interrupted");
    return false;
}

static void run_doctor(struct night *night)
{
    double start = night_seconds(night);
    if (!goes_on(night, "doctor"))
        return;
    progress_begin(&night->progress, "doctor", 0);
    json_t *lines = doctor_look();
    for (size_t i = 0; i < json_array_size(lines); i++)
        night_add(night, json_incref(json_array_get(lines, i)));
    json_decref(lines);
    stage_done(night, "doctor", night_seconds(night) - start);
}

static void run_replay(struct night *night, const struct places *places,
                       const struct nightly_options *options)
{
    static const char *const folders[] = { "corpus/scenario",
                                           "corpus/found" };
    const char *argv[8] = { places->fuzz.data, "replay", "--json" };
    struct text paths[2] = { { 0 } };
    size_t used = 3;

    if (!goes_on(night, "replay"))
        return;
    for (size_t i = 0; i < 2; i++) {
        put_in_root(places, folders[i], &paths[i]);
        if (folder_has_files(paths[i].data))
            argv[used++] = paths[i].data;
    }
    struct stage stage = {
        .name = "replay", .argv = argv, .must_end = true,
        .seconds_max = at_least(seconds_left(options, night),
                                REPLAY_SECONDS_MIN),
    };
    if (used > 3)
        stage_run(night, &stage);
    else
        stage_skip(night, "replay", "the corpus is empty");
    for (size_t i = 0; i < 2; i++)
        text_free(&paths[i]);
}

static void run_fuzz(struct night *night, const struct places *places,
                     double seconds, const char *seed)
{
    char seconds_text[NUMBER_MAX];

    if (!goes_on(night, "fuzz"))
        return;
    snprintf(seconds_text, sizeof seconds_text, "%.0f", seconds);
    const char *argv[] = { places->fuzz.data, "fuzz", "--json", "--seconds",
                           seconds_text, "--strategy", "all", "--seed",
                           seed, "--save", places->found.data, NULL };
    struct stage stage = { .name = "fuzz", .argv = argv, .must_end = true,
                           .seconds_max = seconds + FUZZ_GRACE,
                           .seconds_shown = seconds };
    stage_run(night, &stage);
}

/* What only some machines can run has its programs beside the others. */
static const struct real {
    const char *platform;
    const char *stage;
    const char *program;        /* relative to lastcall-fuzz's folder     */
    const char *absent;
} reals[] = {
    { "linux", "fuzz-linux", "lastcall-real-linux",
      "lastcall-real-linux is not built" },
    { "io_uring", "fuzz-io_uring", "lastcall-real-io_uring",
      "lastcall-real-io_uring is not built" },
    { "win32", "fuzz-win32", "../win32/lastcall-real-win32.exe",
      "win32 is not built: ./lastcall build win32" },
};

static bool is_built(const struct places *places, const struct real *real)
{
    struct text path = { 0 };
    const char *slash = strrchr(places->fuzz.data, '/');
    text_add(&path, places->fuzz.data,
             slash ? (size_t)(slash - places->fuzz.data) + 1 : 0);
    text_put(&path, real->program);
    bool built = folder_has(path.data);
    text_free(&path);
    return built;
}

static void run_real(struct night *night, const struct places *places,
                     const struct real *real, double seconds,
                     const char *seed)
{
    char seconds_text[NUMBER_MAX];

    if (!goes_on(night, real->stage))
        return;
    if (!is_built(places, real)) {
        stage_skip(night, real->stage, real->absent);
        return;
    }
    snprintf(seconds_text, sizeof seconds_text, "%.0f", seconds);
    const char *argv[] = { places->fuzz.data, "fuzz", "--json", "--platform",
                           real->platform, "--seconds", seconds_text,
                           "--seed", seed, "--save", places->found.data,
                           NULL };
    struct stage stage = { .name = real->stage, .argv = argv,
                           .must_end = true,
                           .seconds_max = seconds + FUZZ_GRACE,
                           .seconds_shown = seconds };
    stage_run(night, &stage);
}

static void run_conformance(struct night *night, const struct places *places)
{
    const char *argv[] = { places->fuzz.data, "conformance", "--json", NULL };
    struct stage stage = { .name = "conformance", .argv = argv,
                           .must_end = true, .optional = true,
                           .seconds_max = CONFORMANCE_SECONDS_MAX };
    if (goes_on(night, "conformance"))
        stage_run(night, &stage);
}

static void run_fidelity(struct night *night, const struct places *places,
                         double seconds, const char *seed)
{
    char seconds_text[NUMBER_MAX];

    if (!goes_on(night, "fidelity"))
        return;
    snprintf(seconds_text, sizeof seconds_text, "%.0f", seconds);
    const char *argv[] = { places->fuzz.data, "fidelity", "--json",
                           "--seconds", seconds_text, "--seed", seed, NULL };
    struct stage stage = { .name = "fidelity", .argv = argv,
                           .must_end = true, .optional = true,
                           .seconds_max = seconds + FUZZ_GRACE,
                           .seconds_shown = seconds };
    stage_run(night, &stage);
}

static void add_timeline(struct night *night, const struct places *places,
                         const char *path)
{
    const char *argv[] = { places->fuzz.data, "explain", path, NULL };
    struct text words = { 0 };
    struct process_options options = { .argv = argv, .errors = "",
                                       .seconds_max = TIMELINE_SECONDS };
    process_run(&options, keep_line, NULL, &words);
    if (words.size > ATTACHMENT_SIZE_MAX)
        words.size = ATTACHMENT_SIZE_MAX;
    if (words.size > 0)
        night_add(night, attachment_line(path, ATTACHMENT_TIMELINE, &words));
    text_free(&words);
}

/* The record then has all that the page shows, wherever it is made. */
static void attach(struct night *night, const struct places *places)
{
    size_t timelines = 0;
    for (size_t i = 0; i < results_count(&night->results, RESULT_FINDING);
         i++) {
        const json_t *finding = results_line(&night->results, RESULT_FINDING,
                                             i);
        const char   *path = result_string(finding, "path", NULL);
        if (!path || night->record_error ||
            attachment_text(&night->results, path, ATTACHMENT_SCENARIO))
            continue;
        json_t *line = attachment_read(path, places->root.data);
        if (line)
            night_add(night, line);
        /* The simulator can tell nothing of what real threads did. */
        if (strcmp(result_platform(finding), "sim") == 0 &&
            process_interrupts() == 0 && timelines++ < TIMELINES_MAX)
            add_timeline(night, places, path);
    }
}

static void run_bench_tool(struct night *night, const struct places *places,
                           const char *command, double seconds)
{
    const char *argv[] = { places->bench.data, command, "--quick", "--json",
                           NULL };
    struct stage stage = { .name = command, .argv = argv,
                           .seconds_max = seconds, .seconds_shown = seconds,
                           .optional = true };
    if (!goes_on(night, command))
        return;
    if (folder_can_run(places->bench.data))
        stage_run(night, &stage);
    else
        stage_skip(night, command, "lastcall-bench is not built");
}

/* The searches come first: what they find is what the night is for. */
static void run_searches(struct night *night, const struct places *places,
                         const struct nightly_options *options,
                         const char *seed)
{
    run_replay(night, places, options);
    double seconds = seconds_left(options, night);
    run_fuzz(night, places, at_least(FUZZ_SHARE * seconds, 1), seed);
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++)
        run_real(night, places, &reals[i], at_least(REAL_SHARE * seconds, 1),
                 seed);
    attach(night, places);
    run_conformance(night, places);
    run_fidelity(night, places, at_least(FIDELITY_SHARE * seconds, 1), seed);
}

static void run_stages(struct night *night, const struct places *places,
                       const struct nightly_options *options, const char *seed)
{
    run_doctor(night);
    if (folder_can_run(places->fuzz.data)) {
        run_searches(night, places, options, seed);
    } else {
        stage_fail(night, "fuzz", "lastcall-fuzz is not built");
    }

    double mutants = MUTANTS_SHARE * seconds_left(options, night);
    run_bench_tool(night, places, "mutants",
                   at_least(mutants, STAGE_SECONDS_MIN));
    run_bench_tool(night, places, "bench",
                   at_least(seconds_left(options, night),
                            STAGE_SECONDS_MIN));
}

static void add_end(struct night *night)
{
    struct outcome outcome = outcome_of(&night->results);
    bool interrupted = process_interrupts() > 0;

    /* Without its end a night counts as cut off, so the status is that of
     * the lines before unless those were clean. */
    int status = outcome.word != OUTCOME_UNFINISHED ? outcome.status
               : interrupted ? 130 : 0;
    night_add(night, json_pack("{s:s, s:i, s:f, s:b}", "type", "end",
                               "status", status, "seconds",
                               night_seconds(night), "interrupted",
                               (int)interrupted));
}

static const char *first_command(const struct results *results,
                                 struct text *command)
{
    const char *replay = result_string(
        results_line(results, RESULT_FINDING, 0), "replay", NULL);
    if (replay)
        return replay;
    for (size_t i = 0; i < results_count(results, RESULT_REPLAY); i++) {
        const json_t *line = results_line(results, RESULT_REPLAY, i);
        if (!outcome_is_unexpected(line))
            continue;
        text_put(command, "./lastcall replay ");
        text_shell(command, result_string(line, "path", ""));
        return command->data;
    }
    return NULL;
}

static void print_end(struct night *night, const struct outcome *outcome)
{
    char runs[NUMBER_MAX], length[NUMBER_MAX];
    struct text sentence = { 0 }, command = { 0 };

    if (night->json)
        return;
    outcome_sentence(outcome, &sentence);
    fprintf(night->output, "%s", sentence.data);
    if (outcome->runs > 0)
        fprintf(night->output, "; %s runs",
                number_short(runs, outcome->runs));
    fprintf(night->output, "; %s\n",
            number_duration(length, outcome->seconds));
    fprintf(night->output, "page: %s/report.html\n", night->folder.data);
    const char *replay = first_command(&night->results, &command);
    if (replay)
        fprintf(night->output, "%s\n", replay);
    fflush(night->output);
    text_free(&sentence);
    text_free(&command);
}

/* The link is a convenience; where links cannot be made there is none. */
static void point_to_latest(const struct nightly_options *options,
                            const struct night *night)
{
    if (!options->out)
        folder_link(NIGHTS "/latest", strrchr(night->folder.data, '/') + 1);
}

static int finish(struct night *night)
{
    add_end(night);
    if (night->record_error)
        return 3;
    struct outcome outcome = outcome_of(&night->results);
    if (night_write_page(night) != 0)
        return 3;
    print_end(night, &outcome);
    return outcome.status;
}

int nightly_run(const struct nightly_options *options)
{
    struct night  night;
    struct places places = { 0 };
    struct text   folder = { 0 };
    char          seed[NUMBER_MAX];

    snprintf(seed, sizeof seed, "%.0f", host_date_seconds());

    if (options->out) {
        text_put(&folder, options->out);
    } else {
        text_put(&folder, NIGHTS "/");
        host_date_name(&folder);
    }
    int error = night_open(&night, folder.data, options->output,
                           options->json != 0);
    text_free(&folder);
    if (error)
        return 3;

    find_places(options, &night, &places);
    point_to_latest(options, &night);
    if (options->seed)
        snprintf(seed, sizeof seed, "%s", options->seed);
    add_head(&night, &places, options, seed);
    run_stages(&night, &places, options, seed);
    int status = finish(&night);
    free_places(&places);
    night_close(&night);
    return status;
}

int nightly_main(int argc, char **argv)
{
    int wants_help = 0;
    struct nightly_options request = { .minutes = MINUTES, .output = stdout };
    const struct option options[] = {
        { "--minutes", OPTION_NUMBER, &request.minutes },
        { "--out", OPTION_TEXT, &request.out },
        { "--seed", OPTION_TEXT, &request.seed },
        { "--json", OPTION_FLAG, &request.json },
        { "--root", OPTION_TEXT, &request.root },
        { "--tools", OPTION_TEXT, &request.tools },
        { "--help", OPTION_FLAG, &wants_help },
    };
    int others = options_read("nightly", options,
                              sizeof options / sizeof options[0], argc, argv);
    if (others != 0) {
        if (others > 0)
            fprintf(stderr, "nightly: it takes no \"%s\"\n", argv[0]);
        return 2;
    }
    if (wants_help) {
        fputs(help, stdout);
        return 0;
    }
    process_catch_interrupts();
    return nightly_run(&request);
}
