"""The same loop twice: one machine code, called with the GIL and without it."""

from __future__ import annotations

import numpy as np

from gilscope.kernels import exp
from gilscope.lessons._lesson import Check, Choice, Lesson, Rows, Verdicts


def measure(check: Check) -> Verdicts:
    """Call one C loop in two ways."""
    x = np.linspace(-10, 10, 100_000)
    assert exp.c.held.loop_address(x.dtype) == exp.c.released.loop_address(x.dtype)
    return {"held": check(exp.c.held, x), "released": check(exp.c.released, x)}


def answer(rows: Rows) -> int | None:
    """Return which of the choices below fits."""
    return 2 if (rows["held"].effect, rows["released"].effect) == ("same", "faster") else None


def explain(rows: Rows) -> str:
    """Say what differs."""
    held, released = rows["held"], rows["released"]
    return (
        f"Alone, a call takes {held.seconds * 1e6:.0f} us held and {released.seconds * 1e6:.0f} us released: it is the same "
        "code at the same address. To release the GIL makes nothing faster by itself: it lets others run meanwhile. Who "
        "writes a function in C decides whether to; Python cannot, because it does not know if the C code uses its objects."
    )


TWINS = Lesson(
    name="twins",
    title="The same loop twice",
    question="exp.c.held keeps the GIL while its C loop runs, exp.c.released lets go of it. Which gets faster on two threads?",
    choices=(
        Choice(
            "neither: they run the same machine code",
            "equal code takes equal time on one thread; whether two overlap depends on who holds the GIL meanwhile.",
        ),
        Choice(
            "released, and held stays about the same",
            "so it usually is; here something else holds up one of the two, and the table's last column says what.",
        ),
        Choice(
            "both: C code does not need the GIL",
            "it does not need it, but a thread that calls C holds it, and keeps it until the C code says otherwise.",
        ),
        Choice(
            "both, and released is faster on one thread already",
            "letting go of the GIL saves no work, it even costs some nanoseconds: it lets another thread run.",
        ),
    ),
    code=(measure,),
    measure=measure,
    answer=answer,
    explain=explain,
)
