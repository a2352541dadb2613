#!/usr/bin/env node
/*
 * Node as a peer: the same words and lines as the programs of child.c.
 *
 * usage: lastcall-bench-peer-node MEASUREMENT NUMBER MILLISECONDS
 *        lastcall-bench-peer-node about
 *
 * Threads are workers, and a post is a message to a port of another. A
 * thread outside spins, as those of other peers do; none is pinned. Both
 * ends of a latency are read from one clock, which all threads share.
 *
 * A loop of Node cannot be stopped from outside: it ends when nothing keeps
 * it alive. So a stop is a message whose handler closes the ports, each needs
 * a worker of its own, and there are fewer of them.
 *
 * Exit status 77: Node has no such thing, or takes too long for it.
 */
'use strict';

const fs = require('fs');
const threads = require('worker_threads');

const POSTS = 20000;            // of a burst: a tenth of that of others
const WARM_UP = 32;
const STOPS_WARM_UP = 1;
const STOPS_MIN = 4;
const TIMES_MIN = 2;            // the first warms up
const TRIPS = 256;              // between two looks at the clock
const RATE_POSTS = 4096;        // that may be under way
const RATE_WARM_UP = 10000;     // V8 compiles meanwhile
const TIMERS_MAX = 100000;      // a million of them take half a minute
const HAS_NONE = 77;
const DUE = 1;                  // soon, in milliseconds
const BUSY = 20;                // microseconds in a busy loop
const BLOCKED = 1000;           // until a loop surely blocks

// What threads share: numbers, and times in a second array.
const ANSWERED = 0;
const BEFORE = 0, AT = 1, BEGAN = 2;

const now = () => process.hrtime.bigint();
const own = threads.workerData;

function median(values) {
    const sorted = values.slice().sort((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half]
        : (sorted[half - 1] + sorted[half]) / 2;
}

function spinUntil(time) {
    while (now() < time)
        ;
}

function spinUntilAnswered(number) {
    while (Atomics.load(own.numbers, ANSWERED) < number)
        ;
}

function answer(shared, number) {
    Atomics.store(shared.times, AT, now());
    Atomics.store(shared.numbers, ANSWERED, number);
}

function share(more) {
    return Object.assign({
        numbers: new Int32Array(new SharedArrayBuffer(64)),
        times: new BigInt64Array(new SharedArrayBuffer(128)),
    }, more);
}

function startWorker(role, shared) {
    const worker = new threads.Worker(__filename, {
        workerData: Object.assign({}, shared, { role: role }),
    });
    worker.on('error', (error) => {
        throw error;
    });
    worker.ended = new Promise((resolve) => worker.on('exit', resolve));
    return worker;
}

/* Posts to the main thread. */

// Each start is a message; afterwards it posts its share and waits again.
function produce() {
    threads.parentPort.on('message', (go) => {
        if (!go) {
            threads.parentPort.close();
            return;
        }
        Atomics.store(own.times, BEGAN + own.index, now());
        for (let i = 0; i < own.share; i++)
            threads.parentPort.postMessage(0);
    });
}

async function burst(count, length) {
    const rates = [], workers = [];
    const part = Math.floor(POSTS / count);
    const shared = share({ share: part });
    let left = 0, done;
    const countOne = () => {
        if (--left === 0)
            done(now());
    };
    for (let i = 0; i < count; i++) {
        workers.push(startWorker('produce',
            Object.assign({ index: i }, shared)));
        workers[i].on('message', countOne);
        await new Promise((resolve) => workers[i].on('online', resolve));
    }
    let until = 0n;
    while (rates.length < TIMES_MIN || now() < until) {
        until = until || now() + length;
        left = part * count;
        const ended = new Promise((resolve) => done = resolve);
        workers.forEach((worker) => worker.postMessage(true));
        const took = await ended -
            shared.times.slice(BEGAN, BEGAN + count)
                .reduce((a, b) => a < b ? a : b);
        rates.push(part * count * 1e9 / Number(took));
    }
    workers.forEach((worker) => worker.postMessage(false));
    return median(rates.slice(1));
}

// One role for each way to post one at a time; a sample is sent as it is.
function play() {
    const samples = [], rates = [];
    let number = 0, until = 0n;
    do {
        const began = now();
        for (let i = 0; i < TRIPS; i++) {
            const before = own.timed ? now() : 0n;
            threads.parentPort.postMessage(0);
            spinUntilAnswered(++number);
            if (own.timed && until)
                samples.push(Number(now() - before));
        }
        if (until)
            rates.push(TRIPS * 1e9 / Number(now() - began));
        else
            until = now() + own.length;
    } while (rates.length === 0 || now() < until);
    threads.parentPort.postMessage({ samples: samples, rates: rates });
}

function wakeSleeper() {
    const samples = [];
    let number = 0, until = 0n;
    while (number <= WARM_UP || now() < until) {
        if (own.idle)
            spinUntil(now() + own.idle);
        const before = now();
        threads.parentPort.postMessage(0);
        spinUntilAnswered(++number);
        if (number > WARM_UP)
            samples.push(Number(own.times[AT] - before));
        else if (number === WARM_UP)
            until = now() + own.length;
    }
    threads.parentPort.postMessage({ samples: samples });
}

// The number of a post is that of its callback, since one thread posts.
function postAtRate() {
    const began = now(), sent = [];
    const planned = (number) => began + BigInt(number) * own.idle;
    const until = planned(RATE_WARM_UP) + own.length;
    let number = 0;
    while (planned(number) < until) {
        spinUntil(planned(number));
        if (number >= RATE_POSTS)
            spinUntilAnswered(number + 1 - RATE_POSTS);
        sent.push(own.fromSent ? now() : planned(number));
        threads.parentPort.postMessage(0);
        number++;
    }
    spinUntilAnswered(number);
    threads.parentPort.postMessage({ from: sent });
}

// Answer each post of a worker until it sends what it has measured.
function answerWorker(role, shared, note) {
    const worker = startWorker(role, shared);
    let number = 0;
    return new Promise((resolve) => worker.on('message', (message) => {
        if (message !== 0) {
            resolve(message);
            return;
        }
        if (note)
            note();
        answer(shared, ++number);
    }));
}

async function ping(_number, length) {
    const got = await answerWorker('play', share({ length: length }));
    return median(got.rates);
}

async function trip(_number, length, seen) {
    const got = await answerWorker('play',
        share({ length: length, timed: true }));
    seen.push(...got.samples);
    return median(seen);
}

async function wake(idle, length, seen) {
    const got = await answerWorker('wakeSleeper',
        share({ length: length, idle: BigInt(idle) * 1000n }));
    seen.push(...got.samples);
    return median(seen);
}

async function measureRate(interval, length, seen, fromSent) {
    const ran = [];
    const got = await answerWorker('postAtRate',
        share({ length: length, idle: BigInt(interval), fromSent: fromSent }),
        () => ran.push(now()));
    for (let i = RATE_WARM_UP; i < ran.length; i++)
        seen.push(Number(ran[i] - got.from[i]));
    return median(seen);
}

const rate = (interval, length, seen) =>
    measureRate(interval, length, seen, false);
const rateSent = (interval, length, seen) =>
    measureRate(interval, length, seen, true);

/* Stops of a worker's loop, which is over when its 'exit' is emitted. */

// What was posted last says that the loop is inside; nothing else keeps it.
function runUntilStopped() {
    const channel = new threads.MessageChannel();
    const close = () => {
        threads.parentPort.close();
        channel.port1.close();
    };
    const again = () => {
        Atomics.add(own.numbers, ANSWERED, 1);
        channel.port2.postMessage(0);
    };
    process.on('exit', () => Atomics.store(own.times, AT, now()));
    channel.port1.on('message', again);
    threads.parentPort.on('message', (message) => {
        if (message === 'enter') {
            for (let i = 0; i < own.posts; i++)
                channel.port2.postMessage(0);
            Atomics.store(own.numbers, ANSWERED, 1);
            return;
        }
        if (own.inside)
            Atomics.store(own.times, BEFORE, now());
        close();
    });
}

async function stopOne(posts, idle, inside) {
    const shared = share({ posts: posts, inside: inside });
    const worker = startWorker('runUntilStopped', shared);
    worker.postMessage('enter');
    await new Promise((resolve) => worker.on('online', resolve));
    while (Atomics.load(shared.numbers, ANSWERED) < 1 + posts)
        ;
    spinUntil(now() + BigInt(idle) * 1000n);
    if (!inside)
        Atomics.store(shared.times, BEFORE, now());
    worker.postMessage('stop');
    await worker.ended;
    return Number(shared.times[AT] - shared.times[BEFORE]);
}

async function measureStops(posts, idle, inside, length, seen) {
    let until = 0n;
    for (let number = 0; number < STOPS_WARM_UP + STOPS_MIN ||
            now() < until; number++) {
        if (number === STOPS_WARM_UP)
            until = now() + length;
        const took = await stopOne(posts, idle, inside);
        if (number >= STOPS_WARM_UP)
            seen.push(took);
    }
    return median(seen);
}

const stop = (idle, length, seen) =>
    measureStops(0, Math.max(idle, BLOCKED), false, length, seen);
const stopBusy = (posts, length, seen) =>
    measureStops(posts, BUSY, false, length, seen);
const stopInside = (_number, length, seen) =>
    measureStops(0, 0, true, length, seen);

/* Timers of the main thread. */

const due = (number) => 3600000 + number * 2654435761 % 3600 * 1000 +
    number % 997;

function armAndCancel(count) {
    const timers = new Array(count);
    const began = now();
    for (let i = 0; i < count; i++)
        timers[i] = setTimeout(() => {}, due(i));
    const armed = now();
    for (let i = 0; i < count; i++)
        clearTimeout(timers[i]);
    return { arm: Number(armed - began), cancel: Number(now() - armed) };
}

// They are all due when this returns to the loop, which then never waits.
function fireAll(count) {
    return new Promise((resolve) => {
        let left = count, before = 0n;
        const fired = () => {
            if (--left === 0)
                resolve({ fire: Number(now() - before) });
        };
        for (let i = 0; i < count; i++)
            setTimeout(fired, DUE);
        before = now() + 2000000n * BigInt(DUE);
        spinUntil(before);
    });
}

async function repeat(round, key, count, length) {
    const took = [], until = now() + length;
    while (took.length < TIMES_MIN || now() < until)
        took.push((await round(count))[key]);
    return median(took.slice(1)) / count;
}

const timerArm = (count, length) =>
    repeat(armAndCancel, 'arm', count, length);
const timerCancel = (count, length) =>
    repeat(armAndCancel, 'cancel', count, length);
const timerFire = (count, length) => repeat(fireAll, 'fire', count, length);

/* The end of a worker with timers, from its decision until its thread and
 * all that it had are gone. */

function endWithTimers() {
    const timers = new Array(own.count);
    for (let i = 0; i < own.count; i++)
        timers[i] = setTimeout(() => {}, due(i));
    setImmediate(() => {
        Atomics.store(own.times, BEFORE, now());
        for (const timer of timers)
            clearTimeout(timer);
    });
}

async function endOne(count) {
    const shared = share({ count: count });
    await startWorker('endWithTimers', shared).ended;
    return { close: Number(now() - shared.times[BEFORE]) };
}

const closeTimers = (count, length) => count > TIMERS_MAX ? null
    : repeat(endOne, 'close', count, length);

/* The loop is the one of the main thread, which no other can end: it is asked
 * in a callback. Without timers nothing keeps it alive, and the process ends
 * by itself. */
function exitWith(count, close) {
    const timers = [];
    for (let i = 0; i < count; i++)
        timers.push(setTimeout(() => {}, 3600000 + i * 7919 % 3600000));
    return new Promise(() => setImmediate(() => {
        fs.writeSync(1, 'asked ' + now() + '\n');
        if (!close)
            process.exit(0);
        timers.forEach(clearTimeout);
    }));
}

const exitClean = (count) => exitWith(count, true);
const exitDirty = (count) => exitWith(count, false);

/* The program. */

const MEASUREMENTS = {
    'burst': burst, 'ping': ping, 'trip': trip, 'wake': wake, 'rate': rate,
    'rate-sent': rateSent, 'stop': stop, 'stop-busy': stopBusy,
    'stop-inside': stopInside, 'timer-arm': timerArm,
    'timer-cancel': timerCancel, 'timer-fire': timerFire,
    'close-timers': closeTimers,
    'exit-clean': exitClean, 'exit-dirty': exitDirty,
};

const ROLES = {
    produce: produce, play: play, wakeSleeper: wakeSleeper,
    postAtRate: postAtRate, runUntilStopped: runUntilStopped,
    endWithTimers: endWithTimers,
};

function say(value, seen) {
    const lines = ['engine epoll', 'version ' + process.versions.node];
    for (const latency of seen)
        lines.push('seen ' + latency + ' 1');
    if (value !== null)
        lines.push('value ' + value.toPrecision(9));
    process.stdout.write(lines.join('\n') + '\n');
}

async function main(words) {
    const seen = [];
    if (words.length === 1 && words[0] === 'about') {
        say(null, seen);
        return 0;
    }
    const number = Number(words[1]), length = Number(words[2]);
    if (words.length !== 3 || !(number >= 0) || !(length > 0)) {
        process.stderr.write('usage: lastcall-bench-peer-node MEASUREMENT ' +
            'NUMBER MILLISECONDS\n       lastcall-bench-peer-node about\n');
        return 2;
    }
    const measure = MEASUREMENTS[words[0]];
    const value = measure
        ? await measure(number, BigInt(Math.ceil(length * 1e6)), seen) : null;
    if (value === null)
        return HAS_NONE;
    say(value, seen);
    return 0;
}

if (threads.isMainThread)
    main(process.argv.slice(2)).then((status) => process.exitCode = status);
else
    ROLES[own.role]();
