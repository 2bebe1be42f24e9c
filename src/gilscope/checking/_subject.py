"""What is checked, a function or a statement: it makes calls for any worker, in this process or another."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Call = Callable[[], object]


class Subject(Protocol):
    """What is checked. It can be sent to another process if `sendable` says so."""

    @property
    def name(self) -> str:
        """What people call it."""

    def call(self, *, own: bool) -> Call:
        """Return what makes one call; ``own`` on data that no other worker shares."""


@dataclass(frozen=True)
class Function:
    """A function and its arguments.

    Parameters
    ----------
    function : callable
        What is called.
    args, kwargs : tuple, mapping
        The arguments.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the function, with its module where it has one."""
        return name_of(self.function)

    def call(self, *, own: bool) -> Call:
        """Return the call; ``own`` with deep copies of the arguments."""
        args, kwargs = copy.deepcopy((self.args, dict(self.kwargs))) if own else (self.args, self.kwargs)
        return functools.partial(self.function, *args, **kwargs)


@dataclass
class Statement:
    """Source code, as `timeit` takes it.

    Parameters
    ----------
    statement : str
        What is called.
    setup : str
        Run before, once for all threads of a process, or for each worker that is to have its own data.
    names : mapping
        What both find besides.
    """

    statement: str
    setup: str = "pass"
    names: Mapping[str, Any] = field(default_factory=dict)
    _shared: Call | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The statement, in one line."""
        return "; ".join(line.strip() for line in self.statement.splitlines() if line.strip())

    def call(self, *, own: bool) -> Call:
        """Return the statement as a function without arguments, after its setup."""
        if own:
            return self._compiled()
        if self._shared is None:
            self._shared = self._compiled()
        return self._shared

    def _compiled(self) -> Call:
        namespace: dict[str, Any] = {"__name__": "__gilscope__", **self.names}
        exec(compile(self.setup, "<setup>", "exec"), namespace)
        compile(self.statement, "<statement>", "exec")  # for the line that an error names
        body = "\n".join(f"    {line}" for line in self.statement.splitlines())
        # Names that the setup made are globals, those that the statement makes are its own: as in timeit.
        exec(compile(f"def statement():\n{body}\n", "<statement>", "exec"), namespace)
        call: Call = namespace["statement"]
        return call

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_shared": None}


def name_of(function: object) -> str:
    """Return how people would write a function: ``numpy.exp``, ``Generator.normal``, ``exp.c.held``."""
    if isinstance(function, functools.partial):
        return name_of(function.func)
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    if name is None:  # an object that can be called
        return str(getattr(function, "name", type(function).__qualname__))
    module = getattr(function, "__module__", None)
    hidden = module in (None, "builtins", "__main__") or "." in name
    return str(name) if hidden else f"{module}.{name}"
