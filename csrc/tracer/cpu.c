/* A thread that has ended has no clock any more, and its native id may be another's. So each thread of a trace looks at its
 * own clock in a destructor of pthreads', which runs in it at its end, whoever started it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "platform.h"

#if GS_HAVE_TRACER
#include "cpu.h"
#include <pthread.h>
#include <time.h>

static int64_t cpu_ns[GS_MAX_THREADS];
static unsigned watched; /* the trace that cpu_ns is about, 0 for none */
static pthread_key_t key;
static int has_key;
/* A thread that ends does not hold the GIL: a trace may end, and another start, meanwhile. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int64_t clock_ns(clockid_t clock) {
    struct timespec t;
    return clock_gettime(clock, &t) ? -1 : t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* The kernel's name for the clock of any thread of this process (CPUCLOCK_PERTHREAD_MASK | CPUCLOCK_SCHED). glibc's own
 * function for it wants a pthread_t, which nobody knows here. */
int64_t gs_thread_cpu_ns(int32_t native_id) {
    return clock_ns((clockid_t)(~(uint32_t)native_id << 3 | 6));
}

static void at_end(void *value) {
    const gs_self *self = value;
    pthread_mutex_lock(&lock);
    if (self->trace == watched) cpu_ns[self->thread] = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    pthread_mutex_unlock(&lock);
}

const int64_t *gs_cpu_watch(unsigned trace) {
    if (!has_key) has_key = pthread_key_create(&key, at_end) == 0;
    pthread_mutex_lock(&lock);
    watched = trace;
    pthread_mutex_unlock(&lock);
    return cpu_ns;
}

void gs_cpu_enrol(gs_self *self) {
    cpu_ns[self->thread] = -1;
    if (has_key) pthread_setspecific(key, self);
}

void gs_cpu_read(const int32_t *native_ids, unsigned threads) {
    pthread_mutex_lock(&lock);
    watched = 0;
    for (unsigned i = 0; has_key && i < threads; i++) {
        if (cpu_ns[i] < 0) cpu_ns[i] = gs_thread_cpu_ns(native_ids[i]);
    }
    pthread_mutex_unlock(&lock);
}

void gs_cpu_in_child(void) {
    watched = 0;
    pthread_mutex_init(&lock, NULL); /* the thread that may have had it is not here */
}
#endif
