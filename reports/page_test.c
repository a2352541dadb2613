/*
 * A page shows what was found, whatever the results hold.
 */
#include "page.h"

#include <string.h>

#include "../loop/test.h"
#include "group.h"
#include "verdicts.h"

static struct text page_of(const char *lines)
{
    struct results results;
    struct text text = { 0 }, page = { 0 };
    results_open(&results);
    text_put(&text, lines);
    results_read(&results, &text);
    page_write(&page, &results, "results.jsonl");
    results_free(&results);
    text_free(&text);
    return page;
}

static int has(const struct text *page, const char *words)
{
    return strstr(page->data, words) != NULL;
}

static int times(const struct text *page, const char *words)
{
    int count = 0;
    for (const char *at = page->data; (at = strstr(at, words)); at++)
        count++;
    return count;
}

static void a_page_of_nothing_says_so_and_is_whole(void)
{
    struct text page = page_of("");
    CHECK(has(&page, "<!doctype html>"));
    CHECK(has(&page, "Nothing was run"));
    CHECK(has(&page, "no results yet"));
    CHECK(!has(&page, "id=\"findings\""));
    CHECK(!has(&page, "id=\"bench\""));
    CHECK(has(&page, "</html>"));
    text_free(&page);
}

/* A place that is left in braces would be shown to people. */
static void every_place_of_the_template_is_filled(void)
{
    static const char *const places[] = {
        "{{title}}", "{{style}}", "{{chart-style}}", "{{chart-script}}",
        "{{chart-licence}}", "{{body}}", "{{data}}", "{{script}}",
    };
    struct text page = page_of("");
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        CHECK(!has(&page, places[i]));
    CHECK(has(&page, "uPlot=function"));
    CHECK(has(&page, "Permission is hereby granted"));
    text_free(&page);
}

static void a_page_asks_no_other_machine(void)
{
    struct text page = page_of("{\"type\":\"finding\"}\n");
    CHECK(has(&page, "default-src 'none'"));
    CHECK(!has(&page, "src=\"http"));
    CHECK(!has(&page, "href=\"http"));
    CHECK(!has(&page, "@import"));
    text_free(&page);
}

/* Names come from scenarios that anybody may send. */
static void no_value_becomes_markup(void)
{
    struct text page = page_of(
        "{\"type\":\"nightly\",\"machine\":\"<evil>\",\"revision\":\"<evil>\","
        "\"seed\":\"<evil>\",\"started\":\"<evil>\"}\n"
        "{\"type\":\"stage\",\"stage\":\"<evil>\",\"state\":\"<evil>\","
        "\"why\":\"<evil>\"}\n"
        "{\"type\":\"doctor\",\"name\":\"<evil>\",\"state\":\"<evil>\","
        "\"value\":\"<evil>\",\"advice\":\"<evil>\"}\n"
        "{\"type\":\"finding\",\"verdict\":\"<evil>\",\"where\":\"<evil>\","
        "\"path\":\"<evil>\",\"replay\":\"<evil>\",\"strategy\":\"<evil>\","
        "\"platform\":\"<evil>\",\"scenario\":\"<evil>\\n\"}\n"
        "{\"type\":\"attachment\",\"path\":\"<evil>\",\"name\":\"timeline\","
        "\"text\":\"<evil>\"}\n"
        "{\"type\":\"progress\",\"strategy\":\"<evil>\",\"seconds\":1}\n"
        "{\"type\":\"progress\",\"strategy\":\"<evil>\",\"seconds\":2}\n"
        "{\"type\":\"summary\",\"strategy\":\"<evil>\","
        "\"platform\":\"<evil>\",\"verdicts\":{\"<evil>\":1}}\n"
        "{\"type\":\"summary\",\"strategy\":\"<evil>\"}\n"
        "{\"type\":\"stage\",\"stage\":\"fuzz-<evil>\","
        "\"state\":\"<evil>\",\"why\":\"<evil>\"}\n"
        "{\"type\":\"conformance\",\"rule\":\"<evil>\","
        "\"statement\":\"<evil>\\\"\",\"platform\":\"<evil>\","
        "\"outcome\":\"<evil>\",\"words\":\"<evil>\\\"\"}\n"
        "{\"type\":\"fidelity\",\"platform\":\"<evil>\","
        "\"never_shown\":[\"<evil>\"]}\n"
        "{\"path\":\"<evil>\",\"verdict\":\"<evil>\",\"expected\":\"<evil>\","
        "\"trace_hash\":\"<evil>\"}\n"
        "{\"question\":\"mutants\",\"params\":{\"mutant\":\"<evil>\","
        "\"strategy\":\"<evil>\",\"verdict\":\"<evil>\"},\"value\":1}\n"
        "{\"question\":\"<evil>\",\"metric\":\"<evil>\",\"unit\":\"<evil>\","
        "\"subject\":\"<evil>\",\"platform\":\"<evil>\",\"value\":1,"
        "\"low\":1,\"high\":2,\"params\":{\"<evil>\":\"<evil>\"},"
        "\"histogram\":[[1,2]]}\n");
    CHECK(!has(&page, "<evil>"));
    CHECK(times(&page, "&lt;evil&gt;") > 45);
    text_free(&page);
}

/* No field may be of the type that it should be. */
static void wrong_types_leave_a_whole_page(void)
{
    struct text page = page_of(
        "{\"type\":\"finding\",\"verdict\":1,\"where\":[],\"path\":{}}\n"
        "{\"type\":\"stage\",\"stage\":7,\"state\":null}\n"
        "{\"type\":\"summary\",\"runs\":\"many\",\"verdicts\":[1]}\n"
        "{\"type\":\"progress\",\"seconds\":\"x\"}\n"
        "{\"type\":\"conformance\",\"rule\":1,\"platform\":[],"
        "\"outcome\":{},\"words\":7}\n"
        "{\"type\":\"conformance-summary\",\"platform\":null}\n"
        "{\"type\":\"fidelity\",\"outcomes\":\"many\","
        "\"unexplained\":\"x\",\"never_shown\":[1,null]}\n"
        "{\"question\":\"mutants\",\"params\":[1]}\n"
        "{\"question\":\"mutants\",\"params\":{\"mutant\":\"m1\"},"
        "\"n\":\"x\"}\n"
        "{\"question\":\"stop\",\"value\":null,\"low\":\"x\",\"params\":3}\n"
        "{\"question\":\"stop\",\"value\":1e308,\"high\":1e308,"
        "\"params\":{\"n\":[1]},\"histogram\":{\"a\":1}}\n"
        "{\"question\":\"stop\",\"value\":-5,\"low\":5,\"high\":-9,"
        "\"histogram\":[[null,1],[\"a\",2],[1],[]],\"subject\":[]}\n");
    CHECK(has(&page, "</html>"));
    text_free(&page);
}

static void one_bug_is_one_card_with_its_command(void)
{
    struct text page = page_of(
        "{\"type\":\"finding\",\"verdict\":\"deadlock\",\"where\":\"here\","
        "\"path\":\"a.scn\",\"replay\":\"./lastcall replay a.scn\"}\n"
        "{\"type\":\"finding\",\"verdict\":\"deadlock\",\"where\":\"here\"}\n"
        "{\"type\":\"finding\",\"verdict\":\"deadlock\",\"where\":\"there\"}\n"
        "{\"type\":\"attachment\",\"path\":\"a.scn\",\"name\":\"scenario\","
        "\"text\":\"# The intent.\\n\"}\n");
    CHECK_EQ(2, times(&page, "<article class=\"finding\">"));
    CHECK(has(&page, "seen 2 times"));
    CHECK(has(&page, "<code>./lastcall replay a.scn</code>"));
    CHECK(has(&page, "# The intent."));
    CHECK(has(&page, "<h1 class=\"bad\">2 findings</h1>"));
    text_free(&page);
}

/* A missed bug and a flagged control are both failures; neither may look
 * like the other. */
static void planted_bugs_are_judged_by_their_kind(void)
{
    struct text page = page_of(
        "{\"question\":\"mutants\",\"params\":{\"mutant\":\"m001-a\"},"
        "\"value\":12,\"n\":5,\"found\":5}\n"
        "{\"question\":\"mutants\",\"params\":{\"mutant\":\"m002-b\"},"
        "\"value\":null,\"n\":5,\"found\":0}\n"
        "{\"question\":\"mutants\",\"params\":{\"mutant\":\"c001-c\"},"
        "\"value\":null,\"n\":5,\"found\":0}\n"
        "{\"question\":\"mutants\",\"params\":{\"mutant\":\"c002-d\"},"
        "\"value\":3,\"n\":5,\"found\":1}\n"
        "{\"question\":\"mutants\",\"params\":{\"mutant\":\"canary\"},"
        "\"value\":90,\"n\":5,\"found\":5}\n");
    CHECK(has(&page, "<b>1 of 1</b> canaries heard"));
    CHECK(has(&page, "<b>1 of 2</b> planted bugs found"));
    CHECK(has(&page, "<b>1 of 2</b> controls left alone"));
    CHECK_EQ(2, times(&page, "<tr class=\"bad\">"));
    text_free(&page);
}

/* Without a pointer to hover, the words must be in the page as text. */
static void a_rule_has_a_cell_a_platform_and_its_words(void)
{
    struct text page = page_of(
        "{\"type\":\"conformance\",\"rule\":\"P1\",\"statement\":\"A port is "
        "made.\",\"platform\":\"linux\",\"outcome\":\"holds\"}\n"
        "{\"type\":\"conformance\",\"rule\":\"P2\",\"platform\":\"linux\","
        "\"outcome\":\"fails\",\"words\":\"it hung\"}\n"
        "{\"type\":\"conformance-summary\",\"platform\":\"linux\"}\n"
        "{\"type\":\"conformance\",\"rule\":\"P1\",\"platform\":\"win32\","
        "\"outcome\":\"differs\",\"words\":\"first in, first out\"}\n");
    CHECK_EQ(1, times(&page, "<details class=\"rule\"><summary"));
    CHECK_EQ(1, times(&page, "<details class=\"rule\" open><summary"));
    CHECK(has(&page, "<p>A port is made.</p>"));
    CHECK(has(&page, "<summary title=\"A port is made.\"><b>P1</b>"));
    CHECK(has(&page, "title=\"win32: differs, first in, first out\""));
    CHECK(has(&page, "<dd>first in, first out</dd>"));
    CHECK(has(&page, "<span class=\"bad\" title=\"linux: fails, it hung\">"));
    CHECK(has(&page, "<tr class=\"bad\"><td>linux</td>"));
    CHECK(has(&page, "win32 <small>cut off</small>"));
    CHECK(has(&page, "<h1 class=\"bad\">1 broken rule</h1>"));
    text_free(&page);
}

/* A run on real threads is a thousand times slower than a simulated one;
 * neither may pass for the other. */
static void real_threads_have_a_table_of_their_own(void)
{
    struct text page = page_of(
        "{\"type\":\"stage\",\"stage\":\"fuzz-win32\",\"state\":\"skipped\","
        "\"why\":\"win32 is not built\"}\n"
        "{\"type\":\"progress\",\"platform\":\"linux\",\"seconds\":1,"
        "\"runs\":111}\n"
        "{\"type\":\"summary\",\"platform\":\"linux\",\"seconds\":2,"
        "\"runs\":222}\n"
        "{\"type\":\"progress\",\"platform\":\"io_uring\",\"seconds\":1,"
        "\"runs\":333}\n"
        "{\"type\":\"stage\",\"stage\":\"fuzz-io_uring\","
        "\"state\":\"failed\",\"why\":\"killed\"}\n");
    CHECK(has(&page, "id=\"real\""));
    CHECK(!has(&page, "id=\"search\""));
    CHECK(has(&page, "<td>linux</td><td class=\"figure\">222</td>"));
    CHECK(!has(&page, "<td class=\"figure\">111</td>"));
    CHECK(has(&page, "<td>io_uring</td><td class=\"figure\">333</td>"));
    CHECK(has(&page, "<td>win32</td><td colspan=\"4\" class=\"absent\">"
                     "skipped: win32 is not built"));
    text_free(&page);
}

static void what_no_port_has_shown_is_listed(void)
{
    struct text page = page_of(
        "{\"type\":\"fidelity\",\"platform\":\"linux\",\"sequences\":10,"
        "\"outcomes\":123,\"unexplained\":4,\"undecided\":1,\"classes\":9,"
        "\"never_shown\":[\"cancel: too late\",\"start: refused\"]}\n");
    CHECK(has(&page, "<td class=\"figure missed\">4</td>"
                     "<td class=\"figure\">123</td>"));
    CHECK(has(&page, "<li>cancel: too late</li>"));
    CHECK(has(&page, "<h1 class=\"bad\">4 unexplained outcomes</h1>"));
    text_free(&page);
}

static void the_same_results_make_the_same_page(void)
{
    static const char lines[] =
        "{\"type\":\"nightly\",\"seed\":\"1\"}\n"
        "{\"question\":\"stop\",\"subject\":\"a\",\"value\":1,\"unit\":\"ns\","
        "\"params\":{\"x\":1,\"y\":2},\"histogram\":[[1,1],[2,5]]}\n"
        "{\"question\":\"stop\",\"subject\":\"b\",\"value\":1,\"unit\":\"ns\","
        "\"params\":{\"y\":2,\"x\":1}}\n";
    struct text a = page_of(lines);
    struct text b = page_of(lines);
    CHECK(a.size == b.size && memcmp(a.data, b.data, a.size) == 0);
    text_free(&a);
    text_free(&b);
}

static struct results bench_lines(const char *lines)
{
    struct results results;
    struct text text = { 0 };
    results_open(&results);
    text_put(&text, lines);
    results_read(&results, &text);
    text_free(&text);
    return results;
}

static void rows_of_a_group_come_best_first(void)
{
    struct results results = bench_lines(
        "{\"question\":\"q\",\"unit\":\"posts/s\",\"subject\":\"slow\","
        "\"value\":1,\"params\":{\"n\":5,\"strategy\":\"x\"}}\n"
        "{\"question\":\"q\",\"unit\":\"ns\",\"subject\":\"alone\","
        "\"value\":9}\n"
        "{\"question\":\"q\",\"unit\":\"posts/s\",\"subject\":\"fast\","
        "\"value\":7,\"high\":8,"
        "\"params\":{\"n\":5,\"strategy\":\"y\"}}\n"
        "{\"question\":\"q\",\"unit\":\"posts/s\",\"subject\":\"none\","
        "\"params\":{\"n\":5,\"strategy\":\"x\"}}\n");
    struct groups groups;
    groups_open(&groups, &results);
    CHECK_EQ(2, groups.count);

    const struct group *group = &groups.group[0];
    CHECK_EQ(3, group->count);
    CHECK(group->higher);
    CHECK(group->best == 7 && group->largest == 8);
    CHECK(strcmp(group->rows[0].subject, "fast") == 0);
    CHECK(strcmp(group->rows[2].subject, "none") == 0);
    CHECK(strcmp(group->common.data, "n 5") == 0);
    CHECK(strcmp(group->rows[0].label.data, "strategy y") == 0);

    CHECK_EQ(1, groups.group[1].count);
    CHECK(!groups.group[1].higher);
    groups_close(&groups);
    results_free(&results);
}

/* Who is stopped while busy is not compared with who is stopped idle, nor
 * two threads with one. */
static void another_case_is_another_group(void)
{
    struct results results = bench_lines(
        "{\"question\":\"q\",\"subject\":\"a\",\"value\":1,"
        "\"params\":{\"loop\":\"busy\",\"threads\":1}}\n"
        "{\"question\":\"q\",\"subject\":\"a\",\"value\":2,"
        "\"params\":{\"loop\":\"idle\",\"threads\":1}}\n"
        "{\"question\":\"q\",\"subject\":\"a\",\"value\":3,"
        "\"params\":{\"loop\":\"busy\",\"threads\":2}}\n"
        "{\"question\":\"q\",\"subject\":\"b\",\"value\":4,"
        "\"params\":{\"threads\":1,\"loop\":\"busy\"}}\n");
    struct groups groups;
    groups_open(&groups, &results);
    CHECK_EQ(3, groups.count);
    CHECK_EQ(2, groups.group[0].count);
    CHECK(strcmp(groups.group[0].common.data, "loop busy, threads 1") == 0);
    CHECK(strcmp(groups.group[1].common.data, "loop busy, threads 2") == 0);
    CHECK(strcmp(groups.group[2].common.data, "loop idle, threads 1") == 0);
    groups_close(&groups);
    results_free(&results);
}

static void a_number_with_three_values_is_a_sweep(void)
{
    struct results results = bench_lines(
        "{\"question\":\"q\",\"unit\":\"ns\",\"subject\":\"a\",\"value\":3,"
        "\"params\":{\"n\":100,\"k\":1}}\n"
        "{\"question\":\"q\",\"unit\":\"ns\",\"subject\":\"b\",\"value\":9,"
        "\"params\":{\"n\":10,\"k\":1}}\n"
        "{\"question\":\"q\",\"unit\":\"ns\",\"subject\":\"a\",\"value\":1,"
        "\"params\":{\"n\":1,\"k\":1}}\n"
        "{\"question\":\"q\",\"unit\":\"ns\",\"subject\":\"a\",\"value\":2,"
        "\"params\":{\"n\":10,\"k\":1}}\n");
    struct groups groups;
    groups_open(&groups, &results);
    CHECK_EQ(1, groups.count);
    const struct group *group = &groups.group[0];
    CHECK(group->sweep && strcmp(group->sweep, "n") == 0);
    CHECK(strcmp(group->common.data, "k 1") == 0);
    CHECK(group->rows[0].sweep == 1 && group->rows[2].sweep == 100);
    CHECK_EQ(0, group->rows[2].series);
    CHECK_EQ(1, group->rows[3].series);
    groups_close(&groups);
    results_free(&results);
}

static void every_verdict_has_a_name_and_a_meaning(void)
{
    struct verdict_words words;
    size_t count = 0;
    for (; (words = verdicts_words(count)).name; count++)
        CHECK(words.meaning && *words.meaning && words.contract);
    CHECK(count > 20);
}

int main(void)
{
    RUN(a_page_of_nothing_says_so_and_is_whole);
    RUN(every_place_of_the_template_is_filled);
    RUN(a_page_asks_no_other_machine);
    RUN(no_value_becomes_markup);
    RUN(wrong_types_leave_a_whole_page);
    RUN(one_bug_is_one_card_with_its_command);
    RUN(planted_bugs_are_judged_by_their_kind);
    RUN(a_rule_has_a_cell_a_platform_and_its_words);
    RUN(real_threads_have_a_table_of_their_own);
    RUN(what_no_port_has_shown_is_listed);
    RUN(the_same_results_make_the_same_page);
    RUN(rows_of_a_group_come_best_first);
    RUN(another_case_is_another_group);
    RUN(a_number_with_three_values_is_a_sweep);
    RUN(every_verdict_has_a_name_and_a_meaning);
    return test_result(15);
}
