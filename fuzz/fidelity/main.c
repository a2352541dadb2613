/*
 * main.c - lastcall-fidelity-PLATFORM: perform sequences on the port that is
 * linked, and write a record of each.
 *
 * Usage: lastcall-fidelity-PLATFORM SEED COUNT
 *        lastcall-fidelity-PLATFORM STEPS
 *
 * Each record is a line (record.h). The n-th sequence has seed SEED + n, so
 * that a run can be cut into several; COUNT 0 never ends. STEPS are the
 * hexadecimal digits that lead a record, with their equals sign: that one
 * sequence is performed.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../loop/os.h"
#include "record.h"

#define DEADLINE UINT64_C(10000000000)
#define FLUSH_LINES 64
#define USAGE 2
#define FAULT 3

static struct record record;
static atomic_uint   arrived;

static bool note(const struct record_event *e, void *arg)
{
    (void)arg;
    if (record.count < RECORD_EVENTS)
        record.event[record.count++] = *e;
    return true;
}

/* Two threads leave only when both have come. */
static void meet(void)
{
    unsigned mine = atomic_fetch_add(&arrived, 1);
    unsigned both = (mine | 1) + 1;
    while (atomic_load(&arrived) < both)
        continue;
}

static const struct record_options options = {
    .tell = note, .meet = meet, .deadline = DEADLINE,
};

/* Memory that the kernel keeps is never used again. */
static bool perform(void)
{
    static char line[RECORD_LINE];
    struct record_memory *memory = os_alloc(sizeof *memory);
    if (memory == NULL)
        return false;
    record.count = 0;
    atomic_store(&arrived, 0);
    if (record_perform(&record.sequence, memory, &options))
        os_free(memory);
    if (record_print(&record, line) == 0)
        return false;
    return puts(line) >= 0;
}

static int perform_all(uint64_t seed, uint64_t count)
{
    for (uint64_t i = 0; count == 0 || i < count; i++) {
        sequence_generate(&record.sequence, seed + i, (seed + i) % 4 == 0);
        if (!perform())
            return FAULT;
        if (i % FLUSH_LINES == FLUSH_LINES - 1 && fflush(stdout) != 0)
            return FAULT;
    }
    return fflush(stdout) == 0 ? 0 : FAULT;
}

static int perform_one(const char *steps)
{
    char line[2 * SEQUENCE_SIZE + 8];
    int n = snprintf(line, sizeof line, "%s .", steps);
    if (n < 0 || (size_t)n >= sizeof line || !record_parse(&record, line)) {
        fputs("these are no steps\n", stderr);
        return USAGE;
    }
    return perform() && fflush(stdout) == 0 ? 0 : FAULT;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return perform_one(argv[1]);
    if (argc != 3) {
        fputs("Usage: lastcall-fidelity SEED COUNT\n", stderr);
        return USAGE;
    }
    return perform_all(strtoull(argv[1], NULL, 10),
                       strtoull(argv[2], NULL, 10));
}
