"""`mandelbrot`: how many steps each point of the plane takes to escape.

Why it is here: branchy work that differs from point to point and has no good form in NumPy, which must carry every point along
or keep gathering those that are left. This is what people write native code for.
"""

import numpy as np

from gilscope.kernels._kernel import MAP, Array, Kernel
from gilscope.signatures import Shape


def mandelbrot_python(x: Array, y: Array, out: Array, iterations: int) -> None:
    """Follow one point at a time."""
    for i, (real, imaginary) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        a = b = 0.0
        for step in range(iterations):
            aa, bb = a * a, b * b
            if not aa + bb <= 4:
                out[i] = step
                break
            a, b = (aa - bb) + real, (a + a) * b + imaginary
        else:
            out[i] = iterations


@np.errstate(over="ignore", invalid="ignore")
def mandelbrot_numpy(x: Array, y: Array, out: Array, iterations: int) -> None:
    """Follow all points together, and keep those that are still inside."""
    a, b = np.zeros_like(x), np.zeros_like(y)
    left = np.arange(x.size)
    out[:] = iterations
    for step in range(iterations):
        aa, bb = a * a, b * b
        inside = aa + bb <= 4
        if not inside.all():
            out[left[~inside]] = step
            left, a, b, aa, bb, x, y = (each[inside] for each in (left, a, b, aa, bb, x, y))
            if not left.size:
                break
        b = (a + a) * b + y
        a = (aa - bb) + x


def draw(shapes: tuple[Shape, ...], dtype: np.dtype) -> tuple[Array, ...]:
    """Return a grid of points over the whole set, shuffled so that slices cost alike."""
    size = shapes[0][0]
    side = max(1, int(np.ceil(np.sqrt(size))))
    x, y = np.meshgrid(np.linspace(-2, 0.5, side), np.linspace(-1.25, 1.25, side))
    order = np.random.default_rng(0).permutation(side * side)[:size]
    return x.ravel()[order].astype(dtype), y.ravel()[order].astype(dtype)


mandelbrot = Kernel(
    name="mandelbrot",
    summary="steps until each point escapes: branchy",
    kind=MAP,
    signature="(),()->()",
    inputs=("x", "y"),
    parameters={"iterations": 256},
    result="intc",
    in_python=mandelbrot_python,
    in_numpy=mandelbrot_numpy,
    draw=draw,
    slower={"cython": "follows one point at a time; c follows a block of points together, in vectors"},
)
