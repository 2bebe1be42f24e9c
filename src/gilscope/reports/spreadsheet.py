"""Sessions, traces or atlases as CSV: a row for each result and observed number, each thread, or each size of a call."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from gilscope.atlas_data import Atlas
from gilscope.results import Session
from gilscope.trace_data import TraceData

Record = dict[str, Any]


def sessions_csv(sessions: Mapping[str, Session]) -> str:
    """Return the rows of sessions, by the names of their files.

    A column `file` comes first where there are several files, then a column `experiment` where there are several experiments.
    """
    singles = [(file, each) for file, session in sessions.items() for each in session.singles().values()]
    columns = ["file"] * (len(sessions) > 1) + ["experiment"] * (len(singles) > 1)
    found = []
    for file, each in singles:
        whose = {"file": file, "experiment": each.experiment}
        found += [{name: whose[name] for name in columns} | record for record in each.to_records()]
    return rows(found)


def traces_csv(traces: Mapping[str, TraceData]) -> str:
    """Return a row for each thread of traces, by the names of their files: a column `file` where there are several."""
    several = len(traces) > 1
    threads = [(file, asdict(each)) for file, data in traces.items() for each in data.threads()]
    return rows([{"file": file} | thread if several else thread for file, thread in threads])


def atlases_csv(atlases: Mapping[str, Atlas]) -> str:
    """Return a row for each size of each call of atlases, by the names of their files; keys as in `gilscope.Atlas.to_records`.

    A column `file` comes first where there are several files.
    """
    several = len(atlases) > 1
    found = [(file, record) for file, atlas in atlases.items() for record in atlas.to_records()]
    return rows([{"file": file} | record if several else record for file, record in found])


def rows(found: list[Record]) -> str:
    """Return records under the keys of all of them; None, and what a record does not have, is an empty field."""
    stream = io.StringIO()
    names = list(dict.fromkeys(name for record in found for name in record))
    writer = csv.DictWriter(stream, fieldnames=names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return stream.getvalue()
