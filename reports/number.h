/*
 * number.h - figures as people read them: three digits and a scale.
 *
 * units      said by the caller; times are rescaled so that 26400 "ns"
 *            reads 26.4 µs, rates so that 131e6 "ops/s" reads 131 M ops/s
 * ownership  the caller's buffer of NUMBER_MAX bytes is filled and returned
 */
#ifndef REPORTS_NUMBER_H
#define REPORTS_NUMBER_H

#define NUMBER_MAX 96

/* A whole count, digits grouped by three: 12 345 678. */
const char *number_count(char *out, double count);

/* Three significant digits with a scale letter: 48.2 k, 1.20 M, 7. */
const char *number_short(char *out, double value);

/*
 * A value in its unit, both scaled for reading.
 *
 *   unit  ns, us, ms, s and min are times; anything else keeps its name
 */
const char *number_quantity(char *out, double value, const char *unit);

/* A length of time in words: 9 min 58 s; 0.42 s; 3 h 5 min. */
const char *number_duration(char *out, double seconds);

/* Nanoseconds in one unit; 0 when the unit is not one of time. */
double number_unit_ns(const char *unit);

#endif
