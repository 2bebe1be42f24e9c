/* What is known without the tracer: holds of the GIL, stamped by a clock of their own, and bare pairs of a release and a re-take.
 * Loaded by ctypes.PyDLL: called with the GIL held. */
#include <time.h>

void *PyEval_SaveThread(void);
void PyEval_RestoreThread(void *state);

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long spin(long long from, long long ns) {
    long long at = from;
    while (at - from < ns) at = now();
    return at;
}

/* Writes (taken, dropped) of up to `room` holds until a time, and returns how many. Without a release there is one hold. */
long long known_holds(long long hold, long long release, long long until, long long *stamps, long long room) {
    long long count = 0;
    do {
        stamps[2 * count] = now();
        stamps[2 * count + 1] = spin(stamps[2 * count], hold);
        if (release) {
            void *state = PyEval_SaveThread();
            spin(stamps[2 * count + 1], release);
            PyEval_RestoreThread(state);
        }
        count++;
    } while (release && count < room && stamps[2 * count - 1] < until);
    return count;
}

void pairs(long long count) {
    for (long long i = 0; i < count; i++) PyEval_RestoreThread(PyEval_SaveThread());
}
