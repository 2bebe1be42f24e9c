import concurrent.futures
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gilscope.executors import EXECUTORS, NotSendable, Processes, Serial, Threads, WorkerDied

ISOLATED = Path(__file__).parent / "isolated"
sys.path.insert(0, str(ISOLATED))
jobs = importlib.import_module("executors_jobs")

METHODS = [method for method in ("forkserver", "spawn", "fork") if os.name != "nt" or method == "spawn"]
posix = pytest.mark.skipif(os.name == "nt", reason="needs signals")


@pytest.fixture(scope="module")
def made():
    with Serial() as serial, Threads(2) as threads, Processes(2) as processes:
        yield {"serial": serial, "threads": threads, "processes": processes}


@pytest.fixture(params=EXECUTORS)
def executor(request, made):
    return made[request.param]


@pytest.fixture(params=["threads", "processes"])
def parallel(request, made):
    return made[request.param]


@pytest.fixture
def processes(made):
    return made["processes"]


def script(name, *arguments, code=None, timeout=30, **options):
    """Run a script of isolated/ and return what it printed; nothing may come on standard error."""
    command = [sys.executable, "-W", "error", *([ISOLATED / name] if code is None else code), *arguments]
    environment = {**os.environ, "GILSCOPE_JOBS": str(ISOLATED)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment, **options)
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout.splitlines()


# All executors


def test_the_table():
    assert {name: kind.name for name, kind in EXECUTORS.items()} == {n: n for n in ("serial", "threads", "processes")}


def test_workers(executor):
    assert executor.workers == (1 if executor.name == "serial" else 2)
    assert repr(executor) == f"{type(executor).__name__}(workers={executor.workers})"


def test_submit(executor):
    assert executor.submit(divmod, 17, 5).result(30) == (3, 2)
    with pytest.raises(ZeroDivisionError):
        executor.submit(divmod, 1, 0).result(30)


def test_map(executor):
    assert executor.map(jobs.square, range(50)) == [x * x for x in range(50)]
    assert executor.map(jobs.square, []) == []


def test_map_raises_the_first_error_and_stops_taking(executor):
    taken = []

    def items():
        for i in range(10_000):
            taken.append(i)
            yield str(i)

    with pytest.raises(TypeError):
        executor.map(jobs.square, items())
    assert len(taken) < 10_000


def test_map_raises_an_error_of_the_iterator(executor):
    with pytest.raises(ZeroDivisionError):
        executor.map(jobs.square, (1 // x for x in (2, 1, 0)))


def test_together(executor):
    assert executor.together(jobs.take_part, 10) == list(range(10, 10 + executor.workers))


def test_together_may_meet_again(executor):
    times = executor.together(jobs.rounds, 20)
    befores, afters = [list(zip(*(t[i::2] for t in times), strict=True)) for i in (0, 1)]
    assert len(befores) == 20
    for before, after in zip(befores, afters, strict=True):
        assert max(before) <= min(after)  # nobody starts before the last has come


def test_together_is_one_task_for_each_worker(processes, made):
    assert len(set(processes.together(jobs.who))) == 2
    main = threading.get_ident()

    def thread(index, start):
        start()
        return threading.get_ident()

    assert len({*made["threads"].together(thread), main}) == 3
    assert made["serial"].together(thread) == [main]


def test_together_raises_what_a_worker_raised_and_frees_the_others(executor):
    with pytest.raises(KeyError, match="index 0"):
        executor.together(jobs.fail_first)
    assert executor.together(jobs.take_part) == list(range(executor.workers))


def test_start_must_be_called(executor):
    with pytest.raises(RuntimeError, match="worker 0 returned without calling start"):
        executor.together(jobs.forget)


@pytest.mark.parametrize("kind", [Threads, Processes])
def test_start_does_not_wait_for_ever(kind):
    with kind(2, patience=0.2) as executor, pytest.raises(TimeoutError, match=r"^1 of 2 workers arrived within 0.2 s"):
        executor.together(jobs.unfair)


@pytest.mark.parametrize("kind", EXECUTORS.values())
def test_workers_must_be_a_positive_integer(kind):
    for wrong in (True, 2.0, "2", None):
        with pytest.raises(TypeError, match=r"^workers must be an integer, not "):
            kind(wrong)
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=f"^workers must be at least 1, not {wrong}$"):
            kind(wrong)


def test_serial_has_one_worker():
    with pytest.raises(ValueError, match=r"^serial has 1 worker, not 2$"):
        Serial(2)


def test_serial_leaves_ctrl_c_to_the_caller():
    def interrupt():
        raise KeyboardInterrupt

    with Serial() as serial, pytest.raises(KeyboardInterrupt):
        serial.submit(interrupt)


def test_threads_do_not_wait_after_an_error():
    go = threading.Event()
    threads = Threads(1)
    running, waiting = threads.submit(go.wait, 30), threads.submit(go.wait, 30)
    with pytest.raises(ZeroDivisionError), threads:
        raise ZeroDivisionError
    assert waiting.cancelled()
    assert not running.done()
    go.set()
    assert running.result(30)


# Executors of others


def test_any_pool_of_threads():
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        with Threads(2, pool) as threads:
            assert threads.together(jobs.take_part) == [0, 1]
        assert pool.submit(abs, -1).result(30) == 1  # it is still open


def test_any_pool_of_processes():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:  # whatever it is, it need not share anything
        with Processes(2, pool) as processes:
            assert processes.together(jobs.total, jobs.big(1 << 18)) == [7.0 * (1 << 18)] * 2
        assert pool.submit(abs, -1).result(30) == 1


@pytest.mark.parametrize("kind", [Threads, Processes])
def test_a_pool_with_too_few_workers(kind):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        executor = kind(3, pool, patience=0.3)
        with pytest.raises(TimeoutError, match=r"^2 of 3 workers arrived within 0.3 s: the pool has too few free workers"):
            executor.together(jobs.take_part)
        assert kind(2, pool).together(jobs.take_part) == [0, 1]


def test_a_pool_of_processes_is_not_one_of_threads(processes):
    with pytest.raises(NotSendable, match=r"pass it to Processes\(pool=...\)"):
        Threads(2, processes._pool).together(jobs.take_part)
    assert processes.together(jobs.take_part) == [0, 1]


# Processes


def test_start_methods(processes):
    with pytest.raises(ValueError, match=r"^start_method must be one of .*spawn.*, not 'thread'$"):
        Processes(start_method="thread")
    with pytest.raises(ValueError, match="start_method is for a new pool"):
        Processes(pool=processes._pool, start_method="spawn")


def test_errors_that_cannot_be_loaded_do_not_break_the_pool(processes):
    with pytest.raises(RuntimeError, match=r"^Awkward: 1 and 2$"):
        processes.submit(jobs.awkward).result(30)
    assert processes.submit(abs, -1).result(30) == 1


def test_what_a_worker_cannot_load(processes, monkeypatch):
    module = type(sys)("only_here")
    exec("def f(): pass", module.__dict__)
    monkeypatch.setitem(sys.modules, "only_here", module)
    with pytest.raises(NotSendable, match="could not load what it was sent: No module named 'only_here'"):
        processes.submit(module.f).result(30)
    with pytest.raises(NotSendable, match="could not load"):
        processes.together(module.f)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("how", ["file", "command", "input", "module"])
def test_the_main_module_is_not_run_again(method, how):
    path, options = ISOLATED / "executors_no_guard.py", {}
    code = {"command": ["-c", path.read_text()], "input": ["-"], "module": ["-m", path.stem]}.get(how)
    if how == "input":
        options["input"] = path.read_text()
    if how == "module":
        options["cwd"] = ISOLATED
    assert script(path.name, method, code=code, **options) == ["main runs", "[10, 11] [0, 1, 4]", "None"]


@pytest.mark.parametrize("method", METHODS[:2])
def test_the_programs_own_processes_are_not_affected(method):
    *imported, result = script("executors_neighbour.py", method)
    assert result == "[[2, 3]] [2, 3]"
    assert set(imported) == {"imported as __mp_main__"}


KILLED = "a worker process was killed (SIGKILL, as the system does when memory runs out), and with it its pool is gone"


@posix
def test_a_worker_killed_is_one_clear_error():
    assert script("executors_trouble.py", "killed") == [KILLED, "True []", f"again: {KILLED}", "True []"]


@posix
def test_a_worker_killed_in_map():
    assert script("executors_trouble.py", "killed_in_map") == [KILLED, "True []", "True []"]


@posix
def test_a_worker_killed_with_much_under_way():
    assert script("executors_trouble.py", "killed_with_much_under_way")[0] == "{'BrokenProcessPool'}"


def test_a_worker_that_quits():
    expected = "a worker process ended with exit code 3, and with it its pool is gone"
    assert script("executors_trouble.py", "quits") == [expected, "True []", "True []"]


def test_nothing_is_left_when_the_caller_raises():
    assert script("executors_trouble.py", "raises") == ["the caller's own", "True []", "True []"]


def test_nothing_is_left_when_it_is_never_closed():
    n = 1 << 18
    assert script("executors_trouble.py", "never_closed") == [f"{[float(n)] * 2} {[float(n)] * 2}", "True []"]


def test_a_worker_that_dies_in_a_pool_of_the_callers():
    with Processes(2) as owner:
        executor = Processes(2, owner._pool)
        with pytest.raises(WorkerDied, match=r"^a worker process died, and with it its pool is gone$"):
            executor.together(jobs.quit_together)


def test_workers_leave_ctrl_c_to_the_caller(processes):
    assert processes.submit(signal.getsignal, signal.SIGINT).result(30) == signal.SIG_IGN


@posix
def test_ctrl_c_ends_processes_at_once_and_quietly():
    command = [sys.executable, "-W", "error", ISOLATED / "executors_trouble.py", "interrupted"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    with subprocess.Popen(command, env={**os.environ, "GILSCOPE_JOBS": str(ISOLATED)}, **pipes) as child:
        try:
            assert child.stdout.readline() == "ready\n"
            os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to the workers too
            out, err = child.communicate(timeout=20)
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
    assert out == "True []\n"
    assert err.count("Traceback") == 1
    assert err.endswith("KeyboardInterrupt\n")
    assert "resource_tracker" not in err


def test_importing_is_cheap():
    code = "import sys, gilscope.executors; print({'numpy', 'multiprocessing', 'concurrent.futures'} & set(sys.modules))"
    assert script("", code=["-c", code]) == ["set()"]


def test_a_new_pool_starts_all_workers(processes):
    deadline = time.monotonic() + 30
    with Processes(3) as three:
        assert len(three._processes) == 3
        assert all(process.is_alive() for process in three._processes)
    assert time.monotonic() < deadline
