/*
 * host.h - what reports asks of the machine it runs on.
 *
 * units      seconds
 * ownership  texts are appended to; answers that are not known append
 *            nothing and return false
 */
#ifndef REPORTS_HOST_H
#define REPORTS_HOST_H

#include <stdbool.h>
#include <stdio.h>

#include "text.h"

/* Seconds since an arbitrary moment; never goes back. */
double host_seconds(void);

/* Seconds since 1970, whole. */
double host_date_seconds(void);

/* Append the date and time as 2024-01-31T23:59:59+0100. */
void host_date(struct text *text);

/* Append the date and time as a name for a file: 2024-01-31-235959. */
void host_date_name(struct text *text);

/* Whether a person may be looking at what is written there. */
bool host_is_terminal(FILE *file);

/* Append the folder of the running program. */
bool host_program_folder(struct text *text);

/* Append processor, cores and kernel, as one line. */
bool host_machine(struct text *text);

/* Cores this program may use; 0 when not known. */
int host_cores(void);

/* Append the processor's frequency governor. */
bool host_governor(struct text *text);

/* Append the clock the kernel uses. */
bool host_clock(struct text *text);

/* The share of processor time, 0..1, that other guests took since boot. */
bool host_steal(double *share);

/* How many files a process may have open. */
bool host_files_max(double *files);

/* Free bytes where the path is. */
bool host_room(const char *path, double *bytes);

/* Whether io_uring can be used; if not, why is appended. */
bool host_io_uring(struct text *why);

/* Append where PATH finds a program. */
bool host_find_program(const char *name, struct text *path);

/* The system's words for an error of folder.h or record.h. */
const char *host_error(int error);

#endif
