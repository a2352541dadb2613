/*
 * worker.c - the pool that runs jobs.
 *
 * Workers share the loop's lock. They are joined only by core_finish and
 * loop_destroy, when no job is queued or running, without the lock, and by a
 * thread that no job waits for: a join can wait for nothing but a worker
 * that is on its way out.
 */
#include "core.h"

struct worker {
    struct os_thread thread;
};

/* Tell the loop that a job is over. */
static void end_job(struct loop *l, struct job *j, int status,
                    enum item_state state)
{
    j->status = status;
    list_remove(&j->item);
    j->item.state = (uint8_t)state;
    if (j->done) {
        core_ready(l, &j->item);
    } else if (j->waiter) {
        struct task *waiter = j->waiter;
        j->waiter = NULL;
        j->item.state = ITEM_ENDED;
        l->count[LOOP_JOB]--;
        task_wake(waiter, status);
    } else if (!core_takes_work(l)) {
        j->item.state = ITEM_ENDED;
        l->count[LOOP_JOB]--;
    } else {
        j->item.state = ITEM_UNCLAIMED;
        list_append(&l->jobs_begun, &j->item);
    }
}


static void run_job(struct loop *l, struct job *j)
{
    l->jobs_queued--;
    list_remove(&j->item);

    j->item.state = ITEM_RUNNING;
    list_append(&l->jobs_begun, &j->item);
    os_mutex_unlock(&l->lock);
    int status = j->work(j);
    core_enter(l);
    end_job(l, j, status, ITEM_READY);
    core_leave(l);
    core_enter(l);
}

static void worker_main(void *arg)
{
    struct loop *l = arg;
    core_enter(l);
    for (;;) {
        while (l->jobs_queued == 0 && !l->workers_quit) {
            l->workers_idle++;
            os_cond_wait(&l->job_queued, &l->lock, OS_FOREVER);
            l->workers_idle--;
        }
        if (l->jobs_queued == 0 || l->workers_quit)
            break;
        run_job(l, LIST_OF(l->waiting[LOOP_JOB].next, struct job, item));
    }
    l->workers_ended++;
    os_mutex_unlock(&l->lock);
}

/* Have a worker for the next job: idle, or new; fails if there is none. */
static int provide_worker(struct loop *l)
{
    if (l->workers_idle > l->jobs_queued ||
        l->workers_started == l->workers_max)
        return LOOP_OK;
    if (!l->workers)
        l->workers = os_alloc(l->workers_max * sizeof *l->workers);
    int result = LOOP_ENOMEM;
    if (l->workers) {
        struct worker *w = &l->workers[l->workers_started];
        result = os_thread_start(&w->thread, "worker", worker_main, l);
    }
    if (result == LOOP_OK)
        l->workers_started++;
    return l->workers_started > 0 ? LOOP_OK : LOOP_ENOMEM;
}

int job_submit(struct loop *l, struct job *j)
{
    LOOP_ASSERT(j->work);
    core_enter(l);
    int result = core_takes_work(l) ? LOOP_OK : LOOP_ECLOSED;
    if (result == LOOP_OK)
        result = provide_worker(l);
    if (result == LOOP_OK) {
        j->loop = l;
        j->waiter = NULL;
        core_accept(l, &j->item, LOOP_JOB, ITEM_QUEUED,
                    &l->waiting[LOOP_JOB]);
        l->jobs_queued++;
        os_cond_signal(&l->job_queued);
    }
    core_leave(l);
    return result;
}

void job_request_cancel(struct loop *l, struct job *j)
{
    if (j->item.state != ITEM_QUEUED)
        return;
    l->jobs_queued--;
    end_job(l, j, LOOP_EABORTED, ITEM_ABORTED);
}

int job_cancel(struct job *j)
{
    struct loop *l = j->loop;
    core_enter(l);
    int result = j->item.state == ITEM_QUEUED ? LOOP_OK : LOOP_ENOTFOUND;
    job_request_cancel(l, j);
    core_leave(l);
    return result;
}

void job_cancel_all(struct loop *l)
{
    struct loop_item *head = &l->waiting[LOOP_JOB];
    while (!list_empty(head))
        job_request_cancel(l, LIST_OF(head->next, struct job, item));
}

void job_drop_unclaimed(struct loop *l)
{
    struct loop_item *head = &l->jobs_begun;
    struct loop_item *next;
    for (struct loop_item *i = head->next; i != head; i = next) {
        next = i->next;
        if (i->state == ITEM_UNCLAIMED) {
            list_remove(i);
            i->state = ITEM_ENDED;
            l->count[LOOP_JOB]--;
        }
    }
}

void job_deliver(struct loop *l, struct loop_item *i)
{
    struct job *j = LIST_OF(i, struct job, item);
    l->count[LOOP_JOB]--;
    os_mutex_unlock(&l->lock);
    j->done(j, j->status);
    core_enter(l);
}

void worker_quit(struct loop *l)
{
    l->workers_quit = true;
    os_cond_broadcast(&l->job_queued);
}

void worker_join(struct loop *l)
{
    for (uint32_t i = 0; i < l->workers_started; i++)
        os_thread_join(&l->workers[i].thread);
    l->workers_started = l->workers_ended = 0;
    os_free(l->workers);
    l->workers = NULL;
}
