/*
 * host_test.c - time, files and folders, as the suite's own programs ask for
 * them.
 */
#include "../host.h"

#include <windows.h>

#include <io.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "../../loop/test.h"

#define TEXT_MAX 4096

static char folder[HOST_PATH];
static char why[HOST_WHY];

static const char *in_folder(const char *name)
{
    static char path[2 * HOST_PATH];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_text(const char *name, const char *text)
{
    CHECK_EQ(0, host_write_file(in_folder(name), text, strlen(text), why));
}

/* Each path's last name, with a comma after it. */
static void collect_name(const char *path, void *list)
{
    const char *slash = strrchr(path, '/');
    CHECK(slash != NULL);
    strncat(list, slash ? slash + 1 : path, TEXT_MAX - 1 - strlen(list));
    strncat(list, ",", TEXT_MAX - 1 - strlen(list));
}

static const char *names(void)
{
    static char list[TEXT_MAX];
    list[0] = '\0';
    CHECK_EQ(0, host_list_folder(folder, collect_name, list, why));
    return list;
}

static void begin(void)
{
    CHECK_EQ(0, host_temporary_folder(folder, why));
}

static void end(void)
{
    host_remove_folder(folder);
    CHECK(!host_is_folder(folder));
}

/* A name beyond ASCII, where the system takes one: Wine keeps it in whatever
 * the locale of its surroundings can write. Asked without what is tested. */
static const char *other_name(void)
{
    static const char name[] = "\xc3\xa4";
    static const wchar_t wide[] = L"lastcall-\u00e4";
    wchar_t path[MAX_PATH + 32];
    DWORD size = GetTempPathW(MAX_PATH + 1, path);
    wcscpy(path + size, wide);
    if (!CreateDirectoryW(path, NULL) &&
        GetLastError() != ERROR_ALREADY_EXISTS)
        return "z";
    RemoveDirectoryW(path);
    return name;
}

static void seconds_go_on_and_seeds_differ(void)
{
    double before = host_seconds();
    CHECK(host_seconds() >= before);
    CHECK(host_seed() != host_seed());
}

static bool draws_on(const char *path)
{
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    if (!file)
        return true;
    bool draws = host_is_terminal(_fileno(file));
    fclose(file);
    return draws;
}

/* To the C library whatever takes letters is one, as the device that swallows
 * them. */
static void files_and_nothing_are_no_terminals(void)
{
    begin();
    CHECK(!draws_on(in_folder("file")));
    CHECK(!draws_on("NUL"));
    end();
}

static void folders_are_made_with_those_above(void)
{
    char path[2 * HOST_PATH], deepest[32];
    begin();
    snprintf(path, sizeof path, "%s/a/b\\c d/%s", folder, other_name());
    snprintf(deepest, sizeof deepest, "a/b/c d/%s", other_name());
    CHECK(!host_is_folder(path));
    CHECK_EQ(0, host_make_folder(path, why));
    CHECK(host_is_folder(path));
    CHECK_EQ(0, host_make_folder(path, why));
    const char *made[] = { deepest, "a/b/c d", "a/b", "a" };
    for (int i = 0; i < 4; i++) {
        CHECK(host_is_folder(in_folder(made[i])));
        host_remove_folder(in_folder(made[i]));
        CHECK(!host_is_folder(in_folder(made[i])));
    }
    end();
}

static void a_file_in_the_way_is_no_folder(void)
{
    begin();
    write_text("file", "x");
    CHECK(!host_is_folder(in_folder("file")));
    why[0] = '\0';
    CHECK_EQ(-1, host_make_folder(in_folder("file"), why));
    CHECK(strstr(why, "cannot make the folder") == why);
    CHECK_EQ(-1, host_make_folder(in_folder("file/below"), why));
    CHECK_EQ(-1, host_make_folder("\xff", why));
    end();
}

static void files_are_listed_in_order_without_dots_and_folders(void)
{
    begin();
    CHECK(!strcmp(names(), ""));
    write_text("b", "");
    write_text("a.scn", "");
    write_text("C", "");
    write_text(other_name(), "");
    write_text(".hidden", "");
    CHECK_EQ(0, host_make_folder(in_folder("below"), why));
    char expected[32];
    snprintf(expected, sizeof expected, "C,a.scn,b,%s,", other_name());
    CHECK(!strcmp(names(), expected));
    host_remove_folder(in_folder("below"));
    CHECK_EQ(-1, host_list_folder(in_folder("none"), collect_name, NULL,
                                  why));
    CHECK(strstr(why, "cannot read the folder") == why);
    CHECK(DeleteFileA(in_folder(".hidden")));
    end();
}

/* Bytes come back as they are: no line ends are translated, no byte ends a
 * file. */
static void a_file_is_read_as_it_was_written(void)
{
    static const char bytes[] = "a\nb\r\n\0\x1a\xff" "end";
    char back[sizeof bytes + 1];
    begin();
    const char *path = in_folder("bytes");
    CHECK_EQ(0, host_write_file(path, bytes, sizeof bytes, why));
    CHECK_EQ(sizeof bytes, host_read_file(path, back, sizeof back, why));
    CHECK(!memcmp(bytes, back, sizeof bytes));
    CHECK_EQ(sizeof bytes, host_read_file(path, back, sizeof bytes, why));
    CHECK_EQ(-1, host_read_file(path, back, sizeof bytes - 1, why));
    CHECK(strstr(why, "is larger than") != NULL);
    CHECK_EQ(0, host_write_file(path, "", 0, why));
    CHECK_EQ(0, host_read_file(path, back, sizeof back, why));
    CHECK_EQ(-1, host_read_file(in_folder("none"), back, 1, why));
    CHECK(strstr(why, "cannot read") == why);
    CHECK_EQ(-1, host_read_file(folder, back, 1, why));
    end();
}

/* Pieces are put together in order. */
static void a_large_file_is_whole(void)
{
    size_t size = (3u << 20) + 17;
    unsigned char *out = malloc(size), *back = malloc(size);
    CHECK(out && back);
    for (size_t i = 0; i < size; i++)
        out[i] = (unsigned char)(i ^ i >> 8 ^ i >> 16);
    begin();
    CHECK_EQ(0, host_write_file(in_folder("large"), out, size, why));
    CHECK_EQ((long)size,
             host_read_file(in_folder("large"), back, size, why));
    CHECK(!memcmp(out, back, size));
    end();
    free(out);
    free(back);
}

/* A write that fails leaves what was there, and nothing beside it. */
static void a_failed_write_changes_nothing(void)
{
    char back[8];
    begin();
    write_text("kept", "old");
    HANDLE open = CreateFileA(in_folder("kept"), GENERIC_READ,
                              FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(open != INVALID_HANDLE_VALUE);
    CHECK_EQ(-1, host_write_file(in_folder("kept"), "new!", 4, why));
    CHECK(strstr(why, "cannot write") == why);
    CloseHandle(open);
    CHECK(!strcmp(names(), "kept,"));
    CHECK_EQ(3, host_read_file(in_folder("kept"), back, 8, why));
    CHECK(!memcmp(back, "old", 3));
    CHECK_EQ(-1, host_write_file(in_folder("none/file"), "new", 3, why));
    write_text("kept", "new!");
    CHECK_EQ(4, host_read_file(in_folder("kept"), back, 8, why));
    end();
}

static void print_lines(FILE *out, const void *count)
{
    for (int i = 0; i < *(const int *)count; i++)
        fprintf(out, "line %d\n", i);
}

/* What is printed for a file is the same on every platform. */
static void text_is_printed_as_it_is(void)
{
    int count = 2;
    size_t size = 0;
    char *text = host_print(print_lines, &count, &size);
    CHECK(text && !strcmp(text, "line 0\nline 1\n"));
    CHECK_EQ(14, size);
    free(text);
    count = 0;
    text = host_print(print_lines, &count, &size);
    CHECK(text && size == 0 && text[0] == '\0');
    free(text);
    count = 100000;
    text = host_print(print_lines, &count, &size);
    CHECK(text && strlen(text) == size);
    CHECK(text && !strcmp(text + size - 12, "\nline 99999\n"));
    free(text);
}

static void temporary_folders_differ(void)
{
    char first[HOST_PATH];
    begin();
    memcpy(first, folder, sizeof first);
    begin();
    CHECK(strcmp(first, folder) != 0);
    CHECK(!strchr(folder, '\\'));
    write_text("a", "1");
    write_text("b", "2");
    end();
    memcpy(folder, first, sizeof first);
    end();
}

/* Callers cut a path at its last slash. */
static void the_program_has_a_path_with_slashes(void)
{
    char program[HOST_PATH];
    host_program(program);
    CHECK(strchr(program, '/') != NULL);
    CHECK(strchr(program, '\\') == NULL);
    CHECK(strstr(program, ".exe") != NULL);
}

int main(void)
{
    RUN(seconds_go_on_and_seeds_differ);
    RUN(files_and_nothing_are_no_terminals);
    RUN(folders_are_made_with_those_above);
    RUN(a_file_in_the_way_is_no_folder);
    RUN(files_are_listed_in_order_without_dots_and_folders);
    RUN(a_file_is_read_as_it_was_written);
    RUN(a_large_file_is_whole);
    RUN(a_failed_write_changes_nothing);
    RUN(text_is_printed_as_it_is);
    RUN(temporary_folders_differ);
    RUN(the_program_has_a_path_with_slashes);
    return test_result(11);
}
