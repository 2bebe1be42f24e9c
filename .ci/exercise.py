"""Do the exercise as a student does, where this Python is: held and red; then the one line, and released and green."""

import shlex
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

BIN = Path(sysconfig.get_path("scripts"))
HELD, RELEASED = "    # with nogil:\n    loop(", "    with nogil:\n        loop("


def run(command: str, folder: str, status: int = 0) -> str:
    """Run what a student types, with the programs of this Python, and return what it says."""
    print(f"$ {command}", flush=True)
    program, *arguments = shlex.split(command)
    done = subprocess.run([BIN / program, *arguments], cwd=folder, check=False, capture_output=True, text=True)
    print(done.stdout + done.stderr, flush=True)
    if done.returncode != status:
        sys.exit(f"status {done.returncode} instead of {status}")
    return done.stdout


def try_it(folder: str, steps: list[str], word: str, status: int) -> None:
    """Install it; check and test, which must say this word and end with this status."""
    install, check, test = steps
    run(install, folder)
    said = run(check.replace("check ", "check --require released ", 1), folder, status)
    if not said.startswith(word):
        sys.exit(f"it does not say {word!r}")
    run(test, folder, status)


with tempfile.TemporaryDirectory() as folder:
    told = run("gilscope exercise my_extension", folder)
    steps = [line.strip() for line in told.splitlines() if line.startswith(("  pip ", "  gilscope ", "  pytest "))]
    try_it(folder, steps, "held", status=1)
    source = Path(folder, "my_extension", "my_extension.pyx")
    source.write_text(source.read_text().replace(HELD, RELEASED))
    try_it(folder, steps, "released", status=0)
    run("pip uninstall -q -y my-extension", folder)
