"""How numbers are written for people."""

from __future__ import annotations

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


def duration(seconds: float) -> str:
    """Write a time with three digits and a unit."""
    rounded = float(f"{seconds:.3g}")
    scale, unit = next(((scale, unit) for scale, unit in UNITS if rounded >= scale), UNITS[-1])
    return f"{float(f'{seconds / scale:.3g}'):g} {unit}"


def percent(share: float) -> str:
    """Write a share without decimals, but never a small one as nothing."""
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def listed(words: list[str]) -> str:
    """Write words as a list: "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
