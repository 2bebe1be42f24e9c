"""What is sent to another process: large arrays in shared memory, without a copy for each, and everything else pickled.

The SciPy Cookbook says that "numpy arrays can be shared between processes" and leaves open how. This is how: `share`
and `shared_empty` make arrays that stay one array wherever `gilscope.executors.Processes` sends them.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys
import weakref
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from multiprocessing.shared_memory import SharedMemory

    import numpy as np
    from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = ["Segment", "by_name", "is_plain", "segment_of", "share", "shared_empty"]


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
    if not is_plain(dtype):
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


def is_plain(dtype: np.dtype[Any]) -> bool:
    """Tell whether elements are numbers, text or bytes, which mean the same in every process."""
    return dtype.kind in "biufcmMSUV" and not dtype.hasobject


def segment_of(array: NDArray[Any]) -> Segment | None:
    """Return the segment that an array is a view of, if it is."""
    import numpy as np

    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, Segment) else None


def by_name(array: NDArray[Any], segment: Segment, *, writable: bool) -> tuple[Any, ...]:
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
