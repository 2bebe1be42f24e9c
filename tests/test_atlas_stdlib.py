"""The catalogue of the standard library: large enough, of names that exist, and of statements that run, and run again."""

import sys
from dataclasses import replace

import pytest

from gilscope.atlas import CATALOGUES, read_catalogue
from gilscope.atlas._names import missing
from gilscope.atlas._process import Prober
from gilscope.atlas_data import CallFound

ENTRIES = read_catalogue(CATALOGUES["stdlib"]).entries


@pytest.fixture(scope="module")
def prober():
    """A process of their own for calls that change what belongs to the whole process: its threads, limits, decimal context."""
    with Prober(10.0, sys.path) as prober:
        yield prober


def test_there_are_at_least_80_calls():
    assert len(ENTRIES) >= 80


def test_a_small_size_is_below_any_threshold():
    assert all(entry.sizes[0] <= 10 for entry in ENTRIES)


def test_every_path_exists():
    assert [path for entry in ENTRIES for path in entry.needs if missing(path)] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_call_runs_again_and_again(entry, prober):
    found = prober.probe(replace(entry, sizes=entry.sizes[:1]))
    assert isinstance(found, CallFound), found
