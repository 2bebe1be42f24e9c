"""An atlas of a package: which of its calls release the GIL, from which size on, and how long they keep it.

What surveys it is in `_survey`, which the child processes need not import.
"""

from pathlib import Path

from gilscope.atlas._catalogue import Catalogue, CatalogueError, Entry, read_catalogue

#: The catalogues that come with gilscope.
CATALOGUES = {name: Path(__file__).with_name(f"{name}.toml") for name in ("numpy", "scipy", "stdlib")}

__all__ = ["CATALOGUES", "Catalogue", "CatalogueError", "Entry", "read_catalogue"]
