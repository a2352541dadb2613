#include "model.h"

#include <string.h>

#include "../../loop/check.h"
#include "../../loop/os.h"
#include "model_search.h"

#define RUNS_DEFAULT 100000
#define DECISIONS_MAX 100000u

struct model model;

static unsigned runs_max = RUNS_DEFAULT;

static const struct rules rules[] = {
    { "sim",      SIM_WIN10, false, true  },
    { "linux",    SIM_LINUX, true,  false },
    { "io_uring", SIM_LINUX, true,  true  },
    { "win32",    SIM_WINE8, false, true  },
};

const struct rules *model_rules(const char *platform)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (!strcmp(platform, rules[i].platform))
            return &rules[i];
    return NULL;
}

bool model_knows(const char *platform)
{
    return model_rules(platform) != NULL;
}

bool model_is_real(const char *platform)
{
    return model_knows(platform) && strcmp(platform, "sim") != 0;
}

static void note_parting(const struct record_event *e)
{
    if (model.now < model.result->at)
        return;
    model.result->at = model.now;
    model.result->model = *e;
}

/* The events of the record take over what the sequence knows of their
 * situation, which is the same as long as the outcomes are. */
static bool compare(const struct record_event *e, void *arg)
{
    (void)arg;
    model_look();
    bool same = !model.failed && model.now < model.record->count &&
                record_same(e, &model.record->event[model.now]);
    if (!same) {
        note_parting(e);
        model.failed = true;
        return false;
    }
    model.record->event[model.now++] = *e;
    model.time = e->beside ? model.now - 1 : model.now;
    model.starting = false;
    return true;
}

struct job {
    const struct sequence       *sequence;
    const struct record_options *options;
};

static void sequence_main(void *arg)
{
    const struct job *job = arg;
    record_perform(job->sequence, &model.memory, job->options);
}

bool model_run(const struct sequence *s, struct sched *sched,
                uint32_t faults, const struct record_options *options)
{
    struct job job = { s, options };
    struct sim_options sim = { .profile = model.rules->profile,
                               .faults = faults,
                               .decisions_max = DECISIONS_MAX };
    struct os_thread thread = { 0 };
    memset(&model.memory.op, 0, sizeof model.memory.op);
    sim_begin(&sim, sched, NULL);
    int status = os_thread_start(&thread, "sequence", sequence_main,
                                 &job);
    LOOP_ASSERT(status == 0);
    return sim_run() == SIM_DONE;
}

static bool run_path(void)
{
    static const struct record_options options = {
        .tell = compare, .deadline = MODEL_DEADLINE,
    };
    uint32_t faults = SIM_FAULT(SCHED_SYNC) | SIM_FAULT(SCHED_CANCEL) |
                      SIM_FAULT(SCHED_PICK_OP) | SIM_FAULT(SCHED_PARTIAL) |
                      SIM_FAULT(SCHED_REFUSE);
    model.cursor = 0;
    model.now = model.time = 0;
    model.failed = false;
    model.picked = NOT_PICKED;
    memset(model.current, 0xff, sizeof model.current);
    memset(model.started, 0, sizeof model.started);
    model.traced = 0;
    memset(model.done, 0, sizeof model.done);
    model.result->runs++;
    return model_run(&model.record->sequence, model_decisions(), faults,
                      &options) &&
           !model.failed && model.now == model.record->count;
}

static enum model_answer find_path(void)
{
    if (!model.fates.possible)
        return run_path(), MODEL_UNEXPLAINED;
    do {
        if (run_path())
            return MODEL_EXPLAINED;
        if (model.result->runs >= runs_max)
            return MODEL_UNDECIDED;
    } while (model_next_path());
    return model.overflow ? MODEL_UNDECIDED : MODEL_UNEXPLAINED;
}

void model_limit(unsigned runs)
{
    runs_max = runs;
}

void model_explain(struct record *r, const char *platform,
                   struct model_result *out)
{
    *out = (struct model_result){ 0 };
    model.record = r;
    model.rules = model_rules(platform);
    LOOP_ASSERT(model.rules != NULL);
    model.choices = 0;
    model.overflow = false;
    model.result = out;
    fates_read(&model.fates, r);
    out->answer = find_path();
    unsigned count = out->answer == MODEL_EXPLAINED ? r->count : out->at;
    for (unsigned i = 0; i < count; i++)
        out->outcomes += record_outcomes(&r->event[i]);
}
