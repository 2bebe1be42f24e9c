/* One step of heat flow: out = u + 0.1 * ((((up + down) + left) + right) - 4 * u) inside, and out = u on the border.
 *
 * Each number is read once from memory: those above and below it are still in the cache when their row comes. */
#include <string.h>
#include "gilscope/kernels.h"

#define STENCIL(suffix, real)                                                                       \
    GS_LOOP(stencil, suffix) {                                                                      \
        const real *u = task->in[0];                                                                \
        real *out = task->out;                                                                      \
        ptrdiff_t m = task->lengths[0], n = task->lengths[1];                                       \
        for (ptrdiff_t end; start < stop; start = end) { /* row by row */                           \
            ptrdiff_t row = start / n, left = row * n, right = left + n - 1;                        \
            end = stop <= right ? stop : right + 1;                                                 \
            if (row == 0 || row == m - 1) {                                                         \
                memcpy(out + start, u + start, (size_t)(end - start) * sizeof *out);                \
                continue;                                                                           \
            }                                                                                       \
            if (start == left) out[left] = u[left];                                                 \
            if (end > right) out[right] = u[right];                                                 \
            ptrdiff_t first = start > left ? start : left + 1, beyond = end < right ? end : right;  \
            GS_INDEPENDENT                                                                          \
            for (ptrdiff_t i = first; i < beyond; i++)                                              \
                out[i] = u[i] + (real)0.1 * (u[i - n] + u[i + n] + u[i - 1] + u[i + 1] - 4 * u[i]); \
        }                                                                                           \
    }

STENCIL(f64, double)
STENCIL(f32, float)
