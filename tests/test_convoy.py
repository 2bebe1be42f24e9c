"""The convoy experiment: what it says of made-up sessions, and what it observes on calls that take no time."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from gilscope.experiments import EXPERIMENTS, Request
from gilscope.experiments import _convoy as module
from gilscope.experiments._convoy import CONVOY, INTERVALS, LENGTHS, course
from gilscope.experiments._convoy_take import UNITS, alone, beside_python, wait_numbers, waits, why_no_waits
from gilscope.experiments._convoy_words import USUAL, cells, lines, share, turns
from gilscope.experiments._two_threads import Stretch, at_once, kernel_call, sizes_for, two_cores
from gilscope.measure import Plan
from gilscope.observations import Number, Observation
from gilscope.results import Session, load
from gilscope.running import run
from gilscope.trace_events import Intervals
from gilscope.tracing import Trace, TraceData, TracerUnavailable

GIL = {"gil": True, "cores_usable": 2}
SPREAD = (0.98, 1.0, 1.02, 1.01, 0.99)


def blocks(unit, value, spread=SPREAD):
    return Number.of(unit, [value * each for each in spread])


def observed(seconds, strategy, interval, *, calls, spins=0.5, wait=None, pinned=True, spread=SPREAD):
    """Rates as shares of those alone: 1 / seconds calls and 1e6 spins a second."""
    numbers = {"calls": blocks("1/s", calls / seconds, spread), "spins": blocks("1/s", spins * 1e6)}
    if wait is not None:
        times = {"wait_p50": wait, "wait_p99": 1.1 * wait, "wait_max": 2 * wait}
        numbers |= {"waited": blocks("1/call", 0.9)} | {name: blocks("s", each) for name, each in times.items()}
    conditions = {"seconds": seconds, "strategy": strategy, "switch_interval": interval, "pinned": pinned}
    return Observation(f"{strategy} {seconds} {interval}", conditions, numbers)


def alone_at(seconds, **more):
    return observed(seconds, "held", None, calls=1.0, spins=1.0, **more)


def made(pairs, machine=GIL, **details):
    """A session at the usual switch interval: (seconds, share held, share released, wait)."""
    found = []
    for seconds, held, released, wait in pairs:
        found += [alone_at(seconds), observed(seconds, "held", USUAL, calls=held, wait=wait and 0.005)]
        found += [observed(seconds, "released", USUAL, calls=released, spins=0.98, wait=wait)]
    return Session("convoy", machine, observations=found, details=details)


CONVOYS = [(20e-6, 0.5, 0.007, 0.0051), (2e-3, 0.5, 0.28, 0.0052), (20e-3, 0.8, 0.8, 0.0051)]


# The verdict


def test_where_releasing_slows_it_says_which_calls_by_how_much_and_why():
    first, why, *_, last = CONVOY.verdict(made(CONVOYS))
    assert first.startswith(
        "Beside a thread that computes in Python, at the usual switch interval of 5 ms, releasing makes calls"
    )
    assert "slower: of 20 us 71 [71, 71] times and of 2 ms 1.79 [1.79, 1.79] times; that it slows those of 20 ms" in first
    assert "waits until Python is made to give it up: 5.2 ms at the median for calls of 2 ms, one switch interval;" in why
    assert "they keep 28% of their rate alone, and Python 98% of its own" in why
    assert "1 times a call" not in why
    assert last == "Beside busy Python a release is not free, it costs 5.2 ms: release once for long, not often for a little."


def test_what_helps_is_the_interval_that_helps_most_and_larger_calls():
    session = made(CONVOYS)
    session.observe(observed(20e-6, "released", 50e-6, calls=0.2, spins=0.7, wait=0.0001))
    session.observe(observed(20e-6, "released", 0.1, calls=0.001, spins=0.99, wait=0.1))
    words = CONVOY.verdict(session)
    assert (
        "What helps calls of 20 us: sys.setswitchinterval(5e-05), with which they keep 20% instead of 0.7%, and Python 70%."
        in words
    )
    assert "Fewer releases help without that: one release for 20 ms of work keeps 80%, one for 20 us 0.7%." in words


def test_what_does_not_help_is_not_recommended():
    session = made([(20e-6, 0.5, 0.1, 0.0051)])
    session.observe(observed(20e-6, "released", 50e-6, calls=0.1, wait=0.0001))
    assert not [line for line in CONVOY.verdict(session) if "help" in line]


def test_where_it_does_not_happen_it_says_so():
    first, *_ = CONVOY.verdict(made([(20e-6, 0.5, 0.51, 0.0001), (2e-3, 0.5, 0.8, 0.0001)]))
    assert first == (
        "That releasing slows the one who releases could not be shown on this machine: calls take "
        "0.98 [0.98, 0.98] of the time held (20 us) and 0.62 [0.62, 0.62] of the time held (2 ms)."
    )


def test_blocks_that_contradict_each_other_show_no_slowing():
    session = made([(2e-3, 0.5, 0.5, 0.0051)])
    session.observe(observed(2e-3, "released", USUAL, calls=0.4, wait=0.0051, spread=(0.5, 1.5, 1.0, 0.9, 1.1)))
    assert "could not be shown on this machine" in CONVOY.verdict(session)[0]


def test_a_wait_of_several_turns_is_not_called_one():
    assert turns(1.02) == "one switch interval"
    assert turns(2.35) == "2.35 switch intervals"
    assert "2.36 switch intervals" in CONVOY.verdict(made([(2e-3, 0.5, 0.2, 0.0118)]))[1]


def test_without_a_tracer_rates_are_told_and_waits_are_not():
    session = made([(2e-3, 0.5, 0.28, None)], no_waits="the GIL cannot be traced: no ELF")
    _, why, last = CONVOY.verdict(session)
    assert why == "How long they waited for the GIL is not known: the GIL cannot be traced: no ELF."
    assert "a wait for its turn" in last
    assert all("not known" in line for line in lines(session)[2:])


def test_without_a_gil_there_is_no_queue():
    [line] = CONVOY.verdict(made([(20e-6, 0.98, 0.97, None)], {"gil": False, "cores_usable": 2}))
    assert line.startswith("GIL off: there is no queue")
    assert "calls of 20 us keep 97%" in line


def test_one_core_and_threads_that_float_are_said_first():
    assert CONVOY.verdict(made(CONVOYS, {"gil": True, "cores_usable": 1}))[0].startswith("One usable core: ")
    session = made(CONVOYS)
    session.observe(observed(20e-6, "held", 50e-6, calls=0.5, wait=0.001, pinned=False))
    assert CONVOY.verdict(session)[0].startswith("The threads could not be kept on a core each")


def test_rates_alone_that_spread_are_said():
    session = made(CONVOYS)
    session.observe(alone_at(20e-6, spread=(0.5, 0.8, 1.0, 1.2, 1.5)))
    assert CONVOY.verdict(session)[0] == "The rates alone spread by 40%: others used the cores, so shares are rough."


def test_nothing_observed_yet():
    assert CONVOY.verdict(Session("convoy", GIL)) == ["Nothing was observed yet at the usual switch interval."]
    assert lines(Session("convoy", GIL)) == []


# The table


def test_the_table_has_a_row_for_each_cell():
    told = lines(made(CONVOYS))
    assert len(told) == 3 * 4
    assert told[0] == "poly.c, 20 us a call: 50,000 calls/s alone"
    assert told[1].split()[:2] == ["switch", "interval"]
    assert told[3].split() == [
        "5",
        "ms",
        "released",
        "0.7%",
        "[0.7%,",
        "0.7%]",
        "98%",
        "90%",
        "5.1",
        "ms",
        "5.61",
        "ms",
        "10.4",
        "ms",
    ]
    assert max(map(len, told)) <= 120
    assert len(cells(made(CONVOYS))) == 6


def test_who_did_not_wait():
    session = made([])
    session.observe(alone_at(2e-3))
    session.observe(observed(2e-3, "held", USUAL, calls=1.0, wait=0.0))
    assert lines(session)[-1].endswith("none")


@pytest.mark.parametrize(("value", "text"), [(0.0071, "0.7%"), (0.1, "10%"), (0.5, "50%"), (0.0996, "10%")])
def test_small_shares_have_a_decimal(value, text):
    assert share(value) == text


# What is observed: calls that take no time, nothing is asserted of how fast it is


def test_the_waits_are_the_waiting_intervals_of_that_thread_in_that_time():
    states = {"held": 0, "waiting": 1, "outside": 2}
    rows = [(0, "waiting", 0, 30), (0, "held", 30, 40), (0, "outside", 40, 50), (0, "waiting", 50, 70), (0, "held", 70, 90)]
    rows += [(0, "waiting", 90, 150), (1, "waiting", 40, 60)]
    thread, state, start, stop = zip(*rows, strict=True)
    found = Intervals(np.array(thread), np.array([states[each] for each in state], np.uint8), np.array(start), np.array(stop))
    traced = Trace(TraceData(0, 200, ["calls", "spins"], [7, 8], found))
    during = Stretch(count=1, start_ns=20, stop_ns=100, native_id=7)
    assert waits(traced, during).tolist() == [20e-9]  # one was there before, one goes on


def test_quantiles_are_of_those_that_waited():
    numbers = wait_numbers(np.arange(1, 102) / 1e3, calls=202)
    assert numbers == {"waited": 0.5, "wait_p50": 0.051, "wait_p99": 0.1, "wait_max": 0.101}
    assert wait_numbers(np.empty(0), calls=3) == {"waited": 0.0, "wait_p50": 0.0, "wait_p99": 0.0, "wait_max": 0.0}


def test_both_threads_work_and_the_numbers_have_units():
    cores, traces = two_cores(), why_no_waits(gil=True) is None
    numbers = beside_python(kernel_call("released", 1000), 0.02, 0.001, cores, traces)
    assert list(numbers) == [name for name in UNITS if traces or not name.startswith("wait")]
    assert numbers["calls"] > 0
    assert numbers["spins"] > 0
    assert set(alone(kernel_call("held", 1000), 0.01, cores)) == {"calls", "spins"}


def test_why_waits_are_not_known(monkeypatch):
    def trace():
        raise TracerUnavailable("the GIL cannot be traced: no ELF")

    monkeypatch.setattr("gilscope.experiments._convoy_take.trace", trace)
    assert why_no_waits(gil=True) == "the GIL cannot be traced: no ELF"
    assert why_no_waits(gil=False) == "there is no GIL to wait for"


def test_a_call_that_fails_ends_the_other_thread_too():
    def fail():
        raise ArithmeticError("no")

    before = threading.enumerate()
    with pytest.raises(ArithmeticError):
        beside_python(fail, 0.01, 0.005, None, traces=False)
    workers = [each for each in threading.enumerate() if each not in before]
    for each in workers:
        each.join(5)
    assert not [each for each in workers if each.is_alive()]


def test_each_job_has_a_core(monkeypatch):
    asked = []

    class Pinned:
        def __init__(self, core):
            asked.append(core)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    monkeypatch.setattr("gilscope.experiments._two_threads.pinned", Pinned)
    assert at_once([lambda: "a", lambda: "b"], [3, 5]) == ["a", "b"]
    assert sorted(asked) == [3, 5]
    assert at_once([lambda: 1], None) == [1]
    assert len(asked) == 2


# The run


def test_sizes_that_are_known_stay():
    assert sizes_for((1e-5, 1.0), {"1e-05": 77, "1.0": 88}) == {"1e-05": 77, "1.0": 88}


@pytest.mark.parametrize("quick", [True, False])
def test_a_watch_for_each_length_and_a_scene_for_each_strategy_and_interval(monkeypatch, quick):
    monkeypatch.setattr(module, "sizes_for", lambda lengths, known: {str(each): 10 for each in lengths})
    found = list(course(Request(quick=quick), Session("convoy", GIL), Plan(), None).watches)
    lengths, intervals = (3, 3) if quick else (len(LENGTHS), len(INTERVALS))
    assert [len(each.scenes) for each in found] == [1 + 2 * intervals] * lengths
    assert found[-1].until == 1.0
    labels = [scene.label for each in found for scene in each.scenes]
    assert len({*labels}) == len(labels)
    assert "poly.c.released, 20 us a call, beside Python, switch interval 5 ms" in labels
    assert USUAL in {scene.conditions["switch_interval"] for each in found for scene in each.scenes}


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(module, "QUICK_LENGTHS", (20e-6, 200e-6))
    monkeypatch.setattr(module, "QUICK_INTERVALS", (500e-6, USUAL))
    plans = dict.fromkeys(["quick", "default"], Plan(blocks=2, sample_seconds=0.005))
    monkeypatch.setitem(EXPERIMENTS, "convoy", replace(CONVOY, plans=plans))


def test_a_run_goes_on_where_it_stopped(tiny, tmp_path):
    path, shares = tmp_path / "a.json", []

    def stop(share):
        shares.append(share)
        if share == 0.75:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("convoy", quick=True, path=path, progress=stop)
    before = load(path)
    assert [each.blocks for each in before.observations.values()] == [2] * 5 + [1] * 5
    session = run("convoy", quick=True, path=path, resume=True)
    assert load(path) == session
    assert session.details["sizes"] == before.details["sizes"]
    assert [each.blocks for each in session.observations.values()] == [2] * 10
    for label, each in before.observations.items():
        assert session.observations[label]["calls"].blocks[:1] == each["calls"].blocks[:1]
    assert CONVOY.verdict(session)
