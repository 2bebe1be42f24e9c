/* out[i, j] = sum over d of (x[i, d] - y[j, d])^2: squared distances of the rows of x (m, k) from the rows of y (n, k).
 *
 * Neighbours in `out` need neighbouring rows of y, but vectors are made of neighbours in memory. So some rows of y are put
 * side by side first, LANES to a strip, and then serve all rows of x; as many as a tile holds that stays in the first cache.
 * Every result adds its squares in the order of d, also when `out` carries it on because k fills more than a tile: the bits
 * depend neither on the range nor on the tiles. */
#include <string.h>
#include "gilscope/kernels.h"

#define LANES 32
#define TILE 64 /* steps of d, of one strip or of several: 16 KiB */

typedef double strip[LANES];

static inline ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

/* The columns [from, to) of a strip of one row of results. All lanes are computed, which is what the compiler needs. */
static inline void row_of_strip(const double *x, const strip *y, ptrdiff_t depth, int first, double *out, ptrdiff_t from,
                                ptrdiff_t to) {
    strip sum = {0};
    if (!first)
        for (ptrdiff_t lane = from; lane < to; lane++) sum[lane] = out[lane];
    for (ptrdiff_t d = 0; d < depth; d++)
        for (int lane = 0; lane < LANES; lane++) {
            double difference = x[d] - y[d][lane];
            sum[lane] += difference * difference;
        }
    if (from == 0 && to == LANES)
        memcpy(out, sum, sizeof sum);
    else
        for (ptrdiff_t lane = from; lane < to; lane++) out[lane] = sum[lane];
}

GS_LOOP(pairwise, f64) {
    const double *x = task->in[0], *y = task->in[1];
    double *out = task->out;
    const ptrdiff_t k = task->lengths[1], n = task->lengths[2];
    strip tile[TILE];
    if (start >= stop) return;
    const ptrdiff_t top = start / n, bottom = (stop - 1) / n; /* the first and the last row may be incomplete */
    const ptrdiff_t left = top == bottom ? start % n : 0, right = top == bottom ? (stop - 1) % n + 1 : n;
    for (ptrdiff_t d = 0; d == 0 || d < k; d += TILE) {
        const ptrdiff_t depth = least(k - d, TILE), width = depth ? TILE / depth * LANES : n;
        for (ptrdiff_t j0 = left; j0 < right; j0 += width) {
            const ptrdiff_t end = least(j0 + width, right);
            for (ptrdiff_t j = j0; j < end + LANES - 1 && j < j0 + width; j++) /* the last strip repeats the last row */
                for (ptrdiff_t e = 0; e < depth; e++)
                    tile[(j - j0) / LANES * depth + e][(j - j0) % LANES] = y[least(j, end - 1) * k + d + e];
            for (ptrdiff_t i = top; i <= bottom; i++)
                for (ptrdiff_t j = j0; j < end; j += LANES) {
                    const ptrdiff_t here = i * n + j;
                    row_of_strip(x + i * k + d, (const strip *)tile + (j - j0) / LANES * depth, depth, d == 0, out + here,
                                 start > here ? start - here : 0, least(least(end - j, LANES), stop - here));
                }
        }
    }
}
