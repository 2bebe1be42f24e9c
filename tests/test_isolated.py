"""What could crash, hang or leak, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gilscope._native import tracer

ISOLATED = Path(__file__).parent / "isolated"
WINDOWS = os.name == "nt"
needs_tracer = pytest.mark.skipif(tracer.unavailable() is not None, reason=f"no tracer: {tracer.unavailable()}")


def script(name):
    """Run a script of isolated/ and return the lines it printed; nothing may come on standard error."""
    command = [sys.executable, "-W", "error", ISOLATED / name]
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}  # threads that spin would take the cores from the others
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout.splitlines()


@pytest.mark.skipif(WINDOWS, reason="os.kill ends the process on Windows")
def test_signals_interrupt_a_call_and_leave_the_gil_as_it_was():
    import signal

    assert script("natives_interrupted.py") == ["KeyboardInterrupt ", f"ValueError signal {signal.SIGUSR1}"] * 3 + ["goes on"]


def test_calls_leak_nothing():
    assert script("natives_leak.py") == ["done"]


def test_threads_under_load():
    assert script("natives_load.py") == ["all right"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork_after_parallel():
    assert script("natives_fork.py") == ["child 0"]


@needs_tracer
def test_starts_and_stops_of_the_tracer_leak_nothing():
    assert script("tracer_rounds.py") == ["done"]


@needs_tracer
def test_threads_under_load_while_traced():
    assert script("tracer_stress.py") == ["all right"]


@needs_tracer
def test_fork_while_traced():
    told = ["children 40", "parent True", "nothing was traced: this process was forked from the one that was", "held True"]
    assert script("tracer_fork.py") == told


@needs_tracer
@pytest.mark.skipif(tracer.no_functions() is not None, reason=f"no functions: {tracer.no_functions()}")
def test_functions_are_looked_at_while_their_code_dies():
    assert script("tracer_who.py") == ["all right"]
