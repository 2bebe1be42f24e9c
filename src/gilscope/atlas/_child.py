"""The process in which calls are probed, since they may hang or crash: it reads entries, and writes what became of each.

Both are lines of JSON, on what were standard input and output when it began; the calls have nothing to read and nowhere to write.
It ends when there is nothing more to read, so also when its parent has died; if a call hangs then, soon after the time limit,
which is otherwise the parent's business.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import threading
import warnings
from dataclasses import asdict
from typing import Any, TextIO

from gilscope.atlas._catalogue import Entry
from gilscope.atlas._probe import probe
from gilscope.atlas_data import CallFound, Failed, Skipped
from gilscope.surroundings import QUIET_CORES, settle

_GRACE_SECONDS = 2.0


def main() -> None:
    """Do what the parent says, until it says nothing more."""
    tasks, replies = _channels()
    warnings.simplefilter("ignore")
    order = json.loads(tasks.readline())
    sys.path[:] = order["path"]
    process = os.getpid()
    settle()
    say(replies, {"ready": True})
    for line in tasks:
        faulthandler.dump_traceback_later(order["timeout"] + _GRACE_SECONDS, exit=True)  # in a thread that needs no GIL
        found = probe(Entry(**json.loads(line)))
        faulthandler.cancel_dump_traceback_later()
        if os.getpid() != process:  # the call forked, and its child came back here
            os._exit(0)
        say(replies, reply(found, quiet=is_quiet()))


def is_quiet() -> bool:
    """Wait until threads of BLAS are at rest, and tell whether nothing goes on; a thread of Python may at any time."""
    return settle() < QUIET_CORES and threading.active_count() == 1


def say(replies: TextIO, message: dict[str, Any]) -> None:
    """Tell the parent."""
    replies.write(json.dumps(message) + "\n")
    replies.flush()


def reply(found: CallFound | Skipped | Failed, *, quiet: bool) -> dict[str, Any]:
    """Return what the parent is told: what became of the call, and whether nothing of it goes on, to be seen in the next."""
    data = found.to_dict() if isinstance(found, CallFound) else asdict(found)
    return {"kind": type(found).__name__, "found": data, "quiet": quiet}


def _channels() -> tuple[TextIO, TextIO]:
    """Keep standard input and output for the parent, and leave nothing in their place."""
    tasks, replies = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    for each in range(3):
        os.dup2(nothing, each)
    os.close(nothing)
    return tasks, replies


if __name__ == "__main__":
    main()
