/*
 * asio_machine.hh - what Asio waits in here, and a descriptor that it reads.
 *
 * source: the documentation of Asio, posix::stream_descriptor
 */
#ifndef BENCH_LINUX_ASIO_MACHINE_HH
#define BENCH_LINUX_ASIO_MACHINE_HH

#include <asio.hpp>

#include "../peers/descriptor.h"

using machine_reader = asio::posix::stream_descriptor;

using machine_listener = int;

constexpr const char *machine_engine = "epoll";

inline machine_reader machine_reader_open(asio::io_context &context,
                                          peer_kind kind)
{
    return machine_reader(context, static_cast<int>(descriptor_open(kind)));
}

template <typename Done>
void machine_read(machine_reader &reader, asio::mutable_buffer to, Done done)
{
    reader.async_read_some(to, done);
}

#endif
