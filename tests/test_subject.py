"""What can be checked: functions and statements, for this process's workers and others."""

import functools
import pickle
import threading

import numpy as np
import pytest

from gilscope.checking import Function, Statement
from gilscope.checking._naming import readable
from gilscope.kernels import exp


def test_a_function_gets_its_arguments():
    assert Function(divmod, (7, 2)).call(own=False)() == (3, 1)
    assert Function(sorted, ([1, 2],), {"reverse": True}).call(own=True)() == [2, 1]


def test_own_arguments_are_copies():
    data = [3, 1, 2]
    subject = Function(list.sort, (data,))
    subject.call(own=True)()
    assert data == [3, 1, 2]
    subject.call(own=False)()
    assert data == [1, 2, 3]


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (np.exp, "numpy.exp"),
        (len, "len"),
        (np.random.default_rng(0).normal, "Generator.normal"),
        (exp.c.held, "exp.c.held"),
        (functools.partial(np.sort, kind="stable"), "a partial of numpy.sort"),
        (threading.Event().wait, "threading.Event.wait"),
    ],
)
def test_names_are_what_people_write(function, name):
    assert readable(function) == name


def test_a_statement_runs_after_its_setup():
    subject = Statement("found.append(n)", "found = []; n = 3")
    call = subject.call(own=False)
    call()
    call()
    assert call.__globals__["found"] == [3, 3]


def test_a_statement_of_several_lines():
    subject = Statement("for i in range(2):\n    found.append(i)", "found = []")
    call = subject.call(own=False)
    call()
    assert call.__globals__["found"] == [0, 1]
    assert subject.name == "for i in range(2):; found.append(i)"


def test_setup_runs_once_for_all_or_for_each_of_its_own():
    subject = Statement("x.append(1)", "x = []")
    assert subject.call(own=False) is subject.call(own=False)
    one, other = subject.call(own=True), subject.call(own=True)
    one()
    assert (one.__globals__["x"], other.__globals__["x"]) == ([1], [])


def test_a_statement_can_be_sent():
    subject = Statement("x.append(1)", "x = []; import threading; lock = threading.Lock()", {"n": 3})
    subject.call(own=False)()
    other = pickle.loads(pickle.dumps(subject)).call(own=False)
    assert (other.__globals__["x"], other.__globals__["n"]) == ([], 3)


def test_an_error_names_its_line():
    with pytest.raises(SyntaxError) as caught:
        Statement("x = 1\nx = = 2").call(own=False)
    assert (caught.value.filename, caught.value.lineno) == ("<statement>", 2)
    with pytest.raises(SyntaxError) as caught:
        Statement("pass", "x = = 2").call(own=False)
    assert caught.value.filename == "<setup>"


def test_data_of_a_statement_alone_are_freed_at_once():
    refs = []
    setup = "import weakref\nclass Data: pass\nx = Data()\nrefs.append(weakref.ref(x))"
    with Statement("y = x", setup, {"refs": refs}).alone() as call:
        call()
        assert refs[0]() is not None
    assert refs[0]() is None
