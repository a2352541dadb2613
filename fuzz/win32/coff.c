#include "coff.h"

#include <windows.h>

#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 9             /* of a short name, with the 0              */

struct function {
    uint32_t    address;
    uint32_t    end;            /* of its section: symbols have no size     */
    const char *name;
    char        short_name[NAME_SIZE];
};

struct coff {
    char            *bytes;
    size_t           size;
    size_t           count;
    struct function *function;  /* sorted by address                        */
};

static const void *part(const struct coff *c, uint64_t offset, uint64_t size)
{
    if (offset > c->size || size > c->size - offset)
        return NULL;
    return c->bytes + offset;
}

static char *read_file(const wchar_t *path, size_t *size)
{
    LARGE_INTEGER length;
    DWORD count = 0;
    char *bytes = NULL;
    HANDLE file = CreateFileW(path, GENERIC_READ,
                              FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    if (GetFileSizeEx(file, &length) && length.QuadPart < INT32_MAX)
        bytes = malloc((size_t)length.QuadPart + 1);
    if (bytes != NULL &&
        (!ReadFile(file, bytes, (DWORD)length.QuadPart, &count, NULL) ||
         count != (DWORD)length.QuadPart)) {
        free(bytes);
        bytes = NULL;
    }
    CloseHandle(file);
    if (bytes != NULL)
        bytes[count] = '\0';
    *size = count;
    return bytes;
}

/* Names of more than eight letters stand behind the table of symbols. */
static const char *long_name(const struct coff *c,
                             const IMAGE_FILE_HEADER *header, uint32_t at)
{
    uint64_t strings = header->PointerToSymbolTable +
        (uint64_t)header->NumberOfSymbols * IMAGE_SIZEOF_SYMBOL;
    return part(c, strings + at, 1);
}

static void add_function(struct coff *c, const IMAGE_FILE_HEADER *header,
                         const IMAGE_SECTION_HEADER *section,
                         const char *symbol)
{
    IMAGE_SYMBOL s;
    memcpy(&s, symbol, IMAGE_SIZEOF_SYMBOL);
    if (!ISFCN(s.Type) || s.SectionNumber < 1 ||
        s.SectionNumber > header->NumberOfSections)
        return;
    section += s.SectionNumber - 1;
    struct function *f = &c->function[c->count++];
    f->address = section->VirtualAddress + s.Value;
    f->end = section->VirtualAddress + section->Misc.VirtualSize;
    memcpy(f->short_name, s.N.ShortName, NAME_SIZE - 1);
    f->name = s.N.Name.Short == 0 ? long_name(c, header, s.N.Name.Long)
                                  : NULL;
}

static int by_address(const void *left, const void *right)
{
    const struct function *a = left;
    const struct function *b = right;
    return (a->address > b->address) - (a->address < b->address);
}

static void read_functions(struct coff *c, const IMAGE_FILE_HEADER *header,
                           const IMAGE_SECTION_HEADER *section)
{
    uint64_t count = header->NumberOfSymbols;
    const char *symbol = part(c, header->PointerToSymbolTable,
                              count * IMAGE_SIZEOF_SYMBOL);
    c->function = calloc(count + 1, sizeof *c->function);
    if (symbol == NULL || c->function == NULL)
        return;
    for (uint64_t i = 0; i < count; i++) {
        const char *at = symbol + i * IMAGE_SIZEOF_SYMBOL;
        add_function(c, header, section, at);
        i += (uint8_t)at[IMAGE_SIZEOF_SYMBOL - 1];  /* auxiliary records    */
    }
    qsort(c->function, c->count, sizeof *c->function, by_address);
}

static void read_headers(struct coff *c)
{
    const IMAGE_DOS_HEADER *dos = part(c, 0, sizeof *dos);
    if (dos == NULL || dos->e_magic != IMAGE_DOS_SIGNATURE)
        return;
    const IMAGE_NT_HEADERS64 *nt = part(c, (uint32_t)dos->e_lfanew,
                                        sizeof *nt);
    if (nt == NULL || nt->Signature != IMAGE_NT_SIGNATURE)
        return;
    uint64_t at = (uint32_t)dos->e_lfanew + sizeof nt->Signature +
                  sizeof nt->FileHeader + nt->FileHeader.SizeOfOptionalHeader;
    const IMAGE_SECTION_HEADER *section = part(c, at,
        nt->FileHeader.NumberOfSections * sizeof *section);
    if (section != NULL && nt->FileHeader.PointerToSymbolTable != 0)
        read_functions(c, &nt->FileHeader, section);
}

struct coff *coff_open(const wchar_t *path)
{
    struct coff *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->bytes = read_file(path, &c->size);
    if (c->bytes != NULL)
        read_headers(c);
    if (c->count > 0)
        return c;
    coff_close(c);
    return NULL;
}

void coff_close(struct coff *c)
{
    if (c == NULL)
        return;
    free(c->function);
    free(c->bytes);
    free(c);
}

const char *coff_function(const struct coff *c, uint64_t address,
                          uint64_t *offset)
{
    size_t low = 0;
    size_t high = c->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->function[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || address >= c->function[low - 1].end)
        return NULL;
    const struct function *f = &c->function[low - 1];
    *offset = address - f->address;
    return f->name != NULL ? f->name : f->short_name;
}
