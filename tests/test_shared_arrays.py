import errno
import importlib
import os
import pickle
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from gilscope.executors import Processes
from gilscope.sending import LARGE, NotSendable, Parcel, open_parcel, sendable
from gilscope.shared_arrays import Segment, share, shared_empty

sys.path.insert(0, str(Path(__file__).parent / "isolated"))
jobs = importlib.import_module("executors_jobs")

LARGEST_SMALL = LARGE // 8 - 1


@pytest.fixture(scope="module")
def processes():
    with Processes(2) as processes:
        yield processes


@pytest.fixture
def segments(monkeypatch):
    """The names of the segments that were made. At the end of the test none may be left."""
    names, create = [], Segment.create

    def recorded(size):
        segment = create(size)
        names.append(segment.name)
        return segment

    monkeypatch.setattr(Segment, "create", recorded)
    yield names
    deadline = time.monotonic() + 10  # a future has its result a little before those who wait for it are told
    while any(map(exists, names)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [name for name in names if exists(name)] == []


def exists(name):
    try:
        Segment.attach(name, 1, writable=False)
    except FileNotFoundError:
        return False
    return True


def structured(n):
    array = np.zeros(n, dtype=[("a", "<i4"), ("b", ">f8", (2,)), ("c", "S5"), ("d", "M8[us]")])
    array["a"], array["c"] = np.arange(n), b"text"
    return array


LAYOUTS = {
    "C": np.arange(300_000.0).reshape(300, 1000),
    "F": np.asfortranarray(np.arange(300_000.0).reshape(300, 1000)),
    "3-d F": np.asfortranarray(np.arange(400_000.0).reshape(10, 40, 1000)),
    "strided": np.arange(600_000.0)[::2],
    "backwards": np.arange(300_000)[::-1],
    "transposed part": np.arange(800_000.0).reshape(400, 2000)[:200, ::3].T,
    "broadcast": np.broadcast_to(np.arange(1000.0), (300, 1000)),
    "read-only": np.frombuffer(bytes(range(256)) * 8192, np.uint8),
    "bool": np.arange(2_000_000) % 3 == 0,
    "other byte order": np.arange(300_000, dtype=">i8"),
    "half": (np.arange(600_000) % 1000).astype(np.float16),
    "complex": np.arange(100_000) * 1j,
    "times": np.arange(300_000).astype("M8[s]"),
    "text": np.arange(100_000).astype("U20"),
    "bytes": np.full(100_000, b"ab", "S20"),
    "structured": structured(60_000),
    "aligned": np.zeros(100_000, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    "one huge item": np.zeros((), np.dtype((np.void, 2_000_000))),
}


@pytest.mark.parametrize("array", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_large_arrays_arrive_as_they_are(processes, segments, array):
    dtype, shape, order, writable, owned, data = processes.submit(jobs.describe, array).result(30)
    assert (dtype, shape, data) == (array.dtype, array.shape, array.tobytes())
    assert order == ("F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C")
    assert not writable
    assert not owned
    assert len(segments) == 1


PICKLED = {
    "small": np.arange(float(LARGEST_SMALL)),
    "empty": np.zeros((0, 5)),
    "objects": np.array([None, "x"] * 100_000),
    "structured objects": np.zeros(100_000, [("a", object), ("b", float)]),
    "subclass": np.ma.masked_array(np.zeros(200_000), mask=np.arange(200_000) % 2 == 0),
    "variable text": np.array(["short", "long" * 10] * 60_000, np.dtypes.StringDType()),
}


@pytest.mark.parametrize("array", PICKLED.values(), ids=PICKLED.keys())
def test_everything_else_is_pickled(segments, array):
    parcel = Parcel(np.asanyarray, (array,))
    arrived = open_parcel(parcel.payload, pickle.dumps(()))
    assert type(arrived) is type(array)
    assert arrived.dtype == array.dtype
    assert arrived.shape == array.shape
    assert (arrived == array).all()
    assert arrived.flags.writeable
    assert segments == []


def test_large_arrays_within_other_things(processes, segments):
    value = {"x": [np.ones(LARGE // 8)], "again": np.zeros(LARGE)}
    parcel = Parcel(dict, (value,))
    assert len(parcel.payload) < 1000
    parcel.release()
    assert len(segments) == 2


def test_one_copy_for_all_and_one_for_each_array(processes, segments):
    x = np.ones(LARGE // 8)
    assert processes.together(jobs.total, x) == [LARGE / 8] * 2
    assert len(segments) == 2  # the meeting and x
    parcel = Parcel(np.add, (x, x))
    parcel.release()
    assert len(segments) == 3


def test_workers_cannot_write_a_copy(processes):
    x = np.zeros(LARGE)
    assert "read-only" in processes.submit(jobs.try_to_write, x).result(30)
    with pytest.raises(ValueError, match="WRITEABLE"):
        processes.submit(jobs.unlock, x).result(30)


def test_shared_arrays_are_one_array(processes, segments):
    x = shared_empty((4, 100_000))
    assert (x == 0).all()
    processes.submit(jobs.fill, x, 1.0).result(30)
    processes.submit(jobs.fill, x[1, ::-2], 2.0).result(30)
    processes.submit(jobs.fill, x.T[:10, 3], 3.0).result(30)
    expected = np.ones((4, 100_000))
    expected[1, ::-2], expected.T[:10, 3] = 2, 3
    assert (x == expected).all()
    assert len(segments) == 1
    del x


def test_read_only_views_of_shared_arrays_stay_so(processes, segments):
    x = share(np.arange(10.0))
    x.flags.writeable = False
    assert "read-only" in processes.submit(jobs.try_to_write, x).result(30)
    assert len(segments) == 1
    del x


def test_shared_arrays_go_with_the_last_view(segments):
    x = share(np.arange(10))
    view = x.reshape(2, 5).T[1:]
    del x
    assert exists(segments[0])
    assert view.tolist() == [[1, 6], [2, 7], [3, 8], [4, 9]]
    del view
    assert not exists(segments[0])


def test_shared_arrays_stay_while_a_call_needs_them(segments):
    parcel = Parcel(np.sum, (share(np.arange(10)),))
    assert open_parcel(parcel.payload, pickle.dumps(())) == 45
    parcel.release()


def test_memory_is_given_back_when_all_calls_are_done(segments):
    parcel, calls = Parcel(np.sum, (np.ones(LARGE),)), [Future(), Future()]
    held = list(parcel._segments)  # so that it is not only for want of references
    parcel.release_after(calls)
    calls[0].set_result(None)
    assert exists(segments[0])
    calls[1].set_result(None)
    assert not exists(segments[0])
    if (maps := Path("/proc/self/maps")).exists():
        assert segments[0] in maps.read_text()
        held.clear()
        assert segments[0] not in maps.read_text()  # though the futures are still there


def test_what_a_worker_has_survives_the_name(segments):
    parcel = Parcel(np.asarray, (np.full(LARGE, 7.0),))
    arrived = open_parcel(parcel.payload, pickle.dumps(()))
    parcel.release()
    assert not exists(segments[0])
    assert arrived.sum() == 7 * LARGE


@pytest.mark.parametrize("part", [slice(0), slice(10, None), slice(5, 5, -1)])
def test_empty_parts_of_shared_arrays(processes, segments, part):
    x = share(np.arange(10))[::-1]
    dtype, shape, *_ = processes.submit(jobs.describe, x[part]).result(30)
    assert (dtype, shape) == (x.dtype, (0,))
    del x


@pytest.mark.parametrize("shape", [0, (0, 3), (3, 0), ()])
def test_sharing_little(segments, shape):
    x = share(np.full(shape, 5, np.int16))
    assert (x.shape, x.dtype) == (np.zeros(shape).shape, np.int16)
    assert (x == 5).all()
    del x


def test_sharing_keeps_the_order(segments):
    assert share(np.zeros((3, 4), order="F")).flags.f_contiguous
    assert share(np.zeros((6, 4))[::2]).flags.c_contiguous
    assert shared_empty((3, 4), np.int8, order="F").flags.f_contiguous


@pytest.mark.parametrize("dtype", [object, [("a", object)], np.dtypes.StringDType()])
def test_pointers_cannot_be_shared(segments, dtype):
    with pytest.raises(TypeError, match="cannot be in shared memory: its elements are pointers"):
        shared_empty(3, dtype)


def test_ordinary_pickle_copies_shared_arrays(segments):
    x = share(np.arange(10))
    copy = pickle.loads(pickle.dumps(x))
    del x
    assert copy.tolist() == list(range(10))
    assert copy.flags.owndata or copy.base is not None


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="no such call here")
def test_too_little_shared_memory_is_an_error_and_no_crash(monkeypatch, segments):
    names, attach = [], Segment.attach

    def full(fd, offset, size):
        raise OSError(errno.ENOSPC, "No space left on device")

    def seen(name, *args, **options):
        names.append(name)
        return attach(name, *args, **options)

    monkeypatch.setattr(Segment, "attach", seen)
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="no room for 1048576 bytes of shared memory"):
        Parcel(np.sum, (np.zeros(LARGE, np.int8),))
    assert not exists(names[0])


def test_a_failure_half_way_leaves_nothing(segments):
    with pytest.raises(NotSendable) as raised:
        Parcel(np.sum, (np.ones(LARGE), threading.Lock()))
    assert [exists(name) for name in segments] == [False]
    del raised  # it would have kept the memory


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_does_not_remove_its_parents_arrays(segments):
    x = share(np.arange(10))
    if (pid := os.fork()) == 0:
        del x
        os._exit(0)
    os.waitpid(pid, 0)
    assert exists(segments[0])
    del x


def local_class():
    class Local:
        pass

    return Local


def pretend(module):
    def function():
        pass

    function.__module__, function.__qualname__ = module, "function"
    return function


UNSENDABLE = {
    "lambda": (lambda: 0, "^processes cannot be sent a lambda: move it into a module that can be imported$"),
    "local": (local_class(), "local_class.<locals>.Local, which is defined inside a function: move"),
    "instance": ([local_class()()], "which is defined inside a function: move it into"),
    "main": (pretend("__main__"), "function, which is defined in the main module .*: move it into"),
    "main of a child": ({"x": pretend("__mp_main__")}, "function, which is defined in the main module"),
    "lock": (threading.Lock(), "cannot pickle '_thread.lock' object"),
}


@pytest.mark.parametrize(("obj", "why"), UNSENDABLE.values(), ids=UNSENDABLE.keys())
def test_what_cannot_be_sent_says_why(processes, obj, why):
    with pytest.raises(NotSendable, match=why) as raised:
        processes.submit(jobs.square, obj)
    assert sendable(obj) == str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("obj", [jobs.square, len, np.exp, [1], {}, np.zeros(LARGE), np.float64, ("x", None)])
def test_what_can_be_sent(segments, obj):
    assert sendable(obj) is None
    assert segments == []
