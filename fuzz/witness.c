#include "witness.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "witness_link.h"

/* Without a parent the stores go here, so that no call has to ask. */
static struct witness_page nobody;

static struct {
    _Atomic(struct witness_page *) page;
    void       (*dump)(void *arg);
    void        *arg;
    char         line[WITNESS_LINE_MAX + 1];    /* of the dump, not yet sent */
    size_t       used;
} self = { .page = &nobody };

static struct witness_page *page(void)
{
    return atomic_load_explicit(&self.page, memory_order_relaxed);
}

bool witness_watched(void)
{
    return page() != &nobody;
}

/* One write a message: no lock, which a thread could die with, and which a
 * signal handler could find taken. */
static void send(enum witness_message kind, const char *text, size_t size)
{
    if (!witness_watched())
        return;
    char message[WITNESS_LINE_MAX + 2];
    if (size > WITNESS_LINE_MAX)
        size = WITNESS_LINE_MAX;
    message[0] = (char)kind;
    for (size_t i = 0; i < size; i++)
        message[1 + i] = text[i] == '\n' ? ' ' : text[i];
    message[1 + size] = '\n';
    link_send(message, size + 2);
}

static void flush_line(void)
{
    send(WITNESS_SAYS_DUMP, self.line, self.used);
    self.used = 0;
}

void witness_print(const char *format, ...)
{
    char text[WITNESS_LINE_MAX];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\n' || self.used == WITNESS_LINE_MAX)
            flush_line();
        if (*c != '\n')
            self.line[self.used++] = *c;
    }
}

/* A dump may never return, if it needs a lock that a stuck thread has: what
 * it has printed by then was sent line by line. */
static void answer(void)
{
    atomic_store(&page()->thread, link_thread());
    for (;;) {
        int request = link_receive();
        if (request < 0 || request == WITNESS_END)
            break;
        if (self.dump != NULL)
            self.dump(self.arg);
        if (self.used > 0)
            flush_line();
        send(WITNESS_SAYS_DUMP_END, "", 0);
    }
}

/* The page says opened last: from then on the parent asks. */
void witness_open(void (*dump)(void *arg), void *arg)
{
    struct witness_page *shared = witness_watched() ? NULL : link_open();
    if (shared == NULL)
        return;
    self.dump = dump;
    self.arg = arg;
    atomic_store(&self.page, shared);
    if (link_start(answer) == 0)
        atomic_store(&shared->opened, 1);
    else
        atomic_store(&self.page, &nobody);
}

void witness_progress(uint64_t count)
{
    atomic_store_explicit(&page()->progress, count, memory_order_relaxed);
}

/* The pair is of no count while it changes, so that the parent never takes
 * an old time for a new wait. */
void witness_expect(uint32_t within)
{
    struct witness_page *p = page();
    atomic_store(&p->expect_at, WITNESS_NEVER);
    atomic_store(&p->expect_ms, within);
    atomic_store(&p->expect_at, atomic_load(&p->progress));
}

void witness_line(const char *line)
{
    send(WITNESS_SAYS_LINE, line, strlen(line));
}

/* By hand, since snprintf is not for signal handlers. */
void witness_finding(enum verdict v, const char *where)
{
    char text[WITNESS_LINE_MAX];
    size_t size = 0;
    if (v >= 10)
        text[size++] = (char)('0' + v / 10);
    text[size++] = (char)('0' + v % 10);
    text[size++] = ' ';
    for (; *where != '\0' && size < sizeof text; where++)
        text[size++] = *where;
    send(WITNESS_SAYS_FINDING, text, size);
}

void witness_main_returned(void)
{
    atomic_store(&page()->main_returned, 1);
}

_Noreturn void witness_leave_main(void)
{
    witness_main_returned();
    link_leave_main();
}

/* The thread stands in a read that nothing here can end; the parent can. The
 * page stays mapped, since other threads may be about to write to it. */
void witness_close(void)
{
    if (!witness_watched())
        return;
    atomic_store(&page()->closed, 1);
    send(WITNESS_SAYS_CLOSE, "", 0);
    link_join();
    atomic_store(&self.page, &nobody);
}
