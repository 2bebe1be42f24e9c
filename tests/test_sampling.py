"""What a worker does for a sample, on arrays so small that it takes no time, and the machine that has it done."""

import gc
import multiprocessing
import os
import sys
import threading
import time
import weakref

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from gilscope import sampling
from gilscope.cases import Case
from gilscope.executors import Serial, Threads
from gilscope.kernels import KERNELS, exp
from gilscope.kernels._routines import ROUTINES
from gilscope.measure import Group, Machine, Plan, measure
from gilscope.results import Session, load
from gilscope.sampling import arrays_of, checksum, forget, limit_blas, prepared, take, unlimit_blas
from gilscope.sampling import blas_threads as more_blas_threads
from gilscope.surroundings import beside

SIZE = 2000


@pytest.fixture(autouse=True)
def tidy():
    yield
    forget()
    unlimit_blas()


def affinity():
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def blas_threads():
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]


# One worker


@pytest.mark.parametrize("workers", [1, 2])
def test_a_share_says_what_it_took(workers):
    case = Case("exp.c.released", SIZE, "threads" if workers > 1 else "serial", workers)
    before = time.perf_counter_ns()
    with Threads(workers) if workers > 1 else Serial() as executor:
        shares = executor.together(take, case, 50, None, True)
    after = time.perf_counter_ns()
    assert len(shares) == workers
    for share in shares:
        assert before <= share.start_ns <= share.stop_ns <= after
        assert 0 <= share.usage.cpu_seconds < 10
        assert share.usage.minor_faults >= 0
        assert share.usage.voluntary_switches >= 0
        assert share.checksum == shares[0].checksum
    assert len(shares[0].checksum) == 16


def test_the_start_is_between_preparing_and_running(monkeypatch):
    steps = []
    monkeypatch.setattr(sampling, "prepared", lambda case: steps.append("prepare") or (lambda calls: steps.append(calls)))
    take(0, lambda: steps.append("start"), Case("exp.c.held", SIZE), 7, None, False)
    assert steps == ["prepare", "start", 7]


def steps_of(monkeypatch, case, calls, fresh):
    """How often the case is called before the start, and after."""
    steps = []
    monkeypatch.setattr(sampling, "prepared", lambda case: lambda calls: steps.append(calls))
    take(0, lambda: steps.append("start"), case, calls, None, False, fresh)
    at = steps.index("start")
    return steps[:at], steps[at + 1 :]


def test_a_fresh_worker_warms_up_before_the_start(monkeypatch):
    before, after = steps_of(monkeypatch, Case("exp.c.held", SIZE), 7, True)
    assert (before[0], set(before[1:]), after) == (2, {1}, [7])


@pytest.mark.parametrize(("calls", "fresh", "size"), [(7, False, SIZE), (1, True, SIZE), (7, True, 5_000_000)])
def test_no_warm_up_where_it_is_warm_or_too_long_or_too_large(monkeypatch, calls, fresh, size):
    assert steps_of(monkeypatch, Case("exp.c.held", size), calls, fresh) == ([], [calls])


def test_workers_are_fresh_when_others_ran_last(monkeypatch):
    freshness = []
    monkeypatch.setattr("gilscope.measure.take", lambda *given: freshness.append((given[0], given[-1])) or take(*given))
    serial, threads = Case("exp.c.held", SIZE), Case("exp.c.held", SIZE, "threads", 2)
    with Machine() as machine:
        for case in (serial, serial, threads, threads, serial):
            machine.sample(case, 2)
    assert [fresh for index, fresh in freshness if index == 0] == [True, False, True, False, True]
    assert [fresh for index, fresh in freshness if index == 1] == [True, False]


def test_no_digest_unless_asked_for():
    assert take(0, lambda: None, Case("exp.c.held", SIZE), 1, None, False).checksum is None
    assert take(0, lambda: None, Case("exp.c.held", SIZE), 1, None, True).checksum is not None


def test_it_calls_as_often_as_told(monkeypatch):
    called = []
    monkeypatch.setattr(type(exp.c.held), "bound", lambda *_: lambda: called.append(1))
    prepared(Case("exp.c.held", SIZE))(13)
    assert len(called) == 13


@pytest.mark.skipif(affinity() is None, reason="threads cannot be pinned here")
def test_a_worker_stays_on_its_core_only_meanwhile():
    before, meanwhile = affinity(), []
    core = sorted(before)[-1]
    take(0, lambda: meanwhile.append(affinity()), Case("exp.c.held", SIZE), 1, [core], False)
    assert (meanwhile, affinity()) == ([{core}], before)

    def fail():
        raise KeyError

    with pytest.raises(KeyError):
        take(0, fail, Case("exp.c.held", SIZE), 1, [core], False)
    assert affinity() == before


# Its arrays


def test_all_cases_on_the_same_data_share_arrays():
    held = arrays_of(Case("exp.c.held", SIZE))
    for name in ("exp.c.released", "exp.numpy", "exp.python", "exp.cython.held", "exp.ctypes.held"):
        assert all(one is other for one, other in zip(arrays_of(Case(name, SIZE, "threads", 2)), held, strict=True))


OTHERS = [Case("exp.c.held", SIZE + 1), Case("exp.c.held", SIZE, dtype="float32"), Case("add.c.held", SIZE)]


@pytest.mark.parametrize("other", OTHERS, ids=lambda case: case.id)
def test_other_data_is_other_arrays(other):
    held = arrays_of(Case("exp.c.held", SIZE))
    assert arrays_of(other)[0] is not held[0]


def test_arrays_are_let_go():
    held = weakref.ref(arrays_of(Case("exp.c.held", SIZE))[0])
    assert held() is not None
    forget()
    gc.collect()
    assert held() is None
    held = weakref.ref(arrays_of(Case("exp.c.held", SIZE))[0])
    arrays_of(Case("exp.c.held", SIZE + 1))
    gc.collect()
    assert held() is None


def test_each_thread_has_its_own_arrays():
    mine, theirs = arrays_of(Case("exp.c.held", SIZE)), []
    thread = threading.Thread(target=lambda: theirs.extend(arrays_of(Case("exp.c.held", SIZE))))
    thread.start()
    thread.join()
    assert not any(np.shares_memory(one, other) for one, other in zip(mine, theirs, strict=True))
    assert all(np.array_equal(one, other) for one, other in zip(mine[:-1], theirs, strict=False))


# What it computed


def checksum_of(name, executor="serial", dtype="float64", **options):
    forget()
    return take(0, lambda: None, Case(name, SIZE, executor, 1, dtype, options), 1, None, True).checksum


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_strategy_computes_the_same(dtype):
    found = {call.name: checksum_of(call.name, dtype=dtype) for call in exp.c.available()}
    assert len(found) >= 9
    assert set(found.values()) == {checksum_of("exp.ctypes.released", dtype=dtype)}
    assert checksum_of("exp.c.chunked", dtype=dtype, grain=7) in found.values()


C_LOOPS = [(name, dtype) for name, kernel in KERNELS.items() for dtype in kernel.dtypes if list(kernel.c.available())]


@pytest.mark.parametrize(("kernel", "dtype"), C_LOOPS)
def test_native_threads_compute_the_same(kernel, dtype):
    assert checksum_of(f"{kernel}.c.released", "native", dtype) == checksum_of(f"{kernel}.c.released", dtype=dtype)


def test_a_checksum_is_of_the_last_array():
    out = np.arange(3.0)
    assert checksum((out[::-1], out)) == checksum((out, np.arange(3.0))) != checksum((out, out[::-1].copy()))
    assert checksum((3,)) is None
    texts = np.array(["a", "b"], dtype=object)
    assert checksum((texts,)) == checksum((np.array(["a", "b"], dtype=object),)) != checksum((texts[::-1],))


@pytest.mark.parametrize("name", list(ROUTINES))
def test_the_routines_run(name):
    share = take(0, lambda: None, Case(name, SIZE), 2, None, True)
    assert share.start_ns < share.stop_ns


# BLAS


@pytest.mark.skipif(not [n for n in blas_threads() if n > 1], reason="BLAS has one thread here")
def test_blas_has_one_thread_meanwhile():
    before = blas_threads()
    limit_blas()
    limit_blas()
    assert set(blas_threads()) == {1}
    unlimit_blas()
    assert blas_threads() == before
    unlimit_blas()
    assert blas_threads() == before


@pytest.mark.skipif(not blas_threads(), reason="NumPy has no BLAS that can be limited")
def test_blas_has_the_threads_of_the_case_and_then_one_again():
    before = blas_threads()
    with more_blas_threads(3):
        assert 3 in blas_threads()
    assert set(blas_threads()) == {1}
    with more_blas_threads(1):
        assert set(blas_threads()) == {1}
    unlimit_blas()
    assert blas_threads() == before


def test_a_machine_lets_workers_float_where_blas_has_threads():
    with Machine() as machine:
        case = Case("det.numpy", 400, options={"blas_threads": 2})
        assert machine.cores_for(case) is None
        assert machine.sample(case, 3)[0].calls == 3


# What runs beside it


def spinners():
    return [each for each in threading.enumerate() if each.name == "gilscope spinner"]


def test_a_loop_of_python_runs_beside_and_ends():
    with beside("python", None):
        assert len(spinners()) == 1
    assert not spinners()
    with beside(None, 0):
        assert not spinners()
    with pytest.raises(RuntimeError), beside("python", min(affinity())):
        raise RuntimeError
    assert not spinners()


def test_a_machine_runs_it_during_the_sample(monkeypatch):
    seen = []
    monkeypatch.setattr("gilscope.measure.take", lambda *args: seen.append(len(spinners())) or take(*args))
    with Machine() as machine:
        machine.sample(Case("exp.c.released", SIZE, options={"beside": "python"}), 2)
        machine.sample(Case("exp.c.released", SIZE), 2)
    assert seen == [1, 0]


# The machine


def test_a_machine_leaves_nothing_behind():
    before = affinity(), blas_threads(), threading.active_count(), sys.getswitchinterval()
    with Machine() as machine:
        for name, workers in (("serial", 1), ("threads", 2), ("native", 2)):
            sample, digest = machine.sample(Case("exp.c.released", SIZE, name, workers), 10, digest=True)
            assert (sample.calls, digest) == (10, checksum_of("exp.c.held"))
            assert sample.wall_seconds > 0
            assert sample.seconds == sample.wall_seconds / 10
        machine.new_group()
        assert set(blas_threads()) <= {1}
    assert (affinity(), blas_threads(), threading.active_count(), sys.getswitchinterval()) == before
    assert not hasattr(sampling._local, "arrays") or sampling._local.arrays == ()


def test_a_machine_leaves_nothing_behind_after_an_error():
    before = affinity(), blas_threads()
    with pytest.raises(KeyboardInterrupt), Machine() as machine:  # noqa: PT012
        machine.sample(Case("exp.c.released", SIZE, "threads", 2), 10)
        raise KeyboardInterrupt
    assert (affinity(), blas_threads()) == before


def test_more_workers_than_cores_float():
    with Machine() as machine:
        cores = machine._cores
        assert machine.cores_for(Case("exp.c.held", SIZE, "threads", len(cores))) == cores
        assert machine.cores_for(Case("exp.c.held", SIZE, "threads", len(cores) + 1)) is None
        assert machine.cores_for(Case("exp.c.parallel", SIZE)) is None


@pytest.mark.timeout(60)
def test_a_group_measured_for_real(tmp_path):
    names = ("exp.c.held", "exp.c.released", "exp.cython.released")
    group = Group("real", tuple(Case(name, SIZE, executor, 2) for name in names for executor in ("threads", "processes")))
    session, path = Session("real", {"gil": True}), tmp_path / "session.json"
    with Machine() as machine:
        save = lambda session: session.save(path)  # noqa: E731
        [(_, results)] = measure([group], session, Plan(blocks=2, sample_seconds=0.0005), machine, save=save)
    assert [result.id for result in results] == [case.id for case in group.all_cases()]
    assert {result.case["executor"] for result in results} == {"serial", "threads", "processes", "native"}
    for result in results:
        assert len(result.samples) == 2
        assert all(sample.calls % result.case["workers"] == 0 and sample.cpu_seconds >= 0 for sample in result.samples)
        assert not any("differs" in note for note in result.notes)
    assert len({result.checksum for result in results if result.case["implementation"] == "c"}) == 1
    assert load(path) == session
    assert not multiprocessing.active_children()
