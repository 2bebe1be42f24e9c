"""`gilscope lesson`: predict, run, explain."""

from __future__ import annotations

import sys
import textwrap
from typing import Any

import click

import gilscope as gs
from gilscope.commands._output import json_option, speaker, write_json
from gilscope.cores import usable_cores
from gilscope.lessons import LESSONS, THREADS, Lesson, Row, Rows
from gilscope.machine import gil_is_on
from gilscope.wording import duration, percent

WIDTH = 100
SAMPLES = 9  # of each kind: the interval of a few says nothing

NO_GIL = (
    "This Python runs without a GIL: nothing is held and nothing can be released, so every call lets others run. With "
    "PYTHON_GIL=1 in the environment there is one, and the question has an answer."
)
ONE_CORE = (
    "This process may use one core, so two threads cannot overlap, whatever they hold. Who lets others run is in the table all "
    "the same, under `without the GIL`."
)
UNCLEAR = (
    "None of the answers fits what was measured: something besides the GIL was at work, other programs perhaps. Run the lesson "
    "again when the machine is quiet."
)


@click.command("lesson")
@click.argument("name", required=False, metavar="[NAME]")
@click.option("--answer", type=click.IntRange(min=1), metavar="N", help="Your prediction, instead of being asked for it.")
@json_option
def command(name: str | None, answer: int | None, json_file: str | None) -> None:
    """Ask a question about the GIL, measure the answer here, and say why; without a NAME, list the lessons."""
    say = speaker(json_file)
    if name is None:
        say("\n".join(contents()))
        write_json(json_file, {each.name: each.question for each in LESSONS.values()})
        return
    lesson = lesson_named(name)
    say("\n".join(page(lesson)))
    prediction = predicted(lesson, answer, asking=json_file != "-" and at_terminal())
    say("")
    if sys.stderr.isatty():
        click.echo("measuring, which takes some seconds ...\n", err=True)
    rows = measured(lesson)
    found = outcome(lesson, rows, prediction)
    say("\n".join([*table(rows), "", *conclusion(lesson, found), *after(lesson)]))
    write_json(json_file, {"lesson": lesson.name, "question": lesson.question, **found})


def lesson_named(name: str) -> Lesson:
    """Return a lesson by its name."""
    if name not in LESSONS:
        raise ValueError(f"there is no lesson {name!r}: lessons are {', '.join(LESSONS)}")
    return LESSONS[name]


# --- predict -------------------------------------------------------------------------------------------------------------------


def contents() -> list[str]:
    """Return all lessons, in order."""
    lines = [f"  {each.name:9} {each.title}\n{textwrap.indent(wrapped(each.question), ' ' * 12)}" for each in LESSONS.values()]
    return ["Lessons, in order:", "", *lines, "", f"Begin with `gilscope lesson {next(iter(LESSONS))}`."]


def page(lesson: Lesson) -> list[str]:
    """Return what is to be read before the measurement: the question, the code and the choices."""
    head = f"{lesson.title} (lesson {list(LESSONS).index(lesson.name) + 1} of {len(LESSONS)})"
    code = [f"    {line}".rstrip() for line in lesson.source.splitlines()]
    choices = [f"  {number}  {each.text}" for number, each in enumerate(lesson.choices, 1)]
    threads = f", alone and on {THREADS} threads," if lesson.threads > 1 else ""
    check = f"; check(f, x) calls f(x){threads} and watches the GIL" if " check(" in lesson.source else ""
    return [head, "", f"What will run{check}:", "", *code, "", wrapped(lesson.question), *choices]


def predicted(lesson: Lesson, given: int | None, asking: bool) -> int | None:
    """Return the number of the choice that the user makes, or None."""
    count = len(lesson.choices)
    if given is not None and given > count:
        raise ValueError(f"--answer is a number from 1 to {count} in this lesson, not {given}")
    return asked(count) if given is None and asking else given


def at_terminal() -> bool:
    """Tell whether somebody can read a question and answer it."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def asked(count: int) -> int | None:
    """Ask until there is a number, or nothing: Enter alone and the end of the input (Ctrl-D) go on without."""
    while True:
        click.echo(f"Your prediction, 1 to {count} (Enter: none): ", nl=False)
        line = sys.stdin.readline()
        if not line.endswith("\n"):  # the end of the input: nothing has ended the line on the screen
            click.echo()
        if not line.strip() or line.strip() in map(str, range(1, count + 1)):
            return int(line) if line.strip() else None


def wrapped(text: str) -> str:
    """Break a text into lines."""
    return textwrap.fill(text, WIDTH)


# --- run -----------------------------------------------------------------------------------------------------------------------


def measured(lesson: Lesson) -> Rows:
    """Run the lesson's code."""
    verdicts = lesson.measure(gs.Checker(threads=lesson.threads, processes=False, repeat=SAMPLES))
    return {name: Row.of(verdict) for name, verdict in verdicts.items()}


def table(rows: Rows) -> list[str]:
    """Return a line for each thing that was measured, under a heading."""
    width = max(map(len, rows)) + 2
    threads = f"   {f'on {THREADS} threads':20} because" if any(row.speedup for row in rows.values()) else ""
    heading = f"{'':{width}}{'one call':>10}{'without the GIL':>18}{threads}"
    return [heading, *(f"{name:{width}}{line(row)}" for name, row in rows.items())]


def line(row: Row) -> str:
    """Return the cells of one row."""
    share = f"for {percent(row.released_fraction)}" if row.releases else "never"
    cells = f"{duration(row.seconds):>10}{share:>18}"
    if row.speedup is None:
        return cells
    return f"{cells}   {f'{row.speedup:.2f}x [{row.low:.2f}, {row.high:.2f}]':20} {row.cause}"


# --- explain -------------------------------------------------------------------------------------------------------------------


def outcome(lesson: Lesson, rows: Rows, prediction: int | None) -> dict[str, Any]:
    """Return what a lesson comes to; its answer is None where this machine cannot give it, and `obstacle` says why."""
    hidden = obstacle(lesson)
    answer = None if hidden else lesson.answer(rows)
    return {
        "choices": [each.text for each in lesson.choices],
        "prediction": prediction,
        "answer": answer,
        "obstacle": hidden or (UNCLEAR if answer is None else None),
        "explanation": None if hidden == NO_GIL else lesson.explain(rows),
        "numbers": {name: vars(row) for name, row in rows.items()},
    }


def obstacle(lesson: Lesson) -> str | None:
    """Say why this machine cannot answer the question, if it cannot."""
    if not gil_is_on():
        return NO_GIL
    return ONE_CORE if lesson.compares_speed and len(usable_cores()) == 1 else None


def conclusion(lesson: Lesson, found: dict[str, Any]) -> list[str]:
    """Return what is said of the prediction, and the explanation."""
    said = verdict(lesson, found["prediction"], found["answer"]) if found["answer"] else [found["obstacle"]]
    return [wrapped(text) for text in (*said, found["explanation"]) if text]


def verdict(lesson: Lesson, prediction: int | None, answer: int) -> list[str]:
    """Say whether the prediction was right, and if not, what was wrong with it."""
    right = f"It is {answer}: {lesson.choices[answer - 1].text}."
    if prediction == answer:
        return [f"You were right. {right}"]
    return [right] if prediction is None else [f"Not {prediction}: {lesson.choices[prediction - 1].wrong}", right]


def after(lesson: Lesson) -> list[str]:
    """Name the next lesson, or what to do after the last one."""
    names = list(LESSONS)
    at = names.index(lesson.name) + 1
    return ["", f"Next: gilscope {f'lesson {names[at]}' if at < len(names) else 'exercise my_extension'}"]
