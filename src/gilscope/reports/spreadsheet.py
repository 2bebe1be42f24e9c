"""A session, a trace or an atlas as CSV: a row for each result, for each thread, or for each size of each call."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import Any

from gilscope.atlas_data import Atlas
from gilscope.results import Session
from gilscope.trace_data import TraceData


def session_csv(session: Session) -> str:
    """Return a row for each result, with the keys of `gilscope.Session.to_records`."""
    return rows(session.to_records())


def trace_csv(data: TraceData) -> str:
    """Return a row for each thread."""
    return rows([asdict(each) for each in data.threads()])


def atlas_csv(atlas: Atlas) -> str:
    """Return a row for each size of each call, with the keys of `gilscope.Atlas.to_records`."""
    return rows(atlas.to_records())


def rows(records: list[dict[str, Any]]) -> str:
    """Return records under their keys; None is an empty field."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(records[0]) if records else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return stream.getvalue()
