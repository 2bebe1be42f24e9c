"""Fail unless a wheel carries the teaching .pyx files and no other sources."""

import sys
import zipfile
from pathlib import Path

names = zipfile.ZipFile(sys.argv[1]).namelist()
taught = {name for name in names if name.startswith("gilscope/_native/cython/") and name.endswith(".pyx")}
sources = {name for name in names if Path(name).suffix in (".pyx", ".pxd", ".c", ".h", ".txt")} - taught
sources = {name for name in sources if ".dist-info/" not in name}
print(f"{len(names)} files, {len(taught)} teaching sources, others: {sorted(sources) or 'none'}")
sys.exit(bool(sources) or not taught)
