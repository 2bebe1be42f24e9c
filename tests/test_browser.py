"""Pages in a real browser: they open without an error or a request, on a phone too, and what can be changed changes them."""

import browsers
import numpy as np
import pytest
from browsers import PAPERS, PHONE, WIDE, colour
from made_up import (
    EVIL,
    convoy_session,
    evil_session,
    grain_session,
    oversubscription_session,
    roofline_session,
    scaling_session,
    seed_session,
    starvation_session,
)
from selenium.webdriver import ActionChains
from selenium.webdriver.support.ui import Select, WebDriverWait

from gilscope.reports import html, timeline
from gilscope.reports.page import page
from gilscope.trace_data import TraceData
from gilscope.trace_events import Intervals

pytest.importorskip("altair")
pytest.importorskip("vl_convert")
pytestmark = browsers.marks


def trace():
    """A trace of two threads by turns, one with a long name."""
    edges = np.arange(401) * 1_000_000
    thread = np.repeat(np.array([0, 1], np.uint16), 400)
    states = np.tile(np.array([0, 1, 2, 1], np.uint8), 200)
    intervals = Intervals(thread, states, np.tile(edges[:-1], 2), np.tile(edges[1:], 2))
    return TraceData(0, int(edges[-1]), ["MainThread", "a worker with quite a long name"], [7, 8], intervals)


ARTICLES = {
    "seed": lambda: html.session_article(seed_session()),
    "scaling": lambda: html.session_article(scaling_session()),
    "convoy": lambda: html.session_article(convoy_session()),
    "starvation": lambda: html.session_article(starvation_session()),
    "grain": lambda: html.session_article(grain_session()),
    "roofline": lambda: html.session_article(roofline_session()),
    "oversubscription": lambda: html.session_article(oversubscription_session()),
    "evil": lambda: html.session_article(evil_session()),
    "evil map": lambda: html.session_article(evil_session("scaling")),
    "evil rows": lambda: html.session_article(starvation_session(EVIL)),
    "trace": lambda: timeline.article(trace(), "script.py"),
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for name, article in ARTICLES.items():
        (folder / f"{name}.html").write_text(page([article()]), encoding="utf-8")
    return folder


@pytest.fixture
def opened(browser, pages):
    """Open a page by its name."""

    def open_page(name, width=WIDE, theme="light"):
        return browsers.opened(browser, pages / f"{name}.html", width, theme)

    return open_page


def until(browser, script, expected):
    WebDriverWait(browser, 30).until(lambda it: it.execute_script(f"return {script}") == expected)


def texts(browser):
    script = (
        "return [...document.querySelectorAll('.plot svg text')].filter(it => !it.closest('[hidden]')).map(it => it.textContent)"
    )
    return browser.execute_script(script)


@pytest.mark.parametrize("name", ARTICLES)
def test_a_page_opens_with_no_error_and_no_request(opened, name):
    browser = opened(name)
    assert browser.execute_script("return document.querySelectorAll('.plot svg, .plot canvas').length") > 0
    browsers.assert_no_error_and_no_request(browser)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ARTICLES)
def test_nothing_overflows_a_phone(opened, name, theme):
    browsers.assert_nothing_overflows(opened(name, PHONE, theme))


def test_hidden_labels_are_escaped(opened):
    browser = opened("evil")
    assert browser.execute_script("return document.querySelectorAll('main script').length") == 0
    assert "</script><!--<script>alert('x')</script>" in browser.find_element("css selector", ".cases").get_attribute(
        "textContent"
    )


def test_the_kernel_chosen_is_what_is_shown(opened):
    browser = opened("seed")
    assert browser.find_element("css selector", "output").text == "34 of 34 cases"
    Select(browser.find_element("name", "kernel")).select_by_value("exp")
    until(browser, "document.querySelector('output').value", "19 of 34 cases")
    until(
        browser,
        "document.body.textContent.length > 0 && document.querySelectorAll('.cases tr[data-kernel=g]:not([hidden])').length",
        0,
    )
    WebDriverWait(browser, 30).until(lambda it: "g, as published, 1e7" not in texts(it))
    assert "exp.c.released, 1e6" in texts(browser)
    Select(browser.find_element("name", "strategy")).select_by_value("released")
    WebDriverWait(browser, 30).until(lambda it: "exp.c.held, 1e6" not in texts(it))
    assert "exp.c.released, 1e6" in texts(browser)


def test_maps_are_filtered_by_kernel_and_strategy(opened):
    browser = opened("scaling")
    assert [each.is_displayed() for each in browser.find_elements("tag name", "figure")] == [True, True]
    Select(browser.find_element("name", "kernel")).select_by_value("add")
    WebDriverWait(browser, 30).until(
        lambda it: [each.is_displayed() for each in it.find_elements("tag name", "figure")] == [False, True]
    )
    Select(browser.find_element("name", "strategy")).select_by_value("held")
    WebDriverWait(browser, 30).until(lambda it: "released · 2" not in texts(it))
    assert "held · 2" in texts(browser)
    assert "best call, µs" in texts(browser)


def test_lines_are_filtered_by_strategy(opened):
    browser = opened("convoy")
    assert {"calls, held", "calls, released", "held", "switch interval itself"} <= {*texts(browser)}
    Select(browser.find_element("name", "strategy")).select_by_value("released")
    WebDriverWait(browser, 30).until(lambda it: "held" not in texts(it))
    assert {"calls, released", "released", "switch interval itself"} <= {*texts(browser)}
    assert "calls, held" not in texts(browser)


def test_halves_stand_side_by_side_where_there_is_room(opened):
    tops = "return [...document.querySelectorAll('figure')].map(it => Math.round(it.getBoundingClientRect().top))"
    rate, wait, below, _ = opened("convoy").execute_script(tops)
    assert rate == wait < below
    assert len({*opened("convoy", PHONE).execute_script(tops)}) == 4


def test_the_axis_can_be_logarithmic(opened):
    browser = opened("seed")
    assert "0.1×" not in texts(browser)
    browser.find_element("name", "axis").click()
    WebDriverWait(browser, 30).until(lambda it: "0.1×" in texts(it) or "0.05×" in texts(it))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_follows_the_system_and_the_toggle(opened, theme):
    other = "light" if theme == "dark" else "dark"
    inks = {"light": "#222222", "dark": "#DDDDDD"}
    browser = opened("seed", theme=theme)
    label = "document.querySelector('.plot .mark-text.role-axis-label text').getAttribute('fill')"
    assert colour(browser, "body", "backgroundColor") == PAPERS[theme]
    assert browser.execute_script(f"return {label}") == inks[theme]
    browser.find_element("id", "theme").click()
    assert colour(browser, "body", "backgroundColor") == PAPERS[other]
    assert browser.execute_script(f"return {label}") == inks[other]
    browser.find_element("id", "theme").click()
    assert colour(browser, "body", "backgroundColor") == PAPERS[theme]


def test_a_dark_page_is_printed_light(opened):
    browser = opened("seed", theme="dark")
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert browser.execute_script("return document.querySelector('.role-axis-label text').getAttribute('fill')") == "#222222"


def test_a_dot_tells_what_it_is(opened):
    browser = opened("seed")
    dot = browser.find_elements("css selector", ".plot .mark-symbol.role-mark path")[0]
    ActionChains(browser).move_to_element(dot).perform()
    WebDriverWait(browser, 30).until(lambda it: "g, as published" in it.find_element("id", "vg-tooltip-element").text)


def test_curves_are_filtered_by_kernel_and_strategy(opened):
    browser = opened("grain")
    Select(browser.find_element("name", "kernel")).select_by_value("add")
    WebDriverWait(browser, 30).until(
        lambda it: [each.is_displayed() for each in it.find_elements("tag name", "figure")] == [False, False, False, True, True]
    )
    Select(browser.find_element("name", "kernel")).select_by_value("exp")
    Select(browser.find_element("name", "strategy")).select_by_value("chunked")
    WebDriverWait(browser, 30).until(lambda it: "chunked, 4096" in texts(it) and "released" not in texts(it))
    assert "0×" in texts(browser)
    browser.find_element("name", "axis").click()
    WebDriverWait(browser, 30).until(lambda it: "0×" not in texts(it) and "1×" in texts(it))


def test_a_box_of_threads_tells_what_it_is(opened):
    browser = opened("oversubscription")
    box = browser.find_elements("css selector", ".plot .mark-rect.role-mark path")[0]
    ActionChains(browser).move_to_element(box).perform()
    WebDriverWait(browser, 30).until(lambda it: "a call" in it.find_element("id", "vg-tooltip-element").text)
