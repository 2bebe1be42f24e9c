"""The tracer's C part without a Python: on a small GIL (native/gil.c), linked as Pythons are, and in wrong ways."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gilscope._native import tracer

HERE = Path(__file__).parent / "native"
CSRC = Path(__file__).parents[1] / "csrc"
COMPILER = shutil.which("cc")

pytestmark = [
    pytest.mark.skipif(tracer.unavailable() is not None, reason=f"no tracer: {tracer.unavailable()}"),
    pytest.mark.skipif(COMPILER is None, reason="no C compiler"),
    pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""), reason="these programs are not for a preloaded sanitizer"),
]


def compiled(*arguments):
    done = subprocess.run([COMPILER, "-O2", "-Wall", "-Wextra", *arguments], capture_output=True, text=True, check=False)
    if "sanitize" in done.stderr and done.returncode:
        pytest.skip("this compiler has no such sanitizer")
    assert (done.stderr, done.returncode) == ("", 0)


def driven(folder, library=(), program=(), both=()):
    """Compile the GIL as a library and the driver as a program, run that, and return what it said."""
    gil, driver = folder / "libgil.so", folder / "driver"
    compiled("-fPIC", "-shared", *library, *both, "-o", gil, HERE / "gil.c", "-lpthread")
    sources = sorted(CSRC.glob("tracer/*.c"))
    libraries = [gil, "-ldl", "-lpthread", f"-Wl,-rpath,{folder}"]
    compiled("-I", CSRC, *program, *both, "-o", driver, HERE / "driver.c", *sources, *libraries)
    done = subprocess.run([driver], capture_output=True, text=True, timeout=100, check=False)
    return done.stdout.strip(), done.stderr, done.returncode


WAYS = {
    "lazy binding": ["-Wl,-z,lazy"],
    "bound at once, relocations read-only": ["-Wl,-z,now", "-Wl,-z,relro"],
    "no procedure linkage table": ["-fno-plt", "-Wl,-z,now", "-Wl,-z,relro"],
    "calls within bound": ["-Wl,-Bsymbolic", "-Wl,-z,now"],
    "not optimized": ["-O0"],
    "functions inlined": ["-O3", "-DINLINED"],
}


@pytest.mark.parametrize("flags", WAYS.values(), ids=WAYS)
def test_every_way_to_link(tmp_path, flags):
    assert driven(tmp_path, flags) == ("in order", "", 0)


@pytest.mark.parametrize("sanitizer", ["thread", "address,undefined"])
def test_sanitizers_find_nothing(tmp_path, sanitizer):
    assert driven(tmp_path, both=["-g", f"-fsanitize={sanitizer}"]) == ("in order", "", 0)


@pytest.mark.parametrize(
    ("library", "program", "reason"),
    [
        (["-DONE_CONDITION"], [], "this Python does not switch the GIL in the way that the tracer knows"),
        (["-DNO_SIGNAL"], [], "this Python does not switch the GIL in the way that the tracer knows"),
        (["-DNO_WAITS"], [], "this Python calls libc in a way that the tracer does not know"),
        (["-DALL_ALIKE"], [], "on this Python the tracer cannot tell a release from a forced switch"),
        # A program that is not position independent, and takes the address of PyEval_SaveThread, has that of a stub of its own.
        ([], ["-no-pie", "-fno-pie"], "this Python calls libc in a way that the tracer does not know"),
    ],
    ids=["one condition", "no signal", "other functions", "no difference", "stub"],
)
def test_what_is_not_as_expected_is_refused_and_left_alone(tmp_path, library, program, reason):
    """The driver says why, and goes on without tracing for a while."""
    assert driven(tmp_path, ["-DTELLS_SLOT", *library], program) == (f"refused: {reason}\nunchanged", "", 1)
