/* The trace: what is recorded when a thread takes, waits for or drops the GIL, and how to start and stop it.
 *
 * CPython has no hook for this, but each switch of the GIL goes through libc (ceval_gil.c, 3.2 to 3.14): `drop_gil` signals
 * gil->cond; `take_gil` waits on it while another thread holds, and signals gil->switch_cond when it has the GIL. So the
 * tracer puts hooks into the slots through which Python calls those functions of libc, and finds out at every start which
 * two conditions are the GIL's. It knows no struct of CPython's and no version of it.
 */
#ifndef GILSCOPE_TRACE_H
#define GILSCOPE_TRACE_H

#include <stddef.h>
#include <stdint.h>

/* An event is 64 bits: from the top, ticks since a little before the start, the thread's number in this trace, the kind. */
#define GS_KIND_BITS 2
#define GS_THREAD_BITS 16
#define GS_TICK_BITS 46

/* Recorded under gil->mutex, so in the order in which they happened: takes, and releases or drops, strictly alternate. */
typedef enum {
    GS_TAKE,    /* has the GIL */
    GS_RELEASE, /* dropped it of its own will */
    GS_DROP,    /* was made to drop it: another thread had waited for a switch interval */
    GS_WAIT,    /* asked for it while another thread held it */
} gs_event_kind;

/* One instant on two clocks. */
typedef struct {
    uint64_t ticks;
    int64_t ns; /* CLOCK_MONOTONIC, which is Python's perf_counter_ns */
} gs_anchor;

/* What Python code ran in the thread when a long hold or wait ended: at a drop, or at the take after a wait. */
typedef struct {
    size_t event; /* its index */
    void *code;   /* a reference, which whoever gets the recording gives back */
    int offset;   /* of the instruction */
} gs_look;

typedef struct {
    size_t max_events;
    int counter;                 /* use the processor's time-stamp counter; else CLOCK_MONOTONIC */
    const void *save_thread;     /* PyEval_SaveThread */
    void (*pair)(void);          /* drops the GIL by PyEval_SaveThread and takes it back */
    void *(*thread_state)(void); /* PyGILState_GetThisThreadState */
    void (*block)(void);         /* drops the GIL once to wait for a lock, and takes it back */
    void (*be_forced)(void);     /* returns when another thread has made this one drop the GIL */
    int alone;                   /* this thread is the only one: be_forced is left to gs_trace_learn */
    /* A new reference to the code that this thread runs, or NULL; called with gil->mutex held. NULL: nobody looks. */
    void *(*running)(int *offset);
    size_t max_looks;
    int64_t long_ns; /* holds and waits that last at least this long are looked at */
} gs_trace_options;

typedef struct {
    const uint64_t *events;
    size_t count, lost;        /* lost: those after the buffer was full, or the thread numbers used up */
    const int32_t *native_ids; /* by thread number */
    const int64_t *cpu_ns;     /* the CPU time that each used since its birth, at its end or at the stop; -1 if not known */
    size_t threads;
    uint64_t base; /* an event's ticks << shift, plus this, are an anchor's ticks */
    int shift;
    gs_anchor start, stop;
    double event_ns; /* what an event costs here, measured at the stop */
    const gs_look *looks;
    size_t look_count, lost_looks; /* lost: those after their buffer was full */
    int tells_forced; /* 0: a thread was started without gs_trace_learn, and no GS_DROP is told from a GS_RELEASE */
} gs_recording;

#define GS_BUSY "a trace is running already"
#define GS_NO_ROOM "there is no room for that many events"

/* All are called with the GIL held. They return the reason of a failure, or NULL. */
const char *gs_trace_unavailable(void);
const char *gs_trace_start(const gs_trace_options *options);
const char *gs_trace_learn(void);                   /* before a second thread starts while recording */
const char *gs_trace_stop(gs_recording *recording); /* what it points to is valid until the release */
void gs_trace_release(void);

/* The CPU time that a thread of this process has used, -1 if there is none. */
int64_t gs_thread_cpu_ns(int32_t native_id);

#endif
