/*
 * The scenario language: each form converts to the other without loss, no
 * input is too strange, and every mistake is shown at its word.
 */
#include "scenario.h"

#include "../loop/shutdown.h"
#include "../loop/test.h"
#include "scenario_form.h"

#define SEEDS 20000u

/* Large, and used one after the other. */
static struct scenario one, two, three, copy;
static char text[SCENARIO_TEXT_MAX];
static uint8_t bytes[SCENARIO_TEXT_MAX];

static const char idle_stop[] =
    "# A stop from another thread must wake a loop that is blocked and idle.\n"
    "# Guards against a stop that only sets a flag.\n"
    "scenario stop-wakes-idle-loop\n"
    "kernel profile=win10 faults=cancel,early\n"
    "loop main workers=2\n"
    "\n"
    "thread owner\n"
    "  open main\n"
    "  raise opened\n"
    "  run main mode=forever returns=stopped  # until the other one comes\n"
    "  # Nothing is left.\n"
    "  close main returns=ok\n"
    "\n"
    "# The other one.\n"
    "thread stopper start=auto daemon=no\n"
    "  await opened\n"
    "  sleep 1500us\n"
    "  stop main\n"
    "\n"
    "schedule\n"
    "  switch t0@12 -> t1  # the owner sleeps\n"
    "  outcome device@3 cancel = 2\n"
    "# The end.\n";

static bool parses(struct scenario *out, const char *what, size_t size)
{
    struct scenario_error error;
    if (scenario_parse(out, "test", what, size, &error) == 0)
        return true;
    scenario_error_print(stdout, &error);
    return false;
}

/* Does s survive both forms, and does a repair leave it alone? */
static bool survives(const struct scenario *s)
{
    struct scenario_error error;
    size_t size = scenario_write(s, text, sizeof text);

    if (size == 0 || !parses(&copy, text, size) || !scenario_equal(s, &copy))
        return false;
    size = scenario_encode(s, bytes, sizeof bytes);
    if (size == 0 || scenario_decode(&copy, bytes, size, &error) != 0
        || !scenario_equal(s, &copy))
        return false;
    scenario_repair(&copy);
    return scenario_equal(s, &copy);
}

static void comment(struct scenario *s, unsigned place, unsigned index,
                    bool trailing)
{
    static const char *const texts[] = { "", " a word", " \xc3\xa9t\xc3\xa9",
                                         "# thread x", "\ttab" };
    const char *words = texts[(place + index) % 5];
    scenario_remark_add(s, &(struct scenario_remark){
        .place = (enum scenario_place)place, .index = index,
        .trailing = trailing, .text = words, .size = strlen(words) });
}

/* Comments in every kind of place, names, and a schedule. */
static void decorate(struct scenario *s, uint64_t seed)
{
    snprintf(s->name, sizeof s->name, "s%u", sched_below(&seed, 1000));
    s->expect = (enum verdict)sched_below(&seed, VERDICTS);
    for (unsigned k = 0; k < KINDS; k++)
        for (unsigned i = 0; i < s->defined[k]; i++)
            if (sched_below(&seed, 2))
                snprintf(s->names[k][i], sizeof s->names[k][i], "%s%u",
                         sched_below(&seed, 3) ? "n" : scenario_kind_name[k],
                         sched_below(&seed, 20));
    s->exception_count = sched_below(&seed, 4);
    for (unsigned i = 0; i < s->exception_count; i++) {
        bool outcome = sched_below(&seed, 2);
        s->exception[i] = (struct sched_exception){
            .step = (uint32_t)sched_random(&seed),
            .thread = (uint8_t)sched_below(&seed, 32),
            .target = (uint8_t)sched_below(&seed, outcome ? 256 : 32),
            .is_outcome = outcome,
            .what = (uint8_t)(outcome ? sched_below(&seed, SCHED_OUTCOMES)
                                      : 0) };
    }
    const unsigned lines[PLACES] = { 1, 1, s->count, 1, s->exception_count,
                                     1 };
    for (unsigned place = 0; place < PLACES; place++) {
        for (unsigned i = 0; i < lines[place]; i++) {
            if (sched_below(&seed, 8) == 0)
                comment(s, place, i, false);
            if (place != PLACE_END && sched_below(&seed, 8) == 0)
                comment(s, place, i, true);
        }
    }
    scenario_repair(s);
}

/* Promised: parse(print(s)) and decode(encode(s)) are s. Guards against a
 * field that one of the forms forgets. */
static void what_is_generated_survives_both_forms(void)
{
    unsigned lost = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        scenario_generate(&one, seed);
        if (seed % 2)
            decorate(&one, seed);
        lost += !survives(&one);
    }
    CHECK_EQ(0, lost);
}

static void what_is_mutated_survives_both_forms(void)
{
    unsigned lost = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        if (seed % 50 == 0)
            scenario_generate(&one, seed);
        if (seed % 50 == 25)
            decorate(&one, seed);
        scenario_mutate(&one, seed);
        lost += !survives(&one);
    }
    CHECK_EQ(0, lost);
}

static void what_is_crossed_survives_both_forms(void)
{
    unsigned lost = 0;
    for (uint64_t seed = 0; seed < SEEDS / 2; seed++) {
        scenario_generate(&one, seed);
        scenario_generate(&two, seed + 1);
        decorate(&two, seed);
        scenario_cross(&three, &one, &two, seed);
        lost += !survives(&three);
        scenario_cross(&three, &two, &one, seed);
        lost += !survives(&three);
    }
    CHECK_EQ(0, lost);
}

static size_t random_bytes(uint8_t *out, size_t size, uint64_t seed)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)sched_random(&seed);
    /* Sections are rare in noise, and a body is needed for anything. */
    for (size_t i = 0; i + 8 <= size; i += 8)
        if (sched_below(&seed, 6) == 0)
            out[i] = (uint8_t)sched_below(&seed, ST_HOOK + 1);
    return size;
}

/* Promised: never fails. The statements of noise are a scenario as well. */
static void any_bytes_make_a_scenario(void)
{
    static uint8_t noise[8 * 300];
    unsigned lost = 0;
    uint64_t statements = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        size_t size = random_bytes(noise, (seed * 7) % 400, seed);
        scenario_from_bytes(&one, noise, size);
        lost += !survives(&one);
        statements += one.count;
    }
    scenario_from_bytes(&one, noise, random_bytes(noise, sizeof noise, 1));
    lost += !survives(&one);
    CHECK_EQ(0, lost);
    CHECK(statements > SEEDS * 5);
}

/* Promised: every prefix is valid, a truncated record is dropped. */
static void a_truncated_record_is_dropped(void)
{
    uint8_t noise[8 * 30];
    size_t size = random_bytes(noise, sizeof noise, 42);

    for (size_t cut = 0; cut <= size; cut++) {
        scenario_from_bytes(&one, noise, cut);
        scenario_from_bytes(&two, noise, cut / 8 * 8);
        CHECK(scenario_equal(&one, &two));
        CHECK(survives(&one));
    }
}

/* Promised: what follows the end record is the schedule's business. */
static void bytes_after_the_end_record_change_nothing(void)
{
    static uint8_t input[SCENARIO_TEXT_MAX];

    scenario_generate(&one, 7);
    size_t size = scenario_to_bytes(&one, input, sizeof input);
    CHECK_EQ(SCENARIO_END, input[size - 8]);
    random_bytes(input + size, 160, 7);
    scenario_from_bytes(&two, input, size + 160);
    CHECK(scenario_equal(&one, &two));
}

/* Promised: bare statements come back as they were, without what an author
 * said and expected. */
static void bare_statements_come_back(void)
{
    unsigned lost = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        scenario_generate(&one, seed);
        size_t size = scenario_to_bytes(&one, bytes, sizeof bytes);
        scenario_from_bytes(&two, bytes, size);
        lost += !scenario_equal(&one, &two);
    }
    CHECK_EQ(0, lost);

    CHECK(parses(&one, idle_stop, sizeof idle_stop - 1));
    size_t size = scenario_to_bytes(&one, bytes, sizeof bytes);
    scenario_from_bytes(&two, bytes, size);
    CHECK_EQ(one.count, two.count);
    CHECK_EQ(SCENARIO_ANY, two.statement[5].c);
    CHECK_EQ(0, two.exception_count);
    CHECK_EQ(0, scenario_to_bytes(&one, bytes, 7));
    CHECK_EQ(16, scenario_to_bytes(&one, bytes, 20));
}

/* Promised: a repair makes order of any list of statements. Guards against
 * references to what was deleted. */
static void a_repair_makes_order_of_any_statements(void)
{
    unsigned lost = 0;
    for (uint64_t seed = 0; seed < SEEDS / 2; seed++) {
        uint64_t random = seed;
        scenario_generate(&one, seed);
        decorate(&one, seed);
        for (unsigned n = 0; n < 10; n++) {
            unsigned at = sched_below(&random, one.count);
            uint64_t bits = sched_random(&random);
            memcpy(&one.statement[at], &bits, sizeof bits);
            if (n % 2)
                scenario_delete(&one, sched_below(&random, one.count), 1);
        }
        scenario_repair(&one);
        lost += !survives(&one);
    }
    CHECK_EQ(0, lost);
}

/* Promised: one way to print a scenario, and it is what people write. */
static void a_printed_text_is_printed_again_unchanged(void)
{
    CHECK(parses(&one, idle_stop, sizeof idle_stop - 1));
    size_t size = scenario_write(&one, text, sizeof text);
    CHECK_EQ(sizeof idle_stop - 1, size);
    CHECK_EQ(0, memcmp(text, idle_stop, sizeof idle_stop - 1));
    CHECK(survives(&one));
    CHECK_EQ(2, one.exception_count);
    CHECK_EQ(2, one.defined[KIND_THREAD]);
    CHECK_EQ(1500, one.statement[9].value);
    CHECK_EQ(0, scenario_write(&one, text, sizeof idle_stop - 2));
}

/* Promised: however it was written, blanks, line ends and units come out in
 * one way, and comments stay where they were. */
static void a_loose_text_is_printed_in_one_way(void)
{
    static const char loose[] =
        "\xef\xbb\xbf\n\t# head\t \r\n\n  scenario   x\r\n"
        "loop l # the loop\nverdict lost-wake#\n"
        "# of the verdict\nverdict lost-wake # late\n";
    static const char good[] =
        "\xef\xbb\xbf\n\t# head\t \r\n\n  scenario   x\r\n"
        "loop l # the loop\n# of the verdict\nverdict lost-wake # late\n"
        "\tkernel   profile=linux\n thread a\nopen l\nsleep 3000ms\n"
        " sleep 0s # no time\n#in the body\n callback c\n"
        "read ch op size=2048B\n pair l ch kind=pipe-in\n"
        "#last";
    static const char canonical[] =
        "# head\nscenario x\n# of the verdict\nverdict lost-wake  # late\n"
        "loop l  # the loop\nkernel profile=linux\n\nthread a\n  open l\n"
        "  sleep 3s\n  sleep 0us  # no time\n\n#in the body\ncallback c\n"
        "  read ch op size=2KiB\n  pair l ch kind=pipe-in\n#last\n";
    struct scenario_error error;

    CHECK_EQ(-1, scenario_parse(&one, "t", loose, sizeof loose - 1, &error));
    CHECK(parses(&one, good, sizeof good - 1));
    size_t size = scenario_write(&one, text, sizeof text);
    CHECK_EQ(sizeof canonical - 1, size);
    CHECK_EQ(0, memcmp(text, canonical, sizeof canonical - 1));
    CHECK(survives(&one));
}

struct mistake {
    const char *text;
    unsigned    line;
    unsigned    column;
    const char *says;
};

#define HEAD "scenario x\nloop main\nthread a\n"

static const struct mistake mistakes[] = {
    { "", 0, 0, "nothing in it" },
    { "\n# only a comment\n", 0, 0, "nothing in it" },
    { "hello world\n", 1, 1, "begins with the line: scenario NAME" },
    { "scenario\n", 1, 1, "one name" },
    { "scenario a b\n", 1, 1, "one name" },
    { "scenario a\nscenario b\n", 2, 1, "has its name already" },
    { "scenario x\nopen main\n", 2, 1, "stands in a body" },
    { "scenario x\nkernel\n", 2, 1, "needs profile=" },
    { "scenario x\nkernel profile=win10 faults=cancel,,x\n", 2, 36,
      "not one of" },
    { "scenario x\nkernel profile=win10 faults=early,early\n", 2, 35,
      "in the list already" },
    { "scenario x\nkernel profile=win10\nkernel profile=linux\n", 3, 1,
      "already" },
    { "scenario x\nloop a workers=9\n", 2, 16, "largest number here is 8" },
    { "scenario x\nverdict hang\n", 2, 9, "not known" },
    { "scenario x\nverdict leaked-hande\n", 2, 9, "'leaked-handle'" },
    { "scenario x\nverdict clean\nverdict clean\n", 3, 1, "already" },
    { HEAD "verdict clean\n", 4, 1, "before the first section" },
    { HEAD "loop other\n", 4, 1, "before the first section" },
    { HEAD "\topn main\n", 4, 2, "did you mean 'open'?" },
    { HEAD "  xyzzy\n", 4, 3, "lists them" },
    { HEAD "  run main\n", 4, 3, "needs mode=" },
    { HEAD "  run main mode=forver\n", 4, 17, "did you mean 'forever'?" },
    { HEAD "  run main mode=once mode=once\n", 4, 22, "twice" },
    { HEAD "  run main mdoe=once\n", 4, 12, "did you mean 'mode'?" },
    { HEAD "  run mian mode=once\n", 4, 7, "did you mean 'main'?" },
    { HEAD "  open\n", 4, 3, "a name (of a loop)" },
    { HEAD "  open main now\n", 4, 13, "no further word 'now'" },
    { HEAD "  a b c d e f g h i\n", 4, 19, "too many words" },
    { HEAD "  raise =x\n", 4, 9, "not a name" },
    { HEAD "  raise x=y\n", 4, 9, "takes no 'x='" },
    { HEAD "  raise \xc3\xa9\n", 4, 9, "not a name" },
    { HEAD "  raise n2345678901234567890123456789012345678901234567\n"
      "  raise n23456789012345678901234567890123456789012345678\n", 5, 9,
      "48 bytes" },
    { HEAD "  sleep 5\n", 4, 9, "us, ms or s" },
    { HEAD "  sleep 5ns\n", 4, 9, "us, ms or s" },
    { HEAD "  sleep 1.5ms\n", 4, 9, "whole number" },
    { HEAD "  sleep -5ms\n", 4, 9, "whole number" },
    { HEAD "  sleep 3601s\n", 4, 9, "largest number here is 3600s" },
    { HEAD "  sleep 99999999999999999999s\n", 4, 9, "largest number" },
    { HEAD "  peer-write c size=65KiB\n", 4, 21, "64KiB" },
    { HEAD "  peer-write c size=1MiB\n", 4, 21, "B or KiB" },
    { HEAD "  expect-pending main count=1s\n", 4, 29, "without a unit" },
    { HEAD "  peer-close ch\n", 4, 14, "pair, listen, socket or object" },
    { HEAD "  cancel main\n", 4, 10, "there is a loop of that name" },
    { HEAD "  await-op x\n", 4, 3, "belongs to a task" },
    { HEAD "callback c\n  await x\n", 5, 3, "a thread or a job" },
    { HEAD "thread a\n", 4, 8, "already" },
    { HEAD "thread b start=later\n", 4, 16, "auto or manual" },
    { HEAD "task t\n  swallow\n", 5, 3, "after 'on-cancel'" },
    { HEAD "task t\n  on-cancel\n  on-cancel\n", 6, 3, "already" },
    { HEAD "  stop \x1b[31m\n", 4, 8, "byte 0x1b" },
    { HEAD "  stop m\xff\n", 4, 9, "byte 0xff" },
    { HEAD "  # \xc0\xaf\n", 4, 5, "byte 0xc0" },
    { HEAD "  stop main\rx\n", 4, 12, "byte 0x0d" },
    { HEAD "schedule x\n", 4, 10, "alone" },
    { HEAD "schedule\nschedule\n", 5, 1, "already" },
    { HEAD "schedule\nthread b\n", 5, 1, "switch or outcome" },
    { HEAD "schedule\n switch t0@1 t1\n", 5, 2, "write switch" },
    { HEAD "schedule\n switch t0 -> t1\n", 5, 9, "THREAD@STEP" },
    { HEAD "schedule\n switch t31@1 -> t1\n", 5, 9, "t0 to t30" },
    { HEAD "schedule\n switch t0@1 -> owner\n", 5, 17, "t0 to t30" },
    { HEAD "schedule\n switch t0@-1 -> t1\n", 5, 12, "whole number" },
    { HEAD "schedule\n switch t0@4294967296 -> t1\n", 5, 12,
      "4294967295" },
    { HEAD "schedule\n outcome t0@1 cancl = 1\n", 5, 15, "'cancel'" },
    { HEAD "schedule\n outcome t0@1 cancel = 256\n", 5, 24, "255" },
};

/* Promised: file, line, column, and what to do. */
static void each_mistake_is_shown_at_its_word(void)
{
    struct scenario_error error;

    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        const struct mistake *m = &mistakes[i];
        int result = scenario_parse(&one, "f.scn", m->text, strlen(m->text),
                                    &error);
        bool good = result == -1 && error.line == m->line
                 && error.column == m->column && strstr(error.what, m->says)
                 && strcmp(error.file, "f.scn") == 0;
        CHECK(good);
        if (!good && result == -1)
            scenario_error_print(stdout, &error);
        if (!good && result == 0)
            printf("accepted: %s\n", m->text);
    }
}

/* Promised: the caret is under the word, after tabs and wide characters, and
 * nothing that could upset a terminal is shown. */
static void the_caret_is_under_the_word(void)
{
    static const char wrong[] = HEAD "\t run\tmain mode=x \x7f\n";
    struct scenario_error error;
    FILE *file = tmpfile();

    if (!file) {
        test_skip("caret", "no temporary file here");
        return;
    }
    CHECK_EQ(-1, scenario_parse(&one, "f", wrong, sizeof wrong - 1, &error));
    scenario_error_print(file, &error);
    error.column = 16;
    scenario_error_print(file, &error);
    rewind(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = 0;
    CHECK(strstr(text, "f:4:19: byte 0x7f") == text);
    CHECK(strstr(text, "\n\t run\tmain mode=x ?\n\t    \t            ^\n"));
    CHECK(strstr(text, "\n\t run\tmain mode=x ?\n\t    \t         ^\n"));
    fclose(file);
}

static size_t repeat(char *out, const char *head, const char *line,
                     unsigned count)
{
    size_t size = (size_t)sprintf(out, "%s", head);
    for (unsigned i = 0; i < count; i++)
        size += (size_t)sprintf(out + size, line, i);
    return size;
}

/* Promised: a clear sentence for each limit, and none of them is passed. */
static void what_is_too_much_is_refused(void)
{
    struct scenario_error error;
    size_t size = repeat(text, HEAD, "exit\n", 254);

    CHECK(parses(&one, text, repeat(text, HEAD, "exit\n", 254)));
    size = repeat(text, HEAD, "exit\n", 255);
    CHECK_EQ(-1, scenario_parse(&one, "t", text, size, &error));
    CHECK_EQ(258, error.line);
    CHECK(strstr(error.what, "at most 256"));

    CHECK(parses(&one, text, repeat(text, HEAD, "raise e%u\n", 8)));
    size = repeat(text, HEAD, "raise e%u\n", 9);
    CHECK_EQ(-1, scenario_parse(&one, "t", text, size, &error));
    CHECK(strstr(error.what, "at most 8"));

    size = repeat(text, HEAD "schedule\n", "switch t0@%u -> t1\n", 513);
    CHECK_EQ(-1, scenario_parse(&one, "t", text, size, &error));
    CHECK_EQ(517, error.line);

    size = repeat(text, HEAD, "#\n", 1024);
    CHECK(parses(&one, text, size));
    CHECK(survives(&one));
    size = repeat(text, HEAD, "#\n", 1025);
    CHECK_EQ(-1, scenario_parse(&one, "t", text, size, &error));
    CHECK(strstr(error.what, "comments"));

    CHECK_EQ(-1, scenario_parse(&one, "t", text, SCENARIO_TEXT_MAX + 1,
                                &error));
    CHECK_EQ(0, error.line);
    CHECK_EQ(-1, scenario_parse(&one, "t", "scenario a\0b", 12, &error));
    CHECK(strstr(error.what, "byte 0x00"));
}

/* Promised: SCENARIO_TEXT_MAX holds the longest text there is. */
static void the_longest_scenario_can_be_printed_and_read(void)
{
    static const char longest[] = "n123456789012345678901234567890123456789"
                                  "012345";
    scenario_reset(&one);
    one.count = SCENARIO_STATEMENTS_MAX;
    one.statement[0] = (struct statement){ .op = ST_THREAD, .b = 1, .c = 1 };
    one.statement[1] = (struct statement){ .op = ST_CALLBACK };
    for (unsigned i = 2; i < one.count; i++)
        one.statement[i] = i < 10
            ? (struct statement){ ST_LISTEN, 0, (uint8_t)i, 0, 0 }
            : (struct statement){ ST_CONNECT, 1, (uint8_t)i, 2, 0 };
    scenario_insert(&one, 0, (struct statement){ .op = ST_LOOP });
    one.count--;
    scenario_insert(&one, 0, (struct statement){ .op = ST_LOOP });
    scenario_repair(&one);
    for (unsigned k = 0; k < KINDS; k++)
        for (unsigned i = 0; i < one.defined[k]; i++)
            sprintf(one.names[k][i], "%s%x", longest, i);
    sprintf(one.name, "%s", longest);
    one.exception_count = SCENARIO_EXCEPTIONS_MAX;
    for (unsigned i = 0; i < one.exception_count; i++)
        one.exception[i] = (struct sched_exception){
            UINT32_MAX - i, SCHED_DEVICE, 255, 1, SCHED_SPURIOUS };
    one.expect = VERDICT_DUPLICATE_COMPLETION;
    for (unsigned i = 0; i < 800; i++)
        comment(&one, PLACE_END, 0, false);
    scenario_repair(&one);
    CHECK(one.count > 250);
    CHECK(survives(&one));
    CHECK(scenario_write(&one, text, sizeof text) > 60000);
}

/* Promised: a name that is made up never hides a name that was given, also
 * after objects were renumbered. */
static void made_names_never_hide_given_ones(void)
{
    static const char clash[] = "scenario x\nthread a\nraise x\nraise event2\n"
                                "raise y\nraise event3\n";
    CHECK(parses(&one, clash, sizeof clash - 1));
    CHECK_EQ(4, one.defined[KIND_EVENT]);
    CHECK(strcmp(scenario_object_name(&one, KIND_EVENT, 1), "event2") == 0);
    CHECK_EQ(0, one.names[KIND_EVENT][3][0]);
    CHECK(survives(&one));

    /* Now y is 1, and the nameless one is 2: one of two must yield. */
    one.names[KIND_EVENT][2][0] = 0;
    scenario_repair(&one);
    CHECK(survives(&one));
    scenario_delete(&one, 1, 1);
    scenario_repair(&one);
    CHECK_EQ(3, one.defined[KIND_EVENT]);
    CHECK(survives(&one));
}

/* Promised: names and comments go with what they belong to. */
static void names_and_comments_follow_their_statements(void)
{
    static const char before[] =
        "scenario x\n\nthread a\n  raise one  # 1\n  raise two  # 2\n"
        "  # about three\n  raise three  # 3\n  raise two\n";
    static const char after[] =
        "scenario x\n\nthread a\n  raise two  # 2\n"
        "  # about three\n  raise three  # 3\n  raise two\n";
    CHECK(parses(&one, before, sizeof before - 1));
    scenario_delete(&one, 1, 1);
    scenario_repair(&one);
    size_t size = scenario_write(&one, text, sizeof text);
    CHECK_EQ(sizeof after - 1, size);
    CHECK_EQ(0, memcmp(text, after, sizeof after - 1));
    CHECK(survives(&one));
}

/* Promised: damage is found, or harmless; never a crash. */
static void a_damaged_binary_is_refused_or_harmless(void)
{
    static uint8_t whole[SCENARIO_TEXT_MAX], damaged[SCENARIO_TEXT_MAX];
    struct scenario_error error;
    unsigned refused = 0, lost = 0;

    CHECK(parses(&one, idle_stop, sizeof idle_stop - 1));
    size_t size = scenario_encode(&one, whole, sizeof whole);
    for (size_t i = 0; i < size * 8; i++) {
        memcpy(damaged, whole, size);
        damaged[i / 8] ^= (uint8_t)(1u << i % 8);
        if (scenario_decode(&two, damaged, size, &error) != 0)
            refused++;
        else
            lost += !survives(&two);
    }
    for (size_t cut = 0; cut < size; cut++) {
        if (scenario_decode(&two, whole, cut, &error) == 0)
            lost += !survives(&two);
        CHECK_EQ(0, scenario_encode(&one, damaged, cut));
    }
    CHECK(refused > 1000);
    CHECK_EQ(0, lost);
}

/* Promised: the same seed gives the same scenario, and others differ; every
 * statement and every strategy comes up. */
static void generated_scenarios_are_repeatable_and_varied(void)
{
    unsigned seen[ST_OPS] = { 0 }, strategies = 0, same = 0, opened = 0;

    for (uint64_t seed = 0; seed < 2000; seed++) {
        scenario_generate(&one, seed);
        scenario_generate(&two, seed);
        CHECK(scenario_equal(&one, &two));
        scenario_generate(&two, seed + 1);
        same += scenario_equal(&one, &two);
        unsigned first, end;
        opened += scenario_body(&one, ST_THREAD, 0, &first, &end)
               && one.statement[first].op == ST_OPEN;
        for (unsigned i = 0; i < one.count; i++) {
            seen[one.statement[i].op]++;
            if (one.statement[i].op == ST_SHUTDOWN)
                strategies |= 1u << one.statement[i].b;
        }
    }
    CHECK_EQ(0, same);
    CHECK_EQ(2000, opened);
    CHECK_EQ((1 << (SHUTDOWN_ABANDON + 1)) - 1, strategies);
    for (unsigned op = 0; op < ST_EXPECT; op++)
        if (!scenario_is_expectation(op))
            CHECK(seen[op] > 0);
}

/* Promised: a mutant does not carry what was expected of its parent. */
static void a_mutation_forgets_what_was_expected(void)
{
    for (uint64_t seed = 0; seed < 500; seed++) {
        CHECK(parses(&one, idle_stop, sizeof idle_stop - 1));
        one.expect = VERDICT_DEADLOCK;
        scenario_mutate(&one, seed);
        CHECK_EQ(VERDICT_CLEAN, one.expect);
        CHECK_EQ(0, one.comment_size);
        for (unsigned i = 0; i < one.count; i++)
            if (one.statement[i].op == ST_RUN)
                CHECK_EQ(SCENARIO_ANY, one.statement[i].c);
    }
}

/* Promised: most mutations change something. */
static void a_mutation_is_seldom_without_effect(void)
{
    unsigned same = 0;
    for (uint64_t seed = 0; seed < 5000; seed++) {
        scenario_generate(&one, seed);
        two = one;
        scenario_mutate(&two, seed);
        same += scenario_equal(&one, &two);
    }
    CHECK(same < 50);
}

static void bodies_are_found_by_their_object(void)
{
    unsigned first = 0, end = 0;

    CHECK(parses(&one, idle_stop, sizeof idle_stop - 1));
    CHECK(scenario_body(&one, ST_THREAD, 0, &first, &end));
    CHECK_EQ(3, first);
    CHECK_EQ(7, end);
    CHECK(scenario_body(&one, ST_THREAD, 1, &first, &end));
    CHECK_EQ(11, end);
    CHECK(!scenario_body(&one, ST_TASK, 0, &first, &end));
}

static void made_names_last_for_four_calls(void)
{
    scenario_reset(&one);
    const char *first = scenario_object_name(&one, KIND_OP, 1);
    scenario_object_name(&one, KIND_OP, 2);
    scenario_object_name(&one, KIND_OP, 3);
    scenario_object_name(&one, KIND_OP, 4);
    CHECK(strcmp(first, "op1") == 0);
}

static bool write_file(const char *path, const void *what, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    bool good = fwrite(what, 1, size, file) == size;
    return fclose(file) == 0 && good;
}

/* Promised: either form is read from a file, and what is no scenario is
 * refused with its path. */
static void files_are_read_in_either_form(void)
{
    static const char path[] = "scenario_test.tmp";
    struct scenario_error error;

    CHECK(parses(&one, idle_stop, sizeof idle_stop - 1));
    size_t size = scenario_encode(&one, bytes, sizeof bytes);
    if (!write_file(path, idle_stop, sizeof idle_stop - 1)) {
        test_skip("files", "the folder cannot be written");
        return;
    }
    CHECK_EQ(0, scenario_load(&two, path, &error));
    CHECK(scenario_equal(&one, &two));
    CHECK(write_file(path, bytes, size));
    CHECK_EQ(0, scenario_load(&two, path, &error));
    CHECK(scenario_equal(&one, &two));
    CHECK(write_file(path, bytes, size - 3));
    CHECK_EQ(-1, scenario_load(&two, path, &error));
    CHECK(strcmp(error.file, path) == 0);
    CHECK(write_file(path, text, 0));
    CHECK_EQ(-1, scenario_load(&two, path, &error));
    memset(text, '#', sizeof text);
    CHECK(write_file(path, text, sizeof text));
    CHECK_EQ(-1, scenario_load(&two, path, &error));
    remove(path);
    CHECK_EQ(-1, scenario_load(&two, path, &error));
    CHECK(strstr(error.what, "cannot be opened"));
    CHECK_EQ(-1, scenario_load(&two, ".", &error));
    CHECK_EQ(0, error.line);
}

static void every_verdict_is_found_by_its_name(void)
{
    for (int v = 0; v < VERDICTS; v++)
        CHECK_EQ(v, verdict_find(verdict_name((enum verdict)v)));
    CHECK_EQ(-1, verdict_find("hang"));
    CHECK_EQ(VERDICT_DOUBLE_FREE, verdict_find("double-free"));
}

int main(void)
{
    RUN(a_printed_text_is_printed_again_unchanged);
    RUN(a_loose_text_is_printed_in_one_way);
    RUN(each_mistake_is_shown_at_its_word);
    RUN(the_caret_is_under_the_word);
    RUN(what_is_too_much_is_refused);
    RUN(the_longest_scenario_can_be_printed_and_read);
    RUN(made_names_never_hide_given_ones);
    RUN(names_and_comments_follow_their_statements);
    RUN(what_is_generated_survives_both_forms);
    RUN(what_is_mutated_survives_both_forms);
    RUN(what_is_crossed_survives_both_forms);
    RUN(any_bytes_make_a_scenario);
    RUN(a_truncated_record_is_dropped);
    RUN(bytes_after_the_end_record_change_nothing);
    RUN(bare_statements_come_back);
    RUN(a_repair_makes_order_of_any_statements);
    RUN(a_damaged_binary_is_refused_or_harmless);
    RUN(generated_scenarios_are_repeatable_and_varied);
    RUN(a_mutation_forgets_what_was_expected);
    RUN(a_mutation_is_seldom_without_effect);
    RUN(bodies_are_found_by_their_object);
    RUN(made_names_last_for_four_calls);
    RUN(files_are_read_in_either_form);
    RUN(every_verdict_is_found_by_its_name);
    return test_result(24);
}
