/*
 * image_test.c - functions are found by address, and a broken file breaks
 * nothing.
 */
#include "image.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../loop/test.h"
#include "frame_rules.h"
#include "modules.h"

#define FILE_MAX (64u << 20)

/* The function around an address of this program, or "". */
static const char *name_here(const struct modules *all, const void *address,
                             uint64_t *offset)
{
    uint64_t at = (uint64_t)(uintptr_t)address;
    const struct module *m = modules_find(all, at);
    const char *name = m == NULL || m->image == NULL
        ? NULL : image_function(m->image, at - m->bias, offset);
    return name != NULL ? name : "";
}

/* Any address of a function gives its name, and how far into it. */
static void functions_are_found_by_address(void)
{
    static struct modules all;
    uint64_t offset = 1;
    modules_read(&all, getpid());
    const char *code = (const char *)(uintptr_t)&modules_read;
    CHECK(!strcmp("modules_read", name_here(&all, code, &offset)));
    CHECK_EQ(0, offset);
    CHECK(!strcmp("modules_read", name_here(&all, code + 3, &offset)));
    CHECK_EQ(3, offset);
    CHECK(!strcmp("", name_here(&all, &all, &offset)));
    modules_free(&all);
}

/* Every function of this program is described, so that the way out of it is
 * known at any of its addresses. */
static void frames_are_described(void)
{
    static struct modules all;
    struct frame_rules rules;
    modules_read(&all, getpid());
    uint64_t at = (uint64_t)(uintptr_t)&modules_read;
    const struct module *m = modules_find(&all, at);
    CHECK(m != NULL);
    for (uint64_t i = 0; m != NULL && i < 16; i++)
        CHECK(frame_rules_find(&rules, m->image, at - m->bias + i));
    modules_free(&all);
}

static size_t read_program(char *out)
{
    FILE *file = fopen("/proc/self/exe", "rb");
    size_t size = file != NULL ? fread(out, 1, FILE_MAX, file) : 0;
    if (file != NULL)
        fclose(file);
    return size;
}

static void use(const char *bytes, size_t size)
{
    struct image *i = image_copy(bytes, size);
    struct frame_rules rules;
    uint64_t offset;
    if (i == NULL)
        return;
    for (uint64_t at = 0; at < size; at += size / 50 + 1) {
        image_function(i, at, &offset);
        image_address(i, at, &offset);
        frame_rules_find(&rules, i, at);
    }
    image_close(i);
}

/* A file that is cut, or has wrong numbers where the tables are, gives fewer
 * names or none. */
static void broken_file_is_no_danger(void)
{
    char *bytes = malloc(FILE_MAX);
    CHECK(bytes != NULL);
    size_t size = bytes != NULL ? read_program(bytes) : 0;
    CHECK(size > 4096);
    for (size_t i = 0; i < 100; i++)
        use(bytes, 1 + size * i / 100);
    for (size_t at = 0; at < 1024 && size > 4096; at++) {
        char kept = bytes[at];
        bytes[at] = (char)~kept;
        use(bytes, size);
        bytes[at] = kept;
    }
    free(bytes);
}

int main(void)
{
    RUN(functions_are_found_by_address);
    RUN(frames_are_described);
    RUN(broken_file_is_no_danger);
    return test_result(3);
}
