"""The native layer by itself: it refuses before it runs, and a strategy changes nothing but the GIL."""

import copy
import sys
import threading

import numpy as np
import pytest

from gilscope._native.loops import LOOPS, Loop, isa, pick
from gilscope._native.strategies import MAX_THREADS, STRATEGIES, Direct, Strategy, check_options, repeat, run

USABLE = [strategy for strategy in STRATEGIES if not strategy.missing]
loops = pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: f"{loop.kernel}-{loop.element}")
strategies = pytest.mark.parametrize("strategy", USABLE, ids=lambda strategy: strategy.name)
named = {strategy.name: strategy for strategy in STRATEGIES}


def arguments(loop, size=20):
    """Inputs, a result that nobody has written to, and parameters."""
    random = np.random.default_rng(0)
    inputs = tuple(random.uniform(-1, 1, size).astype(loop.element) for _ in range(loop.inputs))
    result = np.full(size + 64, 77, loop.result)[32:][: 1 if loop.kind == "fold" else size]
    return inputs, result, (50.0,) * loop.parameters


def computed(loop, strategy, size=20, **options):
    inputs, result, parameters = arguments(loop, size)
    assert run(loop, strategy, inputs, result, parameters, options) is None
    assert (np.delete(result.base, slice(32, 32 + result.size)) == 77).all(), "written beyond the result"
    return result


def assert_same(loop, left, right):
    if loop.kind == "map":
        assert left.tobytes() == right.tobytes()
    else:
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-12)


# The tables


def test_the_tables():
    assert [each.name for each in STRATEGIES] == list(named)
    assert len({loop.address for loop in LOOPS}) == len(LOOPS)
    assert isa() in ("avx512f", "avx2", "default")
    for each in STRATEGIES:
        assert each.name in repr(each)
        assert each.summary in repr(each)
    for loop in LOOPS:
        assert (loop.kind, hex(loop.address) in repr(loop)) in (("map", True), ("fold", True), ("whole", True))


@pytest.mark.parametrize("kind", [Loop, Strategy])
def test_rows_are_not_made(kind):
    with pytest.raises(TypeError, match="are not made"):
        kind()
    with pytest.raises(TypeError):
        type("Sub", (kind,), {})
    for row in (LOOPS if kind is Loop else STRATEGIES)[:2]:
        with pytest.raises(TypeError):
            copy.copy(row)


# What strategies compute


@loops
@strategies
@pytest.mark.parametrize("size", [0, 1, 20, 1000])
def test_a_strategy_changes_nothing(loop, strategy, size):
    assert_same(loop, computed(loop, strategy, size), computed(loop, named["held"], size))


@loops
@pytest.mark.parametrize("strategy", [each for each in USABLE if "grain" in each.options], ids=lambda each: each.name)
def test_any_grain(loop, strategy):
    for grain in range(1, 23):
        assert_same(loop, computed(loop, strategy, grain=grain), computed(loop, named["held"]))


@loops
@pytest.mark.skipif(bool(named["parallel"].missing), reason="built without OpenMP")
def test_more_threads_than_elements(loop):
    for threads in (1, 19, 20, 21, MAX_THREADS):
        assert_same(loop, computed(loop, named["parallel"], threads=threads), computed(loop, named["held"]))
        assert_same(loop, computed(loop, named["parallel"], 0, threads=threads), computed(loop, named["held"], 0))


@loops
@pytest.mark.parametrize("calls", [0, 1, 3])
def test_repeat_is_run(loop, calls):
    inputs, result, parameters = arguments(loop)
    before = result.copy()
    repeat(loop, inputs, result, parameters, calls)
    np.testing.assert_array_equal(result, computed(loop, named["held"]) if calls else (0 if loop.kind == "fold" else before))


# What it refuses, before anything runs


def shifted(x, by=1):
    """An unaligned array."""
    buffer = np.empty(x.nbytes + by, np.uint8)[by:].view(x.dtype)
    buffer[:] = x
    return buffer


def frozen(x):
    x.flags.writeable = False
    return x


WRONG = {
    "no-inputs": lambda inputs, result, numbers: ((), result, numbers),
    "too-many-inputs": lambda inputs, result, numbers: ((*inputs, *inputs, *inputs), result, numbers),
    "input-list": lambda inputs, result, numbers: ((inputs[0].tolist(), *inputs[1:]), result, numbers),
    "input-none": lambda inputs, result, numbers: ((*inputs[:-1], None), result, numbers),
    "input-dtype": lambda inputs, result, numbers: ((*inputs[:-1], inputs[-1].astype("i8")), result, numbers),
    "input-swapped": lambda inputs, result, numbers: (tuple(x.astype(x.dtype.newbyteorder()) for x in inputs), result, numbers),
    "input-strided": lambda inputs, result, numbers: (tuple(np.repeat(x, 2)[::2] for x in inputs), result, numbers),
    "input-reversed": lambda inputs, result, numbers: (tuple(x[::-1] for x in inputs), result, numbers),
    "input-unaligned": lambda inputs, result, numbers: (tuple(shifted(x) for x in inputs), result, numbers),
    "input-masked": lambda inputs, result, numbers: (tuple(np.ma.array(x) for x in inputs), result, numbers),
    "input-longer": lambda inputs, result, numbers: ((*inputs[:-1], np.append(inputs[-1], inputs[-1])), result, numbers),
    "input-shorter": lambda inputs, result, numbers: ((*inputs[:-1], inputs[-1][:-1]), result, numbers),
    "input-shape": lambda inputs, result, numbers: ((*inputs[:-1], inputs[-1].reshape(4, 5)), result, numbers),
    "result-none": lambda inputs, result, numbers: (inputs, None, numbers),
    "result-list": lambda inputs, result, numbers: (inputs, result.tolist(), numbers),
    "result-dtype": lambda inputs, result, numbers: (inputs, result.astype("i8"), numbers),
    "result-unaligned": lambda inputs, result, numbers: (inputs, shifted(result), numbers),
    "result-read-only": lambda inputs, result, numbers: (inputs, frozen(result), numbers),
    "result-longer": lambda inputs, result, numbers: (inputs, np.append(result, result), numbers),
    "result-empty": lambda inputs, result, numbers: (inputs, result[:0], numbers),
    "result-strided": lambda inputs, result, numbers: (inputs, np.repeat(result, 2)[::-2][: result.size or 1], numbers),
    "no-number": lambda inputs, result, numbers: (inputs, result, numbers[:-1] if numbers else (1.0,)),
    "too-many-numbers": lambda inputs, result, numbers: (inputs, result, (*numbers, 1.0)),
}


REFUSED = [(loop, wrong) for loop in LOOPS for wrong in WRONG if (loop.kind, wrong) != ("fold", "result-strided")]


@pytest.mark.parametrize(("loop", "wrong"), REFUSED, ids=[f"{loop.kernel}-{loop.element}-{wrong}" for loop, wrong in REFUSED])
def test_refuses(loop, wrong):
    inputs, result, parameters = WRONG[wrong](*arguments(loop))
    before = copy.deepcopy(result)
    for strategy in USABLE:
        with pytest.raises(ValueError, match=f"^{loop.kernel} takes "):
            run(loop, strategy, inputs, result, parameters)
    with pytest.raises(ValueError, match=f"^{loop.kernel} takes "):
        repeat(loop, inputs, result, parameters, 1)
    if "number" not in wrong:
        assert pick(LOOPS, inputs, result) is not loop
    np.testing.assert_array_equal(result, before)


@loops
def test_refuses_overlap(loop):
    inputs, result, parameters = arguments(loop)
    room = np.zeros(100)
    for offset in (0, 1, 8, 159, 160 - result.nbytes):
        out = room.view(np.uint8)[offset:][: result.nbytes].view(loop.result)
        given = room.view(loop.element)[: inputs[0].size]
        may = (offset == 0 and loop.kind == "map" and loop.element == loop.result) or not np.shares_memory(given, out)
        for position in range(loop.inputs if out.flags.aligned and not may else 0):
            args = (*inputs[:position], given, *inputs[position + 1 :])
            with pytest.raises(ValueError, match="takes a result that is an input or shares no memory with one"):
                run(loop, named["released"], args, out, parameters)
    assert not room.any()


@pytest.mark.parametrize("loop", [loop for loop in LOOPS if loop.parameters], ids=lambda loop: f"{loop.kernel}-{loop.element}")
def test_refuses_numbers_that_are_none(loop):
    inputs, result, parameters = arguments(loop)
    with pytest.raises(TypeError):
        run(loop, named["held"], inputs, result, (None,) * len(parameters))
    assert (result == 77).all()


OPTIONS = [
    *[("grain", value, ValueError) for value in (0, -1, 2**62 + 1, 2**64)],
    *[("threads", value, ValueError) for value in (0, MAX_THREADS + 1, 10**6)],
    *[("threshold", value, ValueError) for value in (-1, 2**63)],
    *[("interval", value, ValueError) for value in (-1e-9, 3601, float("nan"), float("inf"))],
    *[(name, value, TypeError) for name in ("grain", "threads", "threshold") for value in (2.5, True, "2", None, [1])],
    *[("interval", value, TypeError) for value in (True, "1", None)],
]


@pytest.mark.parametrize(("name", "value", "error"), OPTIONS, ids=[f"{name}={value}" for name, value, _ in OPTIONS])
def test_refuses_options(name, value, error):
    inputs, result, _ = arguments(LOOPS[0])
    with pytest.raises(error, match=f"^{name} must be "):
        run(LOOPS[0], named["held"], inputs, result, (), {name: value})
    with pytest.raises(error, match=f"^{name} must be "):
        check_options({name: value})
    assert (result == 77).all()


@pytest.mark.parametrize("calls", [-1, 2.0, True, None])
def test_repeat_refuses_calls(calls):
    inputs, result, _ = arguments(LOOPS[0])
    with pytest.raises((TypeError, ValueError), match=r"^calls must be "):
        repeat(LOOPS[0], inputs, result, (), calls)
    assert (result == 77).all()


@pytest.mark.skipif(not named["parallel"].missing, reason="built with OpenMP")
def test_a_missing_strategy_says_why():
    inputs, result, _ = arguments(LOOPS[0])
    with pytest.raises(RuntimeError, match="parallel is unavailable: built without OpenMP"):
        run(LOOPS[0], named["parallel"], inputs, result)


@pytest.mark.parametrize("call", [run, repeat, pick, Direct, check_options], ids=lambda call: call.__name__)
def test_refuses_nothing_at_all(call):
    for count in range(7):
        with pytest.raises(TypeError):
            call(*[None] * count)


# The quick way in


@strategies
@pytest.mark.parametrize("kernel", dict.fromkeys(loop.kernel for loop in LOOPS))
def test_direct(kernel, strategy):
    mine = tuple(loop for loop in LOOPS if loop.kernel == kernel)
    direct = Direct(mine, strategy, arguments(mine[0])[2])
    for loop in mine:
        inputs, result, _ = arguments(loop)
        shaped = result.reshape(()) if loop.kind == "fold" else result
        assert direct(inputs, shaped) is True
        assert_same(loop, result, computed(loop, strategy))
        for wrong in ([x.tolist() for x in inputs], [x[::2] for x in inputs], [np.ma.array(x) for x in inputs], ()):
            result[:] = 77
            assert direct(tuple(wrong), shaped) is False
            assert (result == 77).all()
    with pytest.raises(ValueError, match=f"^{kernel} takes . parameters"):
        Direct(mine, strategy, (1.0, 2.0, 3.0))


def test_errors_leave_the_gil_as_it_was():
    """Other threads and this one go on after errors of every kind, in every strategy."""
    inputs, result, _ = arguments(LOOPS[0])
    for strategy in USABLE:
        for options in ({"grain": 0}, {"threads": "1"}):
            with pytest.raises((TypeError, ValueError)):
                run(LOOPS[0], strategy, inputs, result, (), options)
        with pytest.raises(ValueError, match="takes"):
            run(LOOPS[0], strategy, inputs, None)
    ran = []
    threads = [threading.Thread(target=lambda: ran.append(sys.getrefcount(None))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(ran) == 4
    run(LOOPS[0], named["released"], inputs, result)
    assert (result != 77).all()
