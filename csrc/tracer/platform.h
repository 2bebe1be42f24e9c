/* Where the tracer works: ELF and glibc's dynamic linker, and processors whose relocations and counter it knows. */
#ifndef GILSCOPE_TRACER_PLATFORM_H
#define GILSCOPE_TRACER_PLATFORM_H

#if defined(__linux__)
#include <features.h>
#endif

#if defined(__linux__) && defined(__GLIBC__) && defined(__LP64__) && (defined(__x86_64__) || defined(__aarch64__))
#define GS_HAVE_TRACER 1
#else
#define GS_HAVE_TRACER 0
#endif

#endif
