"""What `scaling` says of maps that are made up, and how it draws them."""

import random
from dataclasses import replace

import pytest

from gilscope.cases import Case
from gilscope.experiments._scaling_words import is_later, recommended, verdict
from gilscope.reports.map import COLUMNS, PLAIN_SHADES, WIDTH, legend, map_lines
from gilscope.results import Ceiling, Result, Sample, Session, Speedup
from gilscope.scaling_map import map_of
from gilscope.stats import Interval

SIZES = (100, 500, 510, 1000, 10**4, 2 * 10**4, 10**5, 10**6)
STRATEGIES = ("held", "declared_nogil", "released", "thresholded", "chunked", "per_item")
CEILING = 1.96
NOISE = {"noisy": True}


def held_like(size):
    return 0.97


def released_from(start, top=1.9):
    return lambda size: top if size >= start else 0.4


def thresholded(size):
    return 0.97 if size <= 500 else released_from(10**4)(size)


GAINS = {
    "held": held_like,
    "declared_nogil": held_like,
    "released": released_from(10**4),
    "thresholded": thresholded,
    "chunked": released_from(10**5, 1.4),
    "per_item": lambda size: 0.004,
}
ALONE = {"chunked": 0.97, "per_item": 0.01}


def result(call, size, seconds, threads, ceiling, spread):
    case = Case(call, size, "threads" if threads > 1 else "serial", threads)
    factors = [1 + spread * (-1) ** at for at in range(7)]
    samples = tuple(Sample(seconds * each, 1, seconds * each) for each in factors)
    held = 1e-6 * size / 1000
    speedup = Speedup(*[held / seconds] * 3, "x")
    ceiling = Ceiling(*[ceiling] * 3, "native") if threads > 1 else None
    interval = Interval(seconds, min(seconds * each for each in factors), max(seconds * each for each in factors))
    return Result(case.to_dict(), samples, interval, speedup, ceiling, ceiling and speedup.value / ceiling.value)


def session_of(
    gains=GAINS, *, sizes=SIZES, threads=(1, 2), gil=True, kernel="exp.c", ceiling=CEILING, spread=0.0, cores=2, **more
):
    session = Session("scaling", {"gil": gil, "cores_usable": cores}, details={"not_measured": more.get("not_measured", [])})
    for size in sizes:
        for strategy, gain in gains.items():
            if size > more.get("last", {}).get(strategy, size):
                continue
            call = kernel if strategy == "own" else f"{kernel}.{strategy}"
            for count in threads:
                factor = gain(size) * (count / 2 if gain(size) > 1 else 1) if count > 1 else ALONE.get(strategy, 1.0)
                made = result(call, size, 1e-6 * size / 1000 / factor, count, ceiling * count / 2, spread if count > 1 else 0.0)
                session.add(replace(made, **more.get("fields", {})))
    return session


def said(session):
    return " ".join(verdict(session))


# In words


def test_the_words_on_a_kernel():
    assert verdict(session_of(last={"per_item": 10**4})) == [
        "exp, c: releasing pays from about 3200 elements [1e3, 1e4] (10 us a call) on 2 threads. "
        "At 1e6, of the ceiling (1.96x on 2 threads): released 97%, thresholded 97%, chunked 71% (pays from about 45e3 on), "
        "held 49%, declared_nogil 49%, per_item <1% (at 1e4); held, declared_nogil and per_item never pay. "
        "Use released for calls above the line: below it costs, 0.40x at 100; "
        "thresholded would keep the GIL there with threshold=10000. "
        "thresholded steps at its 500: 0.97x at 500 and 0.40x at 510.",
        "declared_nogil runs at 1.00 of held's speed on 2 threads: a declaration permits to release, it does not release.",
    ]


def test_never():
    words = said(session_of(GAINS | {each: lambda size: 0.9 for each in ("released", "thresholded", "chunked")}))
    assert "exp, c: releasing never pays here, up to 1e6 elements. At 1e6" in words
    assert "Use held." in words
    assert "could not be shown" not in words


def test_everywhere():
    words = said(session_of({"held": held_like, "released": lambda size: 1.8}))
    assert "releasing pays at every size measured, from 100 on (100 ns a call) on 2 threads." in words
    assert "Use released." in words
    assert "; held never pays." in words


def test_noise_claims_nothing():
    words = said(session_of({"held": held_like, "released": lambda size: 1.5}, spread=0.6))
    assert "that releasing pays could not be shown here, up to 1e6 elements" in words
    assert "Use" not in words


def test_where_not_even_the_ceiling_keeps_up_nothing_is_claimed():
    words = said(session_of({"held": held_like, "released": lambda size: 0.7}, ceiling=0.8))
    assert "that releasing pays could not be shown here, up to 1e6 elements" in words
    assert "Use" not in words


def test_one_strategy_that_could_not_be_shown():
    session = session_of({"held": held_like, "released": released_from(1000), "chunked": lambda size: 1.0})
    for each in session_of({"chunked": lambda size: 1.1}, sizes=SIZES[-1:], spread=0.3):
        session.add(each)
    assert "held never pays; that chunked pays could not be shown." in said(session)


def test_sizes_that_contradict_are_named():
    words = said(session_of({"held": held_like, "released": lambda size: 1.9 if size in (1000, 10**4, 10**5, 10**6) else 0.4}))
    assert "from about 710 elements [510, 1e5] (1 us a call, though not at 2e4) on 2 threads" in words


def test_what_contradicts_above_the_line_is_not_below_it():
    words = said(session_of({"held": held_like, "released": lambda size: 0.4 if size == 1000 else 1.9}))
    assert "though not at 1e3" in words
    assert "below it costs" not in words


def test_each_number_of_threads_has_its_line():
    words = said(session_of({"held": held_like, "released": released_from(10**4)}, threads=(1, 2, 4)))
    assert "on 2 threads and from about" in words
    assert "on 4 threads. At 1e6, of the ceiling (3.92x on 4 threads): released 97%" in words


def test_more_threads_that_do_not_pay_are_told():
    session = session_of({"held": held_like, "released": released_from(10**4)}, threads=(1, 2))
    for each in session_of({"held": held_like, "released": held_like}, threads=(1, 8), ceiling=0.49):
        session.add(each)
    words = said(session)
    assert "on 2 threads and from about" not in words.partition("8 threads")[0]
    assert recommended(map_of(session, "exp", "c")).threads in (2, 8)


def test_without_a_gil_there_is_nothing_to_release():
    words = said(session_of(dict.fromkeys(STRATEGIES, lambda size: 1.9), gil=False))
    assert "threads pay at every size measured" in words
    assert "There is no GIL to release: use what is simplest." in words
    for absent in ("releasing", "Use ", "steps at", "permits", "never"):
        assert absent not in words


def test_numpy_has_its_own_rule():
    words = said(session_of({"own": released_from(1000)}, kernel="exp.numpy"))
    assert words.startswith("exp, numpy: threads pay from about 710 elements [510, 1e3]")
    assert words.endswith("of the ceiling (1.96x on 2 threads): 97%.")


def test_one_core_says_what_strategies_cost():
    words = said(session_of(threads=(1,), cores=1))
    assert "exp, c: on one thread, of held's speed: declared_nogil 100% at 1e6, released 100% at 1e6" in words
    assert words.endswith("One usable core: threads cannot overlap here, so releasing cannot pay.")
    assert "ceiling" not in words
    assert "whether releasing pays takes two" in said(session_of(threads=(1,)))


def test_many_noisy_cases_are_told():
    few, many = session_of(), session_of(fields=NOISE)
    assert "noisy" not in said(few)
    assert f"{len(many)} of {len(many)} cases were noisy: on a quieter machine" in said(many)
    assert "so others used the cores" in said(session_of(fields=NOISE, ceiling=1.02))


def test_without_a_ceiling():
    assert "The ceiling was not measured." in said(session_of(fields={"ceiling": None, "efficiency": None}))


def test_what_is_on_no_map_says_why():
    left_out = {"kernel": "format", "implementation": "c", "strategy": None, "threads": None, "reason": "it makes objects"}
    words = said(session_of(not_measured=[left_out, {**left_out, "kernel": "exp"}]))
    assert "format, c: not measured: it makes objects." in words
    assert "exp, c: not measured" not in words


def test_a_baseline_that_was_not_chosen_on_threads():
    session = session_of({"released": released_from(1000)}, fields=NOISE)
    for each in session_of({"held": held_like}, threads=(1,)):
        session.add(each)
    assert "exp, c: releasing pays" in said(session)
    assert not any(line.startswith("  held") for line in drawn(session))


# Which strategy


@pytest.mark.parametrize(
    ("changes", "strategy"),
    [
        ({}, "released"),
        ({"released": released_from(10**5)}, "thresholded"),  # the later line is out
        ({"released": released_from(10**4, 1.5)}, "thresholded"),  # too far from the best
        ({"released": released_from(10**4, 1.85)}, "released"),  # near the best: the simpler one
        ({"released": held_like, "thresholded": held_like}, "chunked"),
        (dict.fromkeys(("released", "thresholded", "chunked"), held_like), None),
        ({"per_item": released_from(100)}, "released"),  # loses on one thread
        ({"held": released_from(100), "declared_nogil": released_from(100)}, "held"),
    ],
)
def test_the_strategy_to_use(changes, strategy):
    found = recommended(map_of(session_of(GAINS | changes), "exp", "c"))
    assert (found and found.strategy) == strategy


def test_lines_that_overlap_are_not_later():
    lines = map_of(session_of(), "exp", "c").lines
    assert is_later(lines["chunked", 2], lines["released", 2])
    assert not is_later(lines["released", 2], lines["chunked", 2])
    assert not is_later(lines["released", 2], lines["thresholded", 2])


def test_words_do_not_depend_on_the_order_of_strategies_on_other_sizes():
    session = session_of()
    results = list(session)
    mixed = Session("scaling", session.machine, results[:12] + random.Random(1).sample(results[12:], len(results) - 12))
    assert verdict(mixed) == verdict(session)


# The table


def drawn(session, shades=PLAIN_SHADES):
    return map_lines(map_of(session, "exp", "c"), session.details["not_measured"], shades)


def test_the_table():
    left_out = {"kernel": "exp", "implementation": "c", "strategy": "per_item", "threads": 1, "reason": "slow"}
    other = {**left_out, "kernel": "add"}
    session = session_of(last={"per_item": 10**5}, sizes=SIZES[-4:], not_measured=[left_out, other])
    assert drawn(session) == [
        "",
        "exp, c            size   1e4   2e4   1e5   1e6",
        "  best call, us      1    10    20   100  1000",
        "  ceiling, threads   2 1.96x 1.96x 1.96x 1.96x",
        "  held               2 :: 49 :: 49 :: 49 :: 49",
        "  declared_nogil     1 ##100 ##100 ##100 ##100",
        "                     2 :: 49 :: 49 :: 49 :: 49",
        "  released           1 ##100 ##100 ##100 ##100",
        "                     2|## 97 ## 97 ## 97 ## 97",
        "  thresholded        1 ##100 ##100 ##100 ##100",
        "                     2|## 97 ## 97 ## 97 ## 97",
        "  chunked            1 ## 97 ## 97 ## 97 ## 97",
        "                     2 .. 20 .. 20|++ 71 ++ 71",
        "  per_item           1     1     1     1     -",
        "                     2    <1    <1    <1     -",
        "  - exp.c.per_item on 1 thread: slow",
    ]


def test_what_contradicts_the_line_is_marked():
    session = session_of({"held": held_like, "released": lambda size: 1.9 if size in (1000, 10**4, 10**5, 10**6) else 0.4})
    [row] = [line for line in drawn(session) if line.lstrip().startswith("2") and "|" in line]
    assert row.endswith("|## 97 ## 97?.. 20 ## 97 ## 97")


def test_one_size_alone_is_not_marked_as_a_line():
    lines = drawn(session_of({"held": held_like, "released": released_from(10**6)}))
    assert not any("|" in line or "?" in line for line in lines)


def test_a_wide_map_is_cut_into_tables():
    sizes = tuple(range(1000, 1000 + 100 * (COLUMNS + 2), 100))
    lines = drawn(session_of({"held": held_like}, sizes=sizes))
    assert sum(line.startswith("exp, c") for line in lines) == 2
    assert max(map(len, lines)) <= WIDTH


def test_cells_line_up_whatever_the_numbers():
    session = session_of({"held": lambda size: size / 100, "released": lambda size: 3000 / size}, sizes=SIZES)
    tables = [line for line in drawn(session) if line and not line.startswith("  -")]
    assert {len(line) for line in tables} == {len(tables[0])}


def test_one_thread_shows_held_too():
    lines = drawn(session_of(threads=(1,)))
    assert any(line.startswith("  held               1 ##100") for line in lines)
    assert not any("ceiling" in line for line in lines)


@pytest.mark.parametrize("shades", [PLAIN_SHADES, " ░▒▓█"])
def test_the_legend_names_each_shade(shades):
    text = legend(shades)
    assert all(f"{shade} " in text for shade in shades[1:])
    assert max(map(len, text.splitlines())) <= WIDTH
    assert shades == PLAIN_SHADES or not text.isascii()
    assert legend(PLAIN_SHADES).isascii()
