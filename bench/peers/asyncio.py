#!/usr/bin/env python3
"""asyncio as a peer: the same words and lines as the programs of child.c.

usage: lastcall-bench-peer-asyncio MEASUREMENT NUMBER MILLISECONDS
       lastcall-bench-peer-asyncio about

A thread that spins would keep the interpreter from the one it waits for, so
threads sleep here where those of other peers spin; both ends of a latency
are read from the same clock all the same.

Exit status 77: asyncio has no such thing, or takes too long for it.
"""
import asyncio
import concurrent.futures
import os
import platform
import socket
import statistics
import sys
import threading
import time
import tracemalloc

POSTS = 20000           # of a burst: a hundredth of the speed of others
JOBS_MAX = 1000         # likewise
WARM_UP = 32
TIMES_MIN = 3
TASKS_MAX = 10000       # ten times as many take ten seconds to make
TIMERS_MAX = 100000     # likewise
BLOCK = 65536
GOT = bytearray(BLOCK)
SENT = bytes(BLOCK)
HAS_NONE = 77

now = time.monotonic_ns


def run_inside(measure):
    """Call measure(loop) on a thread while this one is inside the loop."""
    loop = asyncio.new_event_loop()
    answer = []

    def outside():
        answer.append(measure(loop))
        loop.call_soon_threadsafe(loop.stop)
    thread = threading.Thread(target=outside)
    thread.start()
    loop.run_forever()
    thread.join()
    loop.close()
    return answer[0]


def burst(threads, length, _seen):
    done = threading.Semaphore(0)
    state = {"ran": 0, "ended": 0}
    share = POSTS // threads

    def count_one():
        state["ran"] += 1
        if state["ran"] == share * threads:
            state["ran"] = 0
            state["ended"] = now()
            done.release()

    def produce(loop):
        for _ in range(share):
            loop.call_soon_threadsafe(count_one)

    def measure(loop):
        rates = []
        until = now() + length
        while len(rates) < TIMES_MIN or now() < until:
            began = now()
            others = [threading.Thread(target=produce, args=(loop,))
                      for _ in range(threads)]
            for other in others:
                other.start()
            for other in others:
                other.join()
            done.acquire()
            rates.append(share * threads * 1e9 / (state["ended"] - began))
        return statistics.median(rates[1:])
    return run_inside(measure)


def wake(idle, length, seen):
    heard = threading.Event()
    state = {"at": 0}

    def answer():
        state["at"] = now()
        heard.set()

    def measure(loop):
        until = now() + length
        number = 0
        while number <= WARM_UP or now() < until:
            time.sleep(idle / 1e6)
            heard.clear()
            before = now()
            loop.call_soon_threadsafe(answer)
            heard.wait()
            number += 1
            if number > WARM_UP:
                seen.append(state["at"] - before)
    run_inside(measure)
    return statistics.median(seen)


def stop(idle, length, seen):
    loop = asyncio.new_event_loop()
    entered, left = threading.Semaphore(0), threading.Semaphore(0)
    state = {"before": 0, "quit": False}

    def outside():
        until = now() + length
        number = 0
        while not state["quit"]:
            entered.acquire()
            time.sleep(idle / 1e6)
            number += 1
            state["quit"] = number > WARM_UP and now() > until
            state["before"] = now()
            loop.call_soon_threadsafe(loop.stop)
            left.acquire()
    thread = threading.Thread(target=outside)
    thread.start()
    number = 0
    while not state["quit"]:
        entered.release()
        loop.run_forever()
        at = now()
        number += 1
        if number > WARM_UP:
            seen.append(at - state["before"])
        left.release()
    thread.join()
    loop.close()
    return statistics.median(seen)


def stop_inside(_number, length, seen):
    loop = asyncio.new_event_loop()
    state = {}

    def stop_here():
        state["before"] = now()
        loop.stop()
    until = now() + length
    while len(seen) <= WARM_UP or now() < until:
        loop.call_soon(stop_here)
        loop.run_forever()
        seen.append(now() - state["before"])
    loop.close()
    return statistics.median(seen)


def rate_of(start, length):
    """The median of a dozen slices, a second."""
    began = now()
    for _ in range(WARM_UP):
        start()
    count = 1 + int(length / 12 / ((now() - began) / WARM_UP))
    rates = []
    until = now() + length
    while not rates or now() < until:
        began = now()
        for _ in range(count):
            start()
        rates.append(count * 1e9 / (now() - began))
    return statistics.median(rates)


def start_loop(timers, length, _seen):
    def live_once():
        loop = asyncio.new_event_loop()
        timer = loop.call_later(3600, len) if timers else None
        loop.call_soon(loop.stop)
        loop.run_forever()
        if timer:
            timer.cancel()
        loop.close()
    return rate_of(live_once, length)


def restart(_number, length, _seen):
    loop = asyncio.new_event_loop()

    def run_once():
        loop.call_soon(loop.stop)
        loop.run_forever()
    rate = rate_of(run_once, length)
    loop.close()
    return rate


class Traffic:
    """A socket pair or a pipe whose ends are both on a loop of its own."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.ends = socket.socketpair()
        self.pipe = os.pipe()
        for end in self.ends:
            end.setblocking(False)
        for end in self.pipe:
            os.set_blocking(end, False)
        self.left = self.unsent = 0

    def close(self):
        for end in self.ends:
            end.close()
        for end in self.pipe:
            os.close(end)
        self.loop.close()

    def echo_pair(self, count):
        async def side(end, count):
            for _ in range(count):
                await self.loop.sock_sendall(end, b".")
                await self.loop.sock_recv(end, 1)

        async def other(end, count):
            for _ in range(count):
                await self.loop.sock_recv(end, 1)
                await self.loop.sock_sendall(end, b".")

        async def both():
            await asyncio.gather(side(self.ends[0], (count + 1) // 2),
                                 other(self.ends[1], (count + 1) // 2))
        self.loop.run_until_complete(both())

    def echo_pipe(self, count):
        def on_byte():
            os.read(self.pipe[0], 1)
            self.left -= 1
            if self.left == 0:
                self.loop.stop()
            else:
                os.write(self.pipe[1], b".")
        self.left = count
        self.loop.add_reader(self.pipe[0], on_byte)
        os.write(self.pipe[1], b".")
        self.loop.run_forever()
        self.loop.remove_reader(self.pipe[0])

    def pump_pair(self, count):
        async def receive():
            left = count * BLOCK
            while left > 0:
                left -= await self.loop.sock_recv_into(self.ends[0], GOT)

        async def send():
            for _ in range(count):
                await self.loop.sock_sendall(self.ends[1], SENT)

        async def both():
            await asyncio.gather(receive(), send())
        self.loop.run_until_complete(both())

    def pump_pipe(self, count):
        def on_block():
            self.left -= len(os.read(self.pipe[0], BLOCK))
            if self.left == 0:
                self.loop.stop()

        def on_room():
            self.unsent -= os.write(self.pipe[1], SENT[:self.unsent])
            if self.unsent == 0:
                self.loop.remove_writer(self.pipe[1])
        self.left = self.unsent = count * BLOCK
        self.loop.add_reader(self.pipe[0], on_block)
        self.loop.add_writer(self.pipe[1], on_room)
        self.loop.run_forever()
        self.loop.remove_reader(self.pipe[0])


def move(act, warm_up, length):
    traffic = Traffic()
    began = now()
    act(traffic, warm_up)
    count = 1 + int(length / 12 / ((now() - began) / warm_up))
    rates = []
    until = now() + length
    while not rates or now() < until:
        began = now()
        act(traffic, count)
        rates.append(count * 1e9 / (now() - began))
    traffic.close()
    return statistics.median(rates)


def echo_pair(_number, length, _seen):
    return 2 * move(Traffic.echo_pair, 64, length)


def echo_pipe(_number, length, _seen):
    return 2 * move(Traffic.echo_pipe, 64, length)


def pump_pair(_number, length, _seen):
    return BLOCK * move(Traffic.pump_pair, 8, length)


def pump_pipe(_number, length, _seen):
    return BLOCK * move(Traffic.pump_pipe, 8, length)


async def end_at_once():
    pass


def run_tasks(begin, count, length):
    """Time await begin(count) for each of the count."""
    each = []
    loop = asyncio.new_event_loop()
    until = now() + length
    while len(each) < TIMES_MIN or now() < until:
        began = now()
        loop.run_until_complete(begin(count))
        each.append((now() - began) / count)
    loop.close()
    return statistics.median(each[1:])


def task_spawn(count, length, _seen):
    each = []
    loop = asyncio.new_event_loop()
    left = 0

    async def end_and_count():
        nonlocal left
        left -= 1
        if left == 0:
            loop.stop()
    until = now() + length
    while len(each) < TIMES_MIN or now() < until:
        left = count
        began = now()
        tasks = [loop.create_task(end_and_count()) for _ in range(count)]
        loop.run_forever()
        each.append((now() - began) / count)
        tasks.clear()
    loop.close()
    return statistics.median(each[1:])


def task_await(count, length, _seen):
    async def await_each(count):
        for _ in range(count):
            await asyncio.create_task(end_at_once())
    return run_tasks(await_each, count, length)


def task_yield(count, length, _seen):
    async def yield_often(count):
        for _ in range(count):
            await asyncio.sleep(0)
    return run_tasks(yield_often, count, length)


def task_gather(count, length, _seen):
    async def gather_all(count):
        await asyncio.gather(*[end_at_once() for _ in range(count)])
    return run_tasks(gather_all, count, length)


def count_jobs(count, length, _seen):
    """From the first run_in_executor to the last callback, a second."""
    count = min(count, JOBS_MAX)
    loop = asyncio.new_event_loop()
    pool = concurrent.futures.ThreadPoolExecutor(4)
    left = 0

    def count_one(_future):
        nonlocal left
        left -= 1
        if left == 0:
            loop.stop()
    rates = []
    until = now() + length
    while len(rates) < TIMES_MIN or now() < until:
        left = count
        began = now()
        for _ in range(count):
            loop.run_in_executor(pool, int).add_done_callback(count_one)
        loop.run_forever()
        rates.append(count * 1e9 / (now() - began))
    pool.shutdown()
    loop.close()
    return statistics.median(rates[1:])


def time_job(idle, length, seen):
    loop = asyncio.new_event_loop()
    pool = concurrent.futures.ThreadPoolExecutor(4)

    async def measure():
        until = now() + length
        number = 0
        while number <= WARM_UP or now() < until:
            time.sleep(idle / 1e6)
            before = now()
            await loop.run_in_executor(pool, int)
            number += 1
            if number > WARM_UP:
                seen.append(now() - before)
    loop.run_until_complete(measure())
    pool.shutdown()
    loop.close()
    return statistics.median(seen)


def repeat(end_one, count, length):
    took = []
    until = now() + length
    while len(took) < TIMES_MIN or now() < until:
        took.append(end_one(count))
    return statistics.median(took[1:]) / count


def due(number):
    return 3600 + number * 2654435761 % 3600 + number % 997 / 1000


def end_timers(count):
    loop = asyncio.new_event_loop()
    timers = [loop.call_later(due(i), len) for i in range(count)]
    before = now()
    for timer in timers:
        timer.cancel()
    loop.close()
    return now() - before


def end_tasks(count):
    """What asyncio.run does at its end."""
    loop = asyncio.new_event_loop()

    async def begin():
        tasks = [loop.create_task(asyncio.sleep(due(i)))
                 for i in range(count)]
        await asyncio.sleep(0)
        return tasks
    tasks = loop.run_until_complete(begin())
    before = now()
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.close()
    return now() - before


def close_timers(count, length, _seen):
    return repeat(end_timers, count, length) if count <= TIMERS_MAX else None


def close_tasks(count, length, _seen):
    return repeat(end_tasks, count, length) if count <= TASKS_MAX else None


def exit_with(count, close):
    """The loop is inside on a thread, and the main thread ends it."""
    loop = asyncio.new_event_loop()
    timers = [loop.call_later(due(i), len) for i in range(count)]
    inside = threading.Semaphore(0)
    loop.call_soon(inside.release)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    inside.acquire()
    os.write(1, b"asked %d\n" % now())
    if not close:
        os._exit(0)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    for timer in timers:
        timer.cancel()
    loop.close()
    sys.exit(0)


def exit_clean(count, _length, _seen):
    exit_with(count, True)


def exit_dirty(count, _length, _seen):
    exit_with(count, False)


def bytes_of(make):
    """What make() returns lives until it is counted."""
    tracemalloc.start()
    kept = make()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return size, kept


def open_loop(timers):
    loop = asyncio.new_event_loop()
    return loop, [loop.call_later(due(i), len) for i in range(timers)]


def memory_loop(timers, _length, _seen):
    open_loop(1)[0].close()
    size, (loop, _) = bytes_of(lambda: open_loop(timers))
    loop.close()
    return size


def memory_each(make, count):
    """Bytes of each of those that make(loop) makes."""
    open_loop(1)[0].close()
    loop = asyncio.new_event_loop()
    size, _ = bytes_of(lambda: make(loop))
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    return size / count


def memory_posts(count, _length, _seen):
    return memory_each(lambda loop: [loop.call_soon(len, ())
                                     for _ in range(count)], count)


def memory_timers(count, _length, _seen):
    return memory_each(lambda loop: [loop.call_later(due(i), len)
                                     for i in range(count)], count)


def memory_tasks(count, _length, _seen):
    def make(loop):
        tasks = [loop.create_task(asyncio.sleep(due(i)))
                 for i in range(count)]
        loop.call_soon(loop.stop)
        loop.run_forever()
        return tasks
    return memory_each(make, count)


def descriptors(timers, _length, _seen):
    before = len(os.listdir("/proc/self/fd"))
    loop, _ = open_loop(timers)
    count = len(os.listdir("/proc/self/fd")) - before
    loop.close()
    return count


def idle(threads, _length, _seen):
    """Nothing is done until stdin ends; somebody else watches."""
    if threads > 1:
        return None
    loop = asyncio.new_event_loop()
    inside = threading.Thread(target=loop.run_forever)
    if threads:
        inside.start()
        time.sleep(0.1)
    print("idle", flush=True)
    sys.stdin.read()
    if threads:
        loop.call_soon_threadsafe(loop.stop)
        inside.join()
    loop.close()
    return threads


MEASUREMENTS = {
    "idle": idle,
    "burst": burst, "wake": wake, "stop": stop, "stop-inside": stop_inside,
    "start": start_loop, "restart": restart,
    "socket": echo_pair, "pipe": echo_pipe,
    "pump-socket": pump_pair, "pump-pipe": pump_pipe,
    "task-spawn": task_spawn, "task-await": task_await,
    "task-yield": task_yield, "task-gather": task_gather,
    "jobs": count_jobs, "job": time_job,
    "close-timers": close_timers, "close-tasks": close_tasks,
    "exit-clean": exit_clean, "exit-dirty": exit_dirty,
    "memory-loop": memory_loop, "memory-posts": memory_posts,
    "memory-timers": memory_timers, "memory-tasks": memory_tasks,
    "descriptors": descriptors,
}


def main(words):
    seen = []
    value = None
    if words != ["about"]:
        if len(words) != 3:
            print(__doc__.strip().split("\n\n")[1], file=sys.stderr)
            return 2
        if words[0] not in MEASUREMENTS:
            return HAS_NONE
        value = MEASUREMENTS[words[0]](int(words[1]), int(words[2]) * 1000000,
                                       seen)
        if value is None:
            return HAS_NONE
    print("engine epoll\nversion %s" % platform.python_version())
    for latency in seen:
        print("seen %d 1" % latency)
    if value is not None:
        print("value %.9g" % value)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
