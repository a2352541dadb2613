/*
 * A text holds what was appended, and what came from outside stays data.
 */
#include "text.h"

#include <string.h>

#include "../loop/test.h"

static int says(const struct text *text, const char *expected)
{
    return text->data && strcmp(text->data, expected) == 0;
}

/* Guards against a growth that forgets what was written before. */
static void a_text_keeps_all_that_was_appended(void)
{
    struct text text = { 0 };
    for (int i = 0; i < 5000; i++)
        text_print(&text, "%04d ", i);
    CHECK_EQ(25000, text.size);
    CHECK(strncmp(text.data, "0000 0001 ", 10) == 0);
    CHECK(strcmp(text.data + 24990, "4998 4999 ") == 0);
    text_free(&text);
    CHECK(text.data == NULL);
}

/* A scenario's name must not become an element of the page. */
static void html_shows_markup_and_never_obeys_it(void)
{
    struct text text = { 0 };
    text_html(&text, "<b a=\"1\" c='2'>&amp;</b>");
    CHECK(says(&text, "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;"
                      "&amp;amp;&lt;/b&gt;"));
    text_free(&text);

    text_html(&text, NULL);
    CHECK_EQ(0, text.size);
    text_free(&text);
}

/* The HTML parser looks for the end of a script before JSON is read. */
static void script_data_cannot_end_its_element(void)
{
    struct text text = { 0 };
    text_script(&text, "[\"</script><!-- &\"]");
    CHECK(strchr(text.data, '<') == NULL);
    CHECK(strchr(text.data, '>') == NULL);
    CHECK(strstr(text.data, "\\u003c/script\\u003e") != NULL);
    text_free(&text);
}

/* A printed command is pasted into a shell. */
static void a_shell_word_stays_one_word(void)
{
    struct text text = { 0 };
    text_shell(&text, "corpus/found/a-b_1.scn");
    text_put(&text, " ");
    text_shell(&text, "it's $(here)");
    text_put(&text, " ");
    text_shell(&text, "");
    CHECK(says(&text, "corpus/found/a-b_1.scn 'it'\\''s $(here)' ''"));
    text_free(&text);
}

int main(void)
{
    RUN(a_text_keeps_all_that_was_appended);
    RUN(html_shows_markup_and_never_obeys_it);
    RUN(script_data_cannot_end_its_element);
    RUN(a_shell_word_stays_one_word);
    return test_result(4);
}
