/* Writing events down. Whoever records holds gil->mutex, so that plain memory does; nothing here allocates, locks, or calls
 * Python. */
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
} gs_recorder;

static inline void gs_write(gs_recorder *r, const gs_self *self, gs_event_kind kind, uint64_t ticks) {
    uint64_t since = (ticks - r->base) >> r->shift;
    if (__builtin_expect(r->next == r->end || since >> GS_TICK_BITS, 0)) {
        r->end = r->next;
        r->lost++;
        return;
    }
    *r->next++ = since << (GS_KIND_BITS + GS_THREAD_BITS) | (uint64_t)self->thread << GS_KIND_BITS | kind;
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
    r->native_ids[r->threads++] = (int32_t)syscall(SYS_gettid);
    if (r->enrolled) r->enrolled(self);
}

static inline void gs_record(gs_recorder *r, gs_self *self, gs_event_kind kind, uint64_t ticks) {
    if (__builtin_expect(self->trace != r->number, 0)) gs_enrol(r, self);
    gs_write(r, self, kind, ticks);
}

static inline void gs_took(gs_recorder *r, gs_self *self) {
    gs_record(r, self, GS_TAKE, gs_ticks(r->counter));
    self->waits = 0;
}

static inline void gs_dropped(gs_recorder *r, gs_self *self, gs_event_kind kind) {
    gs_record(r, self, kind, gs_ticks(r->counter));
}

/* `take_gil` waits in a loop, a switch interval at a time: the first counts. */
static inline void gs_waits(gs_recorder *r, gs_self *self) {
    if (self->trace == r->number && self->waits) return;
    gs_record(r, self, GS_WAIT, gs_ticks(r->counter));
    self->waits = 1;
}

/* The nanoseconds that an event takes to record, once its memory has been touched. */
double gs_measured_event_ns(int counter);

#endif
