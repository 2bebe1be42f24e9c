"""Experiments: a question, the cases that answer it, and the verdict. One file each, and a row here."""

from __future__ import annotations

from gilscope.experiments._choice import Choice
from gilscope.experiments._experiment import Course, Experiment, Request, Row
from gilscope.experiments._grain import GRAIN
from gilscope.experiments._oversubscription import OVERSUBSCRIPTION
from gilscope.experiments._roofline import ROOFLINE
from gilscope.experiments._scaling import SCALING
from gilscope.experiments._seed import SEED

EXPERIMENTS: dict[str, Experiment] = {each.name: each for each in (SEED, SCALING, GRAIN, ROOFLINE, OVERSUBSCRIPTION)}

__all__ = ["EXPERIMENTS", "Choice", "Course", "Experiment", "Request", "Row"]
