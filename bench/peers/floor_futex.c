/*
 * floor_futex.c - the floor that sleeps on a futex. It has no descriptors.
 */
#include "../../loop/check.h"
#include "../wake.h"
#include "floor.h"

const char *const floor_engine = "futex";

static struct wake wake;

bool floor_has(enum peer_kind kind)
{
    (void)kind;
    return false;
}

void floor_open(void)
{
    bool opened = wake_open(&wake);
    LOOP_ASSERT(opened);
}

void floor_end(void)
{
    wake_close(&wake);
}

void floor_wait(void)
{
    wake_futex_wait(&wake);
}

void floor_set(void)
{
    wake_futex_set(&wake);
}

void floor_io_open(enum peer_kind kind, unsigned count)
{
    (void)kind;
    (void)count;
}

void floor_io_close(void)
{
}
