"""What a session file may hold, and the check of it: one sentence, with the place, on the first value that is otherwise."""

import json
import reprlib
import sys
from typing import Any, NamedTuple

__all__ = ["OBSERVATION", "RESULT", "SESSION", "SessionError", "check"]


class SessionError(ValueError):
    """The file or the data is no session that this version can read; the message says where and why."""


# The schema: a type, [schema] for a list, {key: schema} for an object, Maybe(schema) for what may be null or missing;
# `dict` is an object with any JSON in it, `float` a finite number, and an object with low and high has its value first.


class Maybe(NamedTuple):
    schema: Any


_NAMES = ("id", "kernel", "implementation", "strategy", "executor", "dtype")
_COUNTS = ("minor_faults", "voluntary_switches", "involuntary_switches")
_BOUNDS = {"low": float, "high": float}
_MEASURES = ("cpu_seconds", "steal_seconds", "cpu_imbalance")
_USAGE = {**dict.fromkeys(_MEASURES, Maybe(float)), **dict.fromkeys(_COUNTS, Maybe(int))}
RESULT = {
    "case": {**dict.fromkeys(_NAMES, str), "workers": int, "size": int, "options": dict},
    "samples": [{"seconds": float, "calls": int, "wall_seconds": float, **_USAGE}],
    "seconds": {"median": float, **_BOUNDS},
    "speedup": Maybe({"value": float, **_BOUNDS, "baseline": str}),
    "ceiling": Maybe({"value": float, **_BOUNDS, "kind": str}),
    "efficiency": Maybe(float),
    "loop_address": Maybe(str),
    "isa": Maybe(str),
    "noisy": bool,
    "notes": [str],
    "checksum": Maybe(str),
    "working_set_bytes": int,
    "pinned": bool,
}
OBSERVATION = {
    "label": str,
    "conditions": dict,
    "numbers": [{"value": float, **_BOUNDS, "name": str, "unit": str, "blocks": [float]}],
    "notes": [str],
}
PART = {"experiment": str, "details": Maybe(dict), "observations": Maybe([OBSERVATION]), "results": [RESULT]}
SESSION = {"format": int, "gilscope": str, "machine": dict, **PART, "parts": Maybe([PART])}

_NAME_OF = {str: "a string", bool: "true or false", int: "a whole number", float: "a finite number"}
_NAME_OF |= {list: "a list", dict: "an object"}
_MISSING = object()


def _is(value: Any, kind: type) -> bool:
    if kind is float:  # not math.isfinite, which raises for an integer beyond the largest float
        return (_is(value, int) or isinstance(value, float)) and abs(value) <= sys.float_info.max
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def check(value: Any, schema: Any, where: str) -> None:
    """Raise SessionError, with the place, at the first value that is not as the schema says."""
    match schema:
        case Maybe(inner):
            if value is not None and value is not _MISSING:
                check(value, inner, where)
        case [item]:
            _require(value, list, where)
            for at, each in enumerate(value):
                check(each, item, f"{where}[{at}]")
        case dict():
            _require(value, dict, where)
            for key, inner in schema.items():
                check(value.get(key, _MISSING), inner, f"{where}.{key}".lstrip("."))
            if "low" in schema:
                _require_order(value["low"], value[next(iter(schema))], value["high"], where)
        case _:
            _require(value, schema, where)
            if schema is dict:
                _require_json(value, where)


def _require(value: Any, kind: type, where: str) -> None:
    if value is _MISSING:
        raise SessionError(f"{where} is missing")
    if not _is(value, kind):
        shown = "null" if value is None else reprlib.repr(value)
        raise SessionError(f"{where or 'it'} is {shown}, not {_NAME_OF[kind]}")


def _require_order(low: float, value: float, high: float, where: str) -> None:
    if not low <= value <= high:
        raise SessionError(f"{where} needs low <= value <= high, not {low}, {value}, {high}")


def _require_json(value: Any, where: str) -> None:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise SessionError(f"{where} cannot be written as JSON: {error}") from error
