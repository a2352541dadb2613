#include "words.h"

#include <string.h>

#include "../../loop/loop.h"

static const char *const devices[] = {
    [DEVICE_NONE]        = "nothing",
    [DEVICE_PAIR]        = "socket pair",
    [DEVICE_PIPE_READER] = "pipe reader",
    [DEVICE_PIPE_WRITER] = "pipe writer",
    [DEVICE_LISTENER]    = "listener",
    [DEVICE_SOCKET]      = "socket",
    [DEVICE_CONNECTION]  = "connection",
    [DEVICE_OBJECT]      = "object",
    [DEVICE_FAR]         = "far end",
};

static const char *const kinds[] = {
    "op", "read", "write", "accept", "connect", "wait",
};

static const char *status_name(int status)
{
    switch (status) {
    case 0:              return "ok";
    case LOOP_EABORTED:  return "aborted";
    case LOOP_EBROKEN:   return "broken";
    case LOOP_EINVAL:    return "invalid";
    case LOOP_EREFUSED:  return "refused";
    case LOOP_ENOMEM:    return "no memory";
    case LOOP_ENOTFOUND: return "not found";
    default:             return status < 0 ? "failed" : "some";
    }
}

static const char *kind_name(unsigned kind)
{
    return kinds[kind < sizeof kinds / sizeof kinds[0] ? kind : 0];
}

static const char *bond_words(const struct record_event *e)
{
    switch (e->bond) {
    case BOND_NONE:  return ", not associated";
    case BOND_OTHER: return ", of another port";
    default:         return "";
    }
}

static const char *cancel_words(const struct record_event *e)
{
    if (!e->in_flight)
        return "packet dequeued";
    return e->cancelled ? "packet to come, again" : "packet to come";
}

static const char *dequeue_words(const struct record_event *e)
{
    if (e->result <= 0)
        return e->result == 0 ? "nothing" : "failed";
    return e->result < e->cap ? "all there is" : "as many as asked for";
}

bool words_of_call(const struct record_event *e, char out[WORDS_SIZE])
{
    const char *name = step_name((enum step_verb)e->verb);
    const char *result = status_name(e->result);
    switch ((enum step_verb)e->verb) {
    case STEP_START:
        snprintf(out, WORDS_SIZE, "start %s on %s%s: %s",
                 kind_name(e->kind), devices[e->device], bond_words(e),
                 result);
        break;
    case STEP_CANCEL:
        snprintf(out, WORDS_SIZE, "cancel %s, %s: %s", kind_name(e->kind),
                 cancel_words(e), e->result == 0 ? "marked" : result);
        break;
    case STEP_ASSOCIATE:
        snprintf(out, WORDS_SIZE, "associate, %s: %s",
                 e->bond == BOND_NONE ? "first" : "second", result);
        break;
    case STEP_DEQUEUE:
        snprintf(out, WORDS_SIZE, "dequeue, %s: %s",
                 e->waits ? "waits" : "polls", dequeue_words(e));
        break;
    case STEP_PEER_READ:
        snprintf(out, WORDS_SIZE, "peer read: %s",
                 e->result > 0 ? "some" : "nothing");
        break;
    default:
        snprintf(out, WORDS_SIZE, "%s: %s", name, result);
        break;
    }
    return !e->skipped;
}

static const char *extent_words(const struct record_packet *k)
{
    bool moves = k->kind == PORT_READ || k->kind == PORT_WRITE;
    if (!moves)
        return "";
    switch (k->extent) {
    case EXTENT_NONE: return ", nothing";
    case EXTENT_PART: return ", part";
    default:          return ", all";
    }
}

void words_of_packet(const struct record_packet *k, char out[WORDS_SIZE])
{
    if (k->op == RECORD_NONE) {
        snprintf(out, WORDS_SIZE, "packet of post%s: %s",
                 k->stray ? ", twice" : "", status_name(k->status));
        return;
    }
    snprintf(out, WORDS_SIZE, "packet of %s on %s%s%s%s: %s%s",
             kind_name(k->kind), devices[k->device],
             k->stray ? ", twice" : "", k->cancelled ? ", cancelled" : "",
             k->closed ? ", closed" : "", status_name(k->status),
             extent_words(k));
}

/* --- a story ---------------------------------------------------------- */

static void put_place(FILE *out, const struct record_event *e)
{
    if (e->port != RECORD_NONE)
        fprintf(out, " port %d", e->port);
    if (e->handle != RECORD_NONE)
        fprintf(out, " handle %d", e->handle);
    if (e->op != RECORD_NONE)
        fprintf(out, " op %d", e->op);
    if (e->key != RECORD_NONE)
        fprintf(out, " key %d", e->key);
    if (e->cap > 0)
        fprintf(out, " up to %d", e->cap);
}

static void put_packet(FILE *out, const struct record_packet *k)
{
    fputs("\n             packet of ", out);
    if (k->op == RECORD_NONE)
        fputs("a post", out);
    else
        fprintf(out, "op %d", k->op);
    fprintf(out, ", key %d: %s, size %lu%s", k->key, status_name(k->status),
            (unsigned long)k->size, k->handle ? ", a connection" : "");
}

static void put_event(FILE *out, const struct record_event *e)
{
    fputs(step_name((enum step_verb)e->verb), out);
    if (e->verb == STEP_START && e->kind != 0)
        fprintf(out, " %s on %s", kind_name(e->kind), devices[e->device]);
    if (e->skipped) {
        fputs(": skipped", out);
        return;
    }
    put_place(out, e);
    fprintf(out, ": %d", (int)e->result);
    if (e->result < 0)
        fprintf(out, " (%s)", status_name(e->result));
    for (int i = 0; e->verb == STEP_DEQUEUE && i < e->result; i++)
        put_packet(out, &e->packet[i]);
    if (e->beside)
        fputs("\n             at once with", out);
}

void words_story(FILE *out, const struct record *r,
                 const struct model_result *result)
{
    bool parts = result->answer != MODEL_EXPLAINED;
    for (unsigned i = 0; i < r->count; i++) {
        bool here = parts && i == result->at;
        fprintf(out, "%s %3u  ", here ? "real  >" : "       ", i);
        put_event(out, &r->event[i]);
        fputc('\n', out);
        if (!here)
            continue;
        fprintf(out, "model > %3u  ", i);
        put_event(out, &result->model);
        fputs(record_same(&r->event[i], &result->model)
                  ? "\n             (the same: but what comes later cannot "
                    "come after it)\n"
                  : "\n", out);
    }
}
