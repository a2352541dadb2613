/*
 * none_heap.c - a program that does not count what the heap gives it.
 */
#include "../heap.h"

bool heap_is_counted(void)
{
    return false;
}

struct heap_use heap_use(void)
{
    return (struct heap_use){ 0 };
}
