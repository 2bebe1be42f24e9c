/* out = whether x is a prime, by trial division by 2, 3 and 6k - 1, 6k + 1 up to the root.
 *
 * The root is where the quotient is no longer above the divisor: nothing is squared, so nothing overflows. Below 2^32 the
 * divisions are of 32 bits, which most processors do faster. */
#include <stdbool.h>
#include <stdint.h>
#include "gilscope/kernels.h"

#define ODD_PRIME(bits)                                       \
    static bool is_prime_##bits(uint##bits##_t x) {           \
        for (uint##bits##_t i = 5; i <= x / i; i += 6)        \
            if (x % i == 0 || x % (i + 2) == 0) return false; \
        return true;                                          \
    }

ODD_PRIME(32)
ODD_PRIME(64)

static bool is_prime(int64_t x) {
    if (x < 4) return x > 1;
    if (x % 2 == 0 || x % 3 == 0) return false;
    return x <= UINT32_MAX ? is_prime_32((uint32_t)x) : is_prime_64((uint64_t)x);
}

GS_LOOP(primes, i64) {
    const int64_t *x = task->in[0];
    bool *out = task->out;
    for (ptrdiff_t i = start; i < stop; i++) out[i] = is_prime(x[i]);
}
