/*
 * host_run_test.c - child processes, and the interrupts that end them.
 *
 * The children are this program again: with `play` and a role for arguments.
 */
#include "../host.h"

#include <windows.h>

#include <shellapi.h>
#include <stdlib.h>
#include <string.h>

#include "../../loop/os.h"
#include "../../loop/test.h"
#include "../real/system.h"

#define DEADLINE_SECONDS 60
#define MILLISECOND 1000000u
#define TEXT_MAX 4096

static char why[HOST_WHY];

/* Whoever asks for more processes goes on as the first of one. */
static void there_is_one_process_to_go_on_in(void)
{
    CHECK_EQ(0, host_split(4));
    CHECK_EQ(0, host_split(1));
}

struct told {
    char text[TEXT_MAX];    /* the lines, with a bar after each */
    int  lines;
    int  until;             /* that line is the last one wanted */
};

static bool note_line(const char *line, void *arg)
{
    struct told *told = arg;
    size_t size = strlen(told->text);
    snprintf(told->text + size, sizeof told->text - size, "%s|", line);
    return ++told->lines != told->until;
}

static int play(struct told *told, char *role, char *more)
{
    char program[HOST_PATH], word[] = "play";
    char *argv[] = { program, word, role, more, NULL };
    host_program(program);
    return host_run(argv, note_line, told, why);
}

/* As the system takes them apart, not as a C library does, which knows no
 * UTF-8. */
static int play_arguments(void)
{
    int count;
    wchar_t **argument = CommandLineToArgvW(GetCommandLineW(), &count);
    for (int i = 3; i < count; i++) {
        char text[TEXT_MAX];
        WideCharToMultiByte(CP_UTF8, 0, argument[i], -1, text, TEXT_MAX,
                            NULL, NULL);
        fprintf(stderr, "%s\n", text);
    }
    return count;
}

static void arguments_arrive_as_they_are(void)
{
    char program[HOST_PATH], expected[TEXT_MAX] = "";
    char given[][24] = {
        "play", "arguments", "plain", "", "two words", "\"", "a\"b", "\\",
        "a\\", "a b\\", "a\\\"b", "\\\\\"\\\\", "*", "\ttab", "%PATH%", "^&",
        "\xc3\xa4\xe2\x82\xac",
    };
    enum { GIVEN = sizeof given / sizeof given[0] };
    char *argv[GIVEN + 2] = { program };
    for (int i = 0; i < GIVEN; i++) {
        argv[i + 1] = given[i];
        if (i >= 2) {
            strcat(expected, given[i]);
            strcat(expected, "|");
        }
    }
    struct told told = { 0 };
    host_program(program);
    CHECK_EQ(GIVEN + 1, host_run(argv, note_line, &told, why));
    CHECK(!strcmp(told.text, expected));
}

/* Short lines, an empty one, one that is longer than any buffer of ours, and
 * a last one without its end; what goes to stdout is not told. */
static int play_lines(void)
{
    printf("not told\n");
    fprintf(stderr, "one\n\n");
    for (int i = 0; i < 20000; i++)
        fputc('x', stderr);
    fprintf(stderr, "\nno end");
    return fgetc(stdin) == EOF ? 7 : 8;
}

static bool measure_line(const char *line, void *sizes)
{
    char *text = sizes;
    size_t size = strlen(text);
    snprintf(text + size, TEXT_MAX - size, "%d,", (int)strlen(line));
    return true;
}

static void each_line_of_stderr_is_told(void)
{
    char program[HOST_PATH], sizes[TEXT_MAX] = "";
    char word[] = "play", role[] = "lines";
    char *argv[] = { program, word, role, NULL };
    host_program(program);
    CHECK_EQ(7, host_run(argv, measure_line, sizes, why));
    CHECK(!strcmp(sizes, "3,0,20000,6,"));
}

static int play_forever(void)
{
    fprintf(stderr, "one\n");
    fflush(stderr);
    Sleep(INFINITE);
    return 0;
}

static void a_line_can_end_the_program(void)
{
    struct told told = { .until = 1 };
    char role[] = "forever";
    CHECK_EQ(128 + 15, play(&told, role, NULL));
    CHECK(!strcmp(told.text, "one|"));
}

static void what_does_not_start_is_told(void)
{
    char none[2 * HOST_PATH];
    char *argv[] = { none, NULL };
    struct told told = { 0 };
    host_program(none);
    strcat(none, ".none");
    why[0] = '\0';
    CHECK_EQ(-1, host_run(argv, note_line, &told, why));
    CHECK(strstr(why, "cannot start") == why);
    CHECK_EQ(0, told.lines);
}

static int play_status(const char *code)
{
    TerminateProcess(GetCurrentProcess(),
                     (UINT)strtoul(code, NULL, 16));
    return 0;
}

/* A status below 0 would be taken for a program that did not start. */
static void an_exception_ends_in_the_status_of_its_signal(void)
{
    static const struct { char code[12]; int status; } ends[] = {
        { "0", 0 }, { "5", 5 }, { "c0000005", 139 }, { "c000001d", 132 },
        { "c0000094", 136 }, { "c000013a", 130 }, { "c0000409", 134 },
        { "ffffffff", 134 },
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct told told = { 0 };
        char role[] = "status", code[12];
        memcpy(code, ends[i].code, sizeof code);
        CHECK_EQ(ends[i].status, play(&told, role, code));
    }
}

static int play_handle(const char *number)
{
    SetEvent((HANDLE)(uintptr_t)strtoull(number, NULL, 10));
    return 0;
}

/* A handle that a child gets by chance lives for as long as the child. */
static void a_child_gets_no_handle_but_its_own(void)
{
    SECURITY_ATTRIBUTES inherited = { sizeof inherited, NULL, TRUE };
    HANDLE event = CreateEventW(&inherited, TRUE, FALSE, NULL);
    struct told told = { 0 };
    char role[] = "handle", number[32];
    snprintf(number, sizeof number, "%llu",
             (unsigned long long)(uintptr_t)event);
    CHECK_EQ(0, play(&told, role, number));
    CHECK_EQ(WAIT_TIMEOUT, WaitForSingleObject(event, 0));
    CloseHandle(event);
}

/* Does not come back from the second interrupt. */
static int play_interrupt(void)
{
    host_catch_interrupt();
    if (host_interrupted())
        return 1;
    if (!system_console(OS_CONSOLE_INTERRUPT))
        return 77;
    double limit = host_seconds() + DEADLINE_SECONDS;
    while (!host_interrupted() && host_seconds() < limit)
        system_nap(MILLISECOND);
    if (!host_interrupted() || !system_console(OS_CONSOLE_INTERRUPT))
        return 1;
    Sleep(DEADLINE_SECONDS * 1000);
    return 1;
}

static void the_second_interrupt_ends_the_process(void)
{
    struct told told = { 0 };
    char role[] = "interrupt";
    int status = play(&told, role, NULL);
    if (status == 77)
        test_skip("the_second_interrupt_ends_the_process",
                  "no console of our own");
    else
        CHECK_EQ(128 + 2, status);
}

static int play_role(const char *role, const char *more)
{
    if (!strcmp(role, "arguments"))
        return play_arguments();
    if (!strcmp(role, "lines"))
        return play_lines();
    if (!strcmp(role, "forever"))
        return play_forever();
    if (!strcmp(role, "status"))
        return play_status(more);
    if (!strcmp(role, "handle"))
        return play_handle(more);
    return play_interrupt();
}

int main(int argc, char **argv)
{
    if (argc >= 3 && !strcmp(argv[1], "play"))
        return play_role(argv[2], argc > 3 ? argv[3] : "");
    RUN(there_is_one_process_to_go_on_in);
    RUN(arguments_arrive_as_they_are);
    RUN(each_line_of_stderr_is_told);
    RUN(a_line_can_end_the_program);
    RUN(what_does_not_start_is_told);
    RUN(an_exception_ends_in_the_status_of_its_signal);
    RUN(a_child_gets_no_handle_but_its_own);
    RUN(the_second_interrupt_ends_the_process);
    return test_result(8);
}
