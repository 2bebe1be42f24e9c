"""The map: cells, lines and where to look next, on results that are made up; nothing is timed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.cases import Case
from gilscope.results import Ceiling, Result, Sample, Session, Speedup
from gilscope.scaling_map import MIN_BLOCKS, between, line_of, map_of, maps_of, next_size, two_digits
from gilscope.stats import Interval

STEADY = (1.0, 1.01, 0.99, 1.0, 1.02)


def result(call, size, seconds, threads=1, *, factors=STEADY, **more):
    """A result whose blocks are a time multiplied by factors; all have the same ceiling."""
    options = {"options": {"threads": threads}} if "parallel" in call else {}
    workers = 1 if options else threads
    executor = more.pop("executor", "threads" if workers > 1 else "serial")
    case = Case(call, size, executor, workers, **options).to_dict()
    asked = {"asked": more.pop("asked", case["id"])}
    samples = tuple(Sample(seconds * each, 1, seconds * each) for each in factors)
    numbers = Interval(seconds, seconds * min(factors), seconds * max(factors))
    speedup, ceiling = Speedup(1, 1, 1, "x"), Ceiling(2, 2, 2, "native") if threads > 1 else None
    return Result({**case, **asked}, samples, numbers, speedup, ceiling, 0.5 if threads > 1 else None, **more)


def session_of(*results, gil=True, **details):
    return Session("scaling", {"gil": gil, "cores_usable": 2}, results, details=details)


def rows(gains, call="exp.c.released", threads=2, held=1e-6):
    """Results of a strategy on threads with the gains given by size, and of one thread that holds."""
    for size, gain in gains.items():
        yield result("exp.c.held", size, held)
        yield result(call, size, held / gain, threads)


def line(*pays):
    """The line of cells at 1, 10, 100, ... that pay or do not."""
    gains = {10**at: 1.5 if each else 0.8 for at, each in enumerate(pays)}
    return map_of(session_of(*rows(gains)), "exp", "c").lines["released", 2]


# Cells


def test_a_gain_is_over_the_best_single_thread_of_any_strategy():
    found = [result("exp.c.held", 10, 2.0), result("exp.c.released", 10, 1.0), result("exp.c.held", 10, 1.0, 2)]
    cells = map_of(session_of(*found), "exp", "c").cells
    assert {key: cell.gain.value for key, cell in cells.items()} == {
        ("held", 1, 10): 0.5,
        ("released", 1, 10): 1.0,
        ("held", 2, 10): 1.0,
    }
    assert not any(cell.pays for cell in cells.values())


def test_a_gain_is_taken_block_by_block():
    drift = (1.0, 10.0, 100.0, 1000.0, 10000.0)
    found = [result("exp.c.held", 10, 2.0, factors=drift), result("exp.c.held", 10, 1.0, 2, factors=drift)]
    cell = map_of(session_of(*found), "exp", "c").cells["held", 2, 10]
    assert (cell.gain.low, cell.gain.high, cell.pays) == (2, 2, True)


@pytest.mark.parametrize(
    ("gain", "factors", "pays"),
    [
        (1.1, STEADY, True),
        (1.0, STEADY, False),
        (0.9, STEADY, False),
        (1.1, (1.0, 1.0, 1.0, 1.2, 1.0), False),  # with five blocks the interval is from the least to the most
        (1.1, (1.0, 1.0, 1.0, 1.2, 1.0, 1.0, 1.0), True),  # with seven one of them may be disturbed
        (1.1, (1.0,) * (MIN_BLOCKS - 1), False),
    ],
)
def test_it_pays_if_the_whole_interval_is_above_one(gain, factors, pays):
    blocks = (1.0,) * len(factors)
    found = [result("exp.c.held", 10, gain, factors=blocks), result("exp.c.released", 10, 1.0, 2, factors=factors)]
    assert map_of(session_of(*found), "exp", "c").cells["released", 2, 10].pays is pays


def test_one_thread_never_pays():
    found = [result("exp.c.held", 10, 2.0), result("exp.c.released", 10, 1.0)]
    chart = map_of(session_of(*found), "exp", "c")
    assert not any(cell.pays for cell in chart.cells.values())
    assert (chart.threads, chart.lines) == ((1,), {})


def test_other_sizes_and_implementations_are_no_single_thread_to_compare_with():
    found = [result("exp.c.held", 10, 1.0), result("exp.c.held", 11, 0.1), result("exp.cython.held", 10, 0.1)]
    chart = map_of(session_of(*found, result("exp.c.held", 10, 0.5, 2)), "exp", "c")
    assert chart.cells["held", 2, 10].gain.value == 2
    assert chart.sizes == (10, 11)


def test_ceilings_and_what_was_scaled_down_are_not_on_the_map():
    found = [
        result("exp.c.held", 10, 1.0),
        result("exp.c.released", 10, 0.1, 2, executor="native"),
        result("exp.c.released", 10, 0.1, 2, executor="processes"),
        result("exp.c.released", 10, 0.1, 2, asked="exp.c.released/threads-2/1e6"),
    ]
    assert list(map_of(session_of(*found), "exp", "c").cells) == [("held", 1, 10)]


def test_results_of_different_numbers_of_blocks_are_not_paired():
    found = [result("exp.c.held", 10, 1.0), result("exp.c.released", 10, 0.1, 2, factors=(1.0,) * 7)]
    assert list(map_of(session_of(*found), "exp", "c").cells) == [("held", 1, 10)]


def test_the_threads_of_parallel_are_those_inside():
    found = [result("exp.c.held", 10, 1.0), result("exp.c.parallel", 10, 1.1, 1), result("exp.c.parallel", 10, 0.5, 2)]
    cells = map_of(session_of(*found), "exp", "c").cells
    assert list(cells) == [("held", 1, 10), ("parallel", 1, 10), ("parallel", 2, 10)]
    assert cells["parallel", 2, 10].pays


def test_on_one_thread_the_share_is_the_speedup():
    found = [result("exp.c.held", 10, 1.0), result("exp.c.released", 10, 0.5, 2)]
    cells = map_of(session_of(*found), "exp", "c").cells
    assert (cells["held", 1, 10].share, cells["released", 2, 10].share) == (1, 0.5)
    assert replace(cells["held", 1, 10], result=replace(found[0], speedup=None)).share is None


def test_maps_are_in_the_order_of_measurement():
    found = [result(f"{name}.held", 10, 1.0) for name in ("exp.c", "exp.cython", "add.c")] + [result("exp.numpy", 10, 1.0)]
    assert [chart.name for chart in maps_of(session_of(*found))] == ["exp.c", "exp.cython", "add.c", "exp.numpy"]


# Lines


@pytest.mark.parametrize(
    ("pays", "between_", "uncertainty", "against"),
    [
        ("....", (1000, None), (1000, None), ()),
        ("||||", (None, 1), (None, 1), ()),
        ("..||", (10, 100), (10, 100), ()),
        (".|||", (1, 10), (1, 10), ()),
        ("|.||", (10, 100), (None, 100), (1,)),
        (".|.||", (100, 1000), (1, 1000), (10,)),
        ("..||.|||", (10, 100), (10, 10**5), (10**4,)),
        ("..|||.", (10, 100), (10, None), (10**5,)),
        ("...|..", (10**5, None), (100, None), (1000,)),
        ("|..", (100, None), (None, None), (1,)),
        (".|.", (100, None), (1, None), (10,)),  # as many contradictions either way: "never" is the safer word
    ],
)
def test_a_line_is_where_the_fewest_cells_contradict_it(pays, between_, uncertainty, against):
    found = line(*(each == "|" for each in pays))
    assert ((found.below, found.above), (found.low, found.high), found.against) == (between_, uncertainty, against)


def test_what_may_pay_or_not_widens_the_uncertainty():
    unsure = (0.6, 1.0, 1.6, 1.0, 1.0)
    held, gains = [result("exp.c.held", size, 1.0) for size in (1, 10, 100, 1000)], {1: 0.5, 1000: 2.0}
    threads = [result("exp.c.released", size, 1 / gains.get(size, 1.2), 2, factors=STEADY) for size in gains]
    threads += [result("exp.c.released", size, 1 / 1.2, 2, factors=unsure) for size in (10, 100)]
    line = map_of(session_of(*held, *threads), "exp", "c").lines["released", 2]
    assert ((line.below, line.above), (line.low, line.high), line.against) == ((100, 1000), (1, 1000), ())


@pytest.mark.parametrize(
    ("pays", "is_line", "start"),
    [(".||", True, 3), ("...|", False, 310), ("...", False, None), ("|", True, 1), (".|", False, 3), ("||", True, 1)],
)
def test_one_cell_is_no_line_unless_it_is_the_only_one(pays, is_line, start):
    found = line(*(each == "|" for each in pays))
    assert found.pays is is_line
    assert found.start == start or found.start == pytest.approx(start, rel=0.06)


@given(st.lists(st.booleans(), min_size=1, max_size=9))
def test_a_line_lies_between_one_that_does_not_pay_and_one_that_does(pays):
    found = line(*pays)
    by_size = {10**at: each for at, each in enumerate(pays)}
    assert found.below is None or not by_size[found.below]
    assert found.above is None or by_size[found.above]
    assert (found.low or 0) <= (found.below or 0)
    assert found.high is None or found.above <= found.high
    if not found.against:
        assert (found.low, found.high) == (found.below, found.above)


def test_no_cells_no_line():
    found = line_of("held", 2, [])
    assert (found.below, found.above, found.pays) == (None, None, False)


# Where to look next


def next_of(gains, *, apart=1.5, **other):
    found = [*rows(gains), *rows(other.get("also", {}), "exp.c.chunked")]
    return next_size(map_of(session_of(*found), "exp", "c"), apart)


def test_the_widest_gap_is_split():
    assert next_of({1: 0.5, 10: 0.5, 1000: 2.0, 10**4: 2.0}) == 100
    assert next_of({10: 0.5, 100: 2.0}, also={10: 0.5, 100: 0.5, 10**6: 2.0}) == 10**4


@pytest.mark.parametrize("gains", [{10: 0.5, 100: 0.5}, {10: 2.0, 100: 2.0}, {100: 0.5, 150: 2.0}, {1: 0.5, 2: 2.0}])
def test_nothing_is_left_to_look_for(gains):
    assert next_of(gains) is None


def test_a_size_is_not_measured_twice():
    assert next_of({10: 0.5, 1000: 2.0}, also={100: 0.5}) is None


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_the_middle_has_two_digits_and_lies_between(one, other):
    below, above = sorted((one, other))
    middle = between(below, above)
    assert len(str(middle).rstrip("0")) <= 2
    if above / below > 1.3:
        assert below <= middle <= above


@given(st.floats(1, 1e15))
def test_two_digits(size):
    found = two_digits(size)
    assert len(str(found).rstrip("0")) <= 2
    assert found == pytest.approx(size, rel=0.051) or size < 10
