/*
 * command_corpus.c - corpus: list, check, convert, and seeds for fuzzers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "host.h"
#include "input.h"
#include "runner.h"

static const char help[] =
"Usage: lastcall corpus list [PATH...]\n"
"       lastcall corpus check [PATH...]\n"
"       lastcall corpus seeds DIR [PATH...]\n"
"       lastcall corpus convert FILE --output F\n"
"\n"
"  list      name, expected verdict and intent of each scenario\n"
"  check     each is read, converts to the other form and back without loss,\n"
"            and ends with its verdict\n"
"  seeds     write each as a libFuzzer input into DIR\n"
"  convert   text to binary or binary to text, by what FILE is\n"
"\n"
"Without a PATH: corpus/scenario and corpus/found.\n";

static struct scenario scenario, other;

static void print(FILE *out, const void *what)
{
    scenario_print(out, what);
}

/* The first comment line, which says the intent. */
static const char *intent(const struct scenario *s, char *out, size_t size)
{
    size_t length;
    char *text = host_print(print, s, &length);
    snprintf(out, size, "-");
    if (text && text[0] == '#')
        snprintf(out, size, "%.*s", (int)strcspn(text + 2, "\n"), text + 2);
    free(text);
    return out;
}

static int list_one(const char *path)
{
    char text[160];
    printf("%-48s %-20s %s\n", path, verdict_name(scenario.expect),
           intent(&scenario, text, sizeof text));
    return EXIT_CLEAN;
}

static bool converts(void)
{
    static uint8_t bytes[SCENARIO_TEXT_MAX * 2];
    struct scenario_error error;
    size_t size = scenario_encode(&scenario, bytes, sizeof bytes);
    return size > 0 && scenario_decode(&other, bytes, size, &error) == 0 &&
           scenario_equal(&scenario, &other);
}

static int check_one(const char *path)
{
    struct run_options options = { .expectations = true };
    struct run_result result;
    runner_replay(&subject_lastcall, &scenario, &options, &result);
    if (result.verdict != scenario.expect) {
        printf("%s: %s: %s, expected %s\n", path,
               verdict_name(result.verdict), result.where,
               verdict_name(scenario.expect));
        return EXIT_FINDING;
    }
    if (!converts()) {
        printf("%s: is not the same after a conversion to binary\n", path);
        return EXIT_FAULT;
    }
    return EXIT_CLEAN;
}

static int each(int argc, char **argv, int (*one)(const char *path))
{
    static char self[] = "corpus", by_hand[] = "corpus/scenario";
    static char found[] = "corpus/found";
    char *standard[] = { self, by_hand, found };
    struct path_list list;
    if (argc < 2) {
        argv = standard;
        argc = 3;
    }
    if (read_paths(&list, argc, argv) < 0)
        return EXIT_USAGE;
    int status = EXIT_CLEAN;
    for (size_t i = 0; i < list.count && !host_interrupted(); i++) {
        int result = read_scenario(&scenario, list.path[i]) < 0
            ? EXIT_USAGE : one(list.path[i]);
        if (result > status)
            status = result;
    }
    if (one == check_one && status == EXIT_CLEAN)
        printf("%zu scenarios, each as it should be\n", list.count);
    free(list.path);
    return status;
}

static const char *seeds_folder;

static int write_seed(const char *path)
{
    static const uint8_t calm[4];
    uint8_t bytes[INPUT_MAX];
    char name[HOST_PATH], why[HOST_WHY];
    const char *base = strrchr(path, '/');
    size_t size = input_encode(&scenario, calm, sizeof calm, bytes,
                               sizeof bytes);
    snprintf(name, sizeof name, "%.400s/%.400s", seeds_folder,
             base ? base + 1 : path);
    if (host_make_folder(seeds_folder, why) == 0 &&
        host_write_file(name, bytes, size, why) == 0)
        return EXIT_CLEAN;
    fprintf(stderr, "lastcall corpus: %s\n", why);
    return EXIT_FAULT;
}

/* Text to binary, anything else to text. */
static int convert(const char *path, const char *output)
{
    static uint8_t bytes[SCENARIO_TEXT_MAX * 2];
    char why[HOST_WHY], magic[8] = "";
    size_t size;
    if (read_scenario(&scenario, path) < 0)
        return EXIT_USAGE;
    FILE *in = fopen(path, "rb");
    bool is_binary = in && fread(magic, 1, sizeof magic, in) == sizeof magic &&
        !memcmp(magic, SCENARIO_MAGIC, sizeof SCENARIO_MAGIC - 1);
    if (in)
        fclose(in);
    char *text = NULL;
    if (is_binary)
        text = host_print(print, &scenario, &size);
    else
        size = scenario_encode(&scenario, bytes, sizeof bytes);
    int result = host_write_file(output, text ? (void *)text : bytes, size,
                                 why);
    free(text);
    if (result < 0)
        fprintf(stderr, "lastcall corpus: %s\n", why);
    return result < 0 ? EXIT_FAULT : EXIT_CLEAN;
}

int command_corpus(int argc, char **argv)
{
    static const char *const verbs[] = { "list", "check", "seeds", "convert",
                                         NULL };
    const char *output = NULL;
    const struct option_form forms[] = {
        { "output", NULL, &output }, { 0 },
    };
    int left = options_read(argc, argv, forms, help);
    if (left <= 0)
        return left < 0 ? EXIT_USAGE : EXIT_CLEAN;
    const char *verb = left > 1 ? argv[1] : "";
    if (!strcmp(verb, "list"))
        return each(left - 1, argv + 1, list_one);
    if (!strcmp(verb, "check"))
        return each(left - 1, argv + 1, check_one);
    if (!strcmp(verb, "seeds") && left > 2) {
        seeds_folder = argv[2];
        return each(left - 2, argv + 2, write_seed);
    }
    if (!strcmp(verb, "convert") && left == 3 && output)
        return convert(argv[2], output);
    const char *meant = nearest_word(verb, verbs);
    fprintf(stderr, "lastcall corpus: %s%s; see lastcall corpus --help\n",
            meant && strcmp(meant, verb) ? "did you mean "
                                         : "say list, check, seeds DIR or "
                                           "convert FILE --output F",
            meant && strcmp(meant, verb) ? meant : "");
    return EXIT_USAGE;
}
