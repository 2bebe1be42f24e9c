"""Checking a function: does it release the GIL, does that help, and if not, why."""

from gilscope.checking._checker import Checker, check
from gilscope.checking._evidence import Budget, Evidence
from gilscope.checking._profile import Profile
from gilscope.checking._scan import Scan, scan, sizes_between, threshold_of
from gilscope.checking._subject import Function, Statement, Subject
from gilscope.checking._verdict import Verdict

__all__ = [
    "Budget",
    "Checker",
    "Evidence",
    "Function",
    "Profile",
    "Scan",
    "Statement",
    "Subject",
    "Verdict",
    "check",
    "scan",
    "sizes_between",
    "threshold_of",
]
