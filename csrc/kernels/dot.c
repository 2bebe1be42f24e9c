/* out += sum of x * y. Eight partial sums, so that the additions do not wait for each other. */
#include "gilscope/kernels.h"

#define LANES 8

GS_LOOP(dot, f64) {
    const double *x = task->in[0], *y = task->in[1];
    double partial[LANES] = {0}, rest = 0;
    ptrdiff_t i = start;
    for (; i + LANES <= stop; i += LANES)
        for (int lane = 0; lane < LANES; lane++) partial[lane] += x[i + lane] * y[i + lane];
    for (; i < stop; i++) rest += x[i] * y[i];
    for (int lane = 0; lane < LANES; lane++) rest += partial[lane];
    *(double *)task->out += rest;
}
