"""What a verdict says: its words for every cause, and that it never fails on odd evidence."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_evidence import SYNTHETIC, budget, call, speedups

from gilscope.checking import Budget, Evidence, Profile, Verdict
from gilscope.stats import Interval

WIDTH = 110
TITLES = ("held", "partial", "released", "off", "threads", "cause", "try", "")

# --- all evidence there may be -------------------------------------------------------------------------------------------------

share = st.floats(0, 1)
positive = st.floats(1e-9, 1e4)
intervals = st.lists(positive, min_size=3, max_size=3).map(sorted).map(lambda each: Interval(each[1], each[0], each[2]))


def tables(counts):
    return st.dictionaries(st.sampled_from(counts), intervals) if counts else st.just({})


profiles = st.builds(
    Profile,
    calls=st.integers(1, 5000),
    seconds=positive,
    released_fraction=share,
    releases=st.floats(0, 1e6),
    takes=st.floats(0, 1e6),
    longest_hold_ns=st.integers(0, 10**12),
    cpu_share=st.floats(0, 2),
    process_cpu_share=st.floats(0, 200),
    queued_share=st.floats(0, 2),
    faults=st.floats(0, 1e6),
    system_share=share,
    method=st.sampled_from(["trace", "ticker", "off"]),
)


@st.composite
def evidence(draw):
    most = draw(st.sampled_from([1, 2, 4, 64]))
    counts = [each for each in (2, 4, 64) if each <= most]
    threads = {each: draw(intervals) for each in counts}
    lost = draw(st.lists(share, min_size=6, max_size=6))
    return Evidence(
        draw(profiles),
        cores=draw(st.sampled_from([1, 2, 64])),
        background=draw(share),
        pools=draw(st.sampled_from([(), ("openblas, 2 threads",)])),
        threads=threads,
        processes=draw(tables(counts)),
        no_processes=draw(st.sampled_from(["", "it cannot be pickled"])),
        compute=draw(tables(counts)),
        copy=draw(tables(counts)),
        budget=Budget(most, *lost) if counts and draw(st.booleans()) else None,
        spread=draw(share),
    )


@given(evidence(), st.floats(0.01, 1))
def test_every_evidence_has_a_verdict_that_can_be_read(found, at_least):
    verdict = Verdict("np.exp(x)", found, at_least)
    lines = str(verdict).splitlines()
    assert all(len(line) <= WIDTH for line in lines)
    assert all(line[:10].strip() in TITLES for line in lines)
    assert verdict.cause in str(verdict)
    assert repr(verdict).startswith("<Verdict: np.exp(x) is ")
    assert "nan" not in str(verdict)


@given(evidence())
def test_a_verdict_survives_json(found):
    verdict = Verdict("np.exp(x)", found, 0.8)
    assert Verdict.from_dict(json.loads(json.dumps(verdict.to_dict()))) == verdict


@given(evidence())
def test_the_word_and_the_cause_agree(found):
    verdict = Verdict("np.exp(x)", found)
    if verdict.cause == "scales":
        assert verdict.scales
    if verdict.gil == "held":
        assert not verdict.scales
        assert verdict.cause in ("gil held", "too small", "already parallel")
    if verdict.cause == "waiting":
        assert verdict.gil != "held"


# --- words ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SYNTHETIC, ids=[each.name for each in SYNTHETIC])
def test_sentences_end_without_a_stop_and_have_no_gaps(case):
    verdict = Verdict(case.name, case.evidence)
    for sentence in (verdict.because, verdict.advice):
        assert sentence == sentence.strip()
        assert not sentence.endswith((".", ";", ","))
        assert "  " not in sentence
        assert len(sentence.split()) >= 2


def said(name):
    """What the verdict on synthetic evidence says, in one line."""
    [case] = [case for case in SYNTHETIC if case.name == name]
    return " ".join(str(Verdict("f()", case.evidence)).split())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("16 threads that scale", ["16 threads run 14.90x as fast as one", "96%", "use threads"]),
        ("a wall at 5000 MiB/s", ["82% of 16 threads' time", "copying arrays 2.20x", "smaller dtype"]),
        ("np.ones and np.stack on 64 threads", ["39,000 pages", "50% of its time", "out="]),
        ("a Generator for 16 threads", ["blocked for 91% of their time, outside the GIL", "an object of its own"]),
        ("writes to one file", ["kernel", "not into pages"]),
        ("16,384 releases a call", ["takes the GIL back 16,384 times, every 610 ns", "larger pieces"]),
        ("8 % held, on 16 threads", ["keeps the GIL for 8% of its 12.5 ms, up to 1 ms in a row", "38%", "before and after"]),
        ("20 us on 16 threads", ["a call takes 20 us", "wake a waiting thread", "200 us or more"]),
        (
            "a product of matrices, MKL free",
            ["15.3 of 16 cores busy (known pools of threads: mkl, 16 threads)", "threadpool_limits(1)"],
        ),
        ("det of a large matrix, MKL free", ["a release would find no core", "stand still"]),
        ("all threads write to one small array", ["copying arrays 14.00x", "its own arrays"]),
        ("64 threads that wait for a network, on 2 cores", ["98% of its time", "more threads than cores"]),
        ("one usable core, released", ["one usable core", "more cores"]),
        ("no GIL, and it scales", ["this Python has no GIL"]),
        ("no tracer, half of it held", ["runs 50% of its 10 ms without the GIL", "estimated by a ticker"]),
        ("no tracer, released, blocked", ["for the GIL or another lock: only a trace can tell"]),
        ("16 threads beside a build on all cores", ["other programs had the cores for 50%", "when the machine is quiet"]),
    ],
)
def test_the_text_names_what_shows_it(name, words):
    for each in words:
        assert each in said(name)


def test_a_ticker_counts_no_releases():
    assert "never releases" not in said("no tracer, half of it held")
    assert Verdict("f()", Evidence(call(released=0.5, takes=0, method="ticker"), cores=2)).releases
    assert not Verdict("f()", Evidence(call(released=0.0, takes=0, method="ticker"), cores=2)).releases


def test_on_a_busy_machine_it_scales_by_the_time_with_a_core():
    found = Evidence(call(), cores=2, threads=speedups(1.1), compute=speedups(1.2), budget=budget(2, 0.5, queued=0.49))
    verdict = Verdict("f()", found)
    assert verdict.scales
    assert "other programs had the cores for 49% of 2 threads' time; of the rest 96% went into work" in verdict.because


def test_where_the_interval_leaves_it_open_the_time_decides():
    threads = {2: Interval(1.5, 1.45, 1.7)}
    found = Evidence(call(), cores=2, threads=threads, compute=speedups(1.97), budget=budget(2, 0.95, slower=0.05))
    assert "1.50x as fast as one: 76% of what is possible here; of their time 95% went into" in Verdict("f()", found).because
    assert not Verdict("f()", found, at_least=0.9).scales, "the interval ends below"


def test_processes_and_why_there_are_none():
    one = Evidence(call(released=0, takes=0), cores=2, threads=speedups(1.0), processes=speedups(1.9))
    assert "or use processes (1.90x on 2 here)" in Verdict("f()", one).advice
    none = Evidence(call(), cores=2, threads=speedups(1.0), no_processes="it cannot be pickled")
    assert "processes: it cannot be pickled" in str(Verdict("f()", none))


def test_one_call_and_many():
    assert "1 call traced" in str(Verdict("f()", Evidence(Profile(1, 2.0, 1, 1, 1, 0), cores=2)))
    assert "20 calls traced" in str(Verdict("f()", Evidence(call(), cores=2)))


def test_unknown_keys_of_a_file_are_no_error():
    data = Verdict("f()", SYNTHETIC[0].evidence).to_dict()
    data["evidence"]["alone"]["new"] = 1
    assert Verdict.from_dict(data).cause == "scales"
