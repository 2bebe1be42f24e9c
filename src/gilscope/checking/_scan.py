"""From which size on a function releases the GIL: one call alone at many sizes, and a bisection where it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gilscope.checking._method import profile_by
from gilscope.checking._profile import HELD_BELOW, Plan, Profile
from gilscope.checking._subject import Call

_BRIEF = Plan(seconds=0.02, least=5, most=500)


@dataclass(frozen=True)
class Scan:
    """One call alone at many sizes.

    Attributes
    ----------
    profiles : dict of int to Profile
        By size, in order.
    threshold : int or None
        The smallest size with more releases a call than at the smallest one; None if there is none, or if even the largest size
        is outside for less than 10 % of a call.
    """

    profiles: dict[int, Profile]
    threshold: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return the scan as plain JSON data."""
        sizes = [{"size": size, "gil": each.gil, **vars(each)} for size, each in self.profiles.items()]
        return {"sizes": sizes, "threshold": self.threshold}


def scan(
    make: Callable[[int], Call],
    low: int,
    high: int,
    *,
    look: Callable[[Call], Profile] = lambda call: profile_by(call, _BRIEF),
    tick: Callable[[float], None] = lambda share: None,
) -> Scan:
    """Look at a function at sizes from `low` to `high`, and find the threshold by bisection.

    Parameters
    ----------
    make : callable
        Takes a size and returns what makes one call of that size.
    low, high : int
        The sizes to begin and end with; from 1 on.
    look : callable
        Takes a call and returns its profile.
    tick : callable
        Told what share of the sizes is done.
    """
    if not 1 <= low < high:
        raise ValueError(f"sizes must be at least 1 and go up, not from {low} to {high}")
    found: dict[int, Profile] = {}
    sizes = sizes_between(low, high)
    for done, size in enumerate(sizes, 1):
        found[size] = look(make(size))
        tick(done / len(sizes))
    threshold = threshold_of(found, lambda size: look(make(size)))
    return Scan(dict(sorted(found.items())), threshold)


def sizes_between(low: int, high: int) -> list[int]:
    """Return whole numbers from low to high, about as many in each decade: 1, 2, 5, 10, ..."""
    rounded = [mantissa * 10**power for power in range(len(str(high))) for mantissa in (1, 2, 5)]
    return [low, *(each for each in rounded if low < each < high), high]


def threshold_of(found: dict[int, Profile], look: Callable[[int], Profile]) -> int | None:
    """Return the first size with more releases than the smallest; None if there is none, or if even the largest is held.

    Parameters
    ----------
    found : dict of int to Profile
        By size, in ascending order; what is looked at on the way is added.
    look : callable
        Takes a size and returns its profile.
    """
    sizes = list(found)
    more = [found[size].releases > found[sizes[0]].releases for size in sizes]
    if found[sizes[-1]].released_fraction < HELD_BELOW or not any(more):
        return None
    at = more.index(True)
    before, after = sizes[at - 1], sizes[at]
    while after - before > 1:
        middle = (before + after) // 2
        found[middle] = look(middle)
        if found[middle].releases > found[sizes[0]].releases:
            after = middle
        else:
            before = middle
    return after
