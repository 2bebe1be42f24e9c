"""The table as lines of text."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.experiments import EXPERIMENTS, Row
from gilscope.experiments._experiment import Published
from gilscope.reports import text
from gilscope.results import Ceiling, Result, Sample, Speedup
from gilscope.stats import Interval
from gilscope.wording import UNITS, duration

SEED = EXPERIMENTS["seed"]
COLUMNS = SEED.columns
CASE = {"id": "a", "kernel": "exp", "implementation": "c", "strategy": "held", "executor": "serial", "workers": 1}
MACHINE = {"python": "3.13.1", "gil": True, "cores_usable": 2, "numpy": "2.4.6", "native": {"isa": "avx2"}}


def result(seconds=0.0123, speedup=1.5, *, low=None, high=None, noisy=False, notes=()):
    ratio = Speedup(speedup, speedup if low is None else low, speedup if high is None else high, "b")
    interval = Interval(seconds, seconds, seconds)
    return Result(CASE, (Sample(seconds, 1, seconds),), interval, ratio, Ceiling(2, 2, 2, "c"), noisy=noisy, notes=notes)


# Times and ratios


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (48, "48 s"),
        (1.0, "1 s"),
        (0.9996, "1 s"),
        (0.999, "999 ms"),
        (0.0123, "12.3 ms"),
        (0.00099951, "1 ms"),
        (0.000999, "999 us"),
        (1.5e-6, "1.5 us"),
        (9.996e-7, "1 us"),
        (3.2e-8, "32 ns"),
        (1e-10, "0.1 ns"),
        (1234.5, "1230 s"),
    ],
)
def test_duration(seconds, expected):
    assert duration(seconds) == expected


@given(st.floats(1e-9, 99_999))
def test_a_duration_is_short_and_within_half_a_percent(seconds):
    written = duration(seconds)
    number, unit = written.split()
    scale = {unit: scale for scale, unit in UNITS}[unit]
    assert float(number) * scale == pytest.approx(seconds, rel=0.0051)
    assert len(written) < text.SECONDS
    assert "e" not in number
    assert float(number) < 1000 or unit == "s"


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (Interval(1.934, 1.9, 1.95), "1.93x [1.90, 1.95]"),
        (Interval(0.67, 0.6, 0.7), "0.67x [0.60, 0.70]"),
        (Interval(0.1, 0.09, 0.11), "0.10x [0.09, 0.11]"),
        (Interval(0.0061, 0.0044, 0.0063), "0.006x [0.004, 0.006]"),
        (Interval(1, 1, 1), "1.00x [1.00, 1.00]"),
    ],
)
def test_ratio(interval, expected):
    assert text.ratio(interval) == expected


# Lines


def ends(line, words):
    """Where each word ends, counted from the left."""
    return [line.index(word) + len(word) for word in words]


def test_the_columns_line_up():
    headings = text.header(SEED)
    row = Row("f, as published, 1e6", result(0.0714), (result(0.0819, 0.87), result(0.0597, 1.3)), "")
    here = text.row_lines(row, COLUMNS)[0]
    published = text.published_line(SEED.published[1])
    assert ends(headings, ["1 thread"]) == ends(here, ["71.4 ms"]) == ends(published, ["48 s"]) == [text.LABEL + text.SECONDS]
    assert ends(here, ["81.9 ms", "59.7 ms"]) == ends(published, ["71.5 s", "31.23 s"])
    assert ends(here, ["0.87x", "1.30x"]) == ends(published, ["0.67x", "1.54x"])
    assert [headings.index(column) for column in COLUMNS] == [here.index("0.87x"), here.index("1.30x")]


@given(st.floats(1e-9, 1000), st.floats(1e-9, 1000), st.floats(0.1, 9.9), st.floats(0.1, 9.9))
def test_rows_are_as_wide_as_the_headings(serial, threads, one, other):
    row = Row("g, arrays reused (out=), 1e7", result(serial), (result(threads, one), result(threads, other)), "x")
    line = text.row_lines(row, COLUMNS)[0]
    assert len(line.rstrip()) <= text.WIDTH
    assert line[: text.LABEL] == f"{'  g, arrays reused (out=), 1e7':{text.LABEL}}"


def test_every_label_of_the_seed_fits():
    from gilscope.experiments._seed import EXP_CALLS, LABELS

    labels = [*LABELS.values(), *EXP_CALLS]
    assert max(len(f"  {label}, 1e7") for label in labels) <= text.LABEL


def test_what_was_not_measured_is_blank():
    row = Row("f", result(), (None, result(speedup=1.5)), "x")
    full = Row("f", result(), (result(), result(speedup=1.5)), "x")
    line, other = (text.row_lines(each, COLUMNS)[0] for each in (row, full))
    assert line.rindex("1.50x") == other.rindex("1.50x")
    middle = slice(text.LABEL + text.SECONDS, text.LABEL + text.SECONDS + text.COLUMN)
    assert line[middle].strip() == ""
    assert text.row_lines(Row("f", result(), (None, None), "x"), COLUMNS)[0] == f"{'  f':{text.LABEL}}  12.3 ms"


def test_no_speedup_is_no_ratio():
    row = Row("f", result(), (replace(result(), speedup=None), None), "x")
    assert "[" not in text.row_lines(row, COLUMNS)[0]


def test_published_lines():
    assert " ".join(text.published_line(SEED.published[0]).split()) == "100 * g() 43.5 s 31 s 1.40x 27 s 1.61x"
    assert text.published_line(Published("x", 10, (5,))).endswith("5 s 2.00x")


def test_title():
    assert text.title(SEED, MACHINE).splitlines() == [
        SEED.question,
        "Python 3.13.1, GIL on, 2 usable cores, NumPy 2.4.6, loops: avx2",
    ]
    off = text.title(SEED, {**MACHINE, "gil": False, "cores_usable": 1, "native": {}})
    assert off.endswith("GIL off, 1 usable core, NumPy 2.4.6, loops: unknown")


def test_sentences_are_as_wide_as_the_table():
    lines = text.wrapped("word " * 60, 4).splitlines()
    assert len(lines) > 1
    assert all(line.startswith("    word") and len(line) <= text.WIDTH for line in lines)


# Notes


def test_a_note_is_told_once():
    scaled = "size scaled down from 1e8: it would need 3.2 GB"
    row = Row("f", result(notes=(scaled,)), (result(notes=(scaled,)), None), "Remark.")
    assert text.row_lines(row, COLUMNS)[1:] == ["    Remark.", f"    note: {scaled}"]


def test_noisy_samples_are_named_by_their_column():
    row = Row("f", result(), (result(noisy=True, notes=("spread",)), result(noisy=True, notes=("slow", "stolen"))), "Remark.")
    assert text.row_lines(row, COLUMNS)[1:] == ["    Remark.", "    noisy samples: 2 threads, 2 processes"]


def test_what_the_remark_says_is_no_note():
    row = Row("f", result(noisy=True, notes=("spread", "who could run")), (None, None), "who could run")
    assert text.row_lines(row, COLUMNS)[1:] == ["    who could run", "    noisy samples: 1 thread"]


def test_reports_print_nothing(capfd):
    text.row_lines(Row("f", result(), (result(), result()), "x"), COLUMNS)
    text.header(SEED)
    text.title(SEED, MACHINE)
    assert capfd.readouterr() == ("", "")
