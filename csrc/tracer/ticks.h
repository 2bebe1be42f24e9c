/* The clock of the events: the processor's counter where the kernel keeps time by it too (8 ns here), else CLOCK_MONOTONIC
 * (20 ns and more). Neither waits for earlier instructions to end, which could put an event tens of cycles early. */
#ifndef GILSCOPE_TRACER_TICKS_H
#define GILSCOPE_TRACER_TICKS_H

#include <stdint.h>
#include "gilscope/clock.h"
#include "gilscope/trace.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#define GS_COUNTER_SHIFT 3 /* 46 bits of 8 cycles last 52 hours at 3 GHz */

static inline uint64_t gs_counter(void) {
    return __rdtsc();
}
#else
#define GS_COUNTER_SHIFT 0 /* 1 GHz (from Armv8.6 on; less before): 19 hours */

static inline uint64_t gs_counter(void) {
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
}
#endif
#define GS_CLOCK_SHIFT 2 /* 4 ns, 78 hours */

static inline uint64_t gs_ticks(int counter) {
    return counter ? gs_counter() : (uint64_t)gs_clock_ns();
}

/* Reads both clocks; of several tries the one in which least time went by between the two reads of the counter. */
static inline gs_anchor gs_anchor_now(int counter) {
    gs_anchor best = {0, 0};
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 8; i++) {
        uint64_t before = gs_ticks(counter);
        int64_t ns = gs_clock_ns();
        uint64_t spent = gs_ticks(counter) - before;
        if (spent < least) {
            least = spent;
            best = (gs_anchor){before + spent / 2, ns};
        }
    }
    return best;
}

#endif
