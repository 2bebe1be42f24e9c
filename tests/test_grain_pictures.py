"""The pictures of `grain`: what is on them, of made-up sessions, and what is not."""

import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest
from made_up import EVIL, RELEASE, evil_session, grain_session

from gilscope.reports import figures, html, page
from gilscope.reports.pictures import costs, curves, grain
from gilscope.results import Session

altair = pytest.importorskip("altair")
pytest.importorskip("vl_convert")


def panels(session=None):
    return {panel.name: panel for panel in grain.panels(grain_session() if session is None else session)}


def of(rows, **wanted):
    return [each for each in rows if wanted.items() <= each.items()]


# Curves


def test_one_kernel_in_depth_then_the_others():
    found = panels()
    assert [(each.name, each.half) for each in found.values()] == [
        ("exp.c", False),
        ("exp.c chunks", False),
        ("exp.numpy", True),
        ("add.c", True),
    ]
    assert [curve.name for curve in found["exp.c"].curves] == ["held", "per_item", "released"]
    assert [curve.name for curve in found["exp.c chunks"].curves] == ["released", "chunked, 256", "chunked, 4096"]
    assert len({curve.colour for panel in found.values() for curve in panel.curves}) == 5


def test_a_point_is_a_gain_with_its_interval():
    points = curves.data_of(panels()["exp.c"])["points"]
    [point] = of(points, curve="released", size=10**4)
    assert (point["kernel"], point["strategy"], point["value"]) == ("exp", "released", 1.8)
    assert point["low"] <= point["value"] <= point["high"]
    assert point["told"] == "5.56 us a call, 10 us on the best thread"
    assert [each["value"] for each in of(points, curve="released")] == [0.5, 0.5, 1.8, 1.8]
    chunks = curves.data_of(panels()["exp.c chunks"])["points"]
    assert [each["size"] for each in of(chunks, curve="chunked, 4096")] == [10**4, 10**5]


def test_the_size_from_which_on_it_pays_is_marked():
    found = panels()
    [line] = curves.data_of(found["exp.c"])["line"]
    assert (line["low"], line["start"], line["high"]) == (1000, 3200, 10**4)
    assert found["exp.c"].heading == "exp, c: releasing pays from 3200 [1e3, 1e4] elements"
    assert curves.data_of(found["add.c"])["line"] == []
    assert found["add.c"].heading == "add, c: releasing never pays here"


@pytest.mark.parametrize("scale", curves.SCALES)
def test_names_stand_apart_in_the_order_of_the_ends(scale):
    panel = panels()["exp.c chunks"]
    rows = curves.line_ends(panel, scale)
    assert [each["text"] for each in rows] == ["chunked, 256", "chunked, 4096", "released"]
    assert [each["size"] for each in rows] == [10**5] * 3
    shares = [panel.share(each["place"], scale) for each in rows]
    assert all(after - before > 0.99 * curves.GAP / panel.height for before, after in pairwise(shares))
    assert max(shares) <= 1


def test_noisy_points_are_told():
    session = Session("grain", grain_session().machine, [type(each)(**{**vars(each), "noisy": True}) for each in grain_session()])
    points = curves.data_of(panels(session)["exp.c"])["points"]
    assert all(each["noisy"] and each["told"].endswith(", noisy") for each in points)


def test_numpys_number_is_marked_where_it_was_measured():
    assert "NumPy's 500" in texts(grain_session())
    assert "NumPy's 500" not in texts(grain_session(sizes=(10**4, 10**5)))


# What a release costs


def test_a_dot_is_what_a_release_costs():
    dots = costs.data_of(grain_session())["costs"]
    assert [each["company"] for each in dots] == ["alone", "beside 1 thread", "beside Python"]
    assert [each["value"] for each in dots] == [pytest.approx(each, rel=0.01) for each in RELEASE.values()]
    assert {each["work"] for each in dots} == {"after 48.8 ns of work"}
    assert [each["text"] for each in dots] == ["50.1 ns", "401 ns", "20.1 us"]
    assert not any(each["nothing"] for each in dots)


def test_what_may_be_nothing_is_drawn_at_the_most_that_it_can_be():
    found = grain_session()
    held = found.result("poly.c.held/serial/65536/degree=16")
    slower = tuple(type(each)(each.seconds * (1 + 5 * (at % 2)), 1, each.wall_seconds) for at, each in enumerate(held.samples))
    found.add(type(held)(**{**vars(held), "samples": slower}))
    alone = costs.data_of(found)["costs"][0]
    assert alone["nothing"]
    assert alone["low"] == alone["value"] == alone["high"] > 0
    assert alone["text"].startswith("under ")


# Whole sessions


def texts(session):
    return [node.text for node in ElementTree.fromstring(figures.svg(session)).iter("{http://www.w3.org/2000/svg}text")]


def test_pictures_as_files():
    session = grain_session()
    assert figures.png(session).startswith(b"\x89PNG\r\n\x1a\n")
    found = texts(session)
    for once in ("exp, c: releasing pays from 3200 [1e3, 1e4] elements", "chunked, 4096", "per_item", costs.HEADING, "401 ns"):
        assert found.count(once) == 1
    assert session.plot().to_dict(validate=True)["datasets"]


def test_a_page_can_be_filtered_and_has_a_log_axis():
    text = page.page([html.session_article(grain_session())])
    assert '<option value="add">' in text
    assert '<option value="chunked">' in text
    assert "log axis" in text
    assert text.count("<figure class=") == 3


@pytest.mark.parametrize(
    ("parts", "names", "charts"),
    [
        (("deep",), ["exp.c", "exp.c chunks"], 2),
        (("others",), ["exp.numpy", "add.c"], 2),
        (("costs",), [], 1),
        ((), [], 0),
    ],
)
def test_of_an_interrupted_session_what_there_is(parts, names, charts):
    session = grain_session(parts=parts)
    assert [*panels(session)] == names
    assert len(grain.figures(session)) == charts
    assert (grain.drawn(session) is None) == (not charts)
    if charts:
        assert figures.svg(session).startswith("<svg")


def test_one_thread_has_no_gain():
    session = grain_session(parts=("deep", "others"))
    alone = Session("grain", session.machine, [each for each in session if each.case["workers"] == 1])
    assert grain.figures(alone) == []


def test_labels_are_escaped():
    session = evil_session("grain")
    for each in evil_session("scaling"):
        session.add(each)
    assert [panel.kernel for panel in grain.panels(session)] == [EVIL]
    text = page.page([html.session_article(session)]).replace(page.library(), "")
    assert EVIL not in text
    assert text.count("</script>") == 2
