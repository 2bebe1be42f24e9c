"""The command line, as a user types it: what it prints, where, and with which exit status."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from gilscope import __version__, selftest
from gilscope.commands import COMMANDS
from gilscope.commands._output import can_shade
from gilscope.commands._run import estimate_line
from gilscope.executors import EXECUTORS
from gilscope.experiments import EXPERIMENTS
from gilscope.kernels import KERNELS, Missing
from gilscope.measure import Plan
from gilscope.selftest import Outcome


def printed(result):
    """What a command printed that went well."""
    status, out, err = result
    assert (status, err) == (0, "")
    return out


def child(*arguments, **options):
    command = [sys.executable, "-W", "error", "-m", "gilscope", *arguments]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60, **options)


# Without a verb


def test_gilscope_alone_gives_four_things_to_try(cli):
    out = printed(cli())
    tries = [line.split()[1] for line in out.splitlines() if line.startswith("  gilscope ")]
    assert len(tries) == 4
    assert set(tries) <= set(COMMANDS)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_the_verbs(cli, option):
    out = printed(cli(option))
    for name, text in COMMANDS.items():
        assert name in out
        assert text.split(",")[0] in out


@pytest.mark.parametrize("verb", list(COMMANDS))
def test_each_verb_has_help(cli, verb):
    out = printed(cli(verb, "--help"))
    assert out.startswith(f"Usage: gilscope {verb}")
    assert "--json FILE" in out
    assert max(map(len, out.splitlines())) <= 120


def test_version(cli):
    assert __version__ in printed(cli("--version"))


def test_as_a_module():
    done = child(stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "gilscope run --quick" in done.stdout


def test_help_imports_no_numpy():
    code = "import sys; from gilscope.commands import main; sys.argv[1:] = ['-h']; main(); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "False", done.stderr


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["lsit"], 2, "No such command 'lsit'"),
        (["show"], 2, "Missing argument 'KERNEL'"),
        (["show", "sin"], 2, "'sin' is not one of 'exp', 'add'"),
        (["run", "sed"], 1, "there is no experiment 'sed': experiments are seed, scaling"),
        (["run", "--slow"], 2, "No such option"),
        (["run", "--kernel", "exp"], 1, "seed always measures the same and takes no kernel: scaling does"),
        (["run", "scaling", "--kernel", "sin"], 1, "there is no kernel 'sin': kernels are exp, add"),
        (["run", "scaling", "--implementation", "rust"], 1, "there is no implementation 'rust': implementations are python"),
        (["run", "scaling", "--strategy", "nogil"], 1, "there is no strategy 'nogil': strategies are held"),
        (["run", "scaling", "--size", "0"], 1, "size must be a whole number from 1 on, such as 1000 or 1e6, not '0'"),
        (["run", "scaling", "--threads", "two"], 1, "threads must be a whole number from 1 on, such as 2, not 'two'"),
        (["list", "more"], 2, "unexpected extra argument"),
    ],
)
def test_a_mistake_is_one_sentence(cli, arguments, status, sentence):
    found, out, err = cli(*arguments)
    assert (found, out) == (status, "")
    assert sentence in err
    assert [line.startswith("gilscope: ") for line in err.splitlines()] == [True]
    assert "Traceback" not in err


@pytest.mark.parametrize("arguments", [["list"], ["show", "exp"], ["doctor"], ["run", "--quick"]])
def test_json_where_a_folder_is(cli, arguments, tmp_path):
    status, out, err = cli(*arguments, "--json", tmp_path)
    assert (status, out) == (2, "")
    assert err.splitlines()[-1] == f"gilscope: Invalid value for '--json': File '{tmp_path}' is a directory."


@pytest.mark.parametrize("arguments", [["list"], ["show", "exp"], ["doctor"]])
def test_json_where_nothing_can_be_written(cli, arguments, tmp_path):
    status, _, err = cli(*arguments, "--json", tmp_path / "missing" / "a.json")
    assert status == 1
    assert err.startswith("gilscope: ")
    assert str(tmp_path / "missing" / "a.json") in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json", "-"], ["show", "exp"], ["doctor"], []])
def test_a_reader_that_goes_away(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = child(*arguments, stdout=writing)
    finally:
        os.close(writing)
    assert [line for line in done.stderr.splitlines() if "Error" in line or "Exception" in line] == []
    assert done.returncode != 0
    if "-" not in arguments:
        assert done.stderr == ""


# list


def test_list_names_everything(cli):
    out = printed(cli("list"))
    for table in (KERNELS, EXECUTORS, EXPERIMENTS):
        for name in table:
            assert f"\n  {name} " in out
    for heading in ("kernels", "implementations", "strategies", "executors", "experiments"):
        assert heading in out.splitlines()
    assert "no ufunc: " in out
    for each in EXPERIMENTS.values():
        assert f" {each.question} ({each.duration})" in out
    assert "\n  all              all of these in one session (about " in out


def test_list_as_json(cli):
    status, out, err = cli("list", "--json", "-")
    assert status == 0
    found = json.loads(out)
    assert list(found["kernels"]) == list(KERNELS)
    assert found["implementations"]["exp"]["c"][:2] == ["held", "released"]
    assert isinstance(found["implementations"]["format"]["c"], str)
    assert "kernels" in err.splitlines()


def test_json_in_a_file(cli, tmp_path):
    out = printed(cli("list", "--json", tmp_path / "list.json"))
    assert "kernels" in out.splitlines()
    assert json.loads((tmp_path / "list.json").read_text())["executors"]["threads"]


# show


@pytest.mark.parametrize("kernel", list(KERNELS))
def test_show_marks_the_line_that_releases(cli, kernel):
    out = printed(cli("show", kernel))
    marked = [part for line in out.splitlines() for part in [line.partition("> ")[2]] if "> " in line and "nogil" in part]
    released = not isinstance(KERNELS[kernel].cython.released, Missing)
    assert [line.strip() for line in marked] == ["with nogil:"] * released
    assert sum(line.lstrip().startswith("> ") or "   > " in line for line in out.splitlines()) == released
    for name in ("python", "numpy", "cython.held", "cython.released"):
        assert f"  {kernel}.{name}" in out
    assert released or "unavailable" in out


def test_wide_terminals_show_twins_side_by_side(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    wide = printed(cli("show", "exp"))
    assert any("exp.cython.held" in line and "exp.cython.released" in line for line in wide.splitlines())
    assert any("exp.python" in line and "exp.numpy" in line for line in wide.splitlines())
    monkeypatch.setenv("COLUMNS", "80")
    narrow = printed(cli("show", "exp"))
    assert not any("exp.cython.held" in line and "exp.cython.released" in line for line in narrow.splitlines())
    assert narrow.index("exp.cython.held") < narrow.index("exp.cython.released")
    assert max(map(len, wide.splitlines())) <= 200


def test_show_is_the_source(cli):
    status, out, _ = cli("show", "exp", "--json", "-")
    assert status == 0
    sources = json.loads(out)["sources"]
    assert sources["cython.released"] == KERNELS["exp"].cython.released.source
    assert list(sources) == ["python", "numpy", "cython.held", "cython.released"]


# doctor


def test_doctor_says_what_is_here(cli):
    out = printed(cli("doctor"))
    for name in ("Python", "GIL", "cores", "loops", "OpenMP", "NumPy", "libraries", "memory"):
        assert any(line.startswith(f"{name} ") for line in out.splitlines())
    assert "would spoil" in out
    assert "\nadvice: " in out
    assert "may change hands every" in out or "GIL                off" in out
    assert "None" not in out


def test_doctor_as_json(cli):
    status, out, err = cli("doctor", "--json", "-")
    assert status == 0
    found = json.loads(out)
    assert found["self_test"] is None
    assert found["advice"]
    assert found["machine"]["native"]["isa"]
    assert "GIL" in err


@pytest.mark.parametrize("passed", [True, False])
def test_doctor_tells_of_the_self_test(cli, monkeypatch, passed):
    outcomes = [Outcome("one", True, "1.00x"), Outcome("other", passed, "2.00x")]
    monkeypatch.setattr(selftest, "self_test", lambda: iter(outcomes))
    status, out, _ = cli("doctor", "--self-test")
    assert status == (0 if passed else 1)
    assert "pass  one: 1.00x" in out
    assert f"{'pass' if passed else 'FAIL'}  other: 2.00x" in out
    assert json.loads(cli("doctor", "--self-test", "--json", "-")[1])["self_test"][1]["passed"] is passed


# run: what it measures is in test_running


def test_run_begins_with_the_question_and_what_was_published(cli, monkeypatch, tmp_path):
    monkeypatch.setattr("gilscope.running.measure", lambda *_, **__: (_ for _ in ()).throw(RuntimeError("enough")))
    status, out, err = cli("run", "--json", tmp_path / "a.json")
    assert (status, err) == (1, "gilscope: enough\n")
    lines = out.splitlines()
    assert lines[0] == EXPERIMENTS["seed"].question
    assert lines[1].startswith("Python ")
    assert sum(line.startswith(("  100 * g()", "  10 * f()")) for line in lines) == 2
    assert lines[-1] == "here, one call"


@pytest.fixture
def quick_scaling(monkeypatch):
    plans = dict.fromkeys(["quick", "default"], Plan(blocks=5, sample_seconds=0.0002))
    monkeypatch.setitem(EXPERIMENTS, "scaling", replace(EXPERIMENTS["scaling"], plans=plans))


CHOICE = ("--kernel", "exp", "--kernel", "add", "--size", "1e3", "--size", "100", "--strategy", "held", "--strategy", "released")


def test_scaling_says_how_long_it_takes_then_draws_maps_then_says_it_in_words(cli, quick_scaling, tmp_path):
    lines = printed(cli("run", "scaling", *CHOICE, "--json", tmp_path / "a.json")).splitlines()
    assert lines[0] == EXPERIMENTS["scaling"].question
    [estimate] = [at for at, line in enumerate(lines) if line.startswith("estimated time: ")]
    maps = [at for at, line in enumerate(lines) if line.split() == ["exp,", "c", "size", "100", "1e3"]]
    maps += [at for at, line in enumerate(lines) if line.split() == ["add,", "c", "size", "100", "1e3"]]
    words = [at for at, line in enumerate(lines) if line.startswith(("exp, c: ", "add, c: "))]
    assert len(maps) == len(words) == 2
    assert [estimate, *maps, *words] == sorted([estimate, *maps, *words])
    assert lines[-1] == f"session: {tmp_path / 'a.json'}"


def test_an_experiment_that_observes_shows_its_lines_then_says_it_in_words(cli, monkeypatch, tmp_path):
    from gilscope.experiments import _convoy

    monkeypatch.setattr(_convoy, "QUICK_LENGTHS", (20e-6,))
    plans = dict.fromkeys(["quick", "default"], Plan(blocks=1, sample_seconds=0.005))
    monkeypatch.setitem(EXPERIMENTS, "convoy", replace(EXPERIMENTS["convoy"], plans=plans))
    status, out, err = cli("run", "convoy", "--quick", "--json", "-")
    assert status == 0
    lines = err.splitlines()
    assert lines[0] == EXPERIMENTS["convoy"].question
    assert lines[2] == "estimated time: 1 s"
    assert [line.split()[0] for line in lines[4:6]] == ["poly.c,", "switch"]
    assert lines[-1].startswith("session: ")
    assert len(json.loads(out)["observations"]) == 7


def test_interrupted_scaling_says_how_to_go_on(cli, quick_scaling, monkeypatch, tmp_path):
    path = tmp_path / "a.json"
    monkeypatch.setattr("gilscope.commands._run.Maps.close", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    status, _, err = cli("run", "scaling", "--quick", *CHOICE, "--json", path)
    monkeypatch.undo()
    again = f"gilscope run scaling --quick {' '.join(CHOICE[:4])} {' '.join(CHOICE[8:])} --size 100 --size 1000"
    assert (status, err.partition("`")[2].partition("`")[0]) == (130, f"{again} --json {path} --resume")


@pytest.mark.parametrize(("seconds", "line"), [(0.2, "1 s"), (42.4, "42 s"), (99, "99 s"), (150, "2.5 min")])
def test_the_estimate(seconds, line):
    assert estimate_line(seconds) == f"estimated time: {line}"


@pytest.mark.parametrize(("encoding", "shades"), [("utf-8", True), ("ascii", False), ("latin-1", False), (None, False)])
def test_shades_are_for_those_who_can_read_them(monkeypatch, encoding, shades):
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding=encoding))
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(encoding="utf-8"))
    assert can_shade(None) is shades
    assert can_shade("-")


def test_the_bar_is_for_terminals(monkeypatch):
    from gilscope.commands import _output

    @contextmanager
    def progress(*_, **__):
        raise AssertionError("a bar without a terminal")
        yield

    monkeypatch.setattr("rich.progress.Progress", progress)
    with _output.bar() as tell:
        tell(0.5)
