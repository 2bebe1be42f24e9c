"""The README: its commands are found, its Python runs, and what it names exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gilscope._native import tracer
from gilscope.atlas import read_catalogue
from gilscope.commands import COMMANDS
from gilscope.kernels import KERNELS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title):
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def quoted():
    """Everything between single backticks, outside code blocks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL))


def test_the_sections_are_in_order():
    titles = re.findall(r"^## (.*)$", TEXT, re.MULTILINE)
    assert titles == [
        "What it shows",
        "Check a function",
        "Trace a program",
        "Test it",
        "The GIL atlas",
        "Report and compare",
        "Run it",
        "Compile it",
        "Benchmark scripts",
        "Import the kernels",
        "Teach with it",
        "Distrust it",
        "Add a kernel, add a strategy",
        "Platforms",
    ]


@pytest.mark.parametrize(("which", "end"), [("main", ".venv/bin/gilscope run"), ("test", ".venv/bin/python -m pytest")])
def test_both_commands_are_found(which, end):
    done = subprocess.run([sys.executable, ROOT / ".ci" / "readme_command.py", which], capture_output=True, text=True, timeout=30)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith("python3 -m venv .venv && .venv/bin/pip install -q ")
    assert done.stdout.endswith(f" && {end}\n")
    assert f"```sh\n{done.stdout}```" in section("Run it")


def test_the_catalogue_is_one(tmp_path):
    [text] = blocks("toml")
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    names = [each.name for each in read_catalogue(tmp_path / "own.toml").entries]
    assert names[:2] == ["mypackage.blur[float64]", "mypackage.blur[float32]"]
    assert "mypackage.blur[wide, float64]" in names


def test_the_python_runs(tmp_path):
    _, traced, _, imports = blocks("python")
    code = imports if tracer.unavailable() else f"{traced}\n{imports}"
    kept, runs = [], []
    for line in code.splitlines():
        (runs if "gs.run(" in line else kept).append(line)
    assert runs == [
        'session = gs.run("seed", quick=True)',
        'session = gs.run("scaling", kernel=["exp", "add"], threads=[1, 2])',
    ]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(kept)], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith("traced for " if code != imports else "")
    assert {path.name for path in tmp_path.iterdir()} == ({"trace.json", "trace.html"} if code != imports else set())


@pytest.mark.skipif(tracer.unavailable() is not None, reason=f"no tracer: {tracer.unavailable()}")
def test_the_check_runs():
    code = blocks("python")[0]
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith("held ")


def test_the_tests_pass(tmp_path):
    file = tmp_path / "test_it.py"
    file.write_text(blocks("python")[2], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\d (passed|skipped)", done.stdout, re.MULTILINE)


def test_commands_exist():
    named = {words.split()[1] for words in [*quoted(), *"\n".join(blocks("sh")).splitlines()] if words.startswith("gilscope ")}
    assert named
    assert named <= set(COMMANDS)


def test_files_exist():
    here = [word.split()[-1] for word in quoted() if re.fullmatch(r"(python )?[\w.-]+/[\w./-]*", word)]
    paths = [path for path in here if not path.startswith("gilscope.") and "_name" not in path]
    assert len(paths) >= 5
    homes = (ROOT, ROOT / "src" / "gilscope")
    assert [path for path in paths if not any((home / path).exists() for home in homes)] == []
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", TEXT) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_kernel_has_a_row():
    rows = re.findall(r"^\| `(\w+)` \|", section("Import the kernels"), re.MULTILINE)
    assert rows == list(KERNELS)


def test_every_strategy_has_a_row():
    from gilscope._native.strategies import STRATEGIES

    rows = re.findall(r"^\| `(\w+)` \|", section("Teach with it"), re.MULTILINE)
    assert rows == [strategy.name for strategy in STRATEGIES]


def test_extras_exist():
    extras = re.findall(r"\.\[(\w+)\]", TEXT)
    project = (ROOT / "pyproject.toml").read_text()
    assert extras
    assert all(re.search(rf"^{extra} = \[", project, re.MULTILINE) for extra in extras)
