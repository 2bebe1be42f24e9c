"""What a user may choose of an experiment: kernels, implementations, strategies, sizes, threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from gilscope.kernels import KERNELS
from gilscope.kernels._call import OWN
from gilscope.kernels._implementations import IMPLEMENTATIONS


@dataclass(frozen=True)
class Choice:
    """What was chosen; what is empty is left to the experiment.

    Parameters
    ----------
    kernel, implementation, strategy : tuple of str
        Names.
    size : tuple of int
        Elements per call.
    threads : tuple of int
        How many threads share the calls.
    """

    kernel: tuple[str, ...] = ()
    implementation: tuple[str, ...] = ()
    strategy: tuple[str, ...] = ()
    size: tuple[int, ...] = ()
    threads: tuple[int, ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Check what a user gave: for each field one value or several, or None; a ValueError names what is accepted."""
        return cls(**{name: READ[name](name, several(given.get(name))) for name in NAMES})

    def __bool__(self) -> bool:
        return any(asdict(self).values())

    def to_dict(self) -> dict[str, Any]:
        """Return what was chosen, as sessions hold it."""
        return {name: list(values) for name, values in asdict(self).items() if values}

    def as_options(self) -> list[str]:
        """Return the options of the command line that choose the same."""
        return [word for name, values in asdict(self).items() for value in values for word in (f"--{name}", str(value))]


NAMES = tuple(field.name for field in fields(Choice))


def several(value: Any) -> tuple[Any, ...]:
    """Return one value or several as a tuple."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)


def named(table: Callable[[], Iterable[str]]) -> Callable[[str, tuple[Any, ...]], tuple[str, ...]]:
    """Return what accepts the names of a table."""

    def read(what: str, values: tuple[Any, ...]) -> tuple[str, ...]:
        accepted = list(table())
        for value in values:
            if value not in accepted:
                plural = what[:-1] + "ies" if what.endswith("y") else what + "s"
                raise ValueError(f"there is no {what} {value!r}: {plural} are {', '.join(accepted)}")
        return tuple(dict.fromkeys(values))

    return read


def strategies() -> list[str]:
    """Return the names of all strategies."""
    from gilscope._native.strategies import STRATEGIES

    return [*(each.name for each in STRATEGIES), OWN]


def counts(what: str, values: tuple[Any, ...]) -> tuple[int, ...]:
    """Accept whole numbers from 1 on, also as text and as 1e6, and put them in order."""
    return tuple(sorted({count(what, value) for value in values}))


def count(what: str, value: Any) -> int:
    """Accept one."""
    try:
        number = float(value)
        if number >= 1 and number.is_integer() and not isinstance(value, bool):
            return int(number)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{what} must be a whole number from 1 on, such as {EXAMPLES[what]}, not {value!r}")


EXAMPLES = {"size": "1000 or 1e6", "threads": "2"}
READ: dict[str, Callable[[str, tuple[Any, ...]], Any]] = {
    "kernel": named(lambda: KERNELS),
    "implementation": named(lambda: IMPLEMENTATIONS),
    "strategy": named(strategies),
    "size": counts,
    "threads": counts,
}
