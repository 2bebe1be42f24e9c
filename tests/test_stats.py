"""Medians, intervals and noise: numbers in, numbers out."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope import stats
from gilscope.stats import Interval, independent_ratio, median, median_interval, noise, outliers, ratio

seconds = st.floats(1e-9, 1e3)
blocks = st.lists(seconds, min_size=1, max_size=20)
finite = st.floats(allow_nan=False, allow_infinity=False)


def normal_blocks(number, seed=0):
    return np.random.default_rng(seed).normal(1.0, 0.02, number)


@given(blocks)
def test_median_is_numpys(values):
    assert median(values) == np.median(values)


def test_median_of_an_even_number_is_the_mean_of_the_middle_two():
    assert median([4.0, 1.0, 3.0, 2.0]) == 2.5


@pytest.mark.parametrize("function", [median, median_interval, noise, outliers])
@pytest.mark.parametrize("bad", [[], [1.0, math.nan], [math.inf], [[1.0, 2.0]], 1.0])
def test_what_is_no_row_of_finite_numbers_is_refused(function, bad):
    with pytest.raises(ValueError, match=r"block"):
        function(bad)


@given(blocks, st.floats(0.01, 0.99))
def test_the_interval_holds_the_median_and_stays_within_the_values(values, confidence):
    interval = median_interval(values, confidence)
    assert min(values) <= interval.low <= interval.value <= interval.high <= max(values)
    assert interval.value == median(values)


@given(blocks)
def test_the_interval_is_blind_to_the_type_and_the_order(values):
    assert median_interval(values) == median_interval(np.array(values)) == median_interval(sorted(values))


@given(blocks, st.sampled_from([0.25, 2.0, 1024.0]))
def test_the_interval_follows_the_unit(values, unit):
    interval = median_interval(values)
    scaled = median_interval([unit * each for each in values])
    assert scaled == Interval(unit * interval.value, unit * interval.low, unit * interval.high)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_few_blocks_give_min_to_max(number):
    values = normal_blocks(number)
    assert median_interval(values) == Interval(median(values), min(values), max(values))


@pytest.mark.parametrize(
    ("number", "confidence", "low"),
    [
        (6, 1 - 2 / 64, 0.0),  # exactly from the smallest to the largest
        (7, 1 - 16 / 128, 1.0),  # exactly from the second
        (10, 1 - 2 * 56 / 1024, 2.0),  # 1 + 10 + 45 of 1024 ways to have at most two below
        (7, 0.95, 0.7333),  # by hand: part = (126 / 128 - 0.95) / (14 / 128), weight = 6 part / (1 + 5 part)
    ],
)
def test_the_bounds_are_the_binomials(number, confidence, low):
    interval = median_interval(np.arange(number), confidence)
    assert (interval.low, interval.high) == pytest.approx((low, number - 1 - low), abs=1e-3)


def test_more_confidence_is_wider():
    narrow, middle, wide = (median_interval(normal_blocks(30), confidence) for confidence in (0.5, 0.95, 0.99))
    assert wide.low < middle.low < narrow.low < narrow.high < middle.high < wide.high


@pytest.mark.parametrize("number", [6, 7, 11, 21])
@pytest.mark.parametrize("law", ["normal", "standard_cauchy"])
def test_the_interval_covers_the_truth_as_often_as_it_says(number, law):
    values = getattr(np.random.default_rng(0), law)(size=(2000, number))
    held = [median_interval(each) for each in values]
    share = sum(each.low <= 0 <= each.high for each in held) / len(held)
    assert 0.93 <= share <= 0.97  # seeded; 0.95 give or take four standard errors


@pytest.mark.parametrize("confidence", [0, 1, 95, math.nan])
def test_impossible_confidence_is_refused(confidence):
    with pytest.raises(ValueError, match="confidence"):
        median_interval([1.0, 2.0, 3.0], confidence)


def test_ratio_pairs_the_blocks():
    # Every round is ten times slower than the one before, yet the ratio is 2 in each.
    case = [0.001, 0.01, 0.1, 1.0, 10.0, 100.0]
    assert ratio([2 * each for each in case], case) == Interval(2.0, 2.0, 2.0)


def test_ratio_is_the_median_of_ratios_and_not_the_ratio_of_medians():
    assert ratio([1.0, 2.0, 9.0], [1.0, 4.0, 3.0]).value == 1.0


@given(blocks)
def test_ratio_of_a_case_to_itself_is_one(values):
    assert ratio(values, values) == Interval(1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("above", "below", "why"),
    [([1.0], [1.0, 2.0], "pairs"), ([1.0], [0.0], "above zero"), ([1.0], [-1.0], "above zero"), ([], [], "block")],
)
def test_ratio_refuses(above, below, why):
    with pytest.raises(ValueError, match=why):
        ratio(above, below)


def test_noise_is_the_interquartile_range_over_the_median():
    assert noise([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx(2 / 3)
    assert noise([7.0]) == 0.0


@given(blocks, st.sampled_from([0.5, 4.0]))
def test_noise_is_relative(values, unit):
    assert noise([unit * each for each in values]) == pytest.approx(noise(values))


def test_one_outlier_is_found_and_does_not_make_a_case_noisy():
    values = [1.0, 1.01, 0.99, 1.0, 1.01, 0.99, 5.0, 1.0]
    assert outliers(values) == [6]
    assert noise(values) < stats.NOISY


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], [1.0] * 9, [1.0, 1.1, 1.2, 1.3, 1.4]])
def test_no_outliers_among(values):
    assert outliers(values) == []


@pytest.mark.parametrize("values", [[0.0], [-1.0, -2.0]])
def test_noise_of_what_is_no_time_is_refused(values):
    with pytest.raises(ValueError, match="above zero"):
        noise(values)


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(1.93, 1.9, 1.95), "1.93 [1.90, 1.95]"),
        (Interval(12.34, 12.0, 13.0), "12.3 [12.0, 13.0]"),
        (Interval(0.00123, 0.001, 0.002), "0.00123 [0.00100, 0.00200]"),
        (Interval(0.0, -1.0, 1.0), "0.00 [-1.00, 1.00]"),
        (Interval(1e6, 1e6, 2e6), "1000000 [1000000, 2000000]"),
        (Interval(math.inf, 1.0, math.inf), "inf [1.00, inf]"),
    ],
)
def test_an_interval_shows_three_digits(interval, text):
    assert str(interval) == f"{interval}" == text


def test_an_interval_takes_a_format():
    assert f"{Interval(1.93, 1.9, 1.95):.1f}" == "1.9 [1.9, 1.9]"


@given(st.lists(finite, min_size=3, max_size=3))
def test_an_interval_survives_a_dict_and_prints(values):
    low, value, high = sorted(values)
    interval = Interval(value, low, high)
    assert Interval.from_dict(interval.to_dict() | {"unknown": 1}) == interval
    assert "[" in str(interval)


@pytest.mark.parametrize("bounds", [(2.0, 1.0, 1.5), (1.0, 2.0, 3.0), (math.nan, 1.0, 2.0), (1.0, math.nan, 2.0)])
def test_an_interval_is_in_order(bounds):
    with pytest.raises(ValueError, match="low <= value <= high"):
        Interval(*bounds)


# Blocks that are no pairs


@given(blocks, blocks)
def test_an_independent_ratio_is_between_the_extremes_and_its_inverse_is_the_others(one, other):
    there, back = independent_ratio(one, other), independent_ratio(other, one)
    assert min(one) / max(other) <= there.low <= there.value <= there.high <= max(one) / min(other)
    assert there.low * back.high == pytest.approx(1)
    assert there.high * back.low == pytest.approx(1)


@pytest.mark.parametrize(("sizes", "rank"), [((3, 3), 0), ((5, 5), 2), ((7, 7), 8), ((11, 11), 30), ((5, 8), 6), ((21, 21), 142)])
def test_the_rank_is_the_one_in_tables_of_mann_and_whitney(sizes, rank):
    assert stats._mann_whitney_rank(*sizes, 0.95) == rank == stats._mann_whitney_rank(*sizes[::-1], 0.95)


@pytest.mark.parametrize("number", [5, 7, 21])
@pytest.mark.parametrize("law", ["normal", "standard_cauchy"])
def test_an_independent_ratio_holds_the_truth_as_often_as_it_says(number, law):
    random, runs = np.random.default_rng(number), 1500
    held = 0
    for _ in range(runs):
        one, other = (np.exp(0.1 * np.clip(getattr(random, law)(size=number), -50, 50)) for _ in range(2))
        interval = independent_ratio(1.5 * one, other)
        held += interval.low <= 1.5 <= interval.high
    assert held / runs > 0.95 - 2 * math.sqrt(0.05 * 0.95 / runs)


def test_an_independent_ratio_needs_positive_blocks():
    with pytest.raises(ValueError, match="above zero"):
        independent_ratio([1.0, 0.0], [1.0])
