"""Dotted paths: what is there, and what exactly is not."""

import sys

import pytest

from gilscope.atlas._names import missing


@pytest.mark.parametrize(
    "path", ["sorted", "str.split", "int.__pow__", "json", "json.dumps", "xml.etree.ElementTree.parse", "numpy.linalg.det"]
)
def test_what_is_there(path):
    assert missing(path) is None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("json.dumpz", "json has no 'dumpz'"),
        ("str.splitt", "str has no 'splitt'"),
        ("no_such_package.f", "no_such_package is not installed"),
        ("no_such_package", "no_such_package is not installed"),
        ("json.dumps.more.still", "json.dumps has no 'more'"),
        ("xml.etree.nothing.x", "xml.etree has no 'nothing'"),
    ],
)
def test_what_is_not(path, reason):
    assert missing(path) == reason


def test_a_module_that_raises(tmp_path, monkeypatch):
    (tmp_path / "atlas_broken.py").write_text("raise RuntimeError('no such device')")
    monkeypatch.syspath_prepend(tmp_path)
    assert missing("atlas_broken.f") == "atlas_broken cannot be imported: RuntimeError: no such device"


def test_a_module_that_lacks_another(tmp_path, monkeypatch):
    """What is said is not that the module itself is not installed."""
    (tmp_path / "atlas_needy.py").write_text("import no_such_package")
    monkeypatch.syspath_prepend(tmp_path)
    assert missing("atlas_needy.f") == "atlas_needy cannot be imported: ModuleNotFoundError: No module named 'no_such_package'"
    assert "atlas_needy" not in sys.modules
