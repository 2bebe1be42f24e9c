from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

def stamped(call: Callable[[], object], count: int) -> NDArray[np.int64]: ...
def let_second_interrupt_end() -> None: ...
