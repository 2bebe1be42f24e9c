"""Measuring, by a sampler that is a list of numbers: the order of steps and what the samples say. No clock, no threads."""

from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import BASELINE, HELD, NATIVE, NUMPY, PAIR, PLAN, RELEASED, SIZE, Script, measured, new_session

from gilscope import measure as module
from gilscope.cases import Case, baseline_of, ceiling_of
from gilscope.executors import NotSendable
from gilscope.machine import Usage
from gilscope.measure import CEILINGS, Group, Plan, calibrate, known_results, measure, sample_of
from gilscope.results import Sample, load
from gilscope.sampling import Share

pytestmark = pytest.mark.usefixtures("much_memory")

# The order of steps


def test_the_order_of_steps():
    sampler = Script()
    steps = sampler.steps
    groups = measure(
        [PAIR, NUMPY],
        new_session(),
        PLAN,
        sampler,
        save=lambda session: steps.append(f"save {len(session)}"),
        tick=lambda: steps.append("tick"),
    )
    for group, results in groups:
        steps.append(f"yield {group.name} {len(results)}")
    pair = [BASELINE.id, HELD.id, NATIVE.id, RELEASED.id]
    numpy = ["exp.numpy/serial/1e3", "exp.numpy/threads-2/1e3", "exp.numpy/processes-2/1e3"]
    assert list(dict.fromkeys(steps)) == list(dict.fromkeys(expected(pair, 4) + expected(numpy, 7, "numpy")))
    one_by_one = [step for step in steps if not step.startswith("warm")]
    assert one_by_one == [step for step in expected(pair, 4) + expected(numpy, 7, "numpy") if not step.startswith("warm")]


def expected(ids, saved, name="pair"):
    """What happens to a group: guard, warm up all, blocks forward and backward, save, yield."""
    take = [f"take {id}" for id in ids]
    return [
        "new group",
        *(f"probe {id.replace('1e3', '10')}" for id in ids if "serial" in id),
        *(f"warm {id}" for id in ids),
        *(*take, "tick", *take[::-1], "tick", *take, "tick"),
        f"save {saved}",
        f"yield {name} {len(ids)}",
    ]


def test_all_cases_are_warm_before_the_first_block():
    sampler = Script()
    measured(PAIR, sampler)
    kinds = [step.split()[0] for step in sampler.steps]
    assert kinds == sorted(kinds, key=["new", "probe", "warm", "take"].index)


def test_baselines_and_ceilings_join_the_group_once():
    assert PAIR.all_cases() == (BASELINE, HELD, NATIVE, RELEASED)
    assert Group("all", (*PAIR.cases, BASELINE, NATIVE)).all_cases() == PAIR.all_cases()
    assert Group("serial", (Case("exp.python", 10),)).all_cases() == (Case("exp.python", 10),)


def test_nothing_is_measured_before_it_is_asked_for():
    sampler, session = Script(), new_session()
    groups = measure([PAIR, NUMPY], session, PLAN, sampler)
    assert sampler.steps == []
    next(groups)
    assert not any("numpy" in step for step in sampler.steps)
    assert len(session) == 4


def test_each_saved_file_is_a_session(tmp_path):
    session, path, sizes = new_session(), tmp_path / "session.json", []
    for _ in measure([PAIR, NUMPY], session, PLAN, Script(), save=lambda session: session.save(path)):
        assert load(path) == session
        sizes.append(len(load(path)))
    assert sizes == [4, 7]


# Calibration


@given(st.floats(1e-9, 100), st.integers(1, 16), st.floats(1e-3, 10))
def test_a_sample_is_long_enough_and_shared_evenly(seconds, workers, sample_seconds):
    case = Case("exp.c.released", SIZE, "threads", workers)
    calls, checksum = calibrate(case, Plan(sample_seconds=sample_seconds), Script({case.id: [seconds]}))
    assert calls % workers == 0
    assert calls * seconds >= sample_seconds * (1 - 1e-9)
    assert calls == workers or (calls - workers) * seconds <= sample_seconds * (1 + 1e-9)
    assert checksum == "same"


class Interrupted(Script):
    """A sampler whose first sample takes longer."""

    def __init__(self, seconds, longer):
        super().__init__({RELEASED.id: [seconds]})
        self.longer = longer

    def sample(self, case, calls, digest=False):
        sample, checksum = super().sample(case, calls, digest)
        longer, self.longer = self.longer, 0.0
        return replace(sample, wall_seconds=sample.wall_seconds + longer), checksum


@pytest.mark.parametrize("longer", [0.002, 0.004, 0.05])
def test_an_interruption_does_not_make_short_calls_seem_long(longer):
    calls, _ = calibrate(RELEASED, Plan(sample_seconds=0.01), Interrupted(1e-6, longer))
    assert calls * 1e-6 == pytest.approx(0.01, rel=0.01)


def test_the_calls_stay_what_calibration_found():
    sampler = Script({BASELINE.id: [0.01, 0.02, 5.0]})
    results = measured(PAIR, sampler)
    assert all(len(calls) == 1 for calls in sampler.calls.values())
    assert sampler.calls[BASELINE.id] == {100}
    assert [sample.calls for sample in results[BASELINE.id].samples] == [100] * 3


# What the samples say


def test_a_ratio_is_taken_within_a_block():
    # The machine gets slower from block to block, for all cases alike.
    drift = [1.0, 10.0, 100.0]
    results = measured(PAIR, Script({BASELINE.id: [2 * each for each in drift], HELD.id: drift}))
    speedup = results[HELD.id].speedup
    assert (speedup.low, speedup.value, speedup.high) == (2, 2, 2)
    assert (results[HELD.id].seconds.low, results[HELD.id].seconds.high) == (1, 100)


def test_a_ratio_is_the_median_of_ratios_not_the_ratio_of_medians():
    baseline, case = [1.0, 10.0, 100.0], [1.0, 1.0, 100.0]
    assert median(baseline) / median(case) == 10
    results = measured(PAIR, Script({BASELINE.id: baseline, RELEASED.id: case}))
    assert results[RELEASED.id].speedup.value == 1


def test_the_second_block_runs_backward_but_is_paired_all_the_same():
    sampler = Script({BASELINE.id: [1.0, 2.0, 3.0], NATIVE.id: [0.5, 1.0, 1.5], RELEASED.id: [1.0, 2.0, 3.0]})
    results = measured(PAIR, sampler)
    assert results[RELEASED.id].ceiling.value == results[RELEASED.id].ceiling.low == 2
    assert results[RELEASED.id].speedup.value == results[RELEASED.id].speedup.high == 1


def test_efficiency_is_speedup_over_ceiling():
    result = measured(PAIR, Script({BASELINE.id: [2.0], NATIVE.id: [1.0], RELEASED.id: [1.25]}))[RELEASED.id]
    assert result.speedup.value == 1.6
    assert result.speedup.baseline == BASELINE.id
    assert result.ceiling.value == 2.0
    assert result.efficiency == pytest.approx(0.8)


def test_above_the_ceiling_is_shown():
    result = measured(PAIR, Script({BASELINE.id: [2.0], NATIVE.id: [1.0], RELEASED.id: [0.5]}))[RELEASED.id]
    assert result.efficiency == 2


def test_a_serial_case_has_no_ceiling():
    result = measured(PAIR, Script())[BASELINE.id]
    assert (result.ceiling, result.efficiency, result.speedup.value) == (None, None, 1)


def test_a_result_says_what_ran():
    native, numpy = measured(PAIR, Script()), measured(NUMPY, Script())
    assert native[HELD.id].loop_address == native[RELEASED.id].loop_address == native[NATIVE.id].loop_address
    assert native[HELD.id].isa
    assert native[HELD.id].ceiling.kind == CEILINGS["native"]
    assert numpy["exp.numpy/threads-2/1e3"].loop_address is None
    assert numpy["exp.numpy/threads-2/1e3"].ceiling.kind == CEILINGS["processes"]
    assert native[HELD.id].working_set_bytes == 2 * 2 * 8 * SIZE
    assert native[HELD.id].case["asked"] == HELD.id


def test_pinned_says_whether_each_worker_had_a_core(monkeypatch):
    for cores, pinned in (([0, 1], True), ([0], False)):
        monkeypatch.setattr(module, "usable_cores", lambda cores=cores: cores)
        results = measured(PAIR, Script())
        assert (results[BASELINE.id].pinned, results[HELD.id].pinned) == (True, pinned)


def test_shares_add_up():
    shares = [Share(10, 1_000_000_010, Usage(0.5, 1, 2, 3)), Share(5, 2_000_000_005, Usage(1.5, 10, 20, 30))]
    assert sample_of(shares, 4, 0.25) == Sample(0.5, 4, 2.0, 2.0, 11, 22, 33, 0.25, pytest.approx(2 / 3))


def test_workers_that_mostly_wait_are_not_uneven():
    shares = [Share(0, 10**9, Usage(each, 0, 0, 0)) for each in (0.01, 0.2)]
    assert sample_of(shares, 2, 0.0).cpu_imbalance == 0


# Noise


def notes_of(sampler, case):
    result = measured(PAIR, sampler, Plan(blocks=5, sample_seconds=1.0))[case.id]
    assert result.noisy == bool(result.notes)
    return result.notes


def test_quiet_samples_have_no_notes():
    for case in (BASELINE, HELD, NATIVE, RELEASED):
        assert notes_of(Script({case.id: [1.0, 1.01, 0.99, 1.0, 1.02]}), case) == ()


def test_a_spread_is_noisy():
    assert notes_of(Script({HELD.id: [1.0, 1.0, 1.0, 1.2, 1.3]}), HELD) == ("samples spread by 20% of their median",)


def test_one_outlier_is_not_a_spread():
    assert notes_of(Script({HELD.id: [1.0, 1.0, 1.0, 1.0, 50.0]}), HELD) == ()


def test_a_core_that_was_not_ours_alone():
    assert notes_of(Script(cpu=0.5), BASELINE) == ("CPU time was 50% of wall time: others used the core",)
    assert notes_of(Script(cpu=0.5), RELEASED) == ()  # threads wait for the GIL: no sign of others


def test_stolen_time():
    assert notes_of(Script(steal=0.25), RELEASED) == ("the hypervisor took 25% of the time",)


def test_cores_that_were_not_as_fast():
    assert notes_of(Script(imbalance=0.45), RELEASED) == (
        "equal work took workers unequal CPU time, by 45%: not all cores were as fast",
    )
    assert notes_of(Script(imbalance=0.2), RELEASED) == ()


def test_more_than_processes_can_gain():
    threads = NUMPY.cases[0]
    processes = ceiling_of(threads)
    serial = baseline_of(threads)
    slow = Script({serial.id: [3.0], threads.id: [1.0], processes.id: [1.0]})
    [note] = measured(NUMPY, slow)[threads.id].notes
    assert note == "processes gain 3.00x, more than there are: the single one was slow"
    usual = Script({serial.id: [2.1], threads.id: [1.0], processes.id: [1.0]})
    assert measured(NUMPY, usual)[threads.id].notes == ()


def test_output_that_differs():
    results = measured(PAIR, Script(checksums={RELEASED.id: "other"}))
    assert results[RELEASED.id].notes == ("output differs from the baseline's",)
    assert results[HELD.id].notes == ()
    assert not results[RELEASED.id].noisy
    assert (results[RELEASED.id].checksum, results[HELD.id].checksum) == ("other", "same")


def test_the_last_bits_of_a_fold_may_differ():
    case = Case("dot.c.released", SIZE, "threads", 2)
    assert measured(Group("dot", (case,)), Script(checksums={case.id: "other"}))[case.id].notes == ()


# Going on


def test_what_is_known_is_not_measured_again():
    session = new_session()
    first = measured(PAIR, Script(), session=session)
    sampler, saved = Script(), []
    groups = list(measure([PAIR, NUMPY], session, PLAN, sampler, save=lambda session: saved.append(len(session))))
    assert [result.id for result in groups[0][1]] == list(first)
    assert not any("exp.c" in step for step in sampler.steps)
    assert saved == [7]


def test_too_few_samples_are_not_known():
    session = new_session()
    measured(PAIR, Script(), Plan(blocks=2, sample_seconds=1.0), session)
    results = measured(PAIR, Script(), session=session)
    assert {len(result.samples) for result in session} == {len(result.samples) for result in results.values()} == {3}
    assert known_results(PAIR, session, Plan(blocks=2)) is not None
    assert known_results(PAIR, session, Plan(blocks=4)) is None


def test_a_group_with_one_more_case_is_measured():
    session = new_session()
    measured(Group("one", (HELD,)), Script(), session=session)
    assert known_results(PAIR, session, PLAN) is None


@pytest.mark.parametrize("block", [0, 1, 2])
@pytest.mark.parametrize("within", [0, 1, 3])
def test_an_interrupted_group_keeps_its_complete_blocks(block, within, tmp_path):
    session, path = new_session(), tmp_path / "session.json"
    groups = measure([NUMPY, PAIR], session, PLAN, Script(stop=9 + 4 * block + within), save=lambda session: session.save(path))
    next(groups)
    with pytest.raises(KeyboardInterrupt):
        next(groups)
    kept = {result.id: len(result.samples) for result in session}
    assert kept == {
        **dict.fromkeys(["exp.numpy/serial/1e3", "exp.numpy/threads-2/1e3", "exp.numpy/processes-2/1e3"], 3),
        **(dict.fromkeys([each.id for each in PAIR.all_cases()], block) if block else {}),
    }
    assert load(path) == session
    assert measured(PAIR, Script(), session=session)  # and it can go on
    assert {len(result.samples) for result in session} == {3}


def test_an_interruption_while_calibrating_keeps_the_groups_before(tmp_path):
    class Impatient(Script):
        def sample(self, case, calls, digest=False):
            if digest and case == RELEASED:
                raise KeyboardInterrupt
            return super().sample(case, calls, digest)

    session, path = new_session(), tmp_path / "session.json"
    groups = measure([NUMPY, PAIR], session, PLAN, Impatient(), save=lambda session: session.save(path))
    next(groups)
    with pytest.raises(KeyboardInterrupt):
        next(groups)
    assert load(path) == session
    assert len(session) == 3


# Without processes


class Without(Script):
    """No call of an executor can be made."""

    def __init__(self, executor, error):
        super().__init__()
        self._executor, self._error = executor, error

    def sample(self, case, calls, digest=False):
        if case.executor == self._executor:
            raise self._error
        return super().sample(case, calls, digest)


@pytest.mark.parametrize("error", [NotSendable("it is a lambda"), OSError("no room")])
def test_without_processes_the_rest_is_measured(error):
    cases = (*NUMPY.cases, Case("exp.numpy", SIZE, "processes", 2))
    results = measured(Group("numpy", cases), Without("processes", error))
    assert list(results) == ["exp.numpy/serial/1e3", "exp.numpy/threads-2/1e3"]
    for result in results.values():
        assert result.notes == (f"processes: not measured: {error}",)
        assert (result.ceiling, result.efficiency, result.speedup.value) == (None, None, 1)
        assert len(result.samples) == PLAN.blocks


@pytest.mark.parametrize("executor", ["serial", "threads", "native"])
def test_other_errors_are_not_swallowed(executor):
    with pytest.raises(OSError, match="no room"):
        measured(PAIR, Without(executor, OSError("no room")))


def test_measuring_prints_nothing(capfd):
    measured(PAIR, Script())
    assert capfd.readouterr() == ("", "")
    assert "print(" not in Path(module.__file__).read_text()


@pytest.mark.parametrize("call", ["exp.ufunc", "exp.ctypes.released"])
def test_a_ceiling_without_its_own_baseline_judges_all_the_same(call):
    case = Case(call, SIZE, "threads", 2)
    results = measured(Group("g", (case,)), Script({baseline_of(case).id: [2.0], NATIVE.id: [1.0], case.id: [1.25]}))
    assert list(results) == [baseline_of(case).id, case.id, NATIVE.id]
    assert (results[case.id].ceiling.value, results[case.id].speedup.value) == (2, 1.6)
    assert (results[NATIVE.id].speedup, results[NATIVE.id].ceiling) == (None, None)
