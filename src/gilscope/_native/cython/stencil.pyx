# cython: boundscheck=False, wraparound=False
from cython.parallel cimport prange

ctypedef fused real:
    double
    float


# One cell is a function of its own: it may be called with or without the GIL.
cdef inline real cell(const real[:, ::1] u, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
    if i == 0 or j == 0 or i == u.shape[0] - 1 or j == u.shape[1] - 1:
        return u[i, j]
    return u[i, j] + <real>0.1 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - <real>4 * u[i, j])


def stencil_held(
    const real[:, ::1] u, real[:, ::1] out
):
    cdef Py_ssize_t i, j
    if out.shape[0] != u.shape[0] or out.shape[1] != u.shape[1]:
        raise ValueError("u and out differ in shape")
    for i in range(u.shape[0]):
        for j in range(u.shape[1]):
            out[i, j] = cell(u, i, j)


def stencil_released(
    const real[:, ::1] u, real[:, ::1] out
):
    cdef Py_ssize_t i, j
    if out.shape[0] != u.shape[0] or out.shape[1] != u.shape[1]:
        raise ValueError("u and out differ in shape")
    with nogil:
        for i in range(u.shape[0]):
            for j in range(u.shape[1]):
                out[i, j] = cell(u, i, j)


# `nogil` in a declaration only permits calls without the GIL ...
cdef void stencil_loop(const real[:, ::1] u, real[:, ::1] out) noexcept nogil:
    cdef Py_ssize_t i, j
    for i in range(u.shape[0]):
        for j in range(u.shape[1]):
            out[i, j] = cell(u, i, j)


# ... so this call, made with the GIL, keeps it.
def stencil_declared_nogil(
    const real[:, ::1] u, real[:, ::1] out
):
    if out.shape[0] != u.shape[0] or out.shape[1] != u.shape[1]:
        raise ValueError("u and out differ in shape")
    stencil_loop(u, out)


def stencil_parallel(
    const real[:, ::1] u, real[:, ::1] out, int threads
):
    cdef Py_ssize_t i, j
    if out.shape[0] != u.shape[0] or out.shape[1] != u.shape[1]:
        raise ValueError("u and out differ in shape")
    for i in prange(u.shape[0], nogil=True, num_threads=threads):
        for j in range(u.shape[1]):
            out[i, j] = cell(u, i, j)
