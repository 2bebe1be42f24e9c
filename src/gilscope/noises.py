"""What makes samples noisy: the warnings that stand in a result's notes. Noisy results are flagged, never dropped."""

from __future__ import annotations

from gilscope.cases import Case
from gilscope.results import Sample
from gilscope.stats import NOISY, Interval, median, noise

SPREAD = "samples spread"
#: How the warnings of noise begin, and what those of a kind are called together.
NOISES = {
    SPREAD: "Samples spread by more than 10% of their median",
    "CPU time was": "Others used the core",
    "the hypervisor took": "The hypervisor took the core",
    "equal work took": "Not all cores were as fast",
    "processes gain": "The single thread was slow",
}
PREEMPTED = 0.9
#: Workers with the same work use the same CPU time, waiting for the GIL or not, to within some hundredths.
UNEVEN = 0.25
#: Workers that use less of the time than this mostly wait, and use too little to tell.
BUSY = 0.3
#: But for caches, processes cannot gain more than their number: if they gain so many times as much, what they are compared with
#: was slow for the whole run.
TOO_GOOD = 1.25


def warnings_of(case: Case, samples: list[Sample], gained: Interval | None = None) -> tuple[str, ...]:
    """Say what made the samples noisy; `gained` is what as many processes gain."""
    warnings = []
    spread = noise([sample.seconds for sample in samples])
    if spread > NOISY:
        warnings.append(f"{SPREAD} by {spread:.0%} of their median")
    busy = sum(each.cpu_seconds or 0 for each in samples) / sum(each.wall_seconds for each in samples)
    if case.executor == "serial" and not case.runs_openmp and busy < PREEMPTED:
        warnings.append(f"CPU time was {busy:.0%} of wall time: others used the core")
    stolen = sum(each.steal_seconds or 0 for each in samples) / sum(each.wall_seconds for each in samples)
    if stolen > 1 - PREEMPTED:
        warnings.append(f"the hypervisor took {stolen:.0%} of the time")
    uneven = median([each.cpu_imbalance or 0.0 for each in samples])
    if uneven > UNEVEN:
        warnings.append(f"equal work took workers unequal CPU time, by {uneven:.0%}: not all cores were as fast")
    if gained is not None and gained.low > TOO_GOOD * case.workers:
        warnings.append(f"processes gain {gained.value:.2f}x, more than there are: the single one was slow")
    return tuple(warnings)
