/*
 * text.h - a text that grows while it is written.
 *
 * Pages and command lines are built in memory and written once, so that a
 * reader never opens half of one. {0} is an empty text.
 *
 * ownership  text_free, or never: data is NULL or a terminated string
 * errors     when memory ends, the program says so and exits with 3
 */
#ifndef REPORTS_TEXT_H
#define REPORTS_TEXT_H

#include <stddef.h>

struct text {
    char  *data;
    size_t size;        /* bytes before the terminating 0 */
    size_t capacity;
};

/* Append size bytes as they are. */
void text_add(struct text *text, const void *data, size_t size);

/* Append a string as it is. */
void text_put(struct text *text, const char *string);

/* Append as printf does. */
void text_print(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Append a string so that HTML shows it and never obeys it.
 *
 *   string  NULL is empty; fit for element content and quoted attributes
 */
void text_html(struct text *text, const char *string);

/*
 * Append JSON so that it can stand inside a script element: no sequence that
 * could end the element or open a comment is left in it.
 */
void text_script(struct text *text, const char *json);

/* Append one word of a shell command, quoted where the shell needs it. */
void text_shell(struct text *text, const char *word);

/* Give the memory back; the text is empty afterwards. */
void text_free(struct text *text);

#endif
