/*
 * host.h - what the suite's own programs ask of the machine they run on:
 * wall time, files, interrupts and child processes. Nothing of this reaches
 * a run.
 *
 * errors     0 or more is success, -1 failure with a sentence in *why
 * threads    the main thread
 */
#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define HOST_WHY 512
#define HOST_PATH 1024

/* Seconds since an unspecified start, never going back. */
double host_seconds(void);

/* A number that differs from start to start. */
uint64_t host_seed(void);

/* Is this file descriptor (1 or 2) a terminal that may be drawn on? */
bool host_is_terminal(int descriptor);

/* From now on an interrupt sets a flag that host_interrupted returns; a
 * second one ends the process at once. */
void host_catch_interrupt(void);
bool host_interrupted(void);

/* Make a folder and those above it; an existing one is fine. */
int host_make_folder(const char *path, char why[HOST_WHY]);

/* Does the path name a folder? */
bool host_is_folder(const char *path);

/*
 * The plain files of a folder in order of name, without dot files.
 *
 *   each      called with the path of each
 */
int host_list_folder(const char *path, void (*each)(const char *, void *),
                     void *arg, char why[HOST_WHY]);

/*
 * Print into memory.
 *
 *   returns   the text, which the caller frees; NULL without memory
 */
char *host_print(void (*print)(FILE *out, const void *what),
                 const void *what, size_t *size);

/* Write a file whole or not at all, and make it last. */
int host_write_file(const char *path, const void *data, size_t size,
                    char why[HOST_WHY]);

/*
 * Read a file of at most cap bytes.
 *
 *   returns   its size, or -1 also if it is larger
 */
long host_read_file(const char *path, void *out, size_t cap,
                    char why[HOST_WHY]);

/* The path of this program's file. */
void host_program(char out[HOST_PATH]);

/*
 * Go on in several processes.
 *
 *   returns   in each child its number, from 0; in the parent, when all have
 *             ended, -1 - the largest exit status
 */
int host_split(unsigned jobs);

/* A fresh folder for files that are not kept; removed with its files by
 * host_remove_folder. */
int host_temporary_folder(char out[HOST_PATH], char why[HOST_WHY]);
void host_remove_folder(const char *path);

/*
 * Run a program and hand over each line that it writes to stderr.
 *
 *   argv      NULL-terminated; argv[0] is its path
 *   line      returns false to have the program ended
 *   returns   its exit status, 128 + signal, or -1 if it did not start
 */
int host_run(char *const argv[], bool (*line)(const char *, void *),
             void *arg, char why[HOST_WHY]);

#endif
