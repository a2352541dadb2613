/*
 * warnings.c - see warnings.h.
 */
#include "warnings.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "question.h"
#include "result.h"
#include "statistics.h"

#define FAR 14.826              /* ten deviations, if it were normal     */
#define SAMPLES_MIN 5           /* to call one of them far               */
#define READINGS_MIN 10         /* of the clock, in a figure             */
#define OTHERS_MAX 0.05         /* of one processor                      */
#define STOLEN_MAX 0.02
#define SECONDS_MIN 0.5         /* for the ticks in which load is counted */

enum kind { OUTLIERS, FIRST, CLOCK, DIRTY, NOISY, BEYOND, GOVERNOR, TURBO,
            KINDS };

static const struct {
    const char *noun;
    const char *means;
    const char *advice;
} kinds[KINDS] = {
    [OUTLIERS] = { "outliers", "rounds far off the others",
        "leave the machine alone, or measure longer with --seconds" },
    [FIRST] = { "first round", "slower than the others, in spite of the "
        "warm-up", "caches and frequency need longer: use --seconds" },
    [CLOCK] = { "clock", "less than ten readings of it",
        "compare them with others of this run, not with zero" },
    [DIRTY] = { "dirty rounds", "others used the machine, and they were "
        "left out", "end other programs, or measure longer with --seconds" },
    [NOISY] = { "noisy", "too few rounds were left to leave those out",
        "end other programs and measure again; compare passes them over" },
    [BEYOND] = { "out of range", "values above the highest of the "
        "histogram", "look for what hung: their tail is too short" },
    [GOVERNOR] = { "governor", "the frequency of processors follows the "
        "load", "cpupower frequency-set -g performance" },
    [TURBO] = { "turbo", "the frequency of processors follows the "
        "temperature", "turn boost off below /sys/devices/system/cpu" },
};

static struct {
    size_t count[KINDS];        /* of lines, in this question            */
    double reading_ns;          /* of the clock; 0: not known            */
} self;

void warnings_begin(void)
{
    memset(self.count, 0, sizeof self.count);
}

static void add(json_t *line, enum kind kind)
{
    json_t *warnings = json_object_get(line, "warnings");
    if (!warnings) {
        warnings = json_array();
        json_object_set_new(line, "warnings", warnings);
    }
    json_array_append_new(warnings, json_string(kinds[kind].noun));
    self.count[kind]++;
}

/* How far off is a sample, in median distances? Equal ones have none. */
static double distance(double sample, double median, double spread)
{
    return spread > 0 ? (sample - median) / spread : 0;
}

static void look_at_samples(json_t *line)
{
    double sample[STATISTICS_SAMPLES_MAX], off[STATISTICS_SAMPLES_MAX];
    size_t count = result_samples(line, sample), far = 0;
    if (count < SAMPLES_MIN)
        return;
    double median = statistics_median(sample, count);
    for (size_t i = 0; i < count; i++)
        off[i] = fabs(sample[i] - median);
    double spread = statistics_median(off, count);
    for (size_t i = 0; i < count; i++)
        far += fabs(distance(sample[i], median, spread)) > FAR;
    if (far == 0)
        return;
    bool rate = result_is_rate(result_word(line, "unit", ""));
    double first = distance(sample[0], median, spread);
    add(line, (rate ? -first : first) > FAR ? FIRST : OUTLIERS);
}

static void look_at_rounds(json_t *line)
{
    if (json_is_false(json_object_get(line, "clean")))
        add(line, NOISY);
    else if (result_number(line, "rounds", 0) > result_number(line, "n", 0))
        add(line, DIRTY);
}

static void look_at_figure(json_t *line)
{
    double value = result_number(line, "value", NAN);
    if (json_object_get(line, "histogram") &&
        !strcmp(result_word(line, "unit", ""), "ns") &&
        value < READINGS_MIN * self.reading_ns)
        add(line, CLOCK);
    if (result_number(line, "beyond", 0) > 0)
        add(line, BEYOND);
}

static void look_at_machine(json_t *line)
{
    if (machine_scales())
        add(line, GOVERNOR);
    if (machine_boosts())
        add(line, TURBO);
}

void warnings_take(json_t *line)
{
    bool calibrates = !strcmp(result_word(line, "question", ""),
                              question_calibration.name);
    if (!json_is_number(json_object_get(line, "value")))
        return;
    if (!strcmp(result_word(line, "metric", ""), CALIBRATION_READ))
        self.reading_ns = result_number(line, "value", 0);
    if (calibrates) {
        look_at_machine(line);
        return;
    }
    look_at_samples(line);
    look_at_rounds(line);
    look_at_figure(line);
}

static void print_load(FILE *out, const struct load *before,
                       const struct load *after)
{
    double length = after->at - before->at;
    double own = after->own - before->own;
    double others = (after->busy - before->busy - own) / length;
    double stolen = (after->stolen - before->stolen) / length;
    if (others > OTHERS_MAX)
        fprintf(out, "  warning: other programs used %.2f processors; end "
                "them (top says which)\n", others);
    if (stolen > STOLEN_MAX)
        fprintf(out, "  warning: the host took %.2f processors away; measure "
                "when it is quieter\n", stolen);
}

void warnings_print(FILE *out, const struct load *before,
                    const struct load *after)
{
    bool told = false;
    for (int i = 0; i < KINDS; i++) {
        if (self.count[i] == 0)
            continue;
        fprintf(out, "%s  warning: %s (%zu figure%s): %s; %s\n",
                told ? "" : "\n", kinds[i].noun, self.count[i],
                self.count[i] == 1 ? "" : "s", kinds[i].means,
                kinds[i].advice);
        told = true;
    }
    if (after->at - before->at > SECONDS_MIN)
        print_load(out, before, after);
}
