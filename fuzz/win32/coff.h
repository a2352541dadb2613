/*
 * coff.h - functions of a program by address, from the symbol table that the
 * linker leaves in its file. Debuggers' own formats are not read.
 *
 * ownership  coff_close frees; names live until then
 */
#ifndef FUZZ_WIN32_COFF_H
#define FUZZ_WIN32_COFF_H

#include <stdint.h>
#include <wchar.h>

struct coff;

/* Returns NULL for a file that cannot be read or has no symbols. */
struct coff *coff_open(const wchar_t *path);
void coff_close(struct coff *c);

/* The function around an address, counted from the start of the module, and
 * how far into it; NULL: none. */
const char *coff_function(const struct coff *c, uint64_t address,
                          uint64_t *offset);

#endif
