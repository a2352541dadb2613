/*
 * options.h - the long options of one command.
 *
 * A command lists its options in a table; --name VALUE and --name=VALUE are
 * the same, and -- ends the options. What is wrong is said on standard error
 * with the nearest known option.
 *
 * ownership  values point into argv
 */
#ifndef REPORTS_OPTIONS_H
#define REPORTS_OPTIONS_H

#include <stddef.h>

enum option_kind {
    OPTION_FLAG,        /* int: set to 1                             */
    OPTION_TEXT,        /* const char *: the value                   */
    OPTION_NUMBER,      /* double: finite and 0 or more              */
};

struct option {
    const char       *name;     /* with the two dashes               */
    enum option_kind  kind;
    void             *value;
};

/*
 * Read the options out of argv, leaving the other arguments at its front.
 *
 *   command  for messages
 *   argv     argc arguments, the command's own name not among them
 *   returns  the number of other arguments, or -1 after a message
 */
int options_read(const char *command, const struct option *options,
                 size_t count, int argc, char **argv);

#endif
