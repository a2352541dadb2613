/*
 * asio.cc - io_context::run, with asio::post, which allocates each handler.
 *
 * One thread is inside, so the context is told that much, and locks less.
 * A stop stays until restart, which comes when the run has returned: before
 * the next one it would take back a stop that was meant for that.
 *
 * source: the documentation of Asio, io_context and steady_timer
 */
#include <asio.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

#include "peer_loop.h"
#include "scatter.h"

namespace {

using guard = asio::executor_work_guard<asio::io_context::executor_type>;

std::unique_ptr<asio::io_context> context;
std::unique_ptr<guard> work;
std::vector<asio::steady_timer> timers;
void (*on_post)(void);

void open_posts(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        asio::post(*context, [] {});
}

void open_timers(unsigned count)
{
    auto now = std::chrono::steady_clock::now();
    timers.reserve(count);
    for (unsigned i = 0; i < count; i++) {
        timers.emplace_back(*context);
        timers[i].expires_at(now + std::chrono::nanoseconds(scatter_due(i)));
        timers[i].async_wait([](const asio::error_code &) {});
    }
}

}

const char *peer_loop_engine(void)
{
    return "epoll";
}

const char *peer_loop_version(void)
{
    static char text[16];
    std::snprintf(text, sizeof text, "%d.%d.%d", ASIO_VERSION / 100000,
                  ASIO_VERSION / 100 % 1000, ASIO_VERSION % 100);
    return text;
}

void peer_loop_open(void)
{
    context = std::make_unique<asio::io_context>(1);
    work = std::make_unique<guard>(asio::make_work_guard(*context));
}

void peer_loop_run(void)
{
    context->run();
    context->restart();
}

void peer_loop_stop(void)
{
    context->stop();
}

void peer_loop_close(void)
{
    work.reset();
    context.reset();
}

void peer_posts_open(unsigned, void (*run)(void))
{
    on_post = run;
}

void peer_posts_close(void)
{
}

void peer_post(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        asio::post(*context, [] { on_post(); });
}

bool peer_can_end(enum peer_kind kind)
{
    return kind == PEER_POSTS || kind == PEER_TIMERS;
}

void peer_pending_open(enum peer_kind kind, unsigned count)
{
    if (kind == PEER_POSTS)
        open_posts(count);
    else
        open_timers(count);
}

/* The handlers of cancelled timers run; posts are dropped by a context that
 * is destroyed, so they are run, too. */
void peer_pending_end(void)
{
    for (auto &timer : timers)
        timer.cancel();
    work.reset();
    context->run();
    timers.clear();
    context.reset();
}

void peer_pending_close(void)
{
    std::vector<asio::steady_timer>().swap(timers);
}
