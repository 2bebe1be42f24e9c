"""An oscilloscope for Python's GIL: the same kernels with and without it, and where threads scale.

The public names, each loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gilscope.atlas._survey import survey as survey
    from gilscope.atlas_data import Atlas as Atlas
    from gilscope.checking import Checker as Checker
    from gilscope.checking import Verdict as Verdict
    from gilscope.checking import check as check
    from gilscope.handythread import foreach as foreach
    from gilscope.handythread import parallel_map as parallel_map
    from gilscope.loading import load as load
    from gilscope.results import Session as Session
    from gilscope.running import run as run
    from gilscope.spans import span as span
    from gilscope.tracing import Trace as Trace
    from gilscope.tracing import TracerUnavailable as TracerUnavailable
    from gilscope.tracing import trace as trace

__version__ = "0.1.0"

_HOMES = {
    "Atlas": "atlas_data",
    "Checker": "checking",
    "Session": "results",
    "Trace": "tracing",
    "TracerUnavailable": "tracing",
    "Verdict": "checking",
    "check": "checking",
    "foreach": "handythread",
    "load": "loading",
    "parallel_map": "handythread",
    "load_ipython_extension": "notebook",
    "run": "running",
    "span": "spans",
    "survey": "atlas._survey",
    "trace": "tracing",
}

__all__ = [
    "Atlas",
    "Checker",
    "Session",
    "Trace",
    "TracerUnavailable",
    "Verdict",
    "__version__",
    "check",
    "foreach",
    "load",
    "parallel_map",
    "run",
    "span",
    "survey",
    "trace",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gilscope' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"gilscope.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
