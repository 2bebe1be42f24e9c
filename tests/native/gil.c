/* A small GIL of CPython's making (ceval_gil.c): what the tracer's C part is tried on without a Python, under other linkers'
 * flags and under sanitizers. */
#define _GNU_SOURCE /* pthread_cond_clockwait */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, switch_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER, switch_cond = PTHREAD_COND_INITIALIZER;
static int locked;
static atomic_int drop_request;
static void *last_holder;
static __thread char thread_state;

/* As compilers make them: functions, or a part of each that calls them. */
#ifdef INLINED
#define MAYBE_INLINED inline __attribute__((always_inline))
#else
#define MAYBE_INLINED __attribute__((noinline))
#endif

/* In the wrong ways that a Python might do it one day. */
#ifdef NO_WAITS
#define pthread_cond_timedwait(cond, mutex, until) pthread_cond_clockwait(cond, mutex, CLOCK_REALTIME, until)
#endif

static MAYBE_INLINED void drop_gil(void *state) {
    pthread_mutex_lock(&mutex);
    last_holder = state;
    locked = 0;
#ifdef ONE_CONDITION
    pthread_cond_signal(&switch_cond);
    pthread_cond_broadcast(&cond);
#elif defined(NO_SIGNAL)
    pthread_cond_broadcast(&cond);
#else
    pthread_cond_signal(&cond);
#endif
    pthread_mutex_unlock(&mutex);
}

static MAYBE_INLINED void take_gil(void) {
    pthread_mutex_lock(&mutex);
    while (locked) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 100000;
        if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
        if (pthread_cond_timedwait(&cond, &mutex, &until) == ETIMEDOUT && locked) atomic_store(&drop_request, 1);
    }
    pthread_mutex_lock(&switch_mutex);
    locked = 1;
    last_holder = &thread_state;
    pthread_cond_signal(&switch_cond);
    pthread_mutex_unlock(&switch_mutex);
    atomic_store(&drop_request, 0);
    pthread_mutex_unlock(&mutex);
}

void *PyEval_SaveThread(void) {
    drop_gil(&thread_state);
    return &thread_state;
}

void PyEval_RestoreThread(void *state) {
    (void)state;
    take_gil();
}

void *PyGILState_GetThisThreadState(void) {
    return &thread_state;
}

/* Where calls go, in builds that are to tell: this alone would make another kind of slot. */
void *signal_slot(void) {
#ifdef TELLS_SLOT
    return (void *)pthread_cond_signal;
#else
    return NULL;
#endif
}

/* As in CPython 3.14: who is made to drop and who waits for a lock drop by the same function, which others have inlined. */
static __attribute__((noinline)) void detach(void) {
    drop_gil(&thread_state);
    __asm__ volatile(""); /* no jump in place of the call: the frame stays */
}

/* What waits for a lock does. */
void park(void) {
    detach();
    take_gil();
}

/* The eval loop's part: drops if another thread asked for it. */
int handle_pending(void) {
    if (!atomic_load(&drop_request)) return 0;
#ifdef ALL_ALIKE
    PyEval_RestoreThread(PyEval_SaveThread());
#else
    detach();
    take_gil();
#endif
    return 1;
}
