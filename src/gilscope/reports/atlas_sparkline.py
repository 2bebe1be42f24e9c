"""The share outside of a call against its size, as a small picture in a line of a table: SVG, a few hundred bytes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from html import escape

from gilscope.atlas_data import CallFound, SizeFound
from gilscope.reports.atlas_content import course

WIDTH, HEIGHT = 120, 24


def sparkline(call: CallFound) -> str:
    """Return the picture: a line, a dot at each size, and a tick at the threshold; sizes by their logarithms."""
    line = "L".join(points(call, [*call.sizes, *just_below_the_threshold(call)]))
    dots = "".join(f"M{each}h0" for each in points(call, call.sizes))  # lines of no length, with round ends
    at = "" if call.threshold is None else f'<path class="at" d="M{along(call, call.threshold):g} 0V{HEIGHT}"/>'
    label = f'role="img" aria-label="{escape(course(call))}"'
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" {label}>{at}<path d="M{line}"/><path class="dots" d="{dots}"/></svg>'


def points(call: CallFound, looks: Iterable[SizeFound]) -> list[str]:
    """Return where each size and its share are, from left to right."""
    looks = sorted(looks, key=lambda each: each.size)
    return [f"{along(call, each.size):g} {up(each.released_fraction):g}" for each in looks]


def just_below_the_threshold(call: CallFound) -> list[SizeFound]:
    """Return where the line goes up: below the threshold the call released no more than at the size before."""
    before = [each for each in call.sizes if call.threshold is not None and each.size < call.threshold]
    return [replace(before[-1], size=call.threshold)] if before and call.threshold else []


def along(call: CallFound, size: int) -> float:
    """Return where a size is, from the left; in the middle, if there is one only."""
    low, high = (math.log(max(each.size, 1)) for each in (call.sizes[0], call.largest))
    share = (math.log(max(size, 1)) - low) / (high - low) if high > low else 0.5
    return round(WIDTH * share, 1)


def up(share: float) -> float:
    """Return where a share is, from the top."""
    return round(HEIGHT * (1 - share), 1)
