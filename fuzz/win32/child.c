#include "child_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_line.h"
#include "wide.h"

#define PIPE_SIZE   65536
#define SLICE_MS    5           /* between looks into the pipes             */
#define HANDLES_MAX 8
#define TRIES_MAX   5

/* The child's ends, and what it is created with. */
struct birth {
    HANDLE   memory;
    HANDLE   stream[CHILD_STREAMS];
    HANDLE   requests;
    HANDLE   standard[3];
    HANDLE   given[HANDLES_MAX];    /* all of the above, each once          */
    DWORD    given_count;
    wchar_t  path[HOST_PATH];
    wchar_t  command[COMMAND_LINE_SIZE];
    wchar_t *environment;
};

uint64_t child_clock_ns(void)
{
    LARGE_INTEGER frequency, now;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&now);
    uint64_t seconds = (uint64_t)(now.QuadPart / frequency.QuadPart);
    uint64_t rest = (uint64_t)(now.QuadPart % frequency.QuadPart);
    return seconds * 1000000000u +
           rest * 1000000000u / (uint64_t)frequency.QuadPart;
}

uint64_t child_id(const struct child *c)
{
    return c->id;
}

const struct witness_page *child_page(const struct child *c)
{
    return c->page;
}

static void close_one(HANDLE *h)
{
    if (*h != NULL && *h != INVALID_HANDLE_VALUE)
        CloseHandle(*h);
    *h = NULL;
}

/* Birth. */

static SECURITY_ATTRIBUTES inherited = { sizeof inherited, NULL, TRUE };

static void give(struct birth *b, HANDLE h)
{
    b->given[b->given_count++] = h;
}

static bool open_page(struct child *c, struct birth *b)
{
    b->memory = CreateFileMappingW(INVALID_HANDLE_VALUE, &inherited,
                                   PAGE_READWRITE, 0, sizeof *c->page, NULL);
    if (b->memory == NULL)
        return false;
    c->page = MapViewOfFile(b->memory, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0,
                            sizeof *c->page);
    if (c->page == NULL)
        return false;
    atomic_store(&c->page->expect_at, WITNESS_NEVER);
    c->page->magic = WITNESS_MAGIC;
    give(b, b->memory);
    return true;
}

static bool open_reader(HANDLE *ours, HANDLE *theirs)
{
    return CreatePipe(ours, theirs, &inherited, PIPE_SIZE) &&
           SetHandleInformation(*ours, HANDLE_FLAG_INHERIT, 0);
}

static bool open_streams(struct child *c, struct birth *b, bool capture)
{
    if (!open_reader(&c->stream[CHILD_MESSAGES],
                     &b->stream[CHILD_MESSAGES]) ||
        !CreatePipe(&b->requests, &c->requests, &inherited, 0) ||
        !SetHandleInformation(c->requests, HANDLE_FLAG_INHERIT, 0))
        return false;
    give(b, b->stream[CHILD_MESSAGES]);
    give(b, b->requests);
    if (!capture)
        return true;
    if (!open_reader(&c->stream[CHILD_OUTPUT], &b->stream[CHILD_OUTPUT]))
        return false;
    give(b, b->stream[CHILD_OUTPUT]);
    return true;
}

/* A copy that can be inherited: the caller's own may not be meant to. */
static HANDLE copy_standard(DWORD which, HANDLE otherwise)
{
    HANDLE copy = NULL;
    HANDLE own = GetStdHandle(which);
    if (own == NULL || own == INVALID_HANDLE_VALUE ||
        !DuplicateHandle(GetCurrentProcess(), own, GetCurrentProcess(),
                         &copy, 0, TRUE, DUPLICATE_SAME_ACCESS))
        return otherwise;
    return copy;
}

static bool open_standard(struct birth *b)
{
    b->standard[0] = CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE,
                                 &inherited, OPEN_EXISTING, 0, NULL);
    if (b->standard[0] == INVALID_HANDLE_VALUE)
        return false;
    give(b, b->standard[0]);
    if (b->stream[CHILD_OUTPUT] != NULL) {
        b->standard[1] = b->standard[2] = b->stream[CHILD_OUTPUT];
        return true;
    }
    static const DWORD which[] = { 0, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE };
    for (int i = 1; i < 3; i++) {
        b->standard[i] = copy_standard(which[i], b->standard[0]);
        if (b->standard[i] != b->standard[0])
            give(b, b->standard[i]);
    }
    return true;
}

static bool find_program(struct birth *b, const char *path)
{
    if (!wide_from_text(path, b->path, HOST_PATH))
        return false;
    size_t size = wcslen(b->path);
    if (GetFileAttributesW(b->path) == INVALID_FILE_ATTRIBUTES &&
        size + 5 <= HOST_PATH)
        wcscpy(b->path + size, L".exe");
    return true;
}

static unsigned long long number_of(HANDLE h)
{
    return (unsigned long long)(uintptr_t)h;
}

static bool write_texts(struct birth *b, char *const argv[])
{
    char numbers[96];
    wchar_t name[] = L"" WITNESS_VARIABLE;
    wchar_t value[96];
    snprintf(numbers, sizeof numbers, "%llu %llu %llu", number_of(b->memory),
             number_of(b->stream[CHILD_MESSAGES]), number_of(b->requests));
    if (!find_program(b, argv[0]) || !wide_from_text(numbers, value, 96))
        return false;
    if (!command_line_join(b->command, argv)) {
        SetLastError(ERROR_FILENAME_EXCED_RANGE);
        return false;
    }
    b->environment = command_line_environment(name, value);
    return b->environment != NULL;
}

/* Console events go to all processes of a console, so the child has one of
 * its own, which nobody sees. What it writes to a console of the caller would
 * be lost then: if it is to, it stays there, deaf to the caller's events. */
static DWORD choose_console(const struct birth *b)
{
    DWORD mode;
    bool writes = GetConsoleMode(b->standard[1], &mode) ||
                  GetConsoleMode(b->standard[2], &mode);
    return writes ? CREATE_NEW_PROCESS_GROUP : CREATE_NO_WINDOW;
}

/* Wine, on a busy machine, now and then loses a process before it has begun,
 * and says internal error: nothing of it is left, so it is tried again. */
static bool try_create(struct birth *b, STARTUPINFOEXW *start,
                       PROCESS_INFORMATION *about)
{
    bool created = false;
    for (int i = 0; i < TRIES_MAX && !created; i++) {
        created = CreateProcessW(b->path, b->command, NULL, NULL, TRUE,
            CREATE_SUSPENDED | choose_console(b) |
            CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT,
            b->environment, NULL, &start->StartupInfo, about);
        if (!created && GetLastError() != ERROR_INTERNAL_ERROR)
            break;
    }
    return created;
}

/* A program that crashes should end, and not show a window until somebody
 * has read it: the mode is inherited, and the caller's own is put back. */
static bool create(struct birth *b, STARTUPINFOEXW *start,
                   PROCESS_INFORMATION *about)
{
    static SRWLOCK lock = SRWLOCK_INIT;
    AcquireSRWLockExclusive(&lock);
    UINT before = GetErrorMode();
    SetErrorMode(before | SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    bool created = try_create(b, start, about);
    DWORD error = GetLastError();
    SetErrorMode(before);
    ReleaseSRWLockExclusive(&lock);
    SetLastError(error);
    return created;
}

/* It inherits what is given to it and nothing else: a pipe of another child
 * would stay open as long as it lives. */
static bool create_with_given(struct birth *b, PROCESS_INFORMATION *about)
{
    STARTUPINFOEXW start = { .StartupInfo = {
        .cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES,
        .hStdInput = b->standard[0], .hStdOutput = b->standard[1],
        .hStdError = b->standard[2] } };
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    start.lpAttributeList = malloc(size);
    if (start.lpAttributeList == NULL ||
        !InitializeProcThreadAttributeList(start.lpAttributeList, 1, 0,
                                           &size)) {
        free(start.lpAttributeList);
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return false;
    }
    bool created = UpdateProcThreadAttribute(start.lpAttributeList, 0,
                       PROC_THREAD_ATTRIBUTE_HANDLE_LIST, b->given,
                       b->given_count * sizeof(HANDLE), NULL, NULL) &&
                   create(b, &start, about);
    DWORD error = GetLastError();
    DeleteProcThreadAttributeList(start.lpAttributeList);
    free(start.lpAttributeList);
    SetLastError(error);
    return created;
}

static bool open_job(struct child *c)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {
        .BasicLimitInformation.LimitFlags =
            JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE |
            JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION };
    c->job = CreateJobObjectW(NULL, NULL);
    return c->job != NULL &&
           SetInformationJobObject(c->job, JobObjectExtendedLimitInformation,
                                   &limits, sizeof limits);
}

/* It does not run before it is in its job, so whatever it starts is too. */
static bool start_program(struct child *c, struct birth *b)
{
    PROCESS_INFORMATION about;
    if (!open_job(c) || !create_with_given(b, &about))
        return false;
    c->process = about.hProcess;
    c->main_thread = about.hThread;
    c->id = about.dwProcessId;
    if (!AssignProcessToJobObject(c->job, c->process)) {
        DWORD error = GetLastError();
        TerminateProcess(c->process, 1);
        SetLastError(error);
        return false;
    }
    ResumeThread(c->main_thread);
    return true;
}

static void close_birth(struct birth *b)
{
    for (DWORD i = 0; i < b->given_count; i++)
        close_one(&b->given[i]);
    free(b->environment);
    free(b);
}

int child_start(struct child **out, char *const argv[], bool capture,
                char why[CHILD_WHY])
{
    char sentence[HOST_WHY];
    struct child *c = calloc(1, sizeof *c);
    struct birth *b = calloc(1, sizeof *b);
    SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    bool started = c != NULL && b != NULL && open_page(c, b) &&
                   open_streams(c, b, capture) && open_standard(b) &&
                   write_texts(b, argv) && start_program(c, b);
    if (!started) {
        wide_fail(sentence, "cannot start", argv[0]);
        snprintf(why, CHILD_WHY, "%s", sentence);
    }
    if (b != NULL)
        close_birth(b);
    if (!started && c != NULL)
        child_destroy(c);
    if (!started)
        return -1;
    *out = c;
    return 0;
}

/* Life. */

static DWORD available(HANDLE pipe)
{
    DWORD size = 0;
    if (pipe == NULL || !PeekNamedPipe(pipe, NULL, 0, NULL, &size, NULL))
        return 0;
    return size;
}

static bool has_written(const struct child *c)
{
    for (int i = 0; i < CHILD_STREAMS; i++) {
        if (available(c->stream[i]) > 0)
            return true;
    }
    return false;
}

/* A pipe is no object to wait for, so it is looked into now and then; the
 * end of the process ends the wait at once. */
bool child_wait(struct child *c, uint32_t limit_ms)
{
    for (uint32_t waited = 0;; waited += SLICE_MS) {
        bool last = waited >= limit_ms || has_written(c);
        DWORD answer = WaitForSingleObject(c->process, last ? 0 : SLICE_MS);
        if (answer == WAIT_OBJECT_0 || last)
            return answer == WAIT_OBJECT_0;
    }
}

size_t child_read(struct child *c, enum child_stream which, char *out,
                  size_t cap)
{
    DWORD size = available(c->stream[which]);
    DWORD count = 0;
    if (size > cap)
        size = (DWORD)cap;
    if (size == 0 || !ReadFile(c->stream[which], out, size, &count, NULL))
        return 0;
    return count;
}

void child_request(struct child *c, enum witness_request what)
{
    char request = (char)what;
    DWORD written;
    WriteFile(c->requests, &request, 1, &written, NULL);
}

/* End. */

/* Exceptions end a process with their code, which no program chooses. */
static bool is_exception(DWORD code)
{
    return (code & 0xf0000000) == 0xc0000000 ||
           (code & 0xf0000000) == 0x80000000;
}

void child_end(struct child *c, struct child_end *out)
{
    DWORD code = 0;
    FILETIME created, exited, kernel = { 0 }, user = { 0 };
    TerminateJobObject(c->job, 1);
    WaitForSingleObject(c->process, INFINITE);
    GetExitCodeProcess(c->process, &code);
    GetProcessTimes(c->process, &created, &exited, &kernel, &user);
    *out = (struct child_end){ .crashed = is_exception(code), .code = code,
                               .cpu_ns = ns_of(kernel) + ns_of(user) };
}

void child_destroy(struct child *c)
{
    for (int i = 0; i < CHILD_STREAMS; i++)
        close_one(&c->stream[i]);
    close_one(&c->requests);
    close_one(&c->main_thread);
    close_one(&c->process);
    close_one(&c->job);
    if (c->page != NULL)
        UnmapViewOfFile(c->page);
    free(c);
}

const char *child_crash_name(uint32_t code)
{
    static const struct {
        uint32_t    code;
        const char *name;
    } names[] = {
        { 3, "abort" },
        { 0xc0000005, "access violation" },
        { 0xc000001d, "illegal instruction" },
        { 0xc0000094, "division by zero" },
        { 0xc00000fd, "stack overflow" },
        { 0xc000013a, "interrupted by the console" },
        { 0xc0000374, "heap corruption" },
        { 0xc0000409, "fast fail" },
        { 0xc0000420, "assertion" },
        { 0x80000003, "breakpoint" },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].code == code)
            return names[i].name;
    }
    return "another exception";
}
