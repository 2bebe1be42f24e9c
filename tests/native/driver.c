/* Threads that hold, release and are forced, while traces start and stop: is every trace in order? Prints a line. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "gilscope/trace.h"

#define THREADS 4
#define ROUNDS 20
#define PATIENCE 1000

void *PyEval_SaveThread(void);
void PyEval_RestoreThread(void *state);
void *PyGILState_GetThisThreadState(void);
int handle_pending(void);
void park(void);
void *signal_slot(void);

static atomic_int done, visits;
static size_t counts[1 << GS_KIND_BITS];

static void pair(void) {
    PyEval_RestoreThread(PyEval_SaveThread());
}

static void *visit(void *unused) {
    PyEval_RestoreThread(NULL);
    atomic_fetch_add(&visits, 1);
    PyEval_SaveThread();
    return unused;
}

static void be_forced(void) {
    pthread_t thread;
    int before = atomic_load(&visits);
    pthread_create(&thread, NULL, visit, NULL);
    while (atomic_load(&visits) == before) handle_pending();
    pthread_join(thread, NULL);
}

static void *work(void *seed) {
    unsigned state = (unsigned)(size_t)seed;
    PyEval_RestoreThread(NULL);
    while (!atomic_load(&done)) {
        for (int i = rand_r(&state) % 200; i > 0; i--) handle_pending();
        if (rand_r(&state) % 2) pair();
    }
    PyEval_SaveThread();
    return NULL;
}

static void fail(const char *why) {
    printf("%s\n", why);
    exit(1);
}

static void check(const gs_recording *r) {
    uint64_t holder = 0;
    int held = 0;
    for (size_t i = 0; i < r->threads; i++) {
        if (r->cpu_ns[i] < 0) fail("a thread's CPU time is not known");
    }
    for (size_t i = 0; i < r->count; i++) {
        unsigned kind = r->events[i] & ((1 << GS_KIND_BITS) - 1);
        uint64_t thread = r->events[i] >> GS_KIND_BITS & ((1 << GS_THREAD_BITS) - 1);
        counts[kind]++;
        if (kind == GS_WAIT) continue;
        if ((kind == GS_TAKE) == held) fail("takes and drops do not alternate");
        if (kind != GS_TAKE && thread != holder) fail("another thread drops");
        holder = thread;
        held = kind == GS_TAKE;
    }
}

/* The hooks must be gone then, and the threads go on switching. */
static void refused(const char *why) {
    printf("refused: %s\n", why);
    for (int i = 0; i < 100; i++) pair();
    fail(signal_slot() == (void *)pthread_cond_signal ? "unchanged" : "hooked");
}

static void trace(size_t max_events) {
    gs_trace_options options = {max_events, 1, (const void *)PyEval_SaveThread, pair, PyGILState_GetThisThreadState,
                                park,       be_forced, 0};
    gs_recording recording;
    const char *error = gs_trace_start(&options);
    if (error) refused(error);
    if (!gs_trace_start(&options)) fail("a second trace was not refused");
    for (int i = 0; i < 20; i++) {
        void *state = PyEval_SaveThread();
        nanosleep(&(struct timespec){0, 100000}, NULL);
        PyEval_RestoreThread(state);
        park();
    }
    if ((error = gs_trace_stop(&recording))) fail(error);
    check(&recording);
    gs_trace_release();
}

static int saw_all(void) {
    return counts[GS_TAKE] && counts[GS_RELEASE] && counts[GS_DROP] && counts[GS_WAIT];
}

int main(void) {
    pthread_t threads[THREADS];
    PyEval_RestoreThread(NULL);
    trace(100); /* when nothing was waited for yet, and lazy slots are unresolved */
    if (counts[GS_DROP]) fail("a forced drop although there is no other thread");
    for (size_t i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, (void *)(i + 1));
    for (int round = 0; round < ROUNDS || (round < PATIENCE && !saw_all()); round++) trace(round % 2 ? 1000000 : 100);
    atomic_store(&done, 1);
    PyEval_SaveThread();
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    if (!saw_all()) fail("an event is missing");
    printf("in order\n");
    return 0;
}
