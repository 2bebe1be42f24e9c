"""A trace in a notebook: the table, the paragraph, and the picture if the libraries for it are there."""

from base64 import b64encode
from html import escape
from pathlib import Path

from gilscope.reports import timeline
from gilscope.reports.diagnosis import diagnosis
from gilscope.reports.extremes import table_with_functions
from gilscope.trace_data import TraceData


def html(data: TraceData, title: str = "who held the GIL") -> str:
    """Return a trace as HTML."""
    return f"<pre>{escape(table_with_functions(data))}</pre><p>{escape(diagnosis(data))}</p>{_picture(data, title)}"


def _picture(data: TraceData, title: str) -> str:
    try:
        timeline.require(Path("x.png"))
    except timeline.ReportUnavailable as error:
        return f"<p>{escape(str(error))}</p>"
    encoded = b64encode(timeline.png(data, title)).decode("ascii")
    return f'<img alt="{escape(title)}" style="max-width: 100%" src="data:image/png;base64,{encoded}">'
