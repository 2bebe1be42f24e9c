"""The formats of session files: which one is written, and how a document of an older one becomes one of the newest.

History:

- 0, in development: ``samples`` were bare seconds per call, and optional fields could be missing.
- 1: each sample is an object with calls, wall and CPU time, faults, switches and steal.

A field that may be null may be missing, so adding one needs no new number: ``details``, ``observations``, ``parts`` and a
sample's ``cpu_imbalance`` came so. Keys that this version does not know are kept in ``case``, its ``options`` and ``machine``,
and ignored elsewhere.
"""

from collections.abc import Callable
from typing import Any

from gilscope.session_schema import SessionError, check

__all__ = ["FORMAT", "MIGRATIONS", "migrated"]

#: The format that `Session.save` writes.
FORMAT = 1


def _from_format_0(document: dict[str, Any]) -> dict[str, Any]:
    """Make each sample an object of one call; what format 0 did not record is left out."""
    missing = {"gilscope": "unknown", "machine": {}}
    return missing | document | {"results": _each(document.get("results"), _result_from_format_0), "format": 1}


def _result_from_format_0(result: Any) -> Any:
    if not isinstance(result, dict):
        return result
    missing = {"noisy": False, "notes": [], "working_set_bytes": 0, "pinned": False}
    samples = _each(result.get("samples"), lambda seconds: {"seconds": seconds, "calls": 1, "wall_seconds": seconds})
    case = result.get("case")
    return missing | result | {"samples": samples, "case": {"options": {}} | case if isinstance(case, dict) else case}


def _each(values: Any, function: Callable[[Any], Any]) -> Any:
    """Map over a list; anything else stays as it is, for the check after the migration to name."""
    return [function(each) for each in values] if isinstance(values, list) else values


#: Format number → the function that turns a document of that format into one of the next.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {0: _from_format_0}


def migrated(document: Any) -> Any:
    """Return a document of any format in the newest one; SessionError if it is none that this version can read."""
    if not (isinstance(document, dict) and "format" in document and document.keys() & {"gilscope", "experiment"}):
        raise SessionError("it is JSON, but something else wrote it")
    check(document["format"], int, "format")
    if document["format"] > FORMAT:
        raise SessionError(f"format {document['format']} is newer than {FORMAT}, the newest known: update gilscope")
    while document["format"] != FORMAT:
        if document["format"] not in MIGRATIONS:
            raise SessionError(f"there is no format {document['format']}")
        document = MIGRATIONS[document["format"]](document)
    return document
