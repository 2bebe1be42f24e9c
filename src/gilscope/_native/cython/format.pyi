from typing import Any

import numpy as np

_Array = np.ndarray[Any, np.dtype[Any]]

def format_held(x: _Array, out: _Array) -> None: ...
