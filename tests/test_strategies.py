"""The native layer by itself: it refuses before it runs, and a strategy changes nothing but the GIL."""

import copy
import math
import sys
import threading

import numpy as np
import pytest

from gilscope._native.loops import LOOPS, Loop, pick
from gilscope._native.strategies import MAX_THREADS, STRATEGIES, Direct, Strategy, check_options, repeat, run
from gilscope.kernels import KERNELS
from gilscope.signatures import parsed

USABLE = [strategy for strategy in STRATEGIES if not strategy.missing]
PAIRS = [(loop, strategy) for loop in LOOPS for strategy in USABLE if not (strategy.cuts and loop.kind == "whole")]
CUTTING = [(loop, strategy) for loop, strategy in PAIRS if "grain" in strategy.options]
loops = pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: f"{loop.kernel}-{loop.element}")
strategies = pytest.mark.parametrize("strategy", USABLE, ids=lambda strategy: strategy.name)
named = {strategy.name: strategy for strategy in STRATEGIES}


def over(pairs):
    """A test for each loop and strategy."""
    names = [f"{loop.kernel}-{loop.element}-{strategy.name}" for loop, strategy in pairs]
    return pytest.mark.parametrize(("loop", "strategy"), pairs, ids=names)


def arguments(loop, size=20):
    """Inputs, a result in a room of its own that nobody has written to, and parameters."""
    kernel = KERNELS[loop.kernel]
    inputs, shape = kernel.sample(size, np.dtype(loop.element)), kernel.shapes(size)[-1] or (1,)
    count = math.prod(shape)
    result = np.full(count + 64, 77, loop.result)[32 : 32 + count].reshape(shape)
    return inputs, result, tuple(map(float, kernel.parameters.values()))


def computed(loop, strategy, size=20, **options):
    inputs, result, parameters = arguments(loop, size)
    untouched = np.delete(result.base, slice(32, 32 + result.size))
    assert run(loop, strategy, inputs, result, parameters, options) is None
    assert (np.delete(result.base, slice(32, 32 + result.size)) == untouched).all(), "written beyond the result"
    return result


def assert_same(loop, left, right):
    if loop.kind == "fold":
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-12)
    else:
        assert left.tobytes() == right.tobytes()


def usable_for(loop):
    return [strategy for each, strategy in PAIRS if each is loop]


# The tables


def test_the_tables():
    assert [each.name for each in STRATEGIES] == list(named)
    assert len({loop.address for loop in LOOPS}) == len(LOOPS)
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


@over(PAIRS)
@pytest.mark.parametrize("size", [0, 1, 20, 1000])
def test_a_strategy_changes_nothing(loop, strategy, size):
    assert_same(loop, computed(loop, strategy, size), computed(loop, named["held"], size))


@over(CUTTING)
def test_any_grain(loop, strategy):
    for grain in range(1, 23):
        assert_same(loop, computed(loop, strategy, grain=grain), computed(loop, named["held"]))


@pytest.mark.parametrize(
    "loop", [loop for loop in LOOPS if loop.kind != "whole"], ids=lambda loop: f"{loop.kernel}-{loop.element}"
)
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
    want = computed(loop, named["held"]) if calls else np.zeros_like(before) if loop.kind == "fold" else before
    np.testing.assert_array_equal(result, want)


# What it refuses, before anything runs


def shifted(x, by=1):
    """An unaligned array."""
    buffer = np.empty(x.nbytes + by, np.uint8)[by:].view(x.dtype).reshape(x.shape)
    buffer[...] = x
    return buffer


def frozen(x):
    x.flags.writeable = False
    return x


WRONG = {
    "no-inputs": lambda inputs, result, numbers: ((), result, numbers),
    "too-many-inputs": lambda inputs, result, numbers: ((*inputs, *inputs, *inputs), result, numbers),
    "input-list": lambda inputs, result, numbers: ((inputs[0].tolist(), *inputs[1:]), result, numbers),
    "input-none": lambda inputs, result, numbers: ((*inputs[:-1], None), result, numbers),
    "input-dtype": lambda inputs, result, numbers: ((*inputs[:-1], inputs[-1].astype("c8")), result, numbers),
    "input-swapped": lambda inputs, result, numbers: (tuple(x.astype(x.dtype.newbyteorder()) for x in inputs), result, numbers),
    "input-strided": lambda inputs, result, numbers: (tuple(np.repeat(x, 2, axis=-1)[..., ::2] for x in inputs), result, numbers),
    "input-reversed": lambda inputs, result, numbers: (tuple(x[::-1] for x in inputs), result, numbers),
    "input-unaligned": lambda inputs, result, numbers: (tuple(shifted(x) for x in inputs), result, numbers),
    "input-masked": lambda inputs, result, numbers: (tuple(np.ma.array(x) for x in inputs), result, numbers),
    "input-longer": lambda inputs, result, numbers: ((*inputs[:-1], np.concatenate([inputs[-1]] * 2)), result, numbers),
    "input-shorter": lambda inputs, result, numbers: ((*inputs[:-1], inputs[-1][:-1]), result, numbers),
    "input-shape": lambda inputs, result, numbers: ((*inputs[:-1], inputs[-1][None]), result, numbers),
    "result-none": lambda inputs, result, numbers: (inputs, None, numbers),
    "result-list": lambda inputs, result, numbers: (inputs, result.tolist(), numbers),
    "result-dtype": lambda inputs, result, numbers: (inputs, result.astype("c8"), numbers),
    "result-unaligned": lambda inputs, result, numbers: (inputs, shifted(result), numbers),
    "result-read-only": lambda inputs, result, numbers: (inputs, frozen(result), numbers),
    "result-longer": lambda inputs, result, numbers: (inputs, np.append(result, result), numbers),
    "result-empty": lambda inputs, result, numbers: (inputs, result[:0], numbers),
    "result-strided": lambda inputs, result, numbers: (inputs, np.repeat(result, 2)[::-2][: result.size or 1], numbers),
    "no-number": lambda inputs, result, numbers: (inputs, result, numbers[:-1] if numbers else (1.0,)),
    "too-many-numbers": lambda inputs, result, numbers: (inputs, result, (*numbers, 1.0)),
}


def is_wrong(loop, wrong):
    """Whether a change is one for this loop: a number may lie anywhere, an unaligned byte is aligned, a fold takes any length."""
    excused = {
        "result-strided": loop.kind == "fold",
        "result-unaligned": loop.result == "bool",
        "input-longer": loop.kind == "fold" and loop.inputs == 1,
        "input-shorter": loop.kind == "fold" and loop.inputs == 1,
    }
    return not excused.get(wrong, False)


REFUSED = [(loop, wrong) for loop in LOOPS for wrong in WRONG if is_wrong(loop, wrong)]


@pytest.mark.parametrize(("loop", "wrong"), REFUSED, ids=[f"{loop.kernel}-{loop.element}-{wrong}" for loop, wrong in REFUSED])
def test_refuses(loop, wrong):
    inputs, result, parameters = WRONG[wrong](*arguments(loop))
    before = copy.deepcopy(result)
    for strategy in usable_for(loop):
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
    may = parsed(loop.signature).elementwise and loop.element == loop.result
    for position, given in enumerate(inputs):
        room = np.zeros(given.nbytes + result.nbytes, np.uint8)
        args = (*inputs[:position], room[: given.nbytes].view(given.dtype).reshape(given.shape), *inputs[position + 1 :])
        for offset in {*(0, 1, 8, given.nbytes - 1, given.nbytes - 8)} - ({0} if may else set()):
            out = room[offset:][: result.nbytes].view(loop.result).reshape(result.shape)
            if out.flags.aligned:
                with pytest.raises(ValueError, match=r"takes a result that (is an input or )?shares no memory with"):
                    run(loop, named["released"], args, out, parameters)
        assert not room.any()


@pytest.mark.parametrize("loop", [loop for loop in LOOPS if loop.kind == "whole"], ids=lambda loop: loop.kernel)
def test_a_whole_is_not_cut(loop):
    inputs, result, parameters = arguments(loop)
    for strategy in USABLE:
        if strategy.cuts:
            with pytest.raises(
                RuntimeError, match=f"^{strategy.name} is unavailable: {loop.kernel} can only be computed at once"
            ):
                run(loop, strategy, inputs, result, parameters)
            with pytest.raises(RuntimeError, match="computed at once"):
                Direct((loop,), strategy, parameters)
    assert (result == 77).all()


@pytest.mark.parametrize("loop", [loop for loop in LOOPS if loop.parameters], ids=lambda loop: f"{loop.kernel}-{loop.element}")
def test_refuses_numbers_that_are_none(loop):
    inputs, result, parameters = arguments(loop)
    before = result.copy()
    with pytest.raises(TypeError):
        run(loop, named["held"], inputs, result, (None,) * len(parameters))
    assert (result == before).all()


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
@pytest.mark.parametrize("kernel", dict.fromkeys(loop.kernel for loop in LOOPS if loop.kind != "whole"))
def test_direct(kernel, strategy):
    mine = tuple(loop for loop in LOOPS if loop.kernel == kernel)
    direct = Direct(mine, strategy, arguments(mine[0])[2])
    for loop in mine:
        inputs, result, _ = arguments(loop)
        shaped = result.reshape(KERNELS[kernel].shapes(20)[-1])
        assert direct(inputs, shaped, {}) is True
        assert_same(loop, result, computed(loop, strategy))
        result[...] = 77
        before = result.copy()
        for wrong in ([x.tolist() for x in inputs], [x[..., ::2] for x in inputs], [np.ma.array(x) for x in inputs], ()):
            assert direct(tuple(wrong), shaped, {}) is False
            assert (result == before).all()
        assert direct(inputs, shaped, {"nothing": 1}) is False
        assert (result == before).all()
        for option in strategy.options:
            with pytest.raises(TypeError, match=f"^{option} must be "):
                direct(inputs, shaped, {option: "1"})
            assert (result == before).all()
            assert direct(inputs, shaped, {option: 1}) is True
            assert_same(loop, result, computed(loop, strategy, **{option: 1}))
            result[...] = 77
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
