/*
 * The preamble of a patch says what must be found.
 */
#include "patch.h"

#include <string.h>

#include "../loop/test.h"

static bool read(struct patch *out, const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    CHECK(file != NULL);
    fputs(text, file);
    fclose(file);
    bool found = patch_read(out, name);
    remove(name);
    return found;
}

static void a_mutant_has_the_verdict_that_it_declares(void)
{
    struct patch p;
    CHECK(read(&p, "m003-lost-wake.patch",
               "Mutant: m003-lost-wake\nDescription: a wake is\n lost\n"
               "Class: none\nVerdict: lost-wake\n\n--- a/loop/loop.c\n"));
    CHECK(strcmp(p.name, "m003-lost-wake") == 0);
    CHECK(strcmp(p.id, "m003") == 0);
    CHECK(strcmp(p.verdict, "lost-wake") == 0);
    CHECK(!p.control);
}

/* The program of the canary is lastcall-fuzz-canary. */
static void the_canary_is_no_control(void)
{
    struct patch p;
    CHECK(read(&p, "canary-now-and-then.patch",
               "Verdict: stop-ignored\n--- a/loop/loop.c\n"));
    CHECK(strcmp(p.id, "canary") == 0);
    CHECK(!p.control);
}

static void a_control_must_stay_clean(void)
{
    struct patch p;
    CHECK(read(&p, "c001-harmless.patch", "Class: control\n"));
    CHECK(p.control);
    CHECK(strcmp(p.verdict, "clean") == 0);
}

static void what_is_in_the_diff_declares_nothing(void)
{
    struct patch p;
    CHECK(!read(&p, "m004-quiet.patch",
                "Class: none\n--- a/x\nVerdict: lost-wake\n"));
}

static void other_files_are_no_planted_bugs(void)
{
    struct patch p;
    CHECK(!read(&p, "README.md", "Verdict: clean\n"));
    CHECK(!read(&p, "series.patch", "Verdict: clean\n"));
    CHECK(!patch_read(&p, "m001-not-there.patch"));
}

int main(void)
{
    RUN(a_mutant_has_the_verdict_that_it_declares);
    RUN(the_canary_is_no_control);
    RUN(a_control_must_stay_clean);
    RUN(what_is_in_the_diff_declares_nothing);
    RUN(other_files_are_no_planted_bugs);
    return test_result(5);
}
