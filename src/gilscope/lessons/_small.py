"""How small is too small: a release pays only if the call lasts."""

from __future__ import annotations

import numpy as np

from gilscope.kernels import exp
from gilscope.lessons._lesson import Check, Choice, Lesson, Rows, Verdicts


def measure(check: Check) -> Verdicts:
    """Release the GIL for a short loop and for a long one."""
    short, long = np.linspace(-10, 10, 300), np.linspace(-10, 10, 300_000)
    return {"short": check(exp.c.released, short), "long": check(exp.c.released, long)}


def answer(rows: Rows) -> int | None:
    """Return which of the choices below fits."""
    effects = {("faster", "faster"): 1, ("same", "faster"): 2, ("slower", "faster"): 3}
    return effects.get((rows["short"].effect, rows["long"].effect))


def explain(rows: Rows) -> str:
    """Say what a release costs."""
    short, long = rows["short"], rows["long"]
    return (
        "After its loop a thread needs the GIL again, for the Python code that makes the next call. If another thread has it, "
        f"it must wait for it to be handed over, which can take microseconds: nothing beside the long call's "
        f"{long.seconds * 1e6:.0f} us, but much beside the short one's {short.seconds * 1e6:.1f} us. So give each call more to "
        "do. `gilscope run scaling` finds from which size on it pays to release the GIL."
    )


SMALL = Lesson(
    name="small",
    title="How small is too small",
    question="This function releases the GIL, for 300 numbers or for 300 000. Which gets faster on two threads?",
    choices=(
        Choice(
            "both: the GIL is released either way",
            "after each call a thread needs the GIL back, and if calls are this short, threads meet there all the time.",
        ),
        Choice(
            "the long call, and the short one stays about the same",
            "a release is not free: handing the GIL over may take longer than a call of a microsecond.",
        ),
        Choice(
            "the long call, and the short one gets slower",
            "it often is, where handing over the GIL takes longer than the call; here it is not.",
        ),
        Choice(
            "neither: one thread waits for the other",
            "they wait for the GIL only between two loops; while a long loop runs, nobody has to wait.",
        ),
    ),
    code=(measure,),
    measure=measure,
    answer=answer,
    explain=explain,
)
