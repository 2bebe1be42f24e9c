"""Inputs as NumPy users expect them: what may be passed, what it becomes, and one clear sentence about the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from gilscope.signatures import Shape, written

if TYPE_CHECKING:
    from gilscope.kernels._kernel import Array, Kernel


NUMBERS = {"f": "real numbers", "i": "integers"}


@dataclass
class Prepared:
    """Arrays that any implementation can take, and what the caller gets back."""

    arrays: tuple[Array, ...]
    result: Array
    given: bool
    copied: bool

    def finish(self) -> Any:
        """Bring the result to where the caller wants it."""
        if self.copied:
            self.result[...] = self.arrays[-1].reshape(self.result.shape)
        return self.result if self.given or self.result.ndim else self.result[()]


def prepare(kernel: Kernel, name: str, args: tuple[Any, ...], out: Any) -> Prepared:
    """Check and convert the inputs and the result of one call.

    Subclasses of ndarray count as the arrays that they are: masks are not looked at, and results are plain arrays.

    Raises
    ------
    TypeError
        For a wrong number of inputs, complex, object or other dtypes, or a result that is no array or of another dtype.
    ValueError
        For shapes that do not fit together, or a result of another shape, read-only, or that overlaps an input.
    """
    if len(args) != len(kernel.inputs):
        takes = f"{len(kernel.inputs)} input{'s' * (len(kernel.inputs) > 1)} ({', '.join(kernel.inputs)}) and out"
        raise TypeError(f"{name}() takes {takes}, not {len(args)}")
    given = [np.asarray(arg) for arg in args]
    dtype = common_dtype(kernel, args, given)
    shapes = common_shapes(kernel, given)
    inputs = [contiguous(each, dtype, shape) for each, shape in zip(given, shapes, strict=False)]
    wanted = kernel.result_dtypes[dtype]
    if out is not None:
        check_result(kernel, out, wanted, shapes[-1], given)
    result = np.empty(shapes[-1], wanted) if out is None else out
    copied = not result.flags.carray
    # The view is of the very dtype that loops know: `intc` may also be called `long`.
    target = np.empty(result.shape, wanted) if copied else np.asarray(result).view(wanted)
    if kernel.layout.elementwise:
        return Prepared((*(each.reshape(-1) for each in inputs), target.reshape(-1)), result, out is not None, copied)
    return Prepared((*inputs, target if target.ndim else target.reshape(1)), result, out is not None, copied)


def common_dtype(kernel: Kernel, args: tuple[Any, ...], given: list[Array]) -> np.dtype[Any]:
    """Return the dtype to compute in: float32 if all inputs but Python's numbers are, else the kernel's widest."""
    widest = np.dtype(kernel.dtypes[0])
    for each, label in zip(given, kernel.inputs, strict=True):
        if not np.can_cast(each.dtype, widest, "safe"):
            raise TypeError(f"{label} has dtype {each.dtype}: {NUMBERS[widest.kind]} that fit {widest} are accepted")
    untyped = [isinstance(arg, (float, int)) and not isinstance(arg, np.generic) for arg in args]
    dtypes = {each.dtype.newbyteorder("=") for each, skip in zip(given, untyped, strict=True) if not skip}
    single = dtypes == {np.dtype("float32")}
    return np.dtype("float32") if single and "float32" in kernel.dtypes else widest


def common_shapes(kernel: Kernel, given: list[Array]) -> tuple[Shape, ...]:
    """Return the shapes that the inputs and the result have for these inputs."""
    if kernel.layout.elementwise:
        return (common_shape(kernel, given),) * (len(given) + 1)
    shapes = tuple(each.shape for each in given)
    lengths = kernel.layout.lengths(shapes)
    if lengths is None:
        listed = " and ".join(f"{label} {written(shape)}" for label, shape in zip(kernel.inputs, shapes, strict=True))
        wanted = " and ".join(
            f"{label} {written(names)}" for label, names in zip(kernel.inputs, kernel.layout.inputs, strict=True)
        )
        raise ValueError(f"{kernel.name} was given {listed}: it takes {wanted}")
    return kernel.layout.shapes(lengths)


def common_shape(kernel: Kernel, given: list[Array]) -> Shape:
    """Return the one shape of all inputs that are not scalars."""
    shapes = {label: each.shape for label, each in zip(kernel.inputs, given, strict=True) if each.ndim}
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{label} {shape}" for label, shape in shapes.items())
        raise ValueError(f"inputs have different shapes ({listed}): only scalars broadcast")
    return next(iter(shapes.values()), ())


def contiguous(array: Array, dtype: np.dtype[Any], shape: Shape) -> Array:
    """Return an input as a C-contiguous, aligned array in native byte order, copied only if it is not one."""
    if array.shape != shape:
        return np.full(shape, array[()], dtype)
    if not (array.dtype == dtype and array.flags.c_contiguous and array.flags.aligned):
        array = np.require(array, dtype, ["C", "A"])  # releases the GIL, so not for arrays that need nothing
    return np.asarray(array).view(dtype)


def check_result(kernel: Kernel, out: Any, dtype: np.dtype[Any], shape: tuple[int, ...], given: list[Array]) -> None:
    """Check `out` before anything runs."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an ndarray, not {type(out).__name__}")
    if out.dtype != dtype:
        raise TypeError(f"out has dtype {out.dtype}: it must be {dtype} for these inputs")
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}: it must be {shape}")
    if not out.flags.writeable:
        raise ValueError("out is read-only: it must be writable")
    for label, each in zip(kernel.inputs, given, strict=True):
        if overlaps(kernel, each, out):
            itself = f"{label} itself, or " if kernel.layout.elementwise else ""
            raise ValueError(f"out overlaps {label}: pass {itself}an array that shares no memory")


def overlaps(kernel: Kernel, given: Array, out: Array) -> bool:
    """Tell whether an input and the result share memory in another way than a map's element by element may."""
    # Not np.may_share_memory: it and np.shares_memory release the GIL, in a call that may claim to hold it.
    (start, stop), (out_start, out_stop) = byte_bounds(given), byte_bounds(out)
    if stop <= out_start or out_stop <= start:
        return False
    same = given.ctypes.data == out.ctypes.data and given.strides == out.strides
    if same and given.shape == out.shape and given.dtype == out.dtype and kernel.layout.elementwise:
        return False
    try:
        return np.shares_memory(given, out, max_work=10_000)  # type: ignore[arg-type]  # any number is taken
    except np.exceptions.TooHardError:
        return True
