"""What all tests need."""

import os
import signal
import sys
from dataclasses import replace

import pytest

# A shell starts background jobs with SIGINT ignored, and programs inherit that: no test of Ctrl-C could pass there.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory):
    """A cache of the tests' own, not the user's."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
            patch.setenv(name, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def environment(tmp_path):
    return {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path), "COLUMNS": "120"}


@pytest.fixture
def tiny(monkeypatch):
    """An experiment with two groups, and the plan of a test."""
    from gilscope import running  # imported only where it is used: some tests look at what an import costs
    from gilscope.cases import Case
    from gilscope.experiments import EXPERIMENTS, Course
    from gilscope.measure import Group, Plan

    released, held = Case("exp.c.released", 500, "threads", 2), Case("add.c.held", 500, "threads", 2)
    course = Course((Group("exp", (released,), until=0.5), Group("add", (held,))), seconds=1.5)
    plans = dict.fromkeys(["quick", "default"], Plan(blocks=2, sample_seconds=0.0002))
    experiment = replace(EXPERIMENTS["seed"], name="tiny", course=lambda *_: course, plans=plans)
    monkeypatch.setitem(EXPERIMENTS, "tiny", experiment)
    monkeypatch.setattr(running, "usable_cores", lambda: [0, 1])
    return experiment


@pytest.fixture
def cli(monkeypatch, capfd):
    """Run a command in this process: its exit status, its output and its errors."""
    from gilscope.commands import main

    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["gilscope", *map(str, arguments)])
        try:
            main()
            status = 0
        except SystemExit as end:
            status = end.code or 0
        return (status, *capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A browser for all tests of pages; to start it takes seconds."""
    import browsers

    driver = browsers.start(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture
def much_memory(monkeypatch):
    """More memory than any case needs."""
    from gilscope import measure

    monkeypatch.setattr(measure, "available_memory", lambda: 2**40)
