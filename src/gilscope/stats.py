"""Medians, bootstrap intervals and noise: pure functions of numbers, with no clock and no state.

A *block* is one round of an interleaved run (A B A B): one number per case and round. Blocks are what is resampled.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["NOISY", "Interval", "bootstrap_median", "median", "noise", "outliers", "ratio"]

Floats: TypeAlias = NDArray[np.float64]
Values: TypeAlias = Sequence[float] | Floats

#: A case whose `noise` is above this is flagged. pyperf warns when the standard deviation reaches 10 % of
#: the mean (pyperf/_cli.py); the IQR is 1.35 standard deviations for a normal law, so this is a little stricter.
NOISY = 0.10

#: Deviations above this many MADs are outliers: ten robust standard deviations, as hyperfine chose
#: (src/outlier_detection.rs).
OUTLIER_MADS = 14.826

# Resamples are drawn in chunks of at most this many numbers (8 MB), so that many blocks do not need gigabytes.
_CHUNK_ITEMS = 1_000_000


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


def bootstrap_median(values: Values, confidence: float = 0.95, resamples: int = 2000, seed: int = 0) -> Interval:
    """Return the median of the blocks with its percentile bootstrap interval.

    Sources: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13; for ratios of benchmarks,
    Kalibera and Jones, "Rigorous Benchmarking in Reasonable Time" (ISMM 2013).

    Parameters
    ----------
    values : sequence of float
        One number per block, in any unit.
    confidence : float
        Nominal coverage of the interval, between 0 and 1.
    resamples : int
        Bootstrap samples drawn.
    seed : int
        Same values, seed and NumPy version: same interval.

    Returns
    -------
    Interval
        In the unit of `values`. It always contains the median.

    Notes
    -----
    Few blocks cannot promise 95 %, however they are resampled. With n blocks the widest interval there is, min to max,
    covers the true median with probability 1 - 2 ** (1 - n): 94 % for 5, 75 % for 3, 50 % for 2. At 95 % the bootstrap
    gives min to max up to 5 blocks by itself. For 1 or 2 blocks nothing is resampled: 2 give min to max at every
    `confidence`, and 1 gives low = high = value, which is no interval at all: nothing is known about its error.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}")
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, not {resamples}")
    blocks = _blocks(values)
    centre = median(blocks)
    if blocks.size <= 2:
        return Interval(centre, float(blocks.min()), float(blocks.max()))
    low, high = np.quantile(_resampled_medians(blocks, resamples, seed), [(1 - confidence) / 2, (1 + confidence) / 2])
    # A handful of resamples, or a very low confidence, can leave the median itself just outside.
    return Interval(centre, min(float(low), centre), max(float(high), centre))


def ratio(numerators: Values, denominators: Values, confidence: float = 0.95) -> Interval:
    """Return the median of the per-block ratios with its bootstrap interval.

    Block i of both was measured in the same round, so what slows down a whole round cancels: pair, then divide, then
    take the median. The speed-up is ``ratio(baseline_seconds, case_seconds)``.

    Parameters
    ----------
    numerators, denominators : sequence of float
        One number per block, in the same unit and of the same length; denominators above zero.
    confidence : float
        As in `bootstrap_median`, whose remarks on few blocks hold here too.
    """
    above, below = _blocks(numerators), _blocks(denominators)
    if above.size != below.size:
        raise ValueError(f"blocks come in pairs, but there are {above.size} numerators and {below.size} denominators")
    if below.min() <= 0:
        raise ValueError("denominators must be above zero")
    return bootstrap_median(above / below, confidence)


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


def _resampled_medians(blocks: Floats, resamples: int, seed: int) -> Floats:
    random = np.random.default_rng(seed)
    step = max(1, _CHUNK_ITEMS // blocks.size)
    rows = [min(step, resamples - start) for start in range(0, resamples, step)]
    return np.concatenate([_medians(blocks, random.integers(0, blocks.size, (each, blocks.size))) for each in rows])


def _medians(blocks: Floats, picks: NDArray[np.int64]) -> Floats:
    return np.asarray(np.median(blocks[picks], axis=1), dtype=np.float64)


def _decimals(value: float) -> int:
    """Decimals that show three significant digits: 2 for 1.93, 1 for 12.3, 5 for 0.00123."""
    if value == 0 or not math.isfinite(value):
        return 2
    return max(0, 2 - math.floor(math.log10(abs(value))))
