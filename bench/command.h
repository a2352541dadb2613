/*
 * command.h - the commands of lastcall-bench, one file each.
 *
 * Each takes its own arguments, argv[0] being its name, and returns the exit
 * status: 0 clean, 1 a regression, a hang or a bug that was not found, 2
 * usage, 3 the suite's own fault, 77 nothing to run here. With --json, stdout
 * has one JSON object a line and nothing else; progress goes to stderr.
 */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

int command_bench(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_mutants(int argc, char **argv);

#endif
