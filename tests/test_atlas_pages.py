"""What is written of an atlas: the verdict, pages, Markdown, tables. All of it is made up; test_browser_atlas.py opens pages."""

import csv
import io
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from made_up import EVIL, seed_session
from made_up_atlas import atlas, big_atlas, call, evil_atlas, held, released, size

from gilscope import atlas_words
from gilscope.reports import atlas_content, atlas_markdown, atlas_page, html, page, spreadsheet
from gilscope.reports.atlas_sparkline import HEIGHT, WIDTH, sparkline
from gilscope.reports.pictures import picture

ATLASES = {"usual": atlas, "evil": evil_atlas, "empty": lambda: atlas([], skipped=["numpy.new"])}
atlases = pytest.mark.parametrize("name", ATLASES)


def written(*found):
    return page.page([atlas_page.atlas_article(each) for each in found])


def row_of(text, name):
    """The row of a call, as text."""
    [row] = [each for each in re.findall(r"<tr data-group.*?</tr>", text) if f"<td>{name}<code>" in each]
    return row


# What there is to show


def test_the_verdict_counts_what_there_is():
    found = atlas(skipped=["numpy.new"], failed=["numpy.bad", "numpy.worse"])
    assert atlas_words.verdict(found) == [
        "Of 5 calls, 2 release the GIL at their largest size, 2 release it in part, and 1 keeps it.",
        "2 have a threshold, below which they keep the GIL; the commonest is 501 elements (2 calls).",
        "1 call uses several cores without threads of yours.",
        "A second thread that ticks meanwhile says the same of 1 of 2 calls long enough for it to tell.",
        "1 call skipped and 2 calls failed; why is said below.",
    ]


def test_the_verdict_tells_nothing_that_there_is_not():
    assert atlas_words.verdict(atlas([held("f")])) == [
        "Of 1 call, 0 release the GIL at their largest size, 0 release it in part, and 1 keeps it."
    ]
    assert atlas_words.verdict(atlas([])) == ["No call was probed."]
    agreed = atlas([held("f", ticker=0.0, agrees=True), held("g", ticker=0.0, agrees=True)])
    assert atlas_words.verdict(agreed)[-1] == (
        "A second thread that ticks meanwhile says the same of all 2 calls long enough for it to tell."
    )


def test_estimates_are_called_so():
    found = atlas([held("f")])
    assert not any("estimates" in each for each in atlas_words.verdict(found))
    found.method = "ticker"
    assert atlas_words.verdict(found)[1] == "These are estimates, by a thread that ticks meanwhile: there is no tracer here."


def test_without_a_gil_there_is_nothing_to_count():
    found = atlas([call("f", [size(10, 1.0, gil="off")])])
    assert atlas_words.verdict(found)[0] == "This Python runs without a GIL: there is nothing to release."
    assert '<span class="gil off">off</span>' in written(found)


def test_a_call_in_words():
    [first, second, *_] = atlas().calls
    assert atlas_content.words(first) == ("numpy.exp[float64]", "released", "501 elements", "99%", "1", "10 us", "1 ms", "1.0")
    assert atlas_content.words(second)[1:5] == ("held", "", "0%", "0")


def test_the_setup_of_a_group_is_what_its_calls_have_in_common():
    calls = [held(f"f[{each}]", setup=f"dtype = {each!r}\nimport numpy as np\n\nx = np.ones(n, dtype)") for each in ("f8", "f4")]
    assert atlas_content.setups(atlas(calls)) == {"A group": "import numpy as np\n\nx = np.ones(n, dtype)"}
    assert atlas_content.setups(atlas(calls[:1])) == {"A group": calls[0].setup}


# The page


def test_a_page_has_its_parts_in_order():
    text = written(atlas(skipped=["numpy.new"], failed=["numpy.bad"]))
    parts = [
        "<h1>What numpy 2.4.6 does with the GIL</h1>",
        "Python 3.13.1, GIL on",
        "measured 2026-01-01</p>",
        '<div class="verdict"><p><strong>Of 5 calls',
        'type="search"',
        '<table class="atlas">',
        "What runs before",
        "<h2>Skipped</h2><dl><dt>numpy.new</dt><dd>numpy has no numpy.new",
        "<h2>Failed</h2><dl><dt>numpy.bad</dt><dd>raised: ValueError: no",
        "<dt>numpy.sort[object]</dt><dd>held: 0% outside by the tracer, 40% by the ticking thread",
        "The machine",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_a_row_says_by_what_it_is_found_and_sorted():
    text = written(atlas())
    row = row_of(text, "numpy.exp[float64]")
    assert row.startswith('<tr data-group="0" data-marks="released threshold">')
    assert '<td data-name="threshold" data-by="501">501 elements</td>' in row
    assert '<td data-name="one call" data-by="0.001001">1 ms</td>' in row
    assert 'data-marks="released cores"' in row_of(text, "numpy.matmul")
    assert 'data-marks="held disagree"' in row_of(text, "numpy.sort[object]")
    assert "<td></td>" in row_of(text, "numpy.load")  # no threshold


def test_only_what_there_is_can_be_chosen():
    text = written(atlas([held("f")]))
    assert re.findall(r'<option value="(\w+)"', text) == ["held", "0"]


def test_a_page_without_pictures_needs_no_library(monkeypatch):
    monkeypatch.setattr(picture, "find_spec", lambda name: None)
    text = written(atlas())
    assert "vegaEmbed" not in text
    assert "script-src 'unsafe-inline';" in text
    assert "unsafe-eval" not in text


def test_a_large_atlas_is_a_small_page():
    assert len(written(big_atlas(600)).encode()) < 1_000_000


def test_atlases_and_sessions_are_sections_of_one_page():
    pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    articles = [atlas_page.atlas_article(atlas()), atlas_page.atlas_article(evil_atlas()), html.session_article(seed_session())]
    text = page.page(articles).replace(page.library(), "")
    assert re.findall(r'<article id="(.*?)">', text) == ["part-1", "part-2", "part-3"]
    assert text.count("localeCompare") == text.count("vegaEmbed(box") == 1
    assert "unsafe-eval" in text


@atlases
def test_a_page_makes_no_request(name):
    text = written(ATLASES[name]())
    assert re.findall(r"<(?:link|img|iframe)\b|\bsrc=|@import|url\(|fetch\(|import\(|://", text) == []
    assert "default-src 'none'" in text


def test_no_label_breaks_a_page():
    text = written(evil_atlas())
    for part in ("</script><!--", "<script>alert", "<b>"):
        assert part not in text
    assert text.count("</script>") == 1
    assert text.count("&lt;/script&gt;&lt;!--") > 10


# The small picture


def paths(found):
    root = ElementTree.fromstring(sparkline(found))
    return root, {each.get("class", "line"): each.get("d") for each in root}


def test_the_picture_is_a_line_with_dots_and_a_tick_at_the_threshold():
    root, drawn = paths(call("f", [size(10, 0.0), size(1000, 0.5, 1), size(10**5, 1.0, 1)], threshold=100))
    assert drawn["line"] == f"M0 {HEIGHT}L{WIDTH / 4:g} {HEIGHT}L{WIDTH / 2:g} {HEIGHT / 2:g}L{WIDTH} 0"
    assert drawn["dots"] == f"M0 {HEIGHT}h0M{WIDTH / 2:g} {HEIGHT / 2:g}h0M{WIDTH} 0h0"
    assert drawn["at"] == f"M{WIDTH / 4:g} 0V{HEIGHT}"
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == "Outside: 0% at 10, 100% at 1e5 elements; threshold 100"


def test_a_single_size_is_a_dot_in_the_middle():
    root, drawn = paths(call("f", [size(1, 0.5, 1)], unit="rows"))
    assert drawn == {"line": "M60 12", "dots": "M60 12h0"}
    assert root.attrib["aria-label"] == "Outside: 50% at 1 rows"


def test_a_size_of_nothing_has_a_place():
    assert paths(call("f", [size(0, 0.0), size(100, 1.0, 1)]))[1]["line"] == f"M0 {HEIGHT}L{WIDTH} 0"


# Markdown and tables


def test_markdown_has_the_same_parts():
    text = atlas_markdown.atlas_markdown(atlas(skipped=["numpy.new"]))
    assert text.startswith("# What numpy 2.4.6 does with the GIL\n\nPython 3.13.1")
    assert "**Of 5 calls, 2 release" in text
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        "Ufuncs", "Sorting", "Linear algebra", "Files", "Skipped", "Where the two methods disagree", "The machine"
    ]  # fmt: skip
    assert "| numpy.exp\\[float64\\] | np.exp(x) | released | 501 elements | 99% | 1 | 10 us | 1 ms | 1.0 |" in text
    assert "| numpy.new | numpy has no numpy.new |" in text


@atlases
def test_markdown_tables_are_tables(name):
    text = atlas_markdown.atlas_markdown(ATLASES[name]())
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1
    assert re.search(r"(?<!\\)<", text) is None


def test_csv_has_a_row_for_each_size():
    rows = list(csv.DictReader(io.StringIO(spreadsheet.atlases_csv({"a.json": atlas([released("f"), held(EVIL)])}))))
    assert [(row["name"], row["size"]) for row in rows] == [(name, str(n)) for name in ("f", EVIL) for n in (10, 10**4, 10**6)]
    assert rows[2]["released_fraction"] == "0.99"
    assert rows[2]["threshold"] == "501"


def test_labels_of_several_atlases_are_their_own():
    other = replace(atlas(), version="2.0.2")
    text = written(atlas(), other)
    assert re.findall(r'<a href="#(.*?)">(.*?)</a>', text) == [("part-1", "numpy 2.4.6"), ("part-2", "numpy 2.0.2")]
