/*
 * child_work.c - callbacks that take a known time.
 *
 * A post that posts itself again, and between the two multiplies so many
 * times. It is what the suite measures to find out what it can see: a change
 * of the number is a change of the loop's speed that somebody knows.
 */
#include "../../loop/os.h"
#include "pair.h"
#include "peer_loop.h"

static struct {
    unsigned count;             /* multiplications of a callback         */
    unsigned number;            /* of the callback, from 1               */
    uint64_t before;            /* it was posted                         */
    uint64_t product;
} w = { .product = 1 };

/* Each needs the one before, so that no processor does two at once; nor can
 * a compiler make one of two, since the shift is in between. */
static void multiply(unsigned count)
{
    uint64_t product = w.product;
    for (unsigned i = 0; i < count; i++)
        product = (product ^ product >> 31) * UINT64_C(6364136223846793005);
    w.product = product;
}

static void post(void)
{
    w.before = os_now();
    peer_post(0, 1);
}

static void run(void)
{
    multiply(w.count);
    pair_answer(++w.number);
    pair_note(w.number, w.before);
    if (pair_is_over(w.number))
        peer_loop_stop();
    else
        post();
}

double child_work(unsigned count, uint64_t length, struct histogram *seen)
{
    pair_begin(length, seen, 1);
    pair_pin_inside();
    w.count = count;
    peer_loop_open(1);
    peer_posts_open(1, run);
    post();
    peer_loop_run();
    peer_loop_end();
    peer_posts_close();
    return (double)histogram_at(seen, 0.5);
}
