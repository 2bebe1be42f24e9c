"""What is sent to another process: large arrays by the name of their shared memory, everything else pickled."""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import TYPE_CHECKING, Any

from gilscope.shared_arrays import Segment, by_name, is_plain, segment_of, share

if TYPE_CHECKING:
    from concurrent.futures import Future

    from numpy.typing import NDArray

#: Bytes from which an array is shared and not pickled; joblib has the same threshold (max_nbytes="1M").
LARGE = 1 << 20


class NotSendable(TypeError):
    """What should be sent to another process cannot be."""


class _Packer(pickle.Pickler):
    """Pickles large arrays by name, and refuses what needs the main module, which workers do not import."""

    def __init__(self, file: io.BytesIO, send_large: Callable[[NDArray[Any]], tuple[Any, ...]]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._send_large = send_large

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, FunctionType | type):
            if reason := _unreachable(obj):
                raise NotSendable(f"processes cannot be sent {reason}: move it into a module that can be imported")
        elif _is_ordinary_array(obj):
            if segment := segment_of(obj):
                return by_name(obj, segment, writable=obj.flags.writeable)
            if obj.nbytes >= LARGE:
                return self._send_large(obj)
        return NotImplemented


def _is_ordinary_array(obj: Any) -> bool:
    """Whether it may go by name; subclasses carry more than their elements."""
    numpy = sys.modules.get("numpy")  # before it is imported, nothing is an array
    return numpy is not None and type(obj) is numpy.ndarray and is_plain(obj.dtype)


def _unreachable(obj: FunctionType | type) -> str | None:
    """Say what is wrong if another process cannot import `obj`."""
    if obj.__name__ == "<lambda>":
        return "a lambda"
    if "<locals>" in obj.__qualname__:
        return f"{obj.__qualname__}, which is defined inside a function"
    if obj.__module__ in ("__main__", "__mp_main__"):
        return f"{obj.__qualname__}, which is defined in the main module (they do not import it, as that would run it)"
    return None


def _pack(obj: object, send_large: Callable[[NDArray[Any]], tuple[Any, ...]]) -> bytes:
    file = io.BytesIO()
    try:
        _Packer(file, send_large).dump(obj)
    except (NotSendable, OSError, MemoryError):
        raise
    except Exception as error:  # anything: it comes from the objects' own __reduce__
        raise NotSendable(f"processes cannot be sent everything in this call: {error}") from error
    return file.getvalue()


def sendable(obj: object) -> str | None:
    """Say why `obj` cannot be sent to another process.

    Parameters
    ----------
    obj : object
        A function, its arguments, or all of them in a tuple.

    Returns
    -------
    str or None
        One sentence, or None if it can be sent.
    """
    try:
        _pack(obj, lambda _array: (int, ()))  # nothing is copied only to see
    except NotSendable as error:
        return str(error)
    return None


class Parcel:
    """A pickled call, and the shared memory it needs until it is done."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._segments: list[Segment] = []
        self._args = args  # keeps the arrays that the caller shares
        self._waiting: set[Future[Any]] = set()
        try:
            self.payload = _pack((function, args), self._send_large)
        except BaseException:
            self.release()
            raise

    def _send_large(self, array: NDArray[Any]) -> tuple[Any, ...]:
        copy = share(array)
        segment = segment_of(copy)
        assert segment is not None
        self._segments.append(segment)
        return by_name(copy, segment, writable=False)

    def release_after(self, futures: Iterable[Future[Any]]) -> None:
        """Release when all of `futures` are done."""
        self._waiting.update(futures)
        for future in list(self._waiting):
            future.add_done_callback(self._done)

    def _done(self, future: Future[Any]) -> None:
        self._waiting.discard(future)
        if not self._waiting:
            self.release()

    def release(self) -> None:
        """Give the shared memory back."""
        for segment in self._segments:
            segment.unlink()
        # Memory is free when nobody maps it, and a future that somebody keeps would keep us (as its callback) for ever.
        self._segments.clear()
        self._args = ()


def open_parcel(payload: bytes, first: bytes) -> Any:
    """Make the call of a parcel, in the worker, with the pickled tuple `first` before its own arguments."""
    try:
        function, args = pickle.loads(payload)
        args = pickle.loads(first) + args
    except Exception as error:
        raise NotSendable(f"a worker process could not load what it was sent: {error}") from error
    try:
        return function(*args)
    except Exception as error:
        if _survives_pickling(error):
            raise
        # It would break the pool, which finds out only when it loads the error in the caller's process.
        raise RuntimeError(f"{type(error).__name__}: {error}") from None


def _survives_pickling(error: Exception) -> bool:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return False
    return True
