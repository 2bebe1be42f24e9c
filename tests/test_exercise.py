"""`gilscope exercise`: what it copies, what it refuses, and that the exercise can be done."""

import json
import shlex
import subprocess
import sys
from functools import partial
from importlib import resources, util
from pathlib import Path

import pytest

from gilscope.commands._exercise import FILES

HELD, RELEASED = "    # with nogil:\n    loop(", "    with nogil:\n        loop("
BUILD_TOOLS = ("scikit_build_core", "Cython", "cython_cmake", "ninja", "pip")


@pytest.fixture
def cli(cli, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return partial(cli, "exercise")


def test_what_is_copied_is_what_is_there(cli, tmp_path):
    status, out, err = cli("mine")
    assert (status, err) == (0, "")
    there = resources.files("gilscope").joinpath("exercise")
    assert {each.name for each in there.iterdir() if each.is_file()} == {*FILES}
    assert {path.name: path.read_text() for path in (tmp_path / "mine").iterdir()} == {
        name: there.joinpath(name).read_text() for name in FILES
    }
    assert all(f"  {name} " in out for name in FILES)


def test_the_next_steps_are_those_of_the_readme(cli):
    out = cli("mine")[1]
    install, check, test = [line.strip() for line in out.splitlines()[-3:]]
    assert (install, test) == ("pip install ./mine", "pytest ./mine")
    assert f"\n        {check}\n" in Path("mine", "README.md").read_text()


def test_a_name_is_quoted(cli, tmp_path):
    *_, install, _, _ = cli("my first")[1].splitlines()
    assert shlex.split(install) == ["pip", "install", "./my first"]
    *_, install, _, _ = cli(tmp_path / "other")[1].splitlines()
    assert shlex.split(install) == ["pip", "install", str(tmp_path / "other")]


def test_as_json(cli):
    found = json.loads(cli("mine", "--json", "-")[1])
    assert (found["folder"], found["files"], len(found["next"])) == ("mine", list(FILES), 3)


def test_an_empty_folder_will_do(cli, tmp_path):
    (tmp_path / "mine").mkdir()
    assert cli("mine")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["full"], 1, "gilscope: full is not empty: name a folder that is, or a new one"),
        (["file"], 2, "gilscope: Invalid value for 'DIR': Directory 'file' is a file."),
        (["file/mine"], 1, "gilscope: [Errno 20] Not a directory: 'file/mine'"),
        ([], 2, "gilscope: Missing argument 'DIR'."),
    ],
)
def test_nothing_is_overwritten(cli, tmp_path, arguments, status, sentence):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    assert cli(*arguments) == (status, "", f"{sentence}\n")
    assert {path.name for path in tmp_path.rglob("*")} == {"full", "notes.txt", "file"}
    assert (tmp_path / "file").read_text() == (tmp_path / "full" / "notes.txt").read_text() == "mine"


def test_one_line_is_to_be_changed():
    there = resources.files("gilscope").joinpath("exercise")
    source, told = (there.joinpath(name).read_text() for name in ("my_extension.pyx", "README.md"))
    assert source.count(HELD) == 1
    changed = [line for line in source.replace(HELD, RELEASED).splitlines() if line not in source.splitlines()]
    assert changed == ["    with nogil:", "        loop(x, result, steps)"]
    assert "".join(f"    {line}\n" for line in changed) in told


@pytest.fixture
def project(cli, tmp_path):
    """The exercise, where it can be built."""
    missing = [name for name in BUILD_TOOLS if util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; .ci/exercise.py does the exercise where pip brings them")
    cli("mine")
    return tmp_path / "mine"


LOOK = """
import numpy as np
import gilscope as gs
from my_extension import logistic
print(gs.Checker(threads=1)(logistic, np.linspace(0, 1, 1000), 10_000).gil, logistic(np.array([0.5]), 1)[0])
"""


def built(project):
    """What a call of the exercise does with the GIL, and a value; installed beside nothing else."""
    target = project.parent / "target"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-build-isolation", "--no-deps", "--no-index", "--upgrade"]
    subprocess.run([*install, "--target", target, project], check=True, timeout=110, capture_output=True)
    code = f"import sys; sys.path.insert(0, {str(target)!r})\n{LOOK}"
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    return done.stdout.split()


def test_it_is_held_until_the_line_is_changed(project):
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    assert built(project) == ["held" if gil else "off", "0.975"]
    source = project / "my_extension.pyx"
    source.write_text(source.read_text().replace(HELD, RELEASED))
    assert built(project) == ["released" if gil else "off", "0.975"]
