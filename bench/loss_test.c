/*
 * What a process lost is what its parent reads, and what was not counted is
 * not taken for nothing lost.
 */
#include "loss.h"

#include <math.h>
#include <string.h>

#include "../loop/test.h"

static void what_is_written_is_read(void)
{
    struct ending ending;
    char line[64];
    loss_open(&ending);
    FILE *file = tmpfile();
    CHECK(file != NULL);
    for (int kind = 0; kind < LOSS_KINDS; kind++)
        loss_print((enum loss_kind)kind, 1000 + kind, file);
    rewind(file);
    while (fgets(line, sizeof line, file))
        loss_take(&ending, line);
    fclose(file);
    for (int kind = 0; kind < LOSS_KINDS; kind++)
        CHECK_EQ(1000 + kind, (int)ending.lost[kind]);
}

static void what_was_not_counted_is_no_zero(void)
{
    struct ending ending;
    loss_open(&ending);
    loss_take(&ending, "engine epoll");
    loss_take(&ending, "took 1500");
    loss_take(&ending, "lost threads 0");
    CHECK(strcmp(ending.engine, "epoll") == 0);
    CHECK_EQ(1500, (int)ending.took);
    CHECK_EQ(0, (int)ending.lost[LOSS_THREADS]);
    CHECK(isnan(ending.lost[LOSS_MEMORY]));
}

static void other_lines_change_nothing(void)
{
    struct ending ending;
    loss_open(&ending);
    loss_take(&ending, "lost hope 7");
    loss_take(&ending, "took");
    loss_take(&ending, "");
    CHECK(isnan(ending.took));
    for (int kind = 0; kind < LOSS_KINDS; kind++)
        CHECK(isnan(ending.lost[kind]));
}

int main(void)
{
    RUN(what_is_written_is_read);
    RUN(what_was_not_counted_is_no_zero);
    RUN(other_lines_change_nothing);
    return test_result(3);
}
