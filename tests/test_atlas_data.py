"""The atlas as data: what is saved comes back, and what is damaged is refused in a sentence."""

import json
import re
from dataclasses import replace

import pytest

import gilscope as gs
from gilscope.atlas_data import Atlas, AtlasError, CallFound, Failed, SizeFound, Skipped, save

SIZE = SizeFound(10, 0.0, 0, 1.0, 900, 1e-6, 500, 1.0, "held")
LARGE = SizeFound(1_000_000, 0.99, 1, 1, 4000, 8e-4, 30, 1.5, "released")
CALL = CallFound("numpy.exp[float64]", "Ufuncs", "np.exp(x)", "x = 1", "elements", (SIZE, LARGE), 501, 0.97, True)
SHORT = replace(CALL, name="numpy.sqrt", sizes=(SIZE,), threshold=None, ticker=None, agrees=None)


def atlas():
    found = Atlas("numpy", "2.4.6", {"python": "3.11.7"})
    for each in (
        CALL,
        SHORT,
        Skipped("numpy.strings.add", "numpy has no 'strings'"),
        Failed("numpy.x", "raised", "at size 1: ü"),
    ):
        found.add(each)
    return found


def test_an_atlas_comes_back_as_it_was(tmp_path):
    atlas().save(tmp_path / "deeper" / "a.json")
    found = gs.load(tmp_path / "deeper" / "a.json")
    assert isinstance(found, gs.Atlas)
    assert found == atlas()
    assert found.calls[0].sizes[0] == SIZE


def test_several_are_a_list(tmp_path):
    save([atlas(), Atlas("scipy", "1", {})], tmp_path / "a.json")
    assert gs.load(tmp_path / "a.json") == [atlas(), Atlas("scipy", "1", {}, created=gs.load(tmp_path / "a.json")[1].created)]


def test_the_file(tmp_path):
    """Names that others rely on; and each call is a line."""
    atlas().save(tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text()
    document = json.loads(text)
    assert document["format"] == "gilscope-atlas 1"
    names = {"format", "gilscope", "machine", "package", "version", "created", "method", "calls", "skipped", "failed"}
    assert set(document) == names
    call = document["calls"][0]
    assert (call["gil"], call["threshold"], call["cores"], call["ticker"], call["agrees"]) == ("released", 501, 1.5, 0.97, True)
    assert call["sizes"][1] == vars(LARGE)
    assert document["skipped"] == [{"name": "numpy.strings.add", "reason": "numpy has no 'strings'"}]
    assert document["failed"] == [{"name": "numpy.x", "kind": "raised", "reason": "at size 1: ü"}]
    assert [line.startswith('{"name": ') for line in text.splitlines()].count(True) == 4


def test_the_word_and_the_cores_are_those_of_the_largest_size():
    assert (CALL.gil, CALL.cores) == ("released", 1.5)
    assert (SHORT.gil, SHORT.cores) == ("held", 1.0)


def test_names_of_all_that_is_done():
    assert atlas().names() == {"numpy.exp[float64]", "numpy.sqrt", "numpy.strings.add", "numpy.x"}


def test_a_row_for_each_size():
    rows = atlas().to_records()
    assert [(row["name"], row["size"]) for row in rows] == [
        ("numpy.exp[float64]", 10),
        ("numpy.exp[float64]", 1_000_000),
        ("numpy.sqrt", 10),
    ]
    assert len({tuple(row) for row in rows}) == 1


def test_the_title_has_the_version_if_that_is_known():
    assert atlas().title == "numpy 2.4.6"
    assert Atlas("numpy", "unknown", {}).title == "numpy"


def test_repr():
    assert repr(atlas()) == "<Atlas of numpy 2.4.6: 2 calls, 1 skipped, 1 failed>"


def damaged(change):
    document = atlas().to_dict()
    change(document)
    return document


DAMAGES = {
    "calls[0].sizes[0].size is missing": lambda it: it["calls"][0]["sizes"][0].pop("size"),
    "calls[0].sizes is empty": lambda it: it["calls"][0].update(sizes=[]),
    "calls[1].name is 5, not a string": lambda it: it["calls"][1].update(name=5),
    "calls[0].sizes[1].seconds is 'x', not a finite number": lambda it: it["calls"][0]["sizes"][1].update(seconds="x"),
    "calls[0].threshold is 0.5, not a whole number": lambda it: it["calls"][0].update(threshold=0.5),
    "calls[0].sizes[1].gil is 'nogil', not one of released, partial, held, off": lambda it: it["calls"][0]["sizes"][1].update(
        gil="nogil"
    ),
    "failed[0].kind is 'lost', not one of raised, hung, crashed": lambda it: it["failed"][0].update(kind="lost"),
    "skipped is missing": lambda it: it.pop("skipped"),
    "package is null, not a string": lambda it: it.update(package=None),
    "its format is 'gilscope-atlas 2', but only 'gilscope-atlas 1' is known": lambda it: it.update(format="gilscope-atlas 2"),
}


@pytest.mark.parametrize("sentence", DAMAGES)
def test_what_is_damaged_is_refused_in_a_sentence(tmp_path, sentence):
    path = tmp_path / "a.json"
    for content in (damaged(DAMAGES[sentence]), [damaged(DAMAGES[sentence])]):
        path.write_text(json.dumps(content))
        with pytest.raises(AtlasError, match=re.escape(f"is not an atlas that gilscope can read: {sentence}")) as raised:
            gs.load(path)
        assert "\n" not in str(raised.value)


def test_keys_of_later_versions_are_ignored():
    document = atlas().to_dict() | {"more": 1}
    document["calls"][0]["more"] = document["calls"][0]["sizes"][0]["more"] = document["failed"][0]["more"] = 1
    assert Atlas.from_dict(document) == atlas()


@pytest.mark.parametrize("document", [{}, [], None, 5, {"format": 1}, {"format": "x"}])
def test_what_is_no_atlas(document):
    with pytest.raises(AtlasError, match="it is JSON, but no atlas"):
        Atlas.from_dict(document)


def test_a_list_with_something_else_in_it(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([atlas().to_dict(), {"format": 1}]))
    with pytest.raises(AtlasError, match="it is JSON, but no atlas"):
        gs.load(tmp_path / "a.json")
