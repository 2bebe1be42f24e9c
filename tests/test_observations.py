"""Observations: what goes into a session comes out, also of files of other versions; and watching goes on where it stopped."""

import json
import math
from dataclasses import replace

import pytest

from gilscope.observations import Number, Observation
from gilscope.results import Session, SessionError, load
from gilscope.watching import Scene, Watch, watch

UNITS = {"calls": "1/s", "wait": "s"}


def observation(label="beside", calls=(100.0, 120.0, 110.0)):
    numbers = {"calls": Number.of("1/s", calls), "wait": Number.of("s", (0.005,) * len(calls))}
    return Observation(label, {"switch_interval": 0.005, "cores": None}, numbers, ("both float",))


def session(*observed):
    return Session("convoy", {"gil": True}, observations=observed or [observation()])


# What a session holds


def test_a_number_is_a_median_with_its_interval_and_unit():
    number = observation()["calls"]
    assert (number.value, number.low, number.high, number.unit) == (110.0, 100.0, 120.0, "1/s")
    assert number.blocks == (100.0, 120.0, 110.0)
    assert "calls" in observation()
    assert "spins" not in observation()


def test_records_have_a_row_for_each_number():
    calls, wait = session(observation("a"), Observation("nothing yet")).to_records()
    assert (calls["observation"], calls["number"], calls["unit"], calls["blocks"]) == ("a", "calls", "1/s", 3)
    assert (calls["value"], calls["low"], calls["high"], calls["notes"]) == (110.0, 100.0, 120.0, "both float")
    assert wait["number"] == "wait"


def test_what_is_saved_is_loaded(tmp_path):
    saved = session(observation("a"), observation("b", (1.0,)), Observation("nothing yet"))
    saved.save(tmp_path / "s.json")
    loaded = load(tmp_path / "s.json")
    assert loaded == saved
    assert list(loaded.observations.values()) == list(saved.observations.values())
    lines = (tmp_path / "s.json").read_text().splitlines()
    assert sum(line.startswith('{"label": ') for line in lines) == 3


def test_the_format_is_as_published():
    document = session().to_dict()
    assert list(document) == ["format", "gilscope", "machine", "experiment", "observations", "results"]
    [observed] = document["observations"]
    assert list(observed) == ["label", "conditions", "numbers", "notes"]
    assert observed["numbers"][0] == {
        "name": "calls", "value": 110.0, "low": 100.0, "high": 120.0, "unit": "1/s", "blocks": [100.0, 120.0, 110.0],
    }  # fmt: skip


def test_a_file_without_observations_loads_and_a_session_without_writes_none():
    assert dict(Session("seed", {}).observations) == {}
    assert "observations" not in Session("seed", {}).to_dict()
    assert dict(Session.from_dict({**Session("seed", {}).to_dict(), "observations": None}).observations) == {}


def test_a_key_of_a_newer_version_is_ignored():
    document = session().to_dict()
    document["observations"][0]["mood"] = "good"
    document["observations"][0]["numbers"][0]["decimals"] = 3
    assert Session.from_dict(document) == session()


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("label",), 3, r"observations\[0\].label is 3, not a string"),
        (("numbers", 0, "blocks", 1), None, r"observations\[0\].numbers\[0\].blocks\[1\] is null"),
        (("numbers", 0, "low"), 1e9, r"observations\[0\].numbers\[0\] needs low <= value <= high"),
        (("numbers", 0, "unit"), None, r"observations\[0\].numbers\[0\].unit is null"),
    ],
)
def test_what_is_no_observation_says_so(place, value, said):
    document = session().to_dict()
    inside = document["observations"][0]
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    with pytest.raises(SessionError, match=said):
        Session.from_dict(document)


def test_what_could_not_be_saved_is_refused_at_once():
    found = session()
    with pytest.raises(SessionError, match=r"observation\.conditions cannot be written as JSON"):
        found.observe(replace(observation("other"), conditions={"core": math.nan}))
    assert list(found.observations) == ["beside"]


def test_observations_are_read_only_from_outside_and_replaced_in_place():
    found = session(observation("a"), observation("b"))
    found.observe(observation("a", (1.0,)))
    assert list(found.observations) == ["a", "b"]
    assert found.observations["a"].blocks == 1
    with pytest.raises(TypeError):
        found.observations["c"] = observation("c")
    assert repr(found) == "<Session 'convoy': 0 results, 2 observations>"


# Watching


class Taker:
    """Scenes that note the order in which they are taken, and how often."""

    def __init__(self, fails_at=None):
        self.order = []
        self._fails_at = fails_at

    def scene(self, label):
        def take():
            if len(self.order) == self._fails_at:
                raise KeyboardInterrupt
            self.order.append(label)
            return {"calls": float(len(self.order)), "wait": 0.0}

        return Scene(label, take, {"label": label})

    def watch(self, labels="ABC"):
        return Watch(tuple(map(self.scene, labels)), UNITS)


def test_scenes_are_interleaved_and_every_block_is_saved(tmp_path):
    taker, found, saved, ticks = Taker(), Session("convoy", {}), [], []
    both = [taker.watch("ABC"), taker.watch("D")]
    yielded = list(
        watch(both, found, 3, save=lambda each: saved.append(json.dumps(each.to_dict())), tick=lambda: ticks.append(1))
    )
    assert "".join(taker.order) == "ABCCBAABCDDD"
    assert [(each, [one.label for one in observed]) for each, observed in yielded] == [(both[0], [*"ABC"]), (both[1], ["D"])]
    assert len(saved) == len(ticks) == 6
    assert found.observations["A"]["calls"].blocks == (1.0, 6.0, 7.0)
    assert found.observations["A"]["calls"].unit == "1/s"
    assert found.observations["B"].conditions == {"label": "B"}


def test_a_block_counts_whole_or_not_at_all_and_is_taken_when_it_goes_on():
    found, stopped = Session("convoy", {}), Taker(fails_at=5)
    with pytest.raises(KeyboardInterrupt):
        list(watch([stopped.watch()], found, 3))
    assert [each.blocks for each in found.observations.values()] == [1, 1, 1]
    again, ticks = Taker(), []
    list(watch([again.watch()], found, 3, tick=lambda: ticks.append(1)))
    assert "".join(again.order) == "CBAABC"
    assert [each.blocks for each in found.observations.values()] == [3, 3, 3]
    assert len(ticks) == 3


def test_what_is_there_is_not_taken_again():
    found, taker = Session("convoy", {}), Taker()
    list(watch([taker.watch()], found, 2))
    list(watch([taker.watch()], found, 2))
    assert len(taker.order) == 6
    assert [one.label for _, observed in watch([taker.watch()], found, 2) for one in observed] == [*"ABC"]
