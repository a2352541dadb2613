/*
 * command_fidelity.c - is what real ports do within what the simulated
 * kernel may do?
 *
 * Each platform's recorder performs sequences and writes what came of them;
 * every record is explained as it comes (fidelity/model.h). Each sequence is
 * also performed by chance in the simulator, so that the outcomes which the
 * model has and the real port never showed can be listed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "command.h"
#include "fidelity/tally.h"
#include "host.h"
#include "platform.h"

#define WAIT_MS 200
#define SAVED_MAX 20
#define TEXT_SIZE (1 << 16)
#define OUTCOMES_DEFAULT "100000"
#define SECONDS_DEFAULT 60.0

static const char help[] =
"Usage: lastcall fidelity [options]\n"
"       lastcall fidelity FILE\n"
"\n"
"Perform random sequences of calls on the real completion ports of this\n"
"machine, and explain each outcome with the simulated kernel: is there a\n"
"schedule under which it does the same? FILE is a record that was saved\n"
"because there was none: it is explained again and told step by step.\n"
"\n"
"  --platform P   linux, io_uring or win32; default all there are\n"
"  --outcomes N   stop each after so many; default " OUTCOMES_DEFAULT "\n"
"  --seconds N    stop all after so long; default 60 for each platform\n"
"  --seed N       of the first sequence; default another one each time\n"
"  --save FOLDER  for what is not explained; default\n"
"                 build/findings/fidelity\n"
"  --json         one JSON object a platform on stdout\n"
"\n"
"Examples:\n"
"  lastcall fidelity --platform linux --outcomes 1000000\n"
"  lastcall fidelity --seconds 30 --json\n";

struct count {
    uint64_t sequences, outcomes, unexplained, undecided, saved;
};

static struct {
    const char *platform;
    const char *folder;
    bool        json, draws;
    uint64_t    seed, outcomes_max;
    double      begin, seconds_max;
    double      shown;
    struct count count;
    struct tally tally;
    bool        any, bad, fault;
} run;

static struct record       record;
static struct model_result result;

/* --- records ----------------------------------------------------------- */

static bool tally_sample(const struct record_event *e, void *arg)
{
    (void)arg;
    tally_event(&run.tally, TALLY_MODEL, e);
    return true;
}

struct story {
    const struct record *record;
    const char          *line;
};

static void print_story(FILE *out, const void *what)
{
    const struct story *s = what;
    fprintf(out, "platform %s\n%s after %u runs of the model\n\n",
            run.platform,
            result.answer == MODEL_UNDECIDED ? "not decided" : "unexplained",
            result.runs);
    words_story(out, s->record, &result);
    fprintf(out, "\nrecord, to be explained again:\n%s\n", s->line);
}

/* The name is the seed of the sequence, which performs it again. */
static void save(const char *line, uint64_t seed)
{
    char path[HOST_PATH], why[HOST_WHY];
    struct story story = { &record, line };
    size_t size;
    if (run.count.saved++ >= SAVED_MAX)
        return;
    snprintf(path, sizeof path, "%s/%s-%llu.txt", run.folder, run.platform,
             (unsigned long long)seed);
    char *text = host_print(print_story, &story, &size);
    if (!text || host_make_folder(run.folder, why) < 0 ||
        host_write_file(path, text, size, why) < 0) {
        fprintf(stderr, "lastcall fidelity: %s\n", text ? why : "no memory");
        fputs(line, stderr);
        fputc('\n', stderr);
        run.fault = true;
    } else {
        fprintf(stderr, "%s: a sequence is %s: ./lastcall fidelity %s\n",
                run.platform,
                result.answer == MODEL_UNDECIDED ? "not decided"
                                                 : "unexplained", path);
    }
    free(text);
}

static void take_record(const char *line)
{
    uint64_t seed = run.seed + run.count.sequences;
    if (!record_parse(&record, line)) {
        fprintf(stderr, "%s: %s\n", run.platform, line);
        return;
    }
    model_explain(&record, run.platform, &result);
    run.count.sequences++;
    run.count.outcomes += result.outcomes;
    run.count.unexplained += result.answer == MODEL_UNEXPLAINED;
    run.count.undecided += result.answer == MODEL_UNDECIDED;
    unsigned same = result.answer == MODEL_EXPLAINED ? record.count
                                                     : result.at;
    for (unsigned i = 0; i < same; i++)
        tally_event(&run.tally, TALLY_REAL, &record.event[i]);
    if (result.answer != MODEL_EXPLAINED)
        save(line, seed);
    model_sample(&record.sequence, run.platform, seed, tally_sample, NULL);
}

static bool is_over(void)
{
    return run.count.outcomes >= run.outcomes_max ||
           host_seconds() - run.begin >= run.seconds_max ||
           host_interrupted();
}

static void show_progress(void)
{
    double now = host_seconds();
    if (!run.draws || now - run.shown < 0.2)
        return;
    run.shown = now;
    fprintf(stderr, "\r%s: %llu sequences, %llu outcomes, %llu unexplained ",
            run.platform, (unsigned long long)run.count.sequences,
            (unsigned long long)run.count.outcomes,
            (unsigned long long)run.count.unexplained);
}

/* --- the recorder ------------------------------------------------------ */

struct reader {
    char   text[TEXT_SIZE];
    size_t size;
};

static void take_lines(struct reader *r)
{
    char *line = r->text, *end;
    while ((end = strchr(line, '\n')) != NULL && !is_over()) {
        *end = '\0';
        line[strcspn(line, "\r")] = '\0';
        take_record(line);
        line = end + 1;
    }
    r->size = strlen(line);
    memmove(r->text, line, r->size + 1);
    if (r->size == TEXT_SIZE - 1)
        r->size = 0;
}

static void read_records(struct child *c, struct reader *r)
{
    size_t n;
    while (!is_over() &&
           (n = child_read(c, CHILD_OUTPUT, r->text + r->size,
                           TEXT_SIZE - 1 - r->size)) > 0) {
        r->size += n;
        r->text[r->size] = '\0';
        take_lines(r);
        show_progress();
    }
}

static void fault(const char *why)
{
    fprintf(stderr, "lastcall fidelity: %s: %s\n", run.platform, why);
    run.fault = true;
}

/* The recorder never ends by itself: if it has, that is a fault. */
static void record_all(char *const argv[])
{
    static struct reader reader;
    char why[CHILD_WHY];
    struct child *child;
    struct child_end end;
    bool ended = false;
    reader.size = 0;
    if (child_start(&child, argv, true, why) < 0) {
        fault(why);
        return;
    }
    while (!is_over() && !ended) {
        ended = child_wait(child, WAIT_MS);
        read_records(child, &reader);
    }
    child_end(child, &end);
    child_destroy(child);
    if (ended && end.crashed)
        fault(child_crash_name(end.code));
    else if (ended)
        fault("the recorder has ended");
}

/* --- the table --------------------------------------------------------- */

static void print_json(double seconds)
{
    const char *between = "";
    printf("{\"type\":\"fidelity\",\"platform\":\"%s\",\"sequences\":%llu,"
           "\"outcomes\":%llu,\"unexplained\":%llu,\"undecided\":%llu,"
           "\"classes\":%u,\"never_shown\":[",
           run.platform, (unsigned long long)run.count.sequences,
           (unsigned long long)run.count.outcomes,
           (unsigned long long)run.count.unexplained,
           (unsigned long long)run.count.undecided, run.tally.count);
    for (unsigned i = 0; i < run.tally.count; i++) {
        if (run.tally.entry[i].count[TALLY_REAL] > 0)
            continue;
        printf("%s\"%s\"", between, run.tally.entry[i].words);
        between = ",";
    }
    printf("],\"seconds\":%.1f}\n", seconds);
    fflush(stdout);
}

static void print_classes(bool shown)
{
    for (unsigned i = 0; i < run.tally.count; i++) {
        const struct tally_class *c = &run.tally.entry[i];
        if ((c->count[TALLY_REAL] > 0) == shown)
            printf("%10llu %10llu  %s\n",
                   (unsigned long long)c->count[TALLY_REAL],
                   (unsigned long long)c->count[TALLY_MODEL], c->words);
    }
}

static void print_table(double seconds)
{
    printf("\n%s: %llu sequences, %llu outcomes compared in %.1f s, "
           "%llu unexplained, %llu not decided\n\n", run.platform,
           (unsigned long long)run.count.sequences,
           (unsigned long long)run.count.outcomes, seconds,
           (unsigned long long)run.count.unexplained,
           (unsigned long long)run.count.undecided);
    printf("%10s %10s  %u classes of outcomes\n", "real", "model",
           run.tally.count);
    print_classes(true);
    printf("\n%u that the model has and %s never showed:\n",
           tally_never(&run.tally), run.platform);
    print_classes(false);
}

/* --- platforms --------------------------------------------------------- */

static void run_platform(const char *platform, double seconds)
{
    char *argv[PLATFORM_ARGS + 3], why[HOST_WHY], seed[24];
    int count = platform_argv(platform, "fidelity", argv, why);
    if (count < 0) {
        fprintf(stderr, "lastcall fidelity: %s\n", why);
        return;
    }
    run.any = true;
    run.platform = platform;
    run.count = (struct count){ 0 };
    memset(&run.tally, 0, sizeof run.tally);
    run.begin = host_seconds();
    run.seconds_max = seconds;
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)run.seed);
    argv[count] = seed;
    argv[count + 1] = "0";
    argv[count + 2] = NULL;
    record_all(argv);
    double took = host_seconds() - run.begin;
    tally_sort(&run.tally);
    if (run.draws)
        fputc('\n', stderr);
    if (run.json)
        print_json(took);
    else
        print_table(took);
    run.bad |= run.count.unexplained > 0;
}

static bool is_wanted(const char *platform, const char *only)
{
    return *only ? !strcmp(platform, only) : model_is_real(platform);
}

static void run_all(const char *only, double seconds)
{
    unsigned wanted = 0;
    for (int i = 0; i < PLATFORMS; i++)
        wanted += is_wanted(platform_name[i], only);
    for (int i = 0; i < PLATFORMS && !host_interrupted(); i++)
        if (is_wanted(platform_name[i], only))
            run_platform(platform_name[i],
                         seconds > 0 ? seconds / wanted : SECONDS_DEFAULT);
}

/* A file that was saved: the platform, a story, the record. */
static int explain_file(const char *path)
{
    static char text[TEXT_SIZE];
    static char platform[16];
    char why[HOST_WHY];
    long size = host_read_file(path, text, sizeof text - 1, why);
    if (size < 0) {
        fprintf(stderr, "lastcall fidelity: %s\n", why);
        return EXIT_USAGE;
    }
    text[size] = '\0';
    char *line = strstr(text, "\n=");
    bool good = line && sscanf(text, "platform %15s", platform) == 1 &&
                model_knows(platform);
    if (good)
        line[1 + strcspn(line + 1, "\r\n")] = '\0';
    if (!good || !record_parse(&record, line + 1)) {
        fprintf(stderr, "lastcall fidelity: %s holds no record\n", path);
        return EXIT_USAGE;
    }
    model_explain(&record, platform, &result);
    words_story(stdout, &record, &result);
    printf("%s: %s, after %u runs of the model\n", path,
           result.answer == MODEL_EXPLAINED     ? "explained"
           : result.answer == MODEL_UNEXPLAINED ? "unexplained"
                                                : "not decided",
           result.runs);
    return result.answer == MODEL_EXPLAINED ? EXIT_CLEAN : EXIT_FINDING;
}

int command_fidelity(int argc, char **argv)
{
    const char *platform = "", *outcomes = OUTCOMES_DEFAULT, *seed = NULL;
    const char *seconds_text = NULL;
    double seconds = 0;
    run.folder = "build/findings/fidelity";
    const struct option_form forms[] = {
        { "platform", NULL, &platform }, { "outcomes", NULL, &outcomes },
        { "seconds", NULL, &seconds_text }, { "seed", NULL, &seed },
        { "save", NULL, &run.folder }, { "json", &run.json, NULL },
        { 0 },
    };
    int left = options_read(argc, argv, forms, help);
    if (left <= 0)
        return left < 0 ? EXIT_USAGE : EXIT_CLEAN;
    if (left == 2)
        return explain_file(argv[1]);
    run.seed = host_seed() >> 16;
    if (!option_number("outcomes", outcomes, &run.outcomes_max) ||
        (seconds_text &&
         !option_seconds("seconds", seconds_text, &seconds)) ||
        (seed && !option_number("seed", seed, &run.seed)))
        return EXIT_USAGE;
    if (left > 2 || (*platform && !model_is_real(platform))) {
        fputs("lastcall fidelity: --platform is linux, io_uring or win32; "
              "see lastcall fidelity --help\n", stderr);
        return EXIT_USAGE;
    }

    /* Somebody who gives a time wants it used. */
    if (seconds_text && !strcmp(outcomes, OUTCOMES_DEFAULT))
        run.outcomes_max = UINT64_MAX;
    run.draws = host_is_terminal(2);
    run_all(platform, seconds);
    if (run.fault)
        return EXIT_FAULT;
    return run.bad ? EXIT_FINDING : run.any ? EXIT_CLEAN : EXIT_NOTHING;
}
