/*
 * worker_test.c - jobs on the loop's own threads.
 */
#include <stdatomic.h>

#include "test_loop.h"
#include "timer.h"
#include "worker.h"

enum { CROWD = 200, WORKERS = 3 };

/* A job that notes who worked and who was told; gates hold it in place. */
struct work {
    struct job   job;
    struct loop *loop;
    struct gate *begun;
    struct gate *go_on;
    struct post  post;
    int          status;
    atomic_int   worked;
    atomic_int   done;
    int          told;
    int          post_result;
    uint64_t     worker;
    uint64_t     deliverer;
};

static atomic_int working, working_max;

static void enter_work(void)
{
    int now = atomic_fetch_add(&working, 1) + 1;
    int before = working_max;
    while (before < now &&
           !atomic_compare_exchange_weak(&working_max, &before, now))
        continue;
}

static int on_work(struct job *j)
{
    struct work *w = LIST_OF(j, struct work, job);
    enter_work();
    w->worker = os_thread_self();
    w->worked++;
    if (w->begun)
        gate_raise(w->begun);
    if (w->go_on)
        gate_wait(w->go_on, 1);
    atomic_fetch_sub(&working, 1);
    return w->status;
}

static void on_done(struct job *j, int status)
{
    struct work *w = LIST_OF(j, struct work, job);
    w->deliverer = os_thread_self();
    w->told = status;
    w->done++;
}

static void submit(struct loop *l, struct work *w)
{
    w->loop = l;
    w->job.work = on_work;
    w->job.done = on_done;
    CHECK_EQ(0, job_submit(l, &w->job));
}

static void run_idle(struct loop *l)
{
    CHECK_EQ(LOOP_IDLE, loop_run(l, LOOP_UNTIL_IDLE));
}

static void check_worked(const struct work *w, int status)
{
    CHECK_EQ(1, w->worked);
    CHECK_EQ(1, w->done);
    CHECK_EQ(status, w->told);
}

static void check_aborted(const struct work *w)
{
    CHECK_EQ(0, w->worked);
    CHECK_EQ(1, w->done);
    CHECK_EQ(LOOP_EABORTED, w->told);
}

/* The work is done elsewhere, the end is told here, and a run until idle
 * waits for it. */
static void job_works_on_a_worker_and_ends_on_the_loop(void)
{
    struct loop *l = test_loop_create(0);
    for (int i = 0; i < 50; i++) {
        struct work w = { .status = i };
        submit(l, &w);
        run_idle(l);
        check_worked(&w, i);
        CHECK_EQ(os_thread_self(), w.deliverer);
        CHECK(w.worker != w.deliverer);
    }
    test_loop_end(l);
}

/* More jobs than workers: each is worked on once, never by more threads
 * than were asked for. */
static void crowd_of_jobs_shares_few_workers(void)
{
    static struct work crowd[CROWD];
    struct loop *l = test_loop_create(WORKERS);
    working_max = 0;
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = (struct work){ .status = i };
        submit(l, &crowd[i]);
    }
    run_idle(l);
    for (int i = 0; i < CROWD; i++)
        check_worked(&crowd[i], i);
    CHECK(working_max >= 1);
    CHECK(working_max <= WORKERS);
    test_loop_end(l);
}

/* Jobs that all have to be under way at once get a worker each, though a
 * worker that has just become idle may look free to more than one. */
static void jobs_that_need_one_another_run_together(void)
{
    for (int round = 0; round < 100; round++) {
        struct loop *l = test_loop_create(WORKERS);
        struct gate begun, go_on;
        struct work first = { .status = 0 }, w[WORKERS];
        gate_open(&begun);
        gate_open(&go_on);
        submit(l, &first);
        run_idle(l);

        /* The worker is on its way to idle, or is. */
        if (round % 2)
            os_pause();
        for (int i = 0; i < WORKERS; i++) {
            w[i] = (struct work){ .begun = &begun, .go_on = &go_on };
            submit(l, &w[i]);
        }
        gate_wait(&begun, WORKERS);
        gate_raise(&go_on);
        run_idle(l);
        for (int i = 0; i < WORKERS; i++)
            check_worked(&w[i], 0);
        gate_close(&go_on);
        gate_close(&begun);
        test_loop_end(l);
    }
}

/* A queued job is told that it was cancelled and is never begun; one that
 * runs is too late to cancel. */
static void queued_job_is_cancelled_and_a_running_one_is_not(void)
{
    struct loop *l = test_loop_create(1);
    struct gate begun, go_on;
    struct work running = { .begun = &begun, .go_on = &go_on, .status = 1 };
    struct work queued[3] = { { .status = 2 }, { .status = 3 },
                              { .status = 4 } };
    gate_open(&begun);
    gate_open(&go_on);
    submit(l, &running);
    for (int i = 0; i < 3; i++)
        submit(l, &queued[i]);
    gate_wait(&begun, 1);
    CHECK_EQ(LOOP_ENOTFOUND, job_cancel(&running.job));
    CHECK_EQ(0, job_cancel(&queued[1].job));
    CHECK_EQ(LOOP_ENOTFOUND, job_cancel(&queued[1].job));
    CHECK_EQ(LOOP_PASSED, loop_run(l, LOOP_ONCE));
    check_aborted(&queued[1]);
    gate_raise(&go_on);
    run_idle(l);
    check_worked(&running, 1);
    check_worked(&queued[0], 2);
    check_worked(&queued[2], 4);
    check_aborted(&queued[1]);
    CHECK_EQ(LOOP_ENOTFOUND, job_cancel(&queued[0].job));
    gate_close(&go_on);
    gate_close(&begun);
    test_loop_end(l);
}

/* A cancel that races with the worker: it is worked on or cancelled, told
 * once, and the two agree. */
static void cancel_racing_a_worker_is_one_or_the_other(void)
{
    static struct work crowd[CROWD];
    struct loop *l = test_loop_create(2);
    for (int round = 0; round < 10; round++) {
        int cancelled[CROWD];
        for (int i = 0; i < CROWD; i++) {
            crowd[i] = (struct work){ .status = 9 };
            submit(l, &crowd[i]);
            if (i >= 5)
                cancelled[i - 5] = job_cancel(&crowd[i - 5].job);
        }
        for (int i = CROWD - 5; i < CROWD; i++)
            cancelled[i] = job_cancel(&crowd[i].job);
        run_idle(l);
        for (int i = 0; i < CROWD; i++)
            if (cancelled[i] == 0)
                check_aborted(&crowd[i]);
            else
                check_worked(&crowd[i], 9);
    }
    test_loop_end(l);
}

/* Threads that submit and threads that deliver. */
struct giver {
    struct os_thread thread;
    struct loop     *loop;
    struct work      work[CROWD];
};

static struct giver givers[2];

static void giver_main(void *arg)
{
    struct giver *g = arg;
    for (int i = 0; i < CROWD; i++) {
        g->work[i] = (struct work){ .status = i };
        submit(g->loop, &g->work[i]);
    }
}

static void idle_main(void *loop)
{
    run_idle(loop);
}

static void jobs_of_many_threads_are_told_once(void)
{
    struct loop *l = test_loop_create(WORKERS);
    struct os_thread runners[2];
    for (int i = 0; i < 2; i++) {
        givers[i].loop = l;
        test_thread_start(&givers[i].thread, giver_main, &givers[i]);
    }
    for (int i = 0; i < 2; i++)
        test_thread_start(&runners[i], idle_main, l);
    for (int i = 0; i < 2; i++)
        os_thread_join(&givers[i].thread);
    for (int i = 0; i < 2; i++)
        os_thread_join(&runners[i]);
    run_idle(l);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < CROWD; k++)
            check_worked(&givers[i].work[k], k);
    test_loop_end(l);
}

/* 8: a loop whose job runs is not closed, nor one whose job has yet to be
 * told; idle workers are no obstacle. */
static void close_refuses_until_jobs_are_told(void)
{
    struct loop *l = test_loop_create(0);
    struct gate begun, go_on;
    struct work w = { .begun = &begun, .go_on = &go_on };
    gate_open(&begun);
    gate_open(&go_on);
    submit(l, &w);
    gate_wait(&begun, 1);
    CHECK_EQ(LOOP_EBUSY, loop_close(l));
    gate_raise(&go_on);
    CHECK_EQ(LOOP_EBUSY, loop_close(l));
    run_idle(l);
    check_worked(&w, 0);
    gate_close(&go_on);
    gate_close(&begun);
    test_loop_end(l);
    CHECK_EQ(1, w.done);
}

static void on_release(struct post *p, int status)
{
    struct work *w = LIST_OF(p, struct work, post);
    CHECK_EQ(0, status);
    gate_raise(w->go_on);
}

static int on_post_back(struct job *j)
{
    struct work *w = LIST_OF(j, struct work, job);
    w->worked++;
    gate_wait(w->begun, 1);
    w->post.run = on_release;
    w->post_result = loop_post(w->loop, &w->post);
    if (w->post_result == 0)
        gate_wait(w->go_on, 1);
    return w->status;
}

/* A hook that opens a gate: by then the shutdown is under way. */
struct key_hook {
    struct shutdown_hook hook;
    struct gate         *key;
};

static bool on_key(struct shutdown_hook *h)
{
    gate_raise(LIST_OF(h, struct key_hook, hook)->key);
    return true;
}

/* A job that waits for a callback of its own loop while a shutdown waits for
 * the job: the shutdown goes on to deliver. A post that comes when it takes
 * none any more is refused, and the job knows. */
static void job_that_posts_back_does_not_hang_a_shutdown(void)
{
    for (int round = 0; round < 50; round++) {
        struct loop *l = test_loop_create(0);
        struct gate begun, go_on;
        struct shutdown_options hooks = { .strategy = SHUTDOWN_HOOKS };
        struct work w = { .begun = &begun, .go_on = &go_on, .status = 3,
                          .loop = l,
                          .job = { .work = on_post_back, .done = on_done } };
        struct key_hook hook = { .hook.begin = on_key, .key = &begun };
        gate_open(&begun);
        gate_open(&go_on);
        CHECK_EQ(0, job_submit(l, &w.job));
        CHECK_EQ(0, shutdown_hook_add(l, &hook.hook));
        CHECK_EQ(0, loop_shutdown(l, &hooks, NULL));
        CHECK(w.post_result == 0 || w.post_result == LOOP_ECLOSED);
        CHECK(w.worked + (w.told == LOOP_EABORTED) == 1);
        CHECK_EQ(1, w.done);
        loop_destroy(l);
        gate_close(&go_on);
        gate_close(&begun);
    }
}

static void on_aborted(struct job *j, int status)
{
    struct work *w = LIST_OF(j, struct work, job);
    on_done(j, status);
    gate_raise(w->go_on);
}

/* The graceful end: what runs is waited for, what is queued is cancelled
 * first, as here the running job ends only after that; and no worker is
 * left. */
static void shutdown_waits_for_running_jobs_and_cancels_the_rest(void)
{
    int threads = test_machine_threads();
    struct loop *l = test_loop_create(1);
    struct gate begun, go_on;
    struct work running = { .begun = &begun, .go_on = &go_on, .status = 1 };
    struct work queued[5];
    gate_open(&begun);
    gate_open(&go_on);
    submit(l, &running);
    for (int i = 0; i < 5; i++) {
        queued[i] = (struct work){ .job = { .work = on_work,
                                            .done = on_aborted },
                                   .go_on = &go_on };
        CHECK_EQ(0, job_submit(l, &queued[i].job));
    }
    gate_wait(&begun, 1);
    test_loop_shut_down(l);
    check_worked(&running, 1);
    for (int i = 0; i < 5; i++)
        check_aborted(&queued[i]);
    CHECK(test_threads_sink_to(threads));
    gate_close(&go_on);
    gate_close(&begun);
}

static void on_free_job(struct job *j, int status)
{
    CHECK(status == 0 || status == LOOP_EABORTED);
    os_free(LIST_OF(j, struct work, job));
}

/* A job is the caller's from the moment it is told to be over. */
static void job_may_be_freed_in_its_callback(void)
{
    struct loop *l = test_loop_create(2);
    for (int i = 0; i < 50; i++) {
        struct work *w = os_alloc(sizeof *w);
        w->job.work = on_work;
        w->job.done = on_free_job;
        CHECK_EQ(0, job_submit(l, &w->job));
        if (i % 5 == 0)
            job_cancel(&w->job);
    }
    run_idle(l);
    test_loop_end(l);
}

/* A closed loop takes no job and starts no thread. */
static void closed_loop_takes_no_job(void)
{
    struct loop *l = test_loop_create(0);
    struct work w = { .job = { .work = on_work, .done = on_done } };
    CHECK_EQ(0, loop_close(l));
    CHECK_EQ(LOOP_ECLOSED, job_submit(l, &w.job));
    CHECK_EQ(0, w.worked + w.done);
    loop_destroy(l);
}

int main(void)
{
    int descriptors = test_descriptors();
    RUN(job_works_on_a_worker_and_ends_on_the_loop);
    RUN(crowd_of_jobs_shares_few_workers);
    RUN(jobs_that_need_one_another_run_together);
    RUN(queued_job_is_cancelled_and_a_running_one_is_not);
    RUN(cancel_racing_a_worker_is_one_or_the_other);
    RUN(jobs_of_many_threads_are_told_once);
    RUN(close_refuses_until_jobs_are_told);
    RUN(job_that_posts_back_does_not_hang_a_shutdown);
    RUN(shutdown_waits_for_running_jobs_and_cancels_the_rest);
    RUN(job_may_be_freed_in_its_callback);
    RUN(closed_loop_takes_no_job);
    CHECK_EQ(descriptors, test_descriptors());
    return test_result(11);
}
