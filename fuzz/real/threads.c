#include "threads.h"

#include <string.h>

#include "../../loop/loop.h"
#include "../trace.h"
#include "noise.h"
#include "seam.h"

struct thread threads[GROUND_THREADS_MAX];
atomic_ullong threads_moves;

static atomic_uint count;
static _Thread_local struct thread *self;

void threads_begin(void)
{
    unsigned used = atomic_load(&count);
    for (unsigned i = 0; i < used && i < GROUND_THREADS_MAX; i++)
        memset(&threads[i], 0, sizeof threads[i]);
    atomic_store(&count, 0);
}

unsigned ground_thread_count(void)
{
    unsigned used = atomic_load(&count);
    return used < GROUND_THREADS_MAX ? used : GROUND_THREADS_MAX;
}

struct thread *threads_self(void)
{
    return self;
}

unsigned ground_thread(void)
{
    return self ? (unsigned)(self - threads) : GROUND_OUTSIDE;
}

static void thread_main(void *arg)
{
    self = arg;
    noise_thread_begins(self, ground_thread());
    trace_emit(TRACE_THREAD_START, ground_thread(), 0);
    noise_point();
    self->entry(self->arg);
    trace_emit(TRACE_THREAD_END, ground_thread(), 0);
    atomic_store(&self->state, GROUND_ENDED);
    atomic_fetch_add(&threads_moves, 1);
}

int threads_start(struct os_thread *t, const char *name,
                  void (*entry)(void *arg), void *arg)
{
    unsigned number = atomic_fetch_add(&count, 1);
    if (number >= GROUND_THREADS_MAX) {
        atomic_fetch_sub(&count, 1);
        return LOOP_ENOMEM;
    }
    struct thread *thread = &threads[number];
    thread->name = name ? name : "-";
    thread->entry = entry;
    thread->arg = arg;
    thread->handle = t;
    int result = seam_thread_start(t, name, thread_main, thread);
    if (result < 0) {
        atomic_store(&thread->joined, true);
        atomic_store(&thread->state, GROUND_ENDED);
    }
    return result;
}

unsigned threads_find(const struct os_thread *t)
{
    for (unsigned i = ground_thread_count(); i-- > 0;)
        if (threads[i].handle == t)
            return i;
    return GROUND_OUTSIDE;
}

void threads_wait(enum ground_state why, unsigned object, uint64_t until)
{
    if (!self)
        return;
    atomic_store(&self->object, object);
    atomic_store(&self->until, until);
    atomic_store(&self->state, why);
    atomic_fetch_add(&threads_moves, 1);
}

void threads_go_on(void)
{
    if (!self)
        return;
    atomic_fetch_add(&threads_moves, 1);
    atomic_store(&self->state, GROUND_READY);
}

unsigned threads_alive(void)
{
    unsigned alive = 0;
    for (unsigned i = 0; i < ground_thread_count(); i++)
        alive += atomic_load(&threads[i].state) != GROUND_ENDED;
    return alive;
}

bool threads_all_wait(uint64_t *until)
{
    *until = OS_FOREVER;
    for (unsigned i = 0; i < ground_thread_count(); i++) {
        enum ground_state state =
            (enum ground_state)atomic_load(&threads[i].state);
        if (state == GROUND_READY)
            return false;
        uint64_t time = atomic_load(&threads[i].until);
        if (state != GROUND_ENDED && time < *until)
            *until = time;
    }
    return true;
}

void ground_thread_info(unsigned thread, struct ground_thread_info *out)
{
    const struct thread *t = &threads[thread];
    out->name = t->name ? t->name : "-";
    out->state = (enum ground_state)atomic_load(&t->state);
    out->object = atomic_load(&t->object);
    out->holder = GROUND_OUTSIDE;
    out->timed = out->state != GROUND_READY && out->state != GROUND_ENDED &&
                 atomic_load(&t->until) != OS_FOREVER;
}
