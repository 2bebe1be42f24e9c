"""The picture of a trace: its boxes, the files, and what notebooks show."""

import itertools
import os
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from gilscope.reports import page, timeline
from gilscope.reports.pictures import lanes, picture
from gilscope.reports.pictures.lanes import MOST_LANES, MOST_ROWS, WIDTH, shares, span_boxes, state_boxes
from gilscope.spans import TracedSpan
from gilscope.trace_data import TraceData
from gilscope.trace_events import STATES, Intervals
from gilscope.tracing import Trace

SECOND = 1_000_000_000


def made(threads=2, intervals=10, *, names=None, seconds=1.0, **facts):
    """A trace with so many intervals in each thread, the states at random, from 0 to the end."""
    random, end = np.random.default_rng(1), int(seconds * SECOND)
    edges = [np.unique(np.concatenate([[0, end], random.integers(1, end, intervals - 1)])) for _ in range(threads)]
    thread = np.concatenate([np.full(len(each) - 1, number) for number, each in enumerate(edges)]) if edges else np.empty(0)
    states = random.integers(0, 3, len(thread)).astype(np.uint8)
    start, stop = (
        (np.concatenate([each[part] for each in edges]) if edges else np.empty(0, int)) for part in (slice(-1), slice(1, None))
    )
    names = names or [f"thread {number}" for number in range(threads)]
    return TraceData(0, end, names, list(range(threads)), Intervals(thread.astype(np.uint16), states, start, stop), **facts)


def spans_of(*times, thread=0, label="a span"):
    return tuple(TracedSpan(thread, label, start, stop) for start, stop in times)


# Boxes


@pytest.mark.parametrize("count", [1, 7, 200, 5000, 200_000])
def test_boxes_cover_the_time_and_the_states_as_they_are(count):
    trace = made(1, count)
    [lane] = lanes.lanes(trace)
    boxes = list(state_boxes(trace, lane, WIDTH))
    assert len(boxes) <= 3 * WIDTH
    area = dict.fromkeys(STATES, 0.0)
    for box in boxes:
        assert 0 <= box["from"] < box["to"] <= SECOND
        assert lane.top <= box["top"] <= box["bottom"] <= lane.top + lane.height
        area[box["state"]] += (box["to"] - box["from"]) * box["share"]
    (thread,) = trace.threads()
    for state in STATES:
        assert area[state] / SECOND == pytest.approx(getattr(thread, f"{state}_ns") / SECOND, abs=0.002)


def test_the_shares_of_each_bin_add_up_to_the_life_in_it():
    start, stop = np.array([100, 250, 300, 350]), np.array([250, 300, 350, 600])
    edges, found = shares(start, stop, np.array([0, 1, 0, 2]), np.linspace(0, 1000, 11))
    assert edges.tolist() == [0, 100, 200, 300, 400, 600, 1000]  # equal neighbours are one
    assert found.tolist() == [[0, 0, 0], [1, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0, 1], [0, 0, 0]]


def test_lanes_do_not_overlap():
    spans = spans_of((0, 500), (100, 400), (200, 300)) + spans_of((0, 9), thread=2)
    rows = lanes.lanes(made(32, 3, spans=spans))
    assert [lane.number for lane in rows] == list(range(32))
    for above, below in itertools.pairwise(rows):
        tops = [box["top"] for box in span_boxes(made(32, 3, spans=spans), below)]
        assert above.top + above.height < min([below.top, *tops])


def test_of_too_many_threads_those_that_used_it_most_are_shown():
    trace = made(40, 5)
    shown = lanes.lanes(trace)
    assert len(shown) == MOST_LANES
    used = [each.held_ns + each.waiting_ns for each in trace.threads()]
    assert min(used[lane.number] for lane in shown) >= sorted(used)[-MOST_LANES]
    assert f"{MOST_LANES} that used it most are shown" in timeline.subtitle(trace)[0]


def test_spans_too_deep_are_left_out():
    spans = spans_of(*((at, SECOND) for at in range(9)))
    [lane] = lanes.lanes(made(1, spans=spans))
    assert len(lane.spans) == MOST_ROWS


def test_many_short_spans_are_joined():
    spans = spans_of(*((at * 1000, at * 1000 + 500) for at in range(100_000)))
    trace = made(1, spans=spans + spans_of((SECOND - 10, SECOND)))
    boxes = list(span_boxes(trace, lanes.lanes(trace)[0]))
    assert [box["label"] for box in boxes] == ["100,000 short spans", "1 short span"]


@pytest.mark.parametrize(("width", "text"), [(1.0, "a span"), (0.030, "a …"), (0.010, "")])
def test_labels_have_the_room_of_their_spans(width, text):
    trace = made(1, spans=spans_of((0, int(width * SECOND))))
    assert [box["text"] for box in span_boxes(trace, lanes.lanes(trace)[0])] == [text]


def test_spans_go_to_the_thread_that_had_the_number_then():
    intervals = Intervals(np.array([0, 1], np.uint16), np.array([0, 0], np.uint8), np.array([0, 600]), np.array([500, 1000]))
    trace = TraceData(0, 1000, ["first", "second"], [7, 7], intervals, spans=spans_of((100, 200), (700, 800), thread=7))
    assert [[span.start_ns for span, _ in lane.spans] for lane in lanes.lanes(trace)] == [[100], [700]]


# Files

EVIL = "</script><script>alert(1)</script> ünï \"'<&"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    pytest.importorskip("vl_convert")
    folder = tmp_path_factory.mktemp("drawn")
    spans = spans_of((0, SECOND // 2), label=EVIL)
    for name in ("x.png", "x.svg", "x.html"):
        Trace(made(2, 400, names=["MainThread", EVIL], spans=spans)).timeline(folder / name, title=f"title {EVIL}")
    return folder


def test_png(drawn):
    content = (drawn / "x.png").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    assert 2 * WIDTH < width < 4 * WIDTH
    assert 200 < height < 1000


def test_svg(drawn):
    texts = [node.text for node in ElementTree.parse(drawn / "x.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert {"MainThread", "held", "waiting", "outside", f"title {EVIL}", "time since the start [s]"} <= {*texts}
    assert any(text and text.startswith("the GIL was held ") for text in texts)
    colours = {node.get("fill") for node in ElementTree.parse(drawn / "x.svg").iter("{http://www.w3.org/2000/svg}path")}
    assert {*timeline.COLOURS.values(), timeline.SPAN_FILL} <= colours


def test_the_page_makes_no_request(drawn):
    content = (drawn / "x.html").read_text(encoding="utf-8")
    ours = content.replace(page.library(), "")
    assert len(ours) < 500_000
    assert re.findall(r"<(?:link|img|iframe)\b|\bsrc=|@import|url\(|fetch\(|import\(", ours) == []
    assert "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'" in ours
    assert "://" not in re.sub(r"https://vega\.github\.io/schema/\S+", "", ours)
    assert EVIL not in ours
    assert ours.count("</script>") == 2


def test_a_picture_of_ten_million_intervals_is_as_big_as_one_of_a_thousand():
    pytest.importorskip("altair")
    small, large = (timeline.specification(made(8, count), "x")["datasets"]["states"] for count in (1_000, 100_000))
    assert len(large) <= 8 * 3 * WIDTH
    assert len(large) < 5 * len(small)


@pytest.mark.parametrize("trace", [made(0), made(1, 1), made(3, 1, seconds=0), made(2, gil=False), made(2, lost=7)], ids=str)
def test_odd_traces_are_drawn(trace):
    pytest.importorskip("vl_convert")
    assert "the GIL" in timeline.svg(trace, "odd")


@pytest.mark.parametrize("seconds", [3, 0.3, 3e-4, 3e-7])
def test_the_axis_has_a_unit_that_fits(seconds):
    pytest.importorskip("altair")
    layers = timeline.specification(made(1, 2, seconds=seconds), "x")["layer"]
    unit = {3: "s", 0.3: "ms", 3e-4: "us", 3e-7: "ns"}[seconds]
    assert layers[0]["encoding"]["x"]["title"] == f"time since the start [{unit}]"


@pytest.mark.parametrize("name", ["x.pdf", "x", "x.PNG.txt"])
def test_other_formats_are_refused(name, tmp_path):
    with pytest.raises(ValueError, match=r"a timeline is a \.png, \.svg or \.html file"):
        Trace(made()).timeline(tmp_path / name)


def test_without_the_libraries_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(picture, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match=r"needs altair and vl_convert: pip install 'gilscope\[report\]'"):
        Trace(made()).timeline(tmp_path / "x.png")
    shown = Trace(made())._repr_html_()
    assert "gilscope[report]" in shown
    assert "<img" not in shown


# Notebooks


def test_a_trace_in_a_notebook():
    pytest.importorskip("vl_convert")
    shown = Trace(made(2, names=["MainThread", EVIL]))._repr_html_()
    assert "the GIL was held" in shown
    assert 'src="data:image/png;base64,iVBOR' in shown
    assert "<script>" not in shown
    assert Trace()._repr_html_() is None


def test_giltrace_in_ipython(tmp_path):
    pytest.importorskip("IPython")
    code = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.history_manager.enabled = False
shell.run_line_magic("load_ext", "gilscope")
assert shell.run_cell("%%giltrace t\\nx = 6 * 7\\nx").success
print(shell.user_ns["x"], shell.user_ns["t"].threads[0].name)
assert shell.run_cell("%%giltrace --who known\\n1").success
print(shell.user_ns["known"].data.looks is not None, shell.user_ns["t"].data.looks is None)
for cell in ("%%giltrace\\n1/0", "%%giltrace no name\\n1"):
    print(shell.run_cell(cell).success)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={**os.environ, "IPYTHONDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert "Out[0]: 42" in done.stdout
    assert done.stdout.count("the GIL was held") == 3
    assert "True True\n" in done.stdout
    assert "Only MainThread used the GIL" in done.stdout
    assert "42 MainThread\n" in done.stdout
    assert "ZeroDivisionError" in done.stdout
    assert done.stdout.count("False\n") == 2
    assert "%%giltrace takes --who and the name of a variable" in done.stdout + done.stderr


def test_the_page_fits_the_window():
    """The picture is as wide as what it is in, and the shares keep to its end; a narrow one has no room for them."""
    spec = timeline.figure(made(2, 10)).specs[""]
    assert spec["width"] == "container"
    assert spec["layer"][-1]["encoding"]["x"] == {"value": "width"}
    assert spec["layer"][-1]["transform"] == [{"as": "figures", "calculate": "containerSize()[0] < 700 ? '' : datum.figures"}]
