"""The guards of measuring: a group that would take too much memory or time is scaled down, by a sampler without a clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import BASELINE, PAIR, SIZE, Script, measured, new_session

from gilscope import measure as module
from gilscope.cases import Case
from gilscope.measure import Group, Plan, one_digit
from gilscope.results import load

pytestmark = pytest.mark.usefixtures("much_memory")


def test_a_group_that_needs_too_much_memory_is_scaled_down(monkeypatch):
    monkeypatch.setattr(module, "available_memory", lambda: 20_000)
    # 16 kB serial, 32 kB for threads, whose arrays serve the native ones too: 48 kB, and half of 20 kB is allowed.
    results = measured(PAIR, Script())
    assert {result.case["size"] for result in results.values()} == {200}
    assert [result.case["asked"] for result in results.values()] == [case.id for case in PAIR.all_cases()]
    assert list(results) == [case.id.replace("1e3", "200") for case in PAIR.all_cases()]
    assert all("size scaled down from 1e3: it would need 0.0 GB" in result.notes for result in results.values())
    assert all(result.speedup.baseline == "exp.c.held/serial/200" for result in results.values())


def test_gigabytes_are_named(monkeypatch):
    monkeypatch.setattr(module, "available_memory", lambda: 10**9)
    group = Group("g", (Case("f.python", 10**7, "processes", 2),))
    results = measured(group, Script(), Plan(blocks=1, sample_seconds=1.0))
    assert all(result.notes[0] == "size scaled down from 1e7: it would need 1.2 GB" for result in results.values())
    assert {result.case["size"] for result in results.values()} == {4_000_000}


def test_a_group_that_takes_too_long_is_scaled_down():
    # A call takes 0.1 s, at most 0.2 s on two workers; a sample 1 s: 3 blocks of 4 cases take 12 s.
    assert all(result.case["size"] == SIZE for result in measured(PAIR, Script(), Plan(3, 1.0, 12)).values())
    slow = {BASELINE.id.replace("1e3", "10"): [0.1]}  # 10 s a call: serial 10, on two workers 20 each
    results = measured(PAIR, Script(slow), Plan(3, 1.0, 21))
    assert {result.case["size"] for result in results.values()} == {100}
    assert all("size scaled down from 1e3: it would take 210 s" in result.notes for result in results.values())


def test_each_call_counts_with_its_own_time():
    # Of four serial cases the second takes 100 times as long as the others: that holds for its threads too.
    calls = ("exp.c.held", "exp.c.per_item", "exp.cython.held", "exp.cython.released")
    cases = tuple(Case(call, SIZE, executor, n) for executor, n in (("serial", 1), ("threads", 2)) for call in calls)
    times = {f"{call}/serial/10": [10.0 if "per_item" in call else 0.1] for call in calls}
    seconds = module.expected_seconds(Group("g", cases).all_cases(), Plan(blocks=1, sample_seconds=1e-9), Script(times))
    ones = 3 * 10 + 3 * 20 + 20 + 20  # serial, threads, native threads, processes
    assert seconds == pytest.approx(ones + 1000 + 2000)


def test_what_was_scaled_down_is_known_by_what_was_asked(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "available_memory", lambda: 20_000)
    session = new_session()
    measured(PAIR, Script(), session=session)
    session.save(tmp_path / "session.json")
    sampler = Script()
    again = measured(PAIR, sampler, session=load(tmp_path / "session.json"))
    assert sampler.steps == []
    assert {result.case["size"] for result in again.values()} == {200}


@given(st.floats(1, 1e15))
def test_one_digit(size):
    found = one_digit(size)
    assert found <= size < 2 * found
    assert len(str(found).rstrip("0")) == 1


@pytest.mark.parametrize(("size", "found"), [(0, 1), (0.3, 1), (1, 1), (9.99, 9), (1000, 1000), (999_999.9999999999, 900_000)])
def test_one_digit_at_the_edges(size, found):
    assert one_digit(size) == found
