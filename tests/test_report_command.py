"""`gilscope report` and `gilscope compare`, as a user types them."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from made_up import EVIL, result, scaling_session, seed_session
from made_up_atlas import atlas

from gilscope.atlas_data import save
from gilscope.cases import Case
from gilscope.files import default_path
from gilscope.reports.pictures import picture
from gilscope.results import Session, load
from gilscope.trace_data import TraceData
from gilscope.trace_events import Intervals
from gilscope.tracing import Trace

PICTURES = (".html", ".png", ".svg")


@pytest.fixture
def cli(cli, monkeypatch, tmp_path):
    """Run a command in an empty folder, with an empty cache: its exit status, its output and its errors."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    seed_session().save("seed.json")
    scaling_session().save("scaling.json")
    states = np.array([0, 2, 1, 0], np.uint8)
    intervals = Intervals(np.array([0, 0, 1, 1], np.uint16), states, np.array([0, 400, 0, 400]), np.array([400, 1000, 400, 1000]))
    atlas().save("atlas.json")
    Trace(TraceData(0, 1000, ["MainThread", EVIL], [7, 8], intervals)).save("trace.json")

    return cli


def printed(found):
    """What a command printed that went well."""
    status, out, err = found
    assert (status, err) == (0, "")
    return out


def needs_pictures(ending):
    if ending in PICTURES:
        pytest.importorskip("altair")
        pytest.importorskip("vl_convert")


# report


def test_without_a_file_to_write_it_is_the_text_that_run_printed(cli):
    lines = [" ".join(line.split()) for line in printed(cli("report", "seed.json")).splitlines()]
    assert lines[:2] == [
        "Does releasing the GIL let threads scale, as the article says?",
        "Python 3.13.1, GIL on, 2 usable cores, NumPy 2.4.6, loops: avx2",
    ]
    assert "f, as published, 1e6 1 ms 1.11 ms 0.90x [0.88, 0.93] 556 us 1.80x [1.76, 1.85]" in lines
    assert "exp, one loop with and without the GIL" in lines
    assert any(line.startswith("Releasing the GIL is what lets threads scale") for line in lines)


def test_maps_as_text(cli):
    out = printed(cli("report", "scaling.json"))
    assert "exp, c            size   100   1e3   1e4   1e5   1e6" in out
    assert "  released           1" in out
    assert "exp, c: releasing pays from about 3200 elements [1e3, 1e4]" in out


def test_a_trace_as_text(cli):
    out = printed(cli("report", "trace.json"))
    assert out.startswith("traced for ")
    assert "MainThread" in out


def test_an_atlas_as_text(cli):
    assert printed(cli("report", "atlas.json")).startswith("numpy 2.4.6\nOf 5 calls, 2 release the GIL")


def test_the_last_session_is_shown_unless_one_is_named(cli):
    status, _, err = cli("report")
    assert status == 2
    assert err == "gilscope: there is no session yet: measure one with `gilscope run`, or name a FILE\n"
    seed_session().save(default_path("seed"))
    assert printed(cli("report")).startswith("Does releasing the GIL")


@pytest.mark.parametrize("name", ["seed", "scaling", "trace"])
@pytest.mark.parametrize(
    ("ending", "start"), [(".html", "<!doctype html>"), (".md", "# "), (".png", "\x89PNG"), (".svg", "<svg"), (".csv", "")]
)
def test_each_kind_of_file(cli, tmp_path, name, ending, start):
    needs_pictures(ending)
    assert printed(cli("report", f"{name}.json", "-o", f"out{ending}")) == f"report: out{ending}\n"
    assert (tmp_path / f"out{ending}").read_bytes().decode("latin-1").startswith(start)


@pytest.mark.parametrize(("ending", "start"), [(".html", "<!doctype html>"), (".md", "# What numpy 2.4.6"), (".csv", "name,")])
def test_an_atlas_as_a_file_needs_no_library(cli, monkeypatch, tmp_path, ending, start):
    monkeypatch.setattr(picture, "find_spec", lambda name: None)
    assert printed(cli("report", "atlas.json", "-o", f"out{ending}")) == f"report: out{ending}\n"
    assert (tmp_path / f"out{ending}").read_text(encoding="utf-8").startswith(start)


def test_atlases_of_one_file_are_sections(cli, tmp_path):
    save([atlas(), replace(atlas(), package="scipy")], tmp_path / "both.json")
    printed(cli("report", "both.json", "-o", "out.md"))
    assert "# What scipy 2.4.6 does" in (tmp_path / "out.md").read_text()
    printed(cli("report", "both.json", "-o", "out.csv"))
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["file"] for row in rows} == {"both.json: numpy", "both.json: scipy"}
    assert len(rows) == 2 * 12


@pytest.mark.parametrize(
    ("ending", "why"),
    [
        (".png", "and a picture is of one trace, or of sessions only: use .html or .md"),
        (".svg", "and a picture is of one trace, or of sessions only: use .html or .md"),
        (".pyperf.json", "and pyperf knows benchmarks only: name a session"),
    ],
)
def test_an_atlas_is_no_picture(cli, ending, why):
    status, out, err = cli("report", "atlas.json", "-o", f"out{ending}")
    assert (status, out, err) == (1, "", f"gilscope: atlas.json is an atlas, {why}\n")


def test_a_picture_is_of_one_trace_and_of_one_kind(cli):
    trace = "a trace, and a picture is of one trace, or of sessions only"
    for files in (["trace.json", "./trace.json"], ["trace.json", "seed.json"], ["seed.json", "trace.json"]):
        assert trace in cli("report", *files, "-o", "out.svg")[2]


def test_an_atlas_as_json_is_the_verdict_and_the_records(cli):
    [found] = json.loads(cli("report", "atlas.json", "--json", "-")[1])
    assert found["question"] == "What numpy 2.4.6 does with the GIL"
    assert found["verdict"][0].startswith("Of 5 calls")
    assert len(found["records"]) == 12


def test_a_file_for_pyperf(cli, tmp_path):
    printed(cli("report", "seed.json", "-o", "out.pyperf.json"))
    assert json.loads((tmp_path / "out.pyperf.json").read_text())["version"] == "1.0"
    status, _, err = cli("report", "trace.json", "-o", "out.pyperf.json")
    assert (status, err) == (1, "gilscope: trace.json is a trace, and pyperf knows benchmarks only: name a session\n")


@pytest.mark.parametrize("ending", [".html", ".md"])
def test_several_files_are_sections(cli, tmp_path, ending):
    needs_pictures(ending)
    printed(cli("report", "seed.json", "scaling.json", "trace.json", "-o", f"out{ending}"))
    text = (tmp_path / f"out{ending}").read_text(encoding="utf-8")
    assert [text.index(name) for name in ("seed.json", "scaling.json", "trace.json")] == sorted(
        text.index(name) for name in ("seed.json", "scaling.json", "trace.json")
    )


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["seed.json", "-o", "x.pdf"], 2, "'x.pdf' ends in none of .html, .md, .png, .svg, .csv and .pyperf.json"),
        (
            ["seed.json", "trace.json", "-o", "x.png"],
            1,
            "trace.json is a trace, and a picture is of one trace, or of sessions only",
        ),
        (
            ["seed.json", "trace.json", "-o", "x.csv"],
            1,
            "trace.json is a trace, and a table is of sessions only, of traces only, or of atlases only",
        ),
        (["seed.json", "scaling.json", "-o", "x.pyperf.json"], 2, "a .pyperf.json file is of one session, not of 2 files"),
        (["nothing.json"], 1, "No such file"),
        (["broken.json"], 1, "broken.json is not a session that gilscope can read"),
    ],
)
def test_a_mistake_is_one_sentence(cli, tmp_path, arguments, status, sentence):
    (tmp_path / "broken.json").write_text("{")
    found, out, err = cli("report", *arguments)
    assert (found, out) == (status, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_without_the_libraries_it_says_what_to_install(cli, monkeypatch):
    monkeypatch.setattr(picture, "find_spec", lambda name: None)
    status, _, err = cli("report", "seed.json", "-o", "x.html")
    assert (status, err) == (1, "gilscope: a page needs altair and vl_convert: pip install 'gilscope[report]'\n")


def test_the_json_is_the_verdict_and_the_records(cli, tmp_path):
    status, out, err = cli("report", "seed.json", "trace.json", "--json", "-")
    assert status == 0
    session, trace = json.loads(out)
    assert session["verdict"][0].startswith("Releasing the GIL is what")
    assert len(session["records"]) == 34
    assert trace["file"] == "trace.json"
    assert err.startswith("Does releasing the GIL")


def test_text_for_those_who_cannot_read_shades(cli, monkeypatch):
    monkeypatch.setattr("gilscope.commands._report.can_shade", lambda json_file: False)
    out = printed(cli("report", "scaling.json"))
    assert "##" in out
    assert "█" not in out


# compare


@pytest.fixture
def slower(cli):
    """A session of which one case takes twice as long, in slower.json; seed.json was before."""
    session = seed_session(python="3.14.0")
    case = Case("exp.c.released", 10**6, "threads", 2)
    session.add(result(case, 1.9, seconds=2e-3))
    session.save("slower.json")
    return case.id


def test_a_session_against_itself(cli):
    out = printed(cli("compare", "seed.json", "seed.json", "--fail-on", "change"))
    assert out.startswith("No change that noise would not explain, in 34 cases; 3 of them are noisy.\n")
    assert "Machine, Python and build are the same." in out


def test_what_changed_comes_first_and_can_fail_a_build(cli, slower):
    out = printed(cli("compare", "seed.json", "slower.json"))
    first, second, third, *_ = out.splitlines()
    assert first.split() == ["changed", "before", "after", "after", "/", "before"]
    assert second.split() == [slower, "526", "us", "1.05", "ms", "2.00", "[1.99,", "2.01]", "slower"]
    assert third == "The other 33 of 34 cases: no change that noise would not explain; 3 of them are noisy."
    assert "  python: 3.13.1 -> 3.14.0" in out
    assert cli("compare", "seed.json", "slower.json", "--fail-on", "change")[0] == 1


def test_the_least_change_can_be_chosen(cli, slower):
    assert cli("compare", "seed.json", "slower.json", "--fail-on", "change", "--at-least", "1.5")[0] == 0


def test_a_comparison_as_json(cli, slower):
    out = cli("compare", "seed.json", "slower.json", "--json", "-")[1]
    found = json.loads(out)
    assert [(each["id"], each["change"]) for each in found["changed"]] == [(slower, "slower")]
    assert found["facts"] == {"python": ["3.13.1", "3.14.0"]}
    assert len(found["unchanged"]) == 33
    assert found["common_factor"] == 1


def test_nothing_in_common_is_one_sentence(cli):
    scaling_session(sizes=(123,)).save("other.json")
    assert cli("compare", "seed.json", "other.json")[::2] == (1, "gilscope: the sessions have no case in common\n")


@pytest.fixture
def whole(slower):
    """Two sessions of all experiments, of which one got slower in `seed`."""
    for name, seed in (("all.json", "seed.json"), ("all_slower.json", "slower.json")):
        found = Session("all", seed_session().machine)
        for each in (load(seed), load("scaling.json")):
            part = found.part(each.experiment)
            for one in each:
                part.add(one)
        found.save(name)


def test_sessions_of_all_experiments_are_compared_one_by_one(cli, whole):
    out = printed(cli("compare", "all.json", "all.json", "--fail-on", "change"))
    assert [line for line in out.splitlines() if line.startswith("===")] == ["=== seed", "=== scaling"]
    status, out, _ = cli("compare", "all.json", "all_slower.json", "--fail-on", "change", "--json", "-")
    found = json.loads(out)
    assert status == 1
    assert found["changed"] == found["parts"]["seed"]["changed"] != []
    assert found["parts"]["scaling"]["changed"] == []


def test_experiments_with_no_case_in_both_are_named(cli, whole):
    for file, size in (("all.json", 10), ("all_slower.json", 20)):
        found = load(file)
        found.part("grain").add(replace(next(iter(load("seed.json"))), case=Case("exp.c.held", size).to_dict()))
        found.save(file)
    out = printed(cli("compare", "all.json", "all_slower.json"))
    assert "=== scaling" in out
    assert "=== grain" not in out
    assert out.splitlines()[-1] == "Not compared, because no case is in both: grain."


def test_a_trace_cannot_be_compared(cli):
    status, _, err = cli("compare", "seed.json", "trace.json")
    assert status == 1
    assert "trace.json is not a session that gilscope can read" in err
