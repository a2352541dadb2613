/*
 * patch.h - a planted bug, as its patch describes it.
 *
 * fuzz/mutants/mNNN-name.patch is a bug that must be found, with the verdict
 * that the preamble of the patch declares; cNNN-name is a control, harmless,
 * that must not be flagged; canary-name fails on purpose, for a few seeds.
 */
#ifndef BENCH_PATCH_H
#define BENCH_PATCH_H

#include <stdbool.h>

#define PATCH_NAME_MAX 96
#define PATCH_VERDICT_MAX 48

struct patch {
    char name[PATCH_NAME_MAX];          /* m003-lost-wake                */
    char id[PATCH_NAME_MAX];            /* m003                          */
    char verdict[PATCH_VERDICT_MAX];    /* as declared; clean: a control */
    bool control;
};

/*
 * Read the preamble of a patch.
 *
 *   returns   false if the file is no planted bug, or cannot be read
 */
bool patch_read(struct patch *out, const char *path);

#endif
