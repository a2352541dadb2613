#include "record.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool record_fits(enum record_device device, enum port_kind kind)
{
    bool stream = device == DEVICE_PAIR || device == DEVICE_CONNECTION;
    switch (kind) {
    case PORT_READ:    return stream || device == DEVICE_PIPE_READER;
    case PORT_WRITE:   return stream || device == DEVICE_PIPE_WRITER;
    case PORT_ACCEPT:  return device == DEVICE_LISTENER;
    case PORT_CONNECT: return device == DEVICE_SOCKET;
    case PORT_WAIT:    return device == DEVICE_OBJECT;
    }
    return false;
}

static unsigned packets_of(const struct record_event *e)
{
    return e->verb == STEP_DEQUEUE && e->result > 0 ? (unsigned)e->result
                                                    : 0;
}

static bool same_packet(const struct record_packet *a,
                        const struct record_packet *b)
{
    return a->op == b->op && a->key == b->key && a->handle == b->handle &&
           a->status == b->status && a->size == b->size;
}

bool record_same(const struct record_event *a, const struct record_event *b)
{
    if (a->verb != b->verb || a->skipped != b->skipped ||
        a->port != b->port || a->op != b->op || a->handle != b->handle ||
        a->cap != b->cap || a->key != b->key || a->result != b->result)
        return false;
    for (unsigned i = 0; i < packets_of(a); i++)
        if (!same_packet(&a->packet[i], &b->packet[i]))
            return false;
    return true;
}

unsigned record_outcomes(const struct record_event *e)
{
    return e->skipped ? 0 : 1 + packets_of(e);
}

/* --- as text ---------------------------------------------------------- */

/*
 * The line: the steps as hexadecimal digits, then the events, a full stop.
 * An event is verb:port:op:handle:cap:key:result, and, for each
 * packet, +op:key:status:size:handle; & leads one that is beside the next,
 * and a skipped one is its verb alone.
 */

struct writer {
    char  *out;
    size_t size;
    bool   full;
};

static void put(struct writer *w, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = vsnprintf(w->out + w->size, RECORD_LINE - w->size, format, list);
    va_end(list);
    if (n < 0 || w->size + (size_t)n >= RECORD_LINE)
        w->full = true;
    else
        w->size += (size_t)n;
}

static void put_event(struct writer *w, const struct record_event *e)
{
    put(w, " %s%d", e->beside ? "&" : "", e->verb);
    if (e->skipped)
        return;
    put(w, ":%d:%d:%d:%d:%d:%d", e->port, e->op, e->handle, e->cap, e->key,
        (int)e->result);
    for (unsigned i = 0; i < packets_of(e); i++) {
        const struct record_packet *k = &e->packet[i];
        put(w, "+%d:%d:%d:%lu:%d", k->op, k->key, (int)k->status,
            (unsigned long)k->size, k->handle);
    }
}

size_t record_print(const struct record *r, char out[RECORD_LINE])
{
    uint8_t bytes[SEQUENCE_SIZE];
    struct writer w = { .out = out };
    size_t size = sequence_encode(&r->sequence, bytes);
    put(&w, "=");
    for (size_t i = 0; i < size; i++)
        put(&w, "%02x", bytes[i]);
    for (unsigned i = 0; i < r->count; i++)
        put_event(&w, &r->event[i]);
    put(&w, " .");
    return w.full ? 0 : w.size;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *parse_steps(struct sequence *out, const char *at)
{
    uint8_t bytes[SEQUENCE_SIZE];
    size_t size = 0;
    for (; digit(at[0]) >= 0 && digit(at[1]) >= 0; at += 2) {
        if (size == SEQUENCE_SIZE)
            return NULL;
        bytes[size++] = (uint8_t)(digit(at[0]) << 4 | digit(at[1]));
    }
    sequence_decode(out, bytes, size);
    return at;
}

/* Numbers with a colon between them. */
static const char *parse_numbers(const char *at, long *out, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char *end;
        out[i] = strtol(at, &end, 10);
        if (end == at || (i + 1 < count && *end != ':'))
            return NULL;
        at = i + 1 < count ? end + 1 : end;
    }
    return at;
}

static const char *parse_packets(struct record_event *e, const char *at)
{
    unsigned count = 0;
    for (; *at == '+'; count++) {
        long n[5];
        at = parse_numbers(at + 1, n, 5);
        if (at == NULL || count == RECORD_CAP)
            return NULL;
        e->packet[count] = (struct record_packet){
            .op = (uint8_t)n[0], .key = (uint8_t)n[1],
            .status = (int32_t)n[2], .size = (uint32_t)n[3],
            .handle = n[4] != 0 };
    }
    return count == packets_of(e) ? at : NULL;
}

static const char *parse_event(struct record_event *e, const char *at)
{
    long n[6];
    *e = (struct record_event){ .beside = *at == '&' };
    at = parse_numbers(at + e->beside, n, 1);
    if (at == NULL || n[0] < 0 || n[0] >= STEP_VERBS)
        return NULL;
    e->verb = (uint8_t)n[0];
    e->skipped = *at != ':';
    if (e->skipped) {
        e->port = e->op = e->handle = e->key = RECORD_NONE;
        return at;
    }
    at = parse_numbers(at + 1, n, 6);
    if (at == NULL || n[5] > INT_MAX || n[5] < INT_MIN)
        return NULL;
    e->port = (uint8_t)n[0];
    e->op = (uint8_t)n[1];
    e->handle = (uint8_t)n[2];
    e->cap = (uint8_t)n[3];
    e->key = (uint8_t)n[4];
    e->result = (int32_t)n[5];
    if (packets_of(e) > RECORD_CAP)
        return NULL;
    return parse_packets(e, at);
}

bool record_parse(struct record *out, const char *line)
{
    if (*line != '=')
        return false;
    out->count = 0;
    const char *at = parse_steps(&out->sequence, line + 1);
    while (at != NULL && at[0] == ' ' && at[1] != '.') {
        if (out->count == RECORD_EVENTS)
            return false;
        at = parse_event(&out->event[out->count++], at + 1);
    }
    return at != NULL && at[0] == ' ' && at[1] == '.';
}
