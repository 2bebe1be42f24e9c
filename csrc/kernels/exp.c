/* out = exp(x) = 2^k * exp(r), where k is x / ln 2 rounded to an integer and r = x - k * ln 2, so that |r| <= ln 2 / 2.
 *
 * exp(r) = 1 + r + r^2 * P(r), a polynomial of degree 11 (f32: 6) with Remez' minimax coefficients, good for 0.03 (f32:
 * 0.05) ULP. ln 2 is split in two, and `high`, which is exact, is added last but one. Largest error found, fused
 * multiply-adds or not: 0.95 ULP in 1.3e8 points, f32 0.91 ULP in all inputs.
 *
 * No branch depends on one element: all elements of a block take the same steps, which is what vector instructions need. A
 * block with a NaN, an infinity or a result near the limits takes the longer steps of exp_any, where all others get the same
 * bits. An incomplete block is padded: a scalar tail might be fused, that is rounded, in another way. */
#include <stdint.h>
#include <string.h>
#include "gilscope/kernels.h"

#define BLOCK 64

static inline double tail_f64(double r) {
    double a = 0x1.000000000000ap-1 + r * 0x1.55555555554fap-3, b = 0x1.555555555087cp-5 + r * 0x1.1111111127be6p-7;
    double c = 0x1.6c16c1842a198p-10 + r * 0x1.a01a012a57713p-13, d = 0x1.a0199a0c53efap-16 + r * 0x1.71df2552a3075p-19;
    double e = 0x1.28ad72dd1dd64p-22 + r * 0x1.ad7f6e8eaa133p-26, r2 = r * r;
    return a + r2 * (b + r2 * (c + r2 * (d + r2 * e)));
}

static inline float tail_f32(float r) {
    float a = 0x1.fffffcp-2f + r * 0x1.555492p-3f, b = 0x1.5558f2p-5f + r * 0x1.1239e2p-7f, r2 = r * r;
    return a + r2 * (b + r2 * 0x1.6a2446p-10f);
}

/* Floating-point numbers are compared as integers, and clamped before the arithmetic: NaN and infinity raise no flag. */
#define EXP(suffix, real, uint, mantissa, bias, infinity, normal, clamp, shift, log2e, ln2_high, ln2_low, tiny)           \
    static inline uint bits_##suffix(real x) {                                                                            \
        uint bits;                                                                                                        \
        memcpy(&bits, &x, sizeof x);                                                                                      \
        return bits;                                                                                                      \
    }                                                                                                                     \
    static inline real real_##suffix(uint bits) {                                                                         \
        real x;                                                                                                           \
        memcpy(&x, &bits, sizeof x);                                                                                      \
        return x;                                                                                                         \
    }                                                                                                                     \
    /* exp(r), and k in the last bits of *power: adding `shift` rounds to an integer and leaves it there. `tiny` is far   \
     * below half an ULP of 1; it keeps r * r from raising underflow. */                                                  \
    static inline real reduced_##suffix(real x, uint *power) {                                                            \
        real shifted = x * log2e + shift, k = shifted - shift;                                                            \
        real high = x - k * ln2_high, low = k * ln2_low + tiny, r = high - low;                                           \
        *power = bits_##suffix(shifted);                                                                                  \
        return 1 + (high + (r * r * tail_##suffix(r) - low));                                                             \
    }                                                                                                                     \
    static inline real exp_normal_##suffix(real x) {                                                                      \
        uint power;                                                                                                       \
        real y = reduced_##suffix(x, &power);                                                                             \
        return real_##suffix(bits_##suffix(y) + (power << mantissa)); /* y * 2^k */                                       \
    }                                                                                                                     \
    static inline real exp_any_##suffix(real x) {                                                                         \
        uint bits = bits_##suffix(x), size = bits << 1 >> 1, sign = bits ^ size, power, half;                             \
        uint finite = 0 - (uint)(size < infinity), keep = 0 - (uint)(bits != (infinity | ~(~(uint)0 >> 1)));              \
        real y = reduced_##suffix(real_##suffix((sign | (size < clamp ? size : clamp)) & finite), &power);                \
        half = (power += 2 * bias) >> 1; /* 2^k in two steps, because k may exceed the exponents */                       \
        y = y * real_##suffix(half << mantissa) * real_##suffix((power - half) << mantissa);                              \
        return real_##suffix((bits_##suffix(y) & finite) | (bits & keep & ~finite)); /* inf and NaN stay, -inf gives 0 */ \
    }                                                                                                                     \
    GS_LOOP(exp, suffix) {                                                                                                \
        for (; start < stop; start += BLOCK) {                                                                            \
            size_t size = stop - start < BLOCK ? (size_t)(stop - start) * sizeof(real) : BLOCK * sizeof(real);            \
            real padded[BLOCK], *out = (real *)task->out + start, *y = out;                                               \
            const real *x = (const real *)task->in[0] + start;                                                            \
            uint outside = 0;                                                                                             \
            if (size < sizeof padded) {                                                                                   \
                memset(padded, 0, sizeof padded);                                                                         \
                x = y = memcpy(padded, x, size);                                                                          \
            }                                                                                                             \
            for (int i = 0; i < BLOCK; i++) outside |= normal - (bits_##suffix(x[i]) << 1 >> 1);                          \
            if (outside >> (8 * sizeof(uint) - 1)) {                                                                      \
                GS_INDEPENDENT                                                                                            \
                for (int i = 0; i < BLOCK; i++) y[i] = exp_any_##suffix(x[i]);                                            \
            } else {                                                                                                      \
                GS_INDEPENDENT                                                                                            \
                for (int i = 0; i < BLOCK; i++) y[i] = exp_normal_##suffix(x[i]);                                         \
            }                                                                                                             \
            if (y == padded) memcpy(out, padded, size);                                                                   \
        }                                                                                                                 \
    }

EXP(f64, double, uint64_t, 52, 1023, 0x7ff0000000000000u, 0x4086180000000000u, 0x4087700000000000u, 0x1.8p52,
    0x1.71547652b82fep+0, 0x1.62e42fefa3800p-1, 0x1.ef35793c76730p-45, 0x1p-100)
EXP(f32, float, uint32_t, 23, 127, 0x7f800000u, 0x42ac0000u, 0x42d20000u, 0x1.8p23f, 0x1.715476p+0f, 0x1.62e4p-1f,
    0x1.7f7d1cp-20f, 0x1p-32f)
