#include "command_line.h"

#include <stdlib.h>
#include <string.h>

#include "wide.h"

struct line {
    wchar_t *text;
    size_t   size;
};

static bool add(struct line *l, wchar_t letter, size_t times)
{
    if (times >= COMMAND_LINE_SIZE - l->size)
        return false;
    wmemset(l->text + l->size, letter, times);
    l->size += times;
    l->text[l->size] = L'\0';
    return true;
}

/* A backslash means itself, but before a quotation mark it is doubled. */
static bool add_quoted(struct line *l, const wchar_t *argument)
{
    size_t backslashes = 0;
    bool fits = add(l, L'"', 1);
    for (; fits && *argument != L'\0'; argument++) {
        if (*argument == L'"')
            fits = add(l, L'\\', backslashes + 1);
        backslashes = *argument == L'\\' ? backslashes + 1 : 0;
        fits = fits && add(l, *argument, 1);
    }
    return fits && add(l, L'\\', backslashes) && add(l, L'"', 1);
}

bool command_line_join(wchar_t *out, char *const argv[])
{
    struct line l = { .text = out };
    wchar_t *argument = calloc(COMMAND_LINE_SIZE, sizeof *argument);
    bool fits = argument != NULL;
    out[0] = L'\0';
    for (int i = 0; fits && argv[i] != NULL; i++)
        fits = (i == 0 || add(&l, L' ', 1)) &&
               wide_from_text(argv[i], argument, COMMAND_LINE_SIZE) &&
               add_quoted(&l, argument);
    free(argument);
    return fits;
}

/* The environment. */

static size_t block_size(const wchar_t *block)
{
    const wchar_t *at = block;
    while (*at != L'\0')
        at += wcslen(at) + 1;
    return (size_t)(at - block) + 1;
}

static size_t name_size(const wchar_t *entry)
{
    const wchar_t *end = wcschr(entry + (*entry == L'='), L'=');
    return end != NULL ? (size_t)(end - entry) : wcslen(entry);
}

static wchar_t *append(wchar_t *out, const wchar_t *text)
{
    size_t size = wcslen(text);
    wmemcpy(out, text, size + 1);
    return out + size;
}

static wchar_t *append_variable(wchar_t *out, const wchar_t *name,
                                const wchar_t *value)
{
    return append(append(append(out, name), L"="), value) + 1;
}

/* The block is sorted by name, and stays so. */
wchar_t *command_line_environment(const wchar_t *name, const wchar_t *value)
{
    wchar_t *block = GetEnvironmentStringsW();
    if (block == NULL)
        return NULL;
    size_t room = block_size(block) + wcslen(name) + wcslen(value) + 3;
    wchar_t *out = calloc(room, sizeof *out);
    wchar_t *end = out;
    bool added = false;
    for (const wchar_t *at = block; out != NULL && *at != L'\0';
         at += wcslen(at) + 1) {
        int order = _wcsnicmp(at, name, name_size(at));
        bool same = order == 0 && wcslen(name) == name_size(at);
        if (!added && (same || order > 0)) {
            end = append_variable(end, name, value);
            added = true;
        }
        if (!same)
            end = append(end, at) + 1;
    }
    if (out != NULL && !added)
        append_variable(end, name, value);
    FreeEnvironmentStringsW(block);
    return out;
}
