"""Cases: ids that can be pasted, dicts that come back, and what each call is judged against."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.cases import Case, baseline_of, case_of, ceiling_of, short
from gilscope.kernels import KERNELS, lookup
from gilscope.kernels._routines import ROUTINES

CALLS = [call.name for kernel in KERNELS.values() for call in kernel.calls()] + list(ROUTINES)


def made(call, size, executor, workers, dtype, options):
    return Case(call, size, executor, 1 if executor == "serial" else workers, dtype, options)


cases = st.builds(
    made,
    st.sampled_from(CALLS),
    st.integers(0, 10**9),
    st.sampled_from(["serial", "threads", "processes", "native"]),
    st.integers(1, 64),
    st.sampled_from(["float64", "float32"]),
    st.dictionaries(st.sampled_from(["grain", "threads", "interval"]), st.integers(1, 99), max_size=2),
)


# Names


@pytest.mark.parametrize(("executor", "workers"), [("serial", 2), ("threads", 0), ("serial", 0)])
def test_a_number_of_workers_that_cannot_be(executor, workers):
    with pytest.raises(ValueError, match="workers must be at least 1"):
        Case("exp.c.held", 10, executor, workers)


@pytest.mark.parametrize(
    ("case", "id"),
    [
        (Case("exp.c.released", 10**6, "threads", 2), "exp.c.released/threads-2/1e6"),
        (Case("exp.c.held", 500), "exp.c.held/serial/500"),
        (Case("dot.numpy", 25 * 10**5, "processes", 4, "float32"), "dot.numpy/processes-4/25e5/float32"),
        (
            Case("exp.c.chunked", 1234, "threads", 2, "float32", {"grain": 64}),
            "exp.c.chunked/threads-2/1234/float32/grain=64",
        ),
        (Case("f.python", 10**7), "f.python/serial/1e7"),
    ],
)
def test_an_id_says_what_is_not_the_default(case, id):
    assert case.id == id


@pytest.mark.parametrize("name", CALLS)
def test_an_id_starts_with_what_one_can_paste(name):
    pasted = Case(name, 1000, "threads", 2).id.split("/")[0]
    assert Case(pasted, 1).target is (ROUTINES[name] if name in ROUTINES else lookup(name))


@given(cases, cases)
def test_one_id_for_each_case(one, other):
    assert (one == other) == (one.id == other.id) or one.executor == other.executor == "serial"


@given(cases)
def test_a_case_comes_back_from_its_dict(case):
    data = case.to_dict()
    assert case_of(data) == case
    assert case_of({**data, "asked": "what an older size was"}) == case
    assert data["id"] == case.id
    assert hash(case_of(data)) == hash(case)


def test_the_order_of_options_is_no_other_case():
    one = Case("exp.c.chunked", 1000, options={"grain": 64, "threads": 2})
    other = Case("exp.c.chunked", 1000, options={"threads": 2, "grain": 64})
    assert one == other
    assert one.id == other.id == "exp.c.chunked/serial/1e3/grain=64/threads=2"


def test_the_dict_does_not_share_its_options():
    case = Case("exp.c.chunked", 1000, options={"grain": 64})
    case.to_dict()["options"]["grain"] = 1
    assert case.options == {"grain": 64}


@given(st.integers(0, 10**15))
def test_a_short_size_is_the_size(size):
    assert int(float(short(size))) == size
    assert len(short(size)) <= len(str(size))


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0"), (1, "1"), (100, "100"), (1000, "1e3"), (10**6, "1e6"), (2_500_000, "25e5"), (16384, "16384")],
)
def test_short(size, text):
    assert short(size) == text


# What a case is judged against


@pytest.mark.parametrize("name", CALLS)
def test_every_call_has_a_serial_baseline(name):
    case = Case(name, 1000, "threads", 3, "float32")
    baseline = baseline_of(case)
    own = case.strategy == "own"
    assert (baseline.executor, baseline.workers, baseline.size, baseline.dtype) == ("serial", 1, 1000, "float32")
    assert baseline.call == (name if own else f"{case.kernel}.{case.implementation}.held")
    assert baseline.target is not None
    assert baseline_of(baseline) == baseline


@pytest.mark.parametrize("name", CALLS)
def test_every_call_on_several_workers_has_a_ceiling(name):
    case = Case(name, 1000, "threads", 3)
    ceiling = ceiling_of(case)
    workers = 2 if case.runs_openmp else 3
    if case.implementation in ("c", "ctypes", "ufunc"):
        assert ceiling == Case(f"{case.kernel}.c.released", 1000, "native", workers)
    else:
        assert ceiling == Case(baseline_of(case).call, 1000, "processes", workers)
    assert ceiling.target is not None
    assert baseline_of(ceiling).executor == "serial"


@pytest.mark.parametrize("name", CALLS)
def test_one_worker_has_no_ceiling_unless_openmp_makes_more(name):
    case = Case(name, 1000)
    assert (ceiling_of(case) is not None) == case.runs_openmp


def test_openmp_threads_are_workers_of_the_ceiling():
    assert ceiling_of(Case("exp.c.parallel", 1000, options={"threads": 4})).workers == 4
    assert ceiling_of(Case("exp.c.parallel", 1000, options={"threads": 1})) is None


def test_a_baseline_keeps_the_problem_and_drops_the_strategys_options():
    case = Case("mandelbrot.c.chunked", 1000, "threads", 2, options={"grain": 10, "iterations": 50})
    assert baseline_of(case).options == {"iterations": 50}
    assert ceiling_of(case).options == {"iterations": 50}


def test_what_runs_beside_is_no_option_of_the_call_nor_of_its_baseline():
    case = Case("exp.c.chunked", 1000, options={"beside": "python", "grain": 10})
    assert case.id == "exp.c.chunked/serial/1e3/beside=python/grain=10"
    assert case.call_options == {"grain": 10}
    assert baseline_of(case) == Case("exp.c.held", 1000)


def test_threads_of_blas_are_judged_against_one_thread_of_one_caller():
    case = Case("det.numpy", 10_000, "threads", 2, options={"blas_threads": 4})
    assert (case.blas_threads, baseline_of(case).blas_threads) == (4, 1)
    assert baseline_of(case) == Case("det.numpy", 10_000)
    assert baseline_of(case).options == {}
    assert ceiling_of(case) is None


def test_a_ceiling_is_its_own_ceiling():
    for name in ("exp.c.held", "exp.cython.held", "exp.python"):
        ceiling = ceiling_of(Case(name, 1000, "threads", 2))
        assert ceiling_of(ceiling) == ceiling


def test_no_such_kernel():
    with pytest.raises(ValueError, match="there is no kernel 'sin': kernels are exp"):
        _ = Case("sin.c.held", 1).target
