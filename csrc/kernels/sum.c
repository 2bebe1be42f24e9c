/* out += sum of x. As many partial sums as four of the widest vectors hold, so that the additions do not wait for each
 * other; their number is the same at every level, and so are the bits. */
#include "gilscope/kernels.h"

#define LANES 32

GS_LOOP(sum, f64) {
    const double *x = task->in[0];
    double partial[LANES] = {0}, rest = 0;
    ptrdiff_t i = start;
    for (; i + LANES <= stop; i += LANES)
        for (int lane = 0; lane < LANES; lane++) partial[lane] += x[i + lane];
    for (; i < stop; i++) rest += x[i];
    for (int lane = 0; lane < LANES; lane++) rest += partial[lane];
    *(double *)task->out += rest;
}
