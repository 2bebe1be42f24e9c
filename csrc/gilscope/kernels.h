/* The one list of C kernels: a new kernel is a row here and a file in csrc/kernels.
 *
 * X(name, suffix, kind, signature, element, result, parameters)
 *   signature         which shapes go in and come out, in NumPy's notation; "()" everywhere: element by element, any shape
 *   element, result   NumPy's one-letter types of the inputs and of the result: d double, f float, i int, q int64, p intp,
 *                     ? bool; a fold's result is d or p
 *   parameters        how many numbers it takes
 */
#ifndef GILSCOPE_KERNELS_H
#define GILSCOPE_KERNELS_H

#include "loop.h"

#define GS_KERNELS(X)                                           \
    X(exp, f64, GS_MAP, "()->()", 'd', 'd', 0)                  \
    X(exp, f32, GS_MAP, "()->()", 'f', 'f', 0)                  \
    X(add, f64, GS_MAP, "(),()->()", 'd', 'd', 0)               \
    X(add, f32, GS_MAP, "(),()->()", 'f', 'f', 0)               \
    X(poly, f64, GS_MAP, "()->()", 'd', 'd', 1)                 \
    X(poly, f32, GS_MAP, "()->()", 'f', 'f', 1)                 \
    X(sum, f64, GS_FOLD, "(n)->()", 'd', 'd', 0)                \
    X(dot, f64, GS_FOLD, "(n),(n)->()", 'd', 'd', 0)            \
    X(pairwise, f64, GS_MAP, "(m,k),(n,k)->(m,n)", 'd', 'd', 0) \
    X(histogram, f64, GS_FOLD, "(n)->(256)", 'd', 'p', 0)       \
    X(stencil, f64, GS_MAP, "(m,n)->(m,n)", 'd', 'd', 0)        \
    X(stencil, f32, GS_MAP, "(m,n)->(m,n)", 'f', 'f', 0)        \
    X(mandelbrot, f64, GS_MAP, "(),()->()", 'd', 'i', 1)        \
    X(mandelbrot, f32, GS_MAP, "(),()->()", 'f', 'i', 1)        \
    X(primes, i64, GS_MAP, "()->()", 'q', '?', 0)               \
    X(matmul, f64, GS_WHOLE, "(m,k),(k,n)->(m,n)", 'd', 'd', 0) \
    X(sort, f64, GS_WHOLE, "(n)->(n)", 'd', 'd', 0)             \
    X(sleep, f64, GS_MAP, "()->()", 'd', 'd', 1)

typedef struct {
    const char *name;
    gs_kind kind;
    const char *signature;
    char element;
    char result;
    int parameters;
    gs_loop run;
} gs_kernel;

/* A level of instructions: the kernels compiled for it, and whether this processor has them. */
typedef struct {
    const char *name;
    int (*supported)(void);
    const gs_kernel *kernels; /* ends with a NULL name */
} gs_level;

extern const gs_level gs_levels[]; /* from the plainest on; ends with a NULL name */

#endif
