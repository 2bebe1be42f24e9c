"""What programs mark with `gilscope.span`: matched from marks, recorded live, saved and placed in rows."""

import asyncio
import gc
import json
import pickle
import threading
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gilscope as gs
from gilscope import spans
from gilscope._native import tracer
from gilscope.chrome import TraceError
from gilscope.span_rows import flat_rows, nested_rows
from gilscope.spans import Marks, TracedSpan, matched
from gilscope.trace_data import TraceData
from gilscope.tracing import Trace

needs_tracer = pytest.mark.skipif(tracer.unavailable() is not None, reason=f"no tracer: {tracer.unavailable()}")
A, B = gs.span("a"), gs.span("b")
HERE = threading.get_native_id


def marks(*rows, lost=0):
    """Marks from (span, time, thread, whether it enters)."""
    objects, *columns = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Marks(list(objects), *(np.array(column, kind) for column, kind in zip(columns, (int, int, bool), strict=True)), lost)


def found(*rows, first=0, last=100, lost=0):
    return [tuple(each) for each in matched(marks(*rows, lost=lost), first, last)]


@gs.span("decorated")
def decorated(x, *, y=0):
    """Add."""
    return x + y


# Marks to spans


def test_nested_spans():
    rows = (A, 10, 1, True), (B, 20, 1, True), (B, 30, 1, False), (A, 40, 1, False)
    assert found(*rows) == [(1, "a", 10, 40), (1, "b", 20, 30)]


def test_spans_of_one_thread_may_overlap():
    rows = (A, 10, 1, True), (B, 20, 1, True), (A, 30, 1, False), (B, 40, 1, False)
    assert found(*rows) == [(1, "a", 10, 30), (1, "b", 20, 40)]


def test_one_object_within_itself_and_in_two_threads():
    rows = (A, 10, 1, True), (A, 20, 2, True), (A, 25, 1, True), (A, 30, 1, False), (A, 40, 1, False), (A, 50, 2, False)
    assert found(*rows) == [(1, "a", 10, 40), (2, "a", 20, 50), (1, "a", 25, 30)]


def test_a_span_that_another_thread_leaves():
    assert found((A, 10, 1, True), (A, 30, 2, False)) == [(1, "a", 10, 30)]


def test_spans_across_the_ends_of_the_trace_are_cut():
    assert found((A, 30, 1, False), (B, 40, 1, True)) == [(1, "a", 0, 30), (1, "b", 40, 100)]
    assert found((A, 30, 1, True), (A, 150, 1, False), (B, 160, 1, True), first=50) == [(1, "a", 50, 100)]


def test_what_was_open_when_the_room_ended_ends_there():
    assert found((A, 10, 1, True), (B, 20, 1, True), (B, 30, 1, False), lost=1) == [(1, "a", 10, 30), (1, "b", 20, 30)]


def test_no_marks():
    assert found() == []


# Live


@needs_tracer
def test_context_and_decorator_in_two_threads():
    def work():
        ids.append(HERE())
        decorated(1)

    ids = []
    thread = threading.Thread(target=work)
    with gs.trace() as trace:
        with gs.span("outer"), gs.span("inner"):
            assert decorated(1, y=2) == 3
        thread.start()
        thread.join()
    assert [(each.native_id, each.label) for each in trace.spans] == [
        *((HERE(), label) for label in ("outer", "inner", "decorated")),
        (ids[0], "decorated"),
    ]
    assert all(trace.start_ns <= each.start_ns <= each.stop_ns <= trace.stop_ns for each in trace.spans)
    outer, inner, *_ = trace.spans
    assert outer.start_ns <= inner.start_ns <= inner.stop_ns <= outer.stop_ns


@needs_tracer
def test_open_at_the_start_and_at_the_stop():
    before, after = gs.span("before"), gs.span("after")
    before.__enter__()
    with gs.trace() as trace:
        before.__exit__(None, None, None)
        after.__enter__()
    after.__exit__(None, None, None)
    first, second = trace.spans
    assert (first.label, first.start_ns) == ("before", trace.start_ns)
    assert (second.label, second.stop_ns) == ("after", trace.stop_ns)


@needs_tracer
def test_coroutines_and_generators():
    @gs.span("coroutine")
    async def wait(times):
        for _ in range(times):
            await asyncio.sleep(0)
        return times

    @gs.span("generator")
    def count():
        yield (yield 1)
        return 5

    async def both():
        return await asyncio.gather(wait(5), wait(2))

    with gs.trace() as trace:
        assert asyncio.run(both()) == [5, 2]
        generator = count()
        assert next(generator) == 1
        assert generator.send(7) == 7
        near_the_end = time.perf_counter_ns()
        with pytest.raises(StopIteration) as stop:
            next(generator)
        assert stop.value.value == 5
    long, short, third = trace.spans
    assert [long.label, short.label, third.label] == ["coroutine", "coroutine", "generator"]
    assert third.start_ns < near_the_end < third.stop_ns
    assert short.stop_ns <= long.stop_ns  # which started first: spans of tasks overlap, and each keeps its own ends


@needs_tracer
def test_an_error_leaves_its_span():
    with gs.trace() as trace:
        with pytest.raises(ZeroDivisionError), gs.span("fails"):
            _ = 1 / 0
        with gs.span("later"):
            pass
    assert trace.spans[0].stop_ns <= trace.spans[1].start_ns


@needs_tracer
def test_more_marks_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(spans, "MAX_MARKS", 5)
    with gs.trace() as trace:
        for _ in range(4):
            with A:
                pass
    assert len(trace.spans) == 3
    assert trace.data.lost_marks == 3
    assert "3 beginnings and ends of spans are lost" in str(trace)


@needs_tracer
def test_spans_are_let_go_after_the_trace():
    def round_():
        with gs.trace():
            for number in range(2000):
                with gs.span(f"number {number}"):
                    pass

    round_()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        round_()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 50_000  # the labels alone are 100 kB
    finally:
        tracemalloc.stop()


def test_without_a_trace_spans_do_nothing():
    with gs.span("nothing") as entered:
        assert entered.label == "nothing"
    assert decorated(2) == 2
    assert spans.stop() == ([], *(pytest.approx([]),) * 3, 0)


def test_what_a_decorated_function_is():
    assert (decorated.__name__, decorated.__doc__) == ("decorated", "Add.")
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    assert repr(A) == "span('a')"


@pytest.mark.parametrize("label", [None, 1, b"x"])
def test_labels_are_text(label):
    with pytest.raises(TypeError):
        gs.span(label)


def test_asynchronous_generators_are_refused():
    with pytest.raises(TypeError, match=r"write `with span\('x'\):` inside it"):

        @gs.span("x")
        async def each():
            yield 1


# In files

IN_FILE = (TracedSpan(7, "a\n\"'<ü", 1000, 9000), TracedSpan(7, "b", 2000, 3000), TracedSpan(8, "c", 8000, 9001))


def saved(tmp_path, made=IN_FILE):
    Trace(TraceData(500, 10_000, ["main"], [7], spans=made, lost_marks=3)).save(tmp_path / "x.json")
    return json.loads((tmp_path / "x.json").read_text())


def test_spans_come_back_as_they_were(tmp_path):
    saved(tmp_path)
    loaded = gs.load(tmp_path / "x.json")
    assert loaded.spans == IN_FILE
    assert loaded.data.lost_marks == 3
    assert [each.name for each in loaded.threads] == ["main"]


def test_spans_have_lanes_of_their_own(tmp_path):
    overlapping = (TracedSpan(7, "a", 1000, 5000), TracedSpan(7, "b", 2000, 6000))
    events = saved(tmp_path, overlapping)["traceEvents"]
    names = {each["tid"]: each["args"]["name"] for each in events if each["name"] == "thread_name"}
    assert sorted(names.values()) == ["main", "main: spans", "main: spans"]
    slices = [each for each in events if each.get("cat") == "span"]
    assert [each["name"] for each in slices] == ["a", "b"]
    assert len({each["tid"] for each in slices}) == 2
    assert all(names[each["tid"]] == "main: spans" and each["tid"] < 2**32 for each in slices)


def test_damaged_spans(tmp_path):
    found = saved(tmp_path)
    found["traceEvents"][-1]["tid"] = 99
    (tmp_path / "x.json").write_text(json.dumps(found))
    with pytest.raises(TraceError, match="the trace is damaged"):
        gs.load(tmp_path / "x.json")


# In rows

some = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=30).map(
    lambda pairs: list(spans.in_order(TracedSpan(1, "", min(pair), max(pair)) for pair in pairs))
)


@given(some)
def test_no_two_in_a_flat_row_overlap(made):
    rows = flat_rows(made)
    for at, each in enumerate(made):
        before = [other for other, row in zip(made[:at], rows[:at], strict=True) if row == rows[at]]
        assert all(other.stop_ns <= each.start_ns for other in before)


@given(some)
def test_all_in_a_nested_row_nest(made):
    rows = nested_rows(made)
    for at, each in enumerate(made):
        before = [other for other, row in zip(made[:at], rows[:at], strict=True) if row == rows[at]]
        assert all(other.stop_ns <= each.start_ns or other.stop_ns >= each.stop_ns for other in before)


def test_nested_spans_need_one_row():
    made = [TracedSpan(1, "", 0, 10), TracedSpan(1, "", 1, 9), TracedSpan(1, "", 2, 3), TracedSpan(1, "", 4, 9)]
    assert nested_rows(made) == [0, 0, 0, 0]
    assert flat_rows(made) == [0, 1, 2, 2]
