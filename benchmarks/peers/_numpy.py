"""NumPy: the functions themselves, without gilscope around them; of these only BLAS's use several threads."""

from functools import partial

from threadpoolctl import threadpool_limits

from gilscope.kernels import KERNELS


def functions(threads):
    """Return what computes each kernel, by its name."""
    threadpool_limits(threads, user_api="blas")
    return {name: partial(kernel.in_numpy, **kernel.parameters) for name, kernel in KERNELS.items()}
