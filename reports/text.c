/*
 * text.c - see text.h.
 */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct text *text, size_t more)
{
    size_t need = text->size + more + 1;
    if (need <= text->capacity)
        return;

    size_t capacity = text->capacity ? text->capacity : 256;
    while (capacity < need)
        capacity *= 2;
    char *data = realloc(text->data, capacity);
    if (!data) {
        fputs("lastcall-report: out of memory\n", stderr);
        exit(3);
    }
    text->data = data;
    text->capacity = capacity;
}

void text_add(struct text *text, const void *data, size_t size)
{
    reserve(text, size);
    if (size > 0)
        memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void text_put(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

void text_print(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0)
        return;

    reserve(text, (size_t)size);
    va_start(arguments, format);
    vsnprintf(text->data + text->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    text->size += (size_t)size;
}

static const char *html_entity(char c)
{
    switch (c) {
    case '&':  return "&amp;";
    case '<':  return "&lt;";
    case '>':  return "&gt;";
    case '"':  return "&quot;";
    case '\'': return "&#39;";
    default:   return NULL;
    }
}

void text_html(struct text *text, const char *string)
{
    for (const char *s = string ? string : ""; *s; s++) {
        const char *entity = html_entity(*s);
        if (entity)
            text_put(text, entity);
        else
            text_add(text, s, 1);
    }
}

void text_script(struct text *text, const char *json)
{
    /* In JSON these characters occur inside strings only, where the escaped
     * form means the same. */
    for (const char *s = json; *s; s++) {
        if (*s == '<' || *s == '>' || *s == '&')
            text_print(text, "\\u%04x", (unsigned)*s);
        else
            text_add(text, s, 1);
    }
}

static int is_plain_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-+=./:,@%";
    return *word && word[strspn(word, plain)] == '\0';
}

void text_shell(struct text *text, const char *word)
{
    if (is_plain_word(word)) {
        text_put(text, word);
        return;
    }
    text_put(text, "'");
    for (const char *s = word; *s; s++) {
        if (*s == '\'')
            text_put(text, "'\\''");
        else
            text_add(text, s, 1);
    }
    text_put(text, "'");
}

void text_free(struct text *text)
{
    free(text->data);
    *text = (struct text){ 0 };
}
