"""An atlas of a package: which of its calls release the GIL, from which size on, and how long they keep it."""

from gilscope.atlas._catalogue import Catalogue, CatalogueError, Entry, read_catalogue
from gilscope.atlas._survey import CATALOGUES, survey

__all__ = ["CATALOGUES", "Catalogue", "CatalogueError", "Entry", "read_catalogue", "survey"]
