/* out = how many iterations z -> z * z + (x + iy) from 0 leave |z| <= 2, at most parameters[0].
 *
 * LANES points iterate together in arrays that the compiler keeps in vector registers. A lane that has left is frozen by its
 * mask alone: it goes on computing, to infinity or NaN, but is counted no more, so that all lanes take the same steps.
 * Whether any lane is still inside is looked at only every few steps. Without fused multiply-adds the counts are exactly
 * NumPy's. */
#include <stdint.h>
#include "gilscope/kernels.h"

#define LANES(real) (128 / (int)sizeof(real)) /* two of the widest vectors hide the latency of one */
#define STEPS 4

#define MANDELBROT(suffix, real, integer)                                                                           \
    GS_LOOP(mandelbrot, suffix) {                                                                                   \
        const real *x = task->in[0], *y = task->in[1];                                                              \
        int32_t *out = task->out, max = task->parameters[0] < INT32_MAX ? (int32_t)task->parameters[0] : INT32_MAX; \
        for (; start < stop; start += LANES(real)) {                                                                \
            real cr[LANES(real)], ci[LANES(real)], zr[LANES(real)] = {0}, zi[LANES(real)] = {0};                    \
            integer inside[LANES(real)], count[LANES(real)] = {0}, any = 1;                                         \
            int lanes = stop - start < LANES(real) ? (int)(stop - start) : LANES(real);                             \
            for (int i = 0; i < LANES(real); i++) {                                                                 \
                cr[i] = x[start + (i < lanes ? i : 0)]; /* lanes without a point repeat the first */                \
                ci[i] = y[start + (i < lanes ? i : 0)];                                                             \
                inside[i] = 1;                                                                                      \
            }                                                                                                       \
            for (int32_t n = 0, steps; n < max && any; n += steps) {                                                \
                steps = max - n < STEPS ? max - n : STEPS;                                                          \
                for (int32_t step = 0; step < steps; step++) {                                                      \
                    for (int i = 0; i < LANES(real); i++) {                                                         \
                        real r2 = zr[i] * zr[i], i2 = zi[i] * zi[i];                                                \
                        inside[i] &= r2 + i2 <= 4; /* false for NaN */                                              \
                        count[i] += inside[i];                                                                      \
                        zi[i] = (zr[i] + zr[i]) * zi[i] + ci[i];                                                    \
                        zr[i] = (r2 - i2) + cr[i];                                                                  \
                    }                                                                                               \
                }                                                                                                   \
                any = 0;                                                                                            \
                for (int i = 0; i < LANES(real); i++) any |= inside[i];                                             \
            }                                                                                                       \
            for (int i = 0; i < lanes; i++) out[start + i] = (int32_t)count[i];                                     \
        }                                                                                                           \
    }

MANDELBROT(f64, double, int64_t)
MANDELBROT(f32, float, int32_t)
