/*
 * Two made-up runs and what is said of them. `explain_test --update` writes
 * the golden text anew, between the marks below; look at the difference
 * before you keep it.
 */
#include <stdlib.h>
#include <string.h>

#include "../loop/check.h"
#include "../loop/loop.h"
#include "../loop/test.h"
#include "explain.h"
#include "subject/subject.h"

#define MAIN 0
#define STOPPER 1
#define DEVICE SCHED_DEVICE
#define MS 1000000u

/* clang-format off */
/* golden */
static const char golden[] =
    "scenario  stop-is-lost\n"
    "verdict   stop-ignored\n"
    "where     main-loop in loop_run\n"
    "contract  1 of loop.h: loop_stop: every run that is inside returns,\n"
    "          with no unrelated event needed.\n"
    "schedule  calm, but\n"
    "          main, step 11: stopper goes on instead\n"
    "          stopper, step 4: post has outcome 1\n"
    "\n"
    " row       time main              stopper           device\n"
    "   1          0 open main-loop\n"
    "   2            opens port 1\n"
    "   3            open -> ok\n"
    "   4            starts stopper\n"
    "   5            post main-loop\n"
    "                 do=greet -> ok\n"
    "   6            run main-loop\n"
    "                 mode=forever\n"
    "   7            { post greet#1 }\n"
    "   8            starts read, op 7\n"
    "   9            waits at port 1\n"
    "  10            :                 sleep 2500us\n"
    "  11      2.5ms :                 :                 completes op 7:\n"
    "                :                 :                  broken\n"
    "  12            port 1: 1 packet  :\n"
    "  13*           |                 sleep -> ok\n"
    "  14            |                 stop main-loop\n"
    "  15            |                 posts to port 1:\n"
    "                |                  no-memory\n"
    "  16            |                 stop -> no-memory\n"
    "  17            |                 ends\n"
    "  18            waits at port 1\n"
    "  19            -- stop-ignored --\n"
    "\n"
    "* the thread before could have gone on; | can run, : waits\n"
    "3 locks and atomics without a wait are not shown\n"
    "\n"
    "at the end\n"
    "  main       waits for port 1; nobody is left who could end that; the\n"
    "             last post there, which failed, came from stopper in row\n"
    "             15, before this wait began in row 18\n"
    "  stopper    has ended\n"
    "\n"
    "./lastcall replay stop-is-lost.scn\n"
    "\n"
    "verdict   deadlock\n"
    "contract  8 of loop.h: Nothing waits for what no one will post.\n"
    "\n"
    " row       time main                       stopper\n"
    "      12 older events were not kept\n"
    "   1          0 starts stopper\n"
    "   2            unlocks mutex 2            |\n"
    "   3*           |                          locks mutex 2, after a\n"
    "                |                           wait\n"
    "   4            locks mutex 2              |\n"
    "   5            joins stopper              |\n"
    "\n"
    "* the thread before could have gone on; | can run, : waits\n"
    "3 locks and atomics without a wait are not shown\n"
    "\n"
    "at the end\n"
    "  main       waits for the end of stopper\n"
    "  stopper    waits for mutex 2, held by main\n"
    "  in a circle: main -> stopper -> main\n";
/* end of golden */
/* clang-format on */

static struct scenario scenario;

static void name(enum scenario_kind kind, unsigned number, const char *text)
{
    snprintf(scenario.names[kind][number], SCENARIO_NAME_MAX + 1, "%s",
             text);
}

static void statement(enum statement_op op, unsigned a, unsigned b,
                      uint32_t value)
{
    scenario.statement[scenario.count++] = (struct statement){
        .op = (uint8_t)op, .a = (uint8_t)a, .b = (uint8_t)b,
        .c = SCENARIO_ANY, .value = value,
    };
}

enum { OPEN, RUN_FOREVER, POST_GREET, STOP, SLEEP };

static void make_scenario(void)
{
    memset(&scenario, 0, sizeof scenario);
    snprintf(scenario.name, sizeof scenario.name, "stop-is-lost");
    name(KIND_LOOP, 0, "main-loop");
    name(KIND_CALLBACK, 0, "greet");
    scenario.defined[KIND_LOOP] = 1;
    scenario.defined[KIND_CALLBACK] = 1;
    statement(ST_OPEN, 0, SCENARIO_ANY, 0);
    statement(ST_RUN, 0, LOOP_FOREVER, 0);
    statement(ST_POST, 0, 0, 0);
    statement(ST_STOP, 0, SCENARIO_ANY, 0);
    statement(ST_SLEEP, SCENARIO_ANY, SCENARIO_ANY, 2500);
    scenario.exception_count = 2;
    scenario.exception[0] = (struct sched_exception){
        .thread = MAIN, .step = 11, .target = STOPPER };
    scenario.exception[1] = (struct sched_exception){
        .thread = STOPPER, .step = 4, .target = 1, .is_outcome = 1,
        .what = SCHED_POST };
}

static const char *label(const struct trace_event *e)
{
    return e->kind == TRACE_CALLBACK || e->kind == TRACE_CALLBACK_END
               ? "greet#1" : NULL;
}

#define AT(ms, t, k, o, v) { SIM_EPOCH + (ms) * MS / 2, v, o, t, k }
#define GREET (SUBJECT_POST << 12 | 1)

/* The loop looks for work, is held back, and waits for a post that came
 * before. Locks that nobody waits for are in between. */
static const struct trace_event lost[] = {
    AT(0, MAIN, TRACE_CALL, OPEN, 0),
    AT(0, MAIN, TRACE_PORT_OPEN, 1, 0),
    AT(0, MAIN, TRACE_RETURN, OPEN, 0),
    AT(0, MAIN, TRACE_THREAD_START, STOPPER, 0),
    AT(0, MAIN, TRACE_CALL, POST_GREET, 0),
    AT(0, MAIN, TRACE_LOCK, 1, 0),
    AT(0, MAIN, TRACE_UNLOCK, 1, 0),
    AT(0, MAIN, TRACE_RETURN, POST_GREET, 0),
    AT(0, MAIN, TRACE_CALL, RUN_FOREVER, 0),
    AT(0, MAIN, TRACE_CALLBACK, GREET, 0),
    AT(0, MAIN, TRACE_CALLBACK_END, GREET, 0),
    AT(0, MAIN, TRACE_START, 7, PORT_READ),
    AT(0, MAIN, TRACE_DEQUEUE_WAIT, 1, 0),
    AT(0, STOPPER, TRACE_CALL, SLEEP, 0),
    AT(5, STOPPER, TRACE_TIME, 0, 0),
    AT(5, DEVICE, TRACE_COMPLETE, 7, LOOP_EBROKEN),
    AT(5, MAIN, TRACE_DEQUEUE, 1, 1),
    AT(5, STOPPER, TRACE_RETURN, SLEEP, 0),
    AT(5, STOPPER, TRACE_CALL, STOP, 0),
    AT(5, STOPPER, TRACE_POST, 1, LOOP_ENOMEM),
    AT(5, STOPPER, TRACE_RETURN, STOP, LOOP_ENOMEM),
    AT(5, STOPPER, TRACE_THREAD_END, STOPPER, 0),
    AT(5, MAIN, TRACE_ATOMIC, 0, 0),
    AT(5, MAIN, TRACE_DEQUEUE_WAIT, 1, 0),
    AT(5, MAIN, TRACE_VERDICT, 0, VERDICT_STOP_IGNORED),
};

/* Each of two threads waits for the other: one in a join, with the lock
 * that the other wants. */
static const struct trace_event circle[] = {
    AT(0, MAIN, TRACE_THREAD_START, STOPPER, 0),
    AT(0, MAIN, TRACE_LOCK, 2, 0),
    AT(0, STOPPER, TRACE_LOCK, 3, 0),
    AT(0, MAIN, TRACE_UNLOCK, 2, 0),
    AT(0, STOPPER, TRACE_LOCK, 2, 1),
    AT(0, STOPPER, TRACE_UNLOCK, 2, 0),
    AT(0, MAIN, TRACE_LOCK, 2, 0),
    AT(0, MAIN, TRACE_THREAD_JOIN, STOPPER, 0),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct explain explain_lost(void)
{
    static const struct ground_thread_info threads[] = {
        { "main", GROUND_BLOCKED_DEQUEUE, 1, 0, false },
        { "stopper", GROUND_ENDED, 0, 0, false },
    };
    return (struct explain){
        .scenario = &scenario, .events = lost, .count = COUNT(lost),
        .threads = threads, .thread_count = 2,
        .verdict = VERDICT_STOP_IGNORED, .where = "main-loop in loop_run",
        .command = "./lastcall replay stop-is-lost.scn",
        .width = 70, .label = label,
    };
}

static struct explain explain_circle_of_two(void)
{
    static const struct ground_thread_info threads[] = {
        { "main", GROUND_BLOCKED_JOIN, STOPPER, 0, false },
        { "stopper", GROUND_BLOCKED_LOCK, 2, MAIN, false },
    };
    return (struct explain){
        .events = circle, .count = COUNT(circle),
        .threads = threads, .thread_count = 2,
        .verdict = VERDICT_DEADLOCK, .width = 70, .dropped = 12,
    };
}

typedef void explain_fn(FILE *out, const struct explain *x);

/* What was written, in storage that the next call reuses. */
static const char *written(explain_fn *form, const struct explain *x)
{
    static char text[1 << 16];
    FILE *file = tmpfile();
    LOOP_ASSERT(file != NULL);
    form(file, x);
    rewind(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = 0;
    fclose(file);
    return text;
}

static void golden_of(const struct explain *x, char *out, size_t cap)
{
    size_t used = strlen(out);
    snprintf(out + used, cap - used, "%s", written(explain_text, x));
}

static const char *both_texts(void)
{
    static char text[1 << 16];
    struct explain first = explain_lost();
    struct explain second = explain_circle_of_two();
    text[0] = 0;
    golden_of(&first, text, sizeof text);
    strcat(text, "\n");
    golden_of(&second, text, sizeof text);
    return text;
}

/* The text form is what it was when a person last looked at it. */
static void text_is_as_a_person_approved_it(void)
{
    const char *now = both_texts();
    size_t same = 0;
    while (now[same] != 0 && now[same] == golden[same])
        same++;
    CHECK_EQ(strlen(golden), same);
    CHECK_EQ(strlen(now), same);
    if (now[same] != golden[same])
        printf("first difference:\n%.200s\n", now + same);
}

/* What is too wide for columns becomes a list; no line is cut. */
static void many_threads_become_a_list(void)
{
    static struct ground_thread_info threads[9];
    struct explain x = explain_circle_of_two();
    for (unsigned t = 0; t < 9; t++)
        threads[t] = (struct ground_thread_info){ .name = "worker",
                                               .state = GROUND_READY };
    x.threads = threads;
    x.thread_count = 9;
    const char *text = written(explain_text, &x);
    CHECK(strstr(text, "thread     what") != NULL);
    CHECK(strstr(text, "worker     locks mutex 2, after a wait") != NULL);
}

/* The last rows are the ones that matter; numbers stay what they were. */
static void rows_max_keeps_the_last_rows(void)
{
    struct explain x = explain_lost();
    x.rows_max = 3;
    const char *text = written(explain_text, &x);
    CHECK(strstr(text, "rows before these") != NULL);
    CHECK(strstr(text, "opens port 1") == NULL);
    CHECK(strstr(text, "-- stop-ignored --") != NULL);
}

static void no_line_is_wider_than_asked(void)
{
    for (unsigned width = 60; width <= 120; width += 20) {
        struct explain x = explain_lost();
        x.width = width;
        const char *line = strstr(written(explain_text, &x), "\n row");
        while (line != NULL) {
            line++;
            CHECK(strcspn(line, "\n") <= width);
            line = strchr(line, '\n');
        }
    }
}

/* An empty trace, with nothing known, is still explained. */
static void nothing_is_explained_too(void)
{
    struct explain x = { 0 };
    CHECK(strstr(written(explain_text, &x), "clean") != NULL);
    CHECK(strstr(written(explain_html, &x), "</html>") != NULL);
}

static void every_verdict_says_what_it_breaks(void)
{
    for (int v = 0; v < VERDICTS; v++) {
        struct explain_contract c = explain_contract((enum verdict)v);
        CHECK(c.sentence != NULL);
        CHECK(c.number <= 11);
    }
}

/* Are all elements closed, in order? Void elements have no end. */
static bool is_balanced(const char *html)
{
    char open[32][16];
    size_t depth = 0;
    for (; (html = strchr(html, '<')) != NULL; html++) {
        bool end = html[1] == '/';
        const char *tag = html + 1 + end;
        char word[16] = "";
        size_t size = strspn(tag, "abcdefghijklmnopqrstuvwxyz123456789");
        const char *close = strchr(html, '>');
        if (html[1] == '!' || size == 0 || size >= sizeof word ||
            close == NULL)
            continue;
        memcpy(word, tag, size);
        if (strcmp(word, "meta") == 0 || close[-1] == '/')
            continue;
        if (!end && depth < 32)
            strcpy(open[depth++], word);
        else if (depth == 0 || strcmp(open[--depth], word) != 0)
            return false;
    }
    return depth == 0;
}

/* One file that opens from a disk: well-formed, all rows, nothing fetched,
 * and a name cannot become markup. */
static void html_stands_alone(void)
{
    struct explain x = explain_lost();
    x.where = "<script>alert(\"a\")</script>";
    const char *html = written(explain_html, &x);
    CHECK(is_balanced(html));
    CHECK(strstr(html, "<script") == NULL);
    CHECK(strstr(html, "&lt;script&gt;") != NULL);
    CHECK(strstr(html, "http") == NULL);
    CHECK(strstr(html, "id=\"r12\"") != NULL);
    CHECK(strstr(html, "class=\"preempt\"") != NULL);
    x = explain_circle_of_two();
    html = written(explain_html, &x);
    CHECK(is_balanced(html));
    CHECK(strstr(html, "class=\"held\"") != NULL);
}

static void put_literal(FILE *out, const char *text)
{
    fprintf(out, "static const char golden[] =\n    \"");
    for (; *text != 0; text++) {
        if (*text == '\n')
            fprintf(out, "\\n\"%s", text[1] != 0 ? "\n    \"" : ";\n");
        else
            fprintf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c",
                    *text);
    }
}

/* Replace what stands between the marks of this file. */
static int update(const char *path)
{
    static char source[1 << 17];
    const char begin_mark[] = "/* golden */\n";
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    source[fread(source, 1, sizeof source - 1, file)] = 0;
    fclose(file);
    char *begin = strstr(source, begin_mark);
    char *end = strstr(source, "/* end of golden */");
    file = fopen(path, "w");
    if (begin == NULL || end == NULL || file == NULL)
        return 1;
    begin += strlen(begin_mark);
    fwrite(source, 1, (size_t)(begin - source), file);
    put_literal(file, both_texts());
    fputs(end, file);
    return fclose(file);
}

_Noreturn void loop_check_failed(const char *file, int line,
                                 const char *expression)
{
    printf("%s:%d: %s\n", file, line, expression);
    abort();
}

int main(int argc, char **argv)
{
    make_scenario();
    if (argc > 1 && strcmp(argv[1], "--update") == 0)
        return update(__FILE__);
    RUN(text_is_as_a_person_approved_it);
    RUN(many_threads_become_a_list);
    RUN(rows_max_keeps_the_last_rows);
    RUN(no_line_is_wider_than_asked);
    RUN(nothing_is_explained_too);
    RUN(every_verdict_says_what_it_breaks);
    RUN(html_stands_alone);
    return test_result(7);
}
