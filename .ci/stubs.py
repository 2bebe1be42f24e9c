"""Check the stubs of the compiled modules against the modules themselves."""

import subprocess
import sys
from pathlib import Path

# What Cython adds to every module and class; nobody is to use it.
GENERATED = r""".*\.__pyx_.*
.*\.__test__
.*\.__reduce_cython__
.*\.__setstate_cython__
.*\.__pyx_vtable__
"""

allowed = Path(__file__).with_name("stubs.allowed.tmp")
allowed.write_text(GENERATED)
try:
    command = [
        sys.executable,
        "-m",
        "mypy.stubtest",
        "gilscope._native",
        "--allowlist",
        str(allowed),
        "--ignore-unused-allowlist",
    ]
    sys.exit(subprocess.run(command, check=False).returncode)
finally:
    allowed.unlink()
