"""Two sessions compared: what is called a change, and what is not, on results that are made up; nothing is timed."""

import math
from dataclasses import replace

import numpy as np
import pytest

from gilscope.cases import Case, baseline_of, ceiling_of
from gilscope.comparing import MIN_GROUPS, compare, student
from gilscope.reports import comparison
from gilscope.results import Result, Sample, Session, Speedup
from gilscope.stats import median_interval, noise

SIZES = (100, 1000, 10**4, 3 * 10**4, 10**5, 3 * 10**5, 10**6, 10**7)
STRATEGIES = ("held", "released", "chunked", "per_item")
MACHINE = {
    "python": "3.13.1",
    "cpu": "a cpu",
    "load_average": [0.1],
    "libraries": ["a", "b"],
    "native": {"isa": "avx2"},
}


def result(strategy, size, blocks, *, noisy=None):
    case, baseline = (Case(f"exp.c.{each}", size) for each in (strategy, "held"))
    samples = tuple(Sample(seconds, 1, seconds) for seconds in blocks)
    is_noisy = noise(blocks) > 0.10 if noisy is None else noisy
    return Result(case.to_dict(), samples, median_interval(blocks), Speedup(1, 1, 1, baseline.id), noisy=is_noisy)


def session_of(blocks, sizes=SIZES, strategies=STRATEGIES, **machine):
    """A session with the blocks that a function returns for each case."""
    results = [result(strategy, size, blocks(strategy, size)) for size in sizes for strategy in strategies]
    return Session("scaling", {**MACHINE, **machine}, results)


def drifting(random, blocks, *, run=0.1, group=0.03, block=0.02, sample=0.02):
    """What a case's blocks look like in a run: the run's phase, the group's, a slow wave over its blocks, and interruptions."""
    phase, waves = random.normal(0, run), {}

    def of(strategy, size):
        if size not in waves:
            steps = random.normal(0, block, blocks) + np.cumsum(random.normal(0, block / 3, blocks))
            waves[size] = random.normal(0, group) + steps
        interrupted = (random.random(blocks) < 0.05) * random.exponential(0.3, blocks)
        return np.exp(phase + waves[size] + random.normal(0, sample, blocks) + interrupted) * size * 1e-9

    return of


@pytest.mark.parametrize("sizes", [SIZES[:2], SIZES], ids=len)
def test_a_run_against_itself_has_changed_one_time_in_twenty_at_most(sizes):
    random, runs = np.random.default_rng(len(sizes)), 120
    alarms = 0
    for at in range(runs):
        before, after = (session_of(drifting(random, (5, 7, 21)[at % 3]), sizes) for _ in range(2))
        alarms += bool(compare(before, after).changed)
    assert alarms <= 0.05 * runs + 2 * math.sqrt(0.05 * 0.95 * runs)


def steady(random, blocks=11, spread=0.01, run=0.0):
    phase = random.normal(0, run)
    return lambda strategy, size: np.exp(phase + random.normal(0, spread, blocks)) * size * 1e-9


def changed_by(factor, blocks, strategy="released", size=10**4):
    """Blocks of which one case takes a factor longer."""
    return lambda *case: blocks(*case) * (factor if case == (strategy, size) else 1)


@pytest.mark.parametrize("factor", [1.3, 1 / 1.3, 10.0])
def test_a_case_that_changed_is_found_and_only_that(factor):
    random = np.random.default_rng(1)
    found = compare(session_of(steady(random)), session_of(changed_by(factor, steady(random))))
    [change] = found.changed
    assert (change.id, change.change) == ("exp.c.released/serial/1e4", "slower" if factor > 1 else "faster")
    assert change.ratio.low < factor < change.ratio.high
    assert found.common == pytest.approx(1, abs=0.01)


def test_a_slower_machine_is_a_common_factor_and_no_change_of_any_case():
    random = np.random.default_rng(2)
    blocks = steady(random)
    found = compare(session_of(steady(random)), session_of(lambda *case: 1.5 * blocks(*case)))
    assert found.changed == ()
    assert found.common == pytest.approx(1.5, rel=0.01)
    assert "1.50 times slower" in comparison.text(found)


def test_a_small_change_is_none_worth_the_word():
    random = np.random.default_rng(3)
    before, after = session_of(steady(random, spread=0.001)), session_of(changed_by(1.04, steady(random, spread=0.001)))
    assert not compare(before, after).changed
    assert compare(before, after, at_least=0.02).changed


def test_a_noisy_case_that_moved_is_unsure():
    random = np.random.default_rng(4)
    before = session_of(steady(random))
    after = session_of(changed_by(3.0, steady(random)))
    after.add(
        result("released", 10**4, [sample.seconds for sample in after.result("exp.c.released/serial/1e4").samples], noisy=True)
    )
    found = compare(before, after)
    assert found.changed == ()
    assert [each.id for each in found.unsure] == ["exp.c.released/serial/1e4"]
    assert "moved, but too noisy to tell" in comparison.text(found)


def rough_blocks(random):
    """Blocks of which those of one case spread."""
    blocks = steady(random)

    def rough(*case):
        return blocks(*case) * (random.choice([0.85, 1.0, 1.15], 11) if case == ("released", 10**4) else 1)

    return rough


def test_a_case_that_moved_by_far_more_than_its_samples_spread_changed():
    rough = rough_blocks(np.random.default_rng(5))
    before = session_of(rough)
    assert noted(before, SPREADS_NOTE).result("exp.c.released/serial/1e4").noisy
    for factor, notes, changed in ((3.0, SPREADS_NOTE, True), (1.5, SPREADS_NOTE, False), (3.0, OTHER_NOTES, False)):
        found = compare(noted(before, notes), noted(session_of(changed_by(factor, rough)), notes))
        assert bool(found.changed) == changed
        assert bool(found.unsure) != changed


def test_a_noisy_case_whose_threads_fight_is_unsure_however_far_it_moved():
    random = np.random.default_rng(8)
    rough = rough_blocks(random)
    before, after = (noted(session_of(each), SPREADS_NOTE) for each in (rough, changed_by(30.0, rough)))
    assert compare(before, after).changed
    moved = after.result("exp.c.released/serial/1e4")
    woken = tuple(replace(each, voluntary_switches=round(3000 * each.wall_seconds * 1e6), wall_seconds=each.wall_seconds * 1e6)
                  for each in moved.samples)  # fmt: skip
    after.add(replace(moved, samples=woken))
    assert not compare(before, after).changed
    assert [each.id for each in compare(before, after).unsure] == [moved.id]


SPREADS_NOTE = ("samples spread by 15% of their median",)
OTHER_NOTES = (*SPREADS_NOTE, "equal work took workers unequal CPU time, by 45%: not all cores were as fast")


def noted(session, notes):
    """A session whose noisy results say why."""
    results = [replace(each, notes=notes) if each.noisy else each for each in session]
    return Session("scaling", session.machine, results)


def on_threads(random, *, machine=1.0, code=1.0):
    """A session with 2 threads and their ceiling at each size; at 1e6 the machine and the code take a factor longer."""
    session = session_of(steady(random))
    for size in SIZES:
        slower = (machine, code) if size == 10**6 else (1.0, 1.0)
        for case, factor in ((released(size), slower[0] * slower[1]), (ceiling_of(released(size)), slower[0])):
            blocks = steady(random)("released", size) * factor / 2
            samples = tuple(Sample(seconds, 1, seconds) for seconds in blocks)
            session.add(Result(case.to_dict(), samples, median_interval(blocks), Speedup(1, 1, 1, baseline_of(case).id)))
    return session


def released(size):
    return Case("exp.c.released", size, "threads", 2)


def test_a_case_that_moved_with_its_ceiling_did_not_change():
    random = np.random.default_rng(6)
    found = compare(on_threads(random), on_threads(random, machine=1.5))
    assert found.changed == ()
    [ceiling] = found.ceilings
    assert ceiling.id == "exp.c.released/native-2/1e6"
    assert "ceilings: the machine, no Python in the way" in comparison.text(found)
    assert "No change" in comparison.text(found)


def test_a_case_that_moved_while_its_ceiling_stayed_changed():
    random = np.random.default_rng(7)
    found = compare(on_threads(random), on_threads(random, code=1.5))
    assert [each.id for each in found.changed] == ["exp.c.released/threads-2/1e6"]
    assert found.ceilings == ()


def test_what_moves_with_its_baseline_did_not_change_where_nothing_else_differs():
    random = np.random.default_rng(9)
    blocks = steady(random)

    def displaced(strategy, size):
        return blocks(strategy, size) * (1.25 if size == 10**4 else 1)

    found = compare(session_of(steady(random)), session_of(displaced))
    assert found.changed == ()
    assert [each.id for each in found.unsure] == ["exp.c.held/serial/1e4"]
    other = compare(session_of(steady(random), python="3.12.0"), session_of(displaced))
    assert len(other.changed) == len(STRATEGIES)


def test_drift_between_groups_hides_what_is_smaller():
    random = np.random.default_rng(5)
    quiet = compare(session_of(steady(random)), session_of(steady(random)))
    moved = {size: math.exp(random.normal(0, 0.1)) for size in SIZES}
    blocks = steady(random)
    drifted = compare(session_of(steady(random)), session_of(lambda strategy, size: blocks(strategy, size) * moved[size]))
    assert quiet.drift < 0.02 < 0.05 < drifted.drift
    assert drifted.changed == ()


def test_few_groups_are_taken_to_drift():
    random = np.random.default_rng(6)
    few = SIZES[: MIN_GROUPS - 1]
    found = compare(session_of(steady(random), few), session_of(steady(random), few))
    assert not found.drift_is_measured
    assert "too few to say" in comparison.text(found)


def test_one_block_tells_nothing():
    one = session_of(lambda strategy, size: [1.0])
    other = session_of(lambda strategy, size: [9.0 if size == 100 else 1.0])
    assert compare(one, other).changed == ()


def test_what_differs_is_told_and_what_is_another_number_each_time_is_not():
    random = np.random.default_rng(7)
    before = session_of(steady(random))
    after = session_of(steady(random), python="3.14.0", load_average=[3.0], libraries=["b", "a"], native={"isa": "avx512f"})
    found = compare(before, after)
    assert found.facts == {"python": ("3.13.1", "3.14.0"), "isa": ("avx2", "avx512f")}
    assert "  python: 3.13.1 -> 3.14.0" in comparison.text(found).splitlines()


def test_of_two_lists_what_differs_is_told():
    random = np.random.default_rng(9)
    after = session_of(steady(random), libraries=["a", "b", "c"])
    assert "  libraries: - -> c" in comparison.text(compare(session_of(steady(random)), after)).splitlines()


def test_cases_of_one_session_are_counted():
    random = np.random.default_rng(8)
    found = compare(session_of(steady(random)), session_of(steady(random), SIZES[1:]))
    assert found.only_before == tuple(f"exp.c.{each}/serial/100" for each in STRATEGIES)
    assert found.only_after == ()
    assert "Only in the first session: 4 cases" in comparison.text(found)


def test_sessions_with_nothing_in_common_cannot_be_compared():
    random = np.random.default_rng(9)
    with pytest.raises(ValueError, match="no case in common"):
        compare(session_of(steady(random), SIZES[:1]), session_of(steady(random), SIZES[1:]))


def test_the_largest_change_comes_first():
    random = np.random.default_rng(10)
    factors = {("held", 100): 1.5, ("released", 1000): 0.25, ("chunked", 10**6): 2.0}
    blocks = steady(random)
    after = session_of(lambda *case: blocks(*case) * factors.get(case, 1))
    before = session_of(steady(random), python="3.12.0")  # so that a baseline may have a reason to move
    text = comparison.text(compare(before, after)).splitlines()
    assert [line.split()[0] for line in text[1:4]] == [
        "exp.c.released/serial/1e3",
        "exp.c.chunked/serial/1e6",
        "exp.c.held/serial/100",
    ]
    assert text[4] == "The other 29 of 32 cases: no change that noise would not explain."


@pytest.mark.parametrize(
    ("confidence", "freedom", "bound"), [(0.95, 12, 2.1788), (0.99, 12, 3.0545), (0.999, 40, 3.5510), (0.9999, 12, 5.6945)]
)
def test_student_is_as_in_tables(confidence, freedom, bound):
    assert student(confidence, freedom) == pytest.approx(bound, rel=0.005)
