from typing import Final

import numpy as np

UFUNCS: Final[dict[str, np.ufunc]]
MISSING: Final[dict[str, str]]
