#define _CRT_RAND_S     /* rand_s, the system's generator */

#include "../host.h"

#include <fcntl.h>
#include <io.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "wide.h"

#define PIECE (1u << 20)
#define SIGNAL_INTERRUPT 2
#define SIGNAL_TERMINATE 15

double host_seconds(void)
{
    LARGE_INTEGER counter, frequency;
    QueryPerformanceCounter(&counter);
    QueryPerformanceFrequency(&frequency);
    return (double)counter.QuadPart / (double)frequency.QuadPart;
}

uint64_t host_seed(void)
{
    unsigned low, high;
    if (rand_s(&low) == 0 && rand_s(&high) == 0)
        return (uint64_t)high << 32 | low;
    return (uint64_t)(host_seconds() * 1e9);
}

/* One that understands sequences for drawing, once it was asked to. */
bool host_is_terminal(int descriptor)
{
    const char *term = getenv("TERM");
    HANDLE console = (HANDLE)_get_osfhandle(descriptor);
    DWORD mode;
    return GetConsoleMode(console, &mode) &&
           SetConsoleMode(console,
                          mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING) &&
           !(term && !strcmp(term, "dumb"));
}

/* Interrupts. */

static atomic_bool interrupted;

/* On a thread of the system's. After a close, a logoff or a shutdown the
 * process ends when this returns; it does not, so that main comes to its end
 * first, for which the system waits some seconds. */
static BOOL WINAPI on_interrupt(DWORD type)
{
    bool asks = type == CTRL_C_EVENT || type == CTRL_BREAK_EVENT;
    if (atomic_exchange(&interrupted, true))
        TerminateProcess(GetCurrentProcess(),
                         128 + (asks ? SIGNAL_INTERRUPT : SIGNAL_TERMINATE));
    if (!asks)
        Sleep(INFINITE);
    return TRUE;
}

/* The second call ends an inherited deafness to Ctrl-C. */
void host_catch_interrupt(void)
{
    SetConsoleCtrlHandler(on_interrupt, TRUE);
    SetConsoleCtrlHandler(NULL, FALSE);
}

bool host_interrupted(void)
{
    return atomic_load(&interrupted);
}

/* This program. */

void host_program(char out[HOST_PATH])
{
    wchar_t wide[HOST_PATH];
    DWORD size = GetModuleFileNameW(NULL, wide, HOST_PATH);
    wide[size < HOST_PATH ? size : 0] = L'\0';
    wide_to_path(wide, out, HOST_PATH);
}

/* Files. */

/* A file that goes with its last handle. In the system's folder for such: the
 * C library's own may be one that only an administrator can write to. */
static FILE *open_scratch(void)
{
    wchar_t folder[MAX_PATH + 1], path[MAX_PATH + 1];
    if (GetTempPathW(MAX_PATH + 1, folder) == 0 ||
        GetTempFileNameW(folder, L"lc", 0, path) == 0)
        return NULL;
    HANDLE handle = CreateFileW(path, GENERIC_READ | GENERIC_WRITE | DELETE,
                                0, NULL, OPEN_EXISTING,
                                FILE_ATTRIBUTE_TEMPORARY |
                                    FILE_FLAG_DELETE_ON_CLOSE,
                                NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        DeleteFileW(path);
        return NULL;
    }
    int descriptor = _open_osfhandle((intptr_t)handle, _O_RDWR | _O_BINARY);
    if (descriptor < 0) {
        CloseHandle(handle);
        return NULL;
    }
    FILE *file = _fdopen(descriptor, "w+b");
    if (!file)
        _close(descriptor);
    return file;
}

static char *read_back(FILE *file, size_t *size)
{
    long end = ferror(file) || fflush(file) ? -1 : ftell(file);
    char *text = end < 0 ? NULL : malloc((size_t)end + 1);
    if (!text)
        return NULL;
    rewind(file);
    if (fread(text, 1, (size_t)end, file) != (size_t)end) {
        free(text);
        return NULL;
    }
    text[end] = '\0';
    *size = (size_t)end;
    return text;
}

char *host_print(void (*print)(FILE *, const void *), const void *what,
                 size_t *size)
{
    FILE *out = open_scratch();
    if (!out)
        return NULL;
    print(out, what);
    char *text = read_back(out, size);
    fclose(out);
    return text;
}

static bool write_all(HANDLE file, const char *data, size_t size)
{
    DWORD written;
    for (; size > 0; data += written, size -= written)
        if (!WriteFile(file, data, size < PIECE ? (DWORD)size : PIECE,
                       &written, NULL))
            return false;
    return true;
}

static bool write_new(const wchar_t *path, const void *data, size_t size)
{
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                              FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    bool good = write_all(file, data, size) && FlushFileBuffers(file);
    DWORD error = GetLastError();
    CloseHandle(file);
    SetLastError(error);
    return good;
}

int host_write_file(const char *path, const void *data, size_t size,
                    char why[HOST_WHY])
{
    wchar_t wide[HOST_PATH], temporary[HOST_PATH + 16];
    if (!wide_from_text(path, wide, HOST_PATH))
        return wide_fail(why, "cannot write", path);
    swprintf(temporary, HOST_PATH + 16, L"%ls.%lu", wide,
             GetCurrentProcessId());
    if (write_new(temporary, data, size) &&
        MoveFileExW(temporary, wide,
                    MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
        return 0;
    DWORD error = GetLastError();
    DeleteFileW(temporary);
    SetLastError(error);
    return wide_fail(why, "cannot write", path);
}

/* Up to cap bytes, or -1. */
static long read_all(HANDLE file, char *out, size_t cap)
{
    size_t size = 0;
    DWORD count = 1;
    while (size < cap && count > 0) {
        size_t left = cap - size;
        if (!ReadFile(file, out + size, left < PIECE ? (DWORD)left : PIECE,
                      &count, NULL))
            return -1;
        size += count;
    }
    return (long)size;
}

long host_read_file(const char *path, void *out, size_t cap,
                    char why[HOST_WHY])
{
    wchar_t wide[HOST_PATH];
    char next;
    if (!wide_from_text(path, wide, HOST_PATH))
        return wide_fail(why, "cannot read", path);
    HANDLE file = CreateFileW(wide, GENERIC_READ,
                              FILE_SHARE_READ | FILE_SHARE_WRITE |
                                  FILE_SHARE_DELETE,
                              NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return wide_fail(why, "cannot read", path);
    cap = cap < LONG_MAX ? cap : LONG_MAX - 1;
    long size = read_all(file, out, cap);
    long more = size < 0 ? -1 : read_all(file, &next, 1);
    if (more < 0)
        wide_fail(why, "cannot read", path);
    CloseHandle(file);
    if (more == 0)
        return size;
    if (more > 0)
        snprintf(why, HOST_WHY, "%s is larger than %zu bytes", path, cap);
    return -1;
}
