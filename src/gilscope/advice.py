"""What to do about BLAS's own threads on a machine, from the facts of `gilscope.machine`: pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["advice", "blas_threads"]

VARIABLES = {"openblas": "OPENBLAS_NUM_THREADS", "mkl": "MKL_NUM_THREADS", "blis": "BLIS_NUM_THREADS"}


def blas_threads(machine: Mapping[str, Any]) -> int:
    """Return how many threads BLAS takes for a call if nobody limits it; 0 if no BLAS is known."""
    return max((int(each["num_threads"]) for each in blas(machine)), default=0)


def blas(machine: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the BLAS libraries that were found."""
    return [each for each in machine.get("libraries", ()) if each["user_api"] == "blas" and each["num_threads"]]


def cores(machine: Mapping[str, Any]) -> float:
    """Return how many cores' worth of time there is: what is usable, within the quota of the control group."""
    return min(machine.get("cores_quota") or float("inf"), float(machine.get("cores_usable", 1)))


def advice(machine: Mapping[str, Any]) -> list[str]:
    """Return a sentence on each thing that a user of Python threads should set here."""
    threads, there = blas_threads(machine), cores(machine)
    if not threads:
        return ["no BLAS was found whose threads can be limited: what it uses, its own manual says"]
    if threads == 1:
        return ["BLAS has one thread: Python threads of your own may use all cores"]
    own = max(2, whole(there))
    each = f"{own} threads of your own that call BLAS are {own} x {threads} = {own * threads} threads on {there:g} cores"
    sentences = [f"{each}: limit BLAS to one there (threadpoolctl.threadpool_limits(1), or {variable(machine)}=1)"]
    if threads > there:
        sentences.insert(0, f"BLAS has {threads} threads, but there are {there:g} cores: set {variable(machine)}={whole(there)}")
    return sentences


def variable(machine: Mapping[str, Any]) -> str:
    """Return the environment variable that limits the BLAS that is there."""
    return VARIABLES.get(str(blas(machine)[0].get("internal_api")), "OMP_NUM_THREADS")


def whole(number: float) -> int:
    """Return a number of threads for so many cores' worth of time."""
    return max(1, int(number))
