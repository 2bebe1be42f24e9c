/* Where there is no tracer: the reason why. */
#include "gilscope/trace.h"
#include "platform.h"

#if !GS_HAVE_TRACER
#if !defined(__linux__)
#define REASON "the tracer works on Linux only"
#elif !defined(__GLIBC__)
#define REASON "the tracer needs glibc"
#else
#define REASON "the tracer knows x86-64 and aarch64 only"
#endif

const char *gs_trace_unavailable(void) {
    return REASON;
}

const char *gs_trace_start(const gs_trace_options *options) {
    (void)options;
    return REASON;
}

const char *gs_trace_learn(void) {
    return REASON;
}

const char *gs_trace_stop(gs_recording *recording) {
    (void)recording;
    return REASON;
}

void gs_trace_release(void) {}

int64_t gs_thread_cpu_ns(int32_t native_id) {
    (void)native_id;
    return -1;
}
#endif
