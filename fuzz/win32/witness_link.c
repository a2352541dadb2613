#include "../witness_link.h"

#include <signal.h>
#include <stdio.h>
#include <windows.h>

static struct {
    HANDLE               messages;
    HANDLE               requests;
    HANDLE               thread;
    struct witness_page *page;
    void               (*entry)(void);
} self;

/* The C library turns abort into an exit status that a program might also
 * have chosen, so the page says it. */
static void on_abort(int number)
{
    (void)number;
    atomic_store(&self.page->aborted, 1);
}

static HANDLE own(unsigned long long number)
{
    HANDLE h = (HANDLE)(uintptr_t)number;
    SetHandleInformation(h, HANDLE_FLAG_INHERIT, 0);
    return h;
}

/* A number may name something else when the variable was set for another
 * process: only a mapping that begins to be ours counts. */
static struct witness_page *map_page(HANDLE memory)
{
    struct witness_page *page = MapViewOfFile(memory,
        FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, sizeof *page);
    if (page == NULL)
        return NULL;
    if (page->magic == WITNESS_MAGIC)
        return page;
    UnmapViewOfFile(page);
    return NULL;
}

struct witness_page *link_open(void)
{
    char numbers[128];
    unsigned long long memory, messages, requests;
    DWORD size = GetEnvironmentVariableA(WITNESS_VARIABLE, numbers,
                                         sizeof numbers);
    if (size == 0 || size >= sizeof numbers ||
        sscanf(numbers, "%llu %llu %llu", &memory, &messages,
               &requests) != 3)
        return NULL;
    SetEnvironmentVariableA(WITNESS_VARIABLE, NULL);
    struct witness_page *page = map_page((HANDLE)(uintptr_t)memory);
    if (page == NULL)
        return NULL;
    CloseHandle((HANDLE)(uintptr_t)memory);
    self.messages = own(messages);
    self.requests = own(requests);
    self.page = page;
    signal(SIGABRT, on_abort);
    return page;
}

/* One write is one entry in the pipe's queue: it is never split by another
 * one. It waits for room, so there is nothing to repeat. */
void link_send(const char *bytes, size_t size)
{
    DWORD written;
    DWORD error = GetLastError();
    WriteFile(self.messages, bytes, (DWORD)size, &written, NULL);
    SetLastError(error);
}

int link_receive(void)
{
    char request;
    DWORD count;
    if (!ReadFile(self.requests, &request, 1, &count, NULL) || count == 0)
        return -1;
    return request;
}

uint64_t link_thread(void)
{
    return GetCurrentThreadId();
}

static DWORD WINAPI begin(void *unused)
{
    (void)unused;
    self.entry();
    return 0;
}

int link_start(void (*entry)(void))
{
    self.entry = entry;
    self.thread = CreateThread(NULL, 0, begin, NULL, 0, NULL);
    return self.thread == NULL ? -1 : 0;
}

void link_join(void)
{
    WaitForSingleObject(self.thread, INFINITE);
    CloseHandle(self.thread);
}

_Noreturn void link_leave_main(void)
{
    ExitThread(0);
}
