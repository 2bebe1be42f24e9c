"""A trace or a session in a notebook: what was found, and the picture if the libraries for it are there."""

from base64 import b64encode
from collections.abc import Callable
from html import escape

from gilscope.reports import figures, timeline
from gilscope.reports.content import question, verdict
from gilscope.reports.diagnosis import diagnosis
from gilscope.reports.extremes import table_with_functions
from gilscope.reports.pictures import picture
from gilscope.results import Session
from gilscope.trace_data import TraceData


def html(data: TraceData, title: str = "who held the GIL") -> str:
    """Return a trace as HTML."""
    shown = _picture(lambda: timeline.png(data, title), title, "a timeline")
    return f"<pre>{escape(table_with_functions(data))}</pre><p>{escape(diagnosis(data))}</p>{shown}"


def session_html(session: Session) -> str:
    """Return a session as HTML: of several experiments each of them."""
    return "".join(_single_html(each) for each in session.singles().values())


def _single_html(session: Session) -> str:
    found = "".join(f"<p>{escape(each)}</p>" for each in verdict(session))
    shown = _picture(lambda: figures.png(session), question(session), "a picture")
    return f"<p><strong>{escape(question(session))}</strong></p>{found}{shown}"


def _picture(draw: Callable[[], bytes], title: str, what: str) -> str:
    try:
        picture.require_libraries(what)
        encoded = b64encode(draw()).decode("ascii")
    except (picture.ReportUnavailable, picture.NothingToDraw) as error:
        return f"<p>{escape(str(error))}</p>"
    return f'<img alt="{escape(title)}" style="max-width: 100%" src="data:image/png;base64,{encoded}">'
