/* out += sum of x * y, in 32 partial sums: additions need not wait for each other, and fill the widest vectors. */
#include "gilscope/kernels.h"

GS_SHORT_VECTORS

#define PARTIAL 32

GS_LOOP(dot, f64) {
    const double *x = task->in[0], *y = task->in[1];
    double partial[PARTIAL] = {0}, rest = 0;
    ptrdiff_t i = start;
    for (; i + PARTIAL <= stop; i += PARTIAL)
        for (int lane = 0; lane < PARTIAL; lane++) partial[lane] += x[i + lane] * y[i + lane];
    for (; i < stop; i++) rest += x[i] * y[i];
    for (int lane = 0; lane < PARTIAL; lane++) rest += partial[lane];
    *(double *)task->out += rest;
}
