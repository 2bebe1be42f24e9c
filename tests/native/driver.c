/* Threads that hold, release and are forced, while traces start and stop: is every trace in order? Prints a line. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
static size_t counts[1 << GS_KIND_BITS], looked[1 << GS_KIND_BITS]; /* waits are not looked at: lost looks stand there */

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

/* What a thread would run: an address of its own, counted as references are. */
static __thread int code;

static void *running(int *offset) {
    code++;
    *offset = 7;
    return &code;
}

/* Is each look at a drop, or at a take after a wait, and by the thread of that event? */
static void check_looks(const gs_recording *r) {
    static void *codes[1 << GS_THREAD_BITS];
    memset(codes, 0, sizeof codes);
    for (size_t i = 0; i < r->look_count; i++) {
        const gs_look *look = &r->looks[i];
        if (look->event >= r->count || (i && look->event <= r->looks[i - 1].event)) fail("looks are out of order");
        uint64_t event = r->events[look->event], thread = event >> GS_KIND_BITS & ((1 << GS_THREAD_BITS) - 1);
        unsigned kind = event & ((1 << GS_KIND_BITS) - 1);
        if (kind == GS_WAIT || look->offset != 7) fail("a look at a wait");
        if (codes[thread] && codes[thread] != look->code) fail("a look by another thread");
        codes[thread] = look->code;
        looked[kind]++;
    }
    if (r->lost_looks) looked[GS_WAIT]++;
}

static void check(const gs_recording *r) {
    uint64_t holder = 0;
    int held = 0;
    for (size_t i = 0; i < r->threads; i++) {
        if (r->cpu_ns[i] < 0) fail("a thread's CPU time is not known");
    }
    check_looks(r);
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
    gs_trace_options options = {.max_events = max_events,
                                .counter = 1,
                                .save_thread = (const void *)PyEval_SaveThread,
                                .pair = pair,
                                .thread_state = PyGILState_GetThisThreadState,
                                .block = park,
                                .be_forced = be_forced,
                                .running = running,
                                .max_looks = max_events / 16,
                                .long_ns = 1000};
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
    for (int kind = 0; kind < 1 << GS_KIND_BITS; kind++) {
        if (!counts[kind] || !looked[kind]) return 0;
    }
    return 1;
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
