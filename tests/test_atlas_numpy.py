"""The catalogue of NumPy: large enough, of names that exist, and of statements that run, and run again."""

import pytest

from gilscope.atlas import CATALOGUES, read_catalogue
from gilscope.atlas._names import missing
from gilscope.checking import Statement

ENTRIES = read_catalogue(CATALOGUES["numpy"]).entries
# What only some of the versions that gilscope works with have.
COME_AND_GONE = {
    "numpy.cumulative_sum",  # from 2.1 on
    "numpy.in1d",  # until 2.3
    "numpy.matvec",  # from 2.2 on
    "numpy.strings.slice",  # from 2.3 on
    "numpy.vecmat",  # from 2.2 on
}
PRESENT = [entry for entry in ENTRIES if not any(map(missing, entry.needs))]


def test_there_are_at_least_250_calls():
    assert len(ENTRIES) >= 250


def test_every_path_exists_but_for_those_that_come_and_go():
    absent = {path for entry in ENTRIES for path in entry.needs if missing(path)}
    assert absent <= COME_AND_GONE


def test_a_small_size_is_below_numpys_threshold():
    assert all(entry.sizes[0] <= 10 for entry in ENTRIES if len(entry.sizes) > 1)


@pytest.mark.filterwarnings("ignore:Implicitly cleaning up:ResourceWarning")  # a temporary folder ends with its setup
@pytest.mark.parametrize("entry", PRESENT, ids=lambda entry: entry.name)
def test_a_call_runs_again_and_again(entry):
    with Statement(entry.statement, entry.setup, {"n": entry.sizes[0]}).alone() as call:
        for _ in range(3):
            call()
