/*
 * What is in a results folder is whole, and nothing earlier is lost.
 */
#define _DEFAULT_SOURCE
#include "folder.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../loop/test.h"
#include "record.h"

static char base[64];

static const char *in_base(struct text *text, const char *name)
{
    text->size = 0;
    text_print(text, "%s/%s", base, name);
    return text->data;
}

static int content_is(const char *path, const char *expected)
{
    struct text content = { 0 };
    int same = folder_read(path, 1000, false, &content) == 0 &&
               strcmp(content.data ? content.data : "", expected) == 0;
    text_free(&content);
    return same;
}

static void an_opened_folder_is_there_and_empty(void)
{
    struct text path = { 0 };
    in_base(&path, "a/b/c");
    CHECK_EQ(0, folder_open(path.data, 10000));
    CHECK_EQ(0, folder_open(path.data, 10000));
    /* rmdir succeeds only if the probe has left nothing. */
    CHECK_EQ(0, rmdir(path.data));
    CHECK_EQ(0, rmdir(in_base(&path, "a/b")));
    CHECK_EQ(0, rmdir(in_base(&path, "a")));
    text_free(&path);
}

static void a_folder_that_takes_no_file_is_found_at_once(void)
{
    struct text path = { 0 };
    struct text content = { 0 };
    text_put(&content, "in the way");
    CHECK_EQ(0, folder_write(in_base(&path, "file"), &content));
    CHECK(folder_open(path.data, 10) != 0);
    CHECK(folder_open(in_base(&path, "file/below"), 10) != 0);
    CHECK_EQ(0, folder_remove(in_base(&path, "file")));
    CHECK(folder_open("/proc/there-is-no-room-here", 10) != 0);
    text_free(&content);
    text_free(&path);
}

static void a_written_file_replaces_the_old_one_at_once(void)
{
    struct text path = { 0 };
    struct text content = { 0 };
    text_put(&content, "one");
    CHECK_EQ(0, folder_write(in_base(&path, "page"), &content));
    text_put(&content, " two");
    CHECK_EQ(0, folder_write(path.data, &content));
    CHECK(content_is(path.data, "one two"));
    CHECK_EQ(0, folder_remove(path.data));
    CHECK(folder_write("/proc/no/page", &content) != 0);
    text_free(&content);
    text_free(&path);
}

static void the_end_of_a_long_file_can_be_read_alone(void)
{
    struct text path = { 0 };
    struct text content = { 0 };
    for (int i = 0; i < 10000; i++)
        text_print(&content, "%05d", i);
    CHECK_EQ(0, folder_write(in_base(&path, "log"), &content));
    text_free(&content);
    CHECK_EQ(0, folder_read(path.data, 10, true, &content));
    CHECK(strcmp(content.data, "0999809999") == 0);
    text_free(&content);
    CHECK_EQ(0, folder_read(path.data, 7, false, &content));
    CHECK(strcmp(content.data, "0000000") == 0);
    CHECK_EQ(0, folder_remove(path.data));
    CHECK(folder_read(path.data, 7, false, &content) != 0);
    CHECK(folder_read(base, 7, false, &content) != 0);
    text_free(&content);
    text_free(&path);
}

/* Two runs into one folder: the findings of the first stay. */
static void what_is_put_aside_keeps_its_content(void)
{
    struct text path = { 0 };
    struct text content = { 0 };
    in_base(&path, "results.jsonl");
    CHECK_EQ(0, folder_put_aside(path.data));
    for (int i = 0; i < 3; i++) {
        text_print(&content, "%d", i);
        CHECK_EQ(0, folder_write(path.data, &content));
        CHECK_EQ(0, folder_put_aside(path.data));
        CHECK(!folder_has(path.data));
    }
    text_free(&content);

    struct text command = { 0 };
    text_print(&command, "test $(ls %s/results-*.jsonl | wc -l) = 3 && "
               "rm %s/results-*.jsonl", base, base);
    CHECK_EQ(0, system(command.data));
    text_free(&command);
    text_free(&path);
}

static void a_link_moves_and_never_covers_a_file(void)
{
    struct text path = { 0 };
    struct text link = { 0 };
    in_base(&link, "latest");
    mkdir(in_base(&path, "one"), 0777);
    mkdir(in_base(&path, "two"), 0777);
    CHECK_EQ(0, folder_link(link.data, "one"));
    CHECK_EQ(0, folder_link(link.data, "two"));
    char target[8] = { 0 };
    CHECK_EQ(3, readlink(link.data, target, sizeof target - 1));
    CHECK(strcmp(target, "two") == 0);
    CHECK_EQ(0, folder_remove(link.data));

    struct text content = { 0 };
    CHECK_EQ(0, folder_write(link.data, &content));
    CHECK(folder_link(link.data, "one") != 0);
    CHECK_EQ(0, folder_remove(link.data));
    CHECK_EQ(0, rmdir(in_base(&path, "one")));
    CHECK_EQ(0, rmdir(in_base(&path, "two")));
    text_free(&link);
    text_free(&path);
}

static void a_record_keeps_each_line_it_accepted(void)
{
    struct text   path = { 0 };
    struct record record;
    in_base(&path, "results.jsonl");
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(0, record_open(&record, path.data));
        CHECK_EQ(0, record_add(&record, "{}", 2, false));
        CHECK_EQ(0, record_add(&record, "[1]", 3, true));
        CHECK_EQ(0, record_close(&record));
    }
    CHECK(content_is(path.data, "{}\n[1]\n{}\n[1]\n"));
    CHECK_EQ(0, folder_remove(path.data));
    text_free(&path);
}

static void a_record_on_a_full_disk_says_so(void)
{
    struct record record;
    if (record_open(&record, "/dev/full") != 0) {
        test_skip("a_record_on_a_full_disk_says_so", "no /dev/full");
        return;
    }
    CHECK(record_add(&record, "{}", 2, false) != 0);
    record_close(&record);
    CHECK(record_open(&record, "/proc/no/record") != 0);
    CHECK_EQ(0, record_close(&record));
}

int main(void)
{
    const char *temporary = getenv("TMPDIR");
    snprintf(base, sizeof base, "%.40s/reports-XXXXXX",
             temporary && strlen(temporary) < 40 ? temporary : "/tmp");
    if (!mkdtemp(base))
        return 1;
    RUN(an_opened_folder_is_there_and_empty);
    RUN(a_folder_that_takes_no_file_is_found_at_once);
    RUN(a_written_file_replaces_the_old_one_at_once);
    RUN(the_end_of_a_long_file_can_be_read_alone);
    RUN(what_is_put_aside_keeps_its_content);
    RUN(a_link_moves_and_never_covers_a_file);
    RUN(a_record_keeps_each_line_it_accepted);
    RUN(a_record_on_a_full_disk_says_so);
    CHECK_EQ(0, rmdir(base));
    return test_result(8);
}
