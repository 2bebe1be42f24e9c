"""Medians, intervals and noise: numbers in, numbers out."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope import stats
from gilscope.stats import Interval, bootstrap_median, median, noise, outliers, ratio

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


@pytest.mark.parametrize("function", [median, bootstrap_median, noise, outliers])
@pytest.mark.parametrize("bad", [[], [1.0, math.nan], [math.inf], [[1.0, 2.0]], 1.0])
def test_what_is_no_row_of_finite_numbers_is_refused(function, bad):
    with pytest.raises(ValueError, match=r"block"):
        function(bad)


@given(blocks, st.floats(0.01, 0.99), st.integers(1, 50), st.integers(0, 2**32))
def test_bootstrap_interval_holds_the_median_and_stays_within_the_values(values, confidence, resamples, seed):
    interval = bootstrap_median(values, confidence, resamples, seed)
    assert min(values) <= interval.low <= interval.value <= interval.high <= max(values)
    assert interval.value == median(values)


@given(blocks, st.integers(0, 9))
def test_bootstrap_is_deterministic_and_blind_to_the_type(values, seed):
    assert bootstrap_median(values, seed=seed) == bootstrap_median(np.array(values), seed=seed)


@given(blocks, st.sampled_from([0.25, 2.0, 1024.0]))
def test_bootstrap_follows_the_unit(values, unit):
    interval = bootstrap_median(values)
    scaled = bootstrap_median([unit * each for each in values])
    assert scaled == Interval(unit * interval.value, unit * interval.low, unit * interval.high)


def test_another_seed_draws_other_resamples():
    values = normal_blocks(30)
    assert len({bootstrap_median(values, resamples=20, seed=seed) for seed in range(5)}) > 1


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_few_blocks_give_min_to_max(number):
    values = normal_blocks(number)
    assert bootstrap_median(values) == Interval(median(values), min(values), max(values))


def test_two_blocks_give_min_to_max_at_any_confidence():
    assert bootstrap_median([3.0, 1.0], confidence=0.1) == Interval(2.0, 1.0, 3.0)


def test_many_blocks_give_less_than_min_to_max():
    values = normal_blocks(30)
    interval = bootstrap_median(values)
    assert min(values) < interval.low < interval.value < interval.high < max(values)


def test_more_confidence_is_wider():
    narrow, wide = (bootstrap_median(normal_blocks(30), confidence) for confidence in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    held = [bootstrap_median(normal_blocks(25, seed), resamples=500) for seed in range(300)]
    share = sum(each.low <= 1.0 <= each.high for each in held) / len(held)
    assert 0.90 <= share <= 0.99  # seeded; 0.95 give or take three standard errors


def test_many_blocks_are_resampled_in_chunks_that_fit(monkeypatch):
    sizes = []
    medians = stats._medians
    monkeypatch.setattr(stats, "_CHUNK_ITEMS", 100)
    monkeypatch.setattr(stats, "_medians", lambda blocks, picks: sizes.append(picks.shape) or medians(blocks, picks))
    bootstrap_median(normal_blocks(30), resamples=10)
    assert sizes == [(3, 30), (3, 30), (3, 30), (1, 30)]


@pytest.mark.parametrize("arguments", [{"confidence": 0}, {"confidence": 1}, {"confidence": 95}, {"resamples": 0}])
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        bootstrap_median([1.0, 2.0, 3.0], **arguments)


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
