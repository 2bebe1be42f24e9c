"""Other meters of the GIL: each tells, while a block runs, for which share of the time it was held."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

RATE = 1000  # samples a second


@contextmanager
def gilknocker():
    """A thread that asks for the GIL and looks how long it takes; every millisecond, 10 ms of 110."""
    from gilknocker import KnockKnock

    found, knocker = SimpleNamespace(share=None), KnockKnock(1000)
    knocker.start()
    try:
        yield found
        found.share = knocker.contention_metric
    finally:
        knocker.stop()


@contextmanager
def py_spy():
    """A process that stops this one a thousand times a second and looks who has the GIL; it may not be allowed to."""
    found = SimpleNamespace(share=None)
    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder, "samples")
        options = ["--gil", "--rate", str(RATE), "--format", "raw", "--output", samples, "--duration", "1"]
        child = subprocess.Popen(
            ["py-spy", "record", *options, "--pid", str(os.getpid())], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        yield found
        if child.wait() == 0:
            found.share = sum(int(line.rpartition(" ")[2]) for line in samples.read_text().splitlines()) / RATE


def installed():
    """Return those that are installed, by name."""
    there = {"py-spy": shutil.which("py-spy"), "gilknocker": find_spec("gilknocker")}
    return {name: meter for name, meter in {"py-spy": py_spy, "gilknocker": gilknocker}.items() if there[name]}
