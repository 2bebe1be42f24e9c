"""Fail unless a wheel carries the teaching .pyx files, the exercise, and no other sources."""

import sys
import zipfile
from pathlib import Path

names = zipfile.ZipFile(sys.argv[1]).namelist()
exercise = {f"gilscope/exercise/{path.name}" for path in Path("src/gilscope/exercise").iterdir() if path.is_file()}
taught = {name for name in names if name.startswith("gilscope/_native/cython/") and name.endswith(".pyx")}
sources = {name for name in names if Path(name).suffix in (".pyx", ".pxd", ".c", ".h", ".txt")} - taught - exercise
sources = {name for name in sources if ".dist-info/" not in name}
missing = exercise - {*names}
print(f"{len(names)} files, {len(taught)} teaching sources, others: {sorted(sources) or 'none'}")
print(f"{len(exercise)} files of the exercise, missing: {sorted(missing) or 'none'}")
sys.exit(bool(sources or missing) or not taught)
