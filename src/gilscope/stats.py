"""Medians, their intervals and noise: pure functions of numbers, with no clock and no state.

A *block* is one round of an interleaved run (A B A B): one number per case and round. Intervals are over blocks.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["NOISY", "Interval", "independent_ratio", "median", "median_interval", "noise", "outliers", "ratio"]

Floats: TypeAlias = NDArray[np.float64]
Values: TypeAlias = Sequence[float] | Floats

#: A case whose `noise` is above this is flagged. pyperf warns when the standard deviation reaches 10 % of
#: the mean (pyperf/_cli.py); the IQR is 1.35 standard deviations for a normal law, so this is a little stricter.
NOISY = 0.10

#: Deviations above this many MADs are outliers: ten robust standard deviations, as hyperfine chose
#: (src/outlier_detection.rs).
OUTLIER_MADS = 14.826


@dataclass(frozen=True)
class Interval:
    """A value with the interval that holds it: ``low <= value <= high``, in the unit of what was given.

    Anything else, NaN included, raises ValueError.
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"an interval needs low <= value <= high, not {self.low}, {self.value}, {self.high}")

    def __str__(self) -> str:
        return format(self, "")

    def __format__(self, spec: str) -> str:
        spec = spec or f".{_decimals(self.value)}f"
        return f"{self.value:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON-ready dict."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Return the interval that `to_dict` described; other keys are ignored."""
        return cls(**{field.name: data[field.name] for field in fields(cls)})


def median(values: Values) -> float:
    """Return the median; the mean of the two middle values when their number is even."""
    return float(np.median(_blocks(values)))


def median_interval(values: Values, confidence: float = 0.95) -> Interval:
    """Return the median of the blocks with an interval between two of them, whatever law they follow.

    Each block is above the true median with probability 1/2, so how many are is binomial, and how often the interval from the
    d-th smallest to the d-th largest block holds the true median is exactly known. Between the two d that are nearest to
    `confidence` the bounds are interpolated: Hettmansperger and Sheather, "Confidence intervals based on interpolated order
    statistics", Statistics & Probability Letters 4 (1986).

    It holds the truth as often as it says for 6 blocks and more, under normal and Cauchy laws (tests/test_stats.py); a percentile
    bootstrap holds it less often, because it has so few values to draw from.

    Parameters
    ----------
    values : sequence of float
        One number per block, in any unit.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Interval
        In the unit of `values`.

    Notes
    -----
    Few blocks cannot promise 95 %. With n blocks the widest interval there is, min to max, holds the true median with
    probability 1 - 2 ** (1 - n): 94 % for 5, 75 % for 3, 50 % for 2. Up to 5 blocks it is what is returned. One block gives low =
    high = value, which is no interval at all: nothing is known about its error.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}")
    blocks: list[float] = np.sort(_blocks(values)).tolist()  # plain numbers: many intervals are asked for, of few blocks each
    number = len(blocks)
    centre, (rank, weight) = (blocks[(number - 1) // 2] + blocks[number // 2]) / 2, _bounds(number, confidence)
    inner = min(rank + 1, number - 1)
    low = blocks[rank] + weight * (blocks[inner] - blocks[rank])
    high = blocks[-1 - rank] - weight * (blocks[-1 - rank] - blocks[-1 - inner])
    # Rounding, or a very low confidence, can leave the median itself just outside.
    return Interval(centre, min(low, centre), max(high, centre))


@cache
def _bounds(number: int, confidence: float) -> tuple[int, float]:
    """Return the position, from either end, of the block where an interval begins, and how far it goes to the next one."""
    rank, outside = 0, 2.0 ** (1 - number)  # how probable it is that the truth is outside
    if 1 - outside <= confidence:
        return 0, 0.0
    while 1 - (wider := outside + 2.0 ** (1 - number) * math.comb(number, rank + 1)) >= confidence:
        rank, outside = rank + 1, wider
    part = (1 - outside - confidence) / (wider - outside)
    depth = rank + 1
    return rank, (number - depth) * part / (depth + (number - 2 * depth) * part)


def ratio(numerators: Values, denominators: Values, confidence: float = 0.95) -> Interval:
    """Return the median of the per-block ratios with its interval.

    Block i of both was measured in the same round, so what slows down a whole round cancels: pair, then divide, then
    take the median. The speed-up is ``ratio(baseline_seconds, case_seconds)``.

    Parameters
    ----------
    numerators, denominators : sequence of float
        One number per block, in the same unit and of the same length; denominators above zero.
    confidence : float
        As in `median_interval`, whose remarks on few blocks hold here too.
    """
    above, below = _blocks(numerators), _blocks(denominators)
    if above.size != below.size:
        raise ValueError(f"blocks come in pairs, but there are {above.size} numerators and {below.size} denominators")
    if below.min() <= 0:
        raise ValueError("denominators must be above zero")
    return median_interval(above / below, confidence)


def independent_ratio(numerators: Values, denominators: Values, confidence: float = 0.95) -> Interval:
    """Return the ratio of what is typical of two runs whose blocks are no pairs, with its interval.

    The median of all ratios of one block to another: Hodges and Lehmann's shift between two samples, on logarithms. The interval
    lies between two of these ratios; how often it holds the truth follows from the law of Mann and Whitney's U, whatever law the
    blocks follow, if it is the same in both runs up to a factor.

    Parameters
    ----------
    numerators, denominators : sequence of float
        Above zero, in the same unit; any number of each.
    confidence : float
        Between 0 and 1. Few blocks cannot promise much, as in `median_interval`: five and five at most 99.2 %, and then the
        interval is from the smallest to the largest of the ratios.
    """
    above, below = _blocks(numerators), _blocks(denominators)
    if min(above.min(), below.min()) <= 0:
        raise ValueError("blocks must be above zero")
    ratios = np.sort((above[:, None] / below[None, :]).ravel())
    rank = _mann_whitney_rank(above.size, below.size, confidence)
    return Interval(float(np.median(ratios)), float(ratios[rank]), float(ratios[-1 - rank]))


@cache
def _mann_whitney_rank(one: int, other: int, confidence: float) -> int:
    """Return the largest rank, from either end of the sorted ratios, that keeps the confidence; 0 if none does."""
    counts = np.ones(
        1, dtype=object
    )  # exact, of the orders of the blocks, by U: the product of (1 - q**(other + i)) / (1 - q**i)
    for i in range(1, one + 1):
        factor = np.zeros(other + i + 1, dtype=object)
        factor[0], factor[-1] = 1, -1
        counts = np.convolve(counts, factor)
        for at in range(i, len(counts)):
            counts[at] += counts[at - i]
    below = np.cumsum(counts[: one * other + 1]) / math.comb(one + other, one)
    return max(0, int(np.searchsorted(below, (1 - confidence) / 2, side="right")) - 1)


def noise(values: Values) -> float:
    """Return the robust relative spread, interquartile range / median, of positive numbers; 0.02 means 2 %.

    Above `NOISY` a case is flagged, never dropped. Unlike the standard deviation it does not let one interrupted sample
    speak for the whole case: `outliers` finds those. One value has no spread (0.0).
    """
    first, middle, third = (float(each) for each in np.quantile(_blocks(values), [0.25, 0.5, 0.75]))
    if middle <= 0:
        raise ValueError("noise is relative to the median, which must be above zero")
    return (third - first) / middle


def outliers(values: Values) -> list[int]:
    """Return the positions of values further than `OUTLIER_MADS` from the median: to be shown, never dropped.

    Source: Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (1993), the modified Z-score. Where more than half
    of the values are equal the MAD is 0 and every other value counts.
    """
    deviations = np.abs(_blocks(values) - median(values))
    return [int(at) for at in np.flatnonzero(deviations > OUTLIER_MADS * np.median(deviations))]


def _blocks(values: Values) -> Floats:
    blocks = np.asarray(values, dtype=np.float64)
    if blocks.ndim != 1 or blocks.size == 0:
        raise ValueError(f"one number per block is needed, not an array of shape {blocks.shape}")
    if not np.isfinite(blocks).all():
        raise ValueError("every block must be a finite number")
    return blocks


def _decimals(value: float) -> int:
    """Decimals that show three significant digits: 2 for 1.93, 1 for 12.3, 5 for 0.00123."""
    if value == 0 or not math.isfinite(value):
        return 2
    return max(0, 2 - math.floor(math.log10(abs(value))))
