/* out = how many iterations z -> z * z + (x + iy) from 0 leave |z| <= 2, at most parameters[0].
 *
 * LANES points iterate together in arrays that the compiler keeps in vector registers. Every STEPS steps, lanes whose point
 * is done write its count and take the next point: to wait for the slowest of a block would make nearly every block as slow
 * as its points that never leave (2.5 times slower on the whole set). Until then a point that has left goes on computing, to
 * infinity or NaN, but is counted no more, so that all lanes take the same steps. Without fused multiply-adds the counts are
 * exactly NumPy's. */
#include <stdint.h>
#include "gilscope/kernels.h"

#define LANES(real) (256 / (int)sizeof(real)) /* four of the widest vectors hide the latency of one */
#define STEPS 16

#define MANDELBROT(suffix, real, integer)                                                    \
    GS_LOOP(mandelbrot, suffix) {                                                            \
        const real *x = task->in[0], *y = task->in[1];                                       \
        double limit = task->parameters[0];                                                  \
        integer max = limit < INT32_MAX ? (limit > 0 ? (integer)limit : 0) : INT32_MAX;      \
        real cr[LANES(real)] = {0}, ci[LANES(real)] = {0}, zr[LANES(real)], zi[LANES(real)]; \
        integer inside[LANES(real)] = {0}, count[LANES(real)];                               \
        int32_t *out[LANES(real)] = {0}, points = 0; /* NULL: no point in this lane */       \
        for (;;) {                                                                           \
            for (int i = 0; i < LANES(real); i++) {                                          \
                if (inside[i] && count[i] < max) continue;                                   \
                if (out[i]) {                                                                \
                    *out[i] = (int32_t)(count[i] < max ? count[i] : max);                    \
                    out[i] = NULL;                                                           \
                    points--;                                                                \
                }                                                                            \
                if (start < stop) {                                                          \
                    cr[i] = x[start];                                                        \
                    ci[i] = y[start];                                                        \
                    out[i] = (int32_t *)task->out + start++;                                 \
                    points++;                                                                \
                }                                                                            \
                zr[i] = zi[i] = 0;                                                           \
                count[i] = 0;                                                                \
                inside[i] = 1;                                                               \
            }                                                                                \
            if (!points) return;                                                             \
            for (int step = 0; step < STEPS; step++) {                                       \
                for (int i = 0; i < LANES(real); i++) {                                      \
                    real r2 = zr[i] * zr[i], i2 = zi[i] * zi[i];                             \
                    inside[i] &= r2 + i2 <= 4; /* false for NaN */                           \
                    count[i] += inside[i];                                                   \
                    zi[i] = (zr[i] + zr[i]) * zi[i] + ci[i];                                 \
                    zr[i] = (r2 - i2) + cr[i];                                               \
                }                                                                            \
            }                                                                                \
        }                                                                                    \
    }

#ifndef GS_SPECIAL_MANDELBROT_F64
MANDELBROT(f64, double, uint64_t)
#endif
MANDELBROT(f32, float, uint32_t)
