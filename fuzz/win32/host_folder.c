/*
 * host_folder.c - folders, for host.h.
 */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "wide.h"

#define NAME_TRIES 100

/* Above the path there may be what cannot be made and need not be, as a
 * drive. So only the end says whether it went well. */
int host_make_folder(const char *path, char why[HOST_WHY])
{
    wchar_t wide[HOST_PATH];
    if (!wide_from_text(path, wide, HOST_PATH))
        return wide_fail(why, "cannot make the folder", path);
    DWORD error = 0;
    for (size_t i = 1, end = wcslen(wide); i <= end; i++) {
        wchar_t letter = wide[i];
        if (letter != L'/' && letter != L'\\' && letter != L'\0')
            continue;
        wide[i] = L'\0';
        error = CreateDirectoryW(wide, NULL) ? 0 : GetLastError();
        wide[i] = letter;
    }
    if (host_is_folder(path))
        return 0;
    SetLastError(error);
    return wide_fail(why, "cannot make the folder", path);
}

bool host_is_folder(const char *path)
{
    wchar_t wide[HOST_PATH];
    if (!wide_from_text(path, wide, HOST_PATH))
        return false;
    DWORD about = GetFileAttributesW(wide);
    return about != INVALID_FILE_ATTRIBUTES &&
           (about & FILE_ATTRIBUTE_DIRECTORY);
}

struct names {
    char **name;
    size_t count;
    size_t cap;
};

static bool names_add(struct names *names, const char *name)
{
    if (names->count == names->cap) {
        size_t cap = names->cap ? 2 * names->cap : 64;
        char **more = realloc(names->name, cap * sizeof *more);
        if (!more)
            return false;
        names->name = more;
        names->cap = cap;
    }
    size_t size = strlen(name) + 1;
    char *copy = malloc(size);
    if (!copy)
        return false;
    names->name[names->count++] = memcpy(copy, name, size);
    return true;
}

static void names_free(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->name[i]);
    free(names->name);
}

static bool is_listed(const WIN32_FIND_DATAW *found)
{
    return found->cFileName[0] != L'.' &&
           !(found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY);
}

/* Every folder but a drive's has entries, at least for itself. */
static bool read_folder(const char *path, struct names *names)
{
    char pattern[HOST_PATH], name[HOST_PATH];
    wchar_t wide[HOST_PATH];
    WIN32_FIND_DATAW found;
    snprintf(pattern, sizeof pattern, "%s/*", path);
    if (!wide_from_text(pattern, wide, HOST_PATH))
        return false;
    HANDLE folder = FindFirstFileW(wide, &found);
    if (folder == INVALID_HANDLE_VALUE)
        return GetLastError() == ERROR_FILE_NOT_FOUND && host_is_folder(path);
    bool good = true;
    do {
        if (is_listed(&found))
            good = wide_to_text(found.cFileName, name, sizeof name) &&
                   names_add(names, name);
    } while (good && FindNextFileW(folder, &found));
    DWORD error = GetLastError();
    FindClose(folder);
    SetLastError(good ? error : ERROR_NOT_ENOUGH_MEMORY);
    return good && error == ERROR_NO_MORE_FILES;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int host_list_folder(const char *path, void (*each)(const char *, void *),
                     void *arg, char why[HOST_WHY])
{
    struct names names = { 0 };
    int result = 0;
    if (!read_folder(path, &names))
        result = wide_fail(why, "cannot read the folder", path);
    else if (names.count > 1)
        qsort(names.name, names.count, sizeof *names.name, by_name);
    for (size_t i = 0; result == 0 && i < names.count; i++) {
        char file[HOST_PATH];
        snprintf(file, sizeof file, "%s/%s", path, names.name[i]);
        each(file, arg);
    }
    names_free(&names);
    return result;
}

int host_temporary_folder(char out[HOST_PATH], char why[HOST_WHY])
{
    wchar_t base[MAX_PATH + 1], wide[MAX_PATH + 32];
    if (GetTempPathW(MAX_PATH + 1, base) == 0)
        return wide_fail(why, "cannot find the folder", "for temporary files");
    for (int tries = NAME_TRIES; tries > 0; tries--) {
        swprintf(wide, MAX_PATH + 32, L"%lslastcall-%06x", base,
                 (unsigned)(host_seed() & 0xffffff));
        bool made = CreateDirectoryW(wide, NULL);
        DWORD error = GetLastError();
        wide_to_path(wide, out, HOST_PATH);
        SetLastError(error);
        if (made)
            return 0;
        if (error != ERROR_ALREADY_EXISTS)
            break;
    }
    return wide_fail(why, "cannot make the folder", out);
}

static void remove_file(const char *path, void *arg)
{
    wchar_t wide[HOST_PATH];
    (void)arg;
    if (wide_from_text(path, wide, HOST_PATH))
        DeleteFileW(wide);
}

void host_remove_folder(const char *path)
{
    char why[HOST_WHY];
    wchar_t wide[HOST_PATH];
    if (host_list_folder(path, remove_file, NULL, why) == 0 &&
        wide_from_text(path, wide, HOST_PATH))
        RemoveDirectoryW(wide);
}
