/* The hooks, what they learn, and the start and the stop.
 *
 * A hook does one of three things: nothing (`mode` is IDLE), learn (LEARNING, and only in the thread that starts the trace),
 * or record (`mode` is the number of the trace). Hooks stay once a trace was started. CPython holds gil->mutex when it
 * signals gil->cond and gil->switch_cond and when it waits on gil->cond: recording needs no other order among threads.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "platform.h"

#if GS_HAVE_TRACER
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include "cpu.h"
#include "record.h"
#include "slots.h"

enum { IDLE, LEARNING, FIRST_TRACE };

/* How many words of the stack above a hook's frame are looked at: drop_gil is called through two functions at most, of six
 * registers at most (in words 0 to 5 on the builds tried). */
#define DEPTH 32

/* What the learning thread's signals and waits were on, and the stack at its last signal of `dropping`. */
typedef struct {
    int signals;
    pthread_cond_t *signalled[2], *waited, *dropping;
    uintptr_t stack[DEPTH];
} lesson;

static _Atomic(unsigned) mode = IDLE;
static _Atomic(pthread_cond_t *) gil_cond, switch_cond;

/* Which drops are forced: those with these return addresses at these depths of the stack. 0 is not known yet. Two, because
 * a forced drop can share its nearer callers with the drop of a thread that blocks on a lock (CPython 3.14). */
static struct {
    int depth;
    uintptr_t caller;
} forced_at[2];
static lesson release;

static gs_recorder recorder;
static int32_t native_ids[GS_MAX_THREADS];
static const int64_t *cpu_ns;
static unsigned last_number = FIRST_TRACE;
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

/* --- who called drop_gil --------------------------------------------------------------------------------------------- */

/* At depth 0 the hook's own return address, below it the words of its callers' frames, where theirs are kept. On aarch64 the
 * upper bits may hold a signature of the address (pointer authentication). */
static inline __attribute__((always_inline)) uintptr_t word_at(int depth, void *own, uintptr_t *above) {
    return (depth == 0 ? (uintptr_t)own : above[depth - 1]) & 0xffffffffffff;
}
/* For those who call it: other frames are none of ours, as AddressSanitizer rightly says. */
#define READS_OTHER_FRAMES __attribute__((no_sanitize("address")))
#define WORD_AT(depth) word_at(depth, __builtin_return_address(0), __builtin_dwarf_cfa())
#define IS_FORCED_AT(which) (WORD_AT(forced_at[which].depth) == forced_at[which].caller)

/* A thread whose state is gone has ended, or returns from Python to the program that called it; on some builds (Debian's) it
 * drops through the same function as one that is made to. */
static inline gs_event_kind kind_of_drop(int forced) {
    return forced && options.thread_state() ? GS_DROP : GS_RELEASE;
}

READS_OTHER_FRAMES static void learn_signal(lesson *l, pthread_cond_t *cond, void *own, uintptr_t *above) {
    if (l->signals < 2) l->signalled[l->signals] = cond;
    if (l->signals++ == 0 && !l->dropping) l->dropping = cond;
    for (int depth = 0; depth < DEPTH && cond == l->dropping; depth++) l->stack[depth] = word_at(depth, own, above);
}

/* --- the hooks ------------------------------------------------------------------------------------------------------- */

READS_OTHER_FRAMES static int on_signal(pthread_cond_t *cond) {
    unsigned now = atomic_load_explicit(&mode, memory_order_acquire);
    if (now >= FIRST_TRACE) {
        if (cond == atomic_load_explicit(&switch_cond, memory_order_relaxed)) {
            gs_took(&recorder, &self);
        } else if (cond == atomic_load_explicit(&gil_cond, memory_order_relaxed)) {
            gs_dropped(&recorder, &self, kind_of_drop(IS_FORCED_AT(0) && IS_FORCED_AT(1)));
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

/* --- learning -------------------------------------------------------------------------------------------------------- */

/* Overwrites what earlier calls left below on the stack: what looks like code there is where a live frame returns to. */
static __attribute__((noinline)) void scrub(void) {
    uintptr_t below[8 * DEPTH];
    memset(below, 0, sizeof below);
    __asm__ volatile("" : : "r"(below) : "memory"); /* the compiler may not leave it out */
}

/* Other threads run meanwhile, and signal conditions of their own: only this one's count. */
static void watch(lesson *l, void (*action)(void)) {
    unsigned before = atomic_load_explicit(&mode, memory_order_relaxed);
    scrub();
    learning = l;
    atomic_store_explicit(&mode, LEARNING, memory_order_release);
    action();
    atomic_store_explicit(&mode, before, memory_order_release);
    learning = NULL;
}

/* From one drop and one take: a signal of gil->cond, perhaps waits on it, and a signal of switch_cond. */
static const char *learn_conditions(void) {
    release = (lesson){0};
    watch(&release, options.pair);
    pthread_cond_t **signalled = release.signalled;
    if (release.signals != 2 || signalled[0] == signalled[1] || (release.waited && release.waited != signalled[0])) {
        return "this Python does not switch the GIL in the way that the tracer knows";
    }
    atomic_store_explicit(&gil_cond, signalled[0], memory_order_relaxed);
    atomic_store_explicit(&switch_cond, signalled[1], memory_order_relaxed);
    return NULL;
}

/* Where the stack of a forced drop first returns to other code than that of another drop; DEPTH if nowhere. */
static int difference(const lesson *forced, const lesson *other) {
    for (int depth = 0; depth < DEPTH; depth++) {
        uintptr_t one = forced->stack[depth], two = other->stack[depth];
        if (one != two && gs_is_code(options.save_thread, one) && gs_is_code(options.save_thread, two)) return depth;
    }
    return DEPTH;
}

/* Python is compiled in many ways: drop_gil can be a function, or a part of each that calls it (Debian's). Once is enough:
 * code does not move. */
static const char *learn_forced(void) {
    if (forced_at[0].caller) return NULL;
    lesson forced = {.dropping = release.dropping}, blocked = {.dropping = release.dropping};
    watch(&blocked, options.block);
    watch(&forced, options.be_forced);
    int depths[] = {difference(&forced, &release), difference(&forced, &blocked)};
    if (depths[0] == DEPTH || depths[1] == DEPTH)
        return "on this Python the tracer cannot tell a release from a forced switch";
    for (int which = 0; which < 2; which++) {
        forced_at[which].depth = depths[which];
        forced_at[which].caller = forced.stack[depths[which]];
    }
    return NULL;
}

/* A process that never had a second thread has cheaper locks (here a drop and a take cost 30 ns instead of 50), which the
 * thread of `be_forced` would end: that waits until there is to be another. */
static const char *learn(void) {
    const char *error = learn_conditions();
    return error || options.alone ? error : learn_forced();
}

/* --- start and stop -------------------------------------------------------------------------------------------------- */

/* Memory that is used only when touched, or MAP_FAILED. */
static void *reserved(size_t count, size_t size) {
    if (count > SIZE_MAX / size) return MAP_FAILED;
    return mmap(NULL, count * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static void forget(void) {
    if (recorder.events) munmap(recorder.events, options.max_events * sizeof(uint64_t));
    if (recorder.looks) munmap(recorder.looks, options.max_looks * sizeof(gs_look));
    recorder = (gs_recorder){0};
    phase = STOPPED;
}

static const char *reserve_looks(void) {
    if (!options.running) return NULL;
    gs_look *memory = reserved(options.max_looks, sizeof(gs_look));
    if (memory == MAP_FAILED) return GS_NO_ROOM;
    recorder.looks = recorder.next_look = memory;
    recorder.looks_end = memory + options.max_looks;
    recorder.running = options.running;
    recorder.long_ticks = gs_ticks_in(options.long_ns, options.counter);
    return NULL;
}

static const char *reserve(void) {
    uint64_t *memory = reserved(options.max_events, sizeof(uint64_t));
    if (memory == MAP_FAILED) return GS_NO_ROOM;
    recorder = (gs_recorder){.events = memory, .next = memory, .end = memory + options.max_events, .long_ticks = GS_NEVER};
    return reserve_looks();
}

/* The child of a fork has one thread and a new GIL, and is not traced. It cannot give back the references of the looks,
 * since its Python is not ready yet: that code lives as long as it does. */
static void in_child(void) {
    atomic_store_explicit(&mode, IDLE, memory_order_relaxed);
    learning = NULL;
    gs_cpu_in_child();
    forget();
}

static void begin(void) {
    recorder.counter = options.counter;
    recorder.shift = options.counter ? GS_COUNTER_SHIFT : GS_CLOCK_SHIFT;
    recorder.number = last_number = last_number == UINT32_MAX ? FIRST_TRACE : last_number + 1;
    recorder.native_ids = native_ids;
    recorder.max_threads = GS_MAX_THREADS;
    recorder.enrolled = gs_cpu_enrol;
    cpu_ns = gs_cpu_watch(recorder.number);
    started = gs_anchor_now(options.counter);
    recorder.base = started.ticks - (1 << 20); /* another core's counter may be a little behind */
    recorder.took = started.ticks;
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
    error = learn();
    if (error && !hooked_before) gs_unhook(imports, IMPORTS, options.save_thread);
    return error;
}

const char *gs_trace_start(const gs_trace_options *given) {
    static int handles_fork;
    if (phase != STOPPED) return GS_BUSY;
    phase = STARTING;
    options = *given;
    if (!handles_fork) handles_fork = pthread_atfork(NULL, NULL, in_child) == 0;
    const char *error = hook_and_learn();
    if (!error) error = reserve();
    if (error) {
        forget();
        return error;
    }
    begin();
    phase = RUNNING;
    return NULL;
}

/* While the only thread learns, what it does with the GIL is not recorded: it holds before and after. */
const char *gs_trace_learn(void) {
    return phase == RUNNING && recorder.threads == 1 ? learn_forced() : NULL;
}

const char *gs_trace_stop(gs_recording *recording) {
    if (phase != RUNNING) return "no trace is running";
    phase = STOPPING;
    gs_anchor stopped = gs_anchor_now(recorder.counter);
    gs_cpu_read(native_ids, recorder.threads); /* before others can have the GIL */
    atomic_store_explicit(&mode, IDLE, memory_order_release);
    options.pair(); /* takes gil->mutex: a hook that still saw the trace running held it, and is done */
    *recording = (gs_recording){
        .events = recorder.events,
        .count = recorder.next - recorder.events,
        .lost = recorder.lost,
        .native_ids = native_ids,
        .cpu_ns = cpu_ns,
        .threads = recorder.threads,
        .base = recorder.base,
        .shift = recorder.shift,
        .start = started,
        .stop = stopped,
        .looks = recorder.looks,
        .look_count = recorder.next_look - recorder.looks,
        .lost_looks = recorder.lost_looks,
        .event_ns = gs_measured_event_ns(recorder.counter),
        .tells_forced = forced_at[0].caller != 0 || recorder.threads == 1,
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
