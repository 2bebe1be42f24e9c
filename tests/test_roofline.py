"""What `roofline` measures and says: on a machine that is a formula, so that the bounds are known. No clock, no threads."""

import random
from dataclasses import replace

import pytest

from gilscope import measure as measuring
from gilscope.experiments import EXPERIMENTS, Request, _roofline, _scaling_subject
from gilscope.experiments._roofline import ROOFLINE
from gilscope.experiments._roofline_words import points, rates, steps_of
from gilscope.measure import Plan, measure
from gilscope.results import Sample, Session

COPY, PEAK = 10e9, 40e9  # of one core
TRAFFIC = {"copy.numpy": 16, "g.numpy": 24, "g_out.numpy": 24, "g_chunks.numpy": 0}


class Model:
    """A sampler that is a roofline: memory and arithmetic scale up to so many cores, and page faults hardly at all."""

    def __init__(self, memory_cores=2, cores=2, faults=700, spread=0.001):
        self._memory_cores, self._cores, self._faults, self._spread = memory_cores, cores, faults, spread
        self._random = random.Random(0)

    def new_group(self):
        pass

    def sample(self, case, calls, digest=False):
        seconds = self.call(case) * self._random.uniform(1 - self._spread, 1 + self._spread)
        faults = self._faults * calls if case.call == "g.numpy" else 0
        return Sample(seconds, calls, seconds * calls, seconds * calls, faults, 0, 0, 0.0), "same"

    def call(self, case):
        cores = min(case.workers, self._cores)
        if case.kernel == "poly":
            cached = case.size < 100_000
            memory = 0 if cached else 16 * case.size / COPY / min(cores, self._memory_cores)
            return max(memory, 2 * case.options["degree"] * case.size / PEAK / cores)
        memory = TRAFFIC[case.call] * case.size / COPY / min(cores, self._memory_cores)
        clearing = 1e-5 * self._faults if case.call == "g.numpy" and case.executor != "processes" else 0
        chunks = case.size / 16384 * 2e-6 if case.call == "g_chunks.numpy" and case.executor == "threads" else 0
        return memory + clearing + chunks + (case.size * 1e-9 / cores if case.kernel != "copy" else 0)


@pytest.fixture(autouse=True)
def two_cores_and_much_memory(monkeypatch):
    monkeypatch.setattr(measuring, "available_memory", lambda: 2**44)
    monkeypatch.setattr(_scaling_subject, "usable_cores", lambda: [0, 1])


def run(sampler=None, quick=False, gil=True):
    session, plan = Session("roofline", {"gil": gil}), ROOFLINE.plans["quick"]
    course = ROOFLINE.course(Request(quick=quick), session, plan, sampler or Model())
    groups = [group for group, _ in measure(course.groups, session, plan, sampler or Model())]
    return session, groups, course


def said(sampler, **more):
    return " ".join(ROOFLINE.verdict(run(sampler, **more)[0]))


# What is measured


@pytest.mark.parametrize("quick", [True, False])
def test_the_bounds_the_dial_and_the_articles_routines(quick):
    _, groups, course = run(quick=quick)
    assert [group.name for group in groups] == ["copy", "dial", "peak", "g.numpy", "g_out.numpy", "g_chunks.numpy"]
    assert groups[-1].until == pytest.approx(1)
    assert course.seconds == sum(_roofline.SECONDS["quick" if quick else "default"])
    degrees = {case.options["degree"] for case in groups[1].cases}
    assert min(degrees) * 2 / 16 < 1 < max(degrees) * 2 / 16


@pytest.mark.parametrize(("cores", "counts"), [(1, [1]), (2, [1, 2]), (8, [1, 8])])
def test_the_article_is_measured_on_one_thread_and_on_all(monkeypatch, cores, counts):
    monkeypatch.setattr(_scaling_subject, "usable_cores", lambda: list(range(cores)))
    found = list(_roofline.groups(quick=True))
    assert [case.workers for case in found[-1].cases] == counts
    assert [case.workers for case in found[0].cases] == ([1, 2, 4, 8] if cores == 8 else counts)


def test_the_bounds_are_those_of_the_machine():
    copies, peaks = rates(run()[0])
    assert copies == pytest.approx({1: COPY, 2: 2 * COPY}, rel=0.01)
    assert peaks == pytest.approx({1: PEAK, 2: 2 * PEAK}, rel=0.01)


def test_a_case_that_was_left_out_is_a_dash():
    session = run()[0]
    kept = [
        each
        for each in session
        if (each.case["kernel"], each.case["workers"], each.case["options"]) != ("poly", 2, {"degree": 16})
    ]
    [row] = [line for line in ROOFLINE.lines(Session("roofline", session.machine, kept)) if line.startswith("  16 ")]
    assert row.endswith(" -")


def test_a_point_says_what_bounds_it_and_how_near_the_roof_it_is():
    found = {(each.degree, each.threads): each for each in points(run()[0])}
    assert {each.degree: each.bound for each in found.values()} == {
        1: "memory", 4: "memory", 16: "memory", 64: "arithmetic", 256: "arithmetic"
    }  # fmt: skip
    assert all(each.share == pytest.approx(1, abs=0.01) for each in found.values())
    assert found[16, 1].intensity == 2


def test_a_step_is_from_one_number_of_threads_to_the_next_at_a_degree(monkeypatch):
    monkeypatch.setattr(_scaling_subject, "usable_cores", lambda: [0, 1, 2, 3])
    steps = steps_of(points(run(Model(memory_cores=2, cores=4))[0]))
    assert [(each.degree, each.threads, each.stops) for each in steps[:2]] == [(1, 1, False), (1, 2, True)]
    assert [(each.degree, each.threads, each.stops) for each in steps[-2:]] == [(256, 1, False), (256, 2, False)]


# What is said


def test_where_they_do_not_stop_it_says_so_with_the_evidence():
    words = said(Model())
    assert "One core copies 10.0 GB/s and computes 40.0 Gflop/s: they meet at 4 operations a byte, for poly at degree 32" in words
    assert "More threads do not stop helping here: 2 threads run degree 1 at 2.00x" in words
    assert "2 cores copy 2.00x as much as one, so one cannot use up the memory" in words
    assert "Remember: here neither memory nor cores stop threads" in words


def test_where_the_memory_stops_them_it_says_so():
    words = said(Model(memory_cores=1))
    assert "More threads stop helping at degree 1, 4 and 16: after 1 thread the next bring 1.00x" in words
    assert "a copy, which only moves memory, gains 1.00x too: the memory gives no more" in words
    assert "Remember: what only moves memory stops scaling first" in words


def test_where_even_arithmetic_stops_the_memory_is_not_blamed():
    words = said(Model(cores=1))
    assert "Remember: even arithmetic did not scale here" in words
    assert "do more with each byte" not in words


def test_what_neither_explains_is_not_explained():
    class Odd(Model):
        def call(self, case):
            return super().call(case) * (case.workers if case.kernel == "poly" and case.size > 1e5 else 1)

    assert "neither is used up, so it is something else" in said(Odd())


def test_noise_shows_nothing():
    words = said(Model(memory_cores=1.2, spread=0.2))
    assert "Whether they help could not be shown at degree" in words
    assert "cases were noisy" in words
    assert "Remember: before blaming" in words


def test_what_helps_is_told_beside_what_could_not_be_shown():
    [words] = [each for each in ROOFLINE.verdict(run(Model(memory_cores=1.2, spread=0.2))[0]) if "could not be shown at" in each]
    helping, unsure = words.split(". Whether ")
    assert helping.startswith("More threads help at degree ")
    assert "256 (" in helping
    assert "1 (" in unsure


def test_pages_are_blamed_where_they_are_cleared_and_where_it_shows():
    words = said(Model())
    assert "The article's g has 700 page faults a call" in words
    assert "clearing pages for each result is what holds its threads up, not the GIL" in words
    assert "the difference is the GIL, wanted back after each chunk" in words
    assert "could not be shown here" in said(Model(faults=0))


def test_pages_are_not_blamed_where_none_are_cleared():
    class Uncounted(Model):
        def sample(self, case, calls, digest=False):
            sample, digest = super().sample(case, calls, digest)
            return replace(sample, minor_faults=0), digest

    assert "is what holds its threads up" not in said(Uncounted())


def test_one_core(monkeypatch):
    monkeypatch.setattr(_scaling_subject, "usable_cores", lambda: [0])
    session, _, _ = run(Model(cores=1))
    alone, bounds = ROOFLINE.verdict(session)
    assert alone.startswith("One thread was measured")
    assert bounds.startswith("One core copies 10.0 GB/s")
    assert ROOFLINE.lines(session)


def test_the_tables_print():
    text = "\n".join(ROOFLINE.lines(run()[0]))
    assert "copied, GB/s (8 bytes read and 8 written)" in text
    assert "flops a byte" in text
    assert "faults a call" in text
    assert max(map(len, text.splitlines())) <= 120


def test_a_tiny_run(monkeypatch):
    from gilscope.running import run as run_experiment

    monkeypatch.undo()
    for name, size in (("SIZE", 100_000), ("PEAK_SIZE", 512)):
        monkeypatch.setattr(_roofline, name, size)
    plans = dict.fromkeys(("quick", "default"), Plan(blocks=2, sample_seconds=1e-4))
    monkeypatch.setitem(EXPERIMENTS, "roofline", replace(ROOFLINE, plans=plans))
    session = run_experiment("roofline", quick=True)
    assert ROOFLINE.lines(session)
    assert ROOFLINE.verdict(session)
