"""What is checked, a function or a statement: it makes calls for any worker, in this process or another."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from gilscope.checking._naming import readable

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
        return readable(self.function)

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

    @contextmanager
    def alone(self) -> Iterator[Call]:
        """Yield what `call` returns with data of its own, and free the data when the block ends.

        The function and its namespace hold each other, so that large data would stay until a collection.
        """
        namespace = self._run_setup()
        try:
            yield self._compiled_in(namespace)
        finally:
            namespace.clear()

    def _compiled(self) -> Call:
        return self._compiled_in(self._run_setup())

    def _run_setup(self) -> dict[str, Any]:
        namespace: dict[str, Any] = {"__name__": "__gilscope__", **self.names}
        exec(compile(self.setup, "<setup>", "exec"), namespace)
        return namespace

    def _compiled_in(self, namespace: dict[str, Any]) -> Call:
        compile(self.statement, "<statement>", "exec")  # for the line that an error names
        body = "\n".join(f"    {line}" for line in self.statement.splitlines())
        # Names that the setup made are globals, those that the statement makes are its own: as in timeit.
        exec(compile(f"def statement():\n{body}\n", "<statement>", "exec"), namespace)
        call: Call = namespace["statement"]
        return call

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_shared": None}
