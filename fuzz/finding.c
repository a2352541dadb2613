#include "finding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shrink.h"

/* What a smaller scenario has to show. */
struct expected {
    const struct subject     *subject;
    const struct run_options *options;
    const struct run_result  *result;
    void (*shrinking)(unsigned tries);
};

static bool same(const struct run_result *a, const struct run_result *b)
{
    return a->verdict == b->verdict && !strcmp(a->where, b->where);
}

static bool reproduces(const struct scenario *s, void *context)
{
    const struct expected *e = context;
    struct run_result result;
    runner_replay(e->subject, s, e->options, &result);
    return same(&result, e->result);
}

static void on_progress(const struct shrink_progress *p, void *context)
{
    const struct expected *e = context;
    if (e->shrinking)
        e->shrinking(p->tries);
}

void finding_shrink(const struct subject *subject, struct scenario *s,
                    const struct run_options *options,
                    const struct run_result *expected,
                    void (*shrinking)(unsigned tries))
{
    struct expected e = { subject, options, expected, shrinking };
    struct shrink_options how = { .reproduces = reproduces,
        .progress = on_progress, .context = &e };
    shrink_scenario(s, &how, NULL);
}

static struct finding *find_bucket(struct findings *f,
                                   const struct run_result *result)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->list[i].verdict == result->verdict &&
            !strcmp(f->list[i].where, result->where))
            return &f->list[i];
    return NULL;
}

/* FNV-1a: the name of a bucket's file has to be the same on every machine. */
static unsigned bucket_hash(const char *where)
{
    unsigned hash = 2166136261u;
    for (; *where; where++)
        hash = (hash ^ (unsigned char)*where) * 16777619u;
    return hash;
}

static void name_file(const struct findings *f, struct finding *finding)
{
    snprintf(finding->path, sizeof finding->path, "%s/%s-%08x.scn",
             f->folder, verdict_name(finding->verdict),
             bucket_hash(finding->where));
}

static void print_scenario(FILE *out, const void *what)
{
    scenario_print(out, what);
}

static void write_finding(struct findings *f, struct finding *finding,
                          const struct scenario *s)
{
    size_t size;
    char *text = host_print(print_scenario, s, &size);
    name_file(f, finding);
    bool good = text && host_make_folder(f->folder, f->why) == 0 &&
                host_write_file(finding->path, text, size, f->why) == 0;
    free(f->unsaved);
    f->unsaved = NULL;
    if (good) {
        free(text);
        return;
    }
    if (!text)
        snprintf(f->why, sizeof f->why, "out of memory");
    finding->path[0] = '\0';
    f->unsaved = text;
}

static void set_schedule(struct scenario *s)
{
    size_t count;
    const struct sched_exception *list = sched_recorded(&count);
    if (count > SCENARIO_EXCEPTIONS_MAX)
        count = SCENARIO_EXCEPTIONS_MAX;
    memcpy(s->exception, list, count * sizeof *list);
    s->exception_count = (uint32_t)count;
}

struct finding *finding_note(struct findings *f, const struct scenario *s,
                             const struct run_options *options,
                             const struct run_result *result,
                             void (*shrinking)(unsigned tries))
{
    struct finding *known = find_bucket(f, result);
    if (known) {
        known->times++;
        return NULL;
    }
    if (f->count == FINDINGS_MAX || sched_record_overflow())
        return NULL;

    static struct scenario small;
    struct run_result again, wanted = *result;
    small = *s;
    set_schedule(&small);
    runner_replay(f->subject, &small, options, &again);
    if (!same(&again, result)) {
        wanted.verdict = VERDICT_HARNESS_FAULT;
        snprintf(wanted.where, sizeof wanted.where,
                 "%.40s is not replayed: %.40s instead", result->where,
                 verdict_name(again.verdict));
        if (find_bucket(f, &wanted))
            return NULL;
    } else {
        finding_shrink(f->subject, &small, options, result, shrinking);
        runner_replay(f->subject, &small, options, &again);
    }

    struct finding *new_one = &f->list[f->count++];
    *new_one = (struct finding){ .verdict = wanted.verdict, .times = 1 };
    snprintf(new_one->where, sizeof new_one->where, "%s", wanted.where);
    snprintf(new_one->frames, sizeof new_one->frames, "%s", again.frames);
    small.expect = result->verdict;
    snprintf(small.name, sizeof small.name, "%s-%08x",
             verdict_name(result->verdict), bucket_hash(result->where));
    write_finding(f, new_one, &small);
    return new_one;
}
