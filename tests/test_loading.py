"""Traces as files: Chrome's format to the letter, and back without loss; and `load` tells what it is given."""

import gzip
import json
from dataclasses import replace

import numpy as np
import pytest

import gilscope as gs
from gilscope.chrome import FORMAT, TraceError
from gilscope.results import Session, SessionError
from gilscope.spans import TracedSpan
from gilscope.trace_data import TraceData
from gilscope.trace_events import Intervals
from gilscope.trace_looks import Function, Looks
from gilscope.tracing import Trace

START = 5_000_000_000_123


def made_up(names=("main", 'a "quoted" ünïcode\n', "reused"), ids=(7, 8, 8)):
    """A trace of three threads, two with one native id."""
    columns = ([0, 0, 0, 1, 1, 2], [0, 2, 0, 1, 0, 2], [0, 100, 250, 50, 101, 300], [100, 250, 1001, 101, 249, 1001])
    thread, state, start, stop = (np.array(column) for column in columns)
    intervals = Intervals(thread.astype(np.uint16), state.astype(np.uint8), start + START, stop + START)
    counts = {"events": 9, "lost": 2, "event_ns": 8.5}
    return Trace(TraceData(START, START + 1001, list(names), list(ids), intervals, **counts, cpu_ns=[300, 0, None]))


def document(tmp_path, trace=None, name="x.json"):
    (trace or made_up()).save(tmp_path / name)
    return json.loads((tmp_path / name).read_text())


@pytest.mark.parametrize("name", ["x.json", "deeper/x.json.gz"])
def test_a_trace_comes_back_as_it_was(tmp_path, name):
    trace = made_up()
    trace.save(tmp_path / name)
    loaded = gs.load(tmp_path / name)
    assert isinstance(loaded, Trace)
    assert loaded.threads == trace.threads
    assert (loaded.start_ns, loaded.stop_ns, loaded.cost, loaded.gil) == (START, START + 1001, trace.cost, True)
    for native_id in (7, 8):
        assert (loaded.intervals(native_id) == trace.intervals(native_id)).all()
    assert str(loaded) == str(trace)


def test_one_of_a_live_program_too(tmp_path):
    with gs.trace() as trace:
        sum(range(1000))
    trace.save(tmp_path / "x.json.gz")
    assert gs.load(tmp_path / "x.json.gz").threads == trace.threads


def test_files_of_versions_that_knew_no_cpu_time(tmp_path):
    found = document(tmp_path)
    for each in found["traceEvents"]:
        each.get("args", {}).pop("cpu_ns", None)
    loaded = Trace.from_dict(found)
    assert {each.outside_running_ns for each in loaded.threads} == {None}
    assert [each.held_ns for each in loaded.threads] == [each.held_ns for each in made_up().threads]


def test_reused_native_ids_come_one_after_the_other():
    assert made_up().intervals(8)["state"].tolist() == ["waiting", "held", "outside"]


def test_it_is_chromes_format(tmp_path):
    """As "Trace Event Format" says: each event's keys by its phase; slices of a lane nest."""
    found = document(tmp_path)
    assert found["displayTimeUnit"] in ("ms", "ns")
    for event in found["traceEvents"]:
        keys = {"M": {"ph", "name", "pid", "tid", "args"}, "X": {"ph", "name", "cat", "pid", "tid", "ts", "dur"}}[event["ph"]]
        assert set(event) == keys
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        assert event["ph"] == "M" or (event["ts"] >= 0 and event["dur"] >= 0)
    assert [each["name"] for each in found["traceEvents"] if each["ph"] == "M"] == ["process_name"] + ["thread_name"] * 3
    lanes = {each["tid"]: each["args"]["name"] for each in found["traceEvents"] if each["name"] == "thread_name"}
    assert list(lanes.values()) == made_up()._data.names


def with_functions():
    data = made_up().data
    looks = Looks({2: Function("f", "x.py", 3), 3: Function('g.<locals>."x"', "ü.py", 4)}, 100_000, 5, 1, 9.5)
    return Trace(replace(data, looks=looks))


def test_functions_come_back_and_are_seen_with_their_slices(tmp_path):
    trace = with_functions()
    slices = [each for each in document(tmp_path, trace)["traceEvents"] if each.get("cat") == "gil"]
    assert [each["args"] for each in slices if "args" in each] == [
        {"let go": "f", "file": "x.py", "line": 3},
        {"waited": 'g.<locals>."x"', "file": "ü.py", "line": 4},
    ]
    loaded = gs.load(tmp_path / "x.json").data.looks
    assert vars(loaded) == vars(trace.data.looks)


def test_a_trace_without_functions_says_so_when_it_was_loaded(tmp_path):
    assert "looks" not in document(tmp_path)["otherData"]
    with pytest.raises(RuntimeError, match="without who=True"):
        gs.load(tmp_path / "x.json").top_holders()


@pytest.mark.parametrize("damage", [{"looks": {}}, {"looks": None}])
def test_damaged_functions(tmp_path, damage):
    found = document(tmp_path, with_functions())
    found["otherData"] |= damage
    (tmp_path / "x.json").write_text(json.dumps(found))
    with pytest.raises(ValueError, match="the trace is damaged"):
        gs.load(tmp_path / "x.json")


READERS = {
    "floats": lambda each: (each["ts"], each["ts"] + each["dur"]),
    "nanoseconds, cut": lambda each: (int(each["ts"] * 1000), int(each["ts"] * 1000) + int(each["dur"] * 1000)),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_programs_that_add_start_and_duration_find_nothing_that_overlaps(tmp_path, reader):
    """One state begins when the last ends, to the nanosecond; rounding may not let it begin before."""
    edges = START + np.cumsum(np.random.default_rng(0).integers(1, 10**9, 5_000))
    states = np.arange(len(edges) - 1, dtype=np.uint8) % 3
    intervals = Intervals(np.zeros(len(states), np.uint16), states, edges[:-1], edges[1:])
    last = int(edges[-1])
    spans = tuple(TracedSpan(7, f"{at}", int(edges[at]), last) for at in range(4))  # as if they were open at the stop
    found = document(tmp_path, Trace(TraceData(START, last, ["main"], [7], intervals, spans=spans)))["traceEvents"]
    slices = {kind: [reader(each) for each in found if each.get("cat") == kind] for kind in ("thread", "gil", "span")}
    assert all(stop <= start for (_, stop), (start, _) in zip(slices["gil"], slices["gil"][1:], strict=False))
    assert slices["gil"][-1][1] <= slices["thread"][0][1]
    assert all(inner[1] <= outer[1] for outer, inner in zip(slices["span"], slices["span"][1:], strict=False))


def test_states_nest_in_lives(tmp_path):
    slices = [each for each in document(tmp_path)["traceEvents"] if each["ph"] == "X"]
    lives = {each["tid"]: each for each in slices if each["cat"] == "thread"}
    assert len(lives) == 3
    for each in slices:
        life = lives[each["tid"]]
        assert life["ts"] <= each["ts"]
        assert round((each["ts"] + each["dur"]) * 1000) <= round((life["ts"] + life["dur"]) * 1000)


def test_a_session_comes_back_too(tmp_path):
    session = Session("seed", {"python": "3"})
    session.save(tmp_path / "s.json")
    assert gs.load(tmp_path / "s.json") == session


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"otherData": {"version": "1"}}, "it is not a trace that gilscope wrote"),
        ({"otherData": None}, "the trace is damaged"),
        ({"traceEvents": None}, "the trace is damaged"),
        ({"traceEvents": [{}]}, "the trace is damaged"),
        ({"otherData": {"gilscope": "9", "format": FORMAT + 1}}, "is newer than"),
        ({"otherData": {"gilscope": "9", "format": "1"}}, "the trace is damaged"),
    ],
)
def test_other_traces_and_damaged_ones_are_refused_in_a_sentence(tmp_path, change, reason):
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(document(tmp_path) | change))
    with pytest.raises(TraceError, match=reason) as raised:
        gs.load(path)
    assert str(raised.value).startswith(f"{path} is not a trace that gilscope can read: ")


@pytest.mark.parametrize(("at", "to"), [("tid", 99), ("ts", "1"), ("name", "asleep"), ("dur", None)])
def test_damaged_slices(tmp_path, at, to):
    found = document(tmp_path)
    found["traceEvents"][-1][at] = to
    (tmp_path / "x.json").write_text(json.dumps(found))
    with pytest.raises(TraceError, match="the trace is damaged"):
        gs.load(tmp_path / "x.json")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff"])
def test_what_is_neither_is_no_session(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(SessionError, match="is not a session that gilscope can read"):
        gs.load(tmp_path / "x")


@pytest.mark.parametrize("content", [gzip.compress(b'{"traceEvents": []}')[:-9], b"\x1f\x8bnonsense", gzip.compress(b"{")])
def test_damaged_compressed_files(tmp_path, content):
    (tmp_path / "x.json.gz").write_bytes(content)
    with pytest.raises((TraceError, SessionError), match=r"x\.json\.gz is not a"):
        gs.load(tmp_path / "x.json.gz")


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        gs.load(tmp_path / "none.json")
