"""The share outside of a call against its size, as a small picture in a line of a table: SVG, a few hundred bytes."""

from __future__ import annotations

import math
from html import escape

from gilscope.atlas_data import CallFound
from gilscope.reports.atlas_content import course

WIDTH, HEIGHT = 120, 24


def sparkline(call: CallFound) -> str:
    """Return the picture: a line, a dot at each size, and a tick at the threshold; sizes by their logarithms."""
    points = [(along(call, each.size), up(each.released_fraction)) for each in call.sizes]
    line = "L".join(f"{x:g} {y:g}" for x, y in points)
    dots = "".join(f"M{x:g} {y:g}h0" for x, y in points)  # lines of no length, with round ends
    at = "" if call.threshold is None else f'<path class="at" d="M{along(call, call.threshold):g} 0V{HEIGHT}"/>'
    label = f'role="img" aria-label="{escape(course(call))}"'
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" {label}>{at}<path d="M{line}"/><path class="dots" d="{dots}"/></svg>'


def along(call: CallFound, size: int) -> float:
    """Return where a size is, from the left; in the middle, if there is one only."""
    low, high = (math.log(max(each.size, 1)) for each in (call.sizes[0], call.largest))
    share = (math.log(max(size, 1)) - low) / (high - low) if high > low else 0.5
    return round(WIDTH * share, 1)


def up(share: float) -> float:
    """Return where a share is, from the top."""
    return round(HEIGHT * (1 - share), 1)
