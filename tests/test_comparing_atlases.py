"""Two atlases compared: what is called a change, and what is noise, on atlases that are made up."""

import json
import random
from dataclasses import replace

import pytest
from made_up_atlas import atlas, call, held, released, size

from gilscope.atlas_data import save
from gilscope.comparing_atlases import compare_atlases, compare_packages
from gilscope.reports import atlas_comparison

SIZES = (10, 10**4, 10**6)


def changes(before, after):
    """What changed from a call to another of the same name: quantity → (before, after, size)."""
    found = compare_atlases(atlas([before]), atlas([after]))
    return {each.what: (each.before, each.after, each.size) for one in found.changed for each in one.changes}


def of_shares(*shares, releases=(0, 1, 1), **more):
    return call("f", [size(n, share, count) for n, share, count in zip(SIZES, shares, releases, strict=True)], **more)


def text(before, after):
    return atlas_comparison.text(compare_atlases(before, after))


# What changed


def test_a_call_that_now_releases_changed_in_every_way():
    assert changes(held("f"), released("f")) == {
        "gil": ("held", "released", 10**6),
        "threshold": (None, 501, None),
        "released_fraction": (0.0, 0.99, 10**6),
        "releases": (0, 1, 10**6),
    }


@pytest.mark.parametrize("threshold", [500, 1001])
def test_another_threshold_is_a_change_however_near(threshold):
    assert changes(released("f"), released("f", threshold=threshold)) == {"threshold": (501, threshold, None)}


def test_a_share_that_changed_within_a_word():
    assert changes(of_shares(0, 0.2, 0.3), of_shares(0, 0.2, 0.8)) == {"released_fraction": (0.3, 0.8, 10**6)}


def test_of_several_shares_the_one_that_changed_most_is_told():
    assert changes(of_shares(0, 0.1, 0.3), of_shares(0, 0.9, 0.8)) == {"released_fraction": (0.1, 0.9, 10**4)}


def test_more_releases_are_a_change():
    twice = of_shares(0, 0.5, 0.5, releases=(0, 1, 2))
    assert changes(of_shares(0, 0.5, 0.5), twice) == {"releases": (1, 2, 10**6)}


def test_several_cores_are_a_change_where_both_have_several():
    one, several = (call("f", [size(10, 0.99, 1, cores=cores, seconds=1e-3 / cores)]) for cores in (1.0, 1.9))
    assert changes(one, several) == {"cores": (1.0, 1.9, 10)}
    assert changes(several, one) == {"cores": (1.9, 1.0, 10)}
    small = atlas([one], machine={"cores_usable": 1})
    assert compare_atlases(small, atlas([several])).changed == ()


# What is noise


def test_an_atlas_against_itself_has_changed_in_nothing():
    found = compare_atlases(atlas(), atlas())
    assert (found.changed, found.standings, found.facts, found.redefined) == ((), {}, {}, ())
    assert len(found.unchanged) == 5


@pytest.mark.parametrize(("before", "after"), [(0.89, 0.91), (0.09, 0.11), (0.8, 0.91), (0.05, 0.15)])
def test_a_word_that_flips_at_its_limit_is_no_change(before, after):
    a, b = of_shares(0, before, before), of_shares(0, after, after)
    assert a.gil != b.gil
    assert changes(a, b) == changes(b, a) == {}


def test_a_threshold_that_is_there_for_a_share_just_above_the_limit_is_none():
    assert changes(of_shares(0, 0.09, 0.09), of_shares(0, 0.11, 0.11, threshold=501)) == {}


def test_a_threshold_is_not_told_of_a_call_that_releases_now_and_then():
    steps = of_shares(0, 0.5, 0.5, threshold=501)
    flutters = of_shares(0, 0.5, 0.5, releases=(0.5, 0, 1), threshold=8000)
    half = of_shares(0, 0.5, 0.5, releases=(0, 0.5, 1), threshold=700)
    by_turns = of_shares(0, 0.5, 0.5, releases=(2, 4.5, 5), threshold=700)
    assert "threshold" not in {*changes(steps, flutters), *changes(half, steps), *changes(by_turns, steps)}


def test_thresholds_above_other_smallest_sizes_are_not_compared():
    before = call("f", [size(10, 0.5, 1), size(10**4, 0.5, 2)], threshold=501)
    after = call("f", [size(5, 0.0), size(10**4, 0.5, 2)], threshold=8)
    assert changes(before, after) == {}


def test_a_time_twice_as_long_is_not_a_changed_share():
    assert changes(of_shares(0, 0.5, 0.5), of_shares(0, 0.67, 0.67)) == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((4e-6, 0.69), (20e-3, 0.997)),  # BLAS threads that found no core
        ((4.3e-3, 0.86), (12.5e-3, 0.54)),  # the thread lost its core while it held the GIL
        ((4e-3, 0.97), (1.7e-3, 0.72)),  # a file that was written faster
        ((1e-3, 0.9), (1.45e-3, 0.72)),  # a slower core
    ],
)
def test_what_takes_longer_is_not_a_changed_share(before, after):
    a, b = (call("f", [size(10, share, 6, seconds=seconds, cores=1.0)]) for seconds, share in (before, after))
    assert changes(a, b) == changes(b, a) == {}


def test_a_slower_machine_hides_no_change():
    others = [held(f"f{at}") for at in range(5)]
    slower = [replace(each, sizes=tuple(replace(at, seconds=3 * at.seconds) for at in each.sizes)) for each in others]
    before, after = (call("f", [size(10, share, 1, seconds=s)]) for share, s in ((0.2, 1e-3), (0.8, 3e-3)))
    [found] = compare_atlases(atlas([before, *others]), atlas([after, *slower])).changed
    assert [each.what for each in found.changes] == ["released_fraction"]


def test_the_clock_is_no_change_of_a_short_call():
    short, other = (call("f", [size(10, share, 1, seconds=4e-7)]) for share in (0.3, 0.7))
    long, changed = (call("f", [size(10, share, 1, seconds=4e-5)]) for share in (0.3, 0.7))
    assert changes(short, other) == {}
    assert "released_fraction" in changes(long, changed)


@pytest.mark.parametrize("kind", [{"calls": 3}, {"cores": 0.6}], ids=str)
def test_a_share_of_a_few_calls_or_of_one_that_waits_tells_nothing_alone(kind):
    before, after, more = (call("f", [size(10, share, n, seconds=1e-3, **kind)]) for share, n in ((0.3, 1), (0.9, 1), (0.9, 3)))
    assert changes(before, after) == {}
    assert changes(before, more)["released_fraction"] == (0.3, 0.9, 10)


@pytest.mark.parametrize(
    ("before", "after"),
    [((0, 1, 1), (0, 1, 1.5)), ((0, 50, 100), (0, 50, 105)), ((4, 1, 2), (4, 1, 4)), ((0, 0, 0), (0, 0, 0.5))],
)
def test_releases_that_flutter_are_no_change(before, after):
    a, b = (of_shares(0.5, 0.5, 0.5, releases=each) for each in (before, after))
    assert changes(a, b) == changes(b, a) == {}


def test_a_call_that_waits_is_woken_now_twice_now_three_times():
    looks = [
        [size(n, 0.9, count, cores=0.2) for n, count in zip(SIZES, counts, strict=True)] for counts in ((2, 4, 5), (3, 5, 5))
    ]
    before, after = (call("f", each, threshold=at) for each, at in zip(looks, (28, 167), strict=True))
    assert changes(before, after) == {}
    assert set(changes(before, call("f", [replace(each, releases=20) for each in looks[1]]))) == {"releases"}


def test_cores_between_one_and_several_are_no_change():
    before, after = (call("f", [size(10, 0.99, 1, cores=cores, seconds=1e-3 / cores)]) for cores in (1.25, 1.9))
    assert changes(before, after) == {}


def test_threads_that_only_spin_are_no_change():
    quiet, spinning = (call("f", [size(10, 0.99, 1, cores=cores, seconds=8e-4)]) for cores in (1.0, 1.7))
    assert changes(quiet, spinning) == changes(spinning, quiet) == {}


def test_threads_that_are_busy_at_the_smallest_size_too_are_no_change():
    one = [size(10, 0.0), size(10**6, 0.5, 1, cores=1.0, seconds=2e-3)]
    several, busy = ([size(10, 0.0, cores=cores), size(10**6, 0.5, 1, cores=1.9, seconds=1e-3)] for cores in (1.0, 1.9))
    assert "cores" in changes(call("f", one), call("f", several))
    assert changes(call("f", one), call("f", busy)) == {}


def test_cores_are_not_told_of_a_short_look():
    one, several = (call("f", [size(10, 0.0, cores=cores, seconds=1e-7 / cores)]) for cores in (1.0, 1.6))
    assert changes(one, several) == {}


def noisy_run(source):
    """An atlas of which the machine stretched the times: odds, cores and large counts go up and down."""
    calls = []
    for at in range(300):
        odds = at % 100 / (100 - at % 100) * source.uniform(0.6, 1.6)
        share, many = odds / (1 + odds), at % 3 and 40 + source.choice([0, 1, 2])
        looks = [size(10, 0.0), size(10**6, share, 1 + many, cores=source.uniform(1, 1.4))]
        calls.append(call(f"f{at}", looks, threshold=501 if share >= 0.1 else None))
    return atlas(calls)


def test_two_runs_of_the_same_under_noise_show_no_change():
    source = random.Random(1)
    for _ in range(20):
        before, after = noisy_run(source), noisy_run(source)
        assert [a.gil for a in before.calls] != [b.gil for b in after.calls]
        assert compare_atlases(before, after).changed == ()


# What else differs


def test_calls_that_were_not_probed_alike_are_told_with_their_reasons():
    before = atlas([held("f"), held("g"), held("h"), held("i")], skipped=["new"])
    after = atlas([held("new"), held("f")], failed=["g"], version="2.5.0")
    found = compare_atlases(before, after)
    assert {name: (a.kind, b.kind) for name, (a, b) in found.standings.items()} == {
        "g": ("probed", "failed"),
        "h": ("probed", "not in the catalogue"),
        "i": ("probed", "not in the catalogue"),
        "new": ("skipped", "probed"),
    }
    assert found.facts == {"numpy": ("2.4.6", "2.5.0")}
    lines = text(before, after).splitlines()
    assert lines[:2] == ["Versions, machine and build differ:", "  numpy: 2.4.6 -> 2.5.0"]
    assert "  skipped (numpy has no new) -> probed: new" in lines
    assert "  probed -> failed (raised: ValueError: no): g" in lines
    assert "  probed -> not in the catalogue: h, i" in lines


def test_another_statement_is_another_question():
    before, after = held("f", statement="f(x)"), released("f", statement="f(x, x)")
    found = compare_atlases(atlas([before]), atlas([after]))
    assert (found.changed, found.unchanged, found.redefined) == ((), (), ("f",))
    assert "Defined otherwise, so not compared: 1 call (f)." in text(atlas([before]), atlas([after]))


def test_only_common_sizes_are_compared():
    before = call("f", [size(10, 0.0), size(10**4, 0.0)])
    after = call("f", [size(10, 0.0), size(10**4, 0.0), size(10**6, 0.99, 1)], threshold=20000)
    assert changes(before, after) == {"threshold": (None, 20000, None)}
    assert compare_atlases(atlas([before]), atlas([call("f", [size(11, 0.0)])])).redefined == ("f",)


def test_releases_are_compared_only_where_the_tracer_counted_both():
    before, after = atlas([of_shares(0, 0.5, 0.5)]), atlas([of_shares(0, 0.5, 0.5, releases=(0, 1, 9))])
    assert compare_atlases(before, after).changed
    found = compare_atlases(before, replace(after, method="ticker"))
    assert found.changed == ()
    assert found.facts == {"method": ("trace", "ticker")}


def test_a_python_without_a_gil_is_a_change_of_every_call():
    off = call("f", [size(n, 1.0, gil="off") for n in SIZES])
    assert changes(held("f"), off)["gil"] == ("held", "off", 10**6)
    assert changes(of_shares(0, 0.99, 0.99), off)["gil"] == ("released", "off", 10**6)


def test_packages_are_compared_one_by_one():
    scipy = replace(atlas([held("scipy.f")]), package="scipy")
    assert [each.package for each in compare_packages([atlas(), scipy], [scipy])] == ["scipy"]
    with pytest.raises(ValueError, match="no package is in both: the atlases are of numpy and of scipy"):
        compare_packages([atlas()], [scipy])
    with pytest.raises(ValueError, match="an atlas of numpy cannot be compared with one of scipy"):
        compare_atlases(atlas(), scipy)


# In words


def test_nothing_changed_is_a_sentence():
    assert text(atlas(), atlas()) == (
        "Machine, Python and build are the same.\n\nNothing changed in 5 calls of numpy that noise would not explain."
    )


def test_what_changed_is_a_line_for_each_quantity():
    before = atlas([held("numpy.a"), released("numpy.b"), held("numpy.c")])
    after = atlas([held("numpy.a"), released("numpy.b", threshold=1001), released("numpy.c")])
    assert [" ".join(line.split()) for line in text(before, after).splitlines()[2:]] == [
        "2 of 3 calls of numpy changed:",
        "numpy.c held -> released at 1e6 elements",
        "threshold none -> 501 elements",
        "outside 0% -> 99% at 1e6 elements",
        "releases 0 -> 1 at 1e6 elements",
        "numpy.b threshold 501 elements -> 1001 elements",
        "The other 1: no change that noise would not explain.",
    ]


# As a user types it


@pytest.fixture
def files(monkeypatch, tmp_path):
    """Saved atlases: of numpy before and after a change, and of two packages."""
    monkeypatch.chdir(tmp_path)
    before, after = atlas([held("numpy.a"), held("numpy.b")]), atlas([held("numpy.a"), released("numpy.b")], version="2.5.0")
    before.save("before.json")
    after.save("after.json")
    save([after, replace(before, package="scipy")], tmp_path / "both.json")


def test_a_change_is_told_and_can_fail_a_build(cli, files):
    status, out, err = cli("atlas", "--compare", "before.json", "after.json")
    assert (status, err) == (0, "")
    assert out.startswith(
        "Versions, machine and build differ:\n  numpy: 2.4.6 -> 2.5.0\n\n1 of 2 calls of numpy changed:\n  numpy.b "
    )
    assert cli("atlas", "--compare", "before.json", "after.json", "--fail-on", "change")[0] == 1
    assert cli("atlas", "--compare", "before.json", "before.json", "--fail-on", "change")[0] == 0


def test_the_json_lists_what_changed(cli, files):
    found = json.loads(cli("atlas", "--compare", "before.json", "after.json", "--json", "-")[1])
    assert [each["name"] for each in found["changed"]] == ["numpy.b"]
    assert {"what": "threshold", "before": None, "after": 501, "size": None} in found["changed"][0]["changes"]
    assert found["unchanged"] == ["numpy.a"]
    assert found["facts"] == {"numpy": ["2.4.6", "2.5.0"]}


def test_packages_of_two_files_are_compared_one_by_one(cli, files):
    status, out, _ = cli("atlas", "--compare", "before.json", "both.json")
    assert status == 0
    assert out.endswith("\nOnly in one of the files: scipy.\n")
    found = json.loads(cli("atlas", "--compare", "both.json", "both.json", "--json", "-")[1])
    assert found["changed"] == []
    assert list(found["parts"]) == ["numpy", "scipy"]


def test_what_cannot_be_compared_is_one_sentence(cli, files, tmp_path):
    replace(atlas(), package="scipy").save("scipy.json")
    status, _, err = cli("atlas", "--compare", "before.json", "scipy.json")
    assert (status, err) == (1, "gilscope: no package is in both: the atlases are of numpy and of scipy\n")
