"""10,000 calls of every implementation and strategy, and some wrong ones, leave no memory behind."""

import contextlib
import gc
import os
import sys
from pathlib import Path

import numpy as np

from gilscope.kernels import KERNELS

CALLS = 10_000
SLOWER = {"sleep": 500}
POINTS = np.linspace(2, 3, 16)  # mandelbrot is through with these at once


def resident():
    """Pages of memory in use, or 0 where nobody tells, or a sanitizer keeps what is freed."""
    if "asan" in os.environ.get("LD_PRELOAD", ""):
        return 0
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1])
    return 0


def call_often(call, count):
    """Call it in the quick way; and a tenth as often in the ways with all checks, and wrongly."""
    kernel, parameters = call.kernel, call.kernel.parameters
    inputs = [np.resize(POINTS, shape).astype(kernel.dtypes[0]) for shape in kernel.shapes(POINTS.size)[:-1]]
    out = call.arrays(POINTS.size, kernel.dtypes[0])[-1]
    for _ in range(count):
        call(*inputs, out=out)
    for _ in range(count // 10):
        call(inputs[0].tolist(), *inputs[1:], **parameters, **call.options)
    wrong = {"out": 1, "nothing": 1, **dict.fromkeys(call.options, "1")}
    for name, value in wrong.items():
        for _ in range(count // 10):
            with contextlib.suppress(TypeError):
                call(*inputs, **{name: value})


for kernel in KERNELS.values():
    for call in kernel.calls():
        call_often(call, 100)  # what is made once is made now
        gc.collect()
        blocks, pages = sys.getallocatedblocks(), resident()
        call_often(call, SLOWER.get(kernel.name, CALLS))
        gc.collect()
        grown, pages = sys.getallocatedblocks() - blocks, resident() - pages
        if grown > CALLS // 20 or pages > 1000:
            print(f"{call.name}: {grown} blocks, {pages} pages")
print("done")
