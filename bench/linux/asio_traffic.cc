/*
 * asio_traffic.cc - async_read_some, async_write_some and async_write, of
 * sockets of a local stream and of descriptors of a pipe.
 *
 * source: the documentation of Asio, local::stream_protocol::socket and
 *         posix::stream_descriptor
 */
#include <asio.hpp>

#include <array>
#include <memory>

#include "../peers/asio_context.h"
#include "../peers/peer_loop.h"

namespace {

std::array<char, PEER_BLOCK> got, sent;

class traffic {
public:
    virtual ~traffic() = default;
    virtual void move(unsigned count) = 0;
};

template <typename stream>
class traffic_of : public traffic {
public:
    template <typename... arguments>
    traffic_of(enum peer_traffic kind, const intptr_t ends[2], arguments... args)
        : kind_(kind),
          end_{ stream(*asio_context, args..., int(ends[0])),
                stream(*asio_context, args..., int(ends[1])) }
    {
        if (kind == PEER_ECHO_PAIR)
            read_byte(1);
    }

    void move(unsigned count) override
    {
        left_ = unsent_ = count;
        if (kind_ == PEER_PUMP) {
            left_ = unsent_ = std::uint64_t(count) * PEER_BLOCK;
            read_block();
            write_block();
        } else {
            read_byte(next_);
            write_byte(next_);
        }
        peer_loop_run();
    }

private:
    /* The read comes first, as it does in our own loop. */
    void read_byte(unsigned side)
    {
        end_[side].async_read_some(
            asio::buffer(got.data(), 1),
            [this, side](const asio::error_code &error, std::size_t) {
                if (error)
                    return;
                next_ = side;
                if (--left_ == 0) {
                    peer_loop_stop();
                    return;
                }
                read_byte(side);
                write_byte(side);
            });
    }

    void write_byte(unsigned side)
    {
        unsigned to = kind_ == PEER_ECHO_PIPE ? 1 : side;
        end_[to].async_write_some(
            asio::buffer(sent.data(), 1),
            [](const asio::error_code &, std::size_t) {});
    }

    void read_block()
    {
        end_[0].async_read_some(
            asio::buffer(got),
            [this](const asio::error_code &error, std::size_t size) {
                if (error)
                    return;
                left_ -= size;
                if (left_ == 0)
                    peer_loop_stop();
                else
                    read_block();
            });
    }

    void write_block()
    {
        asio::async_write(
            end_[1], asio::buffer(sent),
            [this](const asio::error_code &error, std::size_t size) {
                if (error)
                    return;
                unsent_ -= size;
                if (unsent_ > 0)
                    write_block();
            });
    }

    enum peer_traffic kind_;
    stream end_[2];
    unsigned next_ = 0;
    std::uint64_t left_ = 0;
    std::uint64_t unsent_ = 0;
};

using socket_traffic = traffic_of<asio::local::stream_protocol::socket>;
using pipe_traffic = traffic_of<asio::posix::stream_descriptor>;

std::unique_ptr<traffic> open_traffic;

}

bool peer_has_traffic(void)
{
    return true;
}

void peer_traffic_open(enum peer_traffic kind, bool is_pipe,
                       const intptr_t ends[2])
{
    if (is_pipe)
        open_traffic = std::make_unique<pipe_traffic>(kind, ends);
    else
        open_traffic = std::make_unique<socket_traffic>(
            kind, ends, asio::local::stream_protocol());
}

void peer_traffic(unsigned count)
{
    open_traffic->move(count);
}

/* What the ends have pending is cancelled, and its handlers run; they do not
 * look at what is gone. */
void peer_traffic_close(void)
{
    open_traffic.reset();
    peer_loop_ready();
    asio_context->poll();
}
