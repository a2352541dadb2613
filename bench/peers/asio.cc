/*
 * asio.cc - io_context::run, with asio::post, which allocates each handler.
 *
 * The context is told how many threads will be inside, and with one it locks
 * less. Posts that a context still has when it is destroyed are dropped, so
 * they are run before.
 *
 * What it waits in and what it reads from is in asio_machine.hh of the
 * machine's folder.
 *
 * source: the documentation of Asio, io_context and steady_timer
 */
#include <asio.hpp>

#include <array>
#include <chrono>
#include <climits>
#include <cstdio>
#include <memory>
#include <vector>

#include "asio_context.h"
#include "asio_machine.hh"
#include "peer_loop.h"

std::unique_ptr<asio::io_context> asio_context;

namespace {

using acceptor = asio::ip::tcp::acceptor;
using guard = asio::executor_work_guard<asio::io_context::executor_type>;

std::unique_ptr<asio::thread_pool> pool;
std::unique_ptr<guard> work;
std::vector<asio::steady_timer> timers;
std::vector<machine_reader> reads;
std::vector<acceptor> accepts;
std::array<char, 8> buffer;
void (*on_post)(void);
void (*on_fired)(void);
void (*on_work)(void);
void (*on_done)(void);

void open_reads(peer_kind kind, unsigned descriptors, unsigned count)
{
    reads.reserve(descriptors);
    for (unsigned i = 0; i < descriptors; i++)
        reads.push_back(machine_reader_open(*asio_context, kind));
    for (unsigned i = 0; i < count; i++)
        machine_read(reads[i % descriptors], asio::buffer(buffer),
                     [](const asio::error_code &, std::size_t) {});
}

void open_accepts(peer_kind kind, unsigned descriptors, unsigned count)
{
    accepts.reserve(descriptors);
    for (unsigned i = 0; i < descriptors; i++)
        accepts.emplace_back(
            *asio_context, asio::ip::tcp::v4(),
            static_cast<machine_listener>(descriptor_open(kind)));
    for (unsigned i = 0; i < count; i++)
        accepts[i % descriptors].async_accept(
            [](const asio::error_code &, asio::ip::tcp::socket) {});
}

void fire(const asio::error_code &error)
{
    if (!error)
        on_fired();
}

}

const char *peer_loop_engine(void)
{
    return machine_engine;
}

const char *peer_loop_version(void)
{
    static char text[16];
    std::snprintf(text, sizeof text, "%d.%d.%d", ASIO_VERSION / 100000,
                  ASIO_VERSION / 100 % 1000, ASIO_VERSION % 100);
    return text;
}

unsigned peer_loop_threads(void)
{
    return UINT_MAX;
}

bool peer_loop_has(enum peer_kind kind)
{
    return kind != PEER_TASKS || asio_has_tasks();
}

size_t peer_loop_storage(void)
{
    return 0;
}

size_t peer_storage(enum peer_kind kind)
{
    switch (kind) {
    case PEER_TIMERS:  return sizeof(asio::steady_timer);
    case PEER_TASKS:    return sizeof(asio::steady_timer);
    case PEER_READS:    return sizeof(machine_reader);
    default:            return 0;
    }
}

void peer_loop_open(unsigned threads)
{
    asio_context = std::make_unique<asio::io_context>(
        static_cast<int>(threads));
    work = std::make_unique<guard>(asio::make_work_guard(*asio_context));
}

void peer_loop_run(void)
{
    asio_context->run();
}

/* A stop stays until then. */
void peer_loop_ready(void)
{
    asio_context->restart();
}

void peer_loop_stop(void)
{
    asio_context->stop();
}

/* The handlers of what is cancelled run, for one descriptor or many. */
void peer_loop_end(void)
{
    for (auto &timer : timers)
        timer.cancel();
    for (auto &read : reads)
        read.close();
    for (auto &accept : accepts)
        accept.close();
    asio_tasks_cancel();
    work.reset();
    asio_context->restart();
    asio_context->run();
    timers.clear();
    reads.clear();
    accepts.clear();
    asio_tasks_clear();
    asio_context.reset();
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
        asio::post(*asio_context, [] { on_post(); });
}

void peer_timers_open(unsigned count, void (*fired)(void))
{
    on_fired = fired;
    timers.reserve(count);
    for (unsigned i = 0; i < count; i++)
        timers.emplace_back(*asio_context);
}

void peer_timers_close(void)
{
    std::vector<asio::steady_timer>().swap(timers);
}

void peer_timer_start(unsigned number, uint64_t after)
{
    timers[number].expires_after(std::chrono::nanoseconds(after));
    timers[number].async_wait(fire);
}

void peer_timer_cancel(unsigned number)
{
    timers[number].cancel();
}

void peer_io_open(enum peer_kind kind, unsigned count)
{
    unsigned descriptors = descriptor_is_one(kind) ? 1 : count;
    if (descriptor_accepts(kind))
        open_accepts(kind, descriptors, count);
    else
        open_reads(kind, descriptors, count);
}

void peer_io_close(void)
{
    std::vector<machine_reader>().swap(reads);
    std::vector<acceptor>().swap(accepts);
}

void peer_jobs_open(unsigned, void (*work)(void), void (*done)(void))
{
    on_work = work;
    on_done = done;
    pool = std::make_unique<asio::thread_pool>(PEER_WORKERS);
}

void peer_jobs_close(void)
{
    pool->join();
    pool.reset();
}

void peer_job_submit(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        asio::post(*pool, [] {
            on_work();
            asio::post(*asio_context, [] { on_done(); });
        });
}
