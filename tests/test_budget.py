"""Where the time of threads went: arithmetic on what each used, and on intervals made by hand. No clock."""

import numpy as np
import pytest

from gilscope.checking import Budget
from gilscope.checking._budget import Cost, budget_of, cost_of, queued_seconds
from gilscope.checking._workers import Share
from gilscope.machine import Usage
from gilscope.trace_data import TraceData
from gilscope.trace_events import HELD, OUTSIDE, WAITING, Intervals

MS = 1_000_000
LOSSES = ("gil", "blocked", "queued", "slower", "system")


def share(wall, cpu, queued=0, system=0, native_id=7, start=0):
    """What a worker used, for so long; all in milliseconds."""
    return Share(
        native_id, start * MS, (start + wall) * MS, Usage(cpu_seconds=cpu / 1e3, system_seconds=system / 1e3), queued * MS
    )


def cost(wall, cpu, system=0):
    """What a call costs alone, in milliseconds."""
    return Cost(wall / 1e3, cpu / 1e3, system / 1e3)


def waiting(milliseconds, end=100):
    """A trace of two threads, 7 and 8: the first waited for the GIL at the beginning, the other not at all."""
    starts = np.array([0, milliseconds, 0]) * MS
    stops = np.array([milliseconds, end, end]) * MS
    states = np.array([WAITING, HELD, OUTSIDE], np.uint8)
    return TraceData(0, end * MS, ["me", "other"], [7, 8], Intervals(np.array([0, 0, 1], np.uint16), states, starts, stops))


def rounded(budget):
    return {name: round(value, 6) for name, value in vars(budget).items() if name != "workers" and value > 1e-9}


def test_a_thread_that_does_what_it_does_alone_loses_nothing():
    assert rounded(budget_of([share(100, 100)], 10, cost(10, 10), None)) == {"useful": 1.0}


def test_sleep_that_a_call_needs_alone_is_useful():
    assert rounded(budget_of([share(100, 5)], 10, cost(10, 0.5), None)) == {"useful": 1.0}


def test_more_sleep_than_alone_is_blocked():
    assert rounded(budget_of([share(100, 40)], 4, cost(10, 10), None)) == {"useful": 0.4, "blocked": 0.6}


def test_sleep_while_waiting_for_the_gil_is_the_gils():
    found = budget_of([share(100, 40)], 4, cost(10, 10), waiting(50))
    assert rounded(found) == {"useful": 0.4, "gil": 0.5, "blocked": 0.1}


def test_processor_time_of_a_hand_over_is_the_gils():
    found = budget_of([share(100, 70, system=30)], 4, cost(10, 10), waiting(50))
    assert rounded(found) == {"useful": 0.4, "gil": 0.5, "system": 0.1}


def test_a_thread_that_was_woken_for_the_gil_and_queues_is_counted_once():
    found = budget_of([share(100, 40, queued=40)], 4, cost(10, 10), waiting(60))
    assert rounded(found) == {"useful": 0.4, "gil": 0.2, "queued": 0.4}


def test_processor_time_beyond_that_alone():
    found = budget_of([share(100, 100, system=35)], 5, cost(10, 10, system=1), None)
    assert rounded(found) == {"useful": 0.5, "system": 0.3, "slower": 0.2}


def test_the_split_of_processor_time_is_not_believed_beyond_the_sum():
    assert rounded(budget_of([share(100, 100, system=40)], 10, cost(10, 10), None)) == {"useful": 1.0}


def test_threads_are_added_up():
    found = budget_of([share(100, 100), share(100, 20, queued=80)], 12, cost(10, 10), None)
    assert (found.workers, rounded(found)) == (2, {"useful": 0.6, "queued": 0.4})


def test_a_thread_that_starts_late_waited_for_the_gil():
    shares = [share(50, 50, native_id=8), share(50, 50, start=50)]
    assert rounded(budget_of(shares, 10, cost(10, 10), waiting(50))) == {"useful": round(2 / 3, 6), "gil": round(1 / 3, 6)}


def test_or_for_a_core():
    shares = [share(50, 50, native_id=8), share(50, 50, start=50)]
    assert rounded(budget_of(shares, 10, cost(10, 10), waiting(0)))["queued"] == round(1 / 3, 6)
    assert rounded(budget_of(shares, 10, cost(10, 10), None))["blocked"] == round(1 / 3, 6)


def test_a_function_that_is_faster_beside_others_has_no_negative_loss():
    assert rounded(budget_of([share(80, 80)], 10, cost(10, 10), None)) == {"useful": 1.0}


def test_what_a_thread_queued_before_the_start_does_not_count():
    assert queued_seconds([share(100, 90, queued=40)]) == pytest.approx(0.01)
    assert queued_seconds([share(100, 101, queued=40)]) == 0


def test_the_cost_of_a_call_is_without_the_queue():
    assert cost_of([share(100, 50, queued=30, system=10)], 10) == pytest.approx(cost(7, 5, 1))


@pytest.mark.parametrize("gil", [0, 20, 60])
@pytest.mark.parametrize("queued", [0, 25])
@pytest.mark.parametrize("cpu", [40, 60])
@pytest.mark.parametrize("system", [0, 15])
def test_shares_add_up_to_one(gil, queued, cpu, system):
    found = budget_of([share(100, cpu, queued, system)], 4, cost(10, 9), waiting(gil))
    assert sum(getattr(found, name) for name in ("useful", *LOSSES)) == pytest.approx(1)


def test_the_largest_loss_is_none_of_other_programs():
    found = Budget(2, useful=0.2, gil=0.1, blocked=0.15, queued=0.5, slower=0.04, system=0.01)
    assert found.largest == "blocked"
    assert list(found.losses()) == ["blocked", "gil", "slower", "system"]


@pytest.mark.parametrize(
    ("useful", "queued", "kept"),
    [(0.9, 0.0, 0.9), (0.5, 0.5, 1.0), (0.4, 0.5, 0.4 / 0.6), (0.0, 1.0, 0.0), (1.0, 0.5, 1.0), (0.25, 0.0, 0.25)],
)
def test_kept_is_what_would_be_useful_without_a_queue(useful, queued, kept):
    assert Budget(2, useful, 0, 0, queued, 0, 0).kept == pytest.approx(kept)
