/* exp with AVX-512 intrinsics: 1.4 times the plain loop in cache (0.32 ns instead of 0.46 per element; float32 0.125 instead
 * of 0.18), and at most 0.65 ULP wrong (denormal results 0.81) instead of 0.95.
 *
 * exp(x) = 2^m * 2^(j/16) * exp(r), j = 0 .. 15: r is 16 times smaller than without the table of 2^(j/16), so a polynomial
 * of degree 6 will do (error 0.05 ULP; float32 degree 3, 0.01). One vpermi2pd looks up eight numbers in a table of 16 that
 * stays in registers. A second table holds what the rounding of the first lost, relative to it. vscalefpd multiplies by 2^m,
 * to denormals and infinity too.
 *
 * No branch: where |x| is not below 2048 (NaN is not), masks make r and j zero without touching x, and `power` is x itself.
 * vscalefpd by NaN is NaN, by infinities infinity or 0, by anything else out of range infinity or 0 with their flags.
 *
 * Polynomial by Horner: fewest instructions, the processor overlaps vectors anyway, and no r * r that raises underflow.
 * Tables: decimal arithmetic, 60 digits; coefficients: Remez' exchange in 64-bit precision for the absolute error. */
#include <immintrin.h>
#include <stdint.h>
#include "gilscope/kernels.h"

static const double powers_f64[16] = {
    0x1.0000000000000p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0,
    0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0,
    0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0,
    0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0,
};
static const double lost_f64[16] = {
    0x0.0000000000000p+0,   0x1.79aa65d837b6dp-54,  -0x1.01b15eaa59348p-55, 0x1.68efde3a8a894p-54,
    0x1.34d754db0abb6p-55,  0x1.59f48a72a4c6dp-55,  0x1.690cebb7aafb0p-56,  0x1.063e1e21c5409p-54,
    -0x1.3b3efbf5e2228p-54, -0x1.b32dcb94da51dp-56, 0x1.db72fc1f0eab4p-55,  0x1.1affc2b91ce27p-56,
    0x1.c1a7792cb3387p-55,  0x1.36eae30af0cb3p-56,  0x1.4a385a63d07a7p-56,  -0x1.ff7128fd391f0p-55,
};

static inline __m512d look_up(const double *table, __m512d shifted) {
    return _mm512_permutex2var_pd(_mm512_loadu_pd(table), _mm512_castpd_si512(shifted), _mm512_loadu_pd(table + 8));
}

static inline __m512d exp_f64(__m512d x) {
    const __m512d shift = _mm512_set1_pd(0x1.8p48); /* adding it rounds to multiples of 1/16 and leaves j in the last bits */
    __mmask8 small = _mm512_cmp_pd_mask(_mm512_abs_pd(x), _mm512_set1_pd(2048), _CMP_LT_OQ);
    __m512d shifted = _mm512_maskz_fmadd_pd(small, x, _mm512_set1_pd(0x1.71547652b82fep+0), shift);
    __m512d power = _mm512_mask_sub_pd(x, small, shifted, shift);
    __m512d r = _mm512_maskz_fnmadd_pd(small, power, _mm512_set1_pd(0x1.62e42fefa39efp-1), x);
    r = _mm512_maskz_fnmadd_pd(small, power, _mm512_set1_pd(0x1.abc9e3b39803fp-56), r);
    __m512d y = _mm512_set1_pd(0x1.6c185dfdea995p-10);
    y = _mm512_fmadd_pd(y, r, _mm512_set1_pd(0x1.11123abf02bc6p-7));
    y = _mm512_fmadd_pd(y, r, _mm512_set1_pd(0x1.555555545e973p-5));
    y = _mm512_fmadd_pd(y, r, _mm512_set1_pd(0x1.555555548f728p-3));
    y = _mm512_fmadd_pd(y, r, _mm512_set1_pd(0x1.0000000000005p-1));
    y = _mm512_fmadd_pd(y, r, _mm512_set1_pd(1));
    y = _mm512_fmadd_pd(y, r, look_up(lost_f64, shifted));
    __m512d scale = look_up(powers_f64, shifted);
    return _mm512_scalef_pd(_mm512_fmadd_pd(scale, y, scale), power); /* by 2^floor(power) */
}

static const float powers_f32[16] = {0x1.0p+0f,      0x1.0b5586p+0f, 0x1.172b84p+0f, 0x1.2387a6p+0f,
                                     0x1.306fep+0f,  0x1.3dea64p+0f, 0x1.4bfdaep+0f, 0x1.5ab07ep+0f,
                                     0x1.6a09e6p+0f, 0x1.7a1148p+0f, 0x1.8ace54p+0f, 0x1.9c4918p+0f,
                                     0x1.ae89fap+0f, 0x1.c199bep+0f, 0x1.d5818ep+0f, 0x1.ea4afap+0f};
static const float lost_f32[16] = {0x0.0p+0f,        0x1.8d96d4p-25f,  -0x1.9c0c22p-27f, 0x1.964904p-25f,
                                   0x1.125002p-25f,  0x1.370be4p-25f,  -0x1.0a355p-25f,  -0x1.00d8acp-27f,
                                   0x1.26055cp-26f,  -0x1.05cb44p-25f, 0x1.67a1cap-28f,  0x1.a3b5e4p-28f,
                                   -0x1.f9c304p-27f, -0x1.6961b4p-28f, -0x1.a5217cp-28f, 0x1.61428ep-28f};

static inline __m512 exp_f32(__m512 x) {
    const __m512 shift = _mm512_set1_ps(0x1.8p19f);
    __mmask16 small = _mm512_cmp_ps_mask(_mm512_abs_ps(x), _mm512_set1_ps(2048), _CMP_LT_OQ);
    __m512 shifted = _mm512_maskz_fmadd_ps(small, x, _mm512_set1_ps(0x1.715476p+0f), shift);
    __m512 power = _mm512_mask_sub_ps(x, small, shifted, shift);
    __m512 r = _mm512_maskz_fnmadd_ps(small, power, _mm512_set1_ps(0x1.62e43p-1f), x);
    r = _mm512_maskz_fnmadd_ps(small, power, _mm512_set1_ps(-0x1.05c61p-29f), r);
    __m512 y = _mm512_fmadd_ps(_mm512_set1_ps(0x1.555762p-3f), r, _mm512_set1_ps(0x1.00022p-1f));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1));
    y = _mm512_fmadd_ps(y, r, _mm512_permutexvar_ps(_mm512_castps_si512(shifted), _mm512_loadu_ps(lost_f32)));
    __m512 scale = _mm512_permutexvar_ps(_mm512_castps_si512(shifted), _mm512_loadu_ps(powers_f32));
    return _mm512_scalef_ps(_mm512_fmadd_ps(scale, y, scale), power);
}

/* A large result is streamed past the caches: an ordinary store would first read its line from memory. 1.7 times as fast
 * with 1e7 elements, the same with 1e6 and 2e6, which fit a cache here. Streamed stores hold up the processor's own
 * prefetching, hence ours. Not in place: there the line has been read anyway, and streaming takes 1.3 to 2 times as long. */
#define LARGE (1 << 24) /* bytes of the range */
#define AHEAD 2048      /* bytes */

#define EXP(suffix, real, kind, mask)                                                                \
    static inline void some_##suffix(const real *x, real *out, ptrdiff_t n) { /* at most a vector */ \
        mask lanes = (mask)((1 << n) - 1);                                                           \
        _mm512_mask_storeu_##kind(out, lanes, exp_##suffix(_mm512_maskz_loadu_##kind(lanes, x)));    \
    }                                                                                                \
    GS_LOOP(exp, suffix) {                                                                           \
        const ptrdiff_t lanes = 64 / sizeof(real);                                                   \
        const real *x = task->in[0];                                                                 \
        real *out = task->out;                                                                       \
        if (stop - start >= LARGE / (ptrdiff_t)sizeof(real) && x != out) {                           \
            ptrdiff_t odd = (ptrdiff_t)(-(uintptr_t)(out + start) % 64 / sizeof(real));              \
            some_##suffix(x + start, out + start, odd);                                              \
            for (start += odd; start + lanes <= stop; start += lanes) {                              \
                _mm_prefetch((const char *)(x + start) + AHEAD, _MM_HINT_T0);                        \
                _mm512_stream_##kind(out + start, exp_##suffix(_mm512_loadu_##kind(x + start)));     \
            }                                                                                        \
            _mm_sfence();                                                                            \
        }                                                                                            \
        for (; start + 4 * lanes <= stop; start += 4 * lanes)                                        \
            for (ptrdiff_t i = start; i < start + 4 * lanes; i += lanes)                             \
                _mm512_storeu_##kind(out + i, exp_##suffix(_mm512_loadu_##kind(x + i)));             \
        for (; start < stop; start += lanes)                                                         \
            some_##suffix(x + start, out + start, stop - start < lanes ? stop - start : lanes);      \
    }

EXP(f64, double, pd, __mmask8)
EXP(f32, float, ps, __mmask16)
