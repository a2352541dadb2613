/*
 * asio_machine.hh - what Asio waits in here, and a socket that it reads.
 *
 * source: the documentation of Asio, ip::udp
 */
#ifndef BENCH_WIN32_ASIO_MACHINE_HH
#define BENCH_WIN32_ASIO_MACHINE_HH

#include <asio.hpp>

#include "../peers/descriptor.h"

using machine_reader = asio::ip::udp::socket;

using machine_listener = SOCKET;

constexpr const char *machine_engine = "iocp";

inline machine_reader machine_reader_open(asio::io_context &context,
                                          peer_kind kind)
{
    return machine_reader(context, asio::ip::udp::v4(),
                          static_cast<SOCKET>(descriptor_open(kind)));
}

template <typename Done>
void machine_read(machine_reader &reader, asio::mutable_buffer to, Done done)
{
    reader.async_receive(to, done);
}

#endif
