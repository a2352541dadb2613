/*
 * execute_io.c - statements about handles, ops, and the peers at the far end.
 */
#include "oracle.h"
#include "peer.h"
#include "world.h"

enum { REFUSED = -1, NO_ROOM = -2 };

/* Returns the handle's number, REFUSED by the loop, or NO_ROOM: only then is
 * the far end nobody's. */
static int add_handle(const struct statement *st, port_handle near,
                      port_handle far)
{
    int n = world_instance(I_HANDLE, st->b, st->a, SCENARIO_ANY);
    if (n < 0) {
        port_handle_close(near);
        return NO_ROOM;
    }
    struct instance *i = &world.instance[I_HANDLE][n];
    i->near = near;
    i->far = far;
    oracle_submits(SUBJECT_HANDLE_CLOSED, (unsigned)n, st->a, 0, false);
    int result = world.subject->handle_open(st->a, (unsigned)n,
                                        world_name(KIND_CHANNEL, st->b), near);
    oracle_submitted(SUBJECT_HANDLE_CLOSED, (unsigned)n, result);
    if (result < 0) {
        i->near = PORT_NO_HANDLE;
        port_handle_close(near);
    }
    return result < 0 ? REFUSED : n;
}

static void do_pair(const struct statement *st)
{
    if (!world_usable(st->a))
        return;
    port_handle near, far;
    world_call(st, st->a);
    int result = st->c == 0 || st->c == SCENARIO_ANY
                     ? peer_socket_pair(&near, &far)
                     : peer_pipe(&near, &far, st->c == 1);
    if (result == 0 && add_handle(st, near, far) == NO_ROOM)
        peer_close(far);
    world_return(st, st->a, result);
}

static void do_listen(const struct statement *st)
{
    if (!world_usable(st->a))
        return;
    struct port_address at = { .ip = PORT_LOOPBACK };
    port_handle near;
    world_call(st, st->a);
    int result = port_listen(&near, &at);
    if (result == 0) {
        int n = add_handle(st, near, PORT_NO_HANDLE);
        if (n >= 0)
            world.instance[I_HANDLE][n].at = at;
    }
    world_return(st, st->a, result);
}

static void do_simple_handle(const struct statement *st,
                             int (*open)(port_handle *))
{
    if (!world_usable(st->a))
        return;
    port_handle near;
    world_call(st, st->a);
    int result = open(&near);
    if (result == 0) {
        int n = add_handle(st, near, PORT_NO_HANDLE);
        if (n >= 0)
            world.instance[I_HANDLE][n].object_set = open == port_object;
    }
    world_return(st, st->a, result);
}

static void do_op(const struct statement *st, enum port_kind kind,
                  uint32_t size, unsigned callback,
                  const struct port_address *to)
{
    int h = world_latest(I_HANDLE, st->a);
    if (h < 0 || !world_usable(world.instance[I_HANDLE][h].loop))
        return;
    unsigned loop = world.instance[I_HANDLE][h].loop;
    bool awaited = callback == SCENARIO_ANY;
    int n = world_instance(I_OP, st->b, loop, callback);
    if (n < 0)
        return;
    struct port_request request = { .kind = kind, .size = size };
    if (to)
        request.address = *to;
    world_call(st, loop);
    oracle_submits(SUBJECT_OP, (unsigned)n, loop, (unsigned)h, awaited);
    int result = world.subject->submit((unsigned)h, (unsigned)n,
                                   world_name(KIND_OP, st->b), &request,
                                   awaited);
    oracle_submitted(SUBJECT_OP, (unsigned)n, result);
    world_return(st, loop, result);
}

static void do_sized_op(const struct statement *st, enum port_kind kind)
{
    uint32_t size = st->value == 0 || st->value > 65536 ? 1 : st->value;
    do_op(st, kind, size, st->c, NULL);
}

static void do_connect(const struct statement *st)
{
    int to = world_latest(I_HANDLE, st->c);
    struct port_address nowhere = { .ip = PORT_LOOPBACK, .number = 1 };
    do_op(st, PORT_CONNECT, 0, st->value,
          to >= 0 ? &world.instance[I_HANDLE][to].at : &nowhere);
}

static void do_set(const struct statement *st)
{
    int n = world_latest(I_HANDLE, st->a);
    if (n < 0 || !world.instance[I_HANDLE][n].object_set ||
        world.instance[I_HANDLE][n].near == PORT_NO_HANDLE)
        return;
    world_call(st, NO_LOOP);
    peer_set(world.instance[I_HANDLE][n].near);
    world_return(st, NO_LOOP, 0);
}

static void do_peer(const struct statement *st)
{
    int n = world_latest(I_HANDLE, st->a);
    if (n < 0)
        return;
    struct instance *i = &world.instance[I_HANDLE][n];
    int result = 0;
    world_call(st, NO_LOOP);
    if (st->op == ST_PEER_CONNECT) {
        if (i->at.number && i->far == PORT_NO_HANDLE)
            result = peer_connect(i->at, &i->far);
        if (result < 0)
            i->far = PORT_NO_HANDLE;
    } else if (i->far != PORT_NO_HANDLE) {
        if (st->op == ST_PEER_WRITE)
            result = peer_write(i->far, st->value ? st->value : 1);
        if (st->op == ST_PEER_READ)
            result = peer_read(i->far, st->value ? st->value : 1);
        if (st->op == ST_PEER_CLOSE) {
            peer_close(i->far);
            i->far = PORT_NO_HANDLE;
        }
    }
    world_return(st, NO_LOOP, result);
}

void execute_io(const struct statement *st)
{
    switch ((enum statement_op)st->op) {
    case ST_PAIR:         do_pair(st);      break;
    case ST_LISTEN:       do_listen(st);    break;
    case ST_SOCKET:       do_simple_handle(st, port_socket); break;
    case ST_OBJECT:       do_simple_handle(st, port_object); break;
    case ST_READ:         do_sized_op(st, PORT_READ);  break;
    case ST_WRITE:        do_sized_op(st, PORT_WRITE); break;
    case ST_ACCEPT:       do_op(st, PORT_ACCEPT, 0, st->c, NULL); break;
    case ST_WAIT:         do_op(st, PORT_WAIT, 0, st->c, NULL);   break;
    case ST_CONNECT:      do_connect(st);   break;
    case ST_SET:          do_set(st);       break;
    case ST_PEER_WRITE:
    case ST_PEER_READ:
    case ST_PEER_CLOSE:
    case ST_PEER_CONNECT: do_peer(st);      break;
    default:
        break;      /* none of these */
    }
}
