"""The self-test: that each check can fail, and that those without a clock pass here."""

import sys

import pytest

from gilscope import measure as module
from gilscope import selftest, selftest_tracer
from gilscope.results import Sample
from gilscope.selftest import CHECKS, NEED_TWO_CORES, Outcome, left_out, no_tracer, self_test
from gilscope.selftest_tracer import NEED_TRACER
from gilscope.tracing import TracerUnavailable

GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
CERTAIN = (selftest.same_code, selftest.ticker_held, selftest.ticker_released)  # nothing is timed


@pytest.mark.parametrize("check", CERTAIN, ids=lambda check: check.__name__)
def test_what_asks_no_clock_passes(check):
    passed, numbers = check()
    assert passed, numbers
    assert numbers


def test_each_check_says_its_name_and_numbers(monkeypatch):
    fakes = {"one": lambda: (True, "1 and 1"), "other": lambda: (False, "2 and 3")}
    monkeypatch.setattr(selftest, "CHECKS", fakes)
    assert list(self_test()) == [Outcome("one", True, "1 and 1"), Outcome("other", False, "2 and 3")]


def test_the_table():
    assert set(CERTAIN) <= set(CHECKS.values())
    assert (set(NEED_TRACER.values()) <= set(CHECKS.values())) == (no_tracer() is None)
    assert len({*CHECKS.values()} - {*NEED_TRACER.values()}) - len(CERTAIN) - 1 in (0, len(NEED_TWO_CORES))
    assert all(check.__doc__ for check in (*CHECKS.values(), *NEED_TWO_CORES.values(), *NEED_TRACER.values()))


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({}, []),
        ({"cores": 1}, ["the checks that need two cores are left out: there is one usable core"]),
        ({"reason": "there is none here"}, ["the checks of the tracer are left out: there is none here"]),
        ({"gil": False}, ["the checks of the tracer are left out: the GIL is off"]),
    ],
)
def test_what_is_left_out_is_told(monkeypatch, facts, told):
    monkeypatch.setattr(selftest, "usable_cores", lambda: list(range(facts.get("cores", 2))))
    monkeypatch.setattr(selftest.tracer, "unavailable", lambda: facts.get("reason"))
    monkeypatch.setattr(selftest, "gil_is_on", lambda: facts.get("gil", True))
    assert left_out() == told


def test_a_tracer_that_does_not_start_has_failed(monkeypatch):
    def check():
        raise TracerUnavailable("the GIL cannot be traced: it is another's")

    monkeypatch.setattr(selftest, "CHECKS", {"tracer": check})
    assert list(self_test()) == [Outcome("tracer", False, "the GIL cannot be traced: it is another's")]


class Made:
    """A machine that makes speed-ups for the ids that start so."""

    def __init__(self, speedups):
        self._speedups = speedups

    def __call__(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def new_group(self):
        pass

    def sample(self, case, calls, digest=False):
        seconds = 1e-3 / next((speedup for start, speedup in self._speedups.items() if case.id.startswith(start)), 1.0)
        return Sample(seconds, calls, seconds * calls, seconds * calls, 0, 0, 0, 0.0), "same"


@pytest.fixture
def outcomes(monkeypatch):
    """Return which of the checks that need two cores pass, by the names of their functions."""
    monkeypatch.setattr(module, "available_memory", lambda: 2**40)

    def judge(speedups, gil=True):
        monkeypatch.setattr(selftest, "Machine", Made(speedups))
        monkeypatch.setattr(selftest, "gil_is_on", lambda: gil)
        selftest.measured.cache_clear()
        found = {check.__name__: check() for check in NEED_TWO_CORES.values()}
        selftest.measured.cache_clear()
        return {name for name, (passed, _) in found.items() if passed}, {name: numbers for name, (_, numbers) in found.items()}

    return judge


WELL = {"exp.c.released/": 1.9, "exp.ctypes.released/": 1.89}
ALL = {check.__name__ for check in NEED_TWO_CORES.values()}


def test_where_all_is_well_all_pass(outcomes):
    passed, numbers = outcomes(WELL)
    assert passed == ALL
    assert numbers["native_ceiling"] == "1.90x [1.90, 1.90]" or numbers["native_ceiling"].startswith("1.90")
    assert numbers["held_alone"].startswith("1.00")


@pytest.mark.parametrize(
    ("speedups", "failing"),
    [
        ({**WELL, "exp.c.held/threads": 1.8}, {"held_alone"}),
        ({"exp.c.released/native": 1.9}, {"released_scales"}),
        ({**WELL, "exp.ctypes.released/": 1.5}, {"ctypes_agrees"}),
        ({}, {"native_ceiling"}),
    ],
)
def test_each_can_fail(outcomes, speedups, failing):
    assert ALL - outcomes(speedups)[0] == failing


def test_with_the_gil_off_held_scales(outcomes):
    assert outcomes({**WELL, "exp.c.held/threads": 1.9}, gil=False)[0] == ALL
    assert "held_alone" not in outcomes(WELL, gil=False)[0]


@pytest.mark.skipif(not GIL, reason="there is no GIL to keep")
def test_the_tickers_can_fail(monkeypatch):
    wrong = {"c.held": "c.released", "c.released": "c.held"}
    large_call = selftest.large_call
    monkeypatch.setattr(selftest, "large_call", lambda name: large_call(wrong[name]))
    assert not selftest.ticker_held()[0]
    assert not selftest.ticker_released()[0]


def test_a_against_a_can_fail(monkeypatch):
    class Slower(Made):
        """The second of two samples takes longer."""

        def sample(self, case, calls, digest=False):
            self.turn = 0 if digest else getattr(self, "turn", 0) + 1
            seconds = 0.1 * (1.1 if self.turn % 2 else 1)
            return Sample(seconds, calls, seconds * calls, 0.0, 0, 0, 0, 0.0), "same"

    monkeypatch.setattr(selftest, "Machine", Slower({}))
    assert not selftest.a_against_a()[0]
    monkeypatch.setattr(selftest, "Machine", Made({}))
    assert selftest.a_against_a() == (True, "1.00 [1.00, 1.00] (99 % interval)")


# The tracer

needs_tracer = pytest.mark.skipif(no_tracer() is not None, reason=f"nothing to trace: {no_tracer()}")


@needs_tracer
def test_the_tracer_agrees_with_a_ticker():
    passed, numbers = selftest_tracer.ticker_agrees()
    assert passed, numbers
    assert numbers.startswith("exp.c.held: held 100.0%, 0 ticks, exp.c.released: held ")


@needs_tracer
def test_the_known_duty_is_told_nearly():
    """The check's own bound is for a machine that somebody measures on; here others may want the cores."""
    assert all(abs(selftest_tracer.error(duty)) < 20 for duty in selftest_tracer.DUTIES)


@needs_tracer
def test_a_tracer_that_is_far_off_fails(monkeypatch):
    waiting = selftest_tracer.waiting
    monkeypatch.setattr(selftest_tracer, "waiting", lambda _, percent: waiting(selftest_tracer.ctypes.PyDLL, percent))
    passed, numbers = selftest_tracer.known_duty()  # nothing is released, whatever the stamps say
    assert not passed
    assert numbers.startswith(("+9", "+8"))


@pytest.mark.parametrize(("off", "passed"), [(0.9, True), (-0.9, True), (1.1, False), (-1.1, False)])
def test_it_is_a_point_that_it_may_be_off(monkeypatch, off, passed):
    monkeypatch.setattr(selftest_tracer, "error", lambda duty: off if duty == 50 else 0.0)
    assert selftest_tracer.known_duty() == (passed, f"+0.00 points at 10 %, {off:+.2f} points at 50 %, +0.00 points at 90 %")


@pytest.mark.parametrize(("found", "passed"), [((1.0, 0), True), ((0.1, 5), True), ((1.0, 5), False), ((0.1, 0), False)])
def test_tracer_and_ticker_can_disagree(monkeypatch, found, passed):
    monkeypatch.setattr(selftest_tracer, "beside_a_ticker", lambda call: found if call == "odd" else (1.0, 0))
    monkeypatch.setattr(selftest_tracer, "calls", lambda: {"usual": "usual", "odd": "odd"})
    assert selftest_tracer.ticker_agrees()[0] is passed
