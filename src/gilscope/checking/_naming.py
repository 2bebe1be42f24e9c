"""What people call a function."""

from __future__ import annotations

import functools
from pathlib import Path


def readable(function: object) -> str:
    """Return what a person would call a function."""
    if isinstance(function, functools.partial):
        return f"a partial of {readable(function.func)}"
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    if not isinstance(name, str):
        return _object(function)
    name = name.rpartition("<locals>.")[2]
    return _place(function) if name == "<lambda>" else f"{_module(function)}{name}"


def _object(function: object) -> str:
    if isinstance(name := getattr(function, "name", None), str):  # as the kernels have one
        return name
    text = repr(function)
    return f"an object of {type(function).__qualname__}" if " at 0x" in text or len(text) > 80 else text


def _place(function: object) -> str:
    code = getattr(function, "__code__", None)
    return f"the lambda in {Path(code.co_filename).name}, line {code.co_firstlineno}," if code else "a lambda"


def _module(function: object) -> str:
    """Return the module and a dot; nothing for one that people do not name."""
    module = getattr(function, "__module__", None) or type(function).__module__
    hidden = not isinstance(module, str) or module == "builtins" or any(part.startswith("_") for part in module.split("."))
    return "" if hidden else f"{module}."
