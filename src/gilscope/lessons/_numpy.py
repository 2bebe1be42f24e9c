"""NumPy's 500 and its surprise: it counts results, not work."""

from __future__ import annotations

import numpy as np

from gilscope.lessons._lesson import Check, Choice, Lesson, Rows, Verdicts

USUAL = 3  # the choice that is right in NumPy 2.4


def measure(check: Check) -> Verdicts:
    """Take 500 exponentials, then one more; then a product of vectors, and a determinant."""
    x, v, m = np.linspace(0, 1, 501), np.ones(1_000_000), np.eye(100)
    exps = {"np.exp, 500": check(np.exp, x[:500]), "np.exp, 501": check(np.exp, x)}
    return exps | {"v @ v": check(np.matmul, v, v), "det, 100 x 100": check(np.linalg.det, m)}


def answer(rows: Rows) -> int | None:
    """Return which of the choices below fits."""
    exp_500, exp_501, product, det = (row.releases for row in rows.values())
    cases = {(True, True, True): 1, (False, True, True): 2, (False, True, False): USUAL, (False, False, False): 4}
    return cases.get((exp_500, exp_501, product)) if product == det else None


def explain(rows: Rows) -> str:
    """Say what NumPy counts."""
    if answer(rows) != USUAL:
        return f"NumPy 2.4 lets go of the GIL in exp of 501 only. NumPy {np.__version__} does what the table shows."
    return (
        "A release costs time, so NumPy makes none for small arrays: up to 500 elements it keeps the GIL. In `@` and in "
        "np.linalg it counts the elements of the result. `v @ v` and a determinant have one, however large the input and "
        "however long they take, and nobody else can run. np.dot(v, v) computes the same as `v @ v` and always lets go. "
        "What your own calls do, `gilscope check` says."
    )


NUMPY = Lesson(
    name="numpy",
    title="NumPy's 500, and its surprise",
    question="Which of these calls let go of the GIL: exp of 500 numbers, exp of 501, v @ v of a million, det?",
    choices=(
        Choice(
            "all: NumPy lets go of the GIL while it computes",
            "not always: each function of NumPy has a rule for it.",
        ),
        Choice(
            "all but exp of 500: that is small",
            "small it is, but NumPy judges by the number of results, and `v @ v` has a single one.",
        ),
        Choice(
            "only exp of 501",
            "so it is in NumPy 2.4; this version has other rules.",
        ),
        Choice(
            "none: it is all called from Python",
            "who calls does not matter: C code may let go of the GIL at any time, and NumPy often does.",
        ),
    ),
    code=(measure,),
    measure=measure,
    answer=answer,
    explain=explain,
    compares_speed=False,
    threads=1,
)
