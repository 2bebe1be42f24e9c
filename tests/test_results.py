"""The session file: what goes in comes out, and what is no session says so."""

import copy
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gilscope import results, session_formats
from gilscope.results import Ceiling, Result, Sample, Session, SessionError, Speedup, load
from gilscope.stats import Interval

CASE = {
    "id": "exp.c.released/threads-2/1e6", "kernel": "exp", "implementation": "c", "strategy": "released",
    "executor": "threads", "workers": 2, "dtype": "float64", "size": 1_000_000, "options": {"grain": 4096},
}  # fmt: skip
RESULT = Result(
    CASE,
    (Sample(0.01, 10, 0.1, 0.2, 3, 4, 5, 0.0), Sample(0.02, 10, 0.2)),
    Interval(0.015, 0.01, 0.02),
    Speedup(1.93, 1.9, 1.95, "exp.c.held/serial/1e6"),
    Ceiling(1.97, 1.96, 1.99, "native threads"),
    *(0.98, "0x7f00", "avx2", True, ("size scaled down from 1e8: would need 3.2 GB",), "c0ffee", 32_000_000, True),
)
MACHINE = {"python": "3.11.7", "cores_usable": 2, "cpu": "Abacus", "libraries": [{"threads": 1}], "quota": None}


def named(case_id, **changes):
    return replace(RESULT, case={**CASE, "id": case_id}, **changes)


def session(*found):
    return Session("seed", MACHINE, found or [RESULT], version="0.1.0", details={"choice": {"kernel": ["exp"]}})


# What a session may hold

finite = st.floats(allow_nan=False, allow_infinity=False)
whole = st.integers(-(2**63), 2**63)
texts = st.text(max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | whole | finite | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
json_objects = st.dictionaries(texts, json_values, max_size=3)
bounds = st.lists(finite, min_size=3, max_size=3).map(sorted).map(lambda b: {"low": b[0], "value": b[1], "high": b[2]})
names = dict.fromkeys(("id", "kernel", "implementation", "strategy", "executor", "dtype"), texts)
cases = st.fixed_dictionaries({**names, "workers": whole, "size": whole, "options": json_objects})
samples = st.lists(st.builds(Sample, finite, whole, finite, st.none() | finite), max_size=3)
speedups = st.builds(lambda b, baseline: Speedup(**b, baseline=baseline), bounds, texts)
ceilings = st.builds(lambda b, kind: Ceiling(**b, kind=kind), bounds, texts)
any_results = st.builds(
    Result,
    cases,
    samples.map(tuple),
    bounds.map(lambda b: Interval(**b)),
    *(st.none() | each for each in (speedups, ceilings, finite, texts, texts)),
    noisy=st.booleans(),
    notes=st.lists(texts, max_size=2).map(tuple),
    checksum=st.none() | texts,
    working_set_bytes=whole,
    pinned=st.booleans(),
)
sessions = st.builds(Session, texts, json_objects, st.lists(any_results, max_size=3), details=json_objects)
within_a_test = settings(suppress_health_check=list(HealthCheck), deadline=None)


@within_a_test
@given(sessions)
def test_what_is_saved_is_loaded(tmp_path, saved):
    saved.save(tmp_path / "s.json")
    loaded = load(tmp_path / "s.json")
    assert loaded == saved
    assert list(loaded) == list(saved)  # dataclasses, not only what they write
    assert loaded.to_dict() == json.loads((tmp_path / "s.json").read_text())


@within_a_test
@given(st.data())
def test_a_file_cut_short_anywhere_is_refused(tmp_path, data):
    path = tmp_path / "s.json"
    session(RESULT, named("other")).save(path)
    content = path.read_bytes().rstrip()  # the last byte of a session is a line end, which it can do without
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(SessionError, match=r"s\.json is not a session that gilscope can read: "):
        load(path)


@within_a_test
@given(st.binary(max_size=40))
def test_a_file_of_anything_is_refused(tmp_path, content):
    path = tmp_path / "s.json"
    path.write_bytes(content)
    with pytest.raises(SessionError, match=r"s\.json"):
        load(path)


@given(json_values)
def test_any_other_json_is_refused(document):
    with pytest.raises(SessionError):
        Session.from_dict(document)


def changed(document, way, value=...):
    """Return a copy with another value in one place, or with nothing there."""
    document = inside = copy.deepcopy(document)
    for key in way[:-1]:
        inside = inside[key]
    if value is ...:
        del inside[way[-1]]
    else:
        inside[way[-1]] = value
    return document


def places(value, at=()):
    """Yield the way to every value in a document, the inside of the machine, of details and of options left out."""
    if at:
        yield at
    if at[-1:] not in [("machine",), ("options",), ("details",)]:
        inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, each in inside:
            yield from places(each, (*at, key))


def spelled(way):
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in way).lstrip(".")


DOCUMENT = session().to_dict()


@pytest.mark.parametrize("way", list(places(DOCUMENT)), ids=spelled)
def test_a_wrong_type_anywhere_is_named_by_its_place(way):
    with pytest.raises(SessionError, match=rf"^{re.escape(spelled(way))} is 1j, not "):
        Session.from_dict(changed(DOCUMENT, way, 1j))  # no field may be complex


NULLABLE = {
    "speedup", "ceiling", "efficiency", "loop_address", "isa", "checksum", "details",
    "cpu_seconds", "minor_faults", "voluntary_switches", "involuntary_switches", "steal_seconds", "cpu_imbalance",
}  # fmt: skip
REQUIRED = [way for way in places(DOCUMENT) if isinstance(way[-1], str) and way[-1] not in {*NULLABLE, "grain"}]


@pytest.mark.parametrize("way", REQUIRED, ids=spelled)
def test_a_missing_field_is_named(way):
    said = "something else wrote it" if way == ("format",) else f"^{re.escape(spelled(way))} is missing$"
    with pytest.raises(SessionError, match=said):
        Session.from_dict(changed(DOCUMENT, way))


@pytest.mark.parametrize("way", [way for way in places(DOCUMENT) if way[-1] in NULLABLE], ids=spelled)
def test_what_may_be_null_may_be_missing(way):
    assert Session.from_dict(changed(DOCUMENT, way)) == Session.from_dict(changed(DOCUMENT, way, None))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("fast", "is 'fast', not a finite number"),
        (None, "is null, not a finite number"),
        (True, "is True, not a finite number"),
        (math.nan, "is nan, not a finite number"),
        (-math.inf, "is -inf, not a finite number"),
        pytest.param(10**400, "not a finite number", id="10**400"),
        ([], r"is \[\], not a finite number"),
    ],
)
def test_what_is_no_number_is_refused_by_place(tmp_path, value, said):
    document = session(*(named(str(n)) for n in range(4))).to_dict()
    document = changed(document, ("results", 3, "seconds", "median"), value)
    path = tmp_path / "s.json"
    path.write_text(json.dumps(document))
    with pytest.raises(SessionError, match=rf"s\.json .*: results\[3\]\.seconds\.median .*{said}$"):
        load(path)


def test_bounds_out_of_order_are_refused_by_place():
    for name in ("seconds", "speedup", "ceiling"):
        with pytest.raises(SessionError, match=rf"results\[0\]\.{name} needs low <= value <= high"):
            Session.from_dict(changed(DOCUMENT, ("results", 0, name, "low"), 9))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "damaged, cut short or not JSON"),
        (b"\xff\xfe\xff", "damaged, cut short or not JSON"),
        pytest.param(b"[" * 100_000, "damaged, cut short or not JSON", id="deep"),
        (b'{"traceEvents": []}', "something else wrote it"),
        (b'{"format": 1, "version": 2}', "something else wrote it"),
        (b"[1, 2]", "something else wrote it"),
        (b'{"format": 7, "gilscope": "9.0"}', "format 7 is newer than 1, the newest known: update gilscope"),
        (b'{"format": -1, "gilscope": "9.0"}', "there is no format -1"),
        (b'{"format": true, "gilscope": "9.0"}', "format is True, not a whole number"),
        (b'{"format": 1, "gilscope": "1"}', "machine is missing"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence(tmp_path, content, said):
    path = tmp_path / "s.json"
    path.write_bytes(content)
    with pytest.raises(SessionError) as caught:
        load(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.json")


def test_keys_from_the_future_do_no_harm():
    document = session().to_dict()
    result = document["results"][0]
    for place in (document, result, result["samples"][0], result["seconds"], result["speedup"]):
        place |= {"value": place.get("value", 5.0), "from the future": [1]}
    result["case"]["from the future"] = [1]
    assert Session.from_dict(document).result(CASE["id"]).case["from the future"] == [1]
    assert Session.from_dict(document).result(CASE["id"]).seconds == RESULT.seconds


# Format 0


def format_0():
    case = {key: value for key, value in CASE.items() if key != "options"}
    result = {"case": case, "samples": [0.01, 0.02], "seconds": {"median": 0.015, "low": 0.01, "high": 0.02}}
    return {"format": 0, "experiment": "seed", "results": [result]}


def test_format_0_still_loads(tmp_path):
    path = tmp_path / "old.json"
    path.write_text(json.dumps(format_0()))
    old = load(path)
    assert old.to_dict()["format"] == session_formats.FORMAT
    assert (old.experiment, old.version, old.machine) == ("seed", "unknown", {})
    samples = (Sample(0.01, 1, 0.01), Sample(0.02, 1, 0.02))
    assert list(old) == [Result({**CASE, "options": {}}, samples, Interval(0.015, 0.01, 0.02))]


@pytest.mark.parametrize("way", list(places(format_0())), ids=spelled)
def test_damage_in_format_0_is_named_too(way):
    with pytest.raises(SessionError, match=re.escape(spelled(way))):
        Session.from_dict(changed(format_0(), way, 1j))


def test_every_older_format_has_a_migration():
    assert sorted(session_formats.MIGRATIONS) == list(range(session_formats.FORMAT))


# The session


def test_results_keep_their_order_and_one_is_replaced_in_its_place():
    found = session(named("a"), named("b"), named("c"))
    found.add(named("b", noisy=False))
    assert [each.id for each in found] == ["a", "b", "c"]
    assert not found.result("b").noisy
    assert len(found) == 3
    assert "b" in found
    assert "d" not in found


def test_an_unknown_case_lists_its_neighbours():
    with pytest.raises(KeyError, match=r"'exp\.c\.released'.*near: exp\.c\.released/threads-2/1e6"):
        session(RESULT, named("dot.numpy.own/serial/1e3")).result("exp.c.released")
    with pytest.raises(KeyError, match=CASE["id"]):
        session().result("?")
    with pytest.raises(KeyError, match="near: none"):
        Session("seed", MACHINE).result("exp")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"efficiency": math.nan}, "result.efficiency is nan"),
        ({"working_set_bytes": np.int64(8)}, "result.working_set_bytes is .*8.*, not a whole number"),
        ({"samples": (Sample(math.inf, 1, 1.0),)}, r"result.samples\[0\].seconds is inf"),
        ({"case": {**CASE, "options": {"f": print}}}, "result.case.options cannot be written as JSON"),
        ({"case": {**CASE, "options": {"f": math.nan}}}, "result.case.options cannot be written as JSON"),
        ({"case": {"id": "x"}}, "result.case.kernel is missing"),
    ],
)
def test_a_result_that_could_not_be_saved_is_refused_at_once(changes, said):
    found = session()
    with pytest.raises(SessionError, match=said):
        found.add(replace(RESULT, **changes))
    assert list(found) == [RESULT]


@pytest.mark.parametrize("machine", [{"load": math.nan}, {"path": Path()}, None, []])
def test_a_machine_that_could_not_be_saved_is_refused_at_once(machine):
    with pytest.raises(SessionError, match="machine"):
        Session("seed", machine)


def test_floats_of_numpy_are_floats(tmp_path):
    session(replace(RESULT, efficiency=np.float64(0.5))).save(tmp_path / "s.json")
    assert load(tmp_path / "s.json").result(CASE["id"]).efficiency == 0.5


def test_what_it_shows():
    assert repr(session()) == "<Session 'seed': 1 results, Python 3.11.7, 2 usable cores, Abacus>"
    assert repr(Session("seed", {})) == "<Session 'seed': 0 results>"


def test_equality_is_of_content():
    assert session() == session()
    assert session() != session(named("other"))
    assert session() != "seed"
    assert len({RESULT, replace(RESULT), replace(RESULT, noisy=False)}) == 2


def test_the_format_is_as_published():
    document = Session("seed", MACHINE, [RESULT]).to_dict()
    assert document["gilscope"] == results.gilscope_version()
    assert list(document) == ["format", "gilscope", "machine", "experiment", "results"]
    assert list(session().to_dict()) == ["format", "gilscope", "machine", "experiment", "details", "results"]
    assert list(document["results"][0]) == [
        "case", "samples", "seconds", "speedup", "ceiling", "efficiency", "loop_address", "isa", "noisy", "notes",
        "checksum", "working_set_bytes", "pinned",
    ]  # fmt: skip
    result = document["results"][0]
    assert result["seconds"] == {"median": 0.015, "low": 0.01, "high": 0.02}
    assert list(result["speedup"]) == ["value", "low", "high", "baseline"]
    assert list(result["ceiling"]) == ["value", "low", "high", "kind"]
    assert list(result["samples"][0]) == [
        "seconds", "calls", "wall_seconds", "cpu_seconds", "minor_faults", "voluntary_switches", "involuntary_switches",
        "steal_seconds", "cpu_imbalance",
    ]  # fmt: skip


# Parts


def of_two():
    """A session of two experiments that measured the same case, and observed and noted different things."""
    found = Session("all", MACHINE, version="0.1.0")
    found.part("seed").add(RESULT)
    found.part("grain").add(replace(RESULT, noisy=False))
    found.part("grain").details["probes"] = {"exp.c": 1}
    return found


def test_records_of_several_experiments_say_which():
    first, second = of_two().to_records()
    assert (first["experiment"], second["experiment"]) == ("seed", "grain")
    assert {**first, "experiment": "grain", "noisy": False} == second
    assert "experiment" not in session().to_records()[0]


def test_parts_keep_the_same_case_apart(tmp_path):
    of_two().save(tmp_path / "a.json")
    loaded = load(tmp_path / "a.json")
    assert loaded == of_two()
    assert list(loaded.parts) == ["seed", "grain"]
    assert [part.result(RESULT.id).noisy for part in loaded.parts.values()] == [True, False]
    assert [part.details for part in loaded.parts.values()] == [{}, {"probes": {"exp.c": 1}}]
    assert {(part.experiment, part.version, str(part.machine)) for part in loaded.parts.values()} == {
        (name, "0.1.0", str(MACHINE)) for name in ("seed", "grain")
    }
    assert repr(loaded).startswith("<Session 'all': 2 parts, Python 3.11.7")
    lines = (tmp_path / "a.json").read_text().splitlines()
    assert sum(line.startswith('{"case"') for line in lines) == 2


def test_a_part_is_made_once_and_grows():
    found = of_two()
    assert found.part("grain") is found.parts["grain"]
    with pytest.raises(TypeError):
        found.parts["other"] = found
    assert "parts" not in session().to_dict()
    assert not session().parts
    assert Session.from_dict({**session().to_dict(), "parts": None}) == session()


def test_damage_in_a_part_is_named_by_its_place():
    document = of_two().to_dict()
    document["parts"][1]["results"][0]["noisy"] = "yes"
    with pytest.raises(SessionError, match=r"^parts\[1\]\.results\[0\]\.noisy is 'yes', not true or false$"):
        Session.from_dict(document)


# The file


def test_nothing_but_the_file_is_left_and_each_result_is_a_line(tmp_path):
    path = tmp_path / "new" / "s.json"
    session(named("a"), named("b")).save(str(path))
    assert list(path.parent.iterdir()) == [path]
    assert len(path.read_text().splitlines()) == 4
