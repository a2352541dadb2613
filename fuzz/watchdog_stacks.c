#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stacks.h"

#define OWN_MAX 8

void stacks_thread(struct stacks *s, uint64_t id, const char *name)
{
    transcript_print(&s->text, "thread %llu%s%s\n", (unsigned long long)id,
                     *name != '\0' ? " " : "", name);
    s->own_count = OWN_MAX;
    if (s->thread_count < STACKS_THREADS) {
        s->words[s->thread_count++][0] = '\0';
        s->own_count = 0;
    }
}

static int name_size(const char *name)
{
    return (int)strcspn(name, ".");
}

/* What calls main differs from compiler to compiler. */
static void add_word(struct stacks *s, const char *name)
{
    if (s->thread_count == 0 || s->own_count >= OWN_MAX)
        return;
    char *words = s->words[s->thread_count - 1];
    size_t used = strlen(words);
    snprintf(words + used, sizeof s->words[0] - used, "%s%.*s",
             s->own_count > 0 ? " < " : "", name_size(name), name);
    s->own_count = strcmp(name, "main") ? s->own_count + 1 : OWN_MAX;
}

void stacks_frame(struct stacks *s, const struct stacks_frame *f)
{
    const char *name = f->name != NULL ? f->name : "?";
    transcript_print(&s->text, "    %.*s+0x%llx%s%s\n", name_size(name), name,
                     (unsigned long long)f->offset, f->own ? "" : " in ",
                     f->own ? "" : f->module);
    if (f->own && f->name != NULL)
        add_word(s, f->name);
}

void stacks_say(struct stacks *s, const char *sentence)
{
    transcript_print(&s->text, "%s\n", sentence);
}

static int by_text(const void *left, const void *right)
{
    return strcmp(left, right);
}

void stacks_where(struct stacks *s, char where[STACKS_WHERE])
{
    size_t used = 0;
    const char *last = "";
    where[0] = '\0';
    qsort(s->words, s->thread_count, sizeof s->words[0], by_text);
    for (unsigned i = 0; i < s->thread_count; i++) {
        const char *words = s->words[i];
        if (!strcmp(words, last) || used >= STACKS_WHERE - 1)
            continue;
        snprintf(where + used, STACKS_WHERE - used, "%s%s",
                 used > 0 ? "; " : "", words);
        used = strlen(where);
        last = words;
    }
}
