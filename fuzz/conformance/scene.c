/*
 * scene.c - a port, a handle and its far end.
 */
#include "scene.h"

#include "../../loop/loop.h"
#include "../../loop/os.h"
#include "../peer.h"

#define PAUSES_MAX 1000     /* without a byte, of a millisecond each */

struct port *scene_port(struct observation *o)
{
    struct port *p = NULL;
    observe_eq(o, 0, port_open(&p), "set-up: a port does not open");
    return p;
}

static void associate(struct scene *s)
{
    observe_eq(s->o, 0, port_associate(s->port, s->near, SCENE_KEY),
               "set-up: a handle is not associated");
}

static void open_with(struct scene *s, struct observation *o, int failed)
{
    s->o = o;
    s->port = scene_port(o);
    observe_eq(o, 0, failed, "set-up: a handle does not open");
    associate(s);
}

void scene_open_stream(struct scene *s, struct observation *o)
{
    open_with(s, o, peer_socket_pair(&s->near, &s->far));
}

void scene_open_reader(struct scene *s, struct observation *o)
{
    open_with(s, o, peer_pipe(&s->near, &s->far, 1));
}

void scene_open_writer(struct scene *s, struct observation *o)
{
    open_with(s, o, peer_pipe(&s->near, &s->far, 0));
}

void scene_open_object(struct scene *s, struct observation *o)
{
    s->far = PORT_NO_HANDLE;
    open_with(s, o, port_object(&s->near));
}

void scene_open_listener(struct scene *s, struct observation *o,
                         struct port_address *at)
{
    *at = (struct port_address){ .ip = PORT_LOOPBACK };
    s->far = PORT_NO_HANDLE;
    open_with(s, o, port_listen(&s->near, at));
}

void scene_close_near(struct scene *s)
{
    if (s->near != PORT_NO_HANDLE)
        port_handle_close(s->near);
    s->near = PORT_NO_HANDLE;
}

void scene_close_far(struct scene *s)
{
    if (s->far != PORT_NO_HANDLE)
        peer_close(s->far);
    s->far = PORT_NO_HANDLE;
}

void scene_close(struct scene *s)
{
    scene_close_near(s);
    scene_close_far(s);
    port_close(s->port);
}

static int start(struct scene *s, struct port_op *op, enum port_kind kind,
                 char *buffer, uint32_t size)
{
    struct port_request request = { .kind = kind, .buffer = buffer,
                                    .size = size };
    return port_start(s->port, s->near, op, &request);
}

int scene_read(struct scene *s, struct port_op *op, char *in, uint32_t size)
{
    return start(s, op, PORT_READ, in, size);
}

int scene_write(struct scene *s, struct port_op *op, char *out,
                uint32_t size)
{
    return start(s, op, PORT_WRITE, out, size);
}

int scene_start(struct scene *s, struct port_op *op, enum port_kind kind)
{
    return start(s, op, kind, NULL, 0);
}

void scene_begin_read(struct scene *s, struct port_op *op, char *in,
                      uint32_t size)
{
    observe_eq(s->o, 0, scene_read(s, op, in, size),
               "set-up: a read does not start");
}

bool scene_take(struct port *p, struct packet *out)
{
    return port_dequeue(p, out, 1, os_now() + SCENE_WAIT_NS) == 1;
}

struct packet scene_packet(struct scene *s, const struct port_op *op)
{
    struct packet packet = { 0 };
    bool came = scene_take(s->port, &packet);
    observe(s->o, came, "no packet comes");
    if (came) {
        observe(s->o, packet.op == op, "the packet names another op");
        observe(s->o, packet.key == SCENE_KEY, "the packet has another key");
    }
    return packet;
}

bool scene_is_quiet(struct port *p)
{
    struct packet packet;
    return port_dequeue(p, &packet, 1, os_now() + SCENE_QUIET_NS) == 0;
}

void scene_quiet(struct scene *s, const char *words)
{
    observe(s->o, scene_is_quiet(s->port), words);
}

uint32_t scene_far_reads(struct scene *s, uint32_t size)
{
    uint32_t got = 0;
    for (int pauses = 0; got < size && pauses < PAUSES_MAX;) {
        int n = peer_read(s->far, size - got);
        if (n < 0)
            break;
        got += (uint32_t)n;
        pauses = n > 0 ? 0 : pauses + 1;
        if (n == 0)
            os_pause();
    }
    return got;
}
