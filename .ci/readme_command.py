"""Print a command of the README: `main` (the first block of its kind) or `test`, word for word."""

import re
import sys
from pathlib import Path

readme = Path(__file__).parents[1].joinpath("README.md").read_text()
commands = re.findall(r"^```sh\n(python3 -m venv .*)\n```$", readme, re.MULTILINE)
print(commands[("main", "test").index(sys.argv[1])])
