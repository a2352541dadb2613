/*
 * wild.c - a write through a wild pointer.
 */
#include "hang.h"

/* A sanitizer that is linked in leaves the fault to the system, which is
 * what is to be seen here. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "handle_segv=0";
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "handle_segv=0";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
    return "handle_segv=0";
}

int main(void)
{
    volatile uintptr_t address = 4096;
    witness_open(NULL, NULL);
    *(volatile int *)address = 1;
    return 0;
}
