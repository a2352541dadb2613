/*
 * attachment.c - see attachment.h.
 */
#include "attachment.h"

#include <string.h>

#include "folder.h"

/* How many bytes a sequence has by its first one; 0 if none begins so. */
static size_t sequence_size(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first < 0xe0)
        return 2;
    if (first >= 0xe0 && first < 0xf0)
        return 3;
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

static bool is_sequence(const char *bytes, size_t size, size_t left)
{
    if (size == 0 || size > left)
        return false;
    json_t *probe = json_stringn(bytes, size);
    json_decref(probe);
    return probe != NULL;
}

static void add_as_utf8(struct text *to, const struct text *from)
{
    size_t i = 0;
    while (i < from->size) {
        const char *at = from->data + i;
        size_t size = sequence_size((unsigned char)*at);
        if (*at == '\0' || !is_sequence(at, size, from->size - i)) {
            text_put(to, "?");
            i++;
        } else {
            text_add(to, at, size);
            i += size;
        }
    }
}

json_t *attachment_line(const char *path, const char *name,
                        const struct text *content)
{
    struct text clean = { 0 };
    add_as_utf8(&clean, content);
    json_t *line = json_pack("{s:s, s:s, s:s, s:s}", "type", "attachment",
                             "path", path, "name", name, "text",
                             clean.data ? clean.data : "");
    text_free(&clean);
    return line;
}

const char *attachment_text(const struct results *results, const char *path,
                            const char *name)
{
    for (size_t i = results_count(results, RESULT_ATTACHMENT); i-- > 0;) {
        const json_t *line = results_line(results, RESULT_ATTACHMENT, i);
        if (strcmp(result_string(line, "path", ""), path) == 0 &&
            strcmp(result_string(line, "name", ""), name) == 0)
            return result_string(line, "text", NULL);
    }
    return NULL;
}

static bool is_text(const struct text *content)
{
    return content->size > 0 &&
           memchr(content->data, '\0', content->size) == NULL;
}

json_t *attachment_read(const char *path, const char *root)
{
    struct text content = { 0 };
    struct text other = { 0 };
    json_t     *line = NULL;

    int error = folder_read(path, ATTACHMENT_SIZE_MAX, false, &content);
    if (error && root && path[0] != '/') {
        text_print(&other, "%s/%s", root, path);
        error = folder_read(other.data, ATTACHMENT_SIZE_MAX, false, &content);
    }
    if (!error && is_text(&content))
        line = attachment_line(path, ATTACHMENT_SCENARIO, &content);
    text_free(&other);
    text_free(&content);
    return line;
}
