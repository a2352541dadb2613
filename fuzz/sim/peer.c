/*
 * peer.c - the far ends, as changes to the simulated kernel.
 *
 * Each call is a decision first, as a system call of another process would
 * come at any moment.
 */
#include "../peer.h"

#include "../../loop/loop.h"
#include "../trace.h"
#include "kernel.h"
#include "machine.h"

#define BYTES_MASK 0xffffffu

static void told(const struct handle_entry *far, enum peer_deed deed,
                 uint32_t bytes)
{
    uint32_t shown = bytes < BYTES_MASK ? bytes : BYTES_MASK;
    trace_emit(TRACE_PEER, far->number, (int)((uint32_t)deed << 24 | shown));
}

/* Both ends get a handle, or neither. */
static int open_pair(uint16_t near_file, uint16_t far_file, port_handle *near,
                     port_handle *far)
{
    if (near_file == KERNEL_NONE || far_file == KERNEL_NONE)
        return LOOP_ENOMEM;
    kernel_join(near_file, far_file);
    *near = kernel_handle_open(near_file, false);
    *far = kernel_handle_open(far_file, true);
    if (*far != PORT_NO_HANDLE)
        return 0;
    if (*near != PORT_NO_HANDLE)
        kernel_handle_close(kernel_handle(*near, HANDLE_QUIET));
    return LOOP_ENOMEM;
}

int peer_socket_pair(port_handle *near, port_handle *far)
{
    machine_yield(MACHINE_SITE);
    uint16_t near_file = kernel_file(FILE_STREAM);
    return open_pair(near_file, kernel_file(FILE_STREAM), near, far);
}

int peer_pipe(port_handle *near, port_handle *far, int near_reads)
{
    machine_yield(MACHINE_SITE);
    enum file_kind kind = near_reads ? FILE_PIPE_READER : FILE_PIPE_WRITER;
    enum file_kind other = near_reads ? FILE_PIPE_WRITER : FILE_PIPE_READER;
    uint16_t near_file = kernel_file(kind);
    return open_pair(near_file, kernel_file(other), near, far);
}

int peer_connect(struct port_address to, port_handle *far)
{
    machine_yield(MACHINE_SITE);
    uint16_t listener = kernel_listener(to.number);
    uint16_t file = listener == KERNEL_NONE ? KERNEL_NONE
                                            : kernel_connect(listener);
    if (file == KERNEL_NONE)
        return LOOP_EREFUSED;
    *far = kernel_handle_open(file, true);
    if (*far == PORT_NO_HANDLE)
        return LOOP_ENOMEM;
    told(kernel_handle(*far, HANDLE_QUIET), PEER_CONNECTED, 0);
    return 0;
}

int peer_write(port_handle far, uint32_t size)
{
    machine_yield(MACHINE_SITE);
    struct handle_entry *handle = kernel_handle(far, HANDLE_QUIET);
    if (handle == NULL)
        return LOOP_EINVAL;
    uint16_t near = kernel_at(handle->file)->peer;
    if (near == KERNEL_NONE)
        return LOOP_EBROKEN;
    struct file *f = kernel_at(near);
    uint32_t room = KERNEL_WINDOW - f->in_size;
    uint32_t taken = size < room ? size : room;
    f->in_size += taken;
    told(handle, PEER_WROTE, taken);
    kernel_changed(near);
    return (int)taken;
}

int peer_read(port_handle far, uint32_t size)
{
    machine_yield(MACHINE_SITE);
    struct handle_entry *handle = kernel_handle(far, HANDLE_QUIET);
    if (handle == NULL)
        return LOOP_EINVAL;
    struct file *f = kernel_at(handle->file);
    if (f->reset && f->in_size == 0)
        return LOOP_EBROKEN;
    uint32_t taken = size < f->in_size ? size : f->in_size;
    f->in_size -= taken;
    told(handle, PEER_READ, taken);
    if (f->peer != KERNEL_NONE)
        kernel_changed(f->peer);
    return (int)taken;
}

void peer_set(port_handle object)
{
    machine_yield(MACHINE_SITE);
    struct handle_entry *handle = kernel_handle(object, HANDLE_QUIET);
    if (handle == NULL)
        return;
    kernel_at(handle->file)->set = true;
    kernel_changed(handle->file);
}

void peer_close(port_handle far)
{
    machine_yield(MACHINE_SITE);
    struct handle_entry *handle = kernel_handle(far, HANDLE_QUIET);
    if (handle == NULL)
        return;
    told(handle, PEER_CLOSED, 0);
    kernel_handle_close(handle);
}
