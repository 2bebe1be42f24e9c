"""Whether what a dotted path names is there."""

from __future__ import annotations

import builtins
from importlib import import_module
from types import ModuleType


def missing(path: str) -> str | None:
    """Return in a few words what of a dotted path is not there; None if all of it is.

    The path begins with a module or with something built in; modules on the way are imported.
    """
    first, *rest = path.split(".")
    found, reason = (getattr(builtins, first), None) if hasattr(builtins, first) else _imported(first)
    for at, name in enumerate(rest):
        if reason is not None:
            break
        found, reason = _inside(found, ".".join([first, *rest[:at]]), name)
    return reason


def _inside(owner: object, path: str, name: str) -> tuple[object, str | None]:
    """Return an attribute or a submodule, or why there is none."""
    try:
        return getattr(owner, name), None
    except Exception:
        # A package need not have imported its modules.
        found, reason = _imported(f"{path}.{name}") if isinstance(owner, ModuleType) else (None, "")
    return found, None if reason is None else reason if "imported" in reason else f"{path} has no {name!r}"


def _imported(name: str) -> tuple[object, str | None]:
    """Return a module, or why there is none."""
    try:
        return import_module(name), None
    except ModuleNotFoundError:
        return None, f"{name} is not installed"
    except Exception as error:
        return None, f"{name} cannot be imported: {type(error).__name__}: {error}"
