"""Watching: observe several scenes in turn, block by block, and go on where an interrupted run stopped. Nothing here prints.

Scenes that are compared are interleaved (A B C, C B A, ...) as cases are: what the machine does meanwhile hits all of them alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gilscope.observations import Observation
from gilscope.results import Session

__all__ = ["Scene", "Watch", "watch"]


@dataclass(frozen=True)
class Scene:
    """Something to observe again and again.

    Parameters
    ----------
    label : str
        What it is called in the session.
    take : callable
        Observes it once; returns a value for each number, under the same names each time.
    conditions : mapping
        What it is observed under, as the session holds it.
    """

    label: str
    take: Callable[[], Mapping[str, float]]
    conditions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Watch:
    """Scenes to compare with each other.

    Parameters
    ----------
    scenes : tuple of Scene
        In the order of the even blocks; the odd ones go backwards.
    units : mapping
        The unit of each number.
    until : float
        Which share of the whole run is done when this watch is: for a progress bar.
    """

    scenes: tuple[Scene, ...]
    units: Mapping[str, str]
    until: float = 1.0


def watch(
    watches: Iterable[Watch],
    session: Session,
    blocks: int,
    *,
    save: Callable[[Session], None] = lambda session: None,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Watch, list[Observation]]]:
    """Observe one watch after the other, and yield each with what was observed.

    Blocks that the session holds already are not taken again.

    Parameters
    ----------
    watches : iterable of Watch
        What to observe, in order.
    session : Session
        Where observations go.
    blocks : int
        How often to observe each scene.
    save : callable
        Called with the session after each block.
    tick : callable
        Called after each block, also for those that the session held, `blocks` times for each watch.
    """
    for each in watches:
        for block in range(blocks):
            if block >= taken(each, session):
                take_block(each, session, backwards=block % 2 == 1)
                save(session)
            tick()
        yield each, [session.observations[scene.label] for scene in each.scenes]


def taken(watch: Watch, session: Session) -> int:
    """Return how many blocks the session holds of all scenes of a watch."""
    known = session.observations
    return min(known[scene.label].blocks if scene.label in known else 0 for scene in watch.scenes)


def take_block(watch: Watch, session: Session, backwards: bool) -> None:
    """Observe each scene once; a block counts whole or not at all, so that each was observed beside all others."""
    block = {scene.label: scene.take() for scene in (watch.scenes[::-1] if backwards else watch.scenes)}
    for scene in watch.scenes:
        before = session.observations.get(scene.label) or Observation(scene.label, dict(scene.conditions))
        session.observe(before.with_block(block[scene.label], watch.units))
