"""Running an experiment from start to end, on sizes that take no time: killed, interrupted, resumed, and on one core."""

import json
import os
import re
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from children import BLOCKS, complete, finish, linux, start, two_cores, wait_for_pause

from gilscope import running
from gilscope.cases import Case
from gilscope.experiments import EXPERIMENTS
from gilscope.measure import Group, Plan
from gilscope.results import Session, load
from gilscope.running import OBSERVED, for_this_machine, new_session, run

ROUTINES = ["g.numpy", "g_out.numpy", "g_chunks.numpy", "g_small.numpy", "f.python"]
EXP = ["exp.c.held", "exp.c.declared_nogil", "exp.c.released", "exp.c.per_item", "exp.cython.held", "exp.cython.released"]

GIL = getattr(sys, "_is_gil_enabled", lambda: True)()


# What cannot be run


def test_no_such_experiment():
    with pytest.raises(ValueError, match=r"^there is no experiment 'sed': experiments are seed, .*, and all for all of them$"):
        run("sed")


def resume(path):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        run("seed", path=path, resume=True)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_resuming_another_experiments_session(tmp_path):
    Session("other", {"gil": True}).save(tmp_path / "a.json")
    assert resume(tmp_path / "a.json").endswith("is a session of 'other', not of 'seed': name another file")


@pytest.mark.parametrize("fact", ["python", "gil", "cpu", "cores_usable", "numpy", "isa"])
def test_resuming_another_machines_session(tmp_path, fact):
    session = new_session("seed")
    session.machine[fact] = "something else"
    session.save(tmp_path / "a.json")
    assert resume(tmp_path / "a.json").endswith(f"was measured elsewhere ({fact} differ): name another file")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 99, "gilscope": "9"}', "\0\0"])
def test_resuming_a_damaged_session(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(content)
    assert "is not a session that gilscope can read" in resume(path)
    assert path.read_text() == content


# One run, in this process


def test_a_run_saves_tells_and_returns(tiny, tmp_path, capfd):
    path, seen, shares = tmp_path / "new" / "a.json", [], []
    session = run("tiny", path=path, seen=lambda *what: seen.append((*what, len(load(path)))), progress=shares.append)
    assert [(group.name, results[0].id, size) for group, results, _, size in seen] == [
        ("exp", "exp.c.held/serial/500", 3),
        ("add", "add.c.held/serial/500", 6),
    ]
    assert all(told is session for _, _, told, _ in seen)
    assert shares == [0.25, 0.5, 0.75, 1.0]
    assert load(path) == session
    assert session.experiment == "tiny"
    assert {"python", "gil", "native", "cores_usable"} <= set(session.machine)
    assert capfd.readouterr() == ("", "")


def test_a_run_need_not_be_saved(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(run("tiny")) == 6
    assert not list(tmp_path.iterdir())


def test_without_resume_a_run_starts_anew(tiny, tmp_path):
    first, second = run("tiny", path=tmp_path / "a.json"), run("tiny", path=tmp_path / "a.json")
    assert first != second == load(tmp_path / "a.json")


def test_a_complete_session_is_resumed_as_it_is(tiny, tmp_path):
    first = run("tiny", path=tmp_path / "a.json")
    seen = []
    assert run("tiny", path=tmp_path / "a.json", resume=True, seen=lambda group, *_: seen.append(group.name)) == first
    assert seen == ["exp", "add"]


def test_resume_without_a_file_starts_one(tiny, tmp_path):
    session = run("tiny", path=tmp_path / "a.json", resume=True)
    assert load(tmp_path / "a.json") == session
    assert len(session) == 6


def test_the_estimate_is_told_before_the_first_group(tiny, tmp_path):
    told = []
    run("tiny", seen=lambda group, *_: told.append(group.name), estimate=told.append)
    assert told == [1.5, "exp", "add"]


def test_progress_goes_on_where_a_resumed_run_begins(tiny, tmp_path):
    path, shares = tmp_path / "a.json", []
    session = run("tiny", path=path)
    Session("tiny", session.machine, list(session)[:3]).save(path)
    run("tiny", path=path, resume=True, progress=shares.append)
    assert shares == [0.75, 1.0]


# A choice

CHOICE = {"kernel": "exp", "strategy": ["held", "released"], "size": 1000}


@pytest.fixture
def quick_scaling(monkeypatch):
    plans = dict.fromkeys(["quick", "default"], Plan(blocks=2, sample_seconds=0.0002))
    monkeypatch.setitem(EXPERIMENTS, "scaling", replace(EXPERIMENTS["scaling"], plans=plans))


def test_an_experiment_without_a_choice_refuses_one():
    with pytest.raises(ValueError, match=r"^seed always measures the same and takes no kernel or size: scaling does$"):
        run("seed", kernel="exp", size=10)


def test_a_choice_is_checked_before_anything_is_measured():
    with pytest.raises(ValueError, match="there is no kernel 'sin'"):
        run("scaling", kernel="sin")


def test_a_choice_is_measured_and_kept(quick_scaling, tmp_path):
    session = run("scaling", path=tmp_path / "a.json", **CHOICE)
    assert session.details["choice"] == {"kernel": ["exp"], "strategy": ["held", "released"], "size": [1000]}
    assert {result.case["size"] for result in session} == {1000}
    assert load(tmp_path / "a.json") == session


def test_resuming_with_the_same_choice_or_with_none(quick_scaling, tmp_path):
    session = run("scaling", path=tmp_path / "a.json", **CHOICE)
    assert run("scaling", path=tmp_path / "a.json", resume=True, **CHOICE) == session
    assert run("scaling", path=tmp_path / "a.json", resume=True) == session


def test_resuming_with_another_choice(quick_scaling, tmp_path):
    run("scaling", path=tmp_path / "a.json", **CHOICE)
    with pytest.raises(ValueError, match=r"was measured with --kernel exp --strategy held --strategy released --size 1000: name"):
        run("scaling", path=tmp_path / "a.json", resume=True, kernel="add")


# One core


def test_one_core_keeps_the_serial_cases(monkeypatch):
    cases = (Case("exp.c.held", 10), Case("exp.c.held", 10, "threads", 2), Case("exp.c.released", 10, "processes", 2))
    monkeypatch.setattr(running, "usable_cores", lambda: [0])
    serial = (Case("exp.c.held", 10), Case("exp.c.released", 10))
    assert for_this_machine(Group("g", cases, "title")) == Group("g", serial, "title")
    monkeypatch.setattr(running, "usable_cores", lambda: [0, 1])
    assert for_this_machine(Group("g", cases)).cases == cases


def test_on_one_core_the_session_says_who_could_run(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "usable_cores", lambda: [0])
    session = run("tiny", path=tmp_path / "a.json")
    assert [result.id for result in session] == ["exp.c.held/serial/500", "exp.c.released/serial/500", "add.c.held/serial/500"]
    assert all(set(result.notes) & set(OBSERVED.values()) for result in session)
    assert load(tmp_path / "a.json") == session
    again = run("tiny", path=tmp_path / "a.json", resume=True)
    assert again == session
    assert all(len(set(result.notes)) == len(result.notes) for result in again)


@linux
def test_a_run_on_one_core(environment):
    out = complete(environment, ONE_CORE="1")
    lines = out.splitlines()
    assert ", 1 usable core, " in lines[1]
    assert lines[2] == "One usable core: threads cannot overlap here, so the table says who could run instead of speed-ups."
    here = out.partition("here, one call")[2]
    assert "x [" not in here
    assert "ceiling" not in here
    flat = " ".join(here.split())
    could, could_not = OBSERVED[True], OBSERVED[False]
    for call in EXP:
        row = flat.partition(f" {call}, ")[2]
        released = "released" in call or "per_item" in call or not GIL
        assert (could if released else could_not) in row[: row.index("meanwhile") + 9]
    assert flat.count("meanwhile") == len(ROUTINES) + len(EXP)  # once in each row
    assert "One usable core shows no speed-up, but" in here


# Interrupted and resumed


def ids_of(path):
    return {result.id: len(result.samples) for result in load(path)}


def shared_memory_of(child):
    """Return the blocks of shared memory that a process has mapped, as paths."""
    return set(re.findall(r"/dev/shm/psm_\w+", Path(f"/proc/{child.pid}/maps").read_text()))


@linux
@two_cores
def test_a_killed_run_is_completed(environment, tmp_path):
    path = tmp_path / "session.json"
    child = start(environment, "--json", str(path), PAUSE_AT=str(BLOCKS + 1))  # in the second group, after a block of it
    try:
        wait_for_pause(child)
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
    before = load(path)
    assert ids_of(path) == dict.fromkeys([f"g.numpy/{who}/2e4" for who in ("serial", "threads-2", "processes-2")], BLOCKS)
    out = complete(environment, "--resume", "--json", str(path))
    after = load(path)
    assert [after.result(result.id) for result in before] == list(before)
    assert set(ids_of(path).values()) == {BLOCKS}
    assert {result.case["asked"].split("/")[0] for result in after} >= {*ROUTINES, *EXP}
    assert all(f"{call}, 4e3" in out for call in EXP)
    assert out.splitlines()[-1] == f"session: {path}"


@linux
@two_cores
def test_ctrl_c_keeps_what_was_measured(environment, tmp_path):
    path = tmp_path / "session.json"
    child = start(environment, "--json", str(path), PAUSE_AT=str(BLOCKS + 1))
    wait_for_pause(child)
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to the workers too
    status, out, err = finish(child)
    again = f"gilscope run seed --quick --json {path} --resume"
    assert err.strip() == f"interrupted; go on with `{again}`: what was measured is in {path}"
    assert status == 130
    assert "g, as published" in out
    assert "g, arrays reused" not in out
    assert ids_of(path) == {
        f"{call}/{who}/2e4": blocks
        for call, blocks in (("g.numpy", BLOCKS), ("g_out.numpy", 1))
        for who in ("serial", "threads-2", "processes-2")
    }
    complete(environment, *again.split()[4:])
    assert set(ids_of(path).values()) == {BLOCKS}


@linux
def test_ctrl_c_before_anything_was_measured(environment):
    child = start(environment, PAUSE_AT="0")
    wait_for_pause(child)
    os.killpg(child.pid, signal.SIGINT)
    status, _, err = finish(child)
    assert (status, err.strip()) == (130, "interrupted")
    assert not list(Path(environment["XDG_CACHE_HOME"]).rglob("*.json"))


@linux
@two_cores
def test_ctrl_c_ends_the_workers_and_leaves_no_shared_memory(environment):
    child = start(environment, PAUSE_AT="a long call")
    wait_for_pause(child)
    mapped = shared_memory_of(child)
    assert mapped
    os.kill(child.pid, signal.SIGINT)  # to it alone: its workers would go on for ever
    status, _, err = finish(child)
    assert (status, err.strip()) == (130, "interrupted")
    assert not [each for each in mapped if Path(each).exists()]
    assert wait_until(lambda: not group_exists(child.pid))  # the forkserver goes a little later


def wait_until(is_so):
    deadline = time.monotonic() + 20
    while not (found := is_so()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def group_exists(pid):
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_resume_takes_the_last_session(environment):
    complete(environment)
    [path] = Path(environment["XDG_CACHE_HOME"]).rglob("*.json")
    before = path.read_text()
    out = complete(environment, "--resume")
    assert out.splitlines()[-1] == f"session: {path}"
    assert path.read_text() == before


def test_nothing_to_resume(environment):
    status, out, err = finish(start(environment, "--resume"))
    assert (status, out) == (2, "")
    assert "there is no session of 'seed' to resume" in err
    assert "Traceback" not in err


def test_json_on_standard_output(environment):
    status, out, err = finish(start(environment, "--json", "-"))
    assert status == 0
    document = json.loads(out)
    assert document["experiment"] == "seed"
    assert Session.from_dict(document)
    assert "here, one call" in err
    assert "session: " in err
