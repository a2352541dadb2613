/*
 * scene.h - what most rules are tried on: a port, and one handle on it whose
 * far end the test holds.
 *
 * What goes wrong while a scene is set up is observed like anything else,
 * with words that no platform announces.
 *
 * threads    the test's own, unless said otherwise
 */
#ifndef FUZZ_CONFORMANCE_SCENE_H
#define FUZZ_CONFORMANCE_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../loop/port.h"
#include "conformance.h"

#define SCENE_KEY UINT64_C(0xfedcba9876543210)
#define SCENE_WAIT_NS UINT64_C(5000000000)  /* what should come has come     */
#define SCENE_QUIET_NS 10000000u            /* what should not come has not  */
#define SCENE_BIG (1u << 20)                /* more than a pipe takes at once */

struct scene {
    struct observation *o;
    struct port        *port;
    port_handle         near;   /* associated under SCENE_KEY                */
    port_handle         far;    /* the peer's                                */
};

struct port *scene_port(struct observation *o);

void scene_open_stream(struct scene *s, struct observation *o);
void scene_open_reader(struct scene *s, struct observation *o);
void scene_open_writer(struct scene *s, struct observation *o);
void scene_open_object(struct scene *s, struct observation *o);

/* The listener is near, and there is no far end yet. */
void scene_open_listener(struct scene *s, struct observation *o,
                         struct port_address *at);

/* Close what is open: far is PORT_NO_HANDLE once it is not. */
void scene_close(struct scene *s);
void scene_close_near(struct scene *s);
void scene_close_far(struct scene *s);

/* Start an op on the near handle; returns what port_start does. */
int scene_read(struct scene *s, struct port_op *op, char *in, uint32_t size);
int scene_write(struct scene *s, struct port_op *op, char *out,
                uint32_t size);
int scene_start(struct scene *s, struct port_op *op, enum port_kind kind);

/* As scene_read, where refusal or failure is observed. */
void scene_begin_read(struct scene *s, struct port_op *op, char *in,
                      uint32_t size);

/*
 * Dequeue one packet, waiting for it as long as anyone should.
 *
 *   returns   false if none has come, which is left to the caller to judge
 *   threads   any
 */
bool scene_take(struct port *p, struct packet *out);

/* Dequeue the one packet of an op, and observe that it is that, under
 * SCENE_KEY. Zero if none comes. */
struct packet scene_packet(struct scene *s, const struct port_op *op);

/* Observe that no packet comes any more. */
void scene_quiet(struct scene *s, const char *words);
bool scene_is_quiet(struct port *p);

/*
 * Let the far end take bytes until it has `size` of them, or a while has
 * passed without any.
 *
 *   returns   how many
 */
uint32_t scene_far_reads(struct scene *s, uint32_t size);

#endif
