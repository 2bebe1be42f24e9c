/* mandelbrot for float64 with AVX-512 intrinsics, 1.8 times as fast as the plain loop: all eight lanes of a vector take
 * their next points at once (expand, scatter), where the plain loop goes lane by lane, and a mask register is compared, kept
 * and counted with fewer instructions than a vector of integers. Same operations as NumPy, nothing fused: same counts. */
#define GS_SPECIAL_MANDELBROT_F64
#include "../mandelbrot.c"

#include <immintrin.h>

#define GROUPS 4 /* vectors in turn: a step waits 12 cycles for its results, but occupies the processor for 5 */

typedef struct {
    __m512d cr, ci, zr, zi;
    __m512i count, where; /* `where` in `out` the count belongs, at least `stop` in a lane without a point */
    __mmask8 left;
} eight;

GS_LOOP(mandelbrot, f64) {
    const double *x = task->in[0], *y = task->in[1];
    const double limit = task->parameters[0];
    const int64_t max = limit < INT32_MAX ? (limit > 0 ? (int64_t)limit : 0) : INT32_MAX;
    const __m512i most = _mm512_set1_epi64(max), end = _mm512_set1_epi64(stop),
                  lanes = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
    const __m512d four = _mm512_set1_pd(4);
    eight groups[GROUPS];
    for (int g = 0; g < GROUPS; g++) groups[g] = (eight){.where = end, .left = 0xff};
    for (int busy = 1; busy;) {
        busy = 0;
        for (eight *v = groups; v < groups + GROUPS; v++) {
            if (v->left) {
                __mmask8 full = _mm512_mask_cmplt_epi64_mask(v->left, v->where, end);
                _mm512_mask_i64scatter_epi32(task->out, full, v->where,
                                             _mm512_cvtepi64_epi32(_mm512_min_epi64(v->count, most)), 4);
                v->where = _mm512_mask_expand_epi64(v->where, v->left, _mm512_add_epi64(lanes, _mm512_set1_epi64(start)));
                __mmask8 fresh = _mm512_mask_cmplt_epi64_mask(v->left, v->where, end);
                v->cr = _mm512_mask_expandloadu_pd(v->cr, fresh, x + start);
                v->ci = _mm512_mask_expandloadu_pd(v->ci, fresh, y + start);
                v->zr = _mm512_maskz_mov_pd(~v->left, v->zr);
                v->zi = _mm512_maskz_mov_pd(~v->left, v->zi);
                v->count = _mm512_maskz_mov_epi64(~v->left, v->count);
                start += __builtin_popcount(fresh);
            }
            busy |= _mm512_cmplt_epi64_mask(v->where, end);
            v->left = 0xff; /* from here on: is inside */
        }
        for (int step = 0; step < STEPS; step++)
            for (eight *v = groups; v < groups + GROUPS; v++) {
                __m512d r2 = _mm512_mul_pd(v->zr, v->zr), i2 = _mm512_mul_pd(v->zi, v->zi);
                v->left = _mm512_mask_cmp_pd_mask(v->left, _mm512_add_pd(r2, i2), four, _CMP_LE_OQ);
                v->count = _mm512_mask_add_epi64(v->count, v->left, v->count, _mm512_set1_epi64(1));
                v->zi = _mm512_add_pd(_mm512_mul_pd(_mm512_add_pd(v->zr, v->zr), v->zi), v->ci);
                v->zr = _mm512_add_pd(_mm512_sub_pd(r2, i2), v->cr);
            }
        for (eight *v = groups; v < groups + GROUPS; v++)
            v->left = (__mmask8)(~v->left | _mm512_cmpge_epi64_mask(v->count, most));
    }
}
