"""The mystery number: two functions, two threads, and only one of them gets faster."""

from __future__ import annotations

import math

import numpy as np

from gilscope.lessons._lesson import Check, Choice, Lesson, Rows, Verdicts


def f(n: int) -> None:
    y = [1] * n
    [math.exp(i) for i in y]


def g(n: int) -> None:
    y = np.ones(n)
    np.exp(y)


def measure(check: Check) -> Verdicts:
    return {"f": check(f, 1_000_000), "g": check(g, 10_000_000)}


def answer(rows: Rows) -> int | None:
    """Return which of the choices below fits."""
    effects = {("same", "faster"): 2, ("slower", "faster"): 3}
    return effects.get((rows["f"].effect, rows["g"].effect))


def explain(rows: Rows) -> str:
    """Say what decides it."""
    return (
        "To execute Python code a thread must hold the GIL, the global interpreter lock, and one thread at a time can have "
        "it: two threads in f take turns. np.exp needs no Python objects while it computes, so NumPy lets go of the GIL "
        f"before its loop and takes it back after it. It did so for {rows['g'].released_fraction:.0%} of g, and meanwhile "
        "another thread could run."
    )


MYSTERY = Lesson(
    name="mystery",
    title="The mystery number",
    question="f computes in Python, g in NumPy. Which gets faster on two threads?",
    choices=(
        Choice(
            "both: two threads on two cores",
            "f executes Python code from start to end, which takes the GIL, and two threads cannot hold it at once.",
        ),
        Choice(
            "g, and f stays about the same",
            "so it usually is; here f or g is held up by something else, and the table's last column says by what.",
        ),
        Choice(
            "g, and f gets much slower: the article of 2008 measured 0.67x",
            "that was Python 2, whose threads fought for the GIL every 100 instructions; today one asks for it after 5 ms.",
        ),
        Choice(
            "neither: Python runs one thread at a time",
            "that is true of Python code, but np.exp lets go of the GIL while it computes.",
        ),
    ),
    code=(f, g, measure),
    measure=measure,
    answer=answer,
    explain=explain,
)
