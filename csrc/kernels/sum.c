/* out += sum of x. PARTIAL sums, which the compiler keeps in vector registers, so that additions need not wait for each
 * other. Errors grow with the additions made one upon another: at most BLOCK / PARTIAL, then blocks are added in pairs,
 * pairs of pairs and so on, as NumPy does. */
#include "gilscope/kernels.h"

GS_SHORT_VECTORS

#define PARTIAL 32
#define BLOCK 8192

static double block(const double *x, ptrdiff_t count) {
    double partial[PARTIAL] = {0};
    ptrdiff_t i = 0;
    for (; i + PARTIAL <= count; i += PARTIAL)
        for (int lane = 0; lane < PARTIAL; lane++) partial[lane] += x[i + lane];
    for (int lane = 0; i < count; i++) partial[lane++] += x[i];
    for (int half = PARTIAL / 2; half; half /= 2)
        for (int lane = 0; lane < half; lane++) partial[lane] += partial[lane + half];
    return partial[0];
}

static double pairs(const double *x, ptrdiff_t count) {
    ptrdiff_t half = count / 2 / PARTIAL * PARTIAL;
    return count <= BLOCK ? block(x, count) : pairs(x, half) + pairs(x + half, count - half);
}

GS_LOOP(sum, f64) {
    *(double *)task->out += pairs((const double *)task->in[0] + start, stop - start);
}
