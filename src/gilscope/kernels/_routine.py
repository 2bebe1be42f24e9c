"""A routine: something to measure that makes its own data, where a kernel is given arrays."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any


@dataclass(frozen=True, eq=False)
class Routine:
    """Something to measure that has no arrays of its own: stands where a `Call` stands.

    Parameters
    ----------
    kernel_name, implementation : str
        Its name, and who computes it.
    summary : str
        One line on what it is.
    function, prepare : callable
        What runs, and what makes its arguments from a size.
    bytes_per_element, most_bytes : float
        Memory it touches in a call.
    """

    kernel_name: str
    implementation: str
    summary: str
    function: Callable[..., None]
    prepare: Callable[[int], tuple[Any, ...]]
    bytes_per_element: float = 16
    most_bytes: float = math.inf
    strategy: str = "own"

    @property
    def name(self) -> str:
        """Its name, such as "g_out.numpy"."""
        return f"{self.kernel_name}.{self.implementation}"

    @property
    def source(self) -> str:
        """The text of the code that runs."""
        return inspect.getsource(self.function)

    def loop_address(self, dtype: Any) -> None:
        """No C loop of ours runs."""

    def working_set(self, size: int, dtype: Any) -> int:
        """Return the bytes that one call touches."""
        return int(min(self.bytes_per_element * size, self.most_bytes))

    def arrays(self, size: int, dtype: Any) -> tuple[Any, ...]:
        """Return the arguments to call it with."""
        return self.prepare(size)

    def bound(self, arrays: tuple[Any, ...], options: Mapping[str, Any]) -> Callable[[], Any]:
        """Return it with its arguments, ready to call."""
        return partial(self.function, *arrays)
