"""Whether what a dotted path names is there."""

from __future__ import annotations

import builtins
from importlib import import_module
from types import ModuleType


class _Missing(Exception):
    """Part of a path is not there; the message says which."""


def missing(path: str) -> str | None:
    """Return in a few words what of a dotted path is not there; None if all of it is.

    The path begins with something built in or with a module; modules on the way are imported.
    """
    first, *rest = path.split(".")
    try:
        found = getattr(builtins, first) if hasattr(builtins, first) else _imported(first)
        for at, name in enumerate(rest):
            found = _inside(found, ".".join([first, *rest[:at]]), name)
    except _Missing as reason:
        return str(reason)
    return None


def _inside(owner: object, path: str, name: str) -> object:
    """Return an attribute, or a module that its package has not imported yet."""
    try:
        return getattr(owner, name)
    except Exception:
        if isinstance(owner, ModuleType) and hasattr(owner, "__path__"):
            return _imported(f"{path}.{name}", f"{path} has no {name!r}")
        raise _Missing(f"{path} has no {name!r}") from None


def _imported(name: str, otherwise: str = "") -> object:
    """Return a module."""
    try:
        return import_module(name)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == name:
            raise _Missing(otherwise or f"{name} is not installed") from None
        raise _Missing(f"{name} cannot be imported: {type(error).__name__}: {error}") from None
