"""What a trace means, on made-up traces: who waited for whom, and the paragraph that says so."""

from dataclasses import replace

import numpy as np
import pytest

from gilscope.contention import contention
from gilscope.reports.diagnosis import diagnosis
from gilscope.reports.extremes import extremes
from gilscope.spans import TracedSpan
from gilscope.stretches import let_go
from gilscope.trace_data import TraceData
from gilscope.trace_events import STATES, Intervals
from gilscope.trace_looks import Function, Looks
from gilscope.trace_table import table

MS = 1_000_000


def made(*threads, **facts):
    """A trace from a text for each thread, a letter for each millisecond: h(eld), w(aiting), o(utside), or nothing yet."""
    rows = [row for number, text in enumerate(threads) for row in runs(number, text)]
    thread, state, start, stop = (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.empty(0, int),) * 4
    intervals = Intervals(thread.astype(np.uint16), state.astype(np.uint8), start * MS, stop * MS)
    names = [f"t{number}" for number in range(len(threads))]
    return TraceData(0, max(map(len, threads), default=0) * MS, names, list(range(len(threads))), intervals, **facts)


def runs(number, text):
    changes = [at for at in range(len(text)) if at == 0 or text[at] != text[at - 1]]
    for first, last in zip(changes, [*changes[1:], len(text)], strict=True):
        if text[first] != " ":
            yield number, [name[0] for name in STATES].index(text[first]), first, last


def many_short(holds=500, hold=2, wait=8):
    """Two threads that hold for 2 us in turns, each waited for."""
    each = np.arange(holds) * (hold + wait) * 1000
    rows = []
    for number in range(2):
        for at in each.tolist():
            begin = at + number * (hold + wait) * 500
            states = ((1, begin - wait * 500), (0, begin), (2, begin + hold * 1000))
            rows += [(number, state, max(start, 0)) for state, start in states]
    thread, state, start = (np.array(column) for column in zip(*rows, strict=True))
    stop = np.where(np.append(thread[1:] == thread[:-1], False), np.append(start[1:], 0), start + 1000)
    return TraceData(
        0, int(stop.max()), ["t0", "t1"], [0, 1], Intervals(thread.astype(np.uint16), state.astype(np.uint8), start, stop)
    )


TURNS = made("h" * 5 + "w" * 5 + "h" * 5 + "w" * 5 + "h" * 5, "w" * 5 + "h" * 5 + "w" * 5 + "h" * 5 + "w" * 5)
STUBBORN = made("h" * 90 + "o" * 10, "o" * 10 + "w" * 80 + "h" * 10)
STRETCHES = made("hhhoohhhoohhhoo", "owwhhowwhhowwhh")


# Contention


def test_the_shares_of_a_trace():
    found = contention(made("hhhhoooooo", "owwwhhhhoo", "oowwwwwwho"))
    assert found.contended == pytest.approx(0.7)
    assert found.holders == pytest.approx({1: 4 / 7, 0: 3 / 7})
    assert found.demand == pytest.approx((4 + 7 + 7) / 9)
    assert (found.longest_ns, found.longest_by) == (4 * MS, 1)
    assert found.own == pytest.approx(1)
    assert (found.stubborn, found.forced, found.nobody) == (0, 0, 0)


def test_time_in_which_nobody_holds():
    found = contention(made("hhoooo", "ohwwwo".replace("h", "w", 1)))
    assert found.nobody == pytest.approx(3 / 4)
    assert found.own == pytest.approx(1 / 4)


@pytest.mark.parametrize(("trace", "cause"), [(TURNS, "forced"), (STUBBORN, "stubborn"), (STRETCHES, "own")])
def test_what_holders_do_while_others_wait(trace, cause):
    found = contention(trace)
    shares = {name: getattr(found, name) for name in ("stubborn", "forced", "own", "nobody")}
    assert max(shares, key=shares.get) == cause
    assert sum(shares.values()) == pytest.approx(1)


@pytest.mark.parametrize("trace", [made(), made("hhhh"), made("oooo", "oooo")])
def test_nobody_waits(trace):
    found = contention(trace)
    assert (found.contended, found.longest_ns, found.longest_by, found.nobody) == (0, 0, None, 0)


# The paragraph


@pytest.mark.parametrize(
    ("trace", "phrases"),
    [
        (made(), ["Nothing was traced."]),
        (made("hh", forked=True), ["Nothing was traced."]),
        (made("oo", gil=False), ["This Python has no GIL"]),
        (made("oo", "oo"), ["No thread used the GIL."]),
        (made("hhho", "oooo"), ["Only t0 used the GIL (75% of the time)", "costs nothing here", "processes would not"]),
        (made("hooo", "oooo"), ["Only t0 used the GIL (25% of the time)", "native code without the GIL"]),
        (
            made("hhhh" + "o" * 96, "oooowh" + "o" * 94),
            ["not the bottleneck", "in 1% of the time", "hardly used", "native code without"],
        ),
        (made("h" * 50 + "o" * 50, "o" * 50 + "h" * 50), ["not the bottleneck", "none of the time", "held for 100%"]),
        (TURNS, ["is the bottleneck: for 100%", "2.0 threads", "t0 held it for 60%", "t1 for 40%", "Processes would help"]),
        (STUBBORN, ["is the bottleneck", "t1 waited most: 80 ms, 80% of its life", "t0 kept it for 80 ms in spite of others"]),
        (STRETCHES, ["is the bottleneck", "run Python for 3 ms on average between calls"]),
        (many_short(), ["is the bottleneck", "nobody held it", "very short holds (2 us on average", "More work at a time"]),
        (made("hho" + "o" * 6, "oow" + "w" * 5 + "h"), ["nobody held it", "slow to wake up"]),
        (made("h" * 10 + "o" * 10, "o" * 8 + "w" * 2 + "h" * 10), ["slows this program somewhat: for 10%"]),
        (made("hooo", "oooo", cpu_ns=[2 * MS, 4 * MS]), ["Only t0", "Native code ran without it, on 1.2 cores at a time"]),
        (
            made("hooo", "oooo", cpu_ns=[2 * MS, 0]),
            ["Only t0", "Native code ran without it for 25% of the time; else threads slept"],
        ),
        (made("hooo", "oooo", cpu_ns=[1 * MS, None]), ["Only t0", "native code without the GIL, or to waiting"]),
        (made("oooo", cpu_ns=[0]), ["No thread used the GIL. Hardly anything ran without it: threads slept"]),
        (made("hhhh" + "o" * 96, "oooowh" + "o" * 94, cpu_ns=[90 * MS, 91 * MS]), ["hardly used", "on 1.8 cores at a time"]),
        (
            made("h" * 50 + "o" * 50, "o" * 50 + "h" * 50, cpu_ns=[50 * MS, 50 * MS]),
            ["held for 100%", "Hardly anything ran without it"],
        ),
        (
            made("hhhhh" + "o" * 15, "o" * 20, cpu_ns=[3 * MS, 0]),
            ["native code without the GIL, or to", "For 2 ms and more threads held"],
        ),
        (made("hhho", "oooo", lost=5), ["This is about the first 0.004 s only", "Only t0"]),
    ],
)
def test_the_paragraph(trace, phrases):
    said = diagnosis(trace)
    assert [phrase for phrase in phrases if phrase not in said] == [], said
    assert "\n" not in said
    assert "  " not in said


def test_it_claims_no_more_than_the_trace_can_tell():
    told = made("hhhoohhhoohhhoo", "owwhhowwhhowwhh", tells_forced=False)
    assert "whether they were cut short is not known here" in diagnosis(told)


def test_threads_with_one_name_are_told_apart():
    trace = replace(TURNS, names=["same", "same"], native_ids=[7, 8])
    assert "same (7) held it for 60% of that time and same (8) for 40%" in diagnosis(trace)
    assert "same (8) waited most" in diagnosis(trace)
    assert "same (7)" in extremes(trace, 1)


# The longest


def test_the_longest_holds_and_waits():
    spans = (TracedSpan(0, "outer", 0, 8 * MS), TracedSpan(0, "inner", 1 * MS, 4 * MS), TracedSpan(1, "later", 9 * MS, 10 * MS))
    trace = made("hhhhohho", "wwwwhwwo", spans=spans)
    assert extremes(trace, 2).splitlines() == [
        "longest holds",
        "       4.000 ms  t0, 0.000 s after the start, in 'inner'",
        "       2.000 ms  t0, 0.005 s after the start, in 'outer'",
        "longest waits",
        "       4.000 ms  t1, 0.000 s after the start",
        "       2.000 ms  t1, 0.005 s after the start",
    ]
    assert extremes(trace, 0) == ""


def test_holds_that_nobody_waits_for_are_not_listed():
    assert extremes(made("hhhh", "oooo"), 3) == ""


COUNT, OTHER, WAITS = Function("count", "/here/words.py", 12), Function("count", "/other.py", 12), Function("wait", "<string>", 3)


def test_functions_are_named_where_they_are_known():
    """Intervals of t0: h 0, o 1, h 2, w 3, h 4; of t1: w 5, h 6."""
    looks = Looks({0: COUNT, 2: COUNT._replace(line=14), 4: OTHER, 5: WAITS}, 100_000, 4)
    trace = made("hhhhohhwh", "wwwwwwwh ", looks=looks)
    assert extremes(trace, 2).splitlines() == [
        "longest holds",
        "       4.000 ms  t0, 0.000 s after the start; count (words.py:12) let go",
        "       2.000 ms  t0, 0.005 s after the start; count (words.py:14) let go",
        "longest waits",
        "       7.000 ms  t1, 0.000 s after the start; wait (<string>:3) waited",
        "       1.000 ms  t0, 0.007 s after the start",
        "who let go, after holds of 0.1 ms and more",
        "       6.000 ms  count (words.py), 2 holds",
        "       1.000 ms  count (other.py), 1 hold",
    ]
    assert [(each.holds, each.held_ns) for each in let_go(trace)] == [(2, 6 * MS), (1, MS)]


def test_the_paragraph_names_who_let_go_after_a_long_hold_and_claims_no_more():
    said = diagnosis(replace(STUBBORN, looks=Looks({0: COUNT}, 100_000, 1)))
    assert "t0 kept it for 80 ms in spite of others (then count (words.py:12) let go): a call into native code" in said
    assert "count" not in diagnosis(replace(STUBBORN, looks=Looks({1: COUNT}, 100_000, 1)))


# The table


def test_time_outside_is_split_where_it_is_known():
    """What a thread's clock tells beyond its holds was outside, but no more than there was."""
    trace = made("hhhooooooo", "ohhhhhhhoo", "oooooooooo", "oooooooooo", cpu_ns=[5 * MS, 4 * MS, 11 * MS, None])
    split = [(each.outside_running_ns, each.outside_blocked_ns) for each in trace.threads()]
    assert split == [(2 * MS, 5 * MS), (0, 3 * MS), (10 * MS, 0), (None, None)]
    shares = [line.split()[-9:-6] for line in table(trace).splitlines()[2:6]]
    assert shares[0] == ["70.0%", "20.0%", "50.0%"]
    assert shares[3] == ["100.0%", "-", "-"]
    assert "outside = running + blocked" in table(trace)
    assert {len(line) for line in table(trace).splitlines()[1:6]} == {120}


@pytest.mark.parametrize(("last", "shares"), [(None, ["-", "-"]), (0, ["0.0%", "100.0%"])])
def test_the_split_of_the_rest_is_known_if_all_are(last, shares):
    trace = made("hh", *["oo"] * 50, cpu_ns=[0] * 50 + [last])
    assert table(trace).splitlines()[-2].split()[-8:-6] == shares


@pytest.mark.parametrize(("threads", "lines"), [(40, 40), (41, 41), (42, 41), (300, 41)])
def test_a_table_of_many_threads_has_one_line_for_those_that_did_least(threads, lines):
    trace = made(*("o" * at + "h" + "o" * (threads - at) if at % 3 else "o" * threads for at in range(threads)))
    rows = [line for line in table(trace).splitlines() if (line.startswith("t") and line[1].isdigit()) or "more threads" in line]
    assert len(rows) == lines
    assert ("more threads" in rows[-1]) == (threads > 41)
    if threads == 300:
        assert rows[-1].startswith("260 more threads ")
        takes = [int(row.split()[-6]) for row in rows]
        assert sum(takes) == sum(each.takes for each in trace.threads())
