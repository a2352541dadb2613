/*
 * The doctor says of everything how it is, and of what is not well what to
 * do.
 */
#include "doctor.h"

#include <string.h>

#include "../loop/test.h"
#include "results.h"

static void what_is_not_well_comes_with_advice(void)
{
    json_t *lines = doctor_look();
    CHECK(json_array_size(lines) > 10);
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        const char *state = result_string(line, "state", "");
        const char *advice = result_string(line, "advice", NULL);
        CHECK_EQ(RESULT_DOCTOR, result_kind(line));
        CHECK(*result_string(line, "name", ""));
        CHECK(advice && (strcmp(state, "ok") == 0) == (*advice == '\0'));
    }
    json_decref(lines);
}

/* Guards against a list that ends at the first thing that is missing. */
static void every_thing_is_named_once(void)
{
    json_t *lines = doctor_look();
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const char *name = result_string(json_array_get(lines, i), "name",
                                         "");
        int times = 0;
        for (size_t k = 0; k < json_array_size(lines); k++)
            times += strcmp(result_string(json_array_get(lines, k), "name",
                                          ""), name) == 0;
        CHECK_EQ(1, times);
    }
    json_decref(lines);
}

int main(void)
{
    RUN(what_is_not_well_comes_with_advice);
    RUN(every_thing_is_named_once);
    return test_result(2);
}
