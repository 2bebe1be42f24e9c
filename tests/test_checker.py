"""Checking functions of which it is known what they do. What depends on speed is only looked at for being there."""

import ctypes
import math
import os
import threading
import time

import pytest

import gilscope as gs
from gilscope._native import tracer
from gilscope.checking import Function, _checker, _together
from gilscope.checking._checker import thread_counts
from gilscope.checking._profile import Profile
from gilscope.checking._together import Job, Sizes, _blocks, _jobs, together

if tracer.unavailable() is not None:
    pytest.skip(f"no tracer: {tracer.unavailable()}", allow_module_level=True)

QUICK = {"threads": 2, "repeat": 1, "number": 1}
HOLDING, RELEASING = ctypes.PyDLL(None).usleep, ctypes.CDLL(None).usleep
PROFILE = Profile(5, 1e-3, 1.0, 1.0, 1.0, 100)


@pytest.fixture(scope="module")
def held():
    return gs.Checker(**QUICK)(HOLDING, 2000)


def test_a_function_that_holds(held):
    assert (held.gil, held.releases, held.takes_per_call, held.method) == ("held", False, 0, "trace")
    assert held.released_fraction == 0
    assert held.longest_hold_ns >= 2_000_000
    assert held.seconds >= 0.002
    assert held.cause == "gil held"
    assert not held.scales


def test_what_is_measured_together(held):
    assert set(held.speedup) == set(held.ceilings["compute"]) == set(held.ceilings["copy"]) == {2}
    assert held.evidence.budget.workers == 2
    assert held.evidence.cores >= 1


def test_what_cannot_be_sent_to_processes_is_told(held):
    assert held.processes == {}
    assert "cannot be sent" in held.evidence.no_processes
    assert "processes cannot be sent" in str(held)


def test_a_function_that_releases():
    found = gs.Checker(**QUICK)(time.sleep, 0.002)
    assert (found.gil, found.releases, found.cause) == ("released", True, "waiting")
    assert found.released_fraction > 0.9
    assert set(found.processes) == {2}


def test_check_is_the_default_checker(monkeypatch):
    asked = []
    monkeypatch.setattr(_checker.Checker, "check", lambda self, subject: asked.append((self, subject)))
    gs.check(math.hypot, 3, 4)
    assert asked == [(gs.Checker(), Function(math.hypot, (3, 4), {}))]


def test_one_thread_tries_none():
    found = gs.Checker(threads=1)(math.hypot, 3, 4)
    assert (found.speedup, found.processes) == ({}, {})
    assert found.evidence.budget is None
    assert "threads" not in str(found)


def test_arguments_named_like_options_go_to_the_function():
    seen = []
    gs.Checker(threads=1)(lambda **named: seen.append(named), threads=3, function=1, self=2)
    assert seen[0] == {"threads": 3, "function": 1, "self": 2}


def test_what_a_function_raises_goes_through():
    with pytest.raises(ZeroDivisionError):
        gs.check(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        gs.Checker(**QUICK)(lambda: 1 // (threading.current_thread() is threading.main_thread()))
    assert gs.Checker(threads=1)(math.hypot, 3, 4).gil == "held"


def test_threads_can_have_arguments_of_their_own():
    shared = set()
    data = []
    checker = gs.Checker(**QUICK, processes=False)
    checker(lambda each: shared.add(id(each)), data)
    assert shared == {id(data)}
    owned = []
    gs.Checker(**QUICK, processes=False, own_arguments=True)(lambda each: owned.append(each), data)
    assert len({id(each) for each in owned}) > 2


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"threads": 0}, ValueError, "threads must be at least 1, not 0"),
        ({"threads": 2.0}, TypeError, "threads must be an integer, not float"),
        ({"repeat": True}, TypeError, "repeat must be an integer, not bool"),
        ({"number": -1}, ValueError, "number must be at least 1, not -1"),
        ({"at_least": 1.5}, ValueError, "at_least must be above 0 and at most 1, not 1.5"),
        ({"at_least": "a"}, TypeError, "at_least must be a number, not str"),
    ],
)
def test_options_are_checked(options, kind, message):
    with pytest.raises(kind, match=message):
        gs.Checker(**options)


def test_what_cannot_be_called():
    with pytest.raises(TypeError, match="function must be callable, not int"):
        gs.check(3)


def test_thread_counts():
    assert [thread_counts(most) for most in (1, 2, 3, 4, 6, 8)] == [(), (2,), (2, 3), (2, 4), (2, 4, 6), (2, 4, 8)]


def test_jobs_fill_a_sample():
    jobs = _jobs(PROFILE, Sizes((2, 4)))
    assert [job[1:] for job in jobs if job.subject == "it"] == [
        ("threads", 1, 15),
        ("threads", 2, 15),
        ("threads", 4, 15),
        ("processes", 4, 15),
    ]
    assert not [job for job in _jobs(PROFILE, Sizes((2,), processes=False)) if job.executor == "processes"]


def test_long_calls_are_sampled_once_and_short_ones_often():
    long = Profile(1, 10.0, 0.0, 0.0, 0.0, 100)
    assert _blocks(long, _jobs(long, Sizes((2,)))) == 1
    assert _blocks(PROFILE, _jobs(PROFILE, Sizes((2,)))) == _together.MOST_BLOCKS


def test_a_long_call_is_made_no_more_often_than_needed(monkeypatch):
    monkeypatch.setattr(_together, "LONG_SECONDS", 0.01)
    calls = []
    alone = Profile(1, 0.02, 1.0, 1.0, 1.0, 100)
    together(Function(lambda: calls.append(time.sleep(0.02))), alone, Sizes((2,), processes=False, blocks=1))
    assert len(calls) == 3  # one thread, then two


def fails_elsewhere(process):
    if os.getpid() != process:
        raise ArithmeticError("not in this process")


def test_processes_that_fail_are_left_out():
    found = together(Function(fails_elsewhere, (os.getpid(),)), PROFILE, Sizes((2,), blocks=1, calls=1))
    assert found.processes == {}
    assert found.no_processes == "ArithmeticError: not in this process"
    assert set(found.threads) == {2}


def test_samples_take_turns(monkeypatch):
    order = []
    sample = _together.Floor.sample
    monkeypatch.setattr(_together.Floor, "sample", lambda self, job: order.append(job) or sample(self, job))
    together(Function(math.hypot, (3, 4)), PROFILE, Sizes((2,), processes=False, blocks=2, calls=1))
    assert order[:6] == order[6:][::-1]
    assert len(order) == 12
    assert order[0] == Job("it", "threads", 1, 1)
