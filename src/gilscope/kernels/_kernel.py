"""What a kernel is: a row of facts, and the callables that compute it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from gilscope.kernels._call import Call, Implementation, Missing

Array = np.ndarray[Any, np.dtype[Any]]

MAP, FOLD, WHOLE = "map", "fold", "whole"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Kernel:
    """What is computed, by whom it can be computed, and on what it is measured.

    To add one: a file here with a `Kernel`, and a row in KERNELS. A C loop is a file in csrc/kernels and a row in
    csrc/gilscope/kernels.h; a Cython twin is a file in _native/cython, its stub, and its name in CMakeLists.txt. What is not
    there is reported as missing.

    Parameters
    ----------
    name, summary : str
        What users call it, and one line on what it is.
    kind : {"map", "fold", "whole"}
        A map slices freely; a fold gives partial results that combine; a whole can only be computed at once.
    inputs : tuple of str
        Names of the input arrays.
    in_python, in_numpy : callable
        Take the inputs and the result as one-dimensional contiguous arrays, then the parameters.
    sample : callable
        Takes a size and a dtype, returns inputs to measure on.
    parameters : mapping
        Names and defaults of numbers that are part of the problem.
    dtypes : tuple of str
        The element types it is computed in.
    result : str
        The dtype of the result; "same" is that of the inputs.
    best : str
        The implementation and strategy that the kernel itself calls.
    missing : mapping
        Why an implementation, or an implementation's strategy, does not exist.
    slower : mapping
        Why an implementation is slower than `c`.
    """

    name: str
    summary: str
    kind: str
    inputs: tuple[str, ...]
    in_python: Callable[..., None]
    in_numpy: Callable[..., None]
    sample: Callable[[int, np.dtype[Any]], tuple[Array, ...]]
    parameters: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    dtypes: tuple[str, ...] = ("float64", "float32")
    result: str = "same"
    best: str = "c.released"
    missing: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    slower: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def implementations(self) -> dict[str, Implementation | Call | Missing]:
        """Who can compute this kernel, by name; what is missing says why."""
        from gilscope.kernels._implementations import IMPLEMENTATIONS

        return {name: build(self) for name, build in IMPLEMENTATIONS.items()}

    def calls(self) -> Iterator[Call]:
        """Walk everything that can be called, implementation by implementation."""
        for implementation in self.implementations.values():
            yield from implementation.available()

    @cached_property
    def _best(self) -> Call:
        best: Call = find(self, self.best.split("."))
        return best

    def __call__(self, *arrays: Any, out: Array | None = None, **options: Any) -> Any:
        """Compute with the best implementation, released where there is one that releases."""
        return self._best(*arrays, out=out, **options)

    @property
    def __signature__(self) -> Any:
        return self._best.__signature__

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self.implementations:
            return self.implementations[name]
        raise AttributeError(
            f"kernel {self.name} has no attribute {name!r}: implementations are {', '.join(self.implementations)}"
            if not name.startswith("_")
            else name
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.implementations]

    def __repr__(self) -> str:
        return f"<kernel {self.name}: {self.summary}>"

    def __reduce__(self) -> tuple[Callable[[str], Any], tuple[str]]:
        from gilscope.kernels import lookup

        return lookup, (self.name,)


def uniform(inputs: int, low: float = -1, high: float = 1) -> Callable[[int, np.dtype[Any]], tuple[Array, ...]]:
    """Return a sampler: so many arrays of numbers between two bounds, the same ones every time."""

    def sample(size: int, dtype: np.dtype[Any]) -> tuple[Array, ...]:
        random = np.random.default_rng(0)
        return tuple(random.uniform(low, high, size).astype(dtype) for _ in range(inputs))

    return sample


def find(kernel: Any, path: list[str]) -> Any:
    """Follow attribute names from a kernel."""
    for name in path:
        kernel = getattr(kernel, name)
    return kernel
