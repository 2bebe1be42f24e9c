"""Which cores this process may use, how much of them, and how to stay on one."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["cgroup_quota", "pinned", "usable_cores"]


def usable_cores() -> list[int]:
    """Return the numbers of the cores that the calling thread may run on, in order."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux and FreeBSD
    return sorted(affinity(0)) if affinity else list(range(os.cpu_count() or 1))


@contextlib.contextmanager
def pinned(cores: int | Iterable[int]) -> Iterator[frozenset[int] | None]:
    """Keep the calling thread on one core or a few, and let it go again at the end.

    Parameters
    ----------
    cores : int or iterable of int
        Which: of `usable_cores`.

    Yields
    ------
    frozenset of int or None
        The cores the thread is kept on; None where the system cannot do it (macOS, Windows) and the thread floats.
    """
    wanted = frozenset([cores] if isinstance(cores, int) else cores)
    usable = usable_cores()
    if not wanted or not wanted <= set(usable):  # the kernel would silently take the intersection
        raise ValueError(f"cores must be some of {usable}, not {sorted(wanted)}")
    pin = getattr(os, "sched_setaffinity", None)
    if pin is None:
        yield None
        return
    pin(0, wanted)  # 0 is the calling thread, not the process (sched_setaffinity(2))
    try:
        yield wanted
    finally:
        pin(0, usable)


def cgroup_quota(proc: Path = Path("/proc/self")) -> float | None:
    """Return how many cores' worth of time the control group may use, or None if there is no limit.

    Parameters
    ----------
    proc : Path
        Where ``cgroup`` and ``mountinfo`` are read.

    Returns
    -------
    float or None
        The tightest limit of the group and the groups around it.
    """
    quotas = [quota for folder in _group_folders(proc) if (quota := _quota(folder)) is not None]
    return min(quotas, default=None)


def _quota(folder: Path) -> float | None:
    try:
        if (v2 := folder / "cpu.max").exists():
            quota, period = v2.read_text().split()
        else:
            quota, period = (folder / "cpu.cfs_quota_us").read_text(), (folder / "cpu.cfs_period_us").read_text()
        return int(quota) / int(period) if quota.strip() not in ("max", "-1") else None
    except OSError:  # the root group has no such file
        return None


def _group_folders(proc: Path) -> Iterator[Path]:
    """Yield the folders of our group and of those around it, in each hierarchy that can limit processor time."""
    try:
        groups = _groups((proc / "cgroup").read_text())
        mounts = (proc / "mountinfo").read_text().splitlines()
    except OSError:  # not Linux
        return
    for mount in mounts:
        before, _, after = mount.partition(" - ")
        root, point = before.split()[3:5]
        kind, *_, options = after.split()
        controller = {"cgroup2": "", "cgroup": "cpu"}.get(kind)
        if controller in groups and (kind == "cgroup2" or "cpu" in options.split(",")):
            yield from _upwards(Path(point), groups[controller], root)


def _groups(text: str) -> dict[str | None, str]:
    """Map each controller to the path of our group: lines are ``4:cpu,cpuacct:/path``, in version 2 ``0::/path``."""
    lines = [line.split(":", 2) for line in text.splitlines()]
    return {controller: path for _, controllers, path in lines for controller in controllers.split(",")}


def _upwards(point: Path, group: str, root: str) -> Iterator[Path]:
    """Yield the folder of `group` and its parents up to the mount point, which shows the group `root`."""
    # In a container the mount may show a group that is not ours, or only ours: then its top is all there is to see.
    inside = Path(group).relative_to(root) if Path(group).is_relative_to(root) else Path()
    yield from (point / part for part in (inside, *inside.parents))
