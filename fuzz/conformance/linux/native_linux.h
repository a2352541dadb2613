/*
 * native_linux.h - what the files of this folder share: their lists.
 */
#ifndef FUZZ_CONFORMANCE_NATIVE_LINUX_H
#define FUZZ_CONFORMANCE_NATIVE_LINUX_H

#include "../native.h"

extern const struct native natives_handle[];    /* P, C, D                   */
extern const struct native natives_end[];       /* X                         */

#endif
