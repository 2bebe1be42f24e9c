"""The pytest plugin, in runs of pytest of its own: what it offers, what it costs, and what it gets along with."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
needs_gil = pytest.mark.skipif(not GIL, reason="where there is no GIL these skip")
# An editable install of gilscope imports its finder before pytest wants to rewrite it.
QUIET = ("-W", "ignore:Module already imported so cannot be rewritten; _editable")
#: What these children need nothing of.
WITHOUT = ("-p", "no:randomly", "-p", "no:hypothesispytest", "-p", "no:cacheprovider")


def run(folder, tests, *arguments, **files):
    """Run pytest on a file of tests, with warnings as errors; return its status and what it printed."""
    for name, text in {"test_it": tests, **files}.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-W", "error", *QUIET, *WITHOUT, "--rootdir", folder, *arguments, folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=folder)
    assert done.stderr == ""
    return done.returncode, done.stdout


def outcomes(text):
    """The outcome of each test, from the lines of ``-rA``."""
    return {name: outcome for outcome, name in re.findall(r"^(PASSED|FAILED|ERROR) test_it\.py::(\w+)", text, re.MULTILINE)}


USES = """
import ctypes
import sys

import pytest

HOLDING, RELEASING = ctypes.PyDLL(None).usleep, ctypes.CDLL(None).usleep


def test_passes(gil):
    gil.assert_releases(RELEASING, 20000)
    gil.assert_holds(HOLDING, 2000)
    gil.options(at_least=0.01).assert_releases(RELEASING, 2000)
    gil.assert_longest_hold_below_ms(1000, HOLDING, 2000)
    with gil.assert_releases():
        RELEASING(30000)
"""
FAILS = """

def test_fails(gil):
    gil.assert_releases(HOLDING, 2000)


def test_fails_in_a_block(gil):
    with gil.assert_holds():
        RELEASING(20000)


def test_too_short(gil):
    gil.assert_holds(len, "")


def test_raises(gil):
    gil.assert_holds(lambda: 1 // 0)


def test_a_block_without_with(gil):
    gil.assert_holds()


def test_own_asserts_are_explained():
    a, b = [1, 2], [1, 3]
    assert a == b


def test_no_gil(gil, monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    gil.assert_holds(RELEASING, 2000)
"""


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """What pytest prints of tests that fail in all ways, where the marker that pytest-run-parallel has is not known."""
    return run(tmp_path_factory.mktemp("failing"), USES + FAILS, "-rA", "--strict-markers", "-p", "no:run-parallel")[1]


@needs_gil
def test_outcomes(failing):
    assert outcomes(failing) == {
        "test_passes": "PASSED",
        "test_fails": "FAILED",
        "test_fails_in_a_block": "FAILED",
        "test_too_short": "FAILED",
        "test_raises": "FAILED",
        "test_a_block_without_with": "ERROR",
        "test_own_asserts_are_explained": "FAILED",
    }


@needs_gil
def test_failures_say_what_was_measured_and_show_only_the_line_of_the_test(failing):
    report = failing.partition("_ test_fails _")[2].partition("_ test_fails_in_a_block _")[0]
    assert "AssertionError: ctypes.usleep should release the GIL for 90% of the time, but ran without it for 0%" in report
    assert re.search(r"^E +longest hold +\d", report, re.MULTILINE)
    assert re.findall(r"^(\S+\.py):\d+: ", report, re.MULTILINE) == ["test_it.py"]
    assert len(report.splitlines()) < 30


@needs_gil
def test_what_else_is_said(failing):
    for words in (
        "the block should hold the GIL, but ran without it for",
        "could not tell: len took",
        "ZeroDivisionError",
        "write `with gil.assert_",
        "At index 1 diff: 2 != 3",
    ):
        assert words in failing


def test_without_a_gil_tests_skip(failing):
    assert re.search(r"^SKIPPED \[\d+\] .*there is no GIL here, so nothing holds or releases it", failing, re.MULTILINE)
    assert " skipped" in failing.splitlines()[-1]


def test_it_can_be_switched_off(tmp_path):
    code, text = run(tmp_path, USES, "-p", "no:gilscope")
    assert code == 1
    assert "fixture 'gil' not found" in text


NOTES = """
import sys


def pytest_sessionfinish():
    loaded = {name for name in sys.modules if name.partition(".")[0] in ("gilscope", "numpy")}
    print("LOADED", *sorted(loaded))
"""


def test_it_imports_nothing_until_it_is_used(tmp_path):
    code, text = run(tmp_path, "def test_nothing(): pass", "-s", "-p", "no:run-parallel", conftest=NOTES)
    assert code == 0
    assert re.findall("LOADED (.*)", text) == ["gilscope gilscope.pytest_plugin"]


# Beside other plugins


@needs_gil
def test_run_parallel_keeps_it_in_one_thread(tmp_path):
    functions = """

from gilscope.testing import assert_holds_gil, assert_releases_gil


def test_function():
    assert_holds_gil(HOLDING, 2000)


def test_parallel():
    assert HOLDING
"""
    arguments = "--strict-markers", "--parallel-threads=3", "-v", "--timeout=60", "--timeout-method=thread"
    code, text = run(tmp_path, USES + functions, *arguments)
    assert code == 0, text
    assert re.search(r"test_passes .*thread-unsafe\]: the fixture gil traces all threads of the process", text)
    assert re.search(r"test_function .*thread-unsafe\]: calls thread-unsafe function: assert_holds_gil", text)
    assert "test_parallel PARALLEL PASSED" in text


WORKS = """
import ctypes


def work(n):
    total = 0
    for _ in range(n):
        total += ctypes.PyDLL(None).usleep(1000)
    return total
"""


@needs_gil
def test_xdist_coverage_and_timeout(tmp_path):
    pytest.importorskip("coverage")
    uses = USES + "\n\nfrom mine import work\n\n\ndef test_work(gil):\n    gil.options(calls=3).assert_holds(work, 3)\n"
    code, text = run(
        tmp_path, uses, "-n", "2", "-p", "no:run-parallel", "--timeout=60", "--cov=mine", "--cov-report=term-missing", mine=WORKS
    )
    assert code == 0, text
    assert "2 passed" in text
    assert re.search(r"^mine\.py\s+6\s+0\s+100%", text, re.MULTILINE)


def test_it_belongs_to_the_distribution():
    entry = '[project.entry-points.pytest11]\ngilscope = "gilscope.pytest_plugin"\n'
    assert entry in (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
