/* Writing events down, and who ended long holds and waits. Whoever records holds gil->mutex, so that plain memory does;
 * nothing here allocates, locks, or calls Python. */
#ifndef GILSCOPE_TRACER_RECORD_H
#define GILSCOPE_TRACER_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "gilscope/trace.h"
#include "ticks.h"

#define GS_MAX_THREADS (1 << GS_THREAD_BITS)

/* What a thread knows of itself. A fresh thread has fresh memory, so a reused thread id never continues another's. */
typedef struct {
    unsigned trace; /* the trace that the rest is about */
    unsigned thread;
    int waits;
    uint64_t wants; /* since when it wants the GIL, 0 if it does not */
} gs_self;

typedef struct {
    uint64_t *events, *next, *end; /* end is moved down to next when the trace ends early */
    size_t lost;
    uint64_t base;
    int counter, shift;
    unsigned number; /* of this trace */
    unsigned threads, max_threads;
    int32_t *native_ids;
    void (*enrolled)(gs_self *self); /* called in a thread that has just got its number */
    uint64_t took;                   /* when the GIL was last taken; there is one holder */
    int64_t long_ticks;
    void *(*running)(int *offset);
    gs_look *looks, *next_look, *looks_end;
    size_t lost_looks;
} gs_recorder;

#define GS_NEVER INT64_MAX /* the long_ticks of a recorder that does not look */

/* Tells whether there was room. */
static inline int gs_write(gs_recorder *r, const gs_self *self, gs_event_kind kind, uint64_t ticks) {
    uint64_t since = (ticks - r->base) >> r->shift;
    if (__builtin_expect(r->next == r->end || since >> GS_TICK_BITS, 0)) {
        r->end = r->next;
        r->lost++;
        return 0;
    }
    *r->next++ = since << (GS_KIND_BITS + GS_THREAD_BITS) | (uint64_t)self->thread << GS_KIND_BITS | kind;
    return 1;
}

/* A thread's first event in this trace. Without a number left the trace ends; after the end nobody is told about. */
static inline void gs_enrol(gs_recorder *r, gs_self *self) {
    if (r->threads == r->max_threads || r->next == r->end) {
        r->end = r->next;
        return;
    }
    self->trace = r->number;
    self->thread = r->threads;
    self->waits = 0;
    self->wants = 0;
    r->native_ids[r->threads++] = (int32_t)syscall(SYS_gettid);
    if (r->enrolled) r->enrolled(self);
}

static inline int gs_record(gs_recorder *r, gs_self *self, gs_event_kind kind, uint64_t ticks) {
    if (__builtin_expect(self->trace != r->number, 0)) gs_enrol(r, self);
    return gs_write(r, self, kind, ticks);
}

/* Who ended what began at `since`, for the event that was just written, if that lasted long. */
static inline void gs_look_after(gs_recorder *r, uint64_t since, uint64_t now) {
    if (__builtin_expect((int64_t)(now - since) < r->long_ticks, 1)) return;
    int offset;
    void *code = NULL;
    if (r->next_look == r->looks_end) {
        r->lost_looks++;
    } else if ((code = r->running(&offset))) {
        *r->next_look++ = (gs_look){(size_t)(r->next - r->events) - 1, code, offset};
    }
}

static inline void gs_took(gs_recorder *r, gs_self *self) {
    uint64_t now = gs_ticks(r->counter);
    if (gs_record(r, self, GS_TAKE, now) && self->wants) gs_look_after(r, self->wants, now);
    r->took = now;
    self->waits = 0;
    self->wants = 0;
}

static inline void gs_dropped(gs_recorder *r, gs_self *self, gs_event_kind kind) {
    uint64_t now = gs_ticks(r->counter);
    if (gs_record(r, self, kind, now)) gs_look_after(r, r->took, now);
    if (kind == GS_DROP) self->wants = now;
}

/* `take_gil` waits in a loop, a switch interval at a time: the first counts. */
static inline void gs_waits(gs_recorder *r, gs_self *self) {
    if (self->trace == r->number && self->waits) return;
    uint64_t now = gs_ticks(r->counter);
    gs_record(r, self, GS_WAIT, now);
    self->waits = 1;
    if (!self->wants) self->wants = now;
}

/* How many ticks there are in some time, found out in 20 us. */
int64_t gs_ticks_in(int64_t ns, int counter);

/* The nanoseconds that an event takes to record, once its memory has been touched. */
double gs_measured_event_ns(int counter);

#endif
