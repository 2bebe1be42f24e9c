"""One call alone, traced, and looked at once more by a ticker that knows nothing of the tracer: whether both tell the same.

The ticker cannot tell everything: it mostly does not see releases that are shorter than a thread takes to wake up, and each hold
seems longer by that time. So it is asked only where it can tell, and contradicts only beyond that. It needs a core besides: where
BLAS keeps all of them busy, each look seems to wait.
"""

from __future__ import annotations

from typing import NamedTuple

from threadpoolctl import threadpool_limits

from gilscope.checking._method import profile_by
from gilscope.checking._profile import Plan, Profile
from gilscope.checking._subject import Call

PLAN = Plan(seconds=0.02, least=3, most=500, long_seconds=0.05)
TICKER_PLAN = Plan(seconds=0.05, least=3, most=500, long_seconds=0.05)
LONGER_SECONDS = 0.3

#: Calls and releases from here on are long enough for the ticker.
ENOUGH_SECONDS = 200e-6
#: How long a thread takes to wake up, by which each hold seems longer.
WAKE_SECONDS = 100e-6
#: What an estimate from some 100 looks may be off besides.
ACCURACY = 0.1


class Agreement(NamedTuple):
    """What a call does, what share of it the ticker saw outside, and whether that is the same; None where it cannot tell."""

    profile: Profile
    ticker: float | None = None
    agrees: bool | None = None


def looked_at_twice(call: Call) -> Agreement:
    """Return what a call does by both methods.

    Where they differ both are asked once more before it counts: for longer, and with BLAS limited to one thread, so that the
    ticker finds a core.
    """
    found = _both(call, PLAN, TICKER_PLAN)
    if found.agrees is not False:
        return found
    with threadpool_limits(1):
        call()
        again = _both(call, *(plan._replace(seconds=LONGER_SECONDS) for plan in (PLAN, TICKER_PLAN)))
    return again._replace(profile=found.profile)


def _both(call: Call, plan: Plan, ticker_plan: Plan) -> Agreement:
    """Return what a call does by the tracer, and by the ticker where it can tell."""
    traced = profile_by(call, plan)
    if not can_be_told(traced):
        return Agreement(traced)
    ticker = profile_by(call, ticker_plan, "ticker")
    return Agreement(traced, ticker.released_fraction, tell_the_same(traced, ticker))


def can_be_told(traced: Profile) -> bool:
    """Whether a call and each of its releases are long enough for the ticker; it is of no use where there is no trace."""
    if traced.method != "trace" or traced.seconds < ENOUGH_SECONDS:
        return False
    return traced.gil == "held" or traced.released_fraction * traced.seconds >= ENOUGH_SECONDS * traced.releases


def tell_the_same(traced: Profile, ticker: Profile) -> bool:
    """Whether both say held, or released, or differ by no more than the accuracy; if both say partial by twice as much."""
    same_word = traced.gil == ticker.gil
    if same_word and traced.gil != "partial":
        return True
    accuracy = ACCURACY * 2 if same_word else ACCURACY
    hidden = traced.releases * WAKE_SECONDS / traced.seconds
    return -accuracy <= traced.released_fraction - ticker.released_fraction <= accuracy + hidden
