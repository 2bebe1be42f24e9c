"""Whether a profile is as somebody expects, and if not, the words that say so, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gilscope.checking._method import Method
from gilscope.checking._profile import HELD_BELOW, RELEASED, Profile
from gilscope.checking._ticker import RESOLUTION_NS
from gilscope.wording import duration

#: A shorter call is not judged: entering and leaving it, which holds, is too much of it.
LEAST_SECONDS = 10e-6
#: Nor is less than this in all by a ticker, which looks five times a millisecond at most.
LEAST_TICKED_SECONDS = 0.005


class Options(NamedTuple):
    """What `gil.options` sets; its docstring says what each is."""

    at_least: float = RELEASED
    seconds: float = 0.1
    calls: int = 5
    method: Method = "auto"


#: What is expected: from a profile and the name of what it is of, None if all is well, else what is wrong.
Judge = Callable[[Profile, str, Options], str | None]


def releases(found: Profile, name: str, options: Options) -> str | None:
    """Expect a call to be outside for long enough."""
    if reason := _unclear(found, name):
        return reason
    if found.released_fraction >= options.at_least:
        return None
    outside, needed = _percent(found.released_fraction), _percent(options.at_least)
    wrong = f"{name} should release the GIL for {needed} of the time, but ran without it for {outside}"
    return _text(wrong, found, _why_held(found))


def holds(found: Profile, name: str, options: Options) -> str | None:
    """Expect a call to keep the GIL, but for moments."""
    if reason := _unclear(found, name):
        return reason
    if found.released_fraction < HELD_BELOW:
        return None
    outside = _percent(found.released_fraction)
    return _text(f"{name} should hold the GIL, but ran without it for {outside} of the time", found, WHY_RELEASED)


def longest_hold_below(limit_ms: float) -> Judge:
    """Return what expects no hold as long as that."""

    def judge(found: Profile, name: str, options: Options) -> str | None:
        limit_ns = limit_ms * 1e6
        if found.seconds * 1e9 < limit_ns:
            return None  # no hold is longer than the call
        if reason := _unclear(found, name) or _too_fine(found, limit_ns):
            return reason
        if found.longest_hold_ns < limit_ns:
            return None
        longest, limit = duration(found.longest_hold_ns / 1e9), duration(limit_ms / 1e3)
        return _text(f"{name} held the GIL for {longest} in a row, and should for less than {limit}", found, WHY_LONG)

    return judge


def _unclear(found: Profile, name: str) -> str | None:
    too_short = f"could not tell: {name} took {duration(found.seconds)}, use a larger input"
    if found.seconds < LEAST_SECONDS:
        return f"{too_short} (it should take {duration(LEAST_SECONDS)} at least)"
    if found.method == "ticker" and found.seconds * found.calls < LEAST_TICKED_SECONDS:
        return f"{too_short} (without a tracer, {duration(LEAST_TICKED_SECONDS)} or more)"
    return None


def _too_fine(found: Profile, limit_ns: float) -> str | None:
    if found.method == "trace" or limit_ns >= RESOLUTION_NS:
        return None
    return f"could not tell: without a tracer holds can be told to {duration(RESOLUTION_NS / 1e9)} only"


def _percent(share: float) -> str:
    """Write a share with a decimal where that matters, and never round it up to a limit that it does not reach."""
    return f"{int(share * 1000 + 1e-9) / 10:g}%"


def _text(wrong: str, found: Profile, advice: str) -> str:
    once = found.calls == 1
    measured = f"once, {duration(found.seconds)}" if once else f"{found.calls} calls of {duration(found.seconds)}, medians"
    how_often = f"releases: {found.releases:g}" if found.method == "trace" else "an estimate: there is no tracer here"
    return f"""{wrong}

  measured      {measured}
  outside       {_percent(found.released_fraction)} of the time; {how_often}
  longest hold  {duration(found.longest_hold_ns / 1e9)} in which no other thread could run Python

{advice}"""


NEVER = """\
It never released. Around the part that needs no Python objects:
  Cython    with nogil:  (declaring a function `nogil` only permits it)
  C         Py_BEGIN_ALLOW_THREADS ... Py_END_ALLOW_THREADS
  pybind11  py::call_guard<py::gil_scoped_release>();  PyO3: py.detach(...)
  ctypes    CDLL instead of PyDLL;  Numba: nogil=True
NumPy never releases for objects, and in many functions only above 500 elements (of the result): use a larger input."""

PARTLY = """\
It does release; the rest is held before, between and after. Look for: converting the arguments, allocating or filling the
result, copying, a loop in Python around short calls, taking the GIL back for each element. A larger input helps where these do
not grow with it."""

MOMENTS = """\
It does release, but for moments only: look for `with nogil: pass`, or for a release around the wrong, small part."""

WHY_RELEASED = """\
Something in it releases the GIL: other threads run Python meanwhile, and may change what it works on. Functions of ctypes.CDLL
release on every call (of PyDLL never), NumPy's mostly above 500 elements, and so does what reads, writes, sleeps or waits."""

WHY_LONG = """\
Another thread that wants the GIL waits for so long. Release it around the part that needs no Python objects (Cython
`with nogil:`, C Py_BEGIN_ALLOW_THREADS, pybind11 gil_scoped_release, PyO3 py.detach, ctypes CDLL), or for a part of the work at
a time. Code in Python itself can be made to let go after 5 ms; this counts how long it would keep it if nobody asked."""


def _why_held(found: Profile) -> str:
    if found.releases == 0:
        return NEVER
    return MOMENTS if found.released_fraction < HELD_BELOW else PARTLY
