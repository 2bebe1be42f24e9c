/* The levels of instructions that the loops are compiled for. One is chosen when Python loads them.
 *
 * By feature, not by processor: names such as "haswell" silently fail on virtual machines, which report other models. And
 * not by the compiler's target_clones: those cannot be switched off, nor compared with each other in one process. */
#include "gilscope/kernels.h"

extern const gs_kernel gs_kernels_baseline[];

static int always(void) {
    return 1;
}

#ifdef GS_HAVE_X86_LEVELS
extern const gs_kernel gs_kernels_avx2[], gs_kernels_avx512f[];

static int has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512f(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
}
#endif

const gs_level gs_levels[] = {
    {"baseline", always, gs_kernels_baseline},
#ifdef GS_HAVE_X86_LEVELS
    {"avx2", has_avx2, gs_kernels_avx2},
    {"avx512f", has_avx512f, gs_kernels_avx512f},
#endif
    {NULL, NULL, NULL},
};
