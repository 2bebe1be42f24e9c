"""The pictures of `oversubscription`: what is on them, of made-up sessions, and what is not."""

import re
import xml.etree.ElementTree as ElementTree

import pytest
from made_up import BLAS, oversubscription_session

from gilscope.experiments._oversubscription_words import maps
from gilscope.reports import figures, html, page
from gilscope.reports.pictures import oversubscription

altair = pytest.importorskip("altair")
pytest.importorskip("vl_convert")


def boxes(call, session=None):
    return oversubscription.boxes(call, maps(session or oversubscription_session())[call])


def texts(session):
    return [node.text for node in ElementTree.fromstring(figures.svg(session)).iter("{http://www.w3.org/2000/svg}text")]


def test_each_number_of_threads_has_a_box():
    found = {(each["python"], each["blas"]): each for each in boxes("product.numpy")}
    assert [*found] == [(python, blas) for python in (1, 2, 4) for blas in (1, 2, 4)]
    assert (found[2, 1]["gain"], found[2, 1]["text"]) == (2.0, "2.00×")
    assert found[2, 1]["told"] == "2.00× [1.96, 2.06], 20 ms a call"
    assert found[1, 2]["told"].endswith(" a call, 0.00 cores used by one")
    assert {each["kernel"] for each in found.values()} == {"product"}


@pytest.mark.parametrize(("call", "best"), [("product.numpy", (2, 1)), ("det.numpy", (1, 2))])
def test_only_the_best_is_framed(call, best):
    assert [(each["python"], each["blas"]) for each in boxes(call) if each["best"]] == [best]


@pytest.mark.parametrize(
    ("own", "words"), [(1, ["left alone", "given more", "given more"]), (2, ["limited", "left alone", "given more"])]
)
def test_what_was_done_to_blas_is_told(own, words):
    assert [oversubscription.treated(each, own) for each in (1, 2, 4)] == words
    libraries = [{**BLAS[0], "num_threads": own}]
    svg = figures.svg(oversubscription_session(calls=("inv.numpy",), libraries=libraries))
    assert re.findall(r">(limited|left alone|given more)<", svg) == words


def test_a_blas_that_cannot_be_limited_was_left_alone():
    assert oversubscription.treated(1, 0) == "left alone"


def test_pictures_as_files():
    session = oversubscription_session()
    assert figures.png(session).startswith(b"\x89PNG\r\n\x1a\n")
    found = texts(session)
    assert [each for each in found if each and " × " in each] == [
        "A @ B, 1000 × 1000, 40 ms alone",
        "det, 1000 × 1000, 40 ms alone",
    ]
    assert found.count("2.00×") == 3
    assert session.plot().to_dict(validate=True)["datasets"]


def test_all_maps_have_the_same_colours():
    session = oversubscription_session()
    domains = [
        spec["layer"][0]["encoding"]["color"]["scale"]["domain"]
        for spec in (figure.specs[""] for figure in figures.figures(session))
    ]
    assert domains == [[0, 2.0]] * 2


def test_a_page_has_a_picture_for_each_routine():
    found = oversubscription.figures(oversubscription_session())
    assert [(figure.kernel, figure.half) for figure in found] == [("product", True), ("det", True)]
    text = page.page([html.session_article(oversubscription_session())])
    assert '<option value="det">' in text
    assert "log axis" not in text


def test_of_an_interrupted_session_what_there_is():
    session = oversubscription_session(calls=("svd.numpy",), python=(2,))
    assert [each["python"] for each in boxes("svd.numpy", session)] == [2, 2, 2]
    assert "svd, 1000 × 1000" in texts(session)
    empty = oversubscription_session(calls=())
    assert oversubscription.figures(empty) == []
    assert oversubscription.drawn(empty) is None
