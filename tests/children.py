"""Runs of `gilscope` in a process of their own, on an experiment that takes no time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gilscope.cores import usable_cores

SCRIPT = Path(__file__).parent / "isolated" / "tiny_run.py"
BLOCKS = 3  # as in the script

linux = pytest.mark.skipif(sys.platform != "linux", reason="sched_setaffinity and /dev/shm")
two_cores = pytest.mark.skipif(len(usable_cores()) < 2, reason="nothing but serial cases is measured on one core")


def start(environment, *arguments, **more):
    command = [sys.executable, "-W", "error", SCRIPT, "run", "--quick", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    return subprocess.Popen(command, env={**environment, **more}, **pipes)


def finish(child):
    """Wait for the child, and return its status, its output and its errors."""
    try:
        out, err = child.communicate(timeout=60)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    return child.returncode, out, err


def complete(environment, *arguments, **more):
    status, out, err = finish(start(environment, *arguments, **more))
    assert (status, err) == (0, "")
    return out


def wait_for_pause(child):
    line = child.stderr.readline()
    assert line == "paused\n", line + child.stderr.read()
