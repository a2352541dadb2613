#include "record_perform.h"

#include <string.h>

#include "../../loop/loop.h"
#include "../../loop/os.h"
#include "../peer.h"

/* --- the calls themselves --------------------------------------------- */

static int dequeue(const struct performer *p, struct call *c)
{
    uint64_t until = 0;
    if (c->e.waits)
        until = os_now() + p->options->deadline;
    return port_dequeue(c->port, c->packet, c->e.cap, until);
}

static int set(const struct call *c)
{
    if (c->flag)
        peer_set(c->near);
    else
        port_object_set(c->near);
    return 0;
}

static int listen_anywhere(struct call *c)
{
    c->address = (struct port_address){ PORT_LOOPBACK, 0 };
    return port_listen(&c->near, &c->address);
}

static int act(const struct performer *p, struct call *c)
{
    switch ((enum step_verb)c->e.verb) {
    case STEP_OPEN_PORT:
        return port_open(&c->port);
    case STEP_SOCKET_PAIR:
        return peer_socket_pair(&c->near, &c->far);
    case STEP_PEER_PIPE:
        return peer_pipe(&c->near, &c->far, c->flag);
    case STEP_PIPE:
        return port_pipe(&c->near, &c->far);
    case STEP_LISTEN:
        return listen_anywhere(c);
    case STEP_SOCKET:
        return port_socket(&c->near);
    case STEP_OBJECT:
        return port_object(&c->near);
    case STEP_ASSOCIATE:
        return port_associate(c->port, c->near, c->key);
    case STEP_START:
        return port_start(c->port, c->near, c->op, &c->request);
    case STEP_CANCEL:
    case STEP_CANCEL_ELSEWHERE:
        return port_cancel(c->port, c->near, c->op);
    case STEP_POST:
        return port_post(c->port, c->key);
    case STEP_DEQUEUE:
        return dequeue(p, c);
    case STEP_PEER_WRITE:
        return peer_write(c->far, c->request.size);
    case STEP_PEER_READ:
        return peer_read(c->far, c->request.size);
    case STEP_PEER_CLOSE:
        peer_close(c->far);
        return 0;
    case STEP_PEER_CONNECT:
        return peer_connect(c->address, &c->far);
    case STEP_SET:
        return set(c);
    case STEP_CLOSE:
        port_handle_close(c->near);
        return 0;
    case STEP_CLOSE_PORT:
        port_close(c->port);
        return 0;
    case STEP_VERBS:
        break;
    }
    return LOOP_EINVAL;
}

void call_act(const struct performer *p, struct call *c)
{
    if (c->e.skipped)
        return;
    int result = act(p, c);
    if (c->e.verb == STEP_PEER_WRITE)
        result = 0;
    if (c->e.verb == STEP_PEER_READ && result < 0)
        result = 0;
    c->e.result = result;
}

/* --- what follows from them ------------------------------------------- */

static void add_handle(struct performer *p, enum record_device device,
                       port_handle near, port_handle far)
{
    p->handle[p->handles++] = (struct known_handle){
        .near = near, .far = far, .device = (uint8_t)device,
        .port = RECORD_NONE, .key = RECORD_NONE,
        .near_open = near != PORT_NO_HANDLE,
        .far_open = far != PORT_NO_HANDLE };
}

static void note_opened(struct performer *p, const struct call *c)
{
    switch ((enum step_verb)c->e.verb) {
    case STEP_OPEN_PORT:
        p->port[p->ports++] = (struct known_port){ c->port, true, 0 };
        break;
    case STEP_SOCKET_PAIR:
        add_handle(p, DEVICE_PAIR, c->near, c->far);
        break;
    case STEP_PEER_PIPE:
        add_handle(p, c->flag ? DEVICE_PIPE_READER : DEVICE_PIPE_WRITER,
                   c->near, c->far);
        break;
    case STEP_PIPE:
        add_handle(p, DEVICE_PIPE_READER, c->near, PORT_NO_HANDLE);
        add_handle(p, DEVICE_PIPE_WRITER, c->far, PORT_NO_HANDLE);
        break;
    case STEP_LISTEN:
        add_handle(p, DEVICE_LISTENER, c->near, PORT_NO_HANDLE);
        p->handle[p->handles - 1].number = c->address.number;
        break;
    case STEP_SOCKET:
        add_handle(p, DEVICE_SOCKET, c->near, PORT_NO_HANDLE);
        break;
    case STEP_OBJECT:
        add_handle(p, DEVICE_OBJECT, c->near, PORT_NO_HANDLE);
        break;
    case STEP_PEER_CONNECT:
        add_handle(p, DEVICE_FAR, PORT_NO_HANDLE, c->far);
        break;
    default:
        break;
    }
}

static void note_started(struct performer *p, const struct call *c)
{
    p->op[c->e.op] = (struct known_op){
        .handle = c->e.handle, .port = c->e.port, .kind = c->e.kind,
        .used = true, .in_flight = true, .size = c->request.size };
}

static void note_closed(struct performer *p, const struct call *c)
{
    p->handle[c->e.handle].near_open = false;
    for (unsigned i = 0; i < RECORD_OPS; i++)
        if (p->op[i].in_flight && p->op[i].handle == c->e.handle)
            p->op[i].closed = true;
}

static void note_port_closed(struct performer *p, const struct call *c)
{
    p->port[c->e.port].open = false;
    for (unsigned i = 0; i < RECORD_OPS; i++) {
        struct known_op *op = &p->op[i];
        if (!op->in_flight || op->port != c->e.port)
            continue;
        op->in_flight = false;
        op->lost = true;
    }
}

static uint8_t key_index(uint64_t key)
{
    for (unsigned i = 0; i < RECORD_KEYS; i++)
        if (key == performer_key(i))
            return (uint8_t)i;
    return RECORD_STRANGE;
}

static uint8_t op_index(const struct performer *p, const struct port_op *op)
{
    if (op == NULL)
        return RECORD_NONE;
    for (unsigned i = 0; i < RECORD_OPS; i++)
        if (op == &p->memory->op[i])
            return (uint8_t)i;
    return RECORD_STRANGE;
}

/* An op that failed halfway says how much it moved, which depends on how
 * much its device can hold: here only whether it was anything. */
static void note_op_packet(struct performer *p, struct record_packet *out,
                           const struct packet *packet)
{
    struct known_op *op = &p->op[out->op];
    out->kind = op->kind;
    out->device = p->handle[op->handle].device;
    out->stray = !op->in_flight;
    out->cancelled = op->cancelled;
    out->closed = op->closed;
    out->extent = packet->size == 0         ? EXTENT_NONE
                  : packet->size < op->size ? EXTENT_PART
                                            : EXTENT_ALL;
    if (op->kind == PORT_CONNECT && packet->status == 0)
        p->handle[op->handle].device = DEVICE_CONNECTION;
    op->in_flight = false;
}

static void note_packet(struct performer *p, struct call *c, unsigned i)
{
    const struct packet *packet = &c->packet[i];
    struct record_packet *out = &c->e.packet[i];
    *out = (struct record_packet){
        .op = op_index(p, packet->op), .key = key_index(packet->key),
        .handle = packet->handle != PORT_NO_HANDLE,
        .status = packet->status,
        .size = packet->status == 0 ? packet->size : packet->size > 0 };
    if (out->op == RECORD_NONE && p->port[c->e.port].posts > 0)
        p->port[c->e.port].posts--;
    else if (out->op == RECORD_NONE)
        out->stray = true;
    if (out->op < RECORD_OPS)
        note_op_packet(p, out, packet);
    if (out->handle && p->handles < RECORD_HANDLES)
        add_handle(p, DEVICE_CONNECTION, packet->handle, PORT_NO_HANDLE);
    else if (out->handle)
        port_handle_close(packet->handle);
}

static void note_success(struct performer *p, struct call *c)
{
    switch ((enum step_verb)c->e.verb) {
    case STEP_ASSOCIATE:
        p->handle[c->e.handle].port = c->e.port;
        break;
    case STEP_START:
        note_started(p, c);
        break;
    case STEP_CANCEL:
        p->op[c->e.op].cancelled |= c->e.in_flight;
        break;
    case STEP_POST:
        p->port[c->e.port].posts++;
        break;
    case STEP_DEQUEUE:
        for (int i = 0; i < c->e.result; i++)
            note_packet(p, c, (unsigned)i);
        break;
    case STEP_PEER_CLOSE:
        p->handle[c->e.handle].far_open = false;
        break;
    case STEP_CLOSE:
        note_closed(p, c);
        break;
    case STEP_CLOSE_PORT:
        note_port_closed(p, c);
        break;
    default:
        note_opened(p, c);
        break;
    }
}

void call_note(struct performer *p, struct call *c)
{
    if (!c->e.skipped && c->e.result >= 0)
        note_success(p, c);
    if (!p->stopped && !p->options->tell(&c->e, p->options->arg))
        p->stopped = true;
}

unsigned performer_owed(const struct performer *p, unsigned port)
{
    unsigned owed = p->port[port].posts;
    for (unsigned i = 0; i < RECORD_OPS; i++)
        owed += p->op[i].in_flight && p->op[i].cancelled &&
                p->op[i].port == port;
    return owed;
}

unsigned performer_in_flight(const struct performer *p, unsigned port)
{
    unsigned count = p->port[port].posts;
    for (unsigned i = 0; i < RECORD_OPS; i++)
        count += p->op[i].in_flight && p->op[i].port == port;
    return count;
}

/* --- a sequence ------------------------------------------------------- */

static void perform(struct performer *p, const struct step *step)
{
    struct call c;
    if (p->stopped)
        return;
    call_resolve(p, step, &c);
    call_act(p, &c);
    call_note(p, &c);
}

struct second {
    const struct performer *performer;
    struct call            *call;
};

static void second_main(void *arg)
{
    struct second *second = arg;
    const struct performer *p = second->performer;
    if (p->options->meet != NULL)
        p->options->meet();
    call_act(p, second->call);
}

/* Both are resolved before either acts, and noted when both have acted, so
 * that what they choose does not depend on which is faster. */
static void perform_both(struct performer *p, struct call *beside,
                         struct call *next)
{
    struct second second = { p, beside };
    struct os_thread thread = { 0 };
    if (os_thread_start(&thread, "beside", second_main, &second) < 0) {
        call_act(p, beside);
        call_act(p, next);
    } else {
        if (p->options->meet != NULL)
            p->options->meet();
        call_act(p, next);
        os_thread_join(&thread);
    }
    beside->e.beside = true;
    call_note(p, beside);
    call_note(p, next);
}

/* Returns how many steps that were. */
static unsigned perform_beside(struct performer *p, const struct step *step)
{
    struct call beside, next;
    if (p->stopped)
        return 2;
    call_resolve(p, step, &beside);
    call_resolve(p, step + 1, &next);
    if (!calls_agree(&beside, &next)) {
        perform(p, step);
        return 1;
    }
    perform_both(p, &beside, &next);
    return 2;
}

static void perform_steps(struct performer *p, const struct sequence *s)
{
    unsigned i = 0;
    while (i < s->count && !p->stopped) {
        if (s->step[i].beside && i + 1 < s->count) {
            i += perform_beside(p, &s->step[i]);
            continue;
        }
        perform(p, &s->step[i++]);
    }
}

/* The port that every sequence has is no step of it. */
bool record_perform(const struct sequence *s, struct record_memory *memory,
                    const struct record_options *options)
{
    static const struct step open_port = { .verb = STEP_OPEN_PORT };
    struct performer p = { .memory = memory, .options = options };
    perform(&p, &open_port);
    perform_steps(&p, s);
    performer_settle(&p);
    for (unsigned i = 0; i < RECORD_OPS; i++)
        if (p.op[i].lost)
            return false;
    return true;
}
