"""Functions whose verdict is known before they are checked, and why it is known: the table that verdicts.py goes through."""

from __future__ import annotations

from dataclasses import dataclass

# What the setups share. OpenBLAS uses one thread except where its own threads are the subject.
KERNELS = "import numpy as np\nfrom gilscope.kernels import add, exp, format, primes, sleep\n"
X = KERNELS + "x = np.random.rand(500_000); y = np.empty_like(x)\n"
INTEGERS = KERNELS + "n = np.arange(10**7, 10**7 + 4000); y = primes.c.held(n)\n"
FREE = "import numpy as np\nr = np.random.default_rng(0)\n"
NUMPY = "import threadpoolctl\nthreadpoolctl.threadpool_limits(1, 'blas')\n" + FREE
SQUARE = "S = r.random((900, 900)) / 5  # so that its determinant is no overflow\n"
LONG = "v, w = r.random(20_000_000), r.random(20_000_000)\n"
TALL = "A, B = r.random((22, 2_000_000)), r.random((2_000_000, 22))\n"
TEXT = "text = b'the GIL, the whole GIL and nothing but the GIL ' * 20_000\n"
C = "import ctypes\nholding, releasing = ctypes.PyDLL(None).usleep, ctypes.CDLL(None).usleep\n"

RELEASES = "partial or released"  # it releases, but how much of the call is left for the rest depends on the machine
# Sets of causes of which a practitioner would accept any.
SMALL = {"too small"}


@dataclass(frozen=True, eq=False)
class Case:
    """A statement with its label.

    Attributes
    ----------
    statement, setup : str
        As for `gilscope check`.
    gil : str
        The word that is right, or two with " or " between them.
    causes : set of str
        The cause that is right; more than one where a practitioner would accept either, which `why` justifies.
    why : str
        How the label is known without the checker.
    own : bool
        Whether each thread runs the setup for itself, so that no two write to the same array.
    quick : bool
        Whether ``--quick`` checks it too.
    """

    statement: str
    setup: str
    gil: str
    causes: set[str]
    why: str
    own: bool = False
    quick: bool = False


def kernel(statement: str, setup: str, gil: str, causes: set[str], why: str, quick: bool = False) -> Case:
    """Return a case with arrays of its own for each thread."""
    return Case(statement, setup, gil, causes, why, own=True, quick=quick)


CASES = (
    # Our own kernels: one machine code, and what it does with the GIL is written in csrc and strategies.pyx.
    kernel("exp.c.held(x, out=y)", X, "held", {"gil held"}, "construction", quick=True),
    kernel("exp.c.released(x, out=y)", X, "released", {"scales"}, "construction", quick=True),
    kernel("exp.c.declared_nogil(x, out=y)", X, "held", {"gil held"}, "construction"),
    kernel("exp.c.chunked(x, out=y, grain=50_000)", X, "released", {"scales"}, "10 takes in 0.25 ms"),
    kernel("primes.c.chunked(n, out=y, grain=2)", INTEGERS, RELEASES, {"gil contention"}, "0.3 us between two takes"),
    kernel("primes.c.per_item(n, out=y)", INTEGERS, "partial", {"gil contention"}, "0.15 us between two takes"),
    kernel("exp.c.per_item(x, out=y)", X, "partial", {"gil contention"}, "a release for each ns of work"),
    kernel("exp.c.thresholded(x, out=y)", X, "released", {"scales"}, "construction"),
    kernel("exp.c.thresholded(x, out=y, threshold=10**6)", X, "held", {"gil held"}, "construction"),
    kernel("exp.c.reacquired(x, out=y, grain=250_000)", X, "released", {"scales"}, "2 takes in 0.25 ms"),
    kernel("primes.c.reacquired(n, out=y, grain=2)", INTEGERS, RELEASES, {"gil contention"}, "0.3 us between two takes"),
    kernel("exp.c.yielding(x, out=y, grain=50_000)", X, "held", {"gil held"}, "nothing is computed while it yields"),
    kernel("exp.c.interruptible(x, out=y)", X, "released", {"scales"}, "construction"),
    kernel(
        "primes.c.parallel(n, out=y, threads=2)", INTEGERS, "released", {"already parallel"}, "OpenMP on both cores", quick=True
    ),
    kernel("exp.cython.held(x, out=y)", X, "held", {"gil held"}, "construction"),
    kernel("exp.cython.released(x, out=y)", X, "released", {"scales"}, "construction"),
    kernel("exp.cython.declared_nogil(x, out=y)", X, "held", {"gil held"}, "construction"),
    kernel("exp.cython.parallel(x, out=y, threads=2)", X, "released", {"already parallel"}, "prange on both cores"),
    kernel("exp.ctypes.held(x, out=y)", X, "held", {"gil held"}, "PyDLL"),
    kernel("exp.ctypes.released(x, out=y)", X, "released", {"scales"}, "CDLL"),
    kernel("exp.python(x[:20_000], out=y[:20_000])", X, "held", {"gil held"}, "the interpreter"),
    kernel("format.cython.held(x[:20_000])", X, "held", {"gil held"}, "makes Python objects"),
    kernel(
        "add.c.released(x, y, out=z)",
        X.replace("500_", "5_000_") + "z = y.copy()",
        "released",
        {"scales"},
        "two cores do not saturate this memory",
    ),
    kernel("exp.c.released(x[:300], out=y[:300])", X, RELEASES, SMALL, "3 us or less"),
    # What NumPy 2.x does, read in its sources: the rule of 500 results, and what it does not apply to.
    Case("np.linalg.det(S)", NUMPY + SQUARE, "held", {"gil held"}, "one result", quick=True),
    Case("np.linalg.slogdet(S)", NUMPY + SQUARE, "held", {"gil held"}, "two results"),
    Case("np.linalg.svd(S[:450, :450], compute_uv=False)", NUMPY + SQUARE, "held", {"gil held"}, "450 results"),
    Case("np.linalg.eigvalsh(S[:500, :500])", NUMPY + SQUARE, "held", {"gil held"}, "500 results"),
    Case("np.linalg.eigvalsh(S[:501, :501])", NUMPY + SQUARE, "released", {"scales"}, "501 results"),
    Case("np.linalg.solve(S[:500, :500], S[0, :500])", NUMPY + SQUARE, "held", {"gil held"}, "500 results"),
    Case("np.linalg.solve(S[:501, :501], S[0, :501])", NUMPY + SQUARE, "released", {"scales"}, "501 results"),
    Case("v @ w", NUMPY + LONG, "held", {"gil held"}, "one result"),
    Case("np.vecdot(v, w)", NUMPY + LONG, "held", {"gil held"}, "one result"),
    Case("np.dot(v, w)", NUMPY + LONG, "released", {"scales"}, "cblasfuncs.c: always"),
    Case("A @ B", NUMPY + TALL, "held", {"gil held"}, "484 results"),
    Case("np.dot(A, B)", NUMPY + TALL, "released", {"scales"}, "cblasfuncs.c: always"),
    Case("A @ B", NUMPY + TALL.replace("22", "23"), "released", {"scales"}, "529 results"),
    Case("np.vecdot(V, V)", NUMPY + "V = r.random((500, 50_000))", "held", {"gil held"}, "500 results"),
    Case("np.vecdot(V, V)", NUMPY + "V = r.random((501, 50_000))", "released", {"scales"}, "501 results"),
    Case("np.linalg.inv(S)", NUMPY + SQUARE, "released", {"scales"}, "810,000 results"),
    Case(
        "np.exp(v)", NUMPY + LONG, "released", {"scales", "page faults"}, "160 MB of fresh memory a call: either may come first"
    ),
    Case("np.sort(v[:2_000_000])", NUMPY + LONG, "released", {"scales"}, "npysort: always"),
    Case("o + o", NUMPY + "o = r.random(300_000).astype(object)", "held", {"gil held"}, "Python objects"),
    Case("np.array(items)", NUMPY + "items = r.random(1_000_000).tolist()", "held", {"gil held"}, "Python objects"),
    Case("v.astype(str)", NUMPY + "v = r.random(20_000)", "held", {"gil held"}, "makes Python strings"),
    Case("np.exp(x, out=y)", NUMPY + "x = np.ones(100); y = x.copy()", "held", SMALL, "less than 500 results, 0.5 us", own=True),
    Case("np.exp(x, out=y)", NUMPY + "x = np.ones(1000); y = x.copy()", RELEASES, SMALL, "1000 results in 1 us", own=True),
    Case(
        "np.exp(x, out=y)", NUMPY + "x = np.ones(10**6); y = x.copy()", "released", {"scales"}, "a million", own=True, quick=True
    ),
    # The same with BLAS free to use both cores.
    Case("M @ M", FREE + "M = r.random((1000, 1000))", "released", {"already parallel"}, "OpenBLAS on both cores", quick=True),
    Case("np.linalg.inv(S)", FREE + SQUARE, "released", {"already parallel"}, "OpenBLAS on both cores"),
    Case("v @ w", FREE + LONG, "held", {"already parallel"}, "held, but OpenBLAS has both cores busy"),
    # The standard library: what CPython's sources say.
    Case("zlib.compress(text)", "import zlib\n" + TEXT, "released", {"scales"}, "zlibmodule.c", quick=True),
    Case("hashlib.sha256(text)", "import hashlib\n" + TEXT, "released", {"scales"}, "more than 2047 bytes"),
    Case("hashlib.sha256(text)", "import hashlib\ntext = b'short'", "held", SMALL, "less than 2048 bytes, 0.5 us"),
    Case("json.dumps(data)", "import json\ndata = list(range(50_000))", "held", {"gil held"}, "Python objects", quick=True),
    Case("re.sub(b'[aeiou]+', b'', text)", "import re\n" + TEXT, "held", {"gil held"}, "the engine never releases"),
    Case("items.sort()", "items = list(range(100_000, 0, -1))", "held", {"gil held"}, "Python objects", own=True),
    Case(
        "sorted(items)", "import random\nitems = [random.random() for _ in range(50_000)]", "held", {"gil held"}, "Python objects"
    ),
    Case("text.upper().split()", "text = 'one two three ' * 20_000", "held", {"gil held"}, "Python objects"),
    Case("sum(range(300_000))", "pass", "held", {"gil held"}, "Python objects", quick=True),
    Case("for i in range(100_000): pass", "pass", "held", {"gil held"}, "the interpreter"),
    Case("time.perf_counter()", "import time", "held", SMALL, "60 ns"),
    Case("q.put(1); q.get()", "import queue\nq = queue.Queue()", "held", SMALL, "3 us", own=True),
    Case("time.sleep(0.002)", "import time", "released", {"waiting"}, "construction", quick=True),
    Case("sleep.c.released(x)", KERNELS + "x = np.ones(2000)", "released", {"waiting"}, "construction"),
    Case("sleep.c.held(x)", KERNELS + "x = np.ones(2000)", "held", {"gil held"}, "it sleeps with the GIL"),
    Case("poll()", "import select\npoll = lambda: select.select([], [], [], 0.002)", "released", {"waiting"}, "construction"),
    Case(
        "try: b.recv(1)\nexcept TimeoutError: pass",
        "import socket\na, b = socket.socketpair(); b.settimeout(0.003)",
        "released",
        {"waiting"},
        "nobody sends",
        own=True,
    ),
    Case("subprocess.run(['sleep', '0.02'])", "import subprocess", "released", {"waiting"}, "another process sleeps"),
    Case("os.write(w, b'.'); os.read(r, 1)", "import os\nr, w = os.pipe()", RELEASES, SMALL, "two system calls, 2 us", own=True),
    Case("3**300_000", "pass", "held", {"gil held"}, "Python objects"),
    Case("pickle.dumps(data)", "import pickle\ndata = list(map(str, range(50_000)))", "held", {"gil held"}, "Python objects"),
    Case("bz2.compress(text[:50_000])", "import bz2\n" + TEXT, "released", {"scales"}, "_bz2module.c"),
    Case(
        "os.pread(f, 1 << 20, 0)",
        "import os\nf = os.open('/dev/zero', os.O_RDONLY)",
        "released",
        {"scales", "page faults"},
        "posixmodule.c; a fresh MB a call",
    ),
    Case(
        "os.pwrite(f, data, 0)",
        "import os, tempfile\nfile = tempfile.TemporaryFile(); f = file.fileno(); data = bytes(1 << 20)",
        "released",
        {"scales"},
        "posixmodule.c",
        own=True,
    ),
    # Several things at once.
    Case(
        "r.standard_normal(100_000)",
        "import numpy as np\nr = np.random.default_rng()",
        "released",
        {"lock"},
        "a Generator has one lock",
        quick=True,
    ),
    Case(
        "r.standard_normal(100_000)",
        "import numpy as np\nr = np.random.default_rng()",
        "released",
        {"scales"},
        "one Generator for each thread",
        own=True,
    ),
    Case(
        "with lock: exp.c.released(x, out=y)",
        X + "import threading\nlock = threading.Lock()",
        "released",
        {"lock"},
        "construction",
    ),
    Case("with lock: time.sleep(0.002)", "import threading, time\nlock = threading.Lock()", "released", {"lock"}, "construction"),
    Case("holding(3000); releasing(1000)", C, "partial", {"gil held"}, "three quarters held: at most 1.33x"),
    Case(
        "for i in range(30): np.exp(x, out=y)",
        NUMPY + "x = np.ones(100_000); y = x.copy()",
        "released",
        {"scales"},
        "60 us between two takes",
        own=True,
    ),
    Case(
        "for i in range(1000): np.exp(x, out=y)",
        NUMPY + "x = np.ones(1000); y = x.copy()",
        "partial",
        {"gil contention"},
        "1 us between two takes",
        own=True,
    ),
    Case("np.ones(10_000_000)", NUMPY, "released", {"scales", "page faults"}, "80 MB of fresh memory a call"),
)
