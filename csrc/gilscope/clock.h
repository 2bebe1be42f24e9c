/* A monotonic clock, in nanoseconds. */
#ifndef GILSCOPE_CLOCK_H
#define GILSCOPE_CLOCK_H

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

static inline long long gs_clock_ns(void) {
    LARGE_INTEGER ticks, per_second;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&per_second);
    return (long long)((double)ticks.QuadPart * 1e9 / (double)per_second.QuadPart);
}
#else
#include <time.h>

static inline long long gs_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}
#endif

#endif
