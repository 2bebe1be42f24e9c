"""Labelled evidence from machines that are not at hand, made up from what others report; benchmarks/proof uses it too."""

from __future__ import annotations

from typing import NamedTuple

from gilscope.checking import Budget, Evidence, Profile
from gilscope.stats import Interval


class Labelled(NamedTuple):
    """Evidence, the cause that is right, and where its numbers are from."""

    name: str
    cause: str
    source: str
    evidence: Evidence


def call(seconds=0.01, released=0.999, takes=1.0, longest=10e-6, **more):
    """One call alone; by default one that releases the GIL for all of 10 ms."""
    return Profile(20, seconds, released, takes, takes, int(longest * 1e9), **{"process_cpu_share": 1.0, **more})


HELD = call(released=0.0, takes=0.0, longest=0.01)


def speedups(*values):
    """Speed-ups of 2, 4, 8, ... threads, with an interval of 2 % around each."""
    return {2 ** (at + 1): Interval(value, 0.99 * value, 1.01 * value) for at, value in enumerate(values)}


def budget(workers, useful, **lost):
    """A budget in which all that is not named is 0."""
    return Budget(workers, useful, **{"gil": 0, "blocked": 0, "queued": 0, "slower": 0, "system": 0, **lost})


def sixteen(alone, threads, lost, **more):
    """A server with 16 cores, where computing reaches 15.6x and copying 7.6x, and a function that reaches so much there."""
    shape = {"compute": speedups(1.99, 3.97, 7.9, 15.6), "copy": speedups(1.9, 3.7, 6.4, 7.6), **more}
    return Evidence(
        alone, cores=16, threads=speedups(*threads), budget=budget(16, threads[-1] / 16, **lost), spread=0.02, **shape
    )


SYNTHETIC = (
    Labelled("16 threads that scale", "scales", "construction", sixteen(call(), (1.98, 3.9, 7.7, 14.9), {"slower": 0.04})),
    Labelled(
        "more arithmetic than it looks: stops at 8 of 16",
        "memory bandwidth",
        "numba #7130: halts at 8 of 16 cores, heavier mathematics goes on",
        sixteen(call(), (1.95, 3.8, 7.2, 7.5), {"slower": 0.5}),
    ),
    Labelled(
        "a wall at 5000 MiB/s",
        "memory bandwidth",
        "awkward-array #664",
        sixteen(call(), (1.6, 2.1, 2.2, 2.2), {"slower": 0.82, "system": 0.03}, copy=speedups(1.6, 2.1, 2.2, 2.2)),
    ),
    Labelled(
        "np.ones and np.stack on 64 threads",
        "page faults",
        "numpy #15545: 52.8 s against 30.8 s with smaller pages; all threads behind the lock of one page table",
        Evidence(
            call(0.05, faults=39_000, system_share=0.5),
            cores=64,
            threads=speedups(1.7, 2.9, 3.8, 4.1, 4.2, 4.0),
            compute=speedups(2, 4, 8, 16, 31, 61),
            copy=speedups(1.9, 3.7, 7, 12, 17, 18),
            budget=budget(64, 0.06, blocked=0.5, system=0.42, slower=0.02),
        ),
    ),
    Labelled(
        "a large result in fresh memory",
        "page faults",
        "numpy #8783: memory has to be faulted in before each use",
        sixteen(call(faults=39_000, system_share=0.5), (1.8, 2.9, 3.9, 4.2), {"system": 0.6, "blocked": 0.1, "slower": 0.04}),
    ),
    Labelled(
        "a Generator for 16 threads",
        "lock",
        "numpy #4609: one lock for each BitGenerator",
        sixteen(call(), (0.95, 0.93, 0.9, 0.88), {"blocked": 0.91, "system": 0.03}),
    ),
    Labelled(
        "writes to one file",
        "lock",
        "Linux: writers of an inode take turns, and spin for a while before they sleep; no pages are mapped",
        sixteen(call(system_share=0.95), (1.1, 1.1, 1.0, 0.9), {"system": 0.6, "blocked": 0.3}),
    ),
    Labelled(
        "16,384 releases a call",
        "gil contention",
        "sabctools #191: removed, and it was faster",
        sixteen(call(released=0.93, takes=16_384, longest=1e-6), (0.7, 0.4, 0.3, 0.2), {"gil": 0.7, "system": 0.2}),
    ),
    Labelled(
        "8 % held, on 16 threads",
        "gil held",
        "Amdahl: at most 12.5x, and every wait is a millisecond",
        sixteen(call(0.0125, 0.92, longest=1e-3), (1.95, 3.7, 6.6, 9.6), {"gil": 0.38}),
    ),
    Labelled(
        "a quarter held, on 2 threads",
        "scales",
        "while one holds the other is outside: nearly no wait",
        Evidence(
            call(0.004, 0.75, longest=1e-3),
            cores=2,
            threads=speedups(1.9),
            compute=speedups(1.98),
            budget=budget(2, 0.95, gil=0.03),
        ),
    ),
    Labelled(
        "half of it conversion in Python",
        "gil held",
        "pyRANSAC-3D #26: lists made of arrays",
        sixteen(call(released=0.5, longest=5e-3), (1.8, 1.9, 1.9, 1.9), {"gil": 0.87}),
    ),
    Labelled(
        "20 us on 16 threads",
        "too small",
        "numpy #24252 and #27786: small arrays",
        sixteen(call(20e-6, 0.95, longest=1e-6), (1.2, 0.9, 0.7, 0.6), {"gil": 0.6, "system": 0.3}),
    ),
    Labelled(
        "a product of matrices, MKL free",
        "already parallel",
        "numpy #11821",
        sixteen(call(process_cpu_share=15.3), (1.0, 1.0, 0.9, 0.8), {"blocked": 0.5, "slower": 0.4}, pools=("mkl, 16 threads",)),
    ),
    Labelled(
        "det of a large matrix, MKL free",
        "already parallel",
        "it holds the GIL, and processes show that a release would give nothing",
        sixteen(
            call(released=0, takes=0, longest=0.01, process_cpu_share=14.0),
            (1.0, 1.0, 1.0, 1.0),
            {"gil": 0.93},
            processes={16: Interval(1.1, 1.0, 1.2)},
        ),
    ),
    Labelled(
        "det of a small matrix, BLAS on 2 of 16 cores",
        "gil held",
        "14 cores are free",
        sixteen(call(released=0, takes=0, longest=0.01, process_cpu_share=1.9), (1.0, 1.0, 1.0, 1.0), {"gil": 0.93}),
    ),
    Labelled(
        "hyper-threads: 8 cores look like 16",
        "scales",
        "a loop that only computes gets no further either",
        sixteen(call(), (1.98, 3.9, 7.5, 9.4), {"slower": 0.4}, compute=speedups(1.99, 3.9, 7.8, 10.2)),
    ),
    Labelled(
        "all threads write to one small array",
        "memory bandwidth",
        "false sharing; copying goes on to scale, which the advice mentions",
        sixteen(call(), (0.9, 0.8, 0.7, 0.7), {"slower": 0.95}, copy=speedups(1.9, 3.8, 7.4, 14.0)),
    ),
    Labelled(
        "64 threads that wait for a network, on 2 cores",
        "waiting",
        "construction",
        Evidence(
            call(0.02, cpu_share=0.02, process_cpu_share=0.02),
            cores=2,
            threads=speedups(2, 4, 8, 16, 32, 63),
            compute=speedups(1.97, 1.97, 1.96, 1.96, 1.96, 1.95),
            budget=budget(64, 0.98, queued=0.01),
        ),
    ),
    Labelled(
        "8 threads on 2 cores",
        "scales",
        "they queue for each other's cores, which is no noise",
        Evidence(
            call(),
            cores=2,
            threads=speedups(1.97, 1.95, 1.94),
            compute=speedups(1.98, 1.97, 1.97),
            budget=budget(8, 0.25, queued=0.75),
        ),
    ),
    Labelled(
        "one usable core, released",
        "unknown",
        "threads cannot overlap there",
        Evidence(call(), cores=1, threads=speedups(1.0), compute=speedups(1.0), budget=budget(2, 0.5, queued=0.5)),
    ),
    Labelled("one usable core, held, no threads", "gil held", "one call alone says so", Evidence(HELD, cores=1)),
    Labelled(
        "no GIL, and it scales",
        "scales",
        "free-threaded Python",
        sixteen(call(released=1, takes=0, longest=0, method="off"), (1.98, 3.9, 7.7, 15.0), {"slower": 0.03}),
    ),
    Labelled(
        "no GIL, small arrays",
        "memory bandwidth",
        "numpy #27786: reference counts of shared objects move between the cores' caches",
        sixteen(call(50e-6, 1, 0, 0, method="off"), (1.0, 0.7, 0.5, 0.4), {"slower": 0.97}, copy=speedups(1.9, 3.8, 7.4, 14.0)),
    ),
    Labelled(
        "no tracer, half of it held",
        "gil held",
        "without a trace waits for the GIL look like any other",
        sixteen(call(released=0.5, takes=0, longest=5e-3, method="ticker"), (1.8, 1.9, 1.9, 1.9), {"blocked": 0.87}),
    ),
    Labelled(
        "no tracer, released, blocked",
        "lock",
        "as above, but there is no hold that could explain it",
        sixteen(call(takes=0, method="ticker"), (0.95, 0.9, 0.9, 0.9), {"blocked": 0.92}),
    ),
    Labelled(
        "16 threads beside a build on all cores",
        "noisy machine",
        "the queue says so",
        sixteen(call(), (1.5, 2.5, 4.2, 6.1), {"queued": 0.5, "slower": 0.11}),
    ),
    Labelled(
        "a lock beside a build on some cores",
        "lock",
        "threads were blocked for longer than others had their cores",
        sixteen(call(), (0.9, 0.9, 0.8, 0.8), {"queued": 0.2, "blocked": 0.75}),
    ),
    Labelled(
        "equal samples that differ",
        "noisy machine",
        "a system that does not tell how long threads queue",
        Evidence(call(), cores=2, threads=speedups(1.2), compute={2: Interval(1.3, 0.8, 1.9)}, budget=budget(2, 0.6), spread=0.6),
    ),
)
