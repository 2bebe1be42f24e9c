"""What is written of sessions: pages, Markdown, tables, pictures. All of it is made up; test_browser.py opens pages."""

import csv
import io
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
from made_up import EVIL, MACHINE, evil_session, result, scaling_session, seed_session

from gilscope.cases import Case
from gilscope.reports import content, figures, html, markdown, page, pyperf_file, spreadsheet, terminal
from gilscope.reports.pictures import dots, picture, scaling
from gilscope.results import Session
from gilscope.scaling_map import maps_of

altair = pytest.importorskip("altair")
pytest.importorskip("vl_convert")

SESSIONS = {"seed": seed_session, "scaling": scaling_session, "evil": evil_session}
sessions = pytest.mark.parametrize("session", SESSIONS)


def written(*found):
    """A page, without Vega's library."""
    text = page.page([html.session_article(each) for each in found])
    return text.replace(page.library(), "")


def order(text, *words):
    places = [text.index(word) for word in words]
    assert places == sorted(places)


# What there is to show


def test_the_rows_of_a_seed_session_are_those_that_were_printed():
    found = content.sections(seed_session())
    assert [title for title, _ in found if title] == ["exp, one loop with and without the GIL"]
    rows = {row.label: row for _, rows in found for row in rows}
    assert len(rows) == 11
    assert rows["exp.c.per_item, 1e5"].serial.case["size"] == 10**5
    assert [each.id for each in rows["f, as published, 1e6"].others] == ["f.python/threads-2/1e6", "f.python/processes-2/1e6"]


def test_of_a_session_that_was_resumed_with_other_sizes_the_rows_are_of_one_run():
    session = seed_session()
    for executor, workers in (("serial", 1), ("threads", 2), ("processes", 2)):
        session.add(result(Case("f.python", 10**7, executor, workers), 1.1))
    rows = {row.label: row for _, rows in content.sections(session) for row in rows}
    assert [each.case["size"] for each in rows["f, as published, 1e7"].others] == [10**7, 10**7]
    assert "f, as published, 1e6" not in rows


def test_an_interrupted_session_has_what_was_measured_and_no_verdict():
    whole = seed_session()
    half = Session("seed", whole.machine, [each for each in whole if each.case["kernel"].startswith("g")])
    assert [row.label[:2] for _, rows in content.sections(half) for row in rows] == ["g,"] * 4
    assert content.verdict(half) == ["The run ended before all of it was measured, so there is no verdict."]
    assert "g, as published" in written(half)


@pytest.mark.parametrize("experiment", ["seed", "scaling", "of the future"])
def test_an_empty_session_of_an_unknown_machine_is_shown(experiment):
    empty = Session(experiment, {})
    assert "verdict" in written(empty)
    assert terminal.session_text(empty)
    assert markdown.session_markdown(empty)
    assert "data-figure" not in written(empty)
    with pytest.raises(picture.NothingToDraw, match=f"there is nothing to draw of {experiment}: nothing was measured"):
        figures.svg(empty)
    assert "there is nothing to draw" in empty._repr_html_()


def test_noise_is_counted_by_its_kind():
    lines = content.noise(seed_session(load_average=[3.0]))
    assert lines[0].startswith("3 of 34 cases (9%) were noisy")
    assert lines[1] == "Samples spread by more than 10% of their median: 3 cases."
    assert lines[-1] == "The load average is 3.00: other programs compete for the cores."
    assert content.noise(scaling_session()) == ["No case was noisy."]


def test_the_kinds_of_noise_are_those_that_measuring_writes():
    import inspect

    from gilscope import noises

    source = inspect.getsource(noises.warnings_of).replace("{SPREAD}", noises.SPREAD)
    assert len(noises.NOISES) == source.count("warnings.append(")
    assert all(f'f"{beginning}' in source for beginning in noises.NOISES)


def test_facts_of_the_machine_are_words():
    facts = dict(
        content.machine_facts({**MACHINE, "libraries": [{"file": "a.so", "version": None}], "jit": False, "nothing": None})
    )
    assert facts["libraries"] == "file a.so"
    assert facts["load average"] == "0.1, 0.2, 0.3"
    assert facts["isa"] == "avx2"
    assert facts["jit"] == "no"
    assert "nothing" not in facts
    assert next(iter(facts)) == "python"


# The page


def test_a_page_has_its_parts_in_order():
    text = written(seed_session())
    verdict = '<div class="verdict"><p><strong>Releasing the GIL is what lets threads scale'
    order(
        text,
        "<h1>Does releasing the GIL",
        verdict,
        'class="plot"',
        "What was measured",
        "All 34 cases",
        "The machine",
        "<h2>Noise",
    )
    order(text, "100 * g()", "here, one call", "g, as published, 1e7", "exp.c.held, 1e6")


def test_a_map_has_a_picture_for_each_kernel():
    text = written(scaling_session())
    order(text, "<h3>exp, c</h3>", 'data-figure="0"', "<h3>add, c</h3>", 'data-figure="1"', "All 40 cases")
    assert "log axis" not in text


def test_several_sessions_are_on_one_page():
    text = written(seed_session(), scaling_session())
    assert re.findall(r'<article id="(.*?)">', text) == ["part-1", "part-2"]
    assert re.findall(r'<a href="#(.*?)">', text) == ["part-1", "part-2"]
    assert re.findall(r'data-figure="(\d)"', text) == ["0", "1", "2"]


@sessions
def test_a_page_makes_no_request(session):
    text = written(SESSIONS[session]())
    assert re.findall(r"<(?:link|img|iframe)\b|\bsrc=|@import|url\(|fetch\(|import\(", text) == []
    assert "default-src 'none'; script-src 'unsafe-inline'" in text
    assert "://" not in re.sub(r"https://vega\.github\.io/schema/\S+", "", text)


@pytest.mark.parametrize("experiment", ["a newer experiment", "scaling", "seed"])
def test_no_label_breaks_a_page(experiment):
    text = written(evil_session(experiment))
    for part in ("</script><!--", "<script>alert", "<b>"):
        assert part not in text
    assert text.count("</script>") == 2
    assert "&lt;/script&gt;&lt;!--" in text
    [data] = re.findall(r"^const FIGURES = (.*)$", text, re.MULTILINE)
    assert "<" not in data
    rows = [row for figure in json.loads(data) for rows in figure["rows"].values() for row in rows]
    assert any(EVIL in row.values() or f"{EVIL} · 2" in row.values() for row in rows)


# Pictures


def test_dots_are_what_was_measured_and_what_was_published():
    marks = list(dots.marks_of(seed_session()))
    published = {(each["row"], each["lane"]): each["value"] for each in marks if each["kind"] == dots.PUBLISHED}
    assert published == {
        ("g, as published, 1e7", "2 threads"): 1.403,
        ("g, as published, 1e7", "2 processes"): 1.611,
        ("f, as published, 1e6", "2 threads"): 0.671,
        ("f, as published, 1e6", "2 processes"): 1.537,
    }
    held = [each for each in marks if (each["row"], each["kind"]) == ("exp.c.held, 1e6", "2 threads")]
    assert [(each["value"], each["low"], each["high"], each["text"]) for each in held] == [(0.9, 0.9 * 0.98, 0.9 * 1.03, "0.90×")]
    assert {each["value"] for each in marks if each["kind"] == dots.CEILING} == {1.95}
    assert {each["row"] for each in marks if each["noisy"]} == {"f, as published, 1e6"}


def test_a_number_stands_behind_what_is_near():
    assert dots.end_of(1.0, [0.5, 0.9, 1.1, 1.25, 3.0], 0.2) == 1.25
    assert dots.end_of(1.0, [0.2, 1.5], 0.2) == 1.0


def test_the_log_axis_has_room_and_round_ticks():
    assert picture.ticks(0.003, 4) == [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]


def test_cells_and_lines_of_a_heat_map():
    [exp, _] = maps_of(scaling_session())
    data = scaling.data_of(exp)
    released = [each for each in data["cells"] if each["row"] == "released · 2"]
    assert [(each["at"], each["text"]) for each in released] == [(0, "31"), (1, "31"), (2, "97"), (3, "97"), (4, "97")]
    [line] = data["lines"]
    assert (line["row"], line["at"], line["low"], line["high"]) == ("released · 2", 2, 1.5, 2.5)
    assert line["told"] == "between 1e3 and 1e4 elements"
    assert [each["text"] for each in data["facts"] if each["row"] == "ceiling · 2"] == ["1.95×"] * 5


@pytest.mark.parametrize(
    ("text", "short"), [("0.35", ".35"), ("1.95×", "1.9"), ("14×", "14"), ("1000", "1000"), ("-", "-"), ("9.96×", "10")]
)
def test_brief_numbers(text, short):
    assert scaling.brief(text) == short


@sessions
def test_pictures_as_files(session):
    found = SESSIONS[session]()
    assert figures.png(found).startswith(b"\x89PNG\r\n\x1a\n")
    texts = {node.text for node in ElementTree.fromstring(figures.svg(found)).iter("{http://www.w3.org/2000/svg}text")}
    assert content.question(found) in texts
    assert {"seed": "f, as published, 1e6", "scaling": "released · 2", "evil": f"{EVIL}.c, 10"}[session] in texts


@sessions
def test_plot_returns_a_chart_that_altair_accepts(session):
    chart = SESSIONS[session]().plot()
    assert isinstance(chart, altair.TopLevelMixin)
    assert chart.to_dict(validate=True)["datasets"]


def test_in_a_notebook():
    shown = evil_session()._repr_html_()
    assert 'src="data:image/png;base64,iVBOR' in shown
    assert "<script" not in shown
    assert "Releasing the GIL is what lets threads scale" in seed_session()._repr_html_()


def test_without_the_libraries_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(picture, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match=r"needs altair and vl_convert: pip install 'gilscope\[report\]'"):
        seed_session().plot()
    shown = seed_session()._repr_html_()
    assert "gilscope[report]" in shown
    assert "Releasing the GIL is what lets threads scale" in shown


# Markdown and tables


def table_rows(text):
    return [line for line in text.splitlines() if line.startswith("|")]


def test_markdown_has_the_same_parts():
    text = markdown.session_markdown(seed_session())
    order(
        text,
        "# Does releasing",
        "**Releasing the GIL is what",
        "## What was measured",
        "## All cases",
        "## The machine",
        "## Noise",
    )
    assert "| f, as published, 1e6 | 1 ms | 1.11 ms, 0.90x" in text
    assert "| f.python/threads-2/1e6 |" in text
    assert "### add, c" in (maps := markdown.session_markdown(scaling_session()))
    assert "| released | 2 | 31 | 31 | → 97 | 97 | 97 |" in maps


@sessions
def test_markdown_tables_are_tables(session):
    text = markdown.session_markdown(SESSIONS[session]())
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1
    assert re.search(r"(?<!\\)<", text) is None


def test_a_trace_in_markdown_keeps_its_table():
    assert markdown.fenced("a ``` b") == "````text\na ``` b\n````"


def test_csv_has_a_row_for_each_result():
    found = evil_session()
    row, _ = csv.DictReader(io.StringIO(spreadsheet.sessions_csv({"": found})))
    assert row["id"] == f"{EVIL}.c/threads-2/10"
    assert (row["speedup"], row["speedup_low"], row["ceiling"], row["noisy"]) == ("1.5", "1.47", "1.95", "True")
    assert float(row["seconds"]) == found.result(row["id"]).seconds.value
    assert len(list(csv.DictReader(io.StringIO(spreadsheet.sessions_csv({"": seed_session()}))))) == 34


def test_records_are_flat_and_alike():
    records = seed_session().to_records()
    assert len({tuple(each) for each in records}) == 1
    assert all(isinstance(value, str | int | float | None) for each in records for value in each.values())


# pyperf


@pytest.fixture(scope="module")
def pyperf_files(tmp_path_factory):
    pytest.importorskip("pyperf")
    folder = tmp_path_factory.mktemp("pyperf")
    for name, session in (("a", seed_session()), ("b", seed_session()), ("evil", evil_session())):
        (folder / f"{name}.json").write_text(pyperf_file.session_pyperf(session))
    return folder


@pytest.mark.parametrize(
    "arguments",
    [["stats", "a.json"], ["show", "evil.json"], ["compare_to", "a.json", "b.json"], ["check", "a.json"]],
    ids=" ".join,
)
def test_pyperf_takes_the_file(pyperf_files, arguments):
    command = [sys.executable, "-m", "pyperf", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=pyperf_files)
    assert (done.stderr, done.returncode) == ("", 0)
    expected = {"stats": "Number of value per run: 7", "compare_to": "Benchmark hidden because not significant (34)"}
    assert expected.get(arguments[0], "") in done.stdout


def test_pyperf_reads_the_seconds(pyperf_files):
    import pyperf

    suite = pyperf.BenchmarkSuite.load(str(pyperf_files / "a.json"))
    samples = seed_session().result("f.python/serial/1e6").samples
    found = suite.get_benchmark("f.python/serial/1e6")
    assert list(found.get_values()) == [sample.seconds for sample in samples]
    assert found.get_metadata()["cpu_model_name"] == "A CPU"


def test_pyperf_is_not_given_an_empty_file():
    with pytest.raises(ValueError, match="the session has no result"):
        pyperf_file.session_pyperf(Session("seed", MACHINE))
