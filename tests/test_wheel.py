"""What the installed package carries: the teaching sources, the exercise, and no others."""

import json
from importlib import metadata, resources
from pathlib import PurePath

import pytest

from gilscope.commands._exercise import FILES
from gilscope.kernels import KERNELS

TAUGHT = {f"{name}.pyx" for name in KERNELS}


def installed():
    """The files of the installed package; skips an editable one, whose files are in the repository."""
    distribution = metadata.distribution("gilscope")
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        pytest.skip("an editable install has its files in the repository")
    return [PurePath(str(file)) for file in distribution.files]


def test_the_teaching_sources_can_be_read():
    folder = resources.files("gilscope._native.cython")
    assert {each.name for each in folder.iterdir() if each.name.endswith(".pyx")} == TAUGHT
    for name in TAUGHT:
        assert folder.joinpath(name).read_text(encoding="utf-8").startswith("# cython: ")


def test_the_wheel_has_no_other_sources():
    sources = [path for path in installed() if path.suffix in (".pyx", ".pxd", ".pxi", ".c", ".h", ".cpp")]
    sources = [path for path in sources if path.parent != PurePath("gilscope/exercise")]
    assert {path.name for path in sources} == TAUGHT
    assert {path.parent for path in sources} == {PurePath("gilscope/_native/cython")}


def test_the_wheel_has_the_exercise():
    there = {path.name for path in installed() if path.parent == PurePath("gilscope/exercise")}
    assert there == {*FILES}


def test_the_wheel_has_the_stubs_and_the_marker():
    names = {path.name for path in installed() if path.parts[0] == "gilscope"}
    assert {"py.typed", "strategies.pyi", "ufuncs.pyi", *(f"{name}.pyi" for name in KERNELS)} <= names


def test_nothing_is_installed_beside_the_package():
    tops = {path.parts[0] for path in installed() if path.parts[0] != ".."}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"gilscope"}
