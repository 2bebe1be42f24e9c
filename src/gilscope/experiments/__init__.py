"""Experiments: a question, the cases that answer it, and the verdict. One file each, and a row here."""

from __future__ import annotations

from gilscope.experiments._choice import Choice
from gilscope.experiments._convoy import CONVOY
from gilscope.experiments._experiment import Course, Experiment, Request, Row
from gilscope.experiments._grain import GRAIN
from gilscope.experiments._oversubscription import OVERSUBSCRIPTION
from gilscope.experiments._roofline import ROOFLINE
from gilscope.experiments._scaling import SCALING
from gilscope.experiments._seed import SEED
from gilscope.experiments._starvation import STARVATION

_ALL = (SEED, SCALING, GRAIN, CONVOY, STARVATION, ROOFLINE, OVERSUBSCRIPTION)
EXPERIMENTS: dict[str, Experiment] = {each.name: each for each in _ALL}

#: What stands for all of them, one after the other in one session.
ALL = "all"

__all__ = ["ALL", "EXPERIMENTS", "Choice", "Course", "Experiment", "Request", "Row"]
