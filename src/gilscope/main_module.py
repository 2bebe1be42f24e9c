"""Keeping the caller's main module from processes: a script without a guard, or a notebook, is not run again in each of them."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

_HIDING = threading.Lock()


@contextlib.contextmanager
def main_hidden() -> Iterator[None]:
    """Keep the main module from processes that the calling thread starts; those of other threads get it as ever.

    Whoever starts a process or the fork server asks `spawn.get_preparation_data` what to import as the main module.
    """
    from multiprocessing import get_start_method, set_start_method, spawn

    with _HIDING:
        original = spawn.get_preparation_data
        unset = get_start_method(allow_none=True) is None
        spawn.get_preparation_data = _without_main(original, threading.get_ident())  # type: ignore[assignment]
        try:
            yield
        finally:
            spawn.get_preparation_data = original
            if unset:  # the original asks for the start method, which settles it: let the program still choose
                set_start_method(None, force=True)


def _without_main(original: Callable[[str], dict[str, Any]], thread: int) -> Callable[[str], dict[str, Any]]:
    @functools.wraps(original)
    def get_preparation_data(name: str) -> dict[str, Any]:
        data = original(name)
        if threading.get_ident() == thread:
            data.pop("init_main_from_name", None)
            data.pop("init_main_from_path", None)
        return data

    return get_preparation_data
