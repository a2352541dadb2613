/*
 * asio_tasks.cc - coroutines of C++20 that Asio resumes: co_spawn, and
 * awaitable.
 *
 * One that is awaited on its own is what co_spawn answers to use_awaitable.
 * This release has no group of as many as one likes, so who awaits many waits
 * for a timer that the last of them cancels. A coroutine that one inside
 * spawns begins at once, and may have ended before anybody waits.
 *
 * source: the documentation of Asio, "C++20 Coroutines Support"
 */
#include <asio.hpp>

#include <chrono>
#include <vector>

#include "asio_context.h"
#include "peer_loop.h"
#include "scatter.h"

namespace {

using asio::awaitable;
using asio::use_awaitable;

std::vector<asio::steady_timer> sleeping;
unsigned left;

awaitable<void> sleep_in(asio::steady_timer &timer)
{
    asio::error_code error;
    co_await timer.async_wait(asio::redirect_error(use_awaitable, error));
}

awaitable<void> end_at_once()
{
    co_return;
}

awaitable<void> end_and_count()
{
    if (--left == 0)
        peer_loop_stop();
    co_return;
}

awaitable<void> end_and_tell(asio::steady_timer &last)
{
    if (--left == 0)
        last.cancel();
    co_return;
}

awaitable<void> await_each(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        co_await asio::co_spawn(*asio_context, end_at_once(), use_awaitable);
    peer_loop_stop();
}

awaitable<void> yield_often(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        co_await asio::post(*asio_context, use_awaitable);
    peer_loop_stop();
}

awaitable<void> gather(unsigned count)
{
    asio::steady_timer last(*asio_context,
                            asio::steady_timer::time_point::max());
    for (unsigned i = 0; i < count; i++)
        asio::co_spawn(*asio_context, end_and_tell(last), asio::detached);
    if (left > 0)
        co_await sleep_in(last);
    peer_loop_stop();
}

void spawn(awaitable<void> task)
{
    asio::co_spawn(*asio_context, std::move(task), asio::detached);
}

}

bool asio_has_tasks(void)
{
    return true;
}

/* Each is told by its timer. */
void asio_tasks_cancel(void)
{
    for (auto &timer : sleeping)
        timer.cancel();
}

void asio_tasks_clear(void)
{
    sleeping.clear();
}

unsigned peer_tasks_max(void)
{
    return 100000;
}

/* One pass takes each to its wait. */
void peer_tasks_open(unsigned count)
{
    sleeping.reserve(count);
    for (unsigned i = 0; i < count; i++) {
        sleeping.emplace_back(*asio_context,
                              std::chrono::nanoseconds(scatter_due(i)));
        spawn(sleep_in(sleeping.back()));
    }
    asio_context->poll();
}

void peer_tasks_close(void)
{
    std::vector<asio::steady_timer>().swap(sleeping);
}

void peer_work_open(unsigned)
{
}

void peer_work_close(void)
{
}

void peer_work(enum peer_work kind, unsigned count)
{
    left = count;
    switch (kind) {
    case PEER_SPAWN:
        for (unsigned i = 0; i < count; i++)
            spawn(end_and_count());
        break;
    case PEER_AWAIT:    spawn(await_each(count)); break;
    case PEER_YIELD:    spawn(yield_often(count)); break;
    case PEER_GATHER:   spawn(gather(count)); break;
    }
    peer_loop_run();
}
