"""Experiments: a question, the cases that answer it, and the verdict. One file each, and a row here."""

from __future__ import annotations

from gilscope.experiments._experiment import Experiment, Row
from gilscope.experiments._seed import SEED

EXPERIMENTS: dict[str, Experiment] = {each.name: each for each in (SEED,)}

__all__ = ["EXPERIMENTS", "Experiment", "Row"]
