/* out[i, j] = the sum over d of (x[i, d] - y[j, d])^2, added in the order of d.
 *
 * One point of x is compared with many points of y at a time. For that their coordinates must lie side by side, so a tile of
 * y is transposed into an array on the stack, and used for many rows. */
#include <string.h>
#include "gilscope/kernels.h"

#define POINTS 128 /* of y in a tile, and */
#define DEPTH 16   /* coordinates of each: 16 KiB */

static inline ptrdiff_t at_most(ptrdiff_t limit, ptrdiff_t value) {
    return value < limit ? value : limit;
}

/* Adds some coordinates of one point of x and a tile's points of y. */
static inline void add_row(const double *x, double (*tile)[POINTS], ptrdiff_t depth, double *out, ptrdiff_t points) {
    for (ptrdiff_t d = 0; d < depth; d++) {
        double at = x[d];
        for (ptrdiff_t point = 0; point < points; point++) {
            double difference = at - tile[d][point];
            out[point] += difference * difference;
        }
    }
}

/* Computes a rectangle of the result. */
static void rectangle(const gs_task *task, ptrdiff_t row, ptrdiff_t end_row, ptrdiff_t column, ptrdiff_t end_column) {
    const double *x = task->in[0], *y = task->in[1];
    double *out = task->out, tile[DEPTH][POINTS];
    ptrdiff_t k = task->lengths[1], n = task->lengths[2];
    for (ptrdiff_t j = column; j < end_column; j += POINTS) {
        ptrdiff_t points = at_most(POINTS, end_column - j), d = 0;
        do {
            ptrdiff_t depth = at_most(DEPTH, k - d);
            for (ptrdiff_t point = 0; point < points; point++)
                for (ptrdiff_t each = 0; each < depth; each++) tile[each][point] = y[(j + point) * k + d + each];
            for (ptrdiff_t i = row; i < end_row; i++) {
                double *sums = out + i * n + j;
                if (d == 0) memset(sums, 0, (size_t)points * sizeof *sums);
                add_row(x + i * k + d, tile, depth, sums, points);
            }
        } while ((d += DEPTH) < k); /* once at least: without coordinates all distances are 0 */
    }
}

/* A range of the result is the end of a row, whole rows, and the start of a row; any of them may be missing. */
GS_LOOP(pairwise, f64) {
    ptrdiff_t n = task->lengths[2];
    while (start < stop) {
        ptrdiff_t row = start / n, column = start % n, left = stop - start;
        ptrdiff_t rows = column || left < n ? 1 : left / n, end = at_most(n, column + left);
        rectangle(task, row, row + rows, column, end);
        start += rows * (end - column);
    }
}
