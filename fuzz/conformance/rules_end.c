/*
 * rules_end.c - X: the end of threads and of the process.
 *
 * A process that ends takes the test along, so each platform tries these in
 * a process that it starts for them.
 */
#include "conformance.h"

#define ONE_PROCESS "a simulated machine has no process of its own to end"

static const struct rule rules[] = {
    { .id = "X1",
      .statement = "A thread that waits on a port keeps the process when the "
          "main thread ends, and does not when main returns",
      .source = "Terminating a Process, Microsoft",
      .announced = { ON_SIM(NOT_HERE(ONE_PROCESS)) } },
    { .id = "X2",
      .statement = "At the end of a process the other threads are gone before "
          "its libraries hear of it",
      .source = "the documentation of ExitProcess",
      .announced = {
          ON_SIM(NOT_HERE(ONE_PROCESS)),
          ON_LINUX(DIFFERS("other threads run while destructors do",
              "exit ends them last")) } },
    { .id = "X3",
      .statement = "Handlers of atexit run before the others are gone, so a "
          "lock that one of them holds blocks the exit for ever",
      .source = "the documentation of ExitProcess",
      .announced = { ON_SIM(NOT_HERE(ONE_PROCESS)) } },
    { .id = "X4",
      .statement = "A library that wants an orphaned critical section while "
          "the process ends has the process ended on the spot",
      .source = "Raymond Chen, The Old New Thing, 2010",
      .announced = {
          ON_SIM(NOT_HERE(ONE_PROCESS)),
          ON_LINUX(NOT_HERE("no lock is orphaned while destructors run")),
          [COLUMN_WINE] = DIFFERS("an orphaned lock is let through",
              "Wine 8 goes on") } },
    { .id = "X5",
      .statement = "Waiting for a thread's end under the loader's lock is a "
          "deadlock",
      .source = "Dynamic-Link Library Best Practices, Microsoft",
      .announced = {
          ON_SIM(NOT_HERE(ONE_PROCESS)),
          ON_LINUX(NOT_HERE("a thread's end takes no lock of the loader")) } },
    { .id = "X6",
      .statement = "A thread that is terminated while it waits on a port "
          "leaves port and packets intact",
      .source = "Terminating a Thread, Microsoft",
      .announced = {
          ON_SIM(NOT_HERE(NO_SUCH_CALL)),
          ON_LINUX(NOT_HERE("no thread is ended from outside")) } },
    { .id = "X7",
      .statement = "A console event comes on a thread of its own, and by "
          "default ends the process",
      .source = "HandlerRoutine, Microsoft",
      .announced = {
          [COLUMN_WINE] = MAY_DIFFER(NULL, NULL),
          [COLUMN_WINDOWS] = MAY_DIFFER(NULL, NULL) } },
};

const struct rule_group rules_end = { rules, sizeof rules / sizeof rules[0] };
