"""Who can compute a kernel: a builder for each implementation, and the table of them."""

from __future__ import annotations

import ctypes
import importlib
import inspect
import re
from collections.abc import Callable, Mapping
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from gilscope.kernels._call import OWN, Call, Implementation, Missing
from gilscope.kernels._kernel import FOLD, WHOLE, Array, Kernel

if TYPE_CHECKING:
    from gilscope._native.loops import Loop
    from gilscope._native.strategies import Strategy

AT_ONCE = "it can only be computed at once"

Run = Callable[[tuple[Array, ...], dict[str, Any]], None]

CYTHON_STRATEGIES: dict[str, tuple[str, dict[str, Any]]] = {
    "held": ("keeps the GIL for the whole call", {}),
    "released": ("releases the GIL once, around the loop", {}),
    "declared_nogil": ("is declared nogil but called with the GIL held: does not release", {}),
    "parallel": ("releases once, then runs OpenMP threads inside (prange)", {"threads": 2}),
}

CTYPES_STRATEGIES = {
    "held": ("PyDLL's way: keeps the GIL during the call", ctypes.PYFUNCTYPE),
    "released": ("CDLL's way: releases the GIL around every call", ctypes.CFUNCTYPE),
}


def python(kernel: Kernel) -> Call:
    """Build the pure-Python implementation."""
    return _own(kernel, "python", kernel.in_python, "pure Python: the interpreter decides, and may switch every 5 ms")


def numpy(kernel: Kernel) -> Call:
    """Build the NumPy implementation."""
    return _own(kernel, "numpy", kernel.in_numpy, "NumPy: releases by its own rules")


def _own(kernel: Kernel, implementation: str, function: Callable[..., None], summary: str) -> Call:
    def run(arrays: tuple[Array, ...], options: dict[str, Any]) -> None:
        function(*arrays, **options)

    source, direct = (lambda: inspect.getsource(function)), direct_call(kernel, run)
    return Call(kernel, implementation, OWN, run, summary=summary, source=source, direct=direct)


def direct_call(kernel: Kernel, run: Run, options: Mapping[str, Any] = MappingProxyType({})) -> Callable[..., bool]:
    """Return the quick way in to `run`: at once, on arrays that a C loop of the kernel could take, with default options."""
    from gilscope._native.loops import pick

    loops, defaults = tuple(c_loops(kernel).values()), {**kernel.parameters, **options}
    elementwise = kernel.layout.elementwise

    def direct(inputs: tuple[Any, ...], out: Any, given: dict[str, Any]) -> bool:
        if given or pick(loops, inputs, out) is None or (elementwise and out.ndim != 1):
            return False
        run((*inputs, out if out.ndim else out.reshape(1)), defaults)
        return True

    return direct


def ufunc(kernel: Kernel) -> Call | Missing:
    """Build the NumPy ufunc around the C loop."""
    from gilscope._native.ufuncs import MISSING, UFUNCS

    missing = kernel.missing.get("ufunc") or MISSING.get(kernel.name)
    if missing:
        return Missing(f"{kernel.name}.ufunc", missing)
    function, number = UFUNCS[kernel.name], kernel.layout.number

    def run(arrays: tuple[Array, ...], options: dict[str, Any]) -> None:
        function(*arrays[:-1], out=arrays[-1].reshape(()) if number else arrays[-1])

    summary = "our C loop as a NumPy ufunc: released above 500 results"
    return Call(kernel, "ufunc", OWN, run, summary=summary, direct=direct_call(kernel, run), loops=c_loops(kernel))


def cython(kernel: Kernel) -> Implementation:
    """Build the Cython twins, as a user would write them."""
    module = importlib.import_module(f"gilscope._native.cython.{kernel.name}")
    strategies = {name: _cython_call(kernel, module, name) for name in CYTHON_STRATEGIES}
    return Implementation(f"{kernel.name}.cython", strategies)


def _cython_call(kernel: Kernel, module: Any, strategy: str) -> Call | Missing:
    from gilscope._native.loops import HAVE_OPENMP

    name = f"cython.{strategy}"
    if name in kernel.missing:
        return Missing(f"{kernel.name}.{name}", kernel.missing[name])
    if strategy == "parallel" and not HAVE_OPENMP:
        return Missing(f"{kernel.name}.{name}", "built without OpenMP")
    function = f"{kernel.name}_{strategy}"
    bodies = specialised(getattr(module, function), kernel)
    summary, options = CYTHON_STRATEGIES[strategy]

    def run(arrays: tuple[Array, ...], options: dict[str, Any]) -> None:
        bodies[arrays[0].dtype](*arrays, **options)

    source, direct = (lambda: cython_source(kernel, function)), direct_call(kernel, run, options)
    return Call(kernel, "cython", strategy, run, summary=summary, options=options, source=source, direct=direct)


def specialised(function: Any, kernel: Kernel) -> dict[np.dtype[Any], Callable[..., None]]:
    """Return the compiled body for each dtype, so that calls skip the search among a fused function's signatures."""
    c_names = {"float64": "double", "float32": "float"}  # of fused types
    if not hasattr(function, "__signatures__"):
        return {np.dtype(name): function for name in kernel.dtypes}
    return {np.dtype(name): function[c_names[name]] for name in kernel.dtypes}


def cython_source(kernel: Kernel, function: str) -> str:
    """Return the text of one function of a kernel's .pyx file, below that of the loop which it calls, where that stands apart."""
    text = resources.files("gilscope._native.cython").joinpath(f"{kernel.name}.pyx").read_text()
    body = text[text.index(f"def {function}(") :].split("\n\n\n")[0].rstrip() + "\n"
    loop = re.search(rf"^cdef [^\n]* {kernel.name}_loop\(.*?\n\n\n", text, re.MULTILINE | re.DOTALL)
    return loop.group() + body if loop and f"{kernel.name}_loop(" in body else body


def c(kernel: Kernel) -> Implementation | Missing:
    """Build the C loop under every strategy."""
    if "c" in kernel.missing:
        return Missing(f"{kernel.name}.c", kernel.missing["c"])
    from gilscope._native.strategies import STRATEGIES

    return Implementation(f"{kernel.name}.c", {each.name: _c_call(kernel, each) for each in STRATEGIES})


def _c_call(kernel: Kernel, strategy: Strategy) -> Call | Missing:
    from gilscope._native.strategies import Direct
    from gilscope._native.strategies import run as run_loop

    missing = AT_ONCE if strategy.cuts and kernel.kind == WHOLE else strategy.missing
    if missing:
        return Missing(f"{kernel.name}.c.{strategy.name}", missing)
    loops = c_loops(kernel)

    def run(arrays: tuple[Array, ...], options: dict[str, Any]) -> None:
        *inputs, out = arrays
        given = {name: value for name, value in options.items() if name in strategy.options}
        run_loop(loops[inputs[0].dtype], strategy, tuple(inputs), out, tuple(options[name] for name in kernel.parameters), given)

    direct = Direct(tuple(loops.values()), strategy, tuple(kernel.parameters.values()))
    summary, options = strategy.summary, strategy.options
    return Call(kernel, "c", strategy.name, run, summary=summary, options=options, direct=direct, loops=loops)


def c_loops(kernel: Kernel) -> dict[np.dtype[Any], Loop]:
    """Return the kernel's C loops by dtype; empty where it has none."""
    from gilscope._native.loops import LOOPS

    return {np.dtype(each.element): each for each in LOOPS if each.kernel == kernel.name}


class Task(ctypes.Structure):
    """`gs_task` of csrc/gilscope/loop.h."""

    _fields_ = (
        ("inputs", ctypes.c_void_p * 3),
        ("out", ctypes.c_void_p),
        ("lengths", ctypes.c_ssize_t * 3),
        ("parameters", ctypes.c_double * 2),
    )


def ctypes_(kernel: Kernel) -> Implementation | Missing:
    """Build the calls through ctypes: the same machine code, with the GIL and without."""
    if "ctypes" in kernel.missing:
        return Missing(f"{kernel.name}.ctypes", kernel.missing["ctypes"])
    strategies: dict[str, Call | Missing] = {name: _ctypes_call(kernel, name) for name in CTYPES_STRATEGIES}
    return Implementation(f"{kernel.name}.ctypes", strategies)


def _ctypes_call(kernel: Kernel, strategy: str) -> Call:
    summary, prototype = CTYPES_STRATEGIES[strategy]
    loops = c_loops(kernel)
    argument_types = (ctypes.POINTER(Task), ctypes.c_ssize_t, ctypes.c_ssize_t)
    functions = {dtype: prototype(None, *argument_types)(loop.address) for dtype, loop in loops.items()}

    def run(arrays: tuple[Array, ...], options: dict[str, Any]) -> None:
        *inputs, out = arrays
        if kernel.kind == FOLD:
            out[...] = 0
        pointers = (ctypes.c_void_p * 3)(*(each.ctypes.data for each in inputs))
        lengths = (ctypes.c_ssize_t * 3)(*loops[inputs[0].dtype].lengths(tuple(inputs), out))
        parameters = (ctypes.c_double * 2)(*(options[name] for name in kernel.parameters))
        count = (inputs[0] if kernel.kind == FOLD else out).size
        functions[inputs[0].dtype](Task(pointers, out.ctypes.data, lengths, parameters), 0, count)

    return Call(kernel, "ctypes", strategy, run, summary=summary, direct=direct_call(kernel, run), loops=loops)


IMPLEMENTATIONS: dict[str, Callable[[Kernel], Any]] = {
    "python": python,
    "numpy": numpy,
    "ufunc": ufunc,
    "cython": cython,
    "c": c,
    "ctypes": ctypes_,
}
