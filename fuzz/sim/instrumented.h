/*
 * instrumented.h - included in front of every source of the subject by the
 * build, with -include. It sends the calls to memcpy, memset and memmove
 * that the subject makes, or that a compiler makes of its assignments, to
 * the simulator; a compiler's instrumentation leaves them plain.
 *
 * The subject, and nothing else, is compiled with
 *
 *   both      -fsanitize=thread -include fuzz/sim/instrumented.h
 *             -fno-omit-frame-pointer -fno-inline
 *             -fno-optimize-sibling-calls
 *   clang     -mllvm -tsan-instrument-func-entry-exit=0
 *   gcc       --param tsan-instrument-func-entry-exit=0 -fno-ipa-icf
 *
 * and everything is linked without -fsanitize=thread, so that the calls meet
 * tsan.c and not the sanitizer's runtime. The frame pointers, and functions
 * that are neither inlined nor merged, give a finding the same frames
 * whichever compiler was used. The simulator itself is compiled with
 * -fno-omit-frame-pointer, for the same walk.
 */
#ifndef FUZZ_SIM_INSTRUMENTED_H
#define FUZZ_SIM_INSTRUMENTED_H

#include <string.h>

void *__tsan_memcpy(void *to, const void *from, size_t size);
void *__tsan_memset(void *to, int value, size_t size);
void *__tsan_memmove(void *to, const void *from, size_t size);

/* The calls in the source: by name, because gcc expands a copy of small or
 * narrowly known size in place, where nothing sees it. */
#define memcpy __tsan_memcpy
#define memset __tsan_memset
#define memmove __tsan_memmove

/* The calls that clang makes of assignments, after that. */
__asm__("memcpy = __tsan_memcpy");
__asm__("memset = __tsan_memset");
__asm__("memmove = __tsan_memmove");

#endif
