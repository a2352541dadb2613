/*
 * coroutines.cc - compiles where Asio has its tasks.
 */
#include <asio/detail/config.hpp>

static_assert(ASIO_HAS_CO_AWAIT, "Asio has no coroutines here");
