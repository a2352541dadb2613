/*
 * family.c - a program that has started another one and waits for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hang.h"
#include "../child.h"

int main(int argc, char **argv)
{
    char command[1024];
    if (argc > 1 && !strcmp(argv[1], "stay")) {
        printf("%llu\n", (unsigned long long)child_self());
        fflush(stdout);
        hang_park();
    }
    witness_open(NULL, NULL);
    snprintf(command, sizeof command, "\"%s\" stay", argv[0]);
    return system(command);
}
