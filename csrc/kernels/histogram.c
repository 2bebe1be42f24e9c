/* out[k] += how many of x are in the k-th of 256 equal parts of [0, 1], the last of which includes 1.
 *
 * Where to count is computed for a block of elements at once, in vectors, and without a branch: numbers outside and NaN are
 * counted too, in a part that nobody looks at. The counting itself has no vector form. An increment waits for the one
 * before if both are of one part, so neighbours are counted in tables of their own. Tables cost as much as some hundred
 * increments: short ranges are counted in `out` itself. */
#include <stdint.h>
#include <string.h>
#include "gilscope/kernels.h"

#define PARTS 256
#define ONE PARTS /* exactly 1 */
#define OUTSIDE (PARTS + 1)
#define TABLES 4
#define BLOCK 64
#define SHORT 1024

/* Numbers are compared as integers, so that NaN raises no flag, of which NumPy would warn: all that are outside are above 1
 * then. Adding 0 makes -0 a 0. */
static inline uint64_t bits_of(double x) {
    uint64_t bits;
    x += 0.0;
    memcpy(&bits, &x, sizeof x);
    return bits;
}

/* Multiplying by 256 is exact, and so is the rounding down: as NumPy's edges are. */
static inline int32_t part_of(double x) {
    const uint64_t one = 0x3ff0000000000000, outside = 0x3ff0100000000000; /* 1, OUTSIDE / 256 */
    uint64_t bits = bits_of(x), inside = 0 - (uint64_t)(bits <= one);
    bits = (bits & inside) | (outside & ~inside);
    memcpy(&x, &bits, sizeof x);
    return (int32_t)(x * PARTS);
}

static void count_at_once(const double *x, ptrdiff_t count, ptrdiff_t *out) {
    for (ptrdiff_t i = 0; i < count; i++) {
        if (bits_of(x[i]) > bits_of(1)) continue;
        int32_t part = (int32_t)(x[i] * PARTS);
        out[part - (part == ONE)]++;
    }
}

GS_LOOP(histogram, f64) {
    const double *x = task->in[0];
    ptrdiff_t *out = task->out;
    if (stop - start >= SHORT) {
        ptrdiff_t tables[TABLES][OUTSIDE + 1] = {{0}};
        for (; stop - start >= BLOCK; start += BLOCK) {
            int32_t parts[BLOCK];
            for (int i = 0; i < BLOCK; i++) parts[i] = part_of(x[start + i]);
            for (int i = 0; i < BLOCK; i++) tables[i % TABLES][parts[i]]++;
        }
        for (int table = 0; table < TABLES; table++) {
            for (int part = 0; part < PARTS; part++) out[part] += tables[table][part];
            out[PARTS - 1] += tables[table][ONE];
        }
    }
    count_at_once(x + start, stop - start, out);
}
