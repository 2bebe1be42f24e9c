"""What _ground_truth.c has, compiled for the occasion."""

import ctypes
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def library():
    """Compile and load; where there is no compiler, say so and end."""
    if not (compiler := shutil.which("cc")):
        sys.exit(print("Nothing was measured: there is no C compiler, cc, for the ground truth."))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ground_truth.so"
        source = Path(__file__).with_suffix(".c")
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", path, source], check=True)
        found = ctypes.PyDLL(str(path))  # stays loaded without its file
    found.known_holds.argtypes = [ctypes.c_longlong] * 3 + [ctypes.c_void_p, ctypes.c_longlong]
    found.known_holds.restype = ctypes.c_longlong
    found.pairs.argtypes = [ctypes.c_longlong]
    found.pairs.restype = None
    return found
