/*
 * child_test.c - what a watchdog does on Windows only.
 *
 * usage: child_test FOLDER, where the programs of fuzz/hangs are;
 *        child_test FOLDER keep | words WORD...: what the test starts
 */
#include "../child.h"

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../loop/os.h"
#include "../../loop/test.h"

#define GONE_LOOKS 10000
#define WAIT_MS    60000

static const char *program;
static const char *folder;

/* Start a program, tell its number, and wait to be killed. */
static int keep(void)
{
    char path[1024], why[CHILD_WHY];
    char *argv[] = { path, NULL };
    struct child *c;
    snprintf(path, sizeof path, "%s/hang-spin", folder);
    if (child_start(&c, argv, true, why) < 0)
        return 1;
    printf("%llu\n", (unsigned long long)child_id(c));
    fflush(stdout);
    Sleep(INFINITE);
    return 0;
}

static int print_words(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        printf("[%s]", argv[i]);
    printf("\n");
    return 0;
}

/* Start this program again; read until a newline has come. */
static struct child *start_self(char *const argv[], char *out, size_t cap)
{
    char why[CHILD_WHY];
    struct child *c = NULL;
    size_t size = 0;
    if (child_start(&c, argv, true, why) < 0) {
        printf("%s\n", why);
        return NULL;
    }
    out[0] = '\0';
    for (bool ended = false; !ended && strchr(out, '\n') == NULL;) {
        ended = child_wait(c, WAIT_MS);
        size += child_read(c, CHILD_OUTPUT, out + size, cap - 1 - size);
        out[size] = '\0';
    }
    return c;
}

static void end(struct child *c)
{
    struct child_end ended;
    child_end(c, &ended);
    child_destroy(c);
}

/* A watchdog that is killed leaves no program behind: its job ends with the
 * last handle of it. */
static void killed_watchdog_takes_its_program_along(void)
{
    char text[64];
    char *argv[] = { (char *)(uintptr_t)program, (char *)(uintptr_t)folder,
                     "keep", NULL };
    struct child *watchdog = start_self(argv, text, sizeof text);
    CHECK(watchdog != NULL);
    if (watchdog == NULL)
        return;
    uint64_t id = strtoull(text, NULL, 10);
    CHECK(id > 0);
    CHECK(child_exists(id));
    HANDLE h = OpenProcess(PROCESS_TERMINATE, FALSE,
                           (DWORD)child_id(watchdog));
    CHECK(h != NULL);
    TerminateProcess(h, 1);
    CloseHandle(h);
    for (int i = 0; i < GONE_LOOKS && child_exists(id); i++)
        os_pause();
    CHECK(!child_exists(id));
    end(watchdog);
}

/* Whatever an argument holds, it arrives as it was. */
static void arguments_arrive_as_they_were(void)
{
    char text[512];
    char *argv[] = { (char *)(uintptr_t)program, (char *)(uintptr_t)folder,
                     "words", "", "two words", "a\"b", "\\\"", "end\\",
                     "*", "two\\\\", NULL };
    struct child *c = start_self(argv, text, sizeof text);
    CHECK(c != NULL);
    if (c == NULL)
        return;
    text[strcspn(text, "\r\n")] = '\0';
    CHECK(!strcmp("[][two words][a\"b][\\\"][end\\][*][two\\\\]", text));
    end(c);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: child_test FOLDER\n");
        return 2;
    }
    program = argv[0];
    folder = argv[1];
    if (argc > 2 && !strcmp(argv[2], "keep"))
        return keep();
    if (argc > 2)
        return print_words(argc - 3, argv + 3);
    RUN(killed_watchdog_takes_its_program_along);
    RUN(arguments_arrive_as_they_were);
    return test_result(2);
}
