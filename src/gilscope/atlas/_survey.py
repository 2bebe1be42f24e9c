"""Probing a whole catalogue: which one, in which order, and what is kept of a survey that was interrupted."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from gilscope._native import tracer
from gilscope.atlas import CATALOGUES
from gilscope.atlas._catalogue import Catalogue, Entry, read_catalogue
from gilscope.atlas._process import Found, Prober
from gilscope.atlas_data import UNKNOWN, Atlas, AtlasError, matches
from gilscope.loading import load
from gilscope.machine import gil_is_on, machine
from gilscope.running import SAME, fact, native_facts, nothing

#: What a package calls its own.
SHIPPED = "gilscope-atlas.toml"

TIMEOUT_SECONDS = 20.0


def survey(
    what: str = "numpy",
    *,
    match: str = "",
    timeout: float = TIMEOUT_SECONDS,
    path: str | os.PathLike[str] | None = None,
    resume: bool = False,
    seen: Callable[[Entry, Found, Atlas], None] = nothing,
    progress: Callable[[float], None] = nothing,
) -> Atlas:
    """Find out what the calls of a package do with the GIL, each at several sizes, in a process of their own.

    Parameters
    ----------
    what : str
        "numpy", "scipy" or "stdlib"; a file that ends in ``.toml`` (`gilscope.atlas._catalogue` describes it); or a package that
        ships one.
    match : str
        Only calls with this in their name; upper and lower case are the same.
    timeout : float
        Seconds for each call, at all its sizes together; what takes longer has failed.
    path : path-like, optional
        Where the atlas is saved after each call; not saved if None.
    resume : bool
        Whether to go on with the atlas at `path`: what was measured is kept, what failed or was skipped is tried again.
    seen : callable, optional
        Told of each call, as it is in the catalogue, what became of it, and the atlas so far.
    progress : callable, optional
        Told what share of the calls is done, from 0 to 1.

    Returns
    -------
    Atlas
        Also in the file at `path`.

    Raises
    ------
    ValueError
        There is no such catalogue, no call with `match` in its name, or the atlas to resume is of something else.
    CatalogueError
        The file is not as it should be.
    """
    if not timeout > 0:
        raise ValueError(f"timeout must be a number of seconds above 0, not {timeout!r}")
    plan = planned(what, match)
    if not plan.entries:
        raise ValueError(f"{what} has no call with {match!r} in its name")
    atlas = _resumed(plan, Path(path)) if resume and path is not None and Path(path).exists() else _new(plan)
    known = atlas.names()
    with Prober(timeout, plan.path) as prober:
        for done, entry in enumerate(plan.entries, 1):
            if entry.name not in known:
                found = prober.probe(entry)
                atlas.add(found)
                if path is not None:
                    atlas.save(path)
                seen(entry, found, atlas)
            progress(done / len(plan.entries))
    return atlas


@dataclass(frozen=True)
class Survey:
    """What is to be probed: calls of a package, and where modules are looked for."""

    package: str
    version: str
    entries: tuple[Entry, ...]
    path: tuple[str, ...]


def planned(what: str, match: str = "") -> Survey:
    """Return what is to be probed, which may be nothing; ValueError where there is no catalogue."""
    file = catalogue_file(what)
    catalogue = read_catalogue(file)
    entries = tuple(each for each in catalogue.entries if matches(each.name, match))
    own = (str(file.resolve().parent),) if what.endswith(".toml") else ()
    return Survey(catalogue.package, version_of(catalogue), entries, (*sys.path, *own))


def catalogue_file(what: str) -> Path:
    """Return where the catalogue is; ValueError if there is none."""
    if what.endswith(".toml"):
        return Path(what)
    if what in CATALOGUES:
        _require_installed(what)
        return CATALOGUES[what]
    found = [file for folder in _folders(what) if (file := Path(folder, SHIPPED)).is_file()]
    if not found:
        known = ", ".join(CATALOGUES)
        raise ValueError(f"there is no atlas of {what!r}: name {known}, a FILE.toml, or a package that ships a {SHIPPED}")
    return found[0]


def _require_installed(package: str) -> None:
    """Raise ValueError for a package that is not there."""
    if package != "stdlib" and importlib.util.find_spec(package) is None:
        raise ValueError(f"there is no atlas of {package} here, because it is not installed: pip install {package}")


def _folders(package: str) -> list[str]:
    """Return the folders of a package, which is not imported; none if there is no such package."""
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    return list(spec.submodule_search_locations or ()) if spec else []


def version_of(catalogue: Catalogue) -> str:
    """Return the version of the package, without importing it; "unknown" if it was not installed as one."""
    if catalogue.package == "stdlib":
        return platform.python_version()
    try:
        return metadata.version(catalogue.package)
    except metadata.PackageNotFoundError:
        # A package may be installed under another name; to find that takes long.
        names = metadata.packages_distributions().get(catalogue.package)
        return metadata.version(names[0]) if names else UNKNOWN


def _new(plan: Survey) -> Atlas:
    """Return an empty atlas for this machine."""
    return Atlas(plan.package, plan.version, machine(native_facts()), method=method())


def method() -> str:
    """Return how calls are watched here."""
    if not gil_is_on():
        return "off"
    return "trace" if tracer.unavailable() is None else "ticker"


def _resumed(plan: Survey, path: Path) -> Atlas:
    """Load an atlas to go on with, of the same package, Python and processor; what has changed in the catalogue is dropped."""
    atlas, here = load(path), _new(plan)
    if not isinstance(atlas, Atlas):
        raise AtlasError(f"{path} is not the atlas of one package: name another file")
    if atlas.title != here.title:
        raise ValueError(f"{path} is an atlas of {atlas.title}, not of {here.title}: name another file")
    differing = [each for each in SAME if fact(atlas.machine, each) != fact(here.machine, each)]
    if differing:
        raise ValueError(f"{path} was measured elsewhere ({', '.join(differing)} differ): name another file")
    same = {(each.name, each.statement, each.setup, each.unit, each.sizes) for each in plan.entries}
    kept = [
        each
        for each in atlas.calls
        if (each.name, each.statement, each.setup, each.unit, tuple(size.size for size in each.sizes)) in same
    ]
    return Atlas(**{**vars(atlas), "calls": kept, "skipped": [], "failed": []})
