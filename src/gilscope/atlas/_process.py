"""The parent's side of the process in which calls are probed: a time limit for each, and a new process when one has ended."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import IO, Any, Self

from gilscope.atlas._catalogue import Entry
from gilscope.atlas_data import CallFound, Failed, Skipped

Found = CallFound | Skipped | Failed

#: How what the process answers is read.
_READERS: dict[str, Callable[[dict[str, Any]], Found]] = {
    "CallFound": CallFound.from_dict,
    "Skipped": lambda data: Skipped(**data),
    "Failed": lambda data: Failed(**data),
}
#: A process whose pipe is closed may still write what it had in memory to a file.
_CRASH_SECONDS = 5.0
_START_SECONDS = 60.0


class Prober:
    """Probes calls in a child process, one after the other, and in another one when that has ended.

    Parameters
    ----------
    timeout : float
        Seconds for each call, its setup and imports at all sizes included.
    path : sequence of str
        Where modules are looked for.
    """

    def __init__(self, timeout: float, path: Sequence[str]) -> None:
        self._timeout = timeout
        self._path = list(path)
        self._child: Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def probe(self, entry: Entry) -> Found:
        """Return what became of a call, whatever that did to the process."""
        child = self._ready()
        child.send(asdict(entry))
        try:
            answer = child.answer(self._timeout)
        except queue.Empty:
            self._end()
            return Failed(entry.name, "hung", f"it took longer than {self._timeout:g} s")
        if answer is None:
            return Failed(entry.name, "crashed", how_it_ended(self._end(_CRASH_SECONDS)))
        if not answer["quiet"]:  # what the call left behind would be seen in the next
            self._end()
        return _READERS[answer["kind"]](answer["found"])

    def _ready(self) -> Child:
        """Return a process that waits for an entry: the one that there is, or a new one."""
        if self._child is None:
            self._child = Child()  # kept at once, so that Ctrl-C ends it
            self._child.send({"path": self._path, "timeout": self._timeout})
            if self._child.answer(_START_SECONDS) is None:
                raise RuntimeError(f"calls cannot be probed: {how_it_ended(self._end(_CRASH_SECONDS))} when it started")
        return self._child

    def _end(self, patience: float = 0.0) -> int:
        """End the process, and return its exit status."""
        child, self._child = self._child, None
        return child.end(patience) if child else 0


class Child:
    """A process that runs `gilscope.atlas._child`."""

    def __init__(self) -> None:
        # A session of its own: Ctrl-C is for the parent, and what a call has started ends with the group.
        command = [sys.executable, "-P", "-W", "ignore", "-m", "gilscope.atlas._child"]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, encoding="utf-8", start_new_session=True, **pipes)
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        assert self._process.stdin is not None
        self._tasks = self._process.stdin
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), name="gilscope atlas", daemon=True)
        self._reader.start()

    def _read(self, lines: IO[str]) -> None:
        """Pass on what the process writes, and an empty line at its end; in a thread, as pipes have no time limit on Windows."""
        with lines, contextlib.suppress(ValueError):  # the end of the process may cut a character in two
            for line in lines:
                self._lines.put(line)
        self._lines.put("")

    def send(self, message: dict[str, Any]) -> None:
        """Send a message; a process that has ended is noticed when it does not answer."""
        with contextlib.suppress(OSError):
            self._tasks.write(json.dumps(message) + "\n")
            self._tasks.flush()

    def answer(self, timeout: float) -> dict[str, Any] | None:
        """Return the next answer; None if the process has ended, `queue.Empty` if it says nothing in time."""
        line = self._lines.get(timeout=timeout)
        answer: dict[str, Any] | None = json.loads(line) if line.endswith("\n") else None
        return answer

    def end(self, patience: float) -> int:
        """End the process and those that it started, unless it ends by itself so soon, and return its exit status."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self._kill()
        status = self._process.wait()
        with contextlib.suppress(OSError):  # of what it did not read any more
            self._tasks.close()
        self._reader.join()
        return status

    def _kill(self) -> None:
        """Kill the group of processes, where there are groups."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()


def how_it_ended(status: int) -> str:
    """Return in words how a process ended."""
    if status >= 0:
        return f"the process ended with status {status}"
    try:
        return f"the process was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"the process was ended by signal {-status}"
