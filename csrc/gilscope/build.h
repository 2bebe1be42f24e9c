/* How this build was made. */
#ifndef GILSCOPE_BUILD_H
#define GILSCOPE_BUILD_H

#if defined(__clang__)
#define GS_COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define GS_COMPILER "gcc " __VERSION__
#elif defined(_MSC_VER)
#define GS_COMPILER "MSVC"
#else
#define GS_COMPILER "unknown"
#endif

/* The flags the loops were compiled with; set by CMakeLists.txt. */
#ifndef GS_FLAGS
#define GS_FLAGS "unknown"
#endif

#ifdef _OPENMP
#define GS_HAVE_OPENMP 1
#else
#define GS_HAVE_OPENMP 0
#endif

#endif
