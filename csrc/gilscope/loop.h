/* The one loop signature.
 *
 * A loop computes the elements [start, stop) of a task. It never mentions the GIL and does not include Python.h: whoever
 * calls it has checked every array and decides how to treat the GIL.
 *
 *   GS_MAP    out[i] depends on in[...][i] alone: any slicing gives the same bits. `out` may be one of the inputs.
 *   GS_FOLD   adds the range's partial result to `out`, which holds zeros at first. Partial results combine by adding.
 *   GS_WHOLE  only [0, count) may be asked for.
 */
#ifndef GILSCOPE_LOOP_H
#define GILSCOPE_LOOP_H

#include <stddef.h>

#define GS_MAX_INPUTS 3
#define GS_MAX_PARAMETERS 2

typedef enum { GS_MAP, GS_FOLD, GS_WHOLE } gs_kind;

/* Arrays are C-contiguous, aligned, in native byte order. */
typedef struct {
    const void *in[GS_MAX_INPUTS];
    void *out;
    double parameters[GS_MAX_PARAMETERS];
} gs_task;

typedef void (*gs_loop)(const gs_task *task, ptrdiff_t start, ptrdiff_t stop);

/* Says that iterations are independent although `out` may be an input: without it the in-place case would run the compiler's
 * scalar fallback, slower and not bit for bit the same. */
#if defined(__clang__)
#define GS_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define GS_INDEPENDENT _Pragma("GCC ivdep")
#elif defined(_MSC_VER)
#define GS_INDEPENDENT __pragma(loop(ivdep))
#else
#define GS_INDEPENDENT
#endif

/* One body, compiled for several instruction sets, chosen when the library is loaded. By feature, not by processor: names
 * such as "arch=haswell" silently pick the default on virtual machines, which report other models. */
#ifdef GS_HAVE_TARGET_CLONES
#define GS_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define GS_CLONES
#endif

#endif
