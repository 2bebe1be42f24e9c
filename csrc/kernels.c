/* The table of C kernels, at one level of instructions. */
#include "gilscope/kernels.h"

#define X(name, suffix, ...) GS_LOOP(name, suffix);
GS_KERNELS(X)
#undef X

#define X(name, suffix, kind, signature, element, result, parameters) \
    {#name, kind, signature, element, result, parameters, GS_AT_LEVEL(gs_##name##_##suffix)},
extern const gs_kernel GS_AT_LEVEL(gs_kernels)[];
const gs_kernel GS_AT_LEVEL(gs_kernels)[] = {GS_KERNELS(X){NULL, GS_MAP, NULL, 0, 0, 0, NULL}};
#undef X
