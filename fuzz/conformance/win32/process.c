/*
 * process.c - processes of a test's own.
 */
#include "../process.h"

#include <stdio.h>
#include <string.h>

#include <windows.h>

#define LOOK_MS 5
#define COMMAND_SIZE 1024

static void command_line(char out[COMMAND_SIZE], const char *const args[])
{
    char self[COMMAND_SIZE / 2];
    GetModuleFileNameA(NULL, self, sizeof self);
    int used = snprintf(out, COMMAND_SIZE, "\"%s\"", self);
    for (int i = 0; args[i]; i++)
        used += snprintf(out + used, COMMAND_SIZE - (size_t)used, " %s",
                         args[i]);
}

/* Both ends of one that the child inherits by its writing end only. */
static BOOL open_pipe(HANDLE *reader, HANDLE *writer)
{
    SECURITY_ATTRIBUTES inherited = { sizeof inherited, NULL, TRUE };
    if (!CreatePipe(reader, writer, &inherited, 0))
        return FALSE;
    return SetHandleInformation(*reader, HANDLE_FLAG_INHERIT, 0);
}

static HANDLE start(const char *const args[], HANDLE out)
{
    char command[COMMAND_SIZE];
    STARTUPINFOA about = { .cb = sizeof about,
                           .dwFlags = STARTF_USESTDHANDLES,
                           .hStdInput = GetStdHandle(STD_INPUT_HANDLE),
                           .hStdOutput = out,
                           .hStdError = GetStdHandle(STD_ERROR_HANDLE) };
    PROCESS_INFORMATION made;
    command_line(command, args);
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL,
                        &about, &made))
        return NULL;
    CloseHandle(made.hThread);
    return made.hProcess;
}

static void read_some(HANDLE in, char *line, size_t size, size_t *used)
{
    char waste[256];
    DWORD there = 0, n = 0;
    size_t room = size - 1 - *used;
    if (!PeekNamedPipe(in, NULL, 0, NULL, &there, NULL) || there == 0)
        return;
    if (room == 0) {
        ReadFile(in, waste, sizeof waste, &n, NULL);
    } else if (ReadFile(in, line + *used, (DWORD)room, &n, NULL)) {
        *used += n;
    }
}

/* The limit from the first line on begins once. */
static int wait_for(HANDLE child, HANDLE in,
                    const struct process_limit *limit, char *line,
                    size_t size)
{
    size_t used = 0;
    ULONGLONG until = GetTickCount64() + limit->all_ms;
    DWORD status = 0, ended;
    bool spoken = limit->line_ms == 0;
    do {
        read_some(in, line, size, &used);
        if (!spoken && memchr(line, '\n', used)) {
            spoken = true;
            until = GetTickCount64() + limit->line_ms;
        }
        ended = WaitForSingleObject(child, LOOK_MS);
    } while (ended == WAIT_TIMEOUT && GetTickCount64() < until);
    if (ended == WAIT_TIMEOUT) {
        TerminateProcess(child, 1);
        WaitForSingleObject(child, INFINITE);
    }
    read_some(in, line, size, &used);
    line[used] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    GetExitCodeProcess(child, &status);
    return ended == WAIT_TIMEOUT ? PROCESS_HUNG : (int)status;
}

int process_run(const char *const args[], const struct process_limit *limit,
                char *line, size_t size)
{
    HANDLE reader, writer;
    int status = PROCESS_LOST;
    line[0] = '\0';
    fflush(stdout);
    if (!open_pipe(&reader, &writer))
        return PROCESS_LOST;
    HANDLE child = start(args, writer);
    CloseHandle(writer);
    if (child) {
        status = wait_for(child, reader, limit, line, size);
        CloseHandle(child);
    }
    CloseHandle(reader);
    return status;
}
