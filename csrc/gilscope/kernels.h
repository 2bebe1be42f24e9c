/* The one list of C kernels: a new kernel is a row here and a file in csrc/kernels.
 *
 * X(name, suffix, kind, element, inputs, parameters, result, results)
 *   element, result   NumPy's one-letter types of the inputs and of the result
 *   results           how many items a fold's or a whole's result has; 0 for a map: as many as there are elements
 */
#ifndef GILSCOPE_KERNELS_H
#define GILSCOPE_KERNELS_H

#include "loop.h"

#define GS_KERNELS(X)                             \
    X(exp, f64, GS_MAP, 'd', 1, 0, 'd', 0)        \
    X(exp, f32, GS_MAP, 'f', 1, 0, 'f', 0)        \
    X(add, f64, GS_MAP, 'd', 2, 0, 'd', 0)        \
    X(add, f32, GS_MAP, 'f', 2, 0, 'f', 0)        \
    X(dot, f64, GS_FOLD, 'd', 2, 0, 'd', 1)       \
    X(mandelbrot, f64, GS_MAP, 'd', 2, 1, 'i', 0) \
    X(mandelbrot, f32, GS_MAP, 'f', 2, 1, 'i', 0)

typedef struct {
    const char *name;
    gs_kind kind;
    char element;
    int inputs;
    int parameters;
    char result;
    ptrdiff_t results;
    gs_loop run;
} gs_kernel;

#define X(name, suffix, ...) void gs_##name##_##suffix(const gs_task *task, ptrdiff_t start, ptrdiff_t stop);
GS_KERNELS(X)
#undef X

extern const gs_kernel gs_kernels[]; /* ends with a NULL name */

/* The instruction set that GS_CLONES picked on this machine: "avx512f", "avx2" or "default". */
const char *gs_isa(void);

#endif
