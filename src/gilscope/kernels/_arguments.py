"""Inputs as NumPy users expect them: what may be passed, what it becomes, and one clear sentence about the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from gilscope.kernels._kernel import Array, Kernel


@dataclass
class Prepared:
    """Arrays that any implementation can take, and what the caller gets back."""

    arrays: tuple[Array, ...]
    result: Array
    given: bool

    def finish(self) -> Any:
        """Bring the result to where the caller wants it."""
        computed = self.arrays[-1]
        if self.given and computed.base is not self.result and computed is not self.result:
            self.result[...] = computed.reshape(self.result.shape)
        return self.result if self.given or self.result.ndim else self.result[()]


def prepare(kernel: Kernel, name: str, args: tuple[Any, ...], out: Any) -> Prepared:
    """Check and convert the inputs and the result of one call.

    Raises
    ------
    TypeError
        For a wrong number of inputs, complex, object or other dtypes, or a result that is no array or of another dtype.
    ValueError
        For shapes that differ, or a result of another shape, read-only, or partly overlapping an input.
    """
    if len(args) != len(kernel.inputs):
        raise TypeError(f"{name}() takes {', '.join(kernel.inputs)} and out, but {len(args)} inputs were given")
    dtype = common_dtype(kernel, args)
    shape = common_shape(kernel, args)
    inputs = [contiguous(each, dtype, shape) for each in args]
    result = new_result(kernel, dtype, shape) if out is None else out
    check_result(kernel, result, dtype, shape, args, inputs)
    target = result.reshape(-1) if result.flags.carray and result.dtype.isnative else np.empty(result.size, result.dtype)
    return Prepared((*inputs, target), result, out is not None)


def common_dtype(kernel: Kernel, args: tuple[Any, ...]) -> np.dtype[Any]:
    """Return the dtype that the kernel computes in: float32 if the inputs are, else float64."""
    given = [arg if isinstance(arg, (float, int)) and not isinstance(arg, np.generic) else np.asarray(arg) for arg in args]
    for each, label in zip(given, kernel.inputs, strict=True):
        kind = np.asarray(each).dtype
        if not np.can_cast(kind, np.float64, "safe"):
            raise TypeError(f"{label} has dtype {kind}: real numbers that fit float64 are accepted")
    arrays = [each for each in given if isinstance(each, np.ndarray)]
    single = arrays and all(each.dtype.newbyteorder("=") == np.float32 for each in arrays)
    return np.dtype("float32" if single and "float32" in kernel.dtypes else "float64")


def common_shape(kernel: Kernel, args: tuple[Any, ...]) -> tuple[int, ...]:
    """Return the one shape of all inputs that are not scalars."""
    shapes = {label: np.shape(arg) for label, arg in zip(kernel.inputs, args, strict=True) if np.shape(arg) != ()}
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{label} {shape}" for label, shape in shapes.items())
        raise ValueError(f"inputs have different shapes ({listed}): only scalars broadcast")
    shape = next(iter(shapes.values()), ())
    if kernel.kind != "map" and len(shape) > 1:
        raise ValueError(f"{kernel.inputs[0]} has {len(shape)} dimensions: {kernel.name} takes one-dimensional arrays")
    return shape


def contiguous(arg: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    """Return the input as a flat, C-contiguous, aligned array in native byte order, copied only if it is not one."""
    array = np.asarray(arg, dtype)
    if array.shape != shape:
        return np.full(int(np.prod(shape)), array[()], dtype)
    return np.require(array, dtype, ["C", "A"]).reshape(-1)


def result_dtype(kernel: Kernel, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype of the result for inputs of a dtype."""
    return dtype if kernel.result == "same" else np.dtype(kernel.result)


def result_shape(kernel: Kernel, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of the result for inputs of a shape."""
    return shape if kernel.kind == "map" else ()


def new_result(kernel: Kernel, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    """Return an array for the result."""
    return np.empty(result_shape(kernel, shape), result_dtype(kernel, dtype))


def check_result(
    kernel: Kernel, out: Any, dtype: np.dtype[Any], shape: tuple[int, ...], args: tuple[Any, ...], inputs: list[Array]
) -> None:
    """Check `out` before anything runs."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an ndarray, not {type(out).__name__}")
    wanted, wanted_shape = result_dtype(kernel, dtype), result_shape(kernel, shape)
    if out.dtype != wanted:
        raise TypeError(f"out has dtype {out.dtype}: it must be {wanted} for these inputs")
    if out.shape != wanted_shape:
        raise ValueError(f"out has shape {out.shape}: it must be {wanted_shape}")
    if not out.flags.writeable:
        raise ValueError("out is read-only: it must be writable")
    for label, arg, used in zip(kernel.inputs, args, inputs, strict=True):
        if overlaps_partly(kernel, arg, used, out):
            raise ValueError(f"out overlaps {label} partly: pass {label} itself, or an array that shares no memory with it")


def overlaps_partly(kernel: Kernel, arg: Any, used: Array, out: Array) -> bool:
    """Tell whether an input and the result share some memory but are not the same array of a map."""
    if not isinstance(arg, np.ndarray) or not np.may_share_memory(arg, out):
        return False
    same = arg.__array_interface__["data"] == out.__array_interface__["data"] and arg.strides == out.strides
    if same and arg.shape == out.shape and arg.dtype == out.dtype and kernel.kind == "map":
        return False
    try:
        return np.shares_memory(arg, out, max_work=10_000)
    except np.exceptions.TooHardError:
        return True


def blank(kernel: Kernel, args: tuple[Any, ...]) -> Array | None:
    """Return a result for a call whose inputs need no conversion, by the look of the first; None if they do."""
    first = args[0] if args else None
    if type(first) is not np.ndarray or first.ndim == 0 or first.dtype.name not in kernel.dtypes:
        return None
    return new_result(kernel, first.dtype, first.shape)
