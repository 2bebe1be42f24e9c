"""JSON in which each item of a long list has a line of its own: it can be looked through, compared and cut."""

import json
from collections.abc import Iterable, Mapping
from typing import Any


def as_json(value: Any) -> str:
    """Return a value in one line; ValueError for a number that is not finite."""
    return json.dumps(value, allow_nan=False)


def as_object(document: Mapping[str, Any], lists: Mapping[str, Iterable[str]]) -> str:
    """Return an object, not empty, with more keys that are lists: of JSON texts, a line for each."""
    return f"{', '.join([as_json(document)[:-1], *(f'{as_json(name)}: {as_lines(texts)}' for name, texts in lists.items())])}}}"


def as_lines(texts: Iterable[str]) -> str:
    """Return a list of JSON texts, a line for each."""
    lines = ",\n".join(texts)
    return f"[\n{lines}\n]"
