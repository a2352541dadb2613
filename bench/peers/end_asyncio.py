#!/usr/bin/env python3
"""asyncio as a loop that is ended: the words and lines of end.c.

usage: lastcall-bench-end-asyncio STRATEGY WORK COUNT
       lastcall-bench-end-asyncio about

Its ways to end stand for two strategies:

  stop       loop.stop, called from the main thread; the loop is left as it is
  graceful   what asyncio.run does: cancel all tasks and gather them, shut
             the executor down, stop, close

asyncio.run cancels tasks, not timers or callbacks: what these lose it loses
too. Memory is not counted. Reads and writes are left to loops of which each
byte can be followed.

Exit status 77: asyncio has no such thing.
"""
import asyncio
import concurrent.futures
import os
import sys
import threading
import time

HAS_NONE = 77
HOUR = 3600
WORKERS = 4
JOB_TIME = 0.04
SETTLE_MAX = 2
WARM_UP = 8

now = time.monotonic_ns


class Work:
    """A loop with one thread inside and work pending."""

    def __init__(self):
        self.ran = self.told = 0
        self.begun = threading.Semaphore(0)
        self.asked = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.pool = concurrent.futures.ThreadPoolExecutor(WORKERS)
        self.loop.set_default_executor(self.pool)
        self.thread = threading.Thread(target=self.loop.run_forever,
                                       daemon=True)
        self.thread.start()

    def call(self, function, *args):
        """Call on the thread inside, and wait until that was done."""
        done = threading.Semaphore(0)

        def run():
            function(*args)
            done.release()
        self.loop.call_soon_threadsafe(run)
        done.acquire()

    def run_one(self):
        self.ran += 1

    def hold(self):
        self.begun.release()
        self.asked.wait()

    def posts(self, count):
        self.loop.call_soon_threadsafe(self.hold)
        self.begun.acquire()
        for _ in range(count):
            self.loop.call_soon_threadsafe(self.run_one)

    def timers(self, count):
        def start():
            for i in range(count):
                self.loop.call_later(HOUR + i, self.run_one)
        self.call(start)

    async def wait_an_hour(self):
        try:
            await asyncio.sleep(HOUR)
        finally:
            self.told += 1

    def tasks(self, count):
        def start():
            self.kept = [self.loop.create_task(self.wait_an_hour())
                         for _ in range(count)]
        self.call(start)
        self.call(len, ())

    def work_job(self, index):
        if index < WORKERS:
            self.begun.release()
            time.sleep(JOB_TIME)

    def end_job(self, future):
        if future.cancelled():
            self.told += 1
        else:
            self.ran += 1

    def jobs(self, count):
        def start():
            for i in range(count):
                job = self.loop.run_in_executor(None, self.work_job, i)
                job.add_done_callback(self.end_job)
        self.call(start)
        for _ in range(min(count, WORKERS)):
            self.begun.acquire()

    async def cancel_all(self):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.loop.shutdown_default_executor()

    def end_by(self, strategy):
        self.asked.set()
        if strategy == "graceful":
            asyncio.run_coroutine_threadsafe(self.cancel_all(),
                                             self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        if strategy == "graceful":
            self.loop.close()


def is_awake(thread):
    try:
        with open("/proc/self/task/%s/stat" % thread) as file:
            return file.read().rpartition(")")[2].split()[0] != "S"
    except OSError:
        return False


def settle():
    until = now() + SETTLE_MAX * 1000000000
    looks = 0
    while looks < 2 and now() < until:
        others = set(os.listdir("/proc/self/task")) - {str(os.getpid())}
        looks = 0 if any(map(is_awake, others)) else looks + 1
        time.sleep(0.001)


def census():
    return (len(os.listdir("/proc/self/fd")),
            len(os.listdir("/proc/self/task")))


def live(strategy, work, count):
    it = Work()
    getattr(it, work)(count)
    before = now()
    it.end_by(strategy)
    return it, now() - before


def main(words):
    if words == ["about"]:
        print("engine epoll")
        return 0
    if len(words) != 3:
        print(__doc__.strip().split("\n\n")[1], file=sys.stderr)
        return 2
    strategy, work, count = words[0], words[1], int(words[2])
    if strategy not in ("stop", "graceful") or work not in (
            "posts", "timers", "tasks", "jobs"):
        return HAS_NONE
    live("graceful", work, min(count, WARM_UP))
    settle()
    before = census()
    it, took = live(strategy, work, count)
    settle()
    after = census()
    if work in ("posts", "jobs"):
        print("lost not-run %d" % (count - it.ran))
    print("lost untold %d" % (count - it.ran - it.told))
    print("lost descriptors %d" % (after[0] - before[0]))
    print("lost threads %d" % (after[1] - before[1]))
    print("engine epoll\ntook %d" % took, flush=True)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
