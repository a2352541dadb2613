#include "image.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct function {
    uint64_t    address;
    uint64_t    size;
    const char *name;
};

struct image {
    const uint8_t    *bytes;
    size_t            size;
    bool              mapped;       /* else allocated                       */
    const Elf64_Phdr *segment;
    unsigned          segment_count;
    uint64_t          frame_table;
    struct function  *function;     /* sorted by address                    */
    size_t            function_count;
};

/* Bytes of the file, if so many are there. */
static const void *part(const struct image *i, uint64_t offset, uint64_t size)
{
    if (offset > i->size || size > i->size - offset)
        return NULL;
    return i->bytes + offset;
}

/* The same for a table, whose entries are read where they lie. */
static const void *table_at(const struct image *i, uint64_t offset,
                            uint64_t size)
{
    return offset % sizeof(uint64_t) == 0 ? part(i, offset, size) : NULL;
}

static bool read_segments(struct image *i)
{
    const Elf64_Ehdr *header = part(i, 0, sizeof *header);
    if (header == NULL || memcmp(header->e_ident, ELFMAG, SELFMAG) ||
        header->e_ident[EI_CLASS] != ELFCLASS64 ||
        header->e_phentsize != sizeof *i->segment)
        return false;
    i->segment_count = header->e_phnum;
    i->segment = table_at(i, header->e_phoff,
                          i->segment_count * sizeof *i->segment);
    if (i->segment == NULL)
        return false;
    for (unsigned n = 0; n < i->segment_count; n++) {
        if (i->segment[n].p_type == PT_GNU_EH_FRAME)
            i->frame_table = i->segment[n].p_vaddr;
    }
    return true;
}

static const Elf64_Shdr *sections(const struct image *i, unsigned *count)
{
    const Elf64_Ehdr *header = part(i, 0, sizeof *header);
    const Elf64_Shdr *first = table_at(i, header->e_shoff,
        (uint64_t)header->e_shnum * sizeof *first);
    *count = first != NULL && header->e_shentsize == sizeof *first
                 ? header->e_shnum : 0;
    return first;
}

/* A name counts only if it ends inside its table. */
static const char *name_at(const char *names, uint64_t size, uint32_t at)
{
    if (at >= size || memchr(names + at, '\0', size - at) == NULL)
        return NULL;
    return names + at;
}

static void add_functions(struct image *i, const Elf64_Shdr *table,
                          const Elf64_Shdr *strings)
{
    size_t count = table->sh_size / sizeof(Elf64_Sym);
    const Elf64_Sym *symbol = table_at(i, table->sh_offset, table->sh_size);
    const char *names = part(i, strings->sh_offset, strings->sh_size);
    struct function *more = symbol == NULL || names == NULL ? NULL
        : realloc(i->function, (i->function_count + count + 1) *
                                   sizeof *more);
    if (more == NULL)
        return;
    i->function = more;
    for (size_t n = 0; n < count; n++) {
        unsigned type = ELF64_ST_TYPE(symbol[n].st_info);
        const char *name = name_at(names, strings->sh_size,
                                   symbol[n].st_name);
        if ((type == STT_FUNC || type == STT_GNU_IFUNC) && name != NULL &&
            symbol[n].st_size > 0 && symbol[n].st_shndx != SHN_UNDEF)
            i->function[i->function_count++] = (struct function){
                symbol[n].st_value, symbol[n].st_size, name };
    }
}

/* Of functions at one address, such as an alias with underscores in front,
 * the one with the fewest comes first. */
static int by_address(const void *left, const void *right)
{
    const struct function *a = left;
    const struct function *b = right;
    if (a->address != b->address)
        return a->address > b->address ? 1 : -1;
    size_t a_score = strspn(a->name, "_");
    size_t b_score = strspn(b->name, "_");
    if (a_score != b_score)
        return a_score > b_score ? 1 : -1;
    return strcmp(a->name, b->name);
}

static void read_functions(struct image *i)
{
    unsigned count;
    const Elf64_Shdr *section = sections(i, &count);
    for (unsigned n = 0; n < count; n++) {
        bool symbols = section[n].sh_type == SHT_SYMTAB ||
                       section[n].sh_type == SHT_DYNSYM;
        if (symbols && section[n].sh_link < count)
            add_functions(i, &section[n], &section[section[n].sh_link]);
    }
    if (i->function != NULL)
        qsort(i->function, i->function_count, sizeof *i->function,
              by_address);
}

static struct image *make(const void *bytes, size_t size, bool mapped)
{
    struct image *i = calloc(1, sizeof *i);
    if (i == NULL)
        return NULL;
    i->bytes = bytes;
    i->size = size;
    i->mapped = mapped;
    if (!read_segments(i)) {
        free(i);
        return NULL;
    }
    read_functions(i);
    return i;
}

struct image *image_open(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
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
    struct image *i = make(bytes, (size_t)status.st_size, true);
    if (i == NULL)
        munmap(bytes, (size_t)status.st_size);
    return i;
}

struct image *image_copy(const void *bytes, size_t size)
{
    void *copy = malloc(size);
    if (copy == NULL)
        return NULL;
    memcpy(copy, bytes, size);
    struct image *i = make(copy, size, false);
    if (i == NULL)
        free(copy);
    return i;
}

void image_close(struct image *i)
{
    if (i == NULL)
        return;
    if (i->mapped)
        munmap((void *)(uintptr_t)i->bytes, i->size);
    else
        free((void *)(uintptr_t)i->bytes);
    free(i->function);
    free(i);
}

bool image_address(const struct image *i, uint64_t offset, uint64_t *address)
{
    for (unsigned n = 0; n < i->segment_count; n++) {
        const Elf64_Phdr *s = &i->segment[n];
        if (s->p_type == PT_LOAD && offset >= s->p_offset &&
            offset - s->p_offset < s->p_filesz) {
            *address = offset - s->p_offset + s->p_vaddr;
            return true;
        }
    }
    return false;
}

const uint8_t *image_bytes(const struct image *i, uint64_t address,
                           size_t *size)
{
    for (unsigned n = 0; n < i->segment_count; n++) {
        const Elf64_Phdr *s = &i->segment[n];
        if (s->p_type != PT_LOAD || address < s->p_vaddr ||
            address - s->p_vaddr >= s->p_filesz)
            continue;
        uint64_t inside = address - s->p_vaddr;
        *size = (size_t)(s->p_filesz - inside);
        return part(i, s->p_offset + inside, *size);
    }
    return NULL;
}

uint64_t image_frame_table(const struct image *i)
{
    return i->frame_table;
}

/* The last function that begins at or before the address; of several that
 * begin there, the first. */
const char *image_function(const struct image *i, uint64_t address,
                           uint64_t *offset)
{
    size_t low = 0;
    size_t high = i->function_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (i->function[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    const struct function *f = &i->function[low - 1];
    while (f > i->function && f[-1].address == f->address)
        f--;
    *offset = address - f->address;
    return *offset < f->size ? f->name : NULL;
}
