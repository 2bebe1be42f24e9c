"""A page that makes no request: its style, its script and Vega's are inside, and the browser itself refuses anything else."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import metadata
from importlib.resources import files
from string import Template
from typing import Any

from gilscope.files import cached
from gilscope.reports.pictures.picture import DARK, LIGHT, Figure, config, require_libraries, version

#: Scripts, style and pictures that stand in the page itself, and nothing else.
POLICY = "default-src 'none'; script-src 'unsafe-inline'{}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
#: Vega compiles its expressions with Function, which is "eval" here.
FIGURES_NEED = " 'unsafe-eval'"


@dataclass(frozen=True)
class Article:
    """A session, a trace or an atlas on a page.

    Parameters
    ----------
    title : str
        Plain text.
    parts : tuple of str or Figure
        HTML and pictures, in their order.
    assets : str
        What it adds to every page's style and script: "atlas" is assets/atlas.css and atlas.js.
    """

    title: str
    parts: tuple[str | Figure, ...]
    assets: str = ""


def page(articles: list[Article]) -> str:
    """Return the page; only one with pictures needs the libraries that draw them."""
    figures = [part for article in articles for part in article.parts if isinstance(part, Figure)]
    added = list(dict.fromkeys(each.assets for each in articles if each.assets))
    if figures:
        require_libraries("a page")
    return Template(asset("page.html")).substitute(
        title=escape(articles[0].title if len(articles) == 1 else "gilscope report"),
        policy=POLICY.format(FIGURES_NEED if figures else ""),
        style="\n".join(asset(f"{name}.css") for name in ("page", *added)),
        contents=contents(articles),
        body="\n".join(numbered(articles)),
        library=f"<script>{library()}</script>" if figures else "",
        constants=constants(figures) if figures else "",
        script="\n".join(asset(f"{name}.js") for name in ("page", *(["figures"] if figures else []), *added)),
    )


def asset(name: str) -> str:
    """Return a file of the page's style or script."""
    return (files("gilscope.reports") / "assets" / name).read_text(encoding="utf-8")


def constants(figures: list[Figure]) -> str:
    """Return what the script of the pictures is given."""
    given = {
        "FIGURES": [as_json(each) for each in figures],
        "CONFIG": config("transparent"),
        "INK": {"light": LIGHT, "dark": DARK},
    }
    return "\n".join(f"const {name} = {script(value)}" for name, value in given.items())


@cache
def library() -> str:
    """Return Vega's JavaScript; from the cache, for to put it together takes about a second."""
    import vl_convert

    def bundle() -> str:
        """Put it together."""
        return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed", version()))

    return cached(f"vega-{metadata.version('vl-convert-python')}-{version()}.js", bundle)


def verdict(sentences: list[str]) -> str:
    """Return what stands first on a page; the first sentence stands out, and those that begin a longer paragraph."""
    parts = [re.split(r"(?<=\.) (?=[A-Z])", each, maxsplit=1) for each in sentences]
    lines = [strong(first, rest) if rest or not at else prose(first) for at, (first, *rest) in enumerate(parts)]
    return f'<div class="verdict">{"".join(f"<p>{line}</p>" for line in lines)}</div>'


def strong(first: str, rest: list[str]) -> str:
    """Return a paragraph whose first sentence stands out."""
    return " ".join([f"<strong>{prose(first)}</strong>", *map(prose, rest)])


def prose(words: str) -> str:
    """Return words as HTML, and what is between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words))


def select(key: str, label: str, options: dict[str, str]) -> str:
    """Return what chooses one of a few, by what it is called."""
    found = "".join(f'<option value="{escape(value)}">{escape(words)}</option>' for words, value in options.items())
    return f'<label>{label} <select name="{key}"><option value="">all</option>{found}</select></label>'


def contents(articles: list[Article]) -> str:
    """Return links to the articles, where there are several."""
    if len(articles) == 1:
        return ""
    return "".join(f'<a href="#part-{at}">{escape(each.title)}</a>' for at, each in enumerate(articles, 1))


def numbered(articles: list[Article]) -> list[str]:
    """Return the articles as HTML; pictures are counted over all of them."""
    count, found = 0, []
    for at, article in enumerate(articles, 1):
        lines = []
        for part in article.parts:
            lines.append(part if isinstance(part, str) else box(part, count))
            count += not isinstance(part, str)
        found.append("\n".join([f'<article id="part-{at}">', *lines, "</article>"]))
    return found


def box(figure: Figure, number: int) -> str:
    """Return where a picture goes."""
    heading = f"<h3>{escape(figure.heading)}</h3>" if figure.heading else ""
    label = escape(figure.label)
    half = ' class="half"' if figure.half else ""
    return f'<figure{half}>{heading}<div class="plot" data-figure="{number}" role="group" aria-label="{label}"></div></figure>'


def as_json(figure: Figure) -> dict[str, Any]:
    """Return what the script needs of a picture; with a kernel, it is hidden when no row is left."""
    about: dict[str, Any] = {"specs": figure.specs, "rows": figure.rows, "canvas": figure.canvas}
    return about | ({"kernel": figure.kernel} if figure.kernel else {})


def script(value: Any) -> str:
    """Write JSON that no name inside can end the script with, or open a comment."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
