"""Running all experiments in one session: what each is told and keeps, and that a killed run loses nothing."""

import os
import signal
from dataclasses import replace

import pytest
from children import BLOCKS, complete, linux, start, two_cores, wait_for_pause

from gilscope.experiments import EXPERIMENTS, Course
from gilscope.measure import Plan
from gilscope.results import Session, load
from gilscope.running import run
from gilscope.watching import Scene, Watch


@pytest.fixture
def two(tiny):
    """Two experiments that measure the same cases, and one that observes."""
    plans = dict.fromkeys(["quick", "default"], Plan(blocks=2, sample_seconds=0.0002))
    scene = Scene("a", lambda: {"count": 1.0})
    observing = replace(tiny, name="observing", course=lambda *_: Course(watches=[Watch((scene,), {"count": "1"})]), plans=plans)
    kept = dict(EXPERIMENTS)
    EXPERIMENTS.clear()
    EXPERIMENTS.update({each.name: each for each in (tiny, replace(tiny, name="again"), observing)})
    yield
    EXPERIMENTS.clear()
    EXPERIMENTS.update(kept)


def test_all_is_one_session_of_parts_in_which_no_case_takes_the_place_of_another(two, tmp_path):
    path = tmp_path / "a.json"
    session = run("all", path=path)
    assert list(session.parts) == ["tiny", "again", "observing"]
    first, again, observing = session.parts.values()
    assert [each.id for each in first] == [each.id for each in again]
    assert all(one.samples != other.samples for one, other in zip(first, again, strict=True))
    assert observing.observations["a"]["count"].blocks == (1.0, 1.0)
    assert load(path) == session
    assert load(path).parts["again"] == again
    assert again.machine is session.machine
    assert len(session) == 0


def test_each_is_told_before_and_after_with_its_own_session(two):
    told = []
    session = run(
        "all",
        begin=lambda experiment, part: told.append(("begin", experiment.name, len(part))),
        seen=lambda group, results, part: told.append((part.experiment, group.name)),
        end=lambda experiment, part: told.append(("end", experiment.name, len(part))),
    )
    assert told == [
        ("begin", "tiny", 0), ("tiny", "exp"), ("tiny", "add"), ("end", "tiny", 6),
        ("begin", "again", 0), ("again", "exp"), ("again", "add"), ("end", "again", 6),
        ("begin", "observing", 0), ("end", "observing", 0),
    ]  # fmt: skip
    assert session.experiment == "all"


def test_all_has_one_estimate_and_one_progress(two, tmp_path):
    shares, estimates = [], []
    session = run("all", quick=True, path=tmp_path / "a.json", progress=shares.append, estimate=estimates.append)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    assert estimates == [sum(each.seconds["quick"] for each in EXPERIMENTS.values())]
    Session("all", session.machine, parts=list(session.parts.values())[:2]).save(tmp_path / "a.json")
    run("all", quick=True, path=tmp_path / "a.json", resume=True, estimate=estimates.append)
    assert estimates[1] == pytest.approx(estimates[0] * 2 / 3)  # the second may be incomplete, the third was not begun


def test_all_goes_on_where_it_stopped(two, tmp_path):
    path = tmp_path / "a.json"
    session = run("all", path=path)
    begun = Session("again", session.machine, list(session.parts["again"])[:3])
    Session("all", session.machine, parts=[session.parts["tiny"], begun]).save(path)
    after = run("all", path=path, resume=True)
    assert after.parts["tiny"] == session.parts["tiny"]
    assert list(after.parts["again"])[:3] == list(begun)
    assert [each.id for each in after.parts["again"]] == [each.id for each in session.parts["again"]]
    assert "observing" in after.parts


def test_all_takes_no_choice_and_no_session_of_one(two, tmp_path):
    with pytest.raises(ValueError, match=r"^all always measures the same and takes no kernel"):
        run("all", kernel="exp")
    run("tiny", path=tmp_path / "a.json")
    with pytest.raises(ValueError, match="is a session of 'tiny', not of 'all': name another file"):
        run("all", path=tmp_path / "a.json", resume=True)


# Killed


def samples_of(path):
    """Return what was measured: the samples by experiment and case, the blocks by experiment and label."""
    parts = load(path).parts
    found = {(name, each.id): each.samples for name, part in parts.items() for each in part}
    for name, part in parts.items():
        found |= {(name, label): each["count"].blocks for label, each in part.observations.items()}
    return found


@linux
@two_cores
@pytest.mark.parametrize("pause", [1, 2 * BLOCKS + 1, 7 * BLOCKS + 2, "watching"])
def test_all_killed_anywhere_measures_nothing_twice(environment, tmp_path, pause):
    path = tmp_path / "session.json"
    child = start(environment, "all", "--json", str(path), PAUSE_AT=str(pause), ALL="1")
    try:
        wait_for_pause(child)
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
    before = samples_of(path) if path.exists() else {}
    assert bool(before) == (pause != 1)  # in its first group there is nothing yet to lose
    again = ["--resume"] if before else []
    out = complete(environment, "all", *again, "--json", str(path), ALL="1")
    after = samples_of(path)
    assert {key: after[key][: len(taken)] for key, taken in before.items()} == before
    assert sum(map(len, before.values())) < sum(map(len, after.values()))
    assert {len(taken) for taken in after.values()} == {BLOCKS}
    assert [line for line in out.splitlines() if line.startswith("===")] == ["=== seed", "=== roofline", "=== watched"]
    assert out.splitlines()[-1] == f"session: {path}"
