"""What `grain` measures and says: on a machine that is a formula, so that the answers are known. No clock, no threads."""

import math
import random
from dataclasses import replace

import pytest

from gilscope import measure as measuring
from gilscope.experiments import EXPERIMENTS, Request, _grain, _scaling_probe
from gilscope.experiments._grain import GRAIN, GRAINS, OTHERS, STEP, WORK, release_group
from gilscope.experiments._grain_words import break_evens, costs, fits_words, gains, numpy_words, rule_words
from gilscope.experiments._telling import columns
from gilscope.kernels import KERNELS
from gilscope.measure import Plan, measure
from gilscope.results import Sample, Session
from gilscope.scaling_map import maps_of

CALL, ELEMENT = 4e-7, 1e-9
RELEASE, CONTENTION, SWITCH = 5e-8, 1.5e-6, 5e-3


class Model:
    """A sampler that computes what a call takes: a release costs something alone, more beside others, most beside Python."""

    def __init__(self, gil=True, cores=2, element=ELEMENT):
        self._gil, self._cores, self._element = gil, cores, element
        self._random = random.Random(0)
        self.taken = []

    def new_group(self):
        pass

    def sample(self, case, calls, digest=False):
        self.taken.append(case.id)
        seconds = self.call(case) * self._random.uniform(0.999, 1.001)
        return Sample(seconds, calls, seconds * calls, seconds * calls, 0, 0, 0, 0.0), "same"

    def call(self, case):
        alone = CALL + self._element * case.size * case.options.get("degree", 1)
        if case.executor in ("native", "processes"):
            return alone / min(case.workers, self._cores)
        releases = self.releases(case)
        if case.options.get("beside") == "python":
            return alone + releases * SWITCH
        if case.workers == 1:
            return alone + releases * RELEASE
        if self._gil and not releases:
            return alone * 1.03
        cost = CONTENTION * (case.workers - 1) if self._gil else 0
        return (alone + releases * cost) / min(case.workers, self._cores)

    def releases(self, case):
        grain = case.options.get("grain", 4096)
        found = {"released": 1, "own": int(case.size > 500), "chunked": math.ceil(case.size / grain), "per_item": case.size}
        return found.get(case.strategy, int(case.size > 500 and case.strategy == "thresholded"))


@pytest.fixture(autouse=True)
def two_cores_and_much_memory(monkeypatch):
    for module in (measuring, _scaling_probe):
        monkeypatch.setattr(module, "available_memory", lambda: 2**40)
    monkeypatch.setattr(_grain, "usable_cores", lambda: [0, 1])


def run(sampler=None, gil=True, quick=False, session=None):
    sampler = sampler or Model(gil)
    session = session or Session("grain", {"gil": gil, "cores_usable": 2})
    plan = GRAIN.plans["quick"]
    course = GRAIN.course(Request(quick=quick), session, plan, sampler)
    return session, [group for group, _ in measure(course.groups, session, plan, sampler)], course


# What is measured


def test_one_kernel_in_depth_then_the_lines_of_others_then_what_a_release_costs():
    _, groups, course = run()
    names = [group.name for group in groups]
    assert names[0].startswith("exp.c/")
    assert names[-2:] == ["release/short", "release/long"]
    assert {name.partition("/")[0] for name in names[:-2]} == {"exp.c", "exp.numpy", *(f"{each}.c" for each in OTHERS["default"])}
    assert course.seconds > 0
    untils = [group.until for group in groups]
    assert untils == sorted(untils)
    assert untils[-1] == 1


def test_a_quick_run_has_fewer_kernels():
    _, groups, _ = run(quick=True)
    kernels = {group.name.partition(".")[0] for group in groups[:-2]}
    assert kernels == {"exp", *OTHERS["quick"]}
    assert kernels < {"exp", *OTHERS["default"]} == {*KERNELS} - {"sleep", "format"}


def test_each_grain_that_cuts_is_measured_beside_the_others():
    _, groups, _ = run()
    for group in groups:
        if group.name.startswith("exp.c/"):
            size = group.cases[0].size
            grains = {case.options["grain"] for case in group.cases if case.options}
            assert grains == {grain for grain in GRAINS if grain < size}


def test_what_costs_a_release_is_not_on_any_map():
    session, _, _ = run()
    for chart in maps_of(session):
        assert "chunked" not in chart.strategies
    assert {int(each.case["size"]) for each in session if each.case["options"].get("degree")} == {
        size for size, _ in WORK.values()
    }


def test_a_resumed_run_measures_nothing_twice():
    session, groups, _ = run()
    again = Model()
    _, seen, _ = run(again, session=session)
    assert again.taken == []
    assert {group.name for group in seen} == {group.name for group in groups}


def test_on_one_core_there_is_one_thread(monkeypatch):
    monkeypatch.setattr(_grain, "usable_cores", lambda: [0])
    session, groups, _ = run(Model(cores=1))
    assert all(case.workers == 1 for group in groups[:-2] for case in group.cases)
    assert GRAIN.verdict(session)


def test_company_is_others_that_release_or_python():
    ids = [case.id for case in release_group("short").cases]
    assert [name.split("/")[1] for name in ids] == ["serial", "threads-2", "threads-4", "serial"]
    assert ids[-1].endswith("/beside=python,degree=16,grain=64".replace(",", "/"))


# What is said


def test_costs_are_those_of_the_formula():
    session, _, _ = run()
    found = {(each.company, round(each.work, 9)): each.seconds.value for each in costs(session)}
    short, long = sorted({work for _, work in found})
    assert found["alone", short] == pytest.approx(RELEASE, rel=0.2)
    assert found["beside 1 thread that releases too", short] == pytest.approx(CONTENTION, rel=0.1)
    assert found["beside a loop of Python", long] == pytest.approx(SWITCH, rel=0.1)
    for name, work in (("short", short), ("long", long)):
        size, degree = WORK[name]
        assert work == pytest.approx((CALL + ELEMENT * size * degree) / (size / STEP), rel=0.01)


def test_lines_are_where_two_threads_beat_one():
    session, _, _ = run()
    found = {each.name: each for each in break_evens(session)}
    assert {*found} == {"exp.c", "exp.numpy", *(f"{each}.c" for each in OTHERS["default"])}
    pays_from = (CONTENTION - CALL) / ELEMENT
    assert found["exp.c"].line.low <= pays_from <= found["exp.c"].line.high


def test_finer_grains_gain_less():
    session, _, _ = run()
    cells = gains(session)
    largest = max(size for _, size in cells)
    gained = [cells[f"chunked, {grain}", largest].gain.value for grain in GRAINS]
    assert gained == sorted(gained)
    assert not cells["chunked, 256", largest].pays
    assert cells["chunked, 65536", largest].pays
    assert not cells["held", largest].pays


def test_the_verdict_ends_in_what_to_remember():
    session, _, _ = run()
    chunks, cost, numpy, rule = GRAIN.verdict(session)
    assert "Chunks up to 1024 lose: after each chunk" in chunks
    assert "from 4096 on they pay" in chunks
    assert "beside 1 thread that releases too" in cost
    assert "Beside Python it costs 5 ms" in cost
    assert "500 is too early for all of them" in numpy
    assert "np.exp itself pays from 1" in numpy
    assert rule.startswith("Remember: it is time that counts, not elements. Release once, around work of more than ")


def test_a_busy_machine_gives_no_number_to_remember():
    session, _, _ = run()
    busy = Session("grain", session.machine, [replace(result, noisy=True) for result in session])
    *_, noise, rule = GRAIN.verdict(busy)
    assert "cases were noisy" in noise
    assert "how much, a quieter machine will say" in rule
    assert "Release once" not in rule


def test_heavier_elements_are_worth_a_release_sooner():
    session, _, _ = run(Model(element=1e-7))
    assert "500 is too late for all of them" in GRAIN.verdict(session)[2]


def test_where_some_are_worth_it_before_and_some_after_no_number_fits():
    assert fits_words(100, 400) == "500 is too late for all of them"
    assert fits_words(100, 600) == "no one number fits them"
    assert fits_words(501, 600) == "500 is too early for all of them"


def test_where_nothing_pays_nothing_is_claimed():
    session, _, _ = run(Model(cores=1))
    words = " ".join(GRAIN.verdict(session))
    assert "Remember: no size was found here" in words
    assert "NumPy releases above" not in words
    assert "never here" in "\n".join(GRAIN.lines(session))
    assert numpy_words([]) == ""
    assert rule_words([], sure=True).startswith("Remember: no size")


def test_what_noise_may_hide_is_not_said_to_be_never():
    session, _, _ = run(Model(cores=1))
    busy = Session("grain", session.machine, [replace(result, noisy=True) for result in session])
    text = "\n".join(GRAIN.lines(busy))
    assert "never here" not in text
    assert "not shown" in text


def test_without_a_gil_there_is_nothing_to_release():
    session, _, _ = run(gil=False)
    [line] = GRAIN.verdict(session)
    assert line.startswith("GIL off")
    assert GRAIN.lines(session)


def test_a_cost_that_may_be_nothing_is_not_told_as_one():
    session, _, _ = run()
    noisy = Session("grain", session.machine)
    for result in session:
        samples = tuple(replace(each, seconds=each.seconds * (1 + 0.9 * (at % 2))) for at, each in enumerate(result.samples))
        noisy.add(replace(result, samples=samples) if "poly.c.held" in result.id else result)
    assert "under" in "\n".join(GRAIN.lines(noisy))


def test_the_tables_print(monkeypatch):
    session, _, _ = run()
    text = "\n".join(GRAIN.lines(session))
    assert all(len(line) <= 110 for line in text.splitlines())
    assert "chunked, 65536" in text
    assert "Releasing pays from" in text
    assert "One release costs, after work of" in text


def test_columns_are_as_wide_as_their_texts():
    assert columns([["a", "1"], ["long", "22", "3"]]) == ["a      1", "long  22  3"]
    assert columns([]) == []


# For real, on hardly any work


def test_a_tiny_run(monkeypatch):
    from gilscope.running import run as run_experiment

    monkeypatch.setattr(_grain, "OTHERS", {"quick": ()})
    monkeypatch.setattr(_grain, "EFFORTS", dict.fromkeys(("quick", "default"), (_grain.Effort(9.0, 0),) * 2))
    monkeypatch.setattr(_grain, "WORK", {"short": (4 * STEP, 16)})
    monkeypatch.setattr(_scaling_probe, "LARGEST", 100)
    plans = dict.fromkeys(("quick", "default"), Plan(blocks=2, sample_seconds=1e-4))
    monkeypatch.setitem(EXPERIMENTS, "grain", replace(GRAIN, plans=plans))
    session = run_experiment("grain", quick=True)
    assert [each for each in session if each.case["options"].get("beside")]
    assert GRAIN.lines(session)
    assert GRAIN.verdict(session)
