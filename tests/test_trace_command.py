"""`gilscope trace`: the program behaves as under `python`, and the report comes after it on standard error."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

import gilscope as gs
from gilscope._native import tracer
from gilscope.commands import main

pytestmark = pytest.mark.skipif(tracer.unavailable() is not None, reason=f"no tracer: {tracer.unavailable()}")
POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX only")
REPORT = "\ngilscope: "


def run(*command, cwd, stdin=""):
    command = [sys.executable, "-W", "error", *map(str, command)]
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=60)


def both(arguments, cwd, stdin="", options=()):
    """What `python` and `gilscope trace` make of a program: (status, output, errors), without the report."""
    plain = run(*arguments, cwd=cwd, stdin=stdin)
    traced = run("-m", "gilscope", "trace", *options, *arguments, cwd=cwd, stdin=stdin)
    errors, found, report = traced.stderr.partition(REPORT)
    assert found, traced.stderr
    assert report.count("traced for ") == 1
    assert REPORT not in report
    return (plain.returncode, plain.stdout, plain.stderr), (traced.returncode, traced.stdout, errors)


@pytest.fixture
def program(tmp_path):
    """Write a program, and return its name."""

    def write(text, name="program.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        return name

    return write


SAME = {
    "arguments": "import sys; print(sys.argv, sys.stdin.read().upper())",
    "what __main__ is": """
import sys, __main__
print(__name__, __file__, __package__, __spec__, __doc__, __builtins__.__name__, type(__loader__).__name__, sys.path[0])
print(__main__.__dict__ is globals(), sys.modules["__main__"] is __main__)
""",
    "its names": "print(sorted(globals().keys() - {'__annotations__'}))",
    "futures": "print(1); from math import *; print(compile('1/2', '', 'eval').co_flags)",
    "status": "import sys; sys.exit(7)",
    "text as status": "import sys; sys.exit('enough')",
    "no status": "import sys; print('x'); sys.exit()",
    "an error": "def f():\n    raise ValueError('mine')\nprint(1, flush=True)\nf()",
    "an error from an error": "try:\n    1/0\nexcept ZeroDivisionError as e:\n    raise KeyError('x') from e",
    "an error that ours would be caught as": "raise OSError('not ours')",
    "an interrupt": "raise KeyboardInterrupt",
    "no syntax": "x = (",
    "a hook": "import sys\nsys.excepthook = lambda kind, error, tb: print(kind, tb.tb_frame.f_code.co_filename)\n1/0",
    "at exit": "import atexit, sys\natexit.register(print, 'bye', flush=True)\nprint('main', flush=True)\nsys.exit(3)",
    "threads after main": """
import threading, time
threading.Thread(target=lambda: (time.sleep(0.05), print('late'))).start()
print('main is done', flush=True)
""",
    "an executor that nobody shuts down": """
from concurrent.futures import ThreadPoolExecutor
print(ThreadPoolExecutor(2).submit(pow, 2, 3).result())
""",
    "pickles": """
import pickle
class Mine:
    pass
print(type(pickle.loads(pickle.dumps(Mine()))) is Mine)
""",
    "sources": "import inspect, sys\ndef f():\n    return 1\nprint(inspect.getsource(f))",
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_a_script_does_what_it_does_under_python(program, tmp_path, text):
    plain, traced = both([program(text), "-o", "x", "--json", "-m", "--top"], tmp_path, stdin="hello")
    assert traced == plain


@pytest.mark.parametrize("name", ["deeper/program.py", "folder"])
def test_scripts_elsewhere(program, tmp_path, name):
    program("answer = 42", "deeper/beside.py")
    program("answer = 43", "folder/beside.py")
    program("import sys, beside; print(beside.answer, sys.argv, sys.path[0], __file__, __package__)", "deeper/program.py")
    program("import sys, beside; print(beside.answer, sys.argv, __name__)", "folder/__main__.py")
    plain, traced = both([name, "x"], tmp_path)
    assert plain[0] == 0
    assert traced == plain


@pytest.mark.parametrize("module", ["package", "package.part", "alone"])
def test_modules(program, tmp_path, module):
    text = "import sys; print(sys.argv, __name__, __package__, __spec__.name, __file__, sys.path[0] == __import__('os').getcwd())"
    for name in ("package/__main__.py", "package/part.py", "alone.py"):
        program(text, name)
    program("", "package/__init__.py")
    plain, traced = both(["-m", module, "-m", "-o", "x"], tmp_path)
    assert plain[0] == 0
    assert traced == plain


@POSIX
@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_multiprocessing(program, tmp_path, method):
    name = program(f"""
import multiprocessing, os
def square(x):
    return x * x
if __name__ == "__main__":
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        print(pool.map(square, [1, 2, 3]))
""")
    done = run("-m", "gilscope", "trace", name, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "[1, 4, 9]\n"), done.stderr
    assert done.stderr.count(REPORT) == 1


@POSIX
def test_a_forked_child_goes_its_own_way(program, tmp_path):
    name = program("""
import os, sys
child = os.fork()
if not child:
    sys.exit(3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
""")
    plain, traced = both([name], tmp_path)
    assert traced == plain == (0, "3\n", "")


@POSIX
def test_ctrl_c_ends_it_as_it_ends_python(program, tmp_path):
    name = program("import time\nprint('ready', flush=True)\ntime.sleep(50)")
    command = [sys.executable, "-m", "gilscope", "trace", name]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt\n\ngilscope: program.py\n" in errors
    assert "gilscope/program.py" not in errors


def test_os_exit_leaves_no_time_for_a_report(program, tmp_path):
    done = run("-m", "gilscope", "trace", program("import os; os._exit(5)"), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (5, "", "")


def test_standard_output_comes_before_the_report(program, tmp_path):
    name = program("print('mine')")
    command = [sys.executable, "-m", "gilscope", "trace", name]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    options = {"cwd": tmp_path, "env": buffered, "text": True, "timeout": 60}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    assert done.stdout.startswith(f"mine\n{REPORT}{name}\n")


@POSIX
@pytest.mark.parametrize("closing", ["2>&-", "2>&1 >/dev/null | true"])
def test_nobody_listens_to_the_report(program, tmp_path, closing):
    program("print('mine')")
    command = f"{sys.executable} -m gilscope trace -o x.json program.py {closing}"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout in ("mine\n", "")
    assert gs.load(tmp_path / "x.json").gil in (True, False)


# The report

TAKES_TURNS = """
import sys, threading
import gilscope as gs
sys.setswitchinterval(1e-3)
def work():
    with gs.span("count"):
        for _ in range(400_000):
            pass
threads = [threading.Thread(target=work, name=f"worker {i}") for i in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_the_report(program, tmp_path):
    done = run("-m", "gilscope", "trace", "--top", "2", "--json", "out.json", program(TAKES_TURNS), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "worker 1" in done.stderr
    assert done.stderr.count(" s after the start") == 4
    found = json.loads((tmp_path / "out.json").read_text())
    assert " ".join(found["diagnosis"].split()) in " ".join(done.stderr.split())
    assert {each["name"] for each in found["threads"]} == {"MainThread", "worker 0", "worker 1"}
    assert 0 < found["held_fraction"] <= 1


KEEPS = """
import ctypes, sys, threading, time
sys.setswitchinterval(1e-3)
def keeps():
    ctypes.PyDLL(None).usleep(100_000)
    time.sleep(0)
def counts():
    while thread.is_alive(): pass
thread = threading.Thread(target=keeps)
thread.start()
counts()
"""


@pytest.mark.skipif(tracer.no_functions() is not None, reason=f"no functions: {tracer.no_functions()}")
def test_the_report_names_functions(program, tmp_path):
    done = run("-m", "gilscope", "trace", "--who", "--top", "2", "--json", "out.json", program(KEEPS), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    # The thread is made to let go after its long call, or lets go itself at the next line.
    assert re.search(r"longest holds\n +1\d\d\.\d+ ms  Thread-1 .*; keeps \(program\.py:[56]\) let go\n", done.stderr), (
        done.stderr
    )
    assert "who let go, after holds of 0.1 ms and more" in done.stderr
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["top_holders"][0]["function"] == "keeps"
    assert found["top_holders"][0]["file"].endswith("program.py")
    assert len(found["top_holders"]) == len(found["top_waiters"]) == 2
    assert found["cost"]["looks"] > 0


def test_functions_are_not_in_the_report_unless_asked_for(program, tmp_path):
    done = run("-m", "gilscope", "trace", "--json", "out.json", program(KEEPS), cwd=tmp_path)
    assert " let go" not in done.stderr.replace("lets go", "")
    assert "top_holders" not in json.loads((tmp_path / "out.json").read_text())


def test_json_on_standard_output(program, tmp_path):
    done = run("-m", "gilscope", "trace", "--json", "-", program("pass"), cwd=tmp_path)
    assert json.loads(done.stdout)["gil"] in (True, False)


@pytest.mark.parametrize("name", ["x.json", "x.json.gz"])
def test_the_trace_is_saved_where_it_was_asked_for(program, tmp_path, name):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    text = f"import os; os.chdir({str(elsewhere)!r})\n{TAKES_TURNS}"
    done = run("-m", "gilscope", "trace", "-o", name, program(text), cwd=tmp_path)
    assert done.stderr.endswith(f"trace: {tmp_path / name}\n")
    loaded = gs.load(tmp_path / name)
    assert [each.label for each in loaded.spans] == ["count", "count"]


def test_the_trace_is_drawn(program, tmp_path):
    pytest.importorskip("vl_convert")
    done = run("-m", "gilscope", "trace", "-o", "x.svg", program(TAKES_TURNS), cwd=tmp_path)
    assert done.stderr.endswith(f"trace: {tmp_path / 'x.svg'}\n")
    drawn = (tmp_path / "x.svg").read_text()
    assert all(word in drawn for word in ("program.py", "worker 0", "MainThread", "count"))


def test_what_cannot_be_saved_is_said_after_the_report(program, tmp_path):
    (tmp_path / "gone").mkdir()
    done = run("-m", "gilscope", "trace", "-o", "gone/x.svg", program("import os; os.rmdir('gone')"), cwd=tmp_path)
    assert done.returncode == 0
    assert "No such file or directory" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_few_events(program, tmp_path):
    done = run("-m", "gilscope", "trace", "--max-events", "10", program(TAKES_TURNS), cwd=tmp_path)
    assert "This is about the first" in done.stderr


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        ([], 2, "Missing argument 'SCRIPT'"),
        (["nosuch.py"], 1, "there is no script 'nosuch.py'"),
        (["."], 1, "there is no __main__.py in '.'"),
        (["-m", "no_such_module"], 1, "there is no module 'no_such_module'"),
        (["-m", "no_such_module.part"], 1, "there is no module 'no_such_module.part': No module named 'no_such_module'"),
        (["-m", "xml"], 1, "'xml' is a package without a __main__, so it cannot be run"),
        (["-o", "x.pdf", "there.py"], 1, "a timeline is a .png, .svg or .html file, not 'x.pdf'"),
        (["-o", "missing/x.json", "there.py"], 2, "there is no folder 'missing'"),
        (["--max-events", "0", "there.py"], 2, "0 is not in the range"),
        (["--who-knows", "there.py"], 2, "No such option"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_runs(monkeypatch, capfd, tmp_path, arguments, status, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.py").write_text("raise AssertionError('it ran')")
    monkeypatch.setattr(sys, "argv", ["gilscope", "trace", *arguments])
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capfd.readouterr()
    assert (end.value.code, out) == (status, "")
    assert sentence in err
    assert [line.startswith("gilscope: ") for line in err.splitlines()] == [True]


def test_where_there_is_no_tracer_the_script_is_not_run(monkeypatch, capfd, tmp_path):
    (tmp_path / "there.py").write_text("raise AssertionError('it ran')")
    monkeypatch.setattr("gilscope.tracing.tracer.unavailable", lambda: "there is none here")
    monkeypatch.setattr(sys, "argv", ["gilscope", "trace", str(tmp_path / "there.py")])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert capfd.readouterr() == ("", "gilscope: the GIL cannot be traced: there is none here\n")


def test_where_functions_cannot_be_told_the_script_is_not_run(monkeypatch, capfd, tmp_path):
    (tmp_path / "there.py").write_text("raise AssertionError('it ran')")
    monkeypatch.setattr("gilscope.tracing.tracer.no_functions", lambda: "there are none here")
    monkeypatch.setattr(sys, "argv", ["gilscope", "trace", "--who", str(tmp_path / "there.py")])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert capfd.readouterr() == ("", "gilscope: functions cannot be told (who): there are none here\n")


@pytest.mark.parametrize("name", ["there.py", "missing.py", "there"])
def test_a_script_for_run_is_meant_for_trace(monkeypatch, capfd, tmp_path, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.py").touch()
    (tmp_path / "there").touch()
    monkeypatch.setattr(sys, "argv", ["gilscope", "run", name])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert capfd.readouterr().err.endswith(f"did you mean `gilscope trace {name}`?\n")
