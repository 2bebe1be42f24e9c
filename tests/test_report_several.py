"""`gilscope report` of a session of several experiments, and of several files: pages, pictures, tables, suites of pyperf's."""

import csv
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from made_up import seed_session, whole_session

from gilscope.reports import content, figures
from gilscope.results import Session
from gilscope.trace_data import TraceData
from gilscope.trace_events import Intervals
from gilscope.tracing import Trace

SHOWN = ("seed", "grain", "starvation")  # of the whole session; nothing was observed of the convoy
QUESTIONS = [content.question(Session(each, {})) for each in SHOWN]


@pytest.fixture
def report(cli, monkeypatch, tmp_path):
    """Write a report in a folder with made-up files, and return what is in it."""
    monkeypatch.chdir(tmp_path)
    whole_session().save("whole.json")
    seed_session().save("seed.json")
    (tmp_path / "old").mkdir()
    seed_session().save("old/seed.json")
    for name in ("a", "b"):
        intervals = Intervals(np.zeros(2, np.uint16), np.array([0, 2], np.uint8), np.array([0, 400]), np.array([400, 1000]))
        Trace(TraceData(0, 1000, [f"thread of {name}"], [7], intervals)).save(f"{name}.json")

    def write(*files, ending):
        found = cli("report", *files, "-o", f"out{ending}")
        assert found == (0, f"report: out{ending}\n", "")
        return (tmp_path / f"out{ending}").read_bytes()

    return write


def table(found):
    return list(csv.DictReader(found.decode().splitlines()))


def svg_texts(found):
    return [node.text for node in ElementTree.fromstring(found).iter("{http://www.w3.org/2000/svg}text")]


def height(svg):
    return float(re.search(r'height="(\d+)', svg)[1])


# Text, pages


def test_on_the_terminal_one_stands_below_the_other(cli, report):
    status, out, _ = cli("report", "whole.json")
    assert status == 0
    places = [out.index(each) for each in QUESTIONS]
    assert places == sorted(places)


def test_as_json_each_says_its_file_and_experiment(cli, report):
    found = json.loads(cli("report", "whole.json", "seed.json", "--json", "-")[1])
    assert [(each["file"], each["experiment"]) for each in found] == [
        *(("whole.json", each) for each in ("seed", "convoy", "grain", "starvation")),
        ("seed.json", "seed"),
    ]


@pytest.mark.parametrize(
    ("files", "titles"),
    [
        (("whole.json",), ["seed", "convoy", "grain", "starvation"]),
        (
            ("whole.json", "seed.json"),
            ["whole.json: seed", "whole.json: convoy", "whole.json: grain", "whole.json: starvation", "seed.json"],
        ),
        (("seed.json", "old/seed.json"), ["seed.json", "old/seed.json"]),
        (("seed.json", "a.json"), ["seed.json", "a.json"]),
    ],
)
def test_sections_are_called_by_what_tells_them_apart(report, files, titles):
    pytest.importorskip("vl_convert")
    text = report(*files, ending=".html").decode()
    assert re.findall(r'<a href="#part-\d">(.*?)</a>', text) == titles


# Pictures


def test_pictures_stand_below_one_another_under_their_questions(report):
    pytest.importorskip("vl_convert")
    found = svg_texts(report("whole.json", ending=".svg"))
    assert [each for each in found if each and each.endswith("?")] == QUESTIONS
    for each in ("f, as published, 1e6", "chunked, 4096", "poly.c.held"):
        assert each in found
    assert not any("whole.json" in (each or "") for each in found)
    assert report("whole.json", ending=".png").startswith(b"\x89PNG")


def test_each_of_several_files_is_named(report):
    pytest.importorskip("vl_convert")
    found = svg_texts(report("seed.json", "old/seed.json", ending=".svg"))
    assert found.count(QUESTIONS[0]) == 2
    names = [each.partition(", Python")[0] for each in found if each and "Python 3.13.1" in each]
    assert names == ["seed.json", "old/seed.json"]
    assert found.count("f, as published, 1e6") == 2


def test_the_parts_of_a_picture_keep_their_scales(report):
    pytest.importorskip("vl_convert")
    parts = [height(figures.svg(each)) for each in whole_session().parts.values() if each.experiment in SHOWN]
    assert sum(parts) * 0.9 < height(report("whole.json", ending=".svg").decode()) < sum(parts) * 1.1


def test_plot_and_a_notebook_show_all_of_it():
    pytest.importorskip("vl_convert")
    whole = Session("all", {}, parts=[each for each in whole_session().parts.values() if each.experiment != "grain"])
    assert {name.partition(" ")[0] for name in whole.plot().to_dict(validate=True)["datasets"]} == {"0", "1"}
    shown = whole._repr_html_()
    assert shown.count("<img") == 2
    assert shown.count("there is nothing to draw of convoy") == 1


def test_where_nothing_can_be_drawn_of_any_it_says_so(cli, report):
    pytest.importorskip("vl_convert")
    Session("all", {}, parts=[Session("convoy", {}), Session("grain", {})]).save("empty.json")
    expected = "gilscope: there is nothing to draw of convoy and grain: nothing was measured that a picture shows\n"
    assert cli("report", "empty.json", "-o", "x.png") == (1, "", expected)


# Tables


def test_a_table_of_several_experiments_says_which(report):
    rows = table(report("whole.json", ending=".csv"))
    assert list(rows[0])[:2] == ["experiment", "id"]
    assert list(dict.fromkeys(each["experiment"] for each in rows)) == list(SHOWN)
    assert len([each for each in rows if each["experiment"] == "seed"]) == 34
    [frozen] = [each for each in rows if each["observation"] == "poly.c.held" and each["number"] == "gap_max"]
    assert (frozen["experiment"], frozen["unit"], frozen["value"], frozen["blocks"], frozen["id"]) == (
        "starvation",
        "s",
        "0.1",
        "5",
        "",
    )


def test_a_table_of_several_files_says_which(report):
    rows = table(report("seed.json", "old/seed.json", ending=".csv"))
    assert list(rows[0])[:3] == ["file", "experiment", "id"]
    assert [each["file"] for each in rows] == ["seed.json"] * 34 + ["old/seed.json"] * 34


def test_a_table_of_one_session_is_as_it_was(report):
    assert next(iter(table(report("seed.json", ending=".csv"))[0])) == "id"


def test_a_table_of_traces(report):
    assert [(each["file"], each["name"]) for each in table(report("a.json", "b.json", ending=".csv"))] == [
        ("a.json", "thread of a"),
        ("b.json", "thread of b"),
    ]
    assert "file" not in table(report("a.json", ending=".csv"))[0]


# pyperf


def test_a_suite_of_several_experiments(report, tmp_path):
    pyperf = pytest.importorskip("pyperf")
    report("whole.json", ending=".pyperf.json")
    suite = pyperf.BenchmarkSuite.load(str(tmp_path / "out.pyperf.json"))
    names = suite.get_benchmark_names()
    assert {name.partition("/")[0] for name in names} == {"seed", "grain"}
    assert len(names) == len({*names}) == sum(len(each) for each in whole_session().parts.values())
    samples = whole_session().parts["seed"].result("f.python/serial/1e6").samples
    assert list(suite.get_benchmark("seed/f.python/serial/1e6").get_values()) == [each.seconds for each in samples]


@pytest.mark.parametrize("verb", [["stats"], ["compare_to", "out.pyperf.json"]], ids=" ".join)
def test_pyperf_takes_the_suite(report, tmp_path, verb):
    pytest.importorskip("pyperf")
    report("whole.json", ending=".pyperf.json")
    command = [sys.executable, "-m", "pyperf", *verb, "out.pyperf.json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (done.stderr, done.returncode) == ("", 0)
    assert "Number of value per run: 7" in done.stdout or "not significant" in done.stdout
