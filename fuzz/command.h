/*
 * command.h - the commands of lastcall-fuzz, one file each.
 *
 * Each takes its own arguments, argv[0] being its name, and returns the exit
 * status: 0 clean, 1 a finding, 2 usage, 3 the suite's own fault, 77 nothing
 * to run here. Results go to stdout, progress and errors to stderr; with
 * --json, stdout has one JSON object a line and nothing else.
 */
#ifndef FUZZ_COMMAND_H
#define FUZZ_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exit_status {
    EXIT_CLEAN = 0,
    EXIT_FINDING = 1,
    EXIT_USAGE = 2,
    EXIT_FAULT = 3,
    EXIT_NOTHING = 77,
};

int command_fuzz(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_speed(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_shrink(int argc, char **argv);
int command_verify(int argc, char **argv);
int command_corpus(int argc, char **argv);
int command_fidelity(int argc, char **argv);
int command_conformance(int argc, char **argv);

/*
 * One long option: --name, or --name VALUE when `value` is set.
 */
struct option_form {
    const char  *name;
    bool        *flag;          /* for an option without a value            */
    const char **value;         /* for an option with one                   */
};

/*
 * Read long options; what is none stays in argv, in order, from index 1.
 *
 *   forms     ends with a NULL name
 *   help      printed for --help
 *   returns   how many arguments are left, argv[0] included; 0 after --help;
 *             -1 after an error that was printed
 */
int options_read(int argc, char **argv, const struct option_form *forms,
                 const char *help);

/* Read a number; prints an error and returns false if it is none. */
bool option_number(const char *name, const char *text, uint64_t *out);
bool option_seconds(const char *name, const char *text, double *out);

/* The planted bug of this program: "m003" in lastcall-fuzz-m003, else "". */
const char *program_mutant(void);

/* The line that runs a command on a file with this program. */
void program_command(char *out, size_t size, const char *command,
                     const char *path);

/* The one of a NULL-terminated list that is nearest to a word, or NULL if
 * none is near. */
const char *nearest_word(const char *word, const char *const *list);

/*
 * Read a scenario in any form: text, binary, or a libFuzzer input of
 * target_shutdown, whose schedule is then recorded as exceptions.
 *
 *   returns   0, or -1 after an error that was printed
 */
struct scenario;
int read_scenario(struct scenario *out, const char *path);

/* Every file of the arguments, folders opened, in order. */
struct path_list {
    char   (*path)[1024];
    size_t count;
};

/* Returns 0, or -1 after an error that was printed. */
int read_paths(struct path_list *list, int argc, char **argv);

#endif
