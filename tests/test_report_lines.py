"""Reports of experiments that show lines of their own: every output has them, and none draws what is not there."""

from dataclasses import replace

import pytest

from gilscope.experiments import EXPERIMENTS
from gilscope.reports.figures import chart, figures
from gilscope.reports.html import session_article
from gilscope.reports.markdown import session_markdown
from gilscope.reports.pictures.picture import NothingToDraw
from gilscope.reports.terminal import session_text
from gilscope.results import Session

MACHINE = {"python": "3.13.1", "gil": True, "cores_usable": 2, "numpy": "2.4.6", "native": {"isa": "avx2", "best_isa": "avx2"}}
LINES = ["a call   of <it>", "20 us    ```1.5x"]


@pytest.fixture
def session(monkeypatch):
    """Of an experiment that shows lines, without a case."""
    made_up = replace(EXPERIMENTS["starvation"], lines=lambda session: LINES, verdict=lambda session: ["They freeze."])
    monkeypatch.setitem(EXPERIMENTS, "starvation", made_up)
    return Session("starvation", MACHINE)


def test_the_terminal_shows_them(session):
    assert session_text(session).splitlines()[2:] == ["", *LINES, "", "They freeze."]


def test_markdown_shows_them_as_they_are(session):
    shown = session_markdown(session)
    assert f"## What was measured\n\n````text\n{LINES[0]}\n{LINES[1]}\n````\n" in shown
    assert "All cases" not in shown


def test_a_page_shows_them_escaped(session):
    shown = "".join(map(str, session_article(session).parts))
    assert '<pre class="lines">a call   of &lt;it&gt;\n20 us    ```1.5x</pre>' in shown
    assert "<form" not in shown
    assert "cases" not in shown


def test_there_is_no_picture_without_speed_ups(session):
    assert figures(session) == []
    with pytest.raises(NothingToDraw, match="there is nothing to draw of starvation: nothing was measured"):
        chart(session)
