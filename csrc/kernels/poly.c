/* out = 1 + x + x^2 + ... + x^degree by Horner's rule: p = p * x + 1, `degree` times.
 *
 * Each step of an element waits for its step before, so a block of elements goes through all steps together: eight vectors,
 * as many as multiplications and additions are under way at a time. An incomplete block is padded. */
#include <stdint.h>
#include <string.h>
#include "gilscope/kernels.h"

#if defined(__AVX512F__)
#define VECTOR 64 /* bytes */
#elif defined(__AVX2__)
#define VECTOR 32
#else
#define VECTOR 16
#endif
#define BLOCK(real) (8 * VECTOR / (int)sizeof(real))

#define POLY(suffix, real)                                                                                        \
    static inline void block_##suffix(const real *x, real *out, int32_t degree) {                                 \
        real p[BLOCK(real)]; /* in registers */                                                                   \
        for (int i = 0; i < BLOCK(real); i++) p[i] = 1;                                                           \
        for (int32_t step = 0; step < degree; step++)                                                             \
            for (int i = 0; i < BLOCK(real); i++) p[i] = p[i] * x[i] + 1;                                         \
        for (int i = 0; i < BLOCK(real); i++) out[i] = p[i];                                                      \
    }                                                                                                             \
    GS_LOOP(poly, suffix) {                                                                                       \
        const real *x = task->in[0];                                                                              \
        real *out = task->out, padded[BLOCK(real)] = {0};                                                         \
        size_t rest = (size_t)(stop - start) % BLOCK(real);                                                       \
        int32_t degree = task->parameters[0] < INT32_MAX ? (int32_t)task->parameters[0] : INT32_MAX;              \
        for (; start + BLOCK(real) <= stop; start += BLOCK(real)) block_##suffix(x + start, out + start, degree); \
        if (rest == 0) return;                                                                                    \
        memcpy(padded, x + start, rest * sizeof(real));                                                           \
        block_##suffix(padded, padded, degree);                                                                   \
        memcpy(out + start, padded, rest * sizeof(real));                                                         \
    }

POLY(f64, double)
POLY(f32, float)
