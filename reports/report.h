/*
 * report.h - the command that writes a page.
 */
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

/* Run the command; argv is what follows its name. Returns its exit status. */
int report_main(int argc, char **argv);

#endif
