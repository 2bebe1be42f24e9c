"""What the seed experiment measures, and what it says of results that are made up: pure functions, nothing is timed."""

from dataclasses import replace
from itertools import pairwise

import pytest

from gilscope import measure as module
from gilscope.cases import case_of
from gilscope.commands._run import LAYOUTS
from gilscope.experiments import EXPERIMENTS, Request
from gilscope.experiments._seed import CLIFF, EXP_CALLS, LABELS, REMARKS, SEED, article_verdict, course, groups, pick
from gilscope.kernels._article import ARTICLE
from gilscope.measure import Plan, measure
from gilscope.results import Sample, Session

GIL_ON = {"exp.c.released/threads": 1.95, "native": 1.97, "processes": 1.9, "g": 1.8, "g_small": 0.9, "exp.c.per_item": 0.006}
NOT_SCALING = {"native": 1.02, "processes": 1.01, "exp.c.released/threads": 1.01}
GIL_OFF = {**GIL_ON, "exp.c": 1.95, "f": 1.92, "g_small": 1.93, "exp.cython": 1.9}


class Made:
    """A sampler that makes speed-ups: the longest key that starts an id, or its executor's, or 1."""

    def __init__(self, speedups, spread=0.0):
        self._speedups, self._spread, self._turn = speedups, spread, 0

    def new_group(self):
        pass

    def sample(self, case, calls, digest=False):
        self._turn += 1
        wobble = 1 + self._spread * (-1) ** self._turn
        seconds = case.size * 1e-9 / self._speedup(case) * wobble
        return Sample(seconds, calls, seconds * calls, seconds * calls, 10 * calls, 0, 0, 0.0), "same"

    def _speedup(self, case):
        if case.executor == "serial":
            return self._speedups.get(case.call, 1.0)
        keys = [key for key in self._speedups if case.id.startswith(key) and case.executor == "threads"]
        keys += [key for key in self._speedups if key == case.executor]
        return self._speedups[max(keys, key=len)] if keys else 1.0


@pytest.fixture
def made(monkeypatch):
    monkeypatch.setattr(module, "available_memory", lambda: 2**40)

    def make(speedups, gil=True, spread=0.0, wanted=None):
        session = Session("seed", {"gil": gil})
        plan = Plan(blocks=5, sample_seconds=1e-3, group_seconds=1e9)
        found = dict(measure(wanted or groups(False), session, plan, Made(speedups, spread)))
        return session, {row.label: row for group, results in found.items() for row in SEED.rows(group, results, session)}

    return make


# What is measured


def test_the_table():
    assert {name: each.name for name, each in EXPERIMENTS.items()} == {name: name for name in EXPERIMENTS}
    for each in EXPERIMENTS.values():
        assert each.question.endswith("?")
        assert set(each.plans) == {"quick", "default"}
        assert each.plans["quick"].blocks < each.plans["default"].blocks
        assert each.layout in LAYOUTS


def test_seeds_groups_are_cases_and_shares_of_the_run():
    found = list(course(Request(), Session("seed", {}), SEED.plans["default"], Made({})).groups)
    for group in found:
        assert all(case.target for case in group.all_cases())
        assert len({case.id for case in group.all_cases()}) == len(group.all_cases())
    assert [group.until for group in found] == [at / len(found) for at in range(1, len(found) + 1)]


def test_seed_is_the_article_then_one_loop():
    found = groups(False)
    assert [group.name for group in found] == [*LABELS, "exp", CLIFF]
    assert list(LABELS) == list(ARTICLE)
    assert set(REMARKS) == {*LABELS, *EXP_CALLS, CLIFF}
    for group in found[:-2]:
        assert [case.executor for case in group.all_cases()] == ["serial", "threads", "processes"]
        assert {case.call for case in group.all_cases()} == {group.name}
    assert [group.title != "" for group in found] == [False] * len(LABELS) + [True, False]


def test_the_twins_are_in_one_group_with_their_ceiling():
    cases = groups(False)[-2].all_cases()
    ids = [case.id for case in cases]
    assert {"exp.c.held/serial/1e6", "exp.c.released/threads-2/1e6", "exp.c.released/native-2/1e6"} <= set(ids)
    assert {case.size for case in cases} == {10**6}


def test_full_is_the_articles_sizes():
    def sizes(full):
        return {group.name: group.cases[0].size for group in groups(full)}

    assert sizes(True)["f.python"] == sizes(True)["g.numpy"] == 10**7
    assert sizes(False)["f.python"] == 10**6
    assert {name for name in LABELS if sizes(True)[name] != sizes(False)[name]} == {"f.python"}


def test_published():
    speedups = {each.label: [round(each.serial / other, 2) for other in each.others] for each in SEED.published}
    assert speedups == {"100 * g()": [1.40, 1.61], "10 * f()": [0.67, 1.54]}
    assert len(SEED.columns) == 2


# What the rows say


def test_a_row_for_each_routine_and_strategy(made):
    session, rows = made(GIL_ON)
    assert list(rows) == [
        "g, as published, 1e7",
        "g, arrays reused (out=), 1e7",
        "g, 16384 at a time, 1e7",
        "g, 500 at a time, 1e7",
        "f, as published, 1e6",
        *(f"{call}, 1e6" for call in EXP_CALLS),
        "exp.c.per_item, 1e5",
    ]
    for row in rows.values():
        threads, processes = row.others
        assert case_of(row.serial.case).executor == "serial"
        assert threads.case["executor"] == "threads"
        assert processes is None or processes.case["executor"] == "processes"
        assert {row.serial.id, threads.id} <= {result.id for result in session}
        assert row.remark.endswith(".")


def test_a_remark_carries_the_numbers(made):
    _, rows = made(GIL_ON)
    assert "Published 1.40x" in rows["g, as published, 1e7"].remark
    assert "160 MB" in rows["g, as published, 1e7"].remark
    assert "(10 page faults)" in rows["g, as published, 1e7"].remark
    assert "611 chunks" in rows["g, 16384 at a time, 1e7"].remark
    assert "Published 0.67x" in rows["f, as published, 1e6"].remark
    assert "99% of the ceiling" in rows["exp.c.released, 1e6"].remark
    assert "166 ns a release" in rows["exp.c.per_item, 1e5"].remark  # 1 / 0.006 - 1


def test_a_size_that_was_scaled_down_is_the_rows_size(made, monkeypatch):
    monkeypatch.setattr(module, "available_memory", lambda: 10**8)
    [g, *_] = groups(False)
    _, rows = made(GIL_ON, wanted=[g])
    [(label, row)] = rows.items()
    assert label == "g, as published, 6e5"
    assert "10 MB of fresh pages" in row.remark
    assert "size scaled down from 1e7" in row.serial.notes[0]


def test_without_a_gil_the_remarks_say_so(made):
    _, on = made(GIL_ON)
    _, off = made(GIL_OFF, gil=False)
    assert [label for label, row in off.items() if "GIL off" in row.remark] == ["f, as published, 1e6", "exp.c.held, 1e6"]
    assert "GIL off: nothing makes pure-Python threads take turns: 10" in off["f, as published, 1e6"].remark
    assert not [label for label, row in off.items() if "wanted back" in row.remark or "called with the GIL" in row.remark]
    assert not [label for label, row in on.items() if "GIL off" in row.remark]


# The verdict


def verdict(made, *arguments, **options):
    session, _ = made(*arguments, **options)
    return SEED.verdict(session)


def test_where_it_scales_the_verdict_says_so(made):
    first, second = verdict(made, GIL_ON)
    assert first.startswith("Releasing the GIL is what lets threads scale: 2 threads run exp 1.9")
    assert "as fast released and 1.0" in first
    assert "(ceiling 1.9" in first
    assert second.startswith("Pure Python (f) runs 1.0")


CLAIM = "Releasing the GIL is what lets"


@pytest.mark.parametrize(
    "speedups",
    [
        NOT_SCALING,
        {"exp.c": 1.95, "native": 1.97},  # held scales too: then it is not the release
        {"exp.c.held/threads": 0.5, "exp.c.released/threads": 0.8, "native": 0.9},  # better than held, but no gain
        {"exp.c.held/threads": 0.5, "exp.c.released/threads": 1.0},
    ],
)
def test_where_nothing_is_shown_nothing_is_claimed(made, speedups):
    first, _ = verdict(made, speedups)
    assert CLAIM not in first
    assert "could not be shown here" in first


def test_intervals_that_overlap_claim_nothing(made):
    assert CLAIM in verdict(made, {**GIL_ON, "exp.c.released/threads": 1.2})[0]
    assert CLAIM not in verdict(made, {**GIL_ON, "exp.c.released/threads": 1.2}, spread=0.2)[0]


def test_with_the_gil_off_f_is_the_punch_line(made):
    first, second = verdict(made, GIL_OFF, gil=False)
    assert first.startswith("GIL off, so there is nothing to hold: ")
    assert CLAIM not in first
    assert second.startswith("GIL off: pure Python (f) runs 1.9")


def serial_cases(group):
    return [case for case in group.all_cases() if case.executor == "serial"]


def test_on_one_core_no_speed_up_is_told(made):
    serial = [replace(each, cases=tuple(serial_cases(each))) for each in groups(False)]
    session, rows = made({}, wanted=serial)
    assert all(row.others == (None, None) for row in rows.values())
    [line] = SEED.verdict(session)
    assert line.startswith("One usable core shows no speed-up, but")
    assert "x [" not in line


def test_a_verdict_needs_no_clock_and_no_order(made):
    session, _ = made(GIL_ON)
    again = Session("seed", session.machine, reversed(list(session)))
    assert SEED.verdict(again) == SEED.verdict(session)
    assert article_verdict({call: pick(list(session), call, "threads") for call in ("f.python", "g_out.numpy")}, gil=True)


def test_the_article_measured_what_it_says(made):
    """The speed-ups that the remarks quote are those of the published table."""
    quoted = {"g, as published, 1e7": "1.40x", "f, as published, 1e6": "0.67x"}
    _, rows = made(GIL_ON)
    for (label, text), published in zip(quoted.items(), SEED.published, strict=True):
        assert text == f"{published.serial / published.others[0]:.2f}x"
        assert text in rows[label].remark
    assert f"{SEED.published[1].serial / SEED.published[1].others[1]:.2f}x" in rows["f, as published, 1e6"].remark
    assert all(one.label != other.label for one, other in pairwise(SEED.published))
