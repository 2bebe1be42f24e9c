/* The slots through which an object (Python's library, or a Python that is one program) calls functions of other objects. */
#ifndef GILSCOPE_TRACER_SLOTS_H
#define GILSCOPE_TRACER_SLOTS_H

#include <stdint.h>

#define GS_MAX_SLOTS 4 /* one for calls and one for the address are usual */

typedef struct {
    const char *name;
    void *hook;
    void *real; /* what the hook is to call: set before the first slot is */
    void **slots[GS_MAX_SLOTS];
    void *before[GS_MAX_SLOTS];
    int count;
} gs_import;

/* Makes the object around an address call the hooks. Again, it sets only slots that hold what they held before, or the real
 * function: what another tool put there since may call the hook. NULL, or what is not as expected; then nothing has changed.
 */
const char *gs_hook(gs_import *imports, int count, const void *inside);

/* Puts back what was there before. */
void gs_unhook(gs_import *imports, int count, const void *inside);

/* Tells whether there is code of the object around `inside` at an address. */
int gs_is_code(const void *inside, uintptr_t address);

#endif
