/*
 * folder.h - the folder a night's results go to, and the files in it.
 *
 * errors     0 on success, else an errno; nothing half-made is left, except
 *            folders above the one asked for
 */
#ifndef REPORTS_FOLDER_H
#define REPORTS_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

/*
 * Make a folder and those above it, and prove that it takes files: bytes
 * of room are written, forced to the disk and removed again. A disk that is
 * full or read-only is so found before work is wasted.
 */
int folder_open(const char *path, uint64_t room);

/* Whether something is at the path. */
bool folder_has(const char *path);

/* Whether the path is a folder with anything in it but hidden files. */
bool folder_has_files(const char *path);

/* Whether the path is a file that can be run. */
bool folder_can_run(const char *path);

/*
 * Move a file of an earlier run aside, to its name with the time of its last
 * change before the extension; no file there is success.
 */
int folder_put_aside(const char *path);

/*
 * Write a whole file at once: a reader sees the old one or the new one.
 */
int folder_write(const char *path, const struct text *content);

/*
 * Append a file's content to a text.
 *
 *   size_max  of a longer file, the last bytes are taken when from_end is
 *             set; else the first
 */
int folder_read(const char *path, size_t size_max, bool from_end,
                struct text *content);

/* Make or move a symbolic link to a path beside it. */
int folder_link(const char *path, const char *target);

/* Remove a file, or a link; used by tests to leave nothing. */
int folder_remove(const char *path);

#endif
