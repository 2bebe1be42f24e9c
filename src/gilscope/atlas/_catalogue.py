'''A catalogue of calls to probe: a TOML file that reads like a table. This is its manual.

.. code-block:: toml

    package = "numpy"                # whose version is recorded; "stdlib" is Python itself
    setup = """
    import numpy as np
    rng = np.random.default_rng(0)
    """                              # optional: runs before the setup of each group

    [[group]]
    title = "Ufuncs of one array"
    setup = "x = (rng.random(n) + 0.5).astype(dtype)"
    sizes = [10, 10_000, 1_000_000]
    unit = "elements"
    each.dtype = ["float64", "float32"]
    needs = ["numpy.dtypes.Float64DType"]

    [group.calls]
    "numpy.exp" = "np.exp(x)"
    "numpy.sort[stable]" = "np.sort(x, kind='stable')"

========= =======================================================================================================================
of a group
========= =======================================================================================================================
`title`   What its calls have in common.
`setup`   Optional. Python code; it finds the size as ``n`` and the names of `each` as variables that hold strings. It runs once
          for each size, and is not measured.
`sizes`   Up to three whole numbers that go up: small, medium, large; or a single one, where the shape is fixed. The small one
          should be below any threshold (10, say), the large one take 1 to 30 ms.
`unit`    Optional. What the size counts: "elements" unless given, or "bytes", "matrices", "rows".
`each`    Optional. Names and lists of strings: every call once for each value, or for each combination of several.
`needs`   Optional. Dotted paths: where one of them is missing, all calls of the group are skipped.
`calls`   Name = statement. A name is a dotted path, quoted, and perhaps a variant in brackets, which values of `each` join:
          ``numpy.exp[float64]`` and ``numpy.sort[stable, float32]``. If the path (``numpy.sort``; ``str.split`` for what is
          built in) is missing, the call is skipped. A statement is called again and again with the same data: it must neither
          use up its inputs nor let them grow.
========= =======================================================================================================================

A package ships a catalogue of its own as ``gilscope-atlas.toml`` in its top folder: `gilscope atlas PACKAGE` finds it. Modules
that lie beside a FILE.toml can be imported by its setup.
'''

from __future__ import annotations

import itertools
import keyword
import re
import reprlib
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

_NAME = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*)(?:\[([^][]+)\])?")
_MOST_SIZES = 3


class CatalogueError(ValueError):
    """The file is no catalogue; the message says in a sentence where and why."""


@dataclass(frozen=True)
class Entry:
    """One call to probe.

    Attributes
    ----------
    name : str
        Its dotted path and the variant in brackets.
    group : str
        The title of its group.
    statement, setup : str
        Python code. The setup is complete but for ``n``, the size.
    sizes : tuple of int
        In ascending order.
    unit : str
        What they count.
    needs : tuple of str
        Dotted paths without which it is skipped, its own among them.
    """

    name: str
    group: str
    statement: str
    setup: str
    sizes: tuple[int, ...]
    unit: str = "elements"
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """What to probe of a package: its entries in the order of the file."""

    package: str
    entries: tuple[Entry, ...]


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue.

    Raises
    ------
    CatalogueError
        It is no TOML, or not as this module's docstring says; the message names the file, the group and the key.
    OSError
        It cannot be read.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        raise CatalogueError(f"{path} is not TOML: {error}") from error
    found = _checked(document, _FILE, str(path))
    groups = [_checked(each, _GROUP, f"{path}, {_titled(each, at)}") for at, each in enumerate(found["group"], 1)]
    entries = [entry for each in groups for entry in _entries(each, found["setup"])]
    _require_distinct(entries, path)
    return Catalogue(found["package"], tuple(entries))


# --- from a group to its entries -----------------------------------------------------------------------------------------------


def _entries(group: Mapping[str, Any], setup: str) -> Iterator[Entry]:
    """Return each call once for each combination of values."""
    for (name, statement), values in itertools.product(group["calls"].items(), itertools.product(*group["each"].values())):
        path, variant = _parts(name)
        brackets = ", ".join([variant] * bool(variant) + list(values))
        variables = (f"{key} = {value!r}" for key, value in zip(group["each"], values, strict=True))
        yield Entry(
            name=f"{path}[{brackets}]" if brackets else path,
            group=group["title"],
            statement=statement,
            setup="\n".join(part.strip() for part in (*variables, setup, group["setup"]) if part.strip()),
            sizes=group["sizes"],
            unit=group["unit"],
            needs=(*group["needs"], path),
        )


def _parts(name: str) -> tuple[str, str]:
    """Return the dotted path of a name and its variant."""
    found = _NAME.fullmatch(name)
    assert found is not None
    return found[1], found[2] or ""


def _require_distinct(entries: list[Entry], path: Path) -> None:
    """Raise CatalogueError for a name that two calls have."""
    known: dict[str, Entry] = {}
    for each in entries:
        if each.name in known:
            raise CatalogueError(f"{path}, group {each.group!r}, calls: {each.name} is in group {known[each.name].group!r} too")
        known[each.name] = each


# --- what a table may hold -----------------------------------------------------------------------------------------------------

_REQUIRED = object()


class Key(NamedTuple):
    """How a value is read: the function returns it, or raises a ValueError which says what is accepted."""

    read: Callable[[Any], Any]
    default: Any = _REQUIRED


def _checked(table: Any, keys: Mapping[str, Key], where: str) -> dict[str, Any]:
    """Return the values of a table, with what is left out; CatalogueError for what is wrong."""
    if not isinstance(table, dict):
        raise CatalogueError(f"{where}: must be a table, not {reprlib.repr(table)}")
    if unknown := [name for name in table if name not in keys]:
        raise CatalogueError(f"{where}, {unknown[0]}: there is no such key; keys are {', '.join(keys)}")
    return {name: _value(table.get(name, key.default), key, f"{where}, {name}") for name, key in keys.items()}


def _value(value: Any, key: Key, where: str) -> Any:
    """Return a value as its key reads it."""
    if value is _REQUIRED:
        raise CatalogueError(f"{where}: is missing")
    try:
        return key.read(value)
    except ValueError as error:
        raise CatalogueError(f"{where}: {error}") from error


def _titled(group: Any, at: int) -> str:
    """Return what an error calls a group: its title, else its place in the file."""
    title = group.get("title") if isinstance(group, dict) else None
    return f"group {title!r}" if isinstance(title, str) and title else f"group {at}"


# --- how values are read -------------------------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    """Read some text."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be some text, not {reprlib.repr(value)}")
    return value


def _identifier(value: Any) -> str:
    """Read a name that Python takes."""
    if not isinstance(value, str) or not value.isidentifier() or keyword.iskeyword(value):
        raise ValueError(f"must be a name such as numpy, not {reprlib.repr(value)}")
    return value


def _variable(value: Any) -> str:
    """Read the name of a variable."""
    if _identifier(value) == "n":
        raise ValueError("must not be called n, which is the size")
    return str(value)


def _source(value: Any) -> str:
    """Read Python code."""
    if not isinstance(value, str):
        raise ValueError(f"must be Python code, not {reprlib.repr(value)}")
    try:
        compile(value, "<catalogue>", "exec")
    except SyntaxError as error:
        raise ValueError(f"is not Python, {error.msg} in line {error.lineno}: {(error.text or '').strip()}") from error
    return value


def _statement(value: Any) -> str:
    """Read Python code that does something."""
    return _source(_text(value))


def _sizes(value: Any) -> tuple[int, ...]:
    """Read up to three sizes; a single one may stand without its brackets."""
    sizes = value if isinstance(value, list) else [value]
    whole = all(isinstance(each, int) and not isinstance(each, bool) and each >= 1 for each in sizes)
    if not (1 <= len(sizes) <= _MOST_SIZES and whole and sizes == sorted(set(sizes))):
        raise ValueError(f"must be up to {_MOST_SIZES} whole numbers from 1 on that go up, not {reprlib.repr(value)}")
    return tuple(sizes)


def _list_of(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads a list."""

    def read_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not value:
            raise ValueError(f"must be a list with something in it, not {reprlib.repr(value)}")
        return tuple(read(each) for each in value)

    return read_all


def _table_of(read_name: Callable[[Any], Any], read: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    """Return what reads a table with any names; an error says which."""

    def read_all(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or not value:
            raise ValueError(f"must be a table with something in it, not {reprlib.repr(value)}")
        return {name: _named(name, inner, read_name, read) for name, inner in value.items()}

    return read_all


def _named(name: str, value: Any, read_name: Callable[[Any], Any], read: Callable[[Any], Any]) -> Any:
    """Return one value of a table with any names."""
    try:
        read_name(name)
        return read(value)
    except ValueError as error:
        raise ValueError(f"{name!r} {error}") from error


def _call_name(name: str) -> None:
    """Require a dotted path, and perhaps a variant in brackets."""
    if not _NAME.fullmatch(name):
        raise ValueError("must be a dotted path, perhaps with a variant in brackets, such as numpy.sort[stable]")


def _call(value: Any) -> str:
    """Read a statement; a table is what TOML makes of a dotted name without quotes."""
    if isinstance(value, dict):
        raise ValueError("must stand in quotes as a whole, because of its dots")
    return _statement(value)


def _path(value: Any) -> str:
    """Read a dotted path."""
    if not isinstance(value, str) or not (found := _NAME.fullmatch(value)) or found[2]:
        raise ValueError(f"must hold dotted paths such as numpy.strings, not {reprlib.repr(value)}")
    return value


_FILE = {
    "package": Key(_identifier),
    "setup": Key(_source, ""),
    "group": Key(_list_of(lambda value: value)),
}
_GROUP = {
    "title": Key(_text),
    "setup": Key(_source, ""),
    "sizes": Key(_sizes),
    "unit": Key(_text, "elements"),
    "each": Key(lambda value: _table_of(_variable, _list_of(_text))(value) if value != {} else {}, {}),
    "needs": Key(lambda value: _list_of(_path)(value) if value != [] else (), []),
    "calls": Key(_table_of(_call_name, _call)),
}
