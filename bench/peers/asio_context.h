/*
 * asio_context.h - what the files of Asio share: the context that is open,
 * and its tasks, which are there if the compiler has coroutines.
 */
#ifndef BENCH_PEERS_ASIO_CONTEXT_H
#define BENCH_PEERS_ASIO_CONTEXT_H

#include <asio.hpp>

#include <memory>

extern std::unique_ptr<asio::io_context> asio_context;

bool asio_has_tasks(void);

/* Cancel what each of them waits for; free that, when they have ended. */
void asio_tasks_cancel(void);
void asio_tasks_clear(void);

#endif
