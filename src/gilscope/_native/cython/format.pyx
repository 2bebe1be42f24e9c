# cython: boundscheck=False, wraparound=False


# Making a str needs the GIL: there is no released twin, and Cython refuses to compile one.
def format_held(const double[::1] x, object[::1] out):
    cdef Py_ssize_t i, n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError("x and out differ in length")
    for i in range(n):
        out[i] = "%.6e" % x[i]
