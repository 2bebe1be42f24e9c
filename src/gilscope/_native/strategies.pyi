from typing import Any, Final, Never, final

import numpy as np

from gilscope._native.loops import Loop

_Array = np.ndarray[Any, np.dtype[Any]]

MAX_THREADS: Final[int]
MAX_GRAIN: Final[int]
STRATEGIES: Final[tuple[Strategy, ...]]

@final
class Strategy:
    def __init__(self, *args: Never, **kwargs: Never) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def cuts(self) -> bool: ...
    @property
    def missing(self) -> str | None: ...
    @property
    def options(self) -> dict[str, Any]: ...

@final
class Direct:
    def __init__(self, loops: tuple[Loop, ...], strategy: Strategy, parameters: tuple[float, ...]) -> None: ...
    def __call__(self, inputs: tuple[Any, ...], result: Any, options: dict[str, Any]) -> bool: ...

def check_options(options: dict[str, Any]) -> None: ...
def run(
    loop: Loop,
    strategy: Strategy,
    inputs: tuple[_Array, ...],
    result: _Array,
    parameters: tuple[float, ...] = (),
    options: dict[str, Any] = {},
) -> None: ...
def repeat(loop: Loop, inputs: tuple[_Array, ...], result: _Array, parameters: tuple[float, ...], calls: int) -> None: ...
