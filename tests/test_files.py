"""Where sessions go, and that a file is written whole or not at all."""

import os
import re
import stat
import sys
from pathlib import Path

import pytest

from gilscope.files import cached, default_path, last_session
from gilscope.results import Session, load


def session(**machine):
    return Session("seed", machine)


@pytest.mark.parametrize("failing", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_save_that_fails_leaves_what_was_there(tmp_path, monkeypatch, failing, error):
    path = tmp_path / "s.json"
    session().save(path)
    before = path.read_bytes()

    def fail(*_):
        raise error

    monkeypatch.setattr(*{"fsync": (os, "fsync"), "replace": (Path, "replace")}[failing], fail)
    with pytest.raises(error):
        session(cpu="Counting frame").save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_data_is_on_disk_before_the_name_is(tmp_path, monkeypatch):
    steps = []
    fsync, rename = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda file: steps.append("fsync") or fsync(file))
    monkeypatch.setattr(Path, "replace", lambda path, to: steps.append(path.parent) or rename(path, to))
    session().save(tmp_path / "s.json")
    assert steps == ["fsync", tmp_path.resolve()]


@pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX")
def test_a_file_has_the_usual_mode_and_a_link_stays_a_link(tmp_path):
    usual = tmp_path / "usual"
    usual.touch()
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "s.json")
    session().save(link)
    assert link.is_symlink()
    assert load(tmp_path / "s.json") == session()
    assert stat.S_IMODE((tmp_path / "s.json").stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "gilscope" / "sessions"


def test_default_paths_are_new_and_in_the_cache(cache):
    first = default_path("seed")
    assert first.parent == cache
    assert re.fullmatch(r"seed-\d{8}T\d{6}\.\d{6}Z\.json", first.name)
    assert default_path("../a b").parent == cache


LINUX, MAC = ("linux", "XDG_CACHE_HOME", ".cache"), ("darwin", "XDG_CACHE_HOME", "Library/Caches")


@pytest.mark.parametrize(("platform", "variable", "usual"), [LINUX, MAC, ("win32", "LOCALAPPDATA", "AppData/Local")])
def test_where_the_cache_is(tmp_path, monkeypatch, platform, variable, usual):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for relative in ("", "cache"):
        monkeypatch.setenv(variable, relative)
        assert default_path("seed").parent == tmp_path / usual / "gilscope" / "sessions"
    monkeypatch.setenv(variable, str(tmp_path / "else"))
    assert default_path("seed").parent == tmp_path / "else" / "gilscope" / "sessions"


def test_the_last_session_is_the_one_written_last(cache):
    assert last_session() is None
    written = [default_path(experiment) for experiment in ("seed", "seed", "seed-full", "how_small")]
    for seconds, path in enumerate(written):
        session().save(path)
        os.utime(path, ns=(0, seconds))
    (cache / ".gilscope-0.tmp").touch()
    assert last_session() == written[3]
    assert last_session("seed") == written[1]
    assert last_session("seed-full") == written[2]
    assert last_session("full") is None
    os.utime(written[0], ns=(0, 9))
    assert last_session() == last_session("seed") == written[0]


def test_what_is_in_the_cache_is_not_made_again(cache):
    assert [cached("a.js", lambda: "é"), cached("a.js", lambda: "other"), cached("b.js", lambda: "other")] == ["é", "é", "other"]
    assert (cache.parent / "a.js").read_text(encoding="utf-8") == "é"


@pytest.mark.parametrize("spoil", [lambda path: path.write_bytes(b"\xff"), Path.mkdir])
def test_a_cache_that_cannot_be_used_is_no_error(cache, spoil):
    cache.parent.mkdir()
    spoil(cache.parent / "a.js")
    assert cached("a.js", lambda: "made") == "made"
