/* out = x after waiting parameters[0] nanoseconds for each element, all in one wait: what the operating system makes of a
 * wait is at least some ten microseconds, however short it should be. */
#include <string.h>
#include "gilscope/clock.h"
#include "gilscope/kernels.h"

GS_LOOP(sleep, f64) {
    const double *x = task->in[0];
    double *out = task->out;
    if (start >= stop) return;
    gs_sleep_ns((double)(stop - start) * task->parameters[0]);
    memmove(out + start, x + start, (size_t)(stop - start) * sizeof(double)); /* `out` may be `x` */
}
