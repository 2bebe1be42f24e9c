"""Names at the right end of lines, where the eye looks for them: apart from each other, and each tied to the end of its line."""

from __future__ import annotations

import math
from typing import Any

SIZE, GAP = 11, 14  # pixels: of the letters, and from one label to the next
FAR = 4  # pixels from a tie to its label

Row = dict[str, Any]


def placed(rows: list[Row], domain: tuple[float, float], height: float, gap: float = GAP) -> list[Row]:
    """Return rows with a `place` each: near its `value` on a log axis, and so many pixels from the others."""
    low, high = (math.log10(each) for each in domain)
    ordered = sorted(rows, key=lambda each: float(each["value"]))
    apart = gap / height * (high - low)
    places = spread([math.log10(each["value"]) for each in ordered], apart, high - apart / 2)
    return [row | {"place": round(10**place, 6)} for row, place in zip(ordered, places, strict=True)]


def spread(places: list[float], apart: float, most: float) -> list[float]:
    """Return places in ascending order at least so far apart, moved as little as it takes: first up, then down from the most."""
    found = list(places)
    for at in range(1, len(found)):
        found[at] = max(found[at], found[at - 1] + apart)
    limit = most
    for at in reversed(range(len(found))):
        found[at] = min(found[at], limit)
        limit = found[at] - apart
    return found


def labels(alt: Any, chart: Any, x: Any, y: Any, start: str) -> list[Any]:
    """Return the ties and the texts; the labels begin at `start`, in pixels and in Vega's words."""
    ties = chart.mark_rule(strokeWidth=0.7, opacity=0.6, stroke=alt.ExprRef("ink"))
    texts = chart.mark_text(align="left", baseline="middle", fontSize=SIZE, lineBreak="\n", lineHeight=SIZE + 2)
    end = alt.value(alt.ExprRef(f"{start} - {FAR}"))
    place = alt.Y("place:Q")
    return [
        ties.encode(x=x, x2=end, y=y, y2="place:Q"),
        texts.encode(x=alt.value(alt.ExprRef(start)), y=place, text="text:N"),
    ]
