/*
 * modules.h - the code that a process has mapped: its program, libraries,
 * and what the kernel lends it.
 */
#ifndef FUZZ_LINUX_MODULES_H
#define FUZZ_LINUX_MODULES_H

#include <sys/types.h>

#include "image.h"

#define MODULES_MAX 128
#define MODULE_NAME 64

struct module {
    uint64_t      begin;
    uint64_t      end;
    uint64_t      offset;       /* of begin in the file                     */
    uint64_t      bias;         /* what the loader added to addresses       */
    bool          own;          /* the program itself                       */
    char          name[MODULE_NAME];
    struct image *image;        /* NULL: not an ELF file                    */
};

struct modules {
    unsigned      count;
    struct module module[MODULES_MAX];
};

/* Read the modules of a process by one of its threads, which stands still;
 * modules_free afterwards. */
void modules_read(struct modules *m, pid_t thread);
void modules_free(struct modules *m);

/* The module around an address; NULL: none. */
const struct module *modules_find(const struct modules *m, uint64_t address);

#endif
