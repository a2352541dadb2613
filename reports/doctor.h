/*
 * doctor.h - what this machine can run.
 */
#ifndef REPORTS_DOCTOR_H
#define REPORTS_DOCTOR_H

#include <jansson.h>

/*
 * Look at everything.
 *
 *   returns  a new array of lines {"type":"doctor","name","state","value",
 *            "advice"}; state is ok, limited or missing, and only with ok
 *            there is no advice
 */
json_t *doctor_look(void);

/* Run the command; argv is what follows its name. Returns its exit status. */
int doctor_main(int argc, char **argv);

#endif
