"""What a kernel is: a row of facts, and the callables that compute it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from gilscope.signatures import Shape, Signature, parsed

if TYPE_CHECKING:
    from gilscope.kernels._call import Call, Implementation, Missing

Array = np.ndarray[Any, np.dtype[Any]]

Draw = Callable[[tuple[Shape, ...], np.dtype[Any]], tuple[Array, ...]]

MAP, FOLD, WHOLE = "map", "fold", "whole"


def vector(size: int) -> dict[str, int]:
    """Return the length of the one dimension of "(n)"."""
    return {"n": size}


def sides(size: int) -> tuple[int, int]:
    """Return the rows and columns of the table of this many elements that is nearest to a square."""
    rows = next((each for each in range(math.isqrt(size), 0, -1) if size % each == 0), 0)
    return rows, size // rows if rows else 0


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Kernel:
    """What is computed, by whom it can be computed, and on what it is measured.

    To add one: a file here with a `Kernel`, and a row in KERNELS. A C loop is a file in csrc/kernels and a row in
    csrc/gilscope/kernels.h; a Cython twin is a file in _native/cython and its stub. What is not there is reported as missing.

    Parameters
    ----------
    name, summary : str
        What users call it, and one line on what it is.
    kind : {"map", "fold", "whole"}
        A map slices freely; a fold gives partial results that combine; a whole can only be computed at once.
    signature : str
        Which shapes it takes and gives, in NumPy's notation; see `gilscope.signatures`.
    inputs : tuple of str
        Names of the input arrays.
    in_python, in_numpy : callable
        Take the inputs and the result as contiguous arrays, then the parameters. Where the work is element by element the arrays
        are one-dimensional; a number as a result is an array of one item.
    draw : callable
        Takes the inputs' shapes and a dtype, returns inputs to measure on.
    lengths : callable
        Takes a size, returns the length of each dimension of the signature.
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
    behind : str
        Why `c` itself is slower than the best library, where it is.
    """

    name: str
    summary: str
    kind: str
    signature: str
    inputs: tuple[str, ...]
    in_python: Callable[..., None]
    in_numpy: Callable[..., None]
    draw: Draw
    lengths: Callable[[int], dict[str, int]] = vector
    parameters: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    dtypes: tuple[str, ...] = ("float64", "float32")
    result: str = "same"
    best: str = "c.released"
    missing: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    slower: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    behind: str = ""

    @cached_property
    def layout(self) -> Signature:
        """The parsed signature."""
        return parsed(self.signature)

    def shapes(self, size: int) -> tuple[Shape, ...]:
        """Return the shapes of the inputs and of the result for a number of elements."""
        layout = self.layout
        return ((size,),) * (len(self.inputs) + 1) if layout.elementwise else layout.shapes(self.lengths(size))

    def sample(self, size: int, dtype: np.dtype[Any] | str | None = None) -> tuple[Array, ...]:
        """Return inputs to measure on, the same ones every time; of the first of its dtypes unless another is given."""
        return self.draw(self.shapes(size)[:-1], np.dtype(dtype or self.dtypes[0]))

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

    @cached_property
    def _direct(self) -> Callable[[tuple[Any, ...], Any, dict[str, Any]], bool]:
        return self._best.direct

    def __call__(self, *arrays: Any, out: Array | None = None, **options: Any) -> Any:
        """Compute with the best implementation, released where there is one that releases."""
        # The quick way in stands here too: a call more would take as long as the rest of a short one.
        if out is not None and self._direct(arrays, out, options):
            return out
        return self._best(*arrays, out=out, **options)

    @cached_property
    def result_dtypes(self) -> dict[np.dtype[Any], np.dtype[Any]]:
        """The dtype of the result for each dtype of the inputs."""
        inputs = [np.dtype(name) for name in self.dtypes]
        return {each: each if self.result == "same" else np.dtype(self.result) for each in inputs}

    @property
    def __signature__(self) -> Any:
        return self._best.__signature__

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self.implementations:
            # Found without this method from now on: `exp.c.released` in a loop should not cost more than the call.
            return self.__dict__.setdefault(name, self.implementations[name])
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


def uniform(low: float = -1, high: float = 1) -> Draw:
    """Return what draws arrays of numbers between two bounds, the same ones every time."""

    def draw(shapes: tuple[Shape, ...], dtype: np.dtype[Any]) -> tuple[Array, ...]:
        random = np.random.default_rng(0)
        return tuple(random.uniform(low, high, shape).astype(dtype) for shape in shapes)

    return draw


def find(kernel: Any, path: list[str]) -> Any:
    """Follow attribute names from a kernel."""
    for name in path:
        kernel = getattr(kernel, name)
    return kernel
