/* The hooks, what they learn, and the start and the stop.
 *
 * A hook does one of three things: nothing (`mode` is IDLE), learn (LEARNING, and only in the thread that starts the trace),
 * or record (`mode` is the number of the trace). Hooks stay once a trace was started. CPython holds gil->mutex when it
 * signals gil->cond and gil->switch_cond and when it waits on gil->cond: that is all the order among threads that recording
 * needs.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "platform.h"

#if GS_HAVE_TRACER
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include "record.h"
#include "slots.h"

enum { IDLE, LEARNING, FIRST_TRACE };

/* How far above a hook's frame PyEval_SaveThread's is looked for: it calls drop_gil through two or three functions that the
 * compiler may have inlined (words 0 to 15 on the builds tried), and each keeps six registers at most. */
#define MAX_DEPTH 64

/* What the learning thread's signals and waits were on. */
typedef struct {
    int signals;
    pthread_cond_t *signalled[2], *waited;
    uintptr_t code, code_end; /* of PyEval_SaveThread, when it is to be found */
    int depth;
    uintptr_t caller;
} lesson;

static _Atomic(unsigned) mode = IDLE;
static _Atomic(pthread_cond_t *) gil_cond, switch_cond;

/* Who called drop_gil, if it was of the thread's own will: the return address at this depth of the stack. */
static int caller_depth;
static uintptr_t save_thread_caller, lock_caller;

static gs_recorder recorder;
static int32_t native_ids[GS_MAX_THREADS];
static unsigned last_number = FIRST_TRACE;
static size_t mapped;
static gs_anchor started;
static gs_trace_options options;

/* Changed with the GIL held. While starting and stopping it is let go for a moment, and another thread may ask. */
static enum { STOPPED, STARTING, RUNNING, STOPPING, DONE } phase = STOPPED;

/* initial-exec: one instruction to find, and no allocation on first use, as other models may do for a loaded library. */
#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))
THREAD_LOCAL gs_self self;
THREAD_LOCAL lesson *learning;

static int on_signal(pthread_cond_t *cond);
static int on_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until);

enum { SIGNAL, TIMEDWAIT, IMPORTS };
static gs_import imports[IMPORTS] = {
    {.name = "pthread_cond_signal", .hook = on_signal, .real = pthread_cond_signal},
    {.name = "pthread_cond_timedwait", .hook = on_timedwait, .real = pthread_cond_timedwait},
};
#define REAL(import, type) ((type)__atomic_load_n(&imports[import].real, __ATOMIC_RELAXED))

/* --- of its own will?
 * ------------------------------------------------------------------------------------------------------ */

/* On aarch64 the upper bits may hold a signature of the address (pointer authentication). */
static inline uintptr_t unsigned_address(uintptr_t word) {
    return word & 0xffffffffffff;
}

/* At depth 0 the hook's own return address, below it the words of its callers' frames, where theirs are kept. */
static inline __attribute__((always_inline, no_sanitize("address"))) uintptr_t word_at(int depth, void *own,
                                                                                       uintptr_t *above) {
    return unsigned_address(depth == 0 ? (uintptr_t)own : above[depth - 1]);
}
#define CALLER_AT(depth) word_at(depth, __builtin_return_address(0), __builtin_dwarf_cfa())

/* A thread whose state is gone has ended, or returns from Python to the program that called it. */
static inline gs_event_kind kind_of_drop(uintptr_t caller) {
    return caller == save_thread_caller || caller == lock_caller || !options.thread_state() ? GS_RELEASE : GS_DROP;
}

/* Finds the frame that returns to PyEval_SaveThread. `scrub` has overwritten what earlier calls left on the stack, so that
 * the first address in its code is that of a live frame. */
static void learn_depth(lesson *l, void *own, uintptr_t *above) {
    for (int depth = 0; depth < MAX_DEPTH; depth++) {
        uintptr_t word = word_at(depth, own, above);
        if (word > l->code && word < l->code_end) {
            l->depth = depth;
            l->caller = word;
            return;
        }
    }
}

static void learn_signal(lesson *l, pthread_cond_t *cond, void *own, uintptr_t *above) {
    if (l->signals == 0 && l->code) learn_depth(l, own, above);
    if (l->signals == 0 && !l->code) l->caller = word_at(l->depth, own, above);
    if (l->signals < 2) l->signalled[l->signals] = cond;
    l->signals++;
}

/* --- the hooks
 * ------------------------------------------------------------------------------------------------------------- */

static int on_signal(pthread_cond_t *cond) {
    unsigned now = atomic_load_explicit(&mode, memory_order_acquire);
    if (now >= FIRST_TRACE) {
        if (cond == atomic_load_explicit(&switch_cond, memory_order_relaxed)) {
            gs_took(&recorder, &self);
        } else if (cond == atomic_load_explicit(&gil_cond, memory_order_relaxed)) {
            gs_dropped(&recorder, &self, kind_of_drop(CALLER_AT(caller_depth)));
        }
    } else if (now == LEARNING && learning) {
        learn_signal(learning, cond, __builtin_return_address(0), __builtin_dwarf_cfa());
    }
    return REAL(SIGNAL, int (*)(pthread_cond_t *))(cond);
}

static int on_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until) {
    unsigned now = atomic_load_explicit(&mode, memory_order_acquire);
    if (now >= FIRST_TRACE && cond == atomic_load_explicit(&gil_cond, memory_order_relaxed)) {
        gs_waits(&recorder, &self);
    } else if (now == LEARNING && learning) {
        learning->waited = cond;
    }
    return REAL(TIMEDWAIT, int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))(cond, mutex, until);
}

/* --- learning
 * -------------------------------------------------------------------------------------------------------------- */

static __attribute__((noinline)) void scrub(void) {
    volatile uintptr_t below[4 * MAX_DEPTH];
    for (int i = 0; i < 4 * MAX_DEPTH; i++) below[i] = 0;
}

/* Other threads run meanwhile, and signal conditions of their own: only this one's count. */
static void watch(lesson *l, void (*action)(void)) {
    scrub();
    learning = l;
    atomic_store_explicit(&mode, LEARNING, memory_order_release);
    action();
    atomic_store_explicit(&mode, IDLE, memory_order_release);
    learning = NULL;
}

static lesson lesson_of(const void *function) {
    lesson l = {0};
    Dl_info info;
    const ElfW(Sym) *symbol = NULL;
    if (dladdr1(function, &info, (void **)&symbol, RTLD_DL_SYMENT) && symbol) {
        l.code = (uintptr_t)function;
        l.code_end = l.code + symbol->st_size;
    }
    return l;
}

/* From one drop and one take: a signal of gil->cond, perhaps waits on it, and a signal of switch_cond. */
static const char *learn_gil(void) {
    lesson l = lesson_of(options.save_thread);
    watch(&l, options.pair);
    if (l.signals != 2 || l.signalled[0] == l.signalled[1] || (l.waited && l.waited != l.signalled[0])) {
        return "this Python does not switch the GIL in the way that the tracer knows";
    }
    if (!l.caller) return "on this Python the tracer cannot tell a release from a forced switch";
    atomic_store_explicit(&gil_cond, l.signalled[0], memory_order_relaxed);
    atomic_store_explicit(&switch_cond, l.signalled[1], memory_order_relaxed);
    caller_depth = l.depth;
    save_thread_caller = l.caller;
    return NULL;
}

/* Since 3.14 locks drop the GIL without PyEval_SaveThread, in one place (_PySemaphore_Wait). */
static void learn_lock(void) {
    lesson l = {.depth = caller_depth};
    watch(&l, options.block);
    lock_caller = l.caller ? l.caller : save_thread_caller;
}

/* --- start and stop
 * -------------------------------------------------------------------------------------------------------- */

/* Memory that is used only when touched. */
static const char *reserve(size_t max_events) {
    void *memory = MAP_FAILED;
    size_t bytes = max_events * sizeof(uint64_t);
    if (max_events <= SIZE_MAX / sizeof(uint64_t)) {
        memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
    if (memory == MAP_FAILED) return GS_NO_ROOM;
    mapped = bytes;
    recorder = (gs_recorder){.events = memory, .next = memory, .end = (uint64_t *)memory + max_events};
    return NULL;
}

static void forget(void) {
    if (mapped) munmap(recorder.events, mapped);
    mapped = 0;
    recorder = (gs_recorder){0};
    phase = STOPPED;
}

/* The child of a fork has one thread and a new GIL, and is not traced. */
static void in_child(void) {
    atomic_store_explicit(&mode, IDLE, memory_order_relaxed);
    learning = NULL;
    forget();
}

static void begin(void) {
    recorder.counter = options.counter;
    recorder.shift = options.counter ? GS_COUNTER_SHIFT : GS_CLOCK_SHIFT;
    recorder.number = last_number = last_number == UINT32_MAX ? FIRST_TRACE : last_number + 1;
    recorder.native_ids = native_ids;
    recorder.max_threads = GS_MAX_THREADS;
    started = gs_anchor_now(options.counter);
    recorder.base = started.ticks - (1 << 20);           /* another core's counter may be a little behind */
    gs_record(&recorder, &self, GS_TAKE, started.ticks); /* before any hook can: this thread has the GIL */
    atomic_store_explicit(&mode, recorder.number, memory_order_release);
    /* Threads that wait for the GIL wake, find it taken, and wait again: through the hook. */
    pthread_cond_broadcast(atomic_load_explicit(&gil_cond, memory_order_relaxed));
}

/* Leaves the slots as they were if what they show is not as expected. */
static const char *hook_and_learn(void) {
    int hooked_before = imports[0].count != 0;
    const char *error = gs_hook(imports, IMPORTS, options.save_thread);
    if (error) return error;
    error = learn_gil();
    if (error && !hooked_before) gs_unhook(imports, IMPORTS, options.save_thread);
    if (!error) learn_lock();
    return error;
}

const char *gs_trace_start(const gs_trace_options *given) {
    static int handles_fork;
    if (phase != STOPPED) return GS_BUSY;
    phase = STARTING;
    options = *given;
    if (!handles_fork) handles_fork = pthread_atfork(NULL, NULL, in_child) == 0;
    const char *error = hook_and_learn();
    if (!error) error = reserve(options.max_events);
    if (error) {
        phase = STOPPED;
        return error;
    }
    begin();
    phase = RUNNING;
    return NULL;
}

const char *gs_trace_stop(gs_recording *recording) {
    if (phase != RUNNING) return "no trace is running";
    phase = STOPPING;
    gs_anchor stopped = gs_anchor_now(recorder.counter);
    atomic_store_explicit(&mode, IDLE, memory_order_release);
    options.pair(); /* takes gil->mutex: a hook that still saw the trace running held it, and is done */
    *recording = (gs_recording){
        .events = recorder.events,
        .count = recorder.next - recorder.events,
        .lost = recorder.lost,
        .native_ids = native_ids,
        .threads = recorder.threads,
        .base = recorder.base,
        .shift = recorder.shift,
        .start = started,
        .stop = stopped,
        .event_ns = gs_measured_event_ns(recorder.counter),
    };
    phase = DONE;
    return NULL;
}

void gs_trace_release(void) {
    if (phase == DONE) forget();
}

const char *gs_trace_unavailable(void) {
    return NULL;
}
#endif
