"""`gilscope check`, as a user types it."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

import gilscope as gs
from gilscope._native import tracer
from gilscope.checking import Verdict

if tracer.unavailable() is not None:
    pytest.skip(f"no tracer: {tracer.unavailable()}", allow_module_level=True)

QUICK = ("--threads", "2", "-n", "1", "-r", "1", "--no-processes")
LIBC = "import ctypes; held = ctypes.PyDLL(None).usleep; released = ctypes.CDLL(None).usleep"


@pytest.fixture
def check(cli):
    """Run the command as `cli` does, and give Ctrl-C back: the second would have ended this process."""
    handler = signal.getsignal(signal.SIGINT)
    yield partial(cli, "check")
    signal.signal(signal.SIGINT, handler)


def test_a_statement_that_holds(check):
    status, out, err = check(*QUICK, "-s", LIBC, "held(2000)")
    assert (status, err) == (0, "")
    first, *_ = lines = out.splitlines()
    assert first.startswith("held      held(2000) keeps the GIL for all of its ")
    assert [line.split()[0] for line in lines if line[:1] != " "] == ["held", "threads", "cause", "try"]
    assert any(line.startswith("cause     gil held: ") for line in lines)


def test_the_json_is_the_verdict(check, tmp_path):
    status, _, _ = check(*QUICK, "--json", str(tmp_path / "v.json"), "-s", LIBC, "released(2000)")
    assert status == 0
    found = json.loads((tmp_path / "v.json").read_text())
    assert (found["gil"], found["cause"], found["releases"]) == ("released", "waiting", True)
    assert Verdict.from_dict(found).cause == "waiting"


def test_json_on_standard_output_leaves_the_text_on_standard_error(check):
    _, out, err = check(*QUICK, "--json", "-", "-s", LIBC, "released(2000)")
    assert json.loads(out)["name"] == "released(2000)"
    assert err.startswith("released  released(2000) runs ")


def test_several_lines(check):
    setup = ("-s", "import ctypes", "-s", "held = ctypes.PyDLL(None).usleep")
    status, out, _ = check(*QUICK, *setup, "for each in range(2):", "    held(1000)")
    assert status == 0
    assert out.startswith("held      for each in range(2):; held(1000) keeps")


def test_statements_may_begin_like_options(check):
    assert check(*QUICK, "-s", "x = 1", "--", "-x")[0] == 0


@pytest.mark.parametrize(
    ("requirement", "statement", "status"), [("released", "released(2000)", 0), ("released", "held(2000)", 1)]
)
def test_require(check, requirement, statement, status):
    found, _, err = check(*QUICK, "--require", requirement, "-s", LIBC, statement)
    assert found == status
    assert err.startswith("gilscope: released is required, but it is held: a call keeps the GIL for 100%" if status else "")


def test_require_scales(check):
    status, _, err = check(*QUICK, "--require", "scales", "-s", LIBC, "held(2000)")
    assert status == 1
    assert err.startswith("gilscope: scales is required, but it does not: gil held, ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("1 / 0",), "the statement raised ZeroDivisionError: division by zero"),
        (("-s", "import nowhere", "x"), "the setup raised ModuleNotFoundError: No module named 'nowhere'"),
        (("x = = 1",), "the statement raised SyntaxError: invalid syntax (<statement>, line 1)"),
        (("--scan", "n", "x"), "Invalid value for '--scan': 'n' is not like n=100:10_000_000"),
        (("--scan", "n=5:2", "x"), "Invalid value for '--scan': sizes must be at least 1 and go up, not from 5 to 2"),
        (("-n", "0", "x"), "Invalid value for '-n' / '--number': 0 is not in the range x>=1."),
        ((), "Missing argument 'STATEMENT...'."),
    ],
)
def test_errors_are_one_sentence(check, arguments, message):
    status, out, err = check(*arguments)
    assert status in (1, 2)
    assert (out, err) == ("", f"gilscope: {message}\n")


def test_what_it_prints_is_not_shown():
    statement = "print('no' * 2); os.write(1, b'nono')"
    command = [sys.executable, "-W", "error", "-m", "gilscope", "check", *QUICK, "-s", "import os", statement]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "runs" in done.stdout
    assert done.stdout.count("nono") == 1  # in its name


def test_setup_per_thread(check):
    both = ("-s", "import threading", "-s", "made_by = threading.get_ident()")
    statement = "assert threading.get_ident() == made_by"
    assert check(*QUICK, "--setup-per-thread", *both, statement)[0] == 0
    assert check(*QUICK, *both, statement)[0] == 1


def test_scan(check, tmp_path):
    setup = ("-s", LIBC, "-s", "call = held if n < 37 else released")
    status, out, err = check("--scan", "n=1:1e2", "--json", str(tmp_path / "scan.json"), *setup, "call(1000)")
    assert (status, err) == (0, "")
    *_, last = out.splitlines()
    assert last == "threshold: from n = 37 on it releases the GIL more often than at 1"
    found = json.loads((tmp_path / "scan.json").read_text())
    assert found["threshold"] == 37
    assert {"size", "gil", "released_fraction", "releases", "longest_hold_ns", "seconds"} <= found["sizes"][0].keys()


def test_scan_without_a_threshold(check):
    _, out, _ = check("--scan", "n=1:3", "-s", LIBC, "held(1000)")
    assert out.endswith("no threshold: it does not begin to release the GIL between these sizes of n\n")


# In processes of their own: Ctrl-C

HANGS = {
    "in the main thread": ("time.sleep(1000)", 1),
    "in another thread": ("time.sleep(0.001 if threading.current_thread() is threading.main_thread() else 1000)", 1),
    "in C, holding the GIL": ("mandelbrot.c.held(x, x, iterations=10**9)", 2),
}
SETUP = """
import os, threading, time
import numpy as np
from gilscope.kernels import mandelbrot
x = np.zeros(1000)
os.write(2, b"ready")
"""


@pytest.mark.skipif(os.name == "nt", reason="os.kill ends the process on Windows")
@pytest.mark.parametrize("where", HANGS)
def test_a_hang_can_be_interrupted(where):
    statement, times = HANGS[where]
    command = [sys.executable, "-m", "gilscope", "check", "--threads", "2", "-s", SETUP, statement]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as child:
        try:
            assert child.stderr.read(5) == b"ready"
            for _ in range(times):
                time.sleep(1)
                child.send_signal(signal.SIGINT)
            child.wait(timeout=30)
            assert child.returncode in (130, -signal.SIGINT)
        finally:
            child.kill()


def test_a_script_without_a_main_guard(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import time, gilscope as gs\nprint(gs.Checker(threads=2, repeat=1)(time.sleep, 0.001).gil)\n")
    done = subprocess.run([sys.executable, "-W", "error", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("released\n", "")


def test_the_verdict_is_public():
    assert gs.Verdict is Verdict
