"""Observations: numbers that are not the seconds of a case, with their units and the conditions they hold under."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from gilscope.stats import Interval, median_interval

__all__ = ["Number", "Observation"]


@dataclass(frozen=True)
class Number(Interval):
    """A median over blocks with its interval, the unit, and the blocks themselves in the order in which they were taken."""

    unit: str
    blocks: tuple[float, ...]

    @classmethod
    def of(cls, unit: str, blocks: Iterable[float]) -> Self:
        """Return the median of the blocks."""
        taken = tuple(float(each) for each in blocks)
        return cls(**median_interval(taken).to_dict(), unit=unit, blocks=taken)

    def to_dict(self) -> dict[str, Any]:
        """Return the number as it stands in the file."""
        return super().to_dict() | {"blocks": list(self.blocks)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Return the number that `to_dict` described."""
        return super().from_dict(data | {"blocks": tuple(data["blocks"])})


@dataclass(frozen=True)
class Observation:
    """What was observed under some conditions.

    Parameters
    ----------
    label : str
        Its name in the session, such as "poly.c.released, 20 us a call, beside Python, 5 ms".
    conditions : dict
        What it holds under, for programs to read: any JSON.
    numbers : dict of str to Number
        By name, such as "calls": each has as many blocks as the others.
    notes : tuple of str
        What a reader must know.
    """

    label: str
    conditions: dict[str, Any] = field(default_factory=dict, hash=False)
    numbers: dict[str, Number] = field(default_factory=dict, hash=False)
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Number:
        return self.numbers[name]

    def __contains__(self, name: object) -> bool:
        return name in self.numbers

    @property
    def blocks(self) -> int:
        """How often it was observed."""
        return min((len(each.blocks) for each in self.numbers.values()), default=0)

    def with_block(self, taken: Mapping[str, float], units: Mapping[str, str]) -> Observation:
        """Return the observation with one block more: a value for each number."""
        before = {name: self.numbers[name].blocks if name in self else () for name in taken}
        return replace(self, numbers={name: Number.of(units[name], (*before[name], value)) for name, value in taken.items()})

    def to_records(self) -> list[dict[str, Any]]:
        """Return a flat row for each number."""
        about, notes = {"observation": self.label}, "; ".join(self.notes)
        return [
            {**about, "number": name, "unit": each.unit, "value": each.value, "low": each.low, "high": each.high}
            | {"blocks": len(each.blocks), "notes": notes}
            for name, each in self.numbers.items()
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the observation as it stands in the file."""
        numbers = [{"name": name, **each.to_dict()} for name, each in self.numbers.items()]
        return {"label": self.label, "conditions": self.conditions, "numbers": numbers, "notes": list(self.notes)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Return the observation that `to_dict` described; `Session.from_dict` checks first that it did."""
        numbers = {each["name"]: Number.from_dict(each) for each in data["numbers"]}
        return cls(data["label"], data["conditions"], numbers, tuple(data["notes"]))
