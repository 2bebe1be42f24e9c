"""The catalogue of SciPy: large enough, of names that exist, and of statements that run, and run again."""

from importlib.util import find_spec

import pytest

from gilscope.atlas import CATALOGUES, read_catalogue
from gilscope.atlas._names import missing
from gilscope.checking import Statement

ENTRIES = read_catalogue(CATALOGUES["scipy"]).entries
PARTS = {
    "cluster", "fft", "integrate", "interpolate", "io", "linalg", "ndimage", "optimize", "signal", "sparse", "spatial", "special",
    "stats",
}  # fmt: skip

needs_scipy = pytest.mark.skipif(find_spec("scipy") is None, reason="SciPy is not installed")


def test_there_are_at_least_120_calls():
    assert len(ENTRIES) >= 120


def test_every_part_of_scipy_has_some():
    assert {entry.name.split(".")[1] for entry in ENTRIES} == PARTS


def test_a_small_size_is_below_any_threshold():
    assert all(entry.sizes[0] <= 10 for entry in ENTRIES)


@needs_scipy
def test_every_path_exists():
    assert [path for entry in ENTRIES for path in entry.needs if missing(path)] == []


@needs_scipy
@pytest.mark.timeout(10)
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_call_runs_again_and_again(entry):
    with Statement(entry.statement, entry.setup, {"n": entry.sizes[0]}).alone() as call:
        for _ in range(3):
            call()
