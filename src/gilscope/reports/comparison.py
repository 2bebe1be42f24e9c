"""Two sessions compared, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gilscope.comparing import Comparison, Difference
from gilscope.reports.content import written
from gilscope.reports.text import wrapped
from gilscope.wording import duration, percent

ID, MOST_FACT = 44, 60
NEAR = 0.02  # a common factor that nobody need know of
COMMON = "A machine in another phase looks so, and so does a change to everything; single cases stand out with and without it."


def text(found: Difference) -> str:
    """Return what changed, what else differs, and what is as it was."""
    cases = [*changed_lines(found), *moved_lines(UNSURE, found.unsure), *moved_lines(CEILINGS, found.ceilings)]
    return "\n".join([*cases, "", *map(wrapped, common_words(found)), *fact_lines(found.facts), *only_lines(found)])


def changed_lines(found: Difference) -> Iterator[str]:
    """Yield a line for each case that changed, then how many did not."""
    if found.changed:
        yield heading("changed")
        yield from (case_line(each) for each in found.changed)
    same = [each for each in found.cases if not each.change]
    noisy = sum(each.noisy for each in same)
    also = f"; {noisy} of them {'is' if noisy == 1 else 'are'} noisy" if noisy else ""
    if found.changed:
        yield f"The other {len(same)} of {len(found.cases)} cases: no change that noise would not explain{also}."
    else:
        yield f"No change that noise would not explain, in {len(same)} case{'s' if len(same) != 1 else ''}{also}."


UNSURE = "moved, but too noisy to tell: measure again"
CEILINGS = "ceilings: the machine, no Python in the way"


def moved_lines(title: str, cases: tuple[Comparison, ...]) -> Iterator[str]:
    """Yield a line for each case that moved as far as one that changed, and is not called a change."""
    if cases:
        yield f"\n{heading(title)}"
        yield from map(case_line, cases)


def heading(words: str) -> str:
    """Return what stands above the cases."""
    return f"{words:{ID}} {'before':>9} {'after':>9}   after / before"


def case_line(each: Comparison) -> str:
    """Return a case that changed."""
    before, after = (duration(result.seconds.value) for result in (each.before, each.after))
    return f"  {each.id:{ID - 2}} {before:>9} {after:>9}   {each.ratio:.2f} {each.change}"


def common_words(found: Difference) -> Iterator[str]:
    """Yield what all cases share, and how far apart they are beyond it."""
    if abs(found.common - 1) > NEAR:
        direction = "slower" if found.common > 1 else "faster"
        factor = max(found.common, 1 / found.common)
        yield f"All in all the second session is {factor:.2f} times {direction}. {COMMON}"
    verb = "differ" if found.drift_is_measured else "(too few to say) are taken to differ"
    drift = percent(found.drift)
    yield f"Groups of cases measured together {verb} by {drift} from run to run; what a few times that explains is no change."


def fact_lines(facts: Mapping[str, tuple[Any, Any]], heading: str = "What else differs:") -> Iterator[str]:
    """Yield what differs between the machines and builds."""
    if not facts:
        yield "Machine, Python and build are the same."
        return
    yield heading
    for name, values in facts.items():
        before, after = map(brief, apart(*values))
        yield f"  {name.replace('_', ' ')}: {before} -> {after}"


def apart(before: object, after: object) -> tuple[object, object]:
    """Return two facts; of two lists, what only one of them has."""
    if not (isinstance(before, list) and isinstance(after, list)):
        return before, after
    return [each for each in before if each not in after] or None, [each for each in after if each not in before] or None


def brief(value: object) -> str:
    """Write a fact in a short line."""
    words = "-" if value is None else written(value)
    return words if len(words) <= MOST_FACT else f"{words[: MOST_FACT - 3]}..."


def only_lines(found: Difference) -> Iterator[str]:
    """Yield how many cases cannot be compared."""
    for where, ids in (("first", found.only_before), ("second", found.only_after)):
        if ids:
            names = ", ".join(ids[:3]) + (", ..." if len(ids) > 3 else "")
            yield wrapped(f"Only in the {where} session: {len(ids)} case{'s' if len(ids) != 1 else ''} ({names}).")
