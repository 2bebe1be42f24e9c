from collections.abc import Iterable
from typing import Any, Final

KIND_BITS: Final[int]
THREAD_BITS: Final[int]
BUSY: Final[str]
NO_ROOM: Final[str]
TAKE: Final[int]
RELEASE: Final[int]
DROP: Final[int]
WAIT: Final[int]
SHIM: Final[str]
LOOKS: Final[int]

def unavailable() -> str | None: ...
def no_functions() -> str | None: ...
def start(
    max_events: int,
    counter: bool,
    alone: bool = False,
    max_looks: int = 0,
    long_ns: int = 0,
    native_ids: Iterable[int] = (),
) -> str | None: ...
def cpu_ns(native_ids: Iterable[int]) -> dict[int, int]: ...
def learn() -> str | None: ...
def stop() -> tuple[dict[str, Any], tuple[Any, Any, list[tuple[str, str, int] | None], int, float]]: ...
