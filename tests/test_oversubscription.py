"""What `oversubscription` measures and says: on a machine that is a formula. No clock, no threads."""

import random
from dataclasses import replace

import pytest

from gilscope import measure as measuring
from gilscope.cases import case_of
from gilscope.experiments import EXPERIMENTS, Request, _oversubscription
from gilscope.experiments._oversubscription import OVERSUBSCRIPTION
from gilscope.experiments._oversubscription_words import ROUTINES, best_of, cells_of, cpu_of_one_call
from gilscope.measure import Plan, measure
from gilscope.results import Sample, Session
from gilscope.running import run as run_experiment

CALL = 0.03


class Model:
    """A sampler: BLAS's threads overlap, Python's where the GIL is released, and more than there are cores cost something."""

    def __init__(self, cores=2, crowding=0.0, spread=0.001, held=("det.numpy",)):
        self._cores, self._crowding, self._spread, self._held = cores, crowding, spread, held
        self._random = random.Random(0)
        self.taken = []

    def new_group(self):
        pass

    def sample(self, case, calls, digest=False):
        self.taken.append(case.id)
        seconds = self.call(case) * self._random.uniform(1 - self._spread, 1 + self._spread)
        used = min(case.workers * case.blas_threads, self._cores)
        return Sample(seconds, calls, seconds * calls, seconds * calls * used, 0, 0, 0, 0.0), "same"

    def call(self, case):
        keeps = case.call in self._held and case.executor == "threads"
        python = 1 if keeps else case.workers
        crowded = python * case.blas_threads > self._cores
        overhead = 1 + 0.02 * (case.blas_threads > 1) + self._crowding * crowded
        return CALL * overhead / min(python * case.blas_threads, self._cores)


LIBRARIES = [{"user_api": "blas", "internal_api": "openblas", "num_threads": 2}]


@pytest.fixture(autouse=True)
def much_memory(monkeypatch):
    monkeypatch.setattr(measuring, "available_memory", lambda: 2**44)


def run(monkeypatch, sampler=None, cores=2, quick=False, libraries=LIBRARIES, session=None):
    monkeypatch.setattr(_oversubscription, "usable_cores", lambda: list(range(cores)))
    facts = {"gil": True, "cores_usable": cores, "libraries": libraries}
    session, plan = session or Session("oversubscription", facts), OVERSUBSCRIPTION.plans["default"]
    sampler = sampler or Model()
    course = OVERSUBSCRIPTION.course(Request(quick=quick), session, plan, sampler)
    return session, [group for group, _ in measure(course.groups, session, plan, sampler)], course


def said(*arguments, **options):
    return " ".join(OVERSUBSCRIPTION.verdict(run(*arguments, **options)[0]))


# What is measured


UP_TO_CORES = {(1, 1), (1, 2), (2, 1), (2, 2)}


@pytest.mark.parametrize(("quick", "cells"), [(True, UP_TO_CORES), (False, UP_TO_CORES | {(1, 4), (4, 1)})])
def test_every_number_of_python_threads_with_every_number_of_blas_threads_but_both_beyond_the_cores(monkeypatch, quick, cells):
    session, groups, course = run(monkeypatch, quick=quick)
    assert [group.name for group in groups] == list(ROUTINES)
    assert groups[-1].until == 1
    assert course.seconds
    for call in ROUTINES:
        assert {*cells_of(session, call)} == cells


def test_where_blas_has_more_threads_than_cores_that_is_tried(monkeypatch):
    session, _, _ = run(monkeypatch, quick=True, libraries=[{**LIBRARIES[0], "num_threads": 16}])
    assert {blas for _, blas in cells_of(session, "inv.numpy")} == {1, 16}


def test_a_cell_is_against_one_of_each_and_as_many_threads_as_cores_have_a_ceiling(monkeypatch):
    session, _, _ = run(monkeypatch)
    for result in session:
        case = case_of(result.case)
        assert result.speedup.baseline == f"{case.call}/serial/{result.id.split('/')[2]}"
        assert (result.ceiling is not None) == ((case.workers, case.blas_threads) == (2, 1))


def test_a_resumed_run_measures_nothing_twice(monkeypatch):
    session, _, _ = run(monkeypatch)
    again = Model()
    run(monkeypatch, again, session=session)
    assert again.taken == []


# What is said


def test_the_best_cell_is_the_one_with_the_fewest_threads(monkeypatch):
    session, _, _ = run(monkeypatch)
    assert best_of(cells_of(session, "product.numpy")) == (2, 1)
    assert best_of(cells_of(session, "det.numpy")) == (1, 2)
    assert cpu_of_one_call(cells_of(session, "product.numpy")[1, 2]) == pytest.approx(2)


def test_each_routine_has_a_sentence(monkeypatch):
    words = said(monkeypatch)
    assert "A @ B: best is 2 Python threads with 1 BLAS thread, 2.00x" in words
    assert "2 Python threads reach 1.96x with BLAS left alone (2 threads) and 2.00x with it limited to one" in words
    assert "det: best is 1 Python thread with 2 BLAS threads" in words


def test_what_keeps_the_gil_is_told_by_the_processes_beside_it(monkeypatch):
    assert said(monkeypatch).count("the call keeps the GIL") == 1
    assert "the call keeps the GIL" not in said(monkeypatch, Model(held=()))
    assert "the call keeps the GIL" not in said(monkeypatch, Model(cores=1))


def test_too_many_threads_cost_or_do_not(monkeypatch):
    assert "not both at once; both cost A @ B, inv and svd here" in said(monkeypatch, Model(crowding=1.0))
    assert "that both at once cost something could not be shown here" in said(monkeypatch, Model())
    assert "that both at once cost something could not be shown here" in said(monkeypatch, Model(crowding=0.2, spread=0.5))


def test_too_many_blas_threads_alone_are_told_where_one_call_gets_slower(monkeypatch):
    told = "with 4, one call is slower than with one: A @ B (0.33x), inv (0.33x), svd (0.33x) and det (0.33x)."
    assert told in said(monkeypatch, Model(crowding=5.0))
    for unmoved in (Model(), Model(crowding=0.9, spread=0.9)):
        assert "one call is slower" not in said(monkeypatch, unmoved)


def test_noise_is_told(monkeypatch):
    assert "cases were noisy" in said(monkeypatch, Model(spread=0.5))


def test_what_the_doctor_advises_is_told(monkeypatch):
    assert "gilscope doctor: 2 threads of your own that call BLAS are 2 x 2 = 4 threads on 2 cores" in said(monkeypatch)


def test_without_a_blas_that_can_be_limited_it_says_so(monkeypatch):
    session, _, _ = run(monkeypatch, libraries=[])
    assert {blas for call in ROUTINES for _, blas in cells_of(session, call)} == {1}
    assert OVERSUBSCRIPTION.verdict(session)[0].startswith("NumPy here has no BLAS whose threads can be limited")
    assert OVERSUBSCRIPTION.lines(session)


def test_one_core(monkeypatch):
    serial = Session("oversubscription", {"gil": True, "cores_usable": 1, "libraries": LIBRARIES})
    for result in run(monkeypatch)[0]:
        if result.case["executor"] == "serial":
            serial.add(result)
    assert OVERSUBSCRIPTION.verdict(serial)[0].startswith("One core: neither")
    assert OVERSUBSCRIPTION.lines(serial)


def test_the_heat_maps_print(monkeypatch):
    text = "\n".join(OVERSUBSCRIPTION.lines(run(monkeypatch)[0]))
    assert "A @ B, 800 x 800, 30 ms; BLAS threads" in text
    assert "2 Python threads" in text
    assert "cores that one call uses" in text
    assert text.count("*") == 1 + len(ROUTINES)


def test_a_tiny_run(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(_oversubscription, "QUICK_SIDES", dict.fromkeys(ROUTINES, 12))
    plans = dict.fromkeys(("quick", "default"), Plan(blocks=1, sample_seconds=1e-4))
    monkeypatch.setitem(EXPERIMENTS, "oversubscription", replace(OVERSUBSCRIPTION, plans=plans))
    session = run_experiment("oversubscription", quick=True)
    assert OVERSUBSCRIPTION.lines(session)
    assert OVERSUBSCRIPTION.verdict(session)
