"""What NumPy lets go of: not what computes longest, but what somebody has written a line for."""

from __future__ import annotations

import numpy as np

import gilscope as gs
from gilscope.lessons._lesson import Check, Choice, Lesson, Rows, Verdicts

USUAL = 3  # the choice that is right in NumPy 2.4 and 2.5


def measure(check: Check) -> Verdicts:
    """Look four calls up in the atlas of NumPy, at their largest size."""
    names = ("sort[float64]", "where", "repeat", "count_nonzero[float64]")
    return {name: gs.survey("numpy", match=f"numpy.{name}").calls[0].largest for name in names}


def answer(rows: Rows) -> int | None:
    """Return which of the choices below fits."""
    sort, where, repeat, count = (row.releases for row in rows.values())
    cases = {(True, True, True): 1, (True, False, False): 2, (True, True, False): USUAL, (False, False, False): 4}
    return cases.get((sort, where, repeat)) if repeat == count else None


def explain(rows: Rows) -> str:
    """Say that it is not the work that decides."""
    if answer(rows) != USUAL:
        return f"In NumPy 2.4 repeat and count_nonzero keep the GIL. NumPy {np.__version__} does what the table shows."
    return (
        "All four could: none of them touches a Python object. But a release is a line of C that somebody has to write: in "
        "PyArray_Repeat nobody did, and to count floats a quick path was added that returns before the line (in NumPy 2.0 it let "
        "go; choose has done so only since 2.5). So there is no rule to remember, and NumPy keeps no list: it changes with the "
        "size, the dtype and the version. `gilscope atlas` makes the list, for what is installed here; `gilscope atlas --held` "
        "shows what keeps the GIL."
    )


ATLAS = Lesson(
    name="atlas",
    title="What does NumPy release?",
    question="Of large arrays, which of these calls let go of the GIL: sort, where, repeat, count_nonzero?",
    choices=(
        Choice(
            "all: NumPy lets go of the GIL in large calls",
            "many do, yet nobody has gone through all of NumPy: each function has its own line for it, or none.",
        ),
        Choice(
            "only sort: that computes, the others move memory",
            "moving memory needs no GIL either. It is not the kind of work that decides.",
        ),
        Choice(
            "sort and where, but not repeat and count_nonzero",
            "so it is in NumPy 2.4 and 2.5; this version has other rules.",
        ),
        Choice(
            "none: they all take an array, which is a Python object",
            "an array's numbers are plain memory, and C code may work on it without the GIL.",
        ),
    ),
    code=(measure,),
    measure=measure,
    answer=answer,
    explain=explain,
    compares_speed=False,
    threads=1,
)
