"""Lessons: predict, run, explain. One file each, in order, and a row here. They use what anybody can import of gilscope."""

from __future__ import annotations

from gilscope.lessons._atlas import ATLAS
from gilscope.lessons._lesson import THREADS, Choice, Lesson, Row, Rows
from gilscope.lessons._mystery import MYSTERY
from gilscope.lessons._numpy import NUMPY
from gilscope.lessons._permits import PERMITS
from gilscope.lessons._small import SMALL
from gilscope.lessons._twins import TWINS

LESSONS: dict[str, Lesson] = {each.name: each for each in (MYSTERY, TWINS, PERMITS, SMALL, NUMPY, ATLAS)}

__all__ = ["LESSONS", "THREADS", "Choice", "Lesson", "Row", "Rows"]
