"""`gilscope atlas`, as a user types it; killed and interrupted too, in a process of its own."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made_up_atlas import atlas, held, released

import gilscope as gs
from gilscope.atlas_data import save
from gilscope.atlas_table import WIDTH

OWN = """
package = "stdlib"
[[group]]
title = "Few"
sizes = [1, 2]
[group.calls]
"sum" = "sum(range(n))"
"sum[twice]" = "sum(range(n)) * 2"
"json.nothing" = "1"
"max" = "max([])"
"""

SLOW = """
package = "stdlib"
setup = '''
import os, time
from pathlib import Path
with Path({pids!r}).open("a") as file:
    print(os.getpid(), file=file)
'''
[[group]]
title = "Slow"
sizes = 1
each.name = ["a", "b", "c", "d", "e", "f", "g", "h"]
[group.calls]
"time.sleep" = "time.sleep(0.02)"
[[group]]
title = "Hanging"
sizes = 1
[group.calls]
"time.sleep[long]" = "time.sleep(100)"
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc says which processes there are")


@pytest.fixture
def cli(cli, monkeypatch, tmp_path):
    """Run a command in an empty folder, with an empty cache: its exit status, its output and its errors."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text(OWN)
    return cli


def shown(found):
    """What a command printed that went well."""
    status, out, err = found
    assert status == 0, err
    return out


# What is shown


def test_a_survey(cli):
    status, out, err = cli("atlas", "own.toml", "--json", "a.json")
    assert (status, err) == (0, f"stdlib {gs.load('a.json').version}: Few\n")
    counts = "Of 2 calls, 0 release the GIL at their largest size, 0 release it in part, and 2 keep it."
    assert re.search(rf"^stdlib [\d.]+\n{counts}", out, re.MULTILINE)
    assert "Few: 1, 2 elements\n  sum  " in out
    assert "Skipped: 1\n  json.nothing: json has no 'nothing'\n" in out
    assert "Failed: 1\n  max: raised: at size 1: ValueError: " in out
    assert max(len(line) for line in out.splitlines() if not line.startswith("saved: ")) <= WIDTH
    found = gs.load("a.json")
    assert [each.name for each in found.calls] == ["sum", "sum[twice]"]
    assert gs.load(re.search(r"saved: (.+)", out)[1]) == found


def test_json_on_standard_output_is_nothing_else(cli):
    status, out, err = cli("atlas", "own.toml", "--match", "sum", "--json", "-")
    assert status == 0
    assert [each["name"] for each in json.loads(out)["calls"]] == ["sum", "sum[twice]"]
    assert "and 2 keep it." in err


def test_a_saved_atlas_is_shown(cli):
    atlas().save("a.json")
    out = shown(cli("atlas", "a.json"))
    counts = "Of 5 calls, 2 release the GIL at their largest size, 2 release it in part, and 1 keeps it."
    assert out.startswith(f"numpy 2.4.6\n{counts}")
    assert "  numpy.exp[float64]            released" in out
    assert "numpy.sort[object]: held: 0% outside by the tracer, 40% by the ticking thread" in out
    assert out == f"{gs.load('a.json')}\n"


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--held"], ["numpy.sort[object]"]),
        (["--partial"], ["numpy.add[float64]", "numpy.load"]),
        (["--held", "--partial"], ["numpy.sort[object]", "numpy.add[float64]", "numpy.load"]),
        (["--match", "FLOAT64"], ["numpy.exp[float64]", "numpy.add[float64]"]),
        (["--match", "FLOAT64", "--partial"], ["numpy.add[float64]"]),
    ],
)
def test_what_is_shown_can_be_chosen(cli, options, names):
    atlas().save("a.json")
    out = shown(cli("atlas", "a.json", "--json", "b.json", *options))
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  numpy.") and ":" not in line] == names
    assert len(gs.load("b.json").calls) == 5  # a file has all


def test_several(cli):
    save([atlas(), atlas([held("numpy.x")], version="3")], Path("a.json"))
    out = shown(cli("atlas", "a.json", "own.toml", "--json", "b.json"))
    assert re.findall(r"^(\S+) [\d.]+\nOf ", out, re.MULTILINE) == ["numpy", "numpy", "stdlib"]
    assert [each.package for each in gs.load("b.json")] == ["numpy", "numpy", "stdlib"]


def test_a_long_name_has_a_line_of_its_own_and_figures_fit():
    name = "scipy.sparse.linalg.something_with_a_long_name[float64, csr]"
    text = str(atlas([released(name), released("numpy.x", threshold=99_999_999)]))
    assert f"  {name}\n" in text
    assert max(map(len, text.splitlines())) <= WIDTH


@pytest.mark.parametrize("ending", [".html", ".md", ".csv"])
def test_it_is_written_as_a_file(cli, ending):
    atlas().save("a.json")
    assert shown(cli("atlas", "a.json", "-o", f"out{ending}")) == f"report: out{ending}\n"
    assert "numpy.sort" in Path(f"out{ending}").read_text()


def test_two_are_compared(cli):
    atlas([held("numpy.x")], version="1").save("a.json")
    atlas([released("numpy.x")], version="2").save("b.json")
    out = shown(cli("atlas", "--compare", "a.json", "b.json", "--json", "c.json"))
    assert "1 of 1 call of numpy changed" in out
    assert json.loads(Path("c.json").read_text())["changed"][0]["name"] == "numpy.x"


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["numpi"], 1, "there is no atlas of 'numpi': name numpy, scipy, stdlib, a FILE.toml, or a package that ships a"),
        (["none.toml"], 1, "No such file or directory: 'none.toml'"),
        (["broken.toml"], 1, "broken.toml, package: is missing"),
        (["own.toml", "--match", "xyz"], 1, "no call has 'xyz' in its name"),
        (["own.toml", "-o", "a.png"], 2, "'a.png' ends in none of .html, .md and .csv"),
        (["own.toml", "--timeout", "0"], 2, "0.0 is not in the range x>0"),
        (["own.toml", "--resume"], 2, "there is no survey of 'own.toml' to resume"),
        (["session.json"], 2, "session.json is no atlas: `gilscope report session.json` shows it"),
        (["own.toml", "--compare", "a.json", "b.json"], 2, "--compare takes two files and no WHAT"),
    ],
)
def test_a_mistake_is_one_sentence(cli, arguments, status, sentence):
    Path("broken.toml").write_text("")
    gs.Session("seed", {}).save("session.json")
    found, out, err = cli("atlas", *arguments)
    assert (found, out) == (status, "")
    assert sentence in err
    assert err.count("\n") == 1


# Killed and interrupted


@pytest.fixture
def slow(environment, tmp_path):
    """Start a survey of calls of which each takes a while."""
    (tmp_path / "slow.toml").write_text(SLOW.format(pids=str(tmp_path / "pids")))
    command = [sys.executable, "-W", "error", "-m", "gilscope", "atlas", "slow.toml"]

    def start(*options):
        options = {"env": environment, "cwd": tmp_path, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | {
            "args": [*command, *options]
        }
        return subprocess.Popen(**options)

    return start


def wait_until(true, seconds=60):
    """Wait for something that another process does."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


def lives(pid):
    """Whether there is such a process; one that nobody waited for has ended all the same."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def saved(folder):
    found = [*(folder / "gilscope" / "atlases").glob("slow-*.json")]
    return found[0] if found else None


def calls_in(path):
    return gs.load(path).calls if path else []


@linux
def test_a_survey_that_is_killed_loses_nothing_and_leaves_nothing(slow, tmp_path, cli):
    child = slow()
    wanted = random.randrange(1, 7)
    wait_until(lambda: len(calls_in(saved(tmp_path))) >= wanted)
    time.sleep(random.uniform(0, 0.1))
    child.kill()
    child.communicate()
    before = calls_in(saved(tmp_path))
    pids = {int(pid) for pid in (tmp_path / "pids").read_text().split()}
    wait_until(lambda: not any(map(lives, pids)))

    again = slow("--resume", "--timeout", "1")
    out, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    found = gs.load(saved(tmp_path))
    assert found.calls[: len(before)] == before
    assert [each.name for each in found.calls] == [f"time.sleep[{letter}]" for letter in "abcdefgh"]
    assert [each.kind for each in found.failed] == ["hung"]
    assert "time.sleep[long]: hung: it took longer than 1 s" in out


@linux
def test_a_call_that_hangs_ends_even_if_nobody_is_there_to_end_it(slow, tmp_path):
    child = slow("--match", "long", "--timeout", "1")
    wait_until(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text().endswith("\n"))
    child.kill()
    child.communicate()
    pid = int((tmp_path / "pids").read_text())
    wait_until(lambda: not lives(pid))


@linux
def test_ctrl_c_ends_it_at_once_and_says_how_to_go_on(slow, tmp_path):
    child = slow()
    wait_until(lambda: len(calls_in(saved(tmp_path))) == 8)
    wait_until(lambda: len((tmp_path / "pids").read_text().split()) >= 9)  # now it hangs
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=15)
    path = saved(tmp_path)
    assert child.returncode == 130
    assert err.splitlines()[-1] == f"interrupted; the same command with --resume goes on: what was measured is in {path}"
    assert not any(lives(int(pid)) for pid in (tmp_path / "pids").read_text().split())
    assert len(calls_in(path)) == 8


@pytest.mark.skipif(os.name != "posix", reason="a fork")
def test_surveys_that_are_resumed_together_were_started_together(cli, tmp_path, monkeypatch):
    from gilscope.commands._atlas import paths_of

    first = paths_of(["numpy", "a/own.toml"], resume=False)
    assert [path.name.partition("-")[0] for path in first.values()] == ["numpy", "own"]
    assert len({path.name.partition("-")[2] for path in first.values()}) == 1
    first["numpy"].parent.mkdir(parents=True)
    first["numpy"].touch()
    assert paths_of(["numpy", "a/own.toml"], resume=True) == first
