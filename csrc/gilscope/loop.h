/* The one loop signature.
 *
 * A loop computes the elements [start, stop) of a task. It never mentions the GIL and does not include Python.h: whoever
 * calls it has checked every array and decides how to treat the GIL.
 *
 *   GS_MAP    computes the items [start, stop) of `out`, each on its own: any slicing gives the same bits.
 *   GS_FOLD   adds the partial result of the first input's items [start, stop) to `out`, which holds zeros at first. Partial
 *             results combine by adding.
 *   GS_WHOLE  computes all of `out`; only the range of all its items may be asked for.
 */
#ifndef GILSCOPE_LOOP_H
#define GILSCOPE_LOOP_H

#include <stddef.h>

#define GS_MAX_INPUTS 3
#define GS_MAX_DIMENSIONS 3
#define GS_MAX_PARAMETERS 2

typedef enum { GS_MAP, GS_FOLD, GS_WHOLE } gs_kind;

/* Arrays are C-contiguous, aligned, in native byte order. */
typedef struct {
    const void *in[GS_MAX_INPUTS];
    void *out; /* shares no memory with an input, but may be one where the work is element by element */
    ptrdiff_t lengths[GS_MAX_DIMENSIONS]; /* of the signature's dimensions, in the order in which they first occur */
    double parameters[GS_MAX_PARAMETERS];
} gs_task;

typedef void (*gs_loop)(const gs_task *task, ptrdiff_t start, ptrdiff_t stop);

/* Every file of loops is compiled once for each level of instructions (csrc/levels.c), and its functions have the level in
 * their names: GS_LOOP(exp, f64) is gs_exp_f64_avx2 when GS_LEVEL is avx2. */
#ifndef GS_LEVEL
#define GS_LEVEL baseline
#endif
#define GS_JOINED(name, level) name##_##level
#define GS_AT(name, level) GS_JOINED(name, level)
#define GS_AT_LEVEL(name) GS_AT(name, GS_LEVEL)
#define GS_LOOP(kernel, suffix) \
    void GS_AT_LEVEL(gs_##kernel##_##suffix)(const gs_task *task, ptrdiff_t start, ptrdiff_t stop)

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

/* For loops that do little but load: vectors of at most 256 bits. NumPy's arrays are aligned to 16 bytes. A load of 512 bits
 * that is not aligned to 64 always takes in two cache lines, one of 256 bits only every other time, or never: up to twice
 * as fast, and the same bits. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#define GS_SHORT_VECTORS _Pragma("GCC target(\"prefer-vector-width=256\")")
#else
#define GS_SHORT_VECTORS
#endif

#endif
