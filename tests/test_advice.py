"""What to do about BLAS's threads: facts that are made up."""

import pytest

from gilscope.advice import advice, blas_threads


def machine(threads=2, cores=2, quota=None, api="openblas"):
    libraries = [{"user_api": "openmp", "internal_api": "openmp", "num_threads": 64}]
    libraries += [{"user_api": "blas", "internal_api": api, "num_threads": threads}] if threads else []
    return {"libraries": libraries, "cores_usable": cores, "cores_quota": quota}


@pytest.mark.parametrize("threads", [0, 1, 8])
def test_openmps_threads_are_not_blass(threads):
    assert blas_threads(machine(threads)) == threads


def test_threads_of_ones_own_take_blas_with_one():
    [line] = advice(machine(4, 4))
    assert line.startswith("4 threads of your own that call BLAS are 4 x 4 = 16 threads on 4 cores: limit BLAS to one there")
    assert "OPENBLAS_NUM_THREADS=1" in line


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (machine(64, 8), "BLAS has 64 threads, but there are 8 cores: set OPENBLAS_NUM_THREADS=8"),
        (machine(64, 64, quota=2.5), "BLAS has 64 threads, but there are 2.5 cores: set OPENBLAS_NUM_THREADS=2"),
        (machine(8, 8, quota=0.5, api="mkl"), "BLAS has 8 threads, but there are 0.5 cores: set MKL_NUM_THREADS=1"),
        (machine(8, 4, api="flexiblas"), "BLAS has 8 threads, but there are 4 cores: set OMP_NUM_THREADS=4"),
    ],
)
def test_more_threads_than_cores_are_too_many(facts, said):
    first, second = advice(facts)
    assert first == said
    assert "limit BLAS to one there" in second


def test_nothing_to_limit():
    assert advice(machine(1, 8)) == ["BLAS has one thread: Python threads of your own may use all cores"]
    assert "no BLAS was found" in advice(machine(0))[0]
    assert "no BLAS was found" in advice({})[0]
