"""Running an experiment from start to end, on sizes that take no time: killed, interrupted, resumed, and on one core."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gilscope import running
from gilscope.cases import Case
from gilscope.cores import usable_cores
from gilscope.experiments import EXPERIMENTS, Course
from gilscope.measure import Group, Plan
from gilscope.results import Session, load
from gilscope.running import OBSERVED, for_this_machine, new_session, run
from gilscope.watching import Scene, Watch

SCRIPT = Path(__file__).parent / "isolated" / "tiny_run.py"
BLOCKS = 3  # as in the script
ROUTINES = ["g.numpy", "g_out.numpy", "g_chunks.numpy", "g_small.numpy", "f.python"]
EXP = ["exp.c.held", "exp.c.declared_nogil", "exp.c.released", "exp.c.per_item", "exp.cython.held", "exp.cython.released"]

linux = pytest.mark.skipif(sys.platform != "linux", reason="sched_setaffinity and /dev/shm")
two_cores = pytest.mark.skipif(len(usable_cores()) < 2, reason="nothing but serial cases is measured on one core")
GIL = getattr(sys, "_is_gil_enabled", lambda: True)()


@pytest.fixture
def environment(tmp_path):
    return {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path), "COLUMNS": "120"}


def start(environment, *arguments, **more):
    command = [sys.executable, "-W", "error", SCRIPT, "run", "--quick", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    return subprocess.Popen(command, env={**environment, **more}, **pipes)


def finish(child):
    """Wait for the child, and return its status, its output and its errors."""
    try:
        out, err = child.communicate(timeout=60)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    return child.returncode, out, err


def complete(environment, *arguments, **more):
    status, out, err = finish(start(environment, *arguments, **more))
    assert (status, err) == (0, "")
    return out


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


@pytest.fixture
def tiny(monkeypatch):
    """An experiment with two groups, and the plan of a test."""
    released, held = Case("exp.c.released", 500, "threads", 2), Case("add.c.held", 500, "threads", 2)
    course = Course((Group("exp", (released,), until=0.5), Group("add", (held,))), seconds=1.5)
    plans = dict.fromkeys(["quick", "default"], Plan(blocks=2, sample_seconds=0.0002))
    experiment = replace(EXPERIMENTS["seed"], name="tiny", course=lambda *_: course, plans=plans)
    monkeypatch.setitem(EXPERIMENTS, "tiny", experiment)
    monkeypatch.setattr(running, "usable_cores", lambda: [0, 1])
    return experiment


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


# All of them


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


def wait_for_pause(child):
    line = child.stderr.readline()
    assert line == "paused\n", line + child.stderr.read()


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
