/*
 * told.c - a finding that the program tells before it falls over it.
 */
#include <stdlib.h>

#include "hang.h"

int main(void)
{
    witness_open(NULL, NULL);
    witness_finding(VERDICT_LOST_COMPLETION, "op 1 of loop");
    witness_finding(VERDICT_DOUBLE_CLOSE, "a second one does not count");
    abort();
}
