/*
 * host_run.c - child processes, for host.h.
 *
 * source: CreateProcess, UpdateProcThreadAttribute, CommandLineToArgvW
 */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "wide.h"

#define COMMAND_SIZE 32767          /* what the system takes, with the 0     */
#define LINE_SIZE 256
#define SIGNAL_TERMINATE 15

/* There is no fork here, so a process cannot go on in a second one: this one
 * does the work of all, as the first of them. */
int host_split(unsigned jobs)
{
    (void)jobs;
    return 0;
}

/* The command line. */

struct command {
    wchar_t text[COMMAND_SIZE];
    size_t  size;
};

static bool add(struct command *c, wchar_t letter, size_t times)
{
    if (times >= COMMAND_SIZE - c->size)
        return false;
    wmemset(c->text + c->size, letter, times);
    c->size += times;
    c->text[c->size] = L'\0';
    return true;
}

/* A program takes its arguments out of one text again. There a backslash
 * means itself but before a quotation mark, where it is to be doubled; all
 * arguments stand in quotation marks, also to keep an asterisk from being
 * taken for the names of files. */
static bool add_quoted(struct command *c, const wchar_t *argument)
{
    size_t backslashes = 0;
    bool fits = add(c, L'"', 1);
    for (; fits && *argument; argument++) {
        bool is_mark = *argument == L'"';
        if (is_mark)
            fits = add(c, L'\\', backslashes + 1);
        backslashes = *argument == L'\\' ? backslashes + 1 : 0;
        fits = fits && add(c, *argument, 1);
    }
    return fits && add(c, L'\\', backslashes) && add(c, L'"', 1);
}

static bool add_all(struct command *c, char *const argv[])
{
    static wchar_t argument[COMMAND_SIZE];
    bool fits = true;
    for (int i = 0; fits && argv[i]; i++)
        fits = (i == 0 || add(c, L' ', 1)) &&
               wide_from_text(argv[i], argument, COMMAND_SIZE) &&
               add_quoted(c, argument);
    if (!fits)
        SetLastError(ERROR_FILENAME_EXCED_RANGE);
    return fits;
}

/* The process. */

struct child {
    HANDLE process;
    HANDLE nothing;     /* its input and output */
    HANDLE reader;      /* what it writes to stderr comes out here */
    HANDLE writer;
};

static void close_child(struct child *c)
{
    HANDLE handle[] = { c->process, c->nothing, c->reader, c->writer };
    for (int i = 0; i < 4; i++)
        if (handle[i] && handle[i] != INVALID_HANDLE_VALUE)
            CloseHandle(handle[i]);
}

static bool open_ends(struct child *c)
{
    SECURITY_ATTRIBUTES inherited = { sizeof inherited, NULL, TRUE };
    c->nothing = CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE,
                             FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited,
                             OPEN_EXISTING, 0, NULL);
    return c->nothing != INVALID_HANDLE_VALUE &&
           CreatePipe(&c->reader, &c->writer, &inherited, 0) &&
           SetHandleInformation(c->reader, HANDLE_FLAG_INHERIT, 0);
}

static bool create(struct child *c, const wchar_t *path, wchar_t *command,
                   LPPROC_THREAD_ATTRIBUTE_LIST attributes)
{
    STARTUPINFOEXW start = {
        .StartupInfo = { .cb = sizeof start,
                         .dwFlags = STARTF_USESTDHANDLES,
                         .hStdInput = c->nothing,
                         .hStdOutput = c->nothing,
                         .hStdError = c->writer },
        .lpAttributeList = attributes,
    };
    PROCESS_INFORMATION about;
    if (!CreateProcessW(path, command, NULL, NULL, TRUE,
                        EXTENDED_STARTUPINFO_PRESENT, NULL, NULL,
                        &start.StartupInfo, &about))
        return false;
    CloseHandle(about.hThread);
    c->process = about.hProcess;
    return true;
}

/* With its two handles and no other: one that it got by chance would live as
 * long as it does. */
static bool create_with_ends(struct child *c, const wchar_t *path,
                             wchar_t *command)
{
    HANDLE ends[] = { c->nothing, c->writer };
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    LPPROC_THREAD_ATTRIBUTE_LIST list = malloc(size);
    if (!list || !InitializeProcThreadAttributeList(list, 1, 0, &size)) {
        free(list);
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return false;
    }
    bool created =
        UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
                                  ends, sizeof ends, NULL, NULL) &&
        create(c, path, command, list);
    DWORD error = GetLastError();
    DeleteProcThreadAttributeList(list);
    free(list);
    SetLastError(error);
    return created;
}

/* The end of what it writes comes when nobody has the writing end any more,
 * so ours is closed first. */
static bool start(struct child *c, char *const argv[])
{
    static struct command command;
    wchar_t path[HOST_PATH];
    command.size = 0;
    if (!wide_from_text(argv[0], path, HOST_PATH) ||
        !add_all(&command, argv) || !open_ends(c) ||
        !create_with_ends(c, path, command.text))
        return false;
    CloseHandle(c->writer);
    c->writer = NULL;
    return true;
}

/* Its lines. */

struct line {
    char  *text;
    size_t size;
    size_t cap;
};

/* Without memory the rest of the line is left out. */
static void line_add(struct line *l, char letter)
{
    if (l->size + 1 >= l->cap) {
        size_t cap = l->cap ? 2 * l->cap : LINE_SIZE;
        char *more = realloc(l->text, cap);
        if (!more)
            return;
        l->text = more;
        l->cap = cap;
    }
    l->text[l->size++] = letter;
}

static void tell(struct line *l, struct child *c,
                 bool (*line)(const char *, void *), void *arg)
{
    if (l->size > 0 && l->text[l->size - 1] == '\r')
        l->size--;
    if (l->cap > 0)
        l->text[l->size] = '\0';
    l->size = 0;
    if (!line(l->cap > 0 ? l->text : "", arg))
        TerminateProcess(c->process, 128 + SIGNAL_TERMINATE);
}

static void read_lines(struct child *c, bool (*line)(const char *, void *),
                       void *arg)
{
    struct line l = { 0 };
    char bytes[4096];
    DWORD count;
    while (ReadFile(c->reader, bytes, sizeof bytes, &count, NULL))
        for (DWORD i = 0; i < count; i++)
            if (bytes[i] == '\n')
                tell(&l, c, line, arg);
            else
                line_add(&l, bytes[i]);
    if (l.size > 0)
        tell(&l, c, line, arg);
    free(l.text);
}

/* A process that an exception has ended has its code for a status. The
 * numbers are those of the signals that stand for the same. */
static int exit_status(DWORD code)
{
    switch (code) {
    case STATUS_CONTROL_C_EXIT:
        return 128 + 2;
    case STATUS_ILLEGAL_INSTRUCTION:
    case STATUS_PRIVILEGED_INSTRUCTION:
        return 128 + 4;
    case STATUS_INTEGER_DIVIDE_BY_ZERO:
    case STATUS_INTEGER_OVERFLOW:
        return 128 + 8;
    case STATUS_ACCESS_VIOLATION:
    case STATUS_IN_PAGE_ERROR:
    case STATUS_STACK_OVERFLOW:
        return 128 + 11;
    default:
        return code < 0x80000000 ? (int)code : 128 + 6;
    }
}

int host_run(char *const argv[], bool (*line)(const char *, void *),
             void *arg, char why[HOST_WHY])
{
    struct child child = { 0 };
    if (!start(&child, argv)) {
        wide_fail(why, "cannot start", argv[0]);
        close_child(&child);
        return -1;
    }
    read_lines(&child, line, arg);
    DWORD code = 1;
    WaitForSingleObject(child.process, INFINITE);
    GetExitCodeProcess(child.process, &code);
    close_child(&child);
    return exit_status(code);
}
