"""The pictures of experiments on waiting and of the roofline: what is on them, of made-up sessions, and what is not."""

import math
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import EVIL, convoy_session, roofline_session, starvation_session

from gilscope.experiments import EXPERIMENTS
from gilscope.reports import figures, html, page
from gilscope.reports.pictures import convoy, roofline, starvation
from gilscope.reports.pictures.direct_labels import GAP, placed, spread
from gilscope.reports.pictures.picture import Figure
from gilscope.results import Session

altair = pytest.importorskip("altair")
pytest.importorskip("vl_convert")

SESSIONS = {"convoy": convoy_session, "starvation": starvation_session, "roofline": roofline_session}
sessions = pytest.mark.parametrize("name", SESSIONS)


def written(session):
    """A page, without Vega's library."""
    return page.page([html.session_article(session)]).replace(page.library(), "")


def of(rows, **wanted):
    return [each for each in rows if wanted.items() <= each.items()]


# All of them


def test_the_table_names_experiments():
    assert {*figures.DRAWINGS} <= {*EXPERIMENTS}


@sessions
def test_a_page_has_the_question_the_verdict_the_picture_and_the_lines_in_order(name):
    text = written(SESSIONS[name]())
    parts = ["<h1>", 'class="verdict"', 'class="legend"', 'class="plot"', "<h2>What was measured", "<h2>The machine", "<h2>Noise"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "log axis" not in text
    assert ('<table class="cases">' in text) == (name == "roofline")


@sessions
def test_pictures_as_files(name):
    session = SESSIONS[name]()
    assert figures.png(session).startswith(b"\x89PNG\r\n\x1a\n")
    texts = [node.text for node in ElementTree.fromstring(figures.svg(session)).iter("{http://www.w3.org/2000/svg}text")]
    expected = {"convoy": "calls of 20 us: their rate", "starvation": "poly.c.held", "roofline": "g allocates"}[name]
    assert texts.count(expected) == 1
    assert session.plot().to_dict(validate=True)["datasets"]


@sessions
def test_what_was_not_observed_yet_is_not_drawn(name):
    whole = SESSIONS[name]()
    assert figures.figures(Session(name, whole.machine)) == []
    for count in (1, 2, 3, (len(whole.observations) or len(whole)) - 1):
        begun = Session(name, whole.machine, list(whole)[:count], observations=list(whole.observations.values())[:count])
        assert [each for each in html.session_article(begun).parts if isinstance(each, Figure)] == figures.figures(begun)
    assert figures.svg(begun).startswith("<svg")


@pytest.mark.parametrize(
    "session",
    [starvation_session(EVIL), convoy_session(strategies=("held", EVIL))],
    ids=lambda session: session.experiment,
)
def test_no_name_breaks_a_page(session):
    text = written(session)
    assert "</script><!--" not in text
    assert text.count("</script>") == 2
    assert "\\u003c/script>" in text
    assert figures.svg(session).count("<script") == 0


# Labels at the ends of lines


@given(st.lists(st.floats(0, 10), max_size=8).map(sorted))
def test_labels_keep_apart_and_below_the_most(places):
    found = spread(places, 1.0, 10.0)
    assert all(after - before >= 1 - 1e-9 for before, after in pairwise(found))
    assert max(found, default=10) <= 10


def test_what_is_apart_stays_where_it_is():
    assert spread([1.0, 3.0, 9.0], 1.0, 10.0) == [1.0, 3.0, 9.0]
    assert spread([5.0, 5.0, 9.8], 1.0, 10.0) == [5.0, 6.0, 9.8]


def test_a_place_is_in_pixels_of_a_log_axis():
    rows = placed([{"text": "b", "value": 1.0}, {"text": "a", "value": 1.0}], (0.01, 100.0), 400)
    assert [each["text"] for each in rows] == ["b", "a"]
    assert math.log10(rows[1]["place"]) == pytest.approx(GAP / 100)


# The convoy


def test_rates_are_shares_of_those_alone_in_the_order_of_the_switch_interval():
    [(rates, _), _] = convoy.panels(convoy_session())
    released = of(rates.rows["points"], line="calls, released")
    assert [each["interval"] for each in released] == ["500 us", "5 ms", "20 ms"]
    assert [each["value"] for each in released] == pytest.approx([20 / 520, 20 / 5020, 20 / 20020])
    assert [each["value"] for each in of(rates.rows["points"], line="Python, held")] == pytest.approx([0.4] * 3)
    assert all(each["low"] <= each["value"] <= each["high"] for each in rates.rows["points"])
    assert released[0]["told"] == "4% [4%, 4%]"


def test_waits_stand_beside_the_switch_interval_itself():
    [_, (_, waits)] = convoy.panels(convoy_session())
    assert waits.heading == "calls of 2 ms: waiting for the GIL"
    held, released = (of(waits.rows["points"], line=each)[1] for each in ("held", "released"))
    assert held["at"] < 5e-3 < released["at"]
    assert (held["value"], held["p99"], held["longest"]) == pytest.approx((5e-3, 5.5e-3, 10.2e-3))
    assert held["told"] == "5 ms, 5.5 ms, 10.2 ms; 100% of the calls waited"
    assert [(each["at"], each["value"]) for each in waits.rows["itself"]] == [(each, each) for each in (500e-6, 5e-3, 20e-3)]
    assert {each["text"] for each in waits.rows["labels"]} == {"held", "released", convoy.ITSELF}


def test_every_length_has_the_same_axes():
    panels = convoy.panels(convoy_session())
    for kind in zip(*panels, strict=True):
        assert len({each.domain for each in kind}) == 1
    rates, waits = (each.domain for each in panels[0])
    assert rates[0] < 20 / 20020 * 0.98
    assert waits[1] > 2 * 20e-3


def test_without_a_tracer_there_are_no_waits():
    assert [len(each) for each in convoy.panels(convoy_session(waits=False))] == [1, 1]
    assert [each.half for each in figures.figures(convoy_session(waits=False))] == [True, True]


def test_a_call_that_never_waited_has_no_place_on_a_log_axis():
    session = convoy_session(lengths=[20e-6])
    label = next(iter(each for each in session.observations if each.startswith("held 2e-05 0.005")))
    observed = session.observations[label]
    nothing = {name: type(number).of(number.unit, [0.0] * 5) for name, number in observed.numbers.items() if "wait" in name}
    session.observe(type(observed)(label, observed.conditions, {**observed.numbers, **nothing}))
    [(rates, waits)] = convoy.panels(session)
    assert [each["interval"] for each in of(waits.rows["points"], line="held")] == ["500 us", "20 ms"]
    assert len(of(rates.rows["points"], line="calls, held")) == 3


# The starvation


def test_a_range_reaches_from_the_median_to_the_longest_and_says_what_the_others_feel():
    data = starvation.data_of(starvation_session())
    assert [(each["row"], each["text"]) for each in data["gaps"]] == [
        ("nothing, asleep", ""),
        ("poly.c.held", "frozen"),
        ("poly.c.yielding", "late"),
        ("poly.c.released", "not felt"),
    ]
    held = data["gaps"][1]
    assert (held["p50"], held["p99"], held["longest"], held["call"]) == pytest.approx((0.025, 0.05, 0.102, 0.05))
    assert held["told"] == "25 ms, 50 ms, 102 ms"
    marks = {each["what"]: each["value"] for each in of(data["marks"], row="poly.c.released")}
    assert marks == pytest.approx(
        {starvation.MEDIAN: 0.0005, starvation.NEARLY: 0.001, starvation.LONGEST: 0.00204, starvation.CALL: 0.05}
    )


def test_the_times_to_compare_with():
    def times(**machine):
        return [(each["text"], each["value"]) for each in starvation.data_of(starvation_session(**machine))["times"]]

    assert times() == [("a beat", 0.001), ("switch interval", 0.005)]
    assert times(switch_interval_seconds=None) == [("a beat", 0.001)]


def test_what_is_felt_is_unknown_before_it_is_known_what_nothing_feels_like():
    whole = starvation_session()
    session = Session("starvation", whole.machine, observations=list(whole.observations.values())[1:])
    data = starvation.data_of(session)
    assert [each["text"] for each in data["gaps"]] == ["", "", ""]
    assert "frozen" not in figures.svg(session)


# The roofline


def test_a_roof_rises_with_the_copy_and_ends_at_the_peak():
    data = roofline.data_of(roofline_session())
    one, two = ([(each["at"], each["value"]) for each in of(data["roofs"], threads=each)] for each in ("1 thread", "2 threads"))
    assert [at for at, _ in one] == [at for at, _ in two] == pytest.approx([0.125 / 1.3, 4, 32 * 1.3])
    assert [value for _, value in one] == pytest.approx([1.25 / 1.3, 40, 40])
    assert [value for _, value in two] == pytest.approx([2 * value for _, value in one])


def test_what_was_reached_is_on_the_roof_that_was_reached():
    found = roofline.data_of(roofline_session())["reached"]
    assert [(each["threads"], each["at"], round(each["value"], 2)) for each in found] == [
        ("1 thread", 0.125, 1.25),
        ("1 thread", 2.0, 20.0),
        ("1 thread", 32.0, 40.0),
        ("2 threads", 0.125, 2.5),
        ("2 threads", 2.0, 40.0),
        ("2 threads", 32.0, 80.0),
    ]
    assert found[-1]["told"] == "80 Gflop/s [79.2, 80], 2.00x of one thread"
    assert all(each["low"] <= each["value"] <= each["high"] for each in found)


def test_the_articles_g_counts_as_what_the_peak_does_in_the_time_of_g_in_the_cache():
    data = roofline.data_of(roofline_session())
    found = {(each["variant"], each["threads"]): (each["at"], each["value"]) for each in data["article"]}
    assert found["g allocates", "1 thread"] == pytest.approx((40 / 40, 10))
    assert found["g, arrays reused", "2 threads"] == pytest.approx((40 / 24, 2 * 40 * 10 / 24))
    assert found["g, in the cache", "1 thread"] == pytest.approx((32 * 1.3, 40))
    assert [each["text"] for each in data["names"]] == ["g allocates", "g, arrays reused", "g, in the cache"]
    feet = [each["foot"] for each in data["names"]]
    assert feet == sorted(feet)
    assert max(feet) < 10


def test_lines_are_named_by_the_most_that_so_many_threads_can_do():
    labels = {each["threads"]: each["text"] for each in roofline.data_of(roofline_session())["labels"]}
    assert labels == {
        "1 thread": "1 thread\n40 Gflop/s\n10 GB/s at best",
        "2 threads": "2 threads\n80 Gflop/s\n20 GB/s at best",
    }


def test_without_a_copy_there_is_no_roof_and_without_g_in_the_cache_no_g():
    whole = roofline_session()
    kept = [each for each in whole if each.case["kernel"] in ("poly", "g")]
    data = roofline.data_of(Session("roofline", whole.machine, kept))
    assert (data["roofs"], data["article"], data["names"]) == ([], [], [])
    assert [each["text"] for each in data["labels"]] == ["1 thread", "2 threads"]
    assert len(data["reached"]) == 6


def test_the_names_of_g_are_on_the_axis_where_g_is_the_slowest():
    data = roofline.data_of(roofline_session(degrees=(64, 256)))
    assert roofline.domain_of(data)[0] < data["names"][0]["foot"] < min(each["value"] for each in data["reached"])


def test_many_threads_have_labels_that_fit():
    data = roofline.data_of(roofline_session(counts=(1, 2, 4, 8, 16, 32, 64)))
    places = [math.log10(each["place"]) for each in data["labels"]]
    domain = [math.log10(each) for each in roofline.domain_of(data)]
    assert min(b - a for a, b in pairwise(places)) / (domain[1] - domain[0]) * roofline.HEIGHT > 41
    assert domain[0] < min(places)
    assert max(places) < domain[1]
