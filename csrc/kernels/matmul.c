/* out = x @ y: out[i, j] = the sum over l of x[i, l] * y[l, j], added in the order of l.
 *
 * A tile of the result, ROWS x COLUMNS, stays in registers while l runs, so that each number that is loaded is used several
 * times. The columns of y that it needs, DEPTH rows at a time, are copied side by side into an array that stays in the
 * cache for all rows of x. What BLAS has beyond this: fused multiply-adds, and sizes chosen for each processor. */
#include <string.h>
#include "gilscope/kernels.h"

#define ROWS 4
/* Wide enough that the compiler makes vectors of a loop over them, instead of unrolling it. */
#define COLUMNS 32
#define DEPTH 256 /* x COLUMNS: 64 KiB */

static inline ptrdiff_t at_most(ptrdiff_t limit, ptrdiff_t value) {
    return value < limit ? value : limit;
}

/* Adds x[rows, depth] @ y[depth, columns] to a tile of the result. */
static inline void add_tile(const double *x, ptrdiff_t k, double (*y)[COLUMNS], ptrdiff_t depth, double *out, ptrdiff_t n,
                            ptrdiff_t rows, ptrdiff_t columns) {
    const double *from[ROWS];
    double sum[ROWS][COLUMNS] = {{0}};
    for (ptrdiff_t i = 0; i < ROWS; i++) from[i] = x + (i < rows ? i : 0) * k; /* rows that are not there repeat the first */
    for (ptrdiff_t i = 0; i < rows; i++) memcpy(sum[i], out + i * n, (size_t)columns * sizeof *out);
    for (ptrdiff_t l = 0; l < depth; l++)
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < COLUMNS; j++) sum[i][j] += from[i][l] * y[l][j];
    for (ptrdiff_t i = 0; i < rows; i++) memcpy(out + i * n, sum[i], (size_t)columns * sizeof *out);
}

GS_LOOP(matmul, f64) {
    const double *x = task->in[0], *y = task->in[1];
    double *out = task->out, panel[DEPTH][COLUMNS] = {{0}};
    ptrdiff_t m = task->lengths[0], k = task->lengths[1], n = task->lengths[2];
    memset(out + start, 0, (size_t)(stop - start) * sizeof *out);
    for (ptrdiff_t l = 0; l < k; l += DEPTH) {
        ptrdiff_t depth = at_most(DEPTH, k - l);
        for (ptrdiff_t j = 0; j < n; j += COLUMNS) {
            ptrdiff_t columns = at_most(COLUMNS, n - j);
            for (ptrdiff_t row = 0; row < depth; row++)
                memcpy(panel[row], y + (l + row) * n + j, (size_t)columns * sizeof *y);
            for (ptrdiff_t i = 0; i < m; i += ROWS)
                add_tile(x + i * k + l, k, panel, depth, out + i * n + j, n, at_most(ROWS, m - i), columns);
        }
    }
}
