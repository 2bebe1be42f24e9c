"""A session as a file of pyperf's, for ``python -m pyperf stats`` and ``compare_to``.

The format is pyperf's JSON 1.0 (pyperf/_bench.py): benchmarks of runs of values, and metadata that pyperf partly knows by name.
A case is a benchmark of one run, for all of its blocks were measured in one process. Where there are several experiments the
names of benchmarks begin with theirs: the same case may have been measured in several.
"""

from __future__ import annotations

import json
from typing import Any

from gilscope.results import Result, Session

FORMAT = "1.0"
#: pyperf's name → ours.
NAMES = {
    "cpu_count": "cores_present",
    "cpu_model_name": "cpu",
    "platform": "platform",
    "python_compiler": "compiler",
    "python_version": "python",
}


def session_pyperf(session: Session) -> str:
    """Return the file.

    Raises
    ------
    ValueError
        There is no result: pyperf refuses a file without benchmarks.
    """
    singles = session.singles()
    prefixes = {name: f"{name}/" if len(singles) > 1 else "" for name in singles}
    benchmarks = [benchmark(result, prefixes[name]) for name, single in singles.items() for result in single]
    if not benchmarks:
        raise ValueError("the session has no result, and pyperf takes no file without one")
    document = {"version": FORMAT, "metadata": metadata(session), "benchmarks": benchmarks}
    return json.dumps(document, indent=1) + "\n"


def metadata(session: Session) -> dict[str, Any]:
    """Return what all benchmarks share."""
    known = {name: session.machine[ours] for name, ours in NAMES.items() if session.machine.get(ours)}
    implementation = str(session.machine.get("implementation", "CPython")).lower()
    return {"unit": "second", "python_implementation": implementation, "gilscope_version": session.version, **known}


def benchmark(result: Result, prefix: str = "") -> dict[str, Any]:
    """Return a case, with a prefix before its name; pyperf's loops are the calls in a sample."""
    about = {"name": prefix + result.id, "loops": result.samples[0].calls if result.samples else 1}
    return {"metadata": about, "runs": [{"values": [sample.seconds for sample in result.samples]}]}
