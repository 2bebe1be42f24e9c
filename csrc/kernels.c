/* The table of C kernels, and which of a loop's clones runs here. */
#include "gilscope/kernels.h"

#define X(name, suffix, kind, element, inputs, parameters, result, results) \
    {#name, kind, element, inputs, parameters, result, results, gs_##name##_##suffix},
const gs_kernel gs_kernels[] = {GS_KERNELS(X){NULL, GS_MAP, 0, 0, 0, 0, 0, NULL}};
#undef X

const char *gs_isa(void) {
#ifdef GS_HAVE_TARGET_CLONES
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f")) return "avx512f";
    if (__builtin_cpu_supports("avx2")) return "avx2";
#endif
    return "default";
}
