from typing import Final

import numpy as np

UFUNCS: Final[dict[str, np.ufunc]]
