/*
 * end_asio.cc - Asio, whose ways to end stand for two strategies:
 *
 *   stop       io_context::stop, and then the context and all on it is
 *              destroyed: handlers are dropped without being called
 *   graceful   all is cancelled on the thread inside, the work guard is
 *              released, and the run returns when the last handler was called
 *
 * It has no tasks, and no jobs that tell a context of their end.
 *
 * source: the documentation of Asio, io_context, steady_timer,
 *         posix::stream_descriptor and async_write
 */
#include <asio.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <vector>

#include "descriptor.h"
#include "end.h"

namespace {

using guard = asio::executor_work_guard<asio::io_context::executor_type>;
using device = asio::posix::stream_descriptor;

std::unique_ptr<asio::io_context> context;
std::unique_ptr<guard> work;
std::vector<asio::steady_timer> timers;
std::vector<device> devices;
std::array<char, 8> buffer;

void note(const asio::error_code &error)
{
    if (error)
        end_told();
    else
        end_ran();
}

void note_size(const asio::error_code &error, std::size_t)
{
    note(error);
}

void start_posts(unsigned count)
{
    asio::post(*context, end_hold);
    end_wait_inside(2);
    for (unsigned i = 0; i < count; i++)
        asio::post(*context, end_ran);
}

void start_timers(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        timers.emplace_back(*context);
        timers[i].expires_after(std::chrono::hours(1) +
                                std::chrono::milliseconds(i));
        timers[i].async_wait(note);
    }
}

void start_reads(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        devices.emplace_back(*context, static_cast<int>(descriptor_open(PEER_READS)));
        devices[i].async_read_some(asio::buffer(buffer), note_size);
    }
}

void start_write(unsigned count)
{
    std::size_t size = std::size_t(count) * END_KIB;
    devices.emplace_back(*context, end_stream());
    asio::async_write(devices[0], asio::buffer(end_text(count), size),
                      note_size);
}

void start_work(end_work work, unsigned count)
{
    switch (work) {
    case END_POSTS:  start_posts(count);  break;
    case END_TIMERS: start_timers(count); break;
    case END_READS:  start_reads(count);  break;
    case END_WRITE:  start_write(count);  break;
    default:         break;
    }
}

void cancel_all()
{
    for (auto &timer : timers)
        timer.cancel();
    for (auto &one : devices)
        one.close();
}

}

const char *end_engine(void)
{
    return "epoll";
}

bool end_has(enum end_strategy strategy, enum end_work work)
{
    bool has_work = work == END_POSTS || work == END_TIMERS ||
                    work == END_READS || work == END_WRITE;
    return has_work && (strategy == END_STOP || strategy == END_GRACEFUL);
}

void end_room_open(enum end_work work, unsigned count)
{
    if (work == END_TIMERS)
        timers.reserve(count);
    else if (work != END_POSTS)
        devices.reserve(count);
}

void end_room_close(void)
{
    std::vector<asio::steady_timer>().swap(timers);
    std::vector<device>().swap(devices);
}

void end_begin(enum end_strategy, enum end_work kind, unsigned count)
{
    context = std::make_unique<asio::io_context>(1);
    work = std::make_unique<guard>(asio::make_work_guard(*context));
    if (kind != END_POSTS)
        start_work(kind, count);
    end_thread_start([](void *) { context->run(); });
    asio::post(*context, end_inside);
    end_wait_inside(1);
    if (kind == END_POSTS)
        start_work(kind, count);
}

/* What is on the context goes before it. */
void end_by(enum end_strategy strategy)
{
    if (strategy == END_STOP)
        context->stop();
    else
        asio::post(*context, cancel_all);
    work.reset();
    end_thread_join();
    timers.clear();
    devices.clear();
    context.reset();
}
