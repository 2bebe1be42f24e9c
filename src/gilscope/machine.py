"""The machine as far as it bears on a measurement, what would spoil one, and what a piece of work has used.

Everything here is JSON-ready and says nothing about whose machine it is: no host name, no user name, no path.
"""

import contextlib
import functools
import importlib
import operator
import os
import platform
import re
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from gilscope import cores

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

__all__ = ["Usage", "available_memory", "gilscope_version", "machine", "spoilers", "steal_seconds", "usage"]

# Where Linux describes itself; elsewhere neither exists and the facts read from there are None.
_PROC = Path("/proc")
_SYS = Path("/sys")


# What a piece of work has used


@dataclass(frozen=True)
class Usage:
    """What a thread or a process has used so far; a sample is *after* - *before*, summed over the workers.

    `cpu_seconds` is time on a core, `system_seconds` what of it the system's kernel used. A minor fault is a page that the
    kernel had to map, and mostly to clear. A voluntary switch is a wait, for the GIL or anything else; an involuntary one gave
    the core to others.
    """

    cpu_seconds: float = 0.0
    minor_faults: int = 0
    voluntary_switches: int = 0
    involuntary_switches: int = 0
    system_seconds: float = 0.0

    def __add__(self, other: Self) -> Self:
        return self._with(operator.add, other)

    def __sub__(self, other: Self) -> Self:
        return self._with(operator.sub, other)

    def _with(self, operation: Callable[[Any, Any], Any], other: Self) -> Self:
        return type(self)(*map(operation, vars(self).values(), vars(other).values()))


def usage(thread: bool) -> Usage:
    """Return what the calling thread, or with ``thread=False`` the whole process, has used since it started.

    Faults and switches are 0 where the system does not count them: on Windows, and for a thread on macOS.
    """
    cpu_seconds = time.thread_time() if thread else time.process_time()  # finer than getrusage's microseconds
    who = getattr(resource, "RUSAGE_THREAD" if thread else "RUSAGE_SELF", None)
    if who is None:
        return Usage(cpu_seconds)
    used = resource.getrusage(who)
    return Usage(cpu_seconds, used.ru_minflt, used.ru_nvcsw, used.ru_nivcsw, used.ru_stime)


def queued_ns() -> int:
    """Return how long the calling thread has wanted a core that others had, in all; 0 where the system does not say."""
    content = _read(_PROC / "thread-self" / "schedstat") or ""  # time on a core and in the queue for one (both ns), time slices
    return int(content.split()[1]) if content.strip() else 0


def steal_seconds() -> float:
    """Return the seconds since boot for which a hypervisor kept back cores, over all of them; 0.0 off Linux."""
    ticks = _processor_ticks()
    return ticks[_STEAL] / os.sysconf("SC_CLK_TCK") if ticks else 0.0


_STEAL = 7  # user nice system idle iowait irq softirq steal; guest time, which follows, is within user (proc_stat(5))


def _processor_ticks() -> list[int]:
    ticks = (_read(_PROC / "stat") or "cpu").partition("\n")[0].split()[1:]
    return [int(each) for each in ticks[: _STEAL + 1]]


def _steal_fraction() -> float | None:
    ticks = _processor_ticks()
    return ticks[_STEAL] / sum(ticks) if sum(ticks) else None


# Memory


def available_memory() -> int:
    """Return the bytes that can be allocated without swapping, within the limit of the control group.

    Where neither Linux nor Windows says, half of what is installed; 1 GiB if not even that is known.
    """
    free = _meminfo("MemAvailable") or _windows_memory()[1] or _installed() // 2 or 2**30
    return min([free, *_group_memory_left()])


def _total_memory() -> int | None:
    return _meminfo("MemTotal") or _windows_memory()[0] or _installed() or None


def _meminfo(name: str) -> int:
    found = re.search(rf"^{name}:\s*(\d+) kB", _read(_PROC / "meminfo") or "", re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _installed() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows; unknown name; no answer
        return 0


def _windows_memory() -> tuple[int, int]:
    """Return total and available bytes: ullTotalPhys and ullAvailPhys of MEMORYSTATUSEX; zeros off Windows."""
    if sys.platform != "win32":
        return 0, 0
    import ctypes

    status = (ctypes.c_uint64 * 8)(64)  # dwLength is 64, dwMemoryLoad 0, then seven 64-bit numbers
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return status[1], status[2]


# Control groups: limit, usage, and in memory.stat the file pages, which count as used but go when memory is wanted.
_GROUP_FILES = {
    "": ("memory.max", "memory.current", "inactive_file"),  # version 2
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),  # version 1
}


def _group_memory_left() -> list[int]:
    """Return the bytes left in our control group and in each around it that has a limit."""
    left = []
    for line in (_read(_PROC / "self" / "cgroup") or "").splitlines():
        _, controllers, group = line.split(":", 2)
        if controllers in _GROUP_FILES:
            folder = _SYS / "fs" / "cgroup" / controllers
            inside = Path(group.lstrip("/"))
            # In a container the path may be one of the host's that cannot be seen; the mount's own top always can.
            left += [_left(folder / part, *_GROUP_FILES[controllers]) for part in (inside, *inside.parents)]
    return [each for each in left if each is not None]


def _left(folder: Path, limit: str, used: str, reclaimable: str) -> int | None:
    maximum, current = _read(folder / limit), _read(folder / used)
    if not (maximum and current) or maximum == "max":
        return None
    found = re.search(rf"^{reclaimable} (\d+)$", _read(folder / "memory.stat") or "", re.MULTILINE)
    return max(0, int(maximum) - int(current) + (int(found[1]) if found else 0))


# Python


@functools.cache
def gilscope_version() -> str:
    """Return the version of the installed gilscope, "unknown" when it runs from a bare source tree."""
    from importlib import metadata  # takes 10 ms

    try:
        return metadata.version("gilscope")
    except metadata.PackageNotFoundError:
        return "unknown"


def gil_is_on() -> bool:
    """Tell whether this Python has a GIL that is on: not in a free-threaded one, unless it was asked to."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def _jit() -> bool:
    return bool(getattr(getattr(sys, "_jit", None), "is_enabled", lambda: False)())


# Processor


def _cpu() -> str:
    found = re.search(r"^(?:model name|Model|Hardware|cpu)\s*:\s*(.+)$", _cpuinfo(), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def _hypervisor() -> bool | None:
    flags = re.search(r"^flags\s*:(.*)$", _cpuinfo(), re.MULTILINE)
    return "hypervisor" in flags[1].split() if flags else None


def _cpuinfo() -> str:
    return _read(_PROC / "cpuinfo") or ""


def _can_pin() -> bool:
    try:  # Some sandboxes have the call but refuse it. This one changes nothing.
        os.sched_setaffinity(0, os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return False
    return True


def _load_average() -> list[float] | None:
    with contextlib.suppress(AttributeError, OSError):
        return list(os.getloadavg())
    return None


def _transparent_hugepages() -> str | None:
    found = re.search(r"\[(\w+)\]", _read(_SYS / "kernel/mm/transparent_hugepage/enabled") or "")
    return found[1] if found else None


def _read(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return None


# Libraries


def _numpy() -> str:
    return str(importlib.import_module("numpy").__version__)


def _numpy_cpu_features() -> list[str]:
    try:
        features = importlib.import_module("numpy._core._multiarray_umath").__cpu_features__
    except (ImportError, AttributeError):  # a private name
        return []
    return [name for name, enabled in features.items() if enabled]


_LIBRARY_KEYS = ("user_api", "internal_api", "version", "num_threads", "threading_layer", "architecture")


def _libraries() -> list[dict[str, Any]]:
    """Describe the BLAS and OpenMP libraries that are loaded, and so after NumPy; of the path only the file name."""
    found = importlib.import_module("threadpoolctl").threadpool_info()
    return [{"file": Path(each["filepath"]).name} | {key: each.get(key) for key in _LIBRARY_KEYS} for each in found]


_VARIABLES = re.compile(
    r"(OMP|GOMP|KMP|OPENBLAS|GOTO|MKL|BLIS|VECLIB|NPY|NUMEXPR|NUMBA|MALLOC|GLIBC)_\w+"
    r"|PYTHON(_GIL|_JIT|_CPU_COUNT|MALLOC|DEVMODE|TRACEMALLOC|OPTIMIZE)|LD_PRELOAD"
)


def _environment() -> dict[str, str]:
    chosen = {name: value for name, value in sorted(os.environ.items()) if _VARIABLES.fullmatch(name)}
    return {name: "(a path)" if re.search(r"[/\\]", value) else value for name, value in chosen.items()}


#: What a session records of its machine: name → function; None where the system does not say. `libraries` comes last:
#: NumPy has loaded its own by then, and threadpoolctl, once imported, sets a variable that `environment` would show.
FACTS: dict[str, Callable[[], Any]] = {
    "gilscope": gilscope_version,
    "python": platform.python_version,
    "implementation": platform.python_implementation,
    "compiler": platform.python_compiler,
    "free_threaded_build": lambda: bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "debug_build": lambda: hasattr(sys, "gettotalrefcount"),
    "gil": gil_is_on,
    "jit": _jit,
    "traced": lambda: bool(sys.gettrace() or sys.getprofile()),
    "switch_interval_seconds": sys.getswitchinterval,
    "platform": platform.platform,
    "libc": lambda: " ".join(platform.libc_ver()).strip() or None,
    "cpu": _cpu,
    "cores_present": os.cpu_count,
    "cores_usable": lambda: len(cores.usable_cores()),
    "cores_quota": lambda: cores.cgroup_quota(),
    "can_pin": _can_pin,
    "governor": lambda: _read(_SYS / "devices/system/cpu/cpu0/cpufreq/scaling_governor"),
    "hypervisor": _hypervisor,
    "steal_fraction": _steal_fraction,
    "load_average": _load_average,
    "memory_bytes": _total_memory,
    "available_memory_bytes": available_memory,
    "transparent_hugepages": _transparent_hugepages,
    "clocksource": lambda: _read(_SYS / "devices/system/clocksource/clocksource0/current_clocksource"),
    "numpy": _numpy,
    "numpy_cpu_features": _numpy_cpu_features,
    "environment": _environment,
    "libraries": _libraries,
}


def machine(native: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what matters to compare two sessions, JSON-ready: the names are those of `FACTS`, and ``native``.

    Call it before measuring: the load average afterwards is our own.

    Parameters
    ----------
    native : mapping, optional
        What the compiled modules say of themselves: compiler, flags, isa, best_isa, openmp.
    """
    return {name: fact() for name, fact in FACTS.items()} | {"native": dict(native or {})}


def _load(machine: Mapping[str, Any]) -> float:
    return float((machine.get("load_average") or [0.0])[0])


def _throttled(machine: Mapping[str, Any]) -> bool:
    return bool((machine.get("cores_quota") or float("inf")) < machine.get("cores_usable", 1))


#: What would spoil a measurement: whether it is so, and the sentence, which the machine's facts complete.
SPOILERS: tuple[tuple[Callable[[Mapping[str, Any]], bool], str], ...] = (
    (
        lambda its: its.get("cores_usable") == 1,
        "only one core is usable: threads cannot overlap, so there is no speed-up to measure",
    ),
    (
        _throttled,
        "the control group allows {cores_quota:g} of {cores_usable} usable cores: threads are stopped above that",
    ),
    (
        lambda its: its.get("can_pin") is False,
        "threads cannot be pinned to cores here: two may share one while another idles",
    ),
    (
        lambda its: _load(its) > 0.5,
        "the load average is {load_average[0]:.2f}: other programs compete for the cores",
    ),
    (
        lambda its: (its.get("steal_fraction") or 0) > 0.01,
        "the hypervisor kept back {steal_fraction:.1%} of the processor time since boot",
    ),
    (
        lambda its: its.get("governor") == "powersave",
        "the frequency governor is powersave: clocks rise late or not at all",
    ),
    (
        lambda its: abs(its.get("switch_interval_seconds", 0.005) - 0.005) > 1e-6,
        "the switch interval is {switch_interval_seconds:g} s, not 0.005 s: waits for the GIL change with it",
    ),
    (
        lambda its: bool(its.get("debug_build")),
        "this is a debug build of Python: Python code runs several times slower",
    ),
    (
        lambda its: bool(its.get("traced")),
        "a debugger, profiler or coverage tool follows every line of Python code",
    ),
    (
        lambda its: its.get("native", {}).get("isa") != its.get("native", {}).get("best_isa"),
        "the loops run with {native[isa]} instructions (GILSCOPE_ISA), not with {native[best_isa]}: slower than they can",
    ),
    (
        lambda its: its.get("transparent_hugepages") == "never",
        "transparent huge pages are off: large arrays pay a page fault for every 4 kB",
    ),
    (
        lambda its: its.get("clocksource") in ("hpet", "acpi_pm"),
        "the clock source is {clocksource}: reading the clock takes microseconds",
    ),
)


def spoilers(machine: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each thing here that would spoil a measurement; what `machine` does not say, does not."""
    return [sentence.format_map(dict(machine)) for applies, sentence in SPOILERS if applies(machine)]
