"""Where sessions and atlases go unless the user says where, what the cache keeps, and files written whole or not at all."""

import os
import re
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["cached", "default_path", "last_session", "write_atomically"]


def default_path(experiment: str, folder: str = "sessions") -> Path:
    """Return where a run of `experiment` that starts now goes unless the user says where: a new file in the cache."""
    name = re.sub(r"[^\w.-]+", "-", experiment)
    return _cache() / folder / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.json"


def last_session(experiment: str = "*", folder: str = "sessions") -> Path | None:
    """Return the file that was last written where `default_path` points to, of one experiment or of any; or None."""
    found = (_cache() / folder).glob(f"{experiment}-????????T*Z.json")  # the time too: seed-full is another experiment than seed
    return max(found, key=lambda path: (path.stat().st_mtime_ns, path.name), default=None)


def cached(name: str, make: Callable[[], str]) -> str:
    """Return the text of a file in the cache; where there is none it is made, and kept if it can be."""
    path = _cache() / name
    with suppress(OSError, ValueError):  # ValueError: it is no text
        return path.read_text(encoding="utf-8")
    text = make()
    with suppress(OSError):
        write_atomically(path, text.encode("utf-8"))
    return text


# The user's cache: the variable that names it (ignored if relative, as the XDG specification says), or where in home.
_CACHES = {"win32": ("LOCALAPPDATA", "AppData/Local"), "darwin": ("XDG_CACHE_HOME", "Library/Caches")}


def _cache() -> Path:
    variable, usual = _CACHES.get(sys.platform, ("XDG_CACHE_HOME", ".cache"))
    given = Path(os.environ.get(variable, ""))
    return (given if given.is_absolute() else Path.home() / usual) / "gilscope"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all, and make the directories that are missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the file, because a rename is atomic only within one file system; and opened by hand, because what tempfile
    # makes can be read by its owner only.
    temporary = path.with_name(f".gilscope-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:  # Ctrl-C too
        temporary.unlink(missing_ok=True)
        raise
