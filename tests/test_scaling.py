"""What `scaling` measures: on a machine that is a formula, so that the line is known. No clock, no threads."""

import math
import random
from dataclasses import replace
from itertools import pairwise

import pytest

from gilscope import measure as measuring
from gilscope.cases import Case, ceiling_of
from gilscope.experiments import Choice, Request, _scaling_probe, _scaling_subject
from gilscope.experiments._scaling import EFFORTS, LONGEST_CALL, SCALING
from gilscope.experiments._scaling_probe import FLOOR, TOO_LONG, Probe, probe
from gilscope.experiments._scaling_subject import STRATEGIES, Subject, next_above, strategies_of, subjects_of, threads_of
from gilscope.kernels import KERNELS, Missing
from gilscope.measure import Plan, measure
from gilscope.results import Sample, Session, load
from gilscope.scaling_map import map_of, maps_of

CALL, ELEMENT, CONTENTION = 4e-7, 1e-9, 1.5e-6
PAYS_FROM = (2 * CONTENTION - CALL) / ELEMENT  # where half of a call is as long as what two threads lose to each other
C_KERNELS = [name for name, kernel in KERNELS.items() if not isinstance(kernel.c, Missing)]


class Model:
    """A sampler that computes what a call takes; samples differ by at most 1 %. It counts the seconds that it would take,
    and remembers what was calibrated."""

    def __init__(self, gil=True, element=ELEMENT):
        self._gil, self._element = gil, element
        self._random = random.Random(0)
        self.seconds = 0.0
        self.taken = []

    def new_group(self):
        pass

    def sample(self, case, calls, digest=False):
        seconds = self.call(case) * self._random.uniform(0.99, 1.01)
        self.seconds += seconds * calls
        if digest:
            self.taken.append(case.id)
        return Sample(seconds, calls, seconds * calls, seconds * calls, 0, 0, 0, 0.0), "same"

    def call(self, case):
        alone = CALL + self._element * case.size
        if case.executor in ("native", "processes"):
            return alone / case.workers
        releases = {"released": 1, "chunked": math.ceil(case.size / 4096), "per_item": case.size}.get(case.strategy, 0)
        releases = int(case.size > 500) if case.strategy == "thresholded" else releases
        if case.workers == 1:
            return alone + releases * 5e-8
        if self._gil and not releases:
            return alone * 1.03
        return alone / case.workers + releases * CONTENTION * self._gil


@pytest.fixture(autouse=True)
def two_cores_and_much_memory(monkeypatch):
    for module in (measuring, _scaling_probe):
        monkeypatch.setattr(module, "available_memory", lambda: 2**40)
    monkeypatch.setattr(_scaling_subject, "usable_cores", lambda: [0, 1])


def session_for(gil=True):
    return Session("scaling", {"gil": gil, "cores_usable": 2})


def run(choice=None, *, sampler=None, session=None, plan="default", groups=None, **request):
    """Measure, and return the session and the names of the groups."""
    session, sampler, names = session_for() if session is None else session, sampler or Model(), []
    plan = SCALING.plans[plan]
    course = SCALING.course(
        Request(choice=Choice(kernel=("exp",)) if choice is None else choice, **request), session, plan, sampler
    )
    for group, _ in measure(course.groups, session, plan, sampler):
        names.append(group.name)
        if len(names) == groups:
            break
    return session, names


# Where the line is


def test_the_line_is_found():
    session, _ = run()
    lines = map_of(session, "exp", "c").lines
    for strategy in ("released", "thresholded"):
        line = lines[strategy, 2]
        assert line.pays
        assert line.low <= PAYS_FROM <= line.high
        assert line.high / line.low <= EFFORTS["default"].apart
        assert line.against == ()
    for strategy in ("held", "declared_nogil", "per_item"):
        assert not lines[strategy, 2].pays


def test_a_greater_effort_finds_it_better():
    widths = {}
    for name, request in (("quick", {"quick": True}), ("default", {}), ("full", {"full": True})):
        session, names = run(**request)
        line = map_of(session, "exp", "c").lines["released", 2]
        widths[name] = line.high / line.low
        coarse = len(Subject("exp", "c", STRATEGIES[:-1], (1, 2)).sizes(Probe.from_dict(session.details["probes"]["exp.c"])))
        assert len(names) <= coarse + EFFORTS[name].more
    assert widths["full"] <= 1.2 < widths["quick"]
    assert widths["default"] < widths["quick"]


def test_without_a_gil_it_pays_everywhere_and_nothing_is_refined():
    session, names = run(sampler=Model(gil=False), session=session_for(gil=False))
    lines = map_of(session, "exp", "c").lines.values()
    assert all(line.pays and line.below is None for line in lines if line.strategy != "per_item")
    assert names == [f"exp.c/{size}" for size in ("100", "500", "510", "1e3", "1e4", "1e5", "1e6")]


def test_the_coarse_grid_comes_first_and_then_one_gap_after_the_other():
    _, names = run()
    coarse = ["100", "500", "510", "1e3", "1e4", "1e5", "1e6"]
    assert names[: len(coarse)] == [f"exp.c/{size}" for size in coarse]
    assert len(names) == len(set(names)) <= len(coarse) + EFFORTS["default"].more


def test_all_of_a_size_is_measured_side_by_side():
    session, names = run()
    for name in names:
        here = [result for result in session if result.id.split("/")[2] == name.split("/")[1]]
        assert len({len(result.samples) for result in here}) == 1
        assert {result.case["executor"] for result in here} == {"serial", "threads", "native"}
        assert all(result.case["asked"] == result.id for result in here)


# Resuming


@pytest.mark.parametrize("groups", [1, 5, 8, 9])
def test_a_run_that_goes_on_ends_as_if_it_had_not_stopped(groups, tmp_path):
    whole, names = run()
    run(session=(half := session_for()), groups=groups)
    half.save(tmp_path / "half.json")
    half, again = load(tmp_path / "half.json"), Model()
    run(session=half, sampler=again)
    assert sorted(map_of(half, "exp", "c").sizes) == sorted(map_of(whole, "exp", "c").sizes)
    assert not {result.id for result in half} ^ {result.id for result in whole}
    done = set(names[:groups])
    assert not [each for each in again.taken if f"exp.c/{each.split('/')[2]}" in done]


def test_what_is_complete_is_not_measured_again():
    session, names = run()
    again = Model()
    _, same = run(session=session, sampler=again)
    assert (sorted(same), again.taken) == (sorted(names), [])


def test_a_size_that_was_interrupted_is_completed():
    session, names = run()
    last = [result for result in session if result.id.split("/")[2] == names[-1].split("/")[1]]
    for result in last:
        session.add(replace(result, samples=result.samples[:2]))
    run(session=session)
    assert {len(result.samples) for result in session} == {SCALING.plans["default"].blocks}


def test_the_estimate_is_of_what_is_left():
    session, _ = run()
    request, plan = Request(choice=Choice(kernel=("exp",))), SCALING.plans["default"]
    fresh, gone_on = (SCALING.course(request, each, plan, Model()).seconds for each in (session_for(), session))
    assert gone_on < 0.2 * fresh


# What takes how long


def test_the_estimate_comes_first_and_is_about_right():
    sampler, session, plan = Model(), session_for(), SCALING.plans["default"]
    course = SCALING.course(Request(), session, plan, sampler)
    probing = sampler.seconds
    assert probing < 0.1 * course.seconds
    assert len(session) == 0
    for _ in measure(course.groups, session, plan, sampler):
        pass
    assert course.seconds / 1.5 < sampler.seconds - probing < course.seconds * 1.5


@pytest.mark.parametrize(("plan", "seconds"), [("default", 180), ("quick", 45)])
def test_there_is_time_for_fourteen_kernels(plan, seconds):
    course = SCALING.course(Request(quick=plan == "quick"), session_for(), SCALING.plans[plan], Model())
    assert course.seconds * 14 / len(C_KERNELS) <= seconds


def test_the_groups_say_how_far_the_run_is():
    session, plan = session_for(), SCALING.plans["default"]
    course = SCALING.course(Request(choice=Choice(kernel=("exp", "add"))), session, plan, Model())
    until = [group.until for group, _ in measure(course.groups, session, plan, Model())]
    assert all(0 < one < other <= 1 for one, other in pairwise(until))


def test_what_would_take_too_long_is_left_out_and_says_so():
    session, _ = run()
    measured = {key[2] for key in map_of(session, "exp", "c").cells if key[:2] == ("per_item", 2)}
    assert max(measured) * CONTENTION < 2 * LONGEST_CALL
    left_out = {(each["strategy"], each["threads"]): each["reason"] for each in session.details["not_measured"]}
    assert left_out["per_item", 2] == "a call on 1e5 elements would take about 150 ms"
    assert all(result.case["size"] * CONTENTION < 2 * LONGEST_CALL for result in session if "per_item/threads" in result.id)


def test_what_was_chosen_is_measured_however_long_it_takes():
    choice = Choice(kernel=("exp",), strategy=("per_item",), size=(10**6,))
    session, names = run(choice)
    assert names == ["exp.c/1e6"]
    assert "exp.c.per_item/threads-2/1e6" in session
    assert session.details["not_measured"] == []


def test_only_strategies_that_take_long_are_left_out():
    slow = Probe(((1, 1.0),), {})
    subject = Subject("exp", "c", ("held", "released", "per_item"), (1, 2), longest=1e-3)
    left = [f"exp.c.{strategy}/{who}/10" for who in ("serial", "threads-2") for strategy in ("held", "released")]
    assert [case.id for case in subject.group(10, slow).cases] == left


def test_sizes_that_need_too_much_memory_are_left_out(monkeypatch):
    monkeypatch.setattr(_scaling_probe, "available_memory", lambda: 10**7)
    monkeypatch.setattr(measuring, "available_memory", lambda: 10**7)
    session, _ = run(Choice(kernel=("exp",), size=(1000, 10**7)))
    assert {result.case["size"] for result in session} == {1000}
    assert [each["reason"] for each in session.details["not_measured"] if each["strategy"] is None] == [
        "1e7 elements would need 0.5 GB of memory"
    ]
    with pytest.raises(ValueError, match=r"^nothing to measure: exp\.c: 1e7 elements would need 0\.5 GB of memory$"):
        run(Choice(kernel=("exp",), size=(10**7,)))


# What is measured


def test_by_default_each_c_loop_under_six_strategies():
    session, _ = run(Choice(), sampler=Model(), quick=True, plan="quick")
    charts = maps_of(session)
    assert [chart.name for chart in charts] == [f"{name}.c" for name in C_KERNELS]
    for chart in charts:
        assert chart.strategies == strategies_of(chart.kernel, "c", ())[0]
        assert chart.threads == (1, 2)
    assert charts[0].strategies == ("held", "declared_nogil", "released", "thresholded", "chunked", "per_item")
    assert not any(each["kernel"] not in C_KERNELS for each in session.details["not_measured"])


def test_both_sides_of_the_threshold_are_measured():
    session, _ = run()
    assert {500, 510} <= {*map_of(session, "exp", "c").sizes}
    session, _ = run(Choice(kernel=("exp",), strategy=("released",)))
    assert not {500, 510} & {*map_of(session, "exp", "c").sizes}


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({"implementation": ("numpy",)}, {"exp.numpy/serial", "exp.numpy/threads-2", "exp.numpy/processes-2"}),
        ({"implementation": ("ufunc",)}, {"exp.ufunc/serial", "exp.ufunc/threads-2", "exp.c.released/native-2"}),
        (
            {"strategy": ("released",), "threads": (4,)},
            {"exp.c.held/serial", "exp.c.released/serial", "exp.c.released/threads-4", "exp.c.released/native-4"},
        ),
        (
            {"strategy": ("parallel",)},
            {
                "exp.c.held/serial",
                "exp.c.parallel/serial/threads=1",
                "exp.c.parallel/serial/threads=2",
                "exp.c.released/native-2",
            },
        ),
        ({"threads": (1,), "strategy": ("held",)}, {"exp.c.held/serial"}),
    ],
)
def test_a_choice(choice, names):
    if "parallel" in choice.get("strategy", ()) and isinstance(KERNELS["exp"].c.parallel, Missing):
        pytest.skip(KERNELS["exp"].c.parallel.reason)
    session, groups = run(Choice(kernel=("exp",), size=(1000,), **choice))
    assert {result.id.replace("/1e3", "") for result in session} == names
    assert len(groups) == 1


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ({"kernel": ("format",)}, "format.c: it makes Python objects"),
        (
            {"kernel": ("exp",), "implementation": ("numpy",), "strategy": ("released",)},
            "exp.numpy.released: there is no such",
        ),
        ({"kernel": ("exp",), "strategy": ("own",)}, "exp.c.own: there is no such strategy, only held, released"),
    ],
)
def test_nothing_to_measure_says_why(choice, reason):
    with pytest.raises(ValueError, match=f"^nothing to measure: {reason}"):
        run(Choice(**choice))


def test_what_there_is_not_is_told_beside_the_rest():
    session, _ = run(Choice(kernel=("exp", "format"), size=(100,)))
    assert [chart.name for chart in maps_of(session)] == ["exp.c"]
    assert "it makes Python objects" in session.details["not_measured"][0]["reason"]


@pytest.mark.parametrize(
    ("cores", "threads", "expected"),
    [
        (1, (), (1,)),
        (1, (2,), (1,)),
        (2, (), (1, 2)),
        (4, (), (1, 2, 4)),
        (6, (), (1, 2, 4, 6)),
        (8, (3,), (1, 3)),
        (2, (8,), (1, 8)),
    ],
)
def test_threads(monkeypatch, cores, threads, expected):
    monkeypatch.setattr(_scaling_subject, "usable_cores", lambda: list(range(cores)))
    assert threads_of(Choice(threads=threads)) == expected


def test_on_one_core_only_one_thread_is_measured(monkeypatch):
    monkeypatch.setattr(_scaling_subject, "usable_cores", lambda: [0])
    session, _ = run()
    assert {result.case["executor"] for result in session} == {"serial"}


def test_a_kernel_that_lacks_strategies_goes_without(monkeypatch):
    missing = Missing("exp.c.chunked", "it can only be computed at once")
    monkeypatch.setitem(KERNELS["exp"].c.strategies, "chunked", missing)
    subjects, reasons = subjects_of(Choice(kernel=("exp",)), 1.0)
    assert subjects[0].strategies == ("held", "declared_nogil", "released", "thresholded", "per_item")
    assert [each["reason"] for each in reasons] == [missing.reason]
    subjects, _ = subjects_of(Choice(kernel=("exp",), strategy=("chunked", "held")), 1.0)
    assert subjects[0].strategies == ("held",)


@pytest.mark.parametrize(("size", "above"), [(500, 510), (1, 2), (99, 100), (995, 1000), (1000, 1100)])
def test_next_above(size, above):
    assert next_above(size) == above


# The probe


def test_the_curve_is_read_in_logarithms():
    found = Probe(((1, 1e-6), (10, 1e-6), (100, 1e-5)), {})
    assert found.call_seconds(1) == found.call_seconds(3) == found.call_seconds(10) == pytest.approx(1e-6)
    assert found.call_seconds(30) == pytest.approx(3e-6)
    assert found.call_seconds(10_000) == pytest.approx(1e-3)
    assert Probe(((1, 1e-3),), {}).call_seconds(100) == 1e-3


def test_the_grid_is_from_the_way_in_to_a_few_milliseconds():
    found = probe(Case("exp.c.released", 1), (), Model())
    decades = found.decades()
    assert decades == (100, 1000, 10**4, 10**5, 10**6)
    assert found.call_seconds(decades[0]) <= FLOOR * found.call_seconds(1) < found.call_seconds(decades[1])
    assert found.call_seconds(decades[-1]) <= TOO_LONG
    slow = probe(Case("exp.c.released", 1), (), Model(element=0.02))
    assert slow.decades() == (1,)


def test_a_probe_knows_what_strategies_add():
    cases = list(Subject("exp", "c", STRATEGIES[:-1], (1, 2)).cases(1))
    found = probe(Case("exp.c.released", 1), cases, Model())
    assert found.seconds(Case("exp.c.per_item", 10**5, "threads", 2)) == pytest.approx(0.15, rel=0.2)
    assert found.seconds(Case("exp.c.held", 10**6)) == pytest.approx(1e-3, rel=0.2)
    native = ceiling_of(Case("exp.c.released", 10**6, "threads", 2))
    assert found.seconds(native) == pytest.approx(5e-4, rel=0.2)
    assert Probe.from_dict(found.to_dict()) == found


def test_spinning_openmp_threads_are_waited_for():
    plan, found = Plan(sample_seconds=0.01), Probe(((1, 1e-6),), {})
    parallel = Case("exp.c.parallel", 1, options={"threads": 2})
    assert found.sample_seconds(parallel, plan) > 0.25 > found.sample_seconds(Case("exp.c.held", 1), plan)
