"""A survey from end to end, with calls that raise, hang, crash and print; and what is known of the GIL must come out."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import gilscope as gs
from gilscope._native import tracer
from gilscope.atlas import CATALOGUES, _probe, _survey
from gilscope.atlas._agreement import Agreement
from gilscope.atlas._catalogue import Entry
from gilscope.atlas._process import how_it_ended
from gilscope.atlas_data import AtlasError, CallFound, Failed, Skipped, save
from gilscope.checking import Profile
from gilscope.machine import gil_is_on

traced_only = pytest.mark.skipif(
    tracer.unavailable() is not None or not gil_is_on(), reason=f"no tracer or no GIL: {tracer.unavailable()}"
)

NASTY = """
package = "numpy"
setup = "import ctypes, os, sys, threading, time, numpy as np"

[[group]]
title = "Fine"
sizes = [1, 10]
setup = "import beside_it; x = np.ones(n)"
[group.calls]
"numpy.negative" = "np.negative(x)"
"numpy.negative[prints]" = "print('printed'); print('told', file=sys.stderr); os.write(1, b'raw')"
"numpy.negative[reads]" = "assert sys.stdin.read() == ''"

[[group]]
title = "Nasty"
sizes = 1
setup = "def spin():\\n while True: pass"
[group.calls]
"numpy.no_such_name" = "1"
"os.abort" = "os.abort()"
"ctypes.string_at" = "ctypes.string_at(0)"
"os._exit" = "os._exit(3)"
"os._exit[like one that ended well]" = "os._exit(0)"
"sys.exit" = "sys.exit(3)"
"time.sleep[hangs]" = "time.sleep(100)"
"numpy.ones[raises]" = "np.ones((2, 2)) @ np.ones(3)"
"numpy.empty[memory]" = "np.empty(2**47)"
"threading.Thread[goes on]" = "threading.active_count() > 1 or threading.Thread(target=spin, daemon=True).start()"
"threading.active_count[in peace]" = "assert threading.active_count() == 1"
"warnings.warn" = "import warnings; warnings.warn('deprecated', DeprecationWarning)"

[[group]]
title = "Setup"
sizes = [1, 2]
setup = "if n == 2: raise KeyError(n)"
[group.calls]
"numpy.ones[setup raises]" = "np.ones(n)"

[[group]]
title = "Lacking"
needs = ["numpy.linalg.nothing"]
sizes = 1
[group.calls]
"numpy.zeros" = "np.zeros(n)"

[[group]]
title = "Last"
sizes = 1
[group.calls]
"numpy.zeros[the last]" = "np.zeros(n)"
"""


def write(folder, text, name="own.toml"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def of(atlas, name):
    """What became of a call."""
    [found] = [each for each in (*atlas.calls, *atlas.skipped, *atlas.failed) if each.name == name]
    return found


@pytest.fixture(scope="module")
def nasty(tmp_path_factory):
    """A survey of calls that are no good, what was told of it, and the file."""
    folder = tmp_path_factory.mktemp("nasty")
    (folder / "beside_it.py").write_text("")
    told, shares = [], []
    kwargs = {"seen": lambda entry, found, atlas: told.append(entry.name), "progress": shares.append}
    atlas = gs.survey(write(folder, NASTY), timeout=3, path=folder / "a.json", **kwargs)
    return atlas, told, shares, folder / "a.json"


def test_the_rest_goes_on(nasty):
    atlas, *_ = nasty
    assert [each.name for each in atlas.calls] == [
        "numpy.negative",
        "numpy.negative[prints]",
        "numpy.negative[reads]",
        "threading.Thread[goes on]",
        "threading.active_count[in peace]",
        "warnings.warn",
        "numpy.zeros[the last]",
    ]


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("sys.exit", "raised", "at size 1: SystemExit: 3"),
        ("time.sleep[hangs]", "hung", "it took longer than 3 s"),
        ("os._exit", "crashed", "the process ended with status 3"),
        ("os._exit[like one that ended well]", "crashed", "the process ended with status 0"),
        ("numpy.ones[setup raises]", "raised", "at size 2: KeyError: 2"),
    ],
)
def test_what_failed_says_how(nasty, name, kind, reason):
    assert of(nasty[0], name) == Failed(name, kind, reason)


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(("name", "signal"), [("os.abort", "SIGABRT"), ("ctypes.string_at", "SIGSEGV")])
def test_a_crash_names_the_signal(nasty, name, signal):
    if signal == "SIGSEGV" and "libasan" in os.environ.get("LD_PRELOAD", ""):
        pytest.skip("a sanitizer ends the process in its own way")
    assert of(nasty[0], name) == Failed(name, "crashed", f"the process was ended by {signal}")


def test_what_was_raised_is_one_line(nasty):
    found = of(nasty[0], "numpy.ones[raises]")
    assert found.reason.startswith("at size 1: ValueError: matmul: ")
    assert "\n" not in found.reason
    assert "MemoryError: Unable to allocate" in of(nasty[0], "numpy.empty[memory]").reason


def test_what_is_lacking_is_skipped(nasty):
    assert nasty[0].skipped == [
        Skipped("numpy.no_such_name", "numpy has no 'no_such_name'"),
        Skipped("numpy.zeros", "numpy.linalg has no 'nothing'"),
    ]


def test_every_call_is_told_and_saved(nasty):
    atlas, told, shares, path = nasty
    assert set(told) == atlas.names()
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert gs.load(path) == atlas


def test_calls_cannot_write_to_our_output(nasty, tmp_path, capfd):
    """They ran in the fixture already; here under the eyes of capfd."""
    (tmp_path / "beside_it.py").write_text("")
    atlas = gs.survey(write(tmp_path, NASTY), match="prints")
    assert len(atlas.calls) == 1
    assert capfd.readouterr() == ("", "")


# What is known of the GIL

KNOWN = """
package = "stdlib"
setup = "import time, zlib, numpy as np"
[[group]]
title = "Bytes"
setup = "data = bytes(range(256)) * (n // 256 + 1)"
sizes = [10, 1_000_000]
unit = "bytes"
[group.calls]
"zlib.compress" = "zlib.compress(data)"
[[group]]
title = "Objects"
setup = "numbers = list(range(n, 0, -1)) * 3"
sizes = [10, 100_000]
[group.calls]
"sorted" = "sorted(numbers)"
[[group]]
title = "NumPy"
setup = "x, y, matrices = np.ones(n), np.ones(n), np.ones((n, 2, 2))"
sizes = [10, 10_000, 100_000]
[group.calls]
"numpy.exp" = "np.exp(x, out=y)"
"numpy.linalg.det" = "np.linalg.det(matrices)"
[[group]]
title = "Sleep"
sizes = 900
[group.calls]
"time.sleep" = "time.sleep(0.01)"
"""


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    return gs.survey(write(tmp_path_factory.mktemp("known"), KNOWN))


@traced_only
@pytest.mark.parametrize(
    ("name", "gil", "threshold"),
    [
        ("zlib.compress", "released", None),
        ("sorted", "held", None),
        ("numpy.exp", "released", 501),
        ("numpy.linalg.det", "released", 501),
        ("time.sleep", "released", None),
    ],
)
def test_known_truths(known, name, gil, threshold):
    found = of(known, name)
    assert (found.gil, found.threshold) == (gil, threshold)
    assert found.agrees is not False


@traced_only
def test_the_ticker_is_asked_where_it_can_tell(known):
    assert {each.name for each in known.calls if each.agrees is None} <= {"numpy.exp"}


def test_what_is_recorded(known):
    assert (known.package, known.version) == ("stdlib", ".".join(map(str, sys.version_info[:3])))
    assert known.machine["python"] == known.version
    assert known.method in ("trace", "ticker", "off")
    found = of(known, "numpy.exp")
    assert [each.size for each in found.sizes] == [10, 10_000, 100_000]
    assert found.setup.startswith("import time, zlib")
    exec(found.setup, {"n": 10})  # it can be pasted
    sleep = of(known, "time.sleep").largest
    assert sleep.seconds >= 0.01
    assert sleep.cores < 1


def test_where_there_is_no_tracer_there_is_no_threshold(monkeypatch, tmp_path):
    """As a child sees it: the probe itself, with a tracer that says no."""
    from gilscope.atlas import read_catalogue
    from gilscope.atlas._probe import probe

    monkeypatch.setattr(tracer, "unavailable", lambda: "none here")
    [entry] = [each for each in read_catalogue(Path(write(tmp_path, KNOWN))).entries if each.name == "numpy.exp"]
    found = probe(entry)
    assert isinstance(found, CallFound)
    assert (found.threshold, found.ticker, found.agrees) == (None, None, None)
    assert _survey.method() in ("ticker", "off")


# Going on

FEW = """
package = "stdlib"
[[group]]
title = "Few"
sizes = [1, 2]
[group.calls]
"sum" = "sum(range(n))"
"max" = "max(range(n))"
"min" = "min([][:n])"
"""


def test_resume_keeps_what_was_measured_and_tries_again_what_failed(tmp_path):
    path = tmp_path / "a.json"
    first = gs.survey(write(tmp_path, FEW), match="m", path=path)
    assert {each.name for each in first.failed} == {"min"}
    first.calls = first.calls[:1]
    first.save(path)
    told = []
    catalogue = write(tmp_path, FEW.replace("[][:n]", "[n]"))
    found = gs.survey(catalogue, path=path, resume=True, seen=lambda entry, found, atlas: told.append(entry.name))
    assert told == ["max", "min"]
    assert found.calls[0] == first.calls[0]
    assert (len(found.calls), found.failed) == (3, [])


def test_resume_measures_anew_what_has_changed(tmp_path):
    path = tmp_path / "a.json"
    gs.survey(write(tmp_path, FEW), match="max", path=path)
    told = []
    catalogue = write(tmp_path, FEW.replace("max(range(n))", "max(range(n + 1))"))
    gs.survey(catalogue, match="max", path=path, resume=True, seen=lambda entry, found, atlas: told.append(entry.name))
    assert told == ["max"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"version": "2.0"}, "is an atlas of stdlib 2.0, not of stdlib"),
        ({"machine": {"python": "2.7"}}, "was measured elsewhere .*python.* differ"),
    ],
)
def test_resume_refuses_what_was_measured_elsewhere(tmp_path, change, sentence):
    path = tmp_path / "a.json"
    atlas = _survey._new(_survey.planned(write(tmp_path, FEW)))
    vars(atlas).update(change)
    atlas.save(path)
    with pytest.raises(ValueError, match=sentence):
        gs.survey(write(tmp_path, FEW), path=path, resume=True)


def test_resume_refuses_several(tmp_path):
    save([_survey._new(_survey.planned(write(tmp_path, FEW)))] * 2, tmp_path / "a.json")
    with pytest.raises(AtlasError, match="is not the atlas of one package"):
        gs.survey(write(tmp_path, FEW), path=tmp_path / "a.json", resume=True)


# Which catalogue


def test_a_package_ships_one(tmp_path, monkeypatch):
    folder = tmp_path / "atlas_shipper"
    write(folder, FEW.replace("stdlib", "atlas_shipper"), "gilscope-atlas.toml")
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    found = _survey.planned("atlas_shipper")
    assert (found.package, found.version, len(found.entries)) == ("atlas_shipper", "unknown", 3)


@pytest.mark.parametrize("what", ["numpi", "json", "no.such", "sys"])
def test_there_is_no_such_catalogue(what):
    with pytest.raises(ValueError, match=f"there is no atlas of '{what}': name numpy, scipy, stdlib, a FILE.toml, or a package"):
        gs.survey(what)


def test_a_package_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(_survey.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="there is no atlas of scipy here, because it is not installed"):
        gs.survey("scipy")


def test_nothing_matches(tmp_path):
    with pytest.raises(ValueError, match="has no call with 'xyz' in its name"):
        gs.survey(write(tmp_path, FEW), match="xyz")


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_is_a_time(tmp_path, timeout):
    with pytest.raises(ValueError, match="timeout must be a number of seconds above 0"):
        gs.survey(write(tmp_path, FEW), timeout=timeout)


@pytest.mark.parametrize("name", CATALOGUES)
def test_versions(name):
    if name == "scipy":
        pytest.importorskip("scipy")
    assert _survey.planned(name).version[0].isdigit()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (3, "the process ended with status 3"),
        (-9, "the process was ended by SIGKILL"),
        (-99, "the process was ended by signal 99"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_how_a_process_ended(status, words):
    assert how_it_ended(status) == words


def test_threads_that_spin_are_not_the_cores_of_a_call(monkeypatch):
    entry = Entry("sum", "Calls", "sum(x)", "x = range(n)", (10, 20))
    busy = Profile(5, 1e-3, 0.0, 0, 0, 10**6, process_cpu_share=1.9)
    looks = iter([busy, replace(busy, process_cpu_share=1.0), replace(busy, process_cpu_share=9.0)])
    monkeypatch.setattr(_probe, "profile_by", lambda call, plan: next(looks))
    monkeypatch.setattr(_probe, "looked_at_twice", lambda call: Agreement(replace(busy, process_cpu_share=1.1)))
    monkeypatch.setattr(_probe, "usable_cores", lambda: [0, 1])
    found = _probe.probe(entry)
    assert [each.cores for each in found.sizes] == [1.0, 1.1]
    assert next(looks).process_cpu_share == 9.0
