"""The starvation experiment: what it says of made-up sessions, and what it observes on calls that take no time."""

from dataclasses import replace

import numpy as np
import pytest

from gilscope.experiments import EXPERIMENTS, Request
from gilscope.experiments import _starvation as module
from gilscope.experiments._starvation import LENGTH, STARVATION, course, subjects
from gilscope.experiments._starvation_take import UNITS, beat, calls, felt, freed, gaps, numbers, sorting
from gilscope.experiments._starvation_words import STRATEGIES, feeling, lines
from gilscope.experiments._two_threads import two_cores
from gilscope.measure import Plan
from gilscope.observations import Number, Observation
from gilscope.results import Session, load
from gilscope.running import run

GIL = {"gil": True, "cores_usable": 2}
SPREAD = (0.98, 1.0, 1.02, 1.01, 0.99)
IDLE = 0.0011


def observed(label, kind, call, silence, spread=SPREAD, **conditions):
    values = {"call": call, "gap_p50": IDLE, "gap_p99": silence, "gap_max": silence, "silence": silence}
    found = {name: Number.of("s", [value * each for each in spread]) for name, value in values.items()}
    return Observation(label, {"kind": kind, "pinned": True, **conditions}, found)


def made(silences, *more, machine=GIL, **details):
    """A session: the longest silence during a call of 50 ms under each strategy, those that are not named feel nothing."""
    found = [observed("nothing, asleep", "nothing", 0.05, IDLE)]
    found += [observed(f"poly.c.{each}", "kernel", 0.05, silences.get(each, IDLE), strategy=each) for each in STRATEGIES]
    return Session("starvation", machine, observations=[*found, *more], details=details)


USUAL = {"held": 0.051, "declared_nogil": 0.0508, "yielding": 0.016}


# The verdict


def test_who_freezes_who_lets_in_and_who_is_not_felt():
    first, second, third, last = STARVATION.verdict(made(USUAL))
    assert first == (
        "The others freeze for the whole call while it keeps the GIL: silent for 51 ms held and 50.8 ms declared_nogil."
    )
    assert second == "They get in now and then: yielding (silent for 16 ms)."
    assert third.startswith("They feel nothing: chunked (silent for 1.1 ms), interruptible (silent for 1.1 ms) and released ")
    assert third.endswith("; with nothing running it is 1.1 ms.")
    assert last == (
        "Your call's length is everybody's silence while it keeps the GIL (51 ms), and nobody's once it releases it (1.1 ms)."
    )


def test_what_a_strategy_costs_is_told_where_it_could_be_shown():
    session = made(USUAL)
    session.observe(observed("poly.c.yielding", "kernel", 0.054, 0.016, strategy="yielding"))
    session.observe(observed("poly.c.chunked", "kernel", 0.054, IDLE, (0.9, 1.1, 1.0, 1.2, 0.8), strategy="chunked"))
    _, late, unfelt, _ = STARVATION.verdict(session)
    assert "yielding (silent for 16 ms, costs 8.0%)" in late
    assert "chunked (silent for 1.1 ms)" in unfelt


def test_seldom_empty_releases_let_others_in_sooner_only_where_they_do():
    def words(seldom):
        more = observed("poly.c.yielding each 10 ms", "kernel", 0.05, seldom, strategy="yielding")
        return [line for line in STARVATION.verdict(made(USUAL, more)) if line.startswith("More empty releases")]

    [line] = words(0.012)
    assert "yielding they are silent for 16 ms, yielding each 10 ms for 12 ms." in line
    assert words(0.016) == []


def test_calls_that_are_no_kernels():
    more = [
        observed("a loop in Python", "python", 0.05, 0.0062),
        observed("free an array of 200 MB", "object", 0.0006, IDLE),
        observed("free a dict of 1e6 floats", "object", 0.04, 0.041),
        observed("sorted(1e6 floats)", "object", 0.3, 0.301),
    ]
    words = STARVATION.verdict(made(USUAL, *more))
    assert words[3] == "A loop in Python is made to let them in after a switch interval of 5 ms: silent for 6.2 ms."
    assert words[4].endswith("that keeps the GIL: free a dict of 1e6 floats 41 ms and sorted(1e6 floats) 301 ms.")
    assert words[5] == "Not felt: free an array of 200 MB took 600 us."
    assert len(words) == 7


def test_where_nothing_freezes_nothing_is_claimed():
    *_, last = STARVATION.verdict(made({}))
    assert last == "That holding the GIL freezes other threads, and releasing it does not, could not be shown on this machine."
    *_, last = STARVATION.verdict(made(dict.fromkeys(STRATEGIES, 0.05)))
    assert "could not be shown" in last


def test_without_a_gil_nobody_holds_it():
    [line] = STARVATION.verdict(made({"held": 0.0013}, machine={"gil": False, "cores_usable": 2}))
    assert line.startswith("GIL off, so nobody holds it: the longest silence is 1.3 ms (poly.c.held), and 1.1 ms")


def test_one_late_beat_with_nothing_running_hides_only_what_is_as_short():
    idle = replace(
        observed("nothing", "nothing", 0.05, IDLE), numbers={"silence": Number.of("s", [IDLE, IDLE, IDLE, 3.4 * IDLE])}
    )
    assert feeling(observed("it", "kernel", 0.05, 5.7 * IDLE), idle) == "late"
    assert feeling(observed("it", "kernel", 0.05, 3.3 * IDLE), idle) == "unfelt"


def test_what_spoils_the_numbers_is_said_first():
    assert STARVATION.verdict(made(USUAL, machine={"gil": True, "cores_usable": 1}))[0].startswith("One usable core: ")
    late = observed("nothing, asleep", "nothing", 0.05, 0.006)
    words = "With nothing running there were up to 6 ms between beats: others used the cores."
    assert STARVATION.verdict(made(USUAL, late))[0] == words
    session = made(USUAL, left_out=["the large ones: there is too little memory"])
    assert "Not observed: the large ones: there is too little memory." in STARVATION.verdict(session)


def test_nothing_observed_yet():
    assert STARVATION.verdict(Session("starvation", GIL)) == ["Nothing was observed yet."]
    assert lines(Session("starvation", GIL)) == []


@pytest.mark.parametrize(
    ("call", "silence", "feel"),
    [(0.05, 0.0021, "unfelt"), (0.05, 0.006, "late"), (0.05, 0.041, "frozen"), (0.001, 0.002, "unfelt")],
)
def test_what_others_feel(call, silence, feel):
    assert feeling(observed("it", "kernel", call, silence), observed("nothing", "nothing", 0.05, IDLE)) == feel


def test_silences_that_may_be_noise_are_not_felt():
    spread = (0.1, 0.5, 1.0, 1.2, 1.3)
    idle = observed("nothing", "nothing", 0.05, IDLE)
    assert feeling(observed("it", "kernel", 0.05, 0.006, spread), idle) == "unfelt"
    assert (
        feeling(observed("it", "kernel", 0.05, 0.006), replace(idle, numbers={"silence": Number.of("s", [IDLE, 0.005])}))
        == "unfelt"
    )


def test_the_table_has_a_row_for_each():
    told = lines(made(USUAL))
    assert len(told) == 1 + 1 + len(STRATEGIES)
    assert told[2].split() == ["poly.c.held", "50", "ms", "1.1", "ms", "51", "ms", "51", "ms", "[50,", "52]", "52", "ms", "102%"]
    assert max(map(len, told)) <= 120


# What is observed


def test_the_gaps_of_a_call_are_those_with_a_part_in_it():
    beats = np.array([0, 10, 20, 70, 80, 90]) * 10**6
    assert gaps(beats, 25 * 10**6, 65 * 10**6).tolist() == [0.05]
    assert gaps(beats, 15 * 10**6, 75 * 10**6).tolist() == [0.01, 0.05, 0.01]
    found = numbers(beats, np.array([(25, 65), (81, 85)]) * 10**6)
    assert found == pytest.approx({"call": 0.022, "gap_p50": 0.03, "gap_p99": 0.0496, "gap_max": 0.05, "silence": 0.03})
    assert list(found) == list(UNITS)


def test_the_steps_of_a_call():
    """Prepare, be quiet, call, be quiet; and only once the heart beats."""
    steps, beats, done = [], [], []

    def prepare():
        steps.append("prepare")
        return lambda: steps.append("call")

    def sleep(seconds):
        beats.append(1)
        steps.append("sleep")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gilscope.experiments._starvation_take.time.sleep", sleep)
        stamps = calls(prepare, 2, beats, done)
    assert steps == ["sleep", *["prepare", "sleep", "call", "sleep"] * 2]
    assert done == [True]
    assert stamps.shape == (2, 2)
    assert (np.diff(stamps.ravel()) >= 0).all()


def test_the_heart_beats_once_more_at_the_end():
    beats = []
    beat(beats, [True])
    assert len(beats) == 1


def test_a_call_that_fails_stops_the_heart():
    def fail():
        raise ArithmeticError("no")

    with pytest.raises(ArithmeticError):
        felt(lambda: fail, 1, None)


def test_every_call_has_a_gap():
    found = felt(lambda: lambda: None, 3, two_cores())
    assert list(found) == list(UNITS)
    assert 0 < found["gap_p50"] <= found["gap_p99"] <= found["gap_max"]


def test_what_is_freed_was_the_only_reference():
    gone = []

    class Large:
        def __del__(self):
            gone.append(True)

    call = freed(Large)()
    assert gone == []
    call()
    assert gone == [True]


def test_the_same_floats_are_sorted_each_time(monkeypatch):
    monkeypatch.setattr("gilscope.experiments._starvation_take.ENTRIES", 10)
    prepare = sorting()
    assert prepare()() == prepare()()
    assert len(prepare()()) == 10


# The run


def test_the_subjects():
    found = list(subjects(1000, large=True))
    kernels = [each.facts for each in found if each.kind == "kernel"]
    assert [each["strategy"] for each in kernels] == [*STRATEGIES, "yielding"]
    assert [each["options"].get("grain") for each in kernels] == [None] * len(STRATEGIES) + [200]
    assert [each.kind for each in found if each.kind != "kernel"] == ["nothing", "python"] + ["object"] * 3
    assert not [each for each in subjects(1000, large=False) if each.kind == "object"]
    assert len({each.label for each in found}) == len(found)


@pytest.mark.parametrize(("memory", "large"), [(10**8, False), (10**11, True)])
def test_large_objects_need_memory(monkeypatch, memory, large):
    monkeypatch.setattr(module, "available_memory", lambda: memory)
    session = Session("starvation", GIL, details={"sizes": {str(LENGTH): 10}})
    [watch] = course(Request(), session, Plan(), None).watches
    assert ("sorted(1e6 floats)" in [scene.label for scene in watch.scenes]) is large
    assert bool(session.details["left_out"]) is not large


def test_a_run_is_saved_and_goes_on(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "LENGTH", 0.002)
    monkeypatch.setattr(module, "available_memory", lambda: 0)
    plans = dict.fromkeys(["quick", "default"], Plan(blocks=2, sample_seconds=0.002))
    monkeypatch.setitem(EXPERIMENTS, "starvation", replace(STARVATION, plans=plans))
    path, shares = tmp_path / "a.json", []
    session = run("starvation", path=path, progress=shares.append)
    assert load(path) == session == run("starvation", path=path, resume=True)
    assert shares == [0.5, 1.0]
    assert {each.blocks for each in session.observations.values()} == {2}
    assert STARVATION.verdict(session)
