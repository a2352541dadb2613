/*
 * image.h - an ELF file as a debugger reads it: functions by address, and
 * bytes by address.
 *
 * An address here is the file's own, before the loader has added anything.
 * Functions come from the full symbol table and from the one for dynamic
 * linking, which is all that a stripped library has.
 *
 * ownership  image_close frees; names point into the image
 * errors     NULL or false for whatever is not a sound 64-bit ELF file
 */
#ifndef FUZZ_LINUX_IMAGE_H
#define FUZZ_LINUX_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image;

struct image *image_open(const char *path);

/* An image that has no file; a copy of bytes is taken. */
struct image *image_copy(const void *bytes, size_t size);

void image_close(struct image *i);

/* The address at which the byte at an offset of the file is loaded. */
bool image_address(const struct image *i, uint64_t offset, uint64_t *address);

/* The function around an address and how far into it; NULL: none. */
const char *image_function(const struct image *i, uint64_t address,
                           uint64_t *offset);

/* The bytes at an address, and how many follow; NULL: none. */
const uint8_t *image_bytes(const struct image *i, uint64_t address,
                           size_t *size);

/* The address of the table of frame descriptions; 0: none. */
uint64_t image_frame_table(const struct image *i);

#endif
