"""The page of an atlas in a real browser: it opens without an error or a request, and finds, filters and sorts calls."""

import browsers
import pytest
from browsers import PAPERS, PHONE, WIDE, colour
from made_up import EVIL, seed_session
from made_up_atlas import atlas, big_atlas, evil_atlas
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from gilscope.reports.atlas_page import atlas_article
from gilscope.reports.html import session_article
from gilscope.reports.page import page

pytestmark = browsers.marks

PAGES = {
    "usual": lambda: [atlas_article(atlas(skipped=["numpy.new"], failed=["numpy.bad"]))],
    "evil": lambda: [atlas_article(evil_atlas())],
    "big": lambda: [atlas_article(big_atlas())],
    "two": lambda: [atlas_article(atlas()), atlas_article(big_atlas(40))],
    "empty": lambda: [atlas_article(atlas([], skipped=["numpy.new"]))],
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for name, articles in PAGES.items():
        (folder / f"{name}.html").write_text(page(articles()), encoding="utf-8")
    return folder


@pytest.fixture
def opened(browser, pages):
    """Open a page by its name."""

    def open_page(name, width=WIDE, theme="light"):
        return browsers.opened(browser, pages / f"{name}.html", width, theme)

    return open_page


def shown(browser, article="article"):
    """The names of the calls that are shown, from the top."""
    rows = f"document.querySelector({article!r}).querySelectorAll('.atlas tbody tr:not([hidden])')"
    return browser.execute_script(f"return [...{rows}].map(it => it.cells[0].firstChild.textContent)")


def count(browser):
    return browser.find_element("css selector", "output").text


def choose(browser, name, label):
    Select(browser.find_element("name", name)).select_by_visible_text(label)


def heading(browser, label):
    [found] = [each for each in browser.find_elements("css selector", ".atlas th button") if each.text == label]
    return found


def order(browser):
    script = "return [...document.querySelectorAll('.atlas th[aria-sort]')].map(it => [it.innerText.trim(), it.ariaSort])"
    return {name: sort for name, sort in browser.execute_script(script) if sort != "none"}


CALLS = ["numpy.exp[float64]", "numpy.sort[object]", "numpy.add[float64]", "numpy.matmul", "numpy.load"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_with_no_error_and_no_request(opened, name):
    browsers.assert_no_error_and_no_request(opened(name))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_overflows_a_phone(opened, name, theme):
    browsers.assert_nothing_overflows(opened(name, PHONE, theme))


@pytest.mark.parametrize("width", [640, 768, 901, 1024])
def test_nothing_overflows_in_between(opened, width):
    browsers.assert_nothing_overflows(opened("usual", width))


def test_a_script_in_a_name_is_harmless(opened):
    browser = opened("evil")
    assert browser.execute_script("return document.querySelectorAll('main script').length") == 0
    assert shown(browser) == [EVIL]
    assert EVIL in browser.find_element("css selector", "h1").text


def test_words_find_calls_by_name_code_and_group(opened):
    browser = opened("usual")
    assert (count(browser), shown(browser)) == ("5 of 5 calls", CALLS)
    field = browser.find_element("name", "search")
    for words, expected in {
        "FLOAT64": CALLS[::2][:2],
        "m @": ["numpy.matmul"],
        "ufuncs x +": ["numpy.add[float64]"],
        "nothing such": [],
        "": CALLS,
    }.items():
        field.clear()
        field.send_keys(words, Keys.ENTER)
        if not words:
            field.send_keys("x", Keys.BACKSPACE)
        assert (count(browser), shown(browser)) == (f"{len(expected)} of 5 calls", expected)


def test_calls_are_chosen_by_what_they_do_and_by_group(opened):
    browser = opened("usual")
    for label, expected in {
        "released": ["numpy.exp[float64]", "numpy.matmul"],
        "partial": ["numpy.add[float64]", "numpy.load"],
        "held": ["numpy.sort[object]"],
        "with a threshold": ["numpy.exp[float64]", "numpy.add[float64]"],
        "several cores": ["numpy.matmul"],
        "methods disagree": ["numpy.sort[object]"],
        "all": CALLS,
    }.items():
        choose(browser, "mark", label)
        assert shown(browser) == expected
    choose(browser, "group", "Ufuncs")
    choose(browser, "mark", "partial")
    assert (count(browser), shown(browser)) == ("1 of 5 calls", ["numpy.add[float64]"])


def test_headings_sort_up_and_down(opened):
    browser = opened("usual")
    heading(browser, "call").click()
    assert order(browser) == {"call": "ascending"}
    assert shown(browser) == sorted(CALLS)
    heading(browser, "call").click()
    assert shown(browser) == sorted(CALLS, reverse=True)
    heading(browser, "outside").click()
    assert order(browser) == {"outside": "descending"}
    assert shown(browser) == [CALLS[at] for at in (0, 3, 2, 4, 1)]
    heading(browser, "GIL").click()
    assert shown(browser) == [CALLS[at] for at in (0, 3, 2, 4, 1)]


def test_what_has_no_value_is_last_in_both_orders(opened):
    browser = opened("usual")
    for _ in range(2):
        heading(browser, "threshold").click()
        assert {*shown(browser)[:2]} == {"numpy.exp[float64]", "numpy.add[float64]"}


def test_headings_sort_by_the_keyboard(opened):
    browser = opened("usual")
    browser.execute_script("arguments[0].focus()", heading(browser, "releases"))
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert shown(browser)[0] == "numpy.load"
    browser.switch_to.active_element.send_keys(Keys.SPACE)
    assert shown(browser)[0] == "numpy.sort[object]"


def test_a_phone_has_buttons_that_sort(opened):
    browser = opened("usual", PHONE)
    heading(browser, "longest hold").click()
    assert shown(browser)[0] == "numpy.sort[object]"


def test_what_is_found_stays_found_when_sorted(opened):
    browser = opened("usual")
    choose(browser, "group", "Ufuncs")
    heading(browser, "outside").click()
    heading(browser, "outside").click()
    assert shown(browser) == ["numpy.add[float64]", "numpy.exp[float64]"]


def test_each_of_several_tables_has_its_own_controls(opened):
    browser = opened("two")
    choose(browser, "mark", "held")
    assert shown(browser, "#part-1") == ["numpy.sort[object]"]
    assert len(shown(browser, "#part-2")) == 40


def test_a_mark_tells_the_words_apart_without_colours(opened):
    browser = opened("usual")
    box = "getComputedStyle(document.querySelector('.gil.{}'), '::before')"
    sides = ("borderLeftWidth", "borderRightWidth")
    looks = {
        each: [browser.execute_script(f"return {box.format(each)}.{side}") for side in sides]
        for each in ("held", "partial", "released")
    }
    assert len({tuple(each) for each in looks.values()}) == 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_follows_the_system_and_the_toggle(opened, theme):
    other = "light" if theme == "dark" else "dark"
    browser = opened("usual", theme=theme)
    assert colour(browser, "body", "backgroundColor") == PAPERS[theme]
    line = colour(browser, ".atlas path", "stroke")
    browser.find_element("id", "theme").click()
    assert colour(browser, "body", "backgroundColor") == PAPERS[other]
    assert colour(browser, ".atlas path", "stroke") != line


def test_it_is_printed_light_without_what_cannot_be_used(opened):
    browser = opened("usual", theme="dark")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert colour(browser, "body", "backgroundColor") == PAPERS["light"]
    assert colour(browser, ".filter", "display") == "none"
    assert colour(browser, ".atlas th button", "display") != "none"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_beside_a_session_both_work(browser, tmp_path):
    pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    path = tmp_path / "both.html"
    path.write_text(page([session_article(seed_session()), atlas_article(atlas())]), encoding="utf-8")
    browsers.opened(browser, path)
    browsers.assert_no_error_and_no_request(browser)
    assert [each.text for each in browser.find_elements("css selector", "output")] == ["34 of 34 cases", "5 of 5 calls"]
