/* out = x + y: one addition for three memory accesses, so memory is what limits it. */
#include "gilscope/kernels.h"

#define ADD(suffix, real)                                              \
    GS_LOOP(add, suffix) {                                             \
        const real *x = task->in[0], *y = task->in[1];                 \
        real *out = task->out;                                         \
        GS_INDEPENDENT                                                 \
        for (ptrdiff_t i = start; i < stop; i++) out[i] = x[i] + y[i]; \
    }

ADD(f64, double)
ADD(f32, float)
