"""From evidence to a cause, with no clock: evidence recorded by `gilscope check --json` (tests/evidence), and made up by hand."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from synthetic_evidence import SYNTHETIC, budget, call, sixteen, speedups

from gilscope.checking import Evidence, Verdict
from gilscope.checking._causes import CAUSES, cause_of
from gilscope.checking._signs import cores_are_busy, lost, mean_hold, mean_stretch, scales
from gilscope.stats import Interval

FOLDER = Path(__file__).parent / "evidence"
# What was recorded on two cores, and what is right of it.
RECORDED = {
    "exp_held": ("held", "gil held"),
    "holds_three_quarters": ("partial", "gil held"),
    "exp_released": ("released", "scales"),
    "exp_per_item": ("partial", "gil contention"),
    "exp_of_1000": ("partial", "too small"),
    "matmul_free": ("released", "already parallel"),
    "dot_of_vectors_free": ("held", "already parallel"),
    "sleep": ("released", "waiting"),
    "one_generator": ("released", "lock"),
    "beside_a_build": ("released", "noisy machine"),
}
TWO = Evidence(call(), cores=2, threads=speedups(1.0), compute=speedups(1.97), copy=speedups(1.95))


def two(useful=0.5, alone=None, **lost):
    """Evidence of two threads on two cores that make no progress, for this reason."""
    return replace(TWO, alone=alone or TWO.alone, budget=budget(2, useful, **lost))


def named(e, at_least=0.8):
    return cause_of(e, at_least).name


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_evidence(name):
    recorded = Verdict.from_dict(json.loads((FOLDER / f"{name}.json").read_text()))
    assert (recorded.gil, recorded.cause) == RECORDED[name]


def test_all_recorded_evidence_is_labelled():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(RECORDED)


@pytest.mark.parametrize("case", SYNTHETIC, ids=[each.name for each in SYNTHETIC])
def test_synthetic_evidence(case):
    assert named(case.evidence) == case.cause
    assert case.source


def test_there_is_evidence_for_each_cause():
    labels = {cause for _, cause in RECORDED.values()} | {case.cause for case in SYNTHETIC}
    assert labels == {cause.name for cause in CAUSES}


def test_the_last_cause_always_applies():
    assert CAUSES[-1].applies(Evidence(call(), cores=2), 0.8)
    assert len({cause.name for cause in CAUSES}) == len(CAUSES)


# --- what is believed ----------------------------------------------------------------------------------------------------------


OF_LOSS = {"gil": "gil contention", "blocked": "lock", "system": "lock", "slower": "memory bandwidth"}


@pytest.mark.parametrize("loss", OF_LOSS)
def test_the_largest_loss_is_the_cause(loss):
    smaller = dict.fromkeys(OF_LOSS, 0.1)
    often = call(0.01, takes=300)
    assert named(two(alone=often if loss == "gil" else call(2e-3), **{**smaller, loss: 0.3})) == OF_LOSS[loss]


def test_a_loss_is_believed_only_if_it_exceeds_what_other_programs_took():
    assert named(two(queued=0.2, blocked=0.3)) == "lock"
    assert named(two(queued=0.3, blocked=0.2)) == "noisy machine"


def test_a_small_loss_explains_nothing():
    assert not lost(two(0.9, blocked=0.04), "blocked")
    assert named(two(0.9, blocked=0.04)) == "unknown"


def test_threads_that_queue_for_each_other_are_no_noise():
    e = Evidence(call(), cores=2, threads=speedups(1.9, 1.9), budget=budget(4, 0.5, queued=0.5))
    assert e.disturbed == 0
    assert not cores_are_busy(e)
    assert cores_are_busy(replace(e, cores=4))


@pytest.mark.parametrize(
    "noise", [{"spread": 0.5}, {"compute": {2: Interval(1.5, 1.1, 1.9)}}, {"budget": budget(2, 0.5, queued=0.4)}]
)
def test_what_shows_that_the_machine_is_busy(noise):
    assert not cores_are_busy(TWO)
    assert cores_are_busy(replace(TWO, **noise))


def test_on_a_busy_machine_the_time_with_a_core_counts():
    assert named(two(0.5, queued=0.49, slower=0.01)) == "scales"
    assert named(two(0.4, queued=0.4, gil=0.2)) == "noisy machine"


def test_on_a_busy_machine_nothing_is_said_of_threads_that_take_the_gil_often():
    often = call(seconds=1e-3, takes=100)
    assert mean_stretch(two(alone=often)) < 60e-6
    assert named(two(0.5, often, queued=0.49)) == "noisy machine"


def test_without_a_budget_the_speed_up_decides():
    assert scales(replace(TWO, threads=speedups(1.9)), 0.8)
    assert named(replace(TWO, threads=speedups(1.3))) == "unknown"


# --- single rules --------------------------------------------------------------------------------------------------------------


def test_scaling_is_a_share_of_the_ceiling():
    e = replace(TWO, threads=speedups(1.5))
    assert named(e, 0.7) == "scales"
    assert named(e, 0.8) == "unknown"
    assert named(replace(e, compute=speedups(1.6), copy={})) == "scales"
    assert named(replace(e, compute=speedups(1.0), copy={})) == "unknown", "no ceiling above one thread"


def test_what_holds_never_scales():
    assert named(replace(TWO, alone=call(released=0.05), threads=speedups(1.9))) == "gil held"


def test_cores_in_use_do_not_depend_on_other_programs():
    def in_use(process, thread, queued, background=0.0):
        alone = call(process_cpu_share=process, cpu_share=thread, queued_share=queued)
        return replace(TWO, alone=alone, background=background).cores_in_use

    assert in_use(2.0, 1.0, 0.0) == pytest.approx(2)
    assert in_use(0.6, 0.3, 0.7) == pytest.approx(2)
    assert in_use(0.3, 0.3, 0.7) == pytest.approx(1)
    assert in_use(0.3, 0.3, 0.9) == pytest.approx(1), "a thread on a core does not queue"
    assert in_use(1.9, 1.0, 0.0, background=0.9) == pytest.approx(1)


def test_a_call_that_holds_and_is_parallel_is_held_if_processes_do_better():
    e = replace(TWO, alone=call(released=0, takes=0, process_cpu_share=1.9), threads=speedups(1.0))
    assert named(replace(e, processes=speedups(1.1))) == "already parallel"
    assert named(replace(e, processes=speedups(1.8))) == "gil held"
    assert named(replace(e, processes={2: Interval(1.8, 1.4, 1.9)})) == "already parallel", "not surely better"
    busy = replace(e, processes=speedups(1.8), spread=0.5)
    assert named(busy) == "already parallel", "more processes get more of a busy machine"


def test_half_of_the_cores_in_use_leave_room_for_threads():
    e = sixteen(call(process_cpu_share=4.0), (1.9, 3.8, 7.6, 14.0), {})
    assert named(e) == "scales"
    assert named(replace(e, threads=speedups(1.9, 3.5, 3.8, 3.9))) == "already parallel"


@pytest.mark.parametrize("hold", [20e-6, 200e-6])
def test_long_holds_are_the_gils_and_short_ones_contention(hold):
    takes = 9
    alone = call(seconds=10 * hold / 0.4, released=0.6, takes=takes)
    assert mean_hold(two(alone=alone)) == pytest.approx(hold)
    assert named(two(0.3, alone, gil=0.6)) == ("gil held" if hold > 60e-6 else "gil contention")


@pytest.mark.parametrize(("seconds", "cause"), [(5e-6, "too small"), (50e-6, "too small"), (1e-3, "gil contention")])
def test_a_short_call_is_all_hand_over(seconds, cause):
    assert named(two(0.7, call(seconds, longest=1e-6), gil=0.3)) == cause


def test_processor_time_of_many_hand_overs_is_contention():
    assert named(two(0.3, call(1e-3, 0.9, takes=500), gil=0.2, slower=0.3)) == "gil contention"
    assert named(two(0.3, call(1e-3, 0.9, takes=2), gil=0.2, slower=0.3)) == "memory bandwidth"
    assert named(two(0.3, call(1e-3, 0.9, takes=500), gil=0.1, slower=0.1, queued=0.5)) == "noisy machine"


def test_a_short_call_is_too_small_whatever_it_does():
    assert named(replace(TWO, alone=call(2e-6, 0.0, takes=0, longest=2e-6))) == "too small"
    assert named(replace(TWO, alone=call(20e-6, 0.0, takes=0, longest=20e-6))) == "gil held"


def test_a_short_call_with_many_releases_is_contention():
    assert named(two(0.3, call(1e-4, 0.6, takes=50, longest=1e-6), gil=0.6)) == "gil contention"


@pytest.mark.parametrize("seconds", [5e-6, 20e-6])
def test_a_short_call_that_scales_is_not_too_small(seconds):
    assert named(replace(TWO, alone=call(seconds), threads=speedups(1.9))) == "scales"


def test_other_programs_use_memory_too():
    assert named(two(0.3, slower=0.7)) == "memory bandwidth"
    assert named(two(0.3, queued=0.2, slower=0.5)) == "noisy machine"


def test_calls_that_take_the_gil_once_cannot_wait_long_for_it():
    assert named(two(0.7, call(0.03), gil=0.3)) == "noisy machine"
    assert named(two(0.7, call(0.03, 0.6), gil=0.3)) == "gil held"


def test_a_call_that_waits_for_a_pool_is_parallel():
    pool = call(cpu_share=0.02, process_cpu_share=0.6)
    assert named(two(0.5, pool, blocked=0.5)) == "already parallel"
    assert named(two(0.5, replace(pool, process_cpu_share=0.1), blocked=0.5)) == "lock"
    assert named(replace(TWO, alone=pool, threads=speedups(1.9))) == "scales"


def test_waits_overlap_unless_threads_wait_for_each_other():
    sleeping = call(cpu_share=0.01, process_cpu_share=0.01)
    assert named(two(1.0, sleeping)) == "waiting"
    assert named(two(0.9, sleeping, blocked=0.1)) == "waiting"
    assert named(two(0.66, sleeping, blocked=0.33)) == "lock"
    assert named(two(1.0, replace(sleeping, released_fraction=0.0))) == "gil held"


def test_a_thread_that_queues_does_not_wait():
    assert named(two(0.5, call(cpu_share=0.3, queued_share=0.7, process_cpu_share=0.3), queued=0.5)) == "scales"


@pytest.mark.parametrize("loss", ["system", "blocked", "slower"])
def test_pages_explain_what_a_call_that_maps_many_loses(loss):
    mapping = call(faults=5000, system_share=0.5)
    assert named(two(alone=mapping, **{loss: 0.5})) == "page faults"
    assert named(two(alone=replace(mapping, system_share=0.01), **{loss: 0.5})) != "page faults"
    assert named(two(alone=replace(mapping, faults=0), **{loss: 0.5})) != "page faults"


def test_without_a_trace_a_partial_hold_explains_blocked_threads():
    ticked = call(0.01, 0.5, takes=0, longest=5e-3, method="ticker")
    assert named(two(alone=ticked, blocked=0.5)) == "gil held"
    assert named(two(alone=replace(ticked, released_fraction=0.99), blocked=0.5)) == "lock"


def test_without_a_gil_nothing_is_held():
    assert named(replace(TWO, alone=call(released=1, takes=0, method="off"), threads=speedups(1.9))) == "scales"
    assert named(two(alone=call(released=1, takes=0, method="off"), blocked=0.5)) == "lock"
