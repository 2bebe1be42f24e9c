"""The levels of instructions: every loop at every level computes what it does at the plainest."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import CALLS, assert_agrees, bits, problems

from gilscope._native.loops import LOOPS, isa, levels, loops_at
from gilscope._native.strategies import STRATEGIES, run
from gilscope.kernels import KERNELS

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

HELD = STRATEGIES[0]
OTHERS = [(level, loop) for level in levels() for loop in loops_at(level)]
loops = pytest.mark.parametrize(
    ("level", "loop"), OTHERS, ids=[f"{level}-{loop.kernel}-{loop.element}" for level, loop in OTHERS]
)


def computed(loop, inputs):
    kernel = KERNELS[loop.kernel]
    lengths = kernel.layout.lengths(tuple(each.shape for each in inputs))
    shape = inputs[0].shape if kernel.layout.elementwise else kernel.layout.shapes(lengths)[-1]
    result = np.full(shape, 77).astype(loop.result)
    run(loop, HELD, inputs, result if result.ndim else result.reshape(1), tuple(kernel.parameters.values()))
    return result if result.ndim else result[()]


def plain(loop):
    """The loop as it was compiled for any processor."""
    return next(each for each in loops_at("baseline") if (each.kernel, each.element) == (loop.kernel, loop.element))


@loops
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_level_computes_what_the_plainest_does(level, loop, data):
    kernel = KERNELS[loop.kernel]
    inputs = data.draw(problems(kernel, loop.element))
    found, reference = computed(loop, inputs), computed(plain(loop), inputs)
    call = next(call for call in CALLS if call.kernel is kernel)
    assert_agrees(call, inputs, found, reference)


@loops
def test_a_level_computes_the_same_on_what_is_measured(level, loop):
    kernel = KERNELS[loop.kernel]
    for size in (1000, 20_001):
        inputs = kernel.sample(size, np.dtype(loop.element))
        call = next(call for call in CALLS if call.kernel is kernel)
        assert_agrees(call, inputs, computed(loop, inputs), computed(plain(loop), inputs))


def test_the_levels():
    assert levels()[0] == "baseline"
    assert isa() in levels()
    assert [loop.address for loop in loops_at(isa())] == [loop.address for loop in LOOPS]
    addresses = [loop.address for level in levels() for loop in loops_at(level)]
    assert len(set(addresses)) == len(addresses)
    with pytest.raises(ValueError, match="no level 'sse9': this build has"):
        loops_at("sse9")


def child(isa, code="from gilscope._native.loops import isa; print(isa())"):
    environment = {**os.environ, "GILSCOPE_ISA": isa}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("level", levels())
def test_the_environment_chooses(level):
    assert child(level).stdout == f"{level}\n"


def test_the_environment_chooses_what_there_is():
    assert child("").stdout == f"{levels()[-1]}\n"
    assert "GILSCOPE_ISA is 'sse9': this build has, on this processor, baseline" in child("sse9").stderr
    told = child("sse9", "from gilscope.commands import main; import sys; sys.argv[1:] = ['list']; main()")
    assert (told.returncode, told.stderr.count("\n")) == (1, 1)
    assert told.stderr.startswith("gilscope: GILSCOPE_ISA is 'sse9'")


def test_bits_sees_a_difference():
    assert bits(np.array([1.0])) != bits(np.array([np.nextafter(1, 2)]))
