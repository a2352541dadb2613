/*
 * check.h - assertions that stay on in every build.
 *
 * An assertion states what a programmer may rely on; it fails only when code
 * is wrong, never because of input. It prints file, line and expression and
 * aborts through loop_check_failed, which a test platform may replace by
 * linking its own.
 */
#ifndef LOOP_CHECK_H
#define LOOP_CHECK_H

/* Say where an assertion has failed, and end the process. */
_Noreturn void loop_check_failed(const char *file, int line,
                                 const char *expression);

#define LOOP_ASSERT(expression)                                             \
    ((expression) ? (void)0                                                 \
                  : loop_check_failed(__FILE__, __LINE__, #expression))

#endif
