/*
 * lines.c - healthy: threads that tell lines, all at once, and a program
 * that writes and exits.
 *
 * usage: hang-lines [STATUS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hang.h"

#define THREADS 4
#define LINES   500

static void tell(void *arg)
{
    char line[WITNESS_LINE_MAX + 1];
    int thread = *(int *)arg;
    for (int i = 0; i < LINES; i++) {
        int size = i * 7 % 3000;
        int head = snprintf(line, sizeof line, "thread %d line %d size %d ",
                            thread, i, size);
        memset(line + head, 'a' + thread, (size_t)size);
        line[head + size] = '\0';
        witness_line(line);
        witness_progress((uint64_t)(thread * LINES + i));
    }
}

static void tell_odd_ones(void)
{
    char line[2 * WITNESS_LINE_MAX];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    witness_line("one\nline");
    witness_line("");
    witness_line(line);
}

int main(int argc, char **argv)
{
    struct os_thread thread[THREADS];
    int number[THREADS];
    witness_open(NULL, NULL);
    for (int i = 0; i < THREADS; i++) {
        number[i] = i;
        hang_start(&thread[i], "teller", tell, &number[i]);
    }
    for (int i = 0; i < THREADS; i++)
        os_thread_join(&thread[i]);
    tell_odd_ones();
    printf("to stdout\n");
    fflush(stdout);
    fprintf(stderr, "to stderr, without an end");
    witness_main_returned();
    return argc > 1 ? atoi(argv[1]) : 0;
}
