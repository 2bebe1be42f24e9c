"""One way to compute a kernel: a callable with a name, a signature, a source and a pickle."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from gilscope.kernels._arguments import prepare

if TYPE_CHECKING:
    from gilscope._native.loops import Loop
    from gilscope.kernels._kernel import Array, Kernel

OWN = "own"


class Unavailable(RuntimeError, AttributeError):  # an attribute that is not there: `hasattr` says False
    """An implementation or a strategy was used that does not exist, or not in this build."""


class Missing:
    """What stands where an implementation or a strategy would be; using it says why there is none."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason

    def available(self) -> Iterator[Call]:
        """Walk what can be called: nothing."""
        return iter(())

    @property
    def strategies(self) -> dict[str, Any]:
        """No strategies."""
        return {}

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Say why there is nothing to call."""
        raise Unavailable(str(self))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise Unavailable(str(self))

    def __reduce__(self) -> tuple[Callable[[str], Any], tuple[str]]:
        from gilscope.kernels import lookup

        return lookup, (self.name,)

    def __str__(self) -> str:
        return f"{self.name} is unavailable: {self.reason}"

    def __repr__(self) -> str:
        return f"<{self}>"


def never(args: tuple[Any, ...], out: Any, options: dict[str, Any]) -> bool:
    """Say that there is no quick way in."""
    return False


class Call:
    """One way to compute a kernel, such as `exp.c.released`.

    Parameters
    ----------
    kernel : Kernel
        What is computed.
    implementation, strategy : str
        Who computes it, and how it treats the GIL.
    run : callable
        Takes the arrays (inputs, then the result) and a dict of parameters and options.
    summary : str
        One line on the strategy.
    options : mapping
        The strategy's options and their defaults.
    source : callable, optional
        Returns the text of the code.
    direct : callable, optional
        The quick way in: takes the inputs, the result and the options as they are, or returns False.
    loops : mapping, optional
        The C loop that runs, for each dtype.
    """

    def __init__(
        self,
        kernel: Kernel,
        implementation: str,
        strategy: str,
        run: Callable[[tuple[Array, ...], dict[str, Any]], None],
        *,
        summary: str,
        options: Mapping[str, Any] = MappingProxyType({}),
        source: Callable[[], str] | None = None,
        loops: Mapping[np.dtype[Any], Loop] = MappingProxyType({}),
        direct: Callable[[tuple[Any, ...], Any, dict[str, Any]], bool] = never,
    ) -> None:
        self.kernel = kernel
        self.implementation = implementation
        self.strategy = strategy
        self.summary = summary
        self.options = dict(options)
        self._defaults = {**kernel.parameters, **options}
        self._positions = len(kernel.inputs) + 1
        self._run = run
        self._source = source
        self._loops = loops
        self.direct = direct

    @property
    def name(self) -> str:
        """What to paste, such as "exp.c.released" or "exp.numpy"."""
        parts = [self.kernel.name, self.implementation]
        return ".".join(parts if self.strategy == OWN else [*parts, self.strategy])

    @property
    def source(self) -> str:
        """The text of the code that runs."""
        if self._source is None:
            raise Unavailable(f"{self.name} has no source in the package: its C loop is in csrc/kernels")
        return self._source()

    def loop_address(self, dtype: Any) -> int | None:
        """Where the machine code of the C loop starts, or None where no C loop of ours runs."""
        loop = self._loops.get(np.dtype(dtype))
        return None if loop is None else loop.address

    def working_set(self, size: int, dtype: Any) -> int:
        """Return the bytes that one call touches: its inputs and its result."""
        *inputs, result = (math.prod(shape) for shape in self.kernel.shapes(size))
        element: np.dtype[Any] = np.dtype(dtype)
        return sum(inputs) * element.itemsize + result * self.kernel.result_dtypes[element].itemsize

    def arrays(self, size: int, dtype: Any) -> tuple[Array, ...]:
        """Return inputs to measure on, and a result."""
        inputs = self.kernel.sample(size, np.dtype(dtype))
        return (*inputs, np.empty(self.kernel.shapes(size)[-1], self.kernel.result_dtypes[np.dtype(dtype)]))

    def bound(self, arrays: tuple[Array, ...], options: Mapping[str, Any]) -> Callable[[], Any]:
        """Return the call with its arrays and options, ready to be made."""
        *inputs, out = arrays
        return partial(self, *inputs, out=out, **options)

    def available(self) -> Iterator[Call]:
        """Walk what can be called: this."""
        yield self

    @property
    def strategies(self) -> dict[str, Any]:
        """This call under the name of its strategy."""
        return {self.strategy: self}

    def __call__(self, *args: Any, out: Array | None = None, **options: Any) -> Any:
        """Compute.

        Parameters
        ----------
        *args : array_like
            The inputs, of shapes as the kernel's signature says. Where the work is element by element they are of one shape,
            or scalars. Integers and booleans become float64, unless the kernel is one of integers.
        out : ndarray, optional
            Where to put the result: of its dtype and shape. Where the work is element by element it may be one of the inputs;
            else it must share no memory with one.
        **options
            The kernel's parameters and the strategy's options; see the signature.

        Returns
        -------
        ndarray or scalar
            `out`, or a new array.
        """
        if out is None and len(args) == self._positions:
            args, out = args[:-1], args[-1]
        result = self._blank(args) if out is None else out
        if result is not None and self.direct(args, result, options):
            return result if out is not None or result.ndim else result[()]
        return self._call_checked(args, out, options)

    @cached_property
    def _blank(self) -> Callable[[tuple[Any, ...]], Array | None]:
        from gilscope._native.loops import LOOPS, blank

        return partial(blank, tuple(loop for loop in LOOPS if loop.kernel == self.kernel.name))

    def _call_checked(self, args: tuple[Any, ...], out: Array | None, options: dict[str, Any]) -> Any:
        unknown = [name for name in options if name not in self._defaults]
        if unknown:
            there = ", ".join(self._defaults) or "none"
            raise TypeError(f"{self.name}() has no option {unknown[0]!r}: its options are {there}")
        options = checked(self.kernel, {**self._defaults, **options})
        call = prepare(self.kernel, self.name, args, out)
        self._run(call.arrays, options)
        return call.finish()

    @property
    def __signature__(self) -> inspect.Signature:
        kinds = inspect.Parameter
        inputs = [kinds(name, kinds.POSITIONAL_ONLY) for name in self.kernel.inputs]
        options = [kinds(name, kinds.KEYWORD_ONLY, default=value) for name, value in self._defaults.items()]
        return inspect.Signature([*inputs, kinds("out", kinds.POSITIONAL_OR_KEYWORD, default=None), *options])

    def __repr__(self) -> str:
        return f"<{self.name}{self.__signature__}: {self.summary}>"

    def __reduce__(self) -> tuple[Callable[[str], Any], tuple[str]]:
        from gilscope.kernels import lookup

        return lookup, (self.name,)


class Implementation:
    """Who computes a kernel, with every strategy it has: `exp.c`, `exp.cython`, `exp.ctypes`."""

    def __init__(self, name: str, strategies: dict[str, Call | Missing]) -> None:
        self.name = name
        self.strategies = strategies
        self.__dict__.update(strategies)

    def available(self) -> Iterator[Call]:
        """Walk what can be called."""
        for strategy in self.strategies.values():
            yield from strategy.available()

    def __getattr__(self, name: str) -> Call | Missing:
        if name.startswith("_") or name == "strategies" or name not in self.strategies:
            raise AttributeError(
                f"{self.__dict__.get('name')} has no strategy {name!r}: it has {', '.join(self.__dict__.get('strategies', ()))}"
            )
        return self.strategies[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.strategies]

    def __repr__(self) -> str:
        return f"<{self.name}: {', '.join(self.strategies)}>"

    def __reduce__(self) -> tuple[Callable[[str], Any], tuple[str]]:
        from gilscope.kernels import lookup

        return lookup, (self.name,)


def checked(kernel: Kernel, options: dict[str, Any]) -> dict[str, Any]:
    """Check the kernel's parameters, which are integers, not negative, and fit a C int, and the strategy's options."""
    from gilscope._native.strategies import check_options

    check_options({name: value for name, value in options.items() if name not in kernel.parameters})
    for name in kernel.parameters:
        value = options[name]
        if isinstance(value, bool) or not hasattr(type(value), "__index__"):
            raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
        if not 0 <= value < 2**31:
            raise ValueError(f"{name} must be at least 0 and below 2**31, not {value}")
    return options
