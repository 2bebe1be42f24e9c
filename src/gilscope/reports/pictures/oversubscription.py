"""The pictures of `oversubscription`: for each routine, Python threads times BLAS threads as a heat map. In Vega-Lite."""

from __future__ import annotations

from typing import Any

from gilscope.advice import blas_threads
from gilscope.experiments._oversubscription_words import ROUTINES, Cells, best_of, cpu_of_one_call, gain, maps
from gilscope.reports.pictures.picture import VERMILION, Figure, fluid, stacked, with_data
from gilscope.reports.pictures.scaling import BRIGHT, SCHEME
from gilscope.results import Session
from gilscope.wording import duration

HOW_TO_READ = (
    "Numbers and colours: the throughput of all Python threads over that of one Python thread with one BLAS thread. Framed: the "
    "best, with the fewest threads. BLAS is limited to fewer threads than it takes (by threadpoolctl), left alone, or given more."
)
WIDTH, ROW = 290, 44  # pixels, in a file and everywhere
LEAST = 2.0  # the gain that has the brightest colour, if none is higher

Box = dict[str, Any]


def figures(session: Session) -> list[Figure]:
    """Return the pictures for a page: one for each routine."""
    own, found = blas_threads(session.machine), maps(session)
    return [figure(call, cells, own, top_of(found)) for call, cells in found.items()]


def figure(call: str, cells: Cells, own: int, top: float) -> Figure:
    """Return the picture of a routine for a page."""
    label = f"{heading(call, cells)}: throughput by Python threads and BLAS threads, over one of each"
    rows = {"cells": boxes(call, cells)}
    return Figure(
        label, {"": fluid(layers(rows["cells"], own, top))}, rows, kernel_of(call), heading=heading(call, cells), half=True
    )


def drawn(session: Session) -> Any:
    """Return the pictures of all routines, two in a row; None if there is none."""
    own, found = blas_threads(session.machine), maps(session)
    rows = {f"{call} cells": boxes(call, cells) for call, cells in found.items()}
    charts = [
        layers(rows[f"{call} cells"], own, top_of(found), f"{call} ").properties(width=WIDTH, title=heading(call, cells))
        for call, cells in found.items()
    ]
    return with_data(stacked([], charts), rows) if charts else None


# --- data ----------------------------------------------------------------------------------------------------------------------


def heading(call: str, cells: Cells) -> str:
    """Return what stands above: the routine, how large, and how long one thread takes."""
    first = next(iter(cells.values()))
    side = round(first.case["size"] ** 0.5)
    alone = f", {duration(cells[1, 1].seconds.value)} alone" if (1, 1) in cells else ""
    return f"{ROUTINES[call]}, {side} × {side}{alone}"


def kernel_of(call: str) -> str:
    """Return the kernel in the name of a call."""
    return call.partition(".")[0]


def top_of(found: dict[str, Cells]) -> float:
    """Return the gain that has the brightest colour, in all maps."""
    return max([LEAST, *(gain(cells, key) for cells in found.values() for key in cells)])


def boxes(call: str, cells: Cells) -> list[Box]:
    """Return a box for each number of Python threads and BLAS threads, in order."""
    best = best_of(cells)
    return [box(call, cells, key, key == best) for key in sorted(cells)]


def box(call: str, cells: Cells, key: tuple[int, int], best: bool) -> Box:
    """Return a box."""
    result, value = cells[key], gain(cells, key)
    bounds = f" [{result.speedup.low:.2f}, {result.speedup.high:.2f}]" if result.speedup else ""
    told = f"{value:.2f}×{bounds}, {duration(result.seconds.value)} a call"
    used = f", {cpu_of_one_call(result):.2f} cores used by one" if key[0] == 1 else ""
    about = {"kernel": kernel_of(call), "strategy": "own", "python": key[0], "blas": key[1], "best": best}
    return {**about, "gain": round(value, 4), "text": f"{value:.2f}×", "told": told + used + ", noisy" * result.noisy}


def treated(blas: int, own: int) -> str:
    """Say what was done to BLAS for it to have so many threads."""
    return "left alone" if blas == own or not own else "limited" if blas < own else "given more"


# --- Vega-Lite -----------------------------------------------------------------------------------------------------------------


def layers(rows: list[Box], own: int, top: float, prefix: str = "") -> Any:
    """Return the picture as Altair's layers; the name of its data set begins with the prefix."""
    import altair as alt

    place = _place(alt, sorted({row["blas"] for row in rows}), own)
    parts = _parts(alt, alt.Chart(alt.NamedData(f"{prefix}cells")), place, top)
    return alt.layer(*parts).properties(height=alt.Step(ROW))


def _place(alt: Any, blas: list[int], own: int) -> dict[str, Any]:
    """Return where a box is, with what is told of it; below each number of BLAS threads stands what was done for it."""
    words = {str(each): [str(each), treated(each, own)] for each in blas}
    plain: dict[str, Any] = {"domain": False, "ticks": False, "labelAngle": 0, "labelFontSize": 11, "labelPadding": 5}
    titles = {"python:O": "Python threads", "blas:O": "BLAS threads", "told:N": "here"}
    return {
        "x": alt.X("blas:O", axis=alt.Axis(title=titles["blas:O"], labelExpr=f"{words}[datum.value]", **plain)),
        "y": alt.Y("python:O", axis=alt.Axis(title=titles["python:O"], **plain)),
        "tooltip": [alt.Tooltip(name, title=title) for name, title in titles.items()],
    }


def _parts(alt: Any, chart: Any, place: dict[str, Any], top: float) -> list[Any]:
    """Return the boxes, the frame of the best, and the numbers."""
    colour = alt.Color("gain:Q", scale=alt.Scale(scheme=SCHEME, domain=[0, top], clamp=True), legend=None)
    ink = alt.condition(f"datum.gain > {BRIGHT * top}", alt.value("#111111"), alt.value("#FFFFFF"))
    frame = chart.transform_filter("datum.best").mark_rect(fill=None, stroke=VERMILION, strokeWidth=4)
    numbers = chart.mark_text(fontSize=13).encode(text="text:N", fill=ink, **place)
    return [chart.mark_rect().encode(color=colour, **place), frame.encode(**place), numbers]
