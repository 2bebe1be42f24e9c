"""What is sent to another process: large arrays in shared memory, without a copy for each, and everything else pickled.

The SciPy Cookbook says that "numpy arrays can be shared between processes" and leaves open how. This is how: `share`
and `shared_empty` make arrays that stay one array wherever `gilscope.executors.Processes` sends them.
"""

from __future__ import annotations

import errno
import io
import mmap
import os
import pickle
import sys
import weakref
from types import FunctionType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future
    from multiprocessing.shared_memory import SharedMemory

    import numpy as np
    from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = ["NotSendable", "Parcel", "Segment", "open_parcel", "sendable", "share", "shared_empty"]

#: Bytes from which an array is shared and not pickled; joblib has the same threshold (max_nbytes="1M").
LARGE = 1 << 20


class NotSendable(TypeError):
    """What should be sent to another process cannot be."""


class Segment(mmap.mmap):
    """A mapped block of named shared memory, which lives as long as the last array on it.

    It is a mapping of our own, made by name, and not `multiprocessing.shared_memory.SharedMemory`, for three reasons.
    Closing (or losing) a SharedMemory pulls the memory from under the arrays on it; attaching to one registers it with
    the resource tracker, which then warns of a leak (cpython issue 82300, until ``track=False`` in 3.13); and it is
    always writable. Making and unlinking are still left to it, so that the tracker removes the block if we get killed.
    """

    name: str
    #: Removes the name. Runs once, at the latest when the segment or the process ends.
    unlink: weakref.finalize[[SharedMemory, int], Segment]

    @classmethod
    def create(cls, size: int) -> Segment:
        """Make a new block of `size` bytes, all zero."""
        from multiprocessing.shared_memory import SharedMemory

        memory = SharedMemory(create=True, size=size)
        try:
            segment = cls.attach(memory.name, size, writable=True, reserve=True)
        except BaseException:
            memory.close()
            memory.unlink()
            raise
        segment.unlink = weakref.finalize(segment, _unlink, memory, os.getpid())
        memory.close()  # closes its own mapping; Windows keeps the block as long as ours is there
        return segment

    @classmethod
    def attach(cls, name: str, size: int, *, writable: bool, reserve: bool = False) -> Segment:
        """Map the existing block `name`."""
        access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
        if sys.platform == "win32":
            segment = cls(-1, size, tagname=name, access=access)
        else:
            fd = _open_block(name, os.O_RDWR if writable else os.O_RDONLY)
            try:
                if reserve:
                    _reserve(fd, size)
                segment = cls(fd, size, access=access)
            finally:
                os.close(fd)
        segment.name = name
        return segment


def _open_block(name: str, flags: int) -> int:
    # What SharedMemory is made of, on every system but Windows since 3.8. A path below /dev/shm would do on Linux only.
    import _posixshmem  # type: ignore[import-not-found,unused-ignore]

    fd: int = _posixshmem.shm_open(f"/{name}", flags, mode=0o600)
    return fd


def _reserve(fd: int, size: int) -> None:
    """Take the memory now: where /dev/shm is small (64 MB in a container), the first write would end in SIGBUS."""
    if not hasattr(os, "posix_fallocate"):  # macOS
        return
    try:
        os.posix_fallocate(fd, 0, size)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise OSError(errno.ENOSPC, f"no room for {size} bytes of shared memory: is /dev/shm too small?") from None


def _unlink(memory: SharedMemory, owner: int) -> None:
    if os.getpid() == owner:  # a forked child has the segment too, but it is not the child's to remove
        memory.unlink()


def shared_empty(shape: int | tuple[int, ...], dtype: DTypeLike = float, order: Literal["C", "F"] = "C") -> NDArray[Any]:
    """Return a new array in shared memory, zero to begin with.

    Sent to a worker of `gilscope.executors.Processes`, it stays this one array, and so do its slices: nothing is
    copied, and everyone sees what a worker writes.

    Parameters
    ----------
    shape : int or tuple of int
        Its shape.
    dtype : data-type, default float
        Any but object.
    order : {"C", "F"}, default "C"
        Memory order.

    Returns
    -------
    ndarray
        The memory is given back when the last array on it is gone.
    """
    import numpy as np

    dtype = np.dtype(dtype)
    if not _is_plain(dtype):
        raise TypeError(f"an array of {dtype} cannot be in shared memory: its elements are pointers")
    size = dtype.itemsize * int(np.prod(shape, dtype=object))
    return np.ndarray(shape, dtype, buffer=Segment.create(max(size, 1)), order=order)


def share(array: ArrayLike) -> NDArray[Any]:
    """Return a copy of `array` in shared memory: see `shared_empty`.

    Parameters
    ----------
    array : array_like
        What to copy. Fortran order is kept; what is not contiguous is copied in C order.

    Returns
    -------
    ndarray
        The copy.
    """
    import numpy as np

    array = np.asarray(array)
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    copy = shared_empty(array.shape, array.dtype, "F" if fortran else "C")
    copy[...] = array
    return copy


def _is_plain(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "biufcmMSUV" and not dtype.hasobject


def _segment_of(array: NDArray[Any]) -> Segment | None:
    import numpy as np

    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, Segment) else None


def _by_name(array: NDArray[Any], segment: Segment, *, writable: bool) -> tuple[Any, ...]:
    """Reduce an array, as pickle wants it, to where it is in `segment`."""
    import numpy as np

    offset = _address(array) - _address(np.frombuffer(segment, np.uint8))
    return _view, ((segment.name, len(segment), writable), (array.shape, array.dtype), offset, array.strides)


def _view(
    block: tuple[str, int, bool], kind: tuple[tuple[int, ...], np.dtype[Any]], offset: int, strides: tuple[int, ...]
) -> NDArray[Any]:
    import numpy as np

    name, size, writable = block
    return np.ndarray(*kind, buffer=Segment.attach(name, size, writable=writable), offset=offset, strides=strides)


def _address(array: NDArray[Any]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


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
            if segment := _segment_of(obj):
                return _by_name(obj, segment, writable=obj.flags.writeable)
            if obj.nbytes >= LARGE:
                return self._send_large(obj)
        return NotImplemented


def _is_ordinary_array(obj: Any) -> bool:
    """Whether it may go by name; subclasses carry more than their elements."""
    numpy = sys.modules.get("numpy")  # before it is imported, nothing is an array
    return numpy is not None and type(obj) is numpy.ndarray and _is_plain(obj.dtype)


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
        segment = _segment_of(copy)
        assert segment is not None
        self._segments.append(segment)
        return _by_name(copy, segment, writable=False)

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
