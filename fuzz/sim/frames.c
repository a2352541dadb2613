#include "frames.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fiber.h"
#include "machine.h"

#define FRAMES_MAX 8
#define WALK_MAX 64
#define CALL_RELATIVE 0xe8
#define JUMP_RELATIVE 0xe9

struct function {
    uintptr_t   address;
    size_t      size;
    const char *name;
    int8_t      instrumented;   /* -1 not looked yet, 0 no, 1 yes            */
};

static struct {
    bool             loaded;
    size_t           count;
    struct function *function;  /* sorted by address                         */
} table;

/* The linker gives these: the image's start, and the bounds of tsan.c's
 * section of hooks. */
extern const uint8_t __executable_start[];
extern const uint8_t __start_sim_hooks[];
extern const uint8_t __stop_sim_hooks[];

static int by_address(const void *left, const void *right)
{
    const struct function *a = left;
    const struct function *b = right;
    return (a->address > b->address) - (a->address < b->address);
}

/* The executable stays mapped: the names point into it. */
static const uint8_t *map_executable(size_t *size)
{
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return NULL;
    struct stat status;
    void *bytes = MAP_FAILED;
    if (fstat(file, &status) == 0 && status.st_size > 0)
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE,
                     file, 0);
    close(file);
    if (bytes == MAP_FAILED)
        return NULL;
    *size = (size_t)status.st_size;
    return bytes;
}

/* What to add to an address of the file to get one of the process. */
static uintptr_t load_bias(const uint8_t *image, const Elf64_Ehdr *header)
{
    const Elf64_Phdr *segment =
        (const Elf64_Phdr *)(const void *)(image + header->e_phoff);
    uintptr_t lowest = UINTPTR_MAX;
    for (unsigned i = 0; i < header->e_phnum; i++) {
        if (segment[i].p_type == PT_LOAD && segment[i].p_vaddr < lowest)
            lowest = segment[i].p_vaddr;
    }
    return (uintptr_t)__executable_start - lowest;
}

static void collect(const uint8_t *image, const Elf64_Shdr *sections,
                    const Elf64_Shdr *symbols, uintptr_t bias)
{
    const Elf64_Sym *symbol =
        (const Elf64_Sym *)(const void *)(image + symbols->sh_offset);
    const char *names =
        (const char *)(image + sections[symbols->sh_link].sh_offset);
    size_t count = symbols->sh_size / sizeof *symbol;

    table.function = calloc(count + 1, sizeof *table.function);
    if (table.function == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        if (ELF64_ST_TYPE(symbol[i].st_info) != STT_FUNC ||
            symbol[i].st_size == 0)
            continue;
        table.function[table.count++] = (struct function){
            .address = symbol[i].st_value + bias,
            .size = symbol[i].st_size,
            .name = names + symbol[i].st_name,
            .instrumented = -1 };
    }
    qsort(table.function, table.count, sizeof *table.function, by_address);
}

static void load(void)
{
    table.loaded = true;
    size_t size = 0;
    const uint8_t *image = map_executable(&size);
    if (image == NULL || size < sizeof(Elf64_Ehdr))
        return;
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)(const void *)image;
    const Elf64_Shdr *sections =
        (const Elf64_Shdr *)(const void *)(image + header->e_shoff);
    for (unsigned i = 0; i < header->e_shnum; i++) {
        if (sections[i].sh_type == SHT_SYMTAB)
            collect(image, sections, &sections[i], load_bias(image, header));
    }
}

static struct function *find(uintptr_t address)
{
    size_t low = 0;
    size_t high = table.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct function *f = &table.function[middle];
        if (address < f->address)
            high = middle;
        else if (address - f->address >= f->size)
            low = middle + 1;
        else
            return f;
    }
    return NULL;
}

static bool calls_hook(const struct function *f)
{
    const uint8_t *code = (const uint8_t *)f->address;
    for (size_t i = 0; i + 5 <= f->size; i++) {
        if (code[i] != CALL_RELATIVE && code[i] != JUMP_RELATIVE)
            continue;
        int32_t distance;
        memcpy(&distance, code + i + 1, sizeof distance);
        uintptr_t target = f->address + i + 5 + (uintptr_t)(intptr_t)distance;
        if (target >= (uintptr_t)__start_sim_hooks &&
            target < (uintptr_t)__stop_sim_hooks)
            return true;
    }
    return false;
}

/*
 * The subject's function around a return address, or NULL.
 *
 *   known     it is the subject's, whether or not it calls a hook
 */
static const struct function *subject_at(const void *site, bool known)
{
    /* The call may be the last instruction of its function. */
    struct function *f = find((uintptr_t)site - 1);
    if (f == NULL || known)
        return f;
    if (f->instrumented < 0)
        f->instrumented = calls_hook(f);
    return f->instrumented ? f : NULL;
}

static void append(char out[FRAMES_SIZE], const char *text, size_t length)
{
    size_t used = strlen(out);
    if (used + length >= FRAMES_SIZE)
        length = FRAMES_SIZE - 1 - used;
    memcpy(out + used, text, length);
    out[used + length] = '\0';
}

static void append_name(char out[FRAMES_SIZE], const struct function *f)
{
    append(out, f->name, strcspn(f->name, "."));
}

/*
 * The address in a hook that the walk may begin with is not the subject's;
 * one that is found both ways counts once.
 */
void frames_name(const void *site, void *frame, char out[FRAMES_SIZE],
                 char innermost[FRAMES_SIZE])
{
    if (!table.loaded)
        load();
    out[0] = '\0';
    innermost[0] = '\0';
    const void *end = fiber_stack_end(frame);
    const void *const *at = frame;
    const void *next = site;
    unsigned count = 0;

    for (unsigned step = 0; step < WALK_MAX && count < FRAMES_MAX; step++) {
        bool given = step == 0;
        const struct function *f =
            next == NULL || (next == site && !given)
                ? NULL
                : subject_at(next, given);
        if (f != NULL) {
            if (count++ > 0)
                append(out, " < ", 3);
            else
                append_name(innermost, f);
            append_name(out, f);
        }
        if (end == NULL || (const void *)(at + 2) > end)
            break;
        next = at[1];
        const void *const *up = at[0];
        if (next == NULL || up <= at || (uintptr_t)up % 8 != 0)
            end = NULL;
        at = up;
    }
    if (count == 0)
        append(innermost, "unknown", 7);
}
