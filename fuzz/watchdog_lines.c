#include "watchdog_lines.h"

static void hand_over(struct lines *l,
                      void (*each)(const char *line, void *arg), void *arg)
{
    if (l->size > 0 && l->text[l->size - 1] == '\r')
        l->size--;
    l->text[l->size] = '\0';
    l->size = 0;
    each(l->text, arg);
}

void lines_take(struct lines *l, const char *piece, size_t size,
                void (*each)(const char *line, void *arg), void *arg)
{
    for (size_t i = 0; i < size; i++) {
        if (piece[i] == '\n')
            hand_over(l, each, arg);
        else if (l->size < LINES_MAX)
            l->text[l->size++] = piece[i];
    }
}

void lines_end(struct lines *l, void (*each)(const char *line, void *arg),
               void *arg)
{
    if (l->size > 0)
        hand_over(l, each, arg);
}
