/* A monotonic clock, in nanoseconds, and waiting by it. */
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

/* Windows waits in milliseconds: the next whole one. */
static inline void gs_nap(long long nanoseconds) {
    Sleep(nanoseconds < 3600000000000LL ? (DWORD)((nanoseconds + 999999) / 1000000) : 3600000);
}
#else
#include <time.h>

static inline long long gs_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static inline void gs_nap(long long nanoseconds) {
    struct timespec left = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
    nanosleep(&left, NULL);
}
#endif

/* Waits, and waits on after a signal until the time has come; at most a century. Uses no CPU meanwhile. */
static inline void gs_sleep_ns(double nanoseconds) {
    long long left, until = gs_clock_ns() + (long long)(nanoseconds < 3e18 ? nanoseconds : 3e18);
    while ((left = until - gs_clock_ns()) > 0) gs_nap(left);
}

#endif
