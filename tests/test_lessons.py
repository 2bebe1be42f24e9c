"""The lessons: each runs, says why, and is right about what was measured; and how `gilscope lesson` goes through one."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import gilscope as gs
from gilscope.atlas_data import SizeFound
from gilscope.commands import _lesson as command
from gilscope.lessons import LESSONS, Row
from gilscope.stats import Interval

lessons = pytest.mark.parametrize("lesson", LESSONS.values(), ids=list(LESSONS))
SPEEDS = {"faster": (1.9, 1.8, 2.0), "same": (0.95, 0.9, 1.0), "slower": (0.4, 0.35, 0.45), "unclear": (1.1, 0.6, 1.9)}
COLUMNS, LINES = 100, 28


def row(effect="unclear", releases=True):
    """What might have been measured of a call."""
    return Row(0.000123, releases, 0.97 * releases, *SPEEDS[effect], cause="memory bandwidth")


def rows(lesson, *each):
    """A made-up measurement of a lesson, row by row."""
    return dict(zip(ROWS[lesson.name], each, strict=True))


ROWS = {
    "mystery": ["f", "g"],
    "twins": ["held", "released"],
    "permits": ["declared nogil", "with nogil:"],
    "small": ["short", "long"],
    "numpy": ["np.exp, 500", "np.exp, 501", "v @ v", "det, 100 x 100"],
    "atlas": ["sort[float64]", "where", "repeat", "count_nonzero[float64]"],
}
H, R = row(releases=False), row(releases=True)
USUAL = {
    "mystery": (row("same", False), row("faster")),
    "twins": (row("same", False), row("faster")),
    "permits": (H, R),
    "small": (row("slower"), row("faster")),
    "numpy": (H, R, H, H),
    "atlas": (R, R, H, H),
}


def verdict_of(row):
    """The verdict that such a row comes from."""
    speedup = {} if row.speedup is None else {2: Interval(row.speedup, row.low, row.high)}
    return SimpleNamespace(**vars(row) | {"speedup": speedup})


# Lessons


@lessons
def test_a_lesson_runs(lesson):
    check = gs.Checker(threads=lesson.threads, processes=False, repeat=2, number=1)
    found = {name: Row.of(verdict) for name, verdict in lesson.measure(check).items()}
    assert list(found) == ROWS[lesson.name]
    assert all(each.seconds > 0 for each in found.values())
    assert lesson.answer(found) in (None, *range(1, len(lesson.choices) + 1))
    assert lesson.explain(found)


@lessons
def test_each_choice_has_a_reason_why_it_is_wrong(lesson):
    assert len(lesson.choices) >= 3
    assert len({each.text for each in lesson.choices}) == len({each.wrong for each in lesson.choices}) == len(lesson.choices)
    for each in lesson.choices:
        assert each.wrong.endswith(".")
        assert not each.text.endswith(".")


@lessons
def test_what_is_shown_is_what_runs(lesson):
    assert lesson.measure in lesson.code
    assert "def measure(check: Check) -> Verdicts:\n" in lesson.source
    assert "gs.survey(" in lesson.source or lesson.source.count("check(") >= len(ROWS[lesson.name])


def test_the_declaration_is_shown_and_not_the_answer():
    source = LESSONS["permits"].source
    assert "cdef void exp_loop(const real[::1] x, real[::1] out) noexcept nogil:" in source
    assert "permits" not in source
    assert "#" not in source


@pytest.mark.parametrize(
    ("name", "measured", "answer"),
    [
        ("mystery", [("same", False), ("faster", True)], 2),
        ("mystery", [("slower", False), ("faster", True)], 3),
        ("mystery", [("same", False), ("same", True)], None),  # g lets go of the GIL: it is not that Python runs one thread
        ("mystery", [("unclear", False), ("faster", True)], None),
        ("twins", [("same", False), ("faster", True)], 2),
        ("twins", [("same", False), ("same", True)], None),
        ("twins", [("faster", False), ("faster", True)], None),
        ("permits", [("faster", False), ("same", True)], 2),
        ("permits", [("same", True), ("faster", True)], 1),
        ("permits", [("same", False), ("same", False)], 3),
        ("permits", [("same", True), ("same", False)], 4),
        ("small", [("slower", True), ("faster", True)], 3),
        ("small", [("same", True), ("faster", True)], 2),
        ("small", [("faster", True), ("faster", True)], 1),
        ("small", [("slower", True), ("same", True)], None),
        ("numpy", [("same", False), ("same", True), ("same", False), ("same", False)], 3),
        ("numpy", [("same", False), ("same", True), ("same", True), ("same", True)], 2),
        ("numpy", [("same", False), ("same", True), ("same", False), ("same", True)], None),
        ("numpy", [("same", True)] * 4, 1),
        ("numpy", [("same", False)] * 4, 4),
        ("numpy", [("same", True), ("same", True), ("same", False), ("same", False)], None),
        ("atlas", [("same", True), ("same", True), ("same", False), ("same", False)], 3),
        ("atlas", [("same", True), ("same", False), ("same", False), ("same", False)], 2),
        ("atlas", [("same", False), ("same", True), ("same", True), ("same", True)], None),
        ("atlas", [("same", True)] * 4, 1),
        ("atlas", [("same", False)] * 4, 4),
    ],
)
def test_the_answer_follows_from_what_was_measured(name, measured, answer):
    lesson = LESSONS[name]
    assert lesson.answer(rows(lesson, *(row(*each) for each in measured))) == answer


@pytest.mark.parametrize(
    ("low", "high", "effect"),
    [
        (1.06, 2.1, "faster"),
        (1.05, 1.25, "same"),
        (1.05, 1.3, "unclear"),
        (0.7, 0.95, "same"),
        (0.69, 0.95, "unclear"),
        (0.5, 0.79, "slower"),
        (None, None, "unclear"),
    ],
)
def test_the_effect_is_said_of_the_whole_interval(low, high, effect):
    assert Row(1.0, True, 1.0, low and (low + high) / 2, low, high).effect == effect


def test_a_row_of_a_verdict():
    assert Row.of(verdict_of(row("faster"))) == row("faster")
    alone = Row.of(SimpleNamespace(**vars(row()) | {"speedup": {}}))
    assert (alone.seconds, alone.speedup, alone.low, alone.high) == (row().seconds, None, None, None)


def test_a_row_of_an_atlas():
    found = SizeFound(10**6, 0.97, 1.0, 1.0, 1000, 0.001, 20, 1.0, "released")
    assert Row.of(found) == Row(0.001, True, 0.97)
    assert Row.of(replace(found, releases=0.0)).releases is False


def test_numpy_explains_itself_where_it_has_other_rules():
    lesson = LESSONS["numpy"]
    assert "the elements of the result" in lesson.explain(rows(lesson, H, R, H, H))
    assert np.__version__ in lesson.explain(rows(lesson, H, R, R, R))
    lesson = LESSONS["atlas"]
    assert "nobody did" in lesson.explain(rows(lesson, R, R, H, H))
    assert np.__version__ in lesson.explain(rows(lesson, R, R, R, H))


# What is written


@pytest.fixture
def here(monkeypatch):
    """A machine with a GIL and two cores, on which lessons measure what is usual, at once."""
    monkeypatch.setattr(command, "usable_cores", lambda: [0, 1])
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: True, raising=False)
    monkeypatch.setattr(command, "measured", lambda lesson: rows(lesson, *USUAL[lesson.name]))


@lessons
def test_it_fits_a_screen(lesson, here):
    found = rows(lesson, *USUAL[lesson.name])
    page = "\n".join(command.page(lesson)).splitlines()
    assert len(page) < LINES
    for prediction in range(1, len(lesson.choices) + 1):
        outcome = command.outcome(lesson, found, prediction)
        answer = "\n".join([*command.table(found), "", *command.conclusion(lesson, outcome)]).splitlines()
        assert len(answer) < LINES - 12
        assert max(map(len, page + answer)) <= COLUMNS


@lessons
@pytest.mark.parametrize("prediction", [None, 1, 2, 3, 4])
def test_it_says_whether_the_prediction_was_right(lesson, prediction, here):
    found = rows(lesson, *USUAL[lesson.name])
    answer = lesson.answer(found)
    *first, explanation = command.conclusion(lesson, command.outcome(lesson, found, prediction))
    said, right = " ".join(" ".join(first).split()), f"It is {answer}: {lesson.choices[answer - 1].text}."
    if prediction is None:
        assert said == right
    elif prediction == answer:
        assert said == f"You were right. {right}"
    else:
        assert said == f"Not {prediction}: {lesson.choices[prediction - 1].wrong} {right}"
    assert " ".join(explanation.split()) == lesson.explain(found)


@lessons
def test_without_a_gil_nothing_is_said_of_it(lesson, here, monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    found = command.outcome(lesson, rows(lesson, *USUAL[lesson.name]), 1)
    assert (found["answer"], found["explanation"]) == (None, None)
    assert command.conclusion(lesson, found)[0].startswith("This Python runs without a GIL")


@lessons
def test_one_core_shows_no_speed(lesson, here, monkeypatch):
    monkeypatch.setattr(command, "usable_cores", lambda: [3])
    found = command.outcome(lesson, rows(lesson, *USUAL[lesson.name]), 1)
    assert (found["answer"] is None) == lesson.compares_speed
    assert command.conclusion(lesson, found)[0].startswith("This process may use one core") == lesson.compares_speed


def test_what_fits_no_answer_is_left_open(here):
    lesson = LESSONS["twins"]
    found = command.outcome(lesson, rows(lesson, row("unclear", False), row("unclear")), 2)
    assert found["answer"] is None
    assert command.conclusion(lesson, found)[0].startswith("None of the answers fits")


def test_the_table_without_threads_has_no_columns_of_them():
    alone = Row(0.001, True, 0.5)
    assert command.table({"one": alone}) == ["       one call   without the GIL", "one        1 ms           for 50%"]
    assert "on 2 threads" in command.table({"one": alone, "other": row("same")})[0]


# The command


def test_lessons_are_listed_in_order(cli):
    status, out, err = cli("lesson")
    assert (status, err) == (0, "")
    named = [line.split()[0] for line in out.splitlines() if line.startswith("  ") and line[2] != " "]
    assert named == list(LESSONS) == list(json.loads(cli("lesson", "--json", "-")[1]))
    assert all(each.question in " ".join(out.split()) for each in LESSONS.values())
    assert out.endswith("Begin with `gilscope lesson mystery`.\n")


@lessons
def test_a_lesson_in_a_pipe_goes_on_without_a_prediction(lesson, here, cli):
    status, out, err = cli("lesson", lesson.name)
    assert (status, err) == (0, "")
    assert "\n  1  " in out
    assert "\nIt is " in out
    names = [*LESSONS, None]
    after = names[names.index(lesson.name) + 1]
    assert out.splitlines()[-1] == (f"Next: gilscope lesson {after}" if after else "Next: gilscope exercise my_extension")


def test_a_prediction_can_be_given(here, cli):
    assert "\nYou were right. It is 2: " in cli("lesson", "twins", "--answer", 2)[1]
    assert "\nNot 1: " in cli("lesson", "twins", "--answer", 1)[1]


def test_a_lesson_as_json(here, cli, tmp_path):
    found = json.loads(cli("lesson", "twins", "--answer", 3, "--json", "-")[1])
    assert (found["lesson"], found["prediction"], found["answer"], found["obstacle"]) == ("twins", 3, 2, None)
    assert found["numbers"]["held"]["releases"] is False
    assert found["numbers"]["released"]["speedup"] == 1.9
    assert len(found["choices"]) == 4
    cli("lesson", "twins", "--json", tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text())["prediction"] is None


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["twin"], 1, "there is no lesson 'twin': lessons are mystery, twins"),
        (["twins", "--answer", "5"], 1, "--answer is a number from 1 to 4 in this lesson, not 5"),
        (["twins", "--answer", "0"], 2, "'--answer': 0 is not in the range x>=1"),
        (["twins", "--answer", "two"], 2, "'--answer': 'two' is not a valid integer"),
    ],
)
def test_a_mistake_is_one_sentence(cli, arguments, status, sentence):
    found, _, err = cli("lesson", *arguments)
    assert found == status
    assert sentence in err
    assert len(err.splitlines()) == 1


@pytest.fixture
def typing(monkeypatch):
    """Somebody at a terminal who types these lines, then Ctrl-D."""

    def typed(*lines):
        left = iter(lines)

        def read():
            line = next(left, "")
            if line is KeyboardInterrupt or line is AssertionError:
                raise line
            return line

        monkeypatch.setattr(sys, "stdin", SimpleNamespace(readline=read))
        monkeypatch.setattr(command, "at_terminal", lambda: True)
        return left

    return typed


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["2\n"], "You were right."),
        ([" 3 \n"], "Not 3: "),
        (["0\n", "two\n", "22\n", "3\n"], "Not 3: "),
        (["\n"], "It is 2: "),
        (["2"], "You were right."),
        ([], "It is 2: "),
    ],
)
def test_a_prediction_is_asked_for_until_there_is_one(here, cli, typing, lines, said):
    left = typing(*lines)
    status, out, err = cli("lesson", "twins")
    assert (status, err) == (0, "")
    assert f"\n{said}" in out
    assert list(left) == []


def test_nobody_is_asked_who_has_answered_or_wants_json_only(here, cli, typing):
    typing(AssertionError)
    assert cli("lesson", "twins", "--answer", 2)[0] == 0
    assert cli("lesson", "twins", "--json", "-")[0] == 0


def test_ctrl_c_at_the_question(here, cli, typing):
    typing(KeyboardInterrupt)
    status, _, err = cli("lesson", "twins")
    assert (status, err.split()) == (130, ["interrupted"])


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals")
def test_in_a_terminal():
    ours, theirs = os.openpty()
    os.write(ours, b"9\n3\n")
    arguments = [sys.executable, "-W", "error", "-m", "gilscope", "lesson", "numpy"]
    with subprocess.Popen(arguments, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, text=True) as child:
        os.close(theirs)
        said = b""
        try:
            while part := os.read(ours, 4096):
                said += part
        except OSError:  # Linux: the other side has closed it
            pass
        assert child.communicate(timeout=60)[1] == ""
    os.close(ours)
    assert child.returncode == 0
    assert said.count(b"Your prediction, 1 to 4") == 2
    assert b"Next: gilscope lesson atlas" in said
