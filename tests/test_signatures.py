"""Signatures: what they say about shapes."""

import pytest

from gilscope.kernels import KERNELS
from gilscope.kernels._kernel import sides
from gilscope.signatures import Signature, parsed, written


def test_parses():
    assert parsed("()->()") == Signature(((),), ())
    assert parsed("(),()->()") == Signature(((), ()), ())
    assert parsed("(n),(n)->()") == Signature((("n",), ("n",)), ())
    assert parsed("(m,k),(n,k)->(m,n)") == Signature((("m", "k"), ("n", "k")), ("m", "n"))
    assert parsed("(n)->(256)") == Signature((("n",),), ("256",))


@pytest.mark.parametrize(
    ("signature", "elementwise", "number", "dimensions"),
    [
        ("()->()", True, False, ()),
        ("(n)->()", False, True, ("n",)),
        ("(n)->(n)", False, False, ("n",)),
        ("(m,k),(n,k)->(m,n)", False, False, ("m", "k", "n")),
        ("(m,k),(k,n)->(m,n)", False, False, ("m", "k", "n")),
        ("(n)->(256)", False, False, ("n", "256")),
    ],
)
def test_properties(signature, elementwise, number, dimensions):
    found = parsed(signature)
    assert (found.elementwise, found.number, found.dimensions) == (elementwise, number, dimensions)


@pytest.mark.parametrize(
    ("signature", "shapes", "lengths"),
    [
        ("(m,k),(k,n)->(m,n)", ((2, 3), (3, 4)), {"m": 2, "k": 3, "n": 4}),
        ("(m,k),(k,n)->(m,n)", ((2, 3), (4, 3)), None),  # equal letters, unequal lengths
        ("(m,k),(k,n)->(m,n)", ((2, 0), (0, 4)), {"m": 2, "k": 0, "n": 4}),
        ("(m,k),(k,n)->(m,n)", ((2, 3), (3,)), None),  # another number of dimensions
        ("(m,k),(k,n)->(m,n)", ((2, 3), (1, 3, 4)), None),
        ("(n),(n)->()", ((5,), (5,)), {"n": 5}),
        ("(n),(n)->()", ((5,), (1,)), None),  # nothing broadcasts
        ("(n)->(256)", ((5,),), {"n": 5, "256": 256}),
        ("(3)->(n)", ((4,),), None),  # a fixed length
        ("()->()", ((),), {}),
    ],
)
def test_lengths(signature, shapes, lengths):
    assert parsed(signature).lengths(shapes) == lengths


def test_lengths_need_a_shape_for_each_input():
    with pytest.raises(ValueError, match="zip"):
        parsed("(n),(n)->()").lengths(((5,),))


def test_shapes():
    assert parsed("(m,k),(n,k)->(m,n)").shapes({"m": 2, "k": 3, "n": 4}) == ((2, 3), (4, 3), (2, 4))
    assert parsed("(n)->(256)").shapes({"n": 5, "256": 256}) == ((5,), (256,))
    assert parsed("(n),(n)->()").shapes({"n": 5}) == ((5,), (5,), ())


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda kernel: kernel.name)
@pytest.mark.parametrize("size", [0, 1, 2, 97, 1000])
def test_a_kernels_shapes_fit_its_signature(kernel, size):
    *inputs, result = kernel.shapes(size)
    if not kernel.layout.elementwise:
        assert kernel.layout.shapes(kernel.layout.lengths(tuple(inputs))) == (*inputs, result)


@pytest.mark.parametrize(
    ("shape", "text"), [((), "()"), ((3,), "(3,)"), ((2, 3), "(2, 3)"), (("m", "k"), "(m, k)"), (("n",), "(n,)")]
)
def test_written(shape, text):
    assert written(shape) == text


@pytest.mark.parametrize(
    ("size", "table"),
    [(0, (0, 0)), (1, (1, 1)), (2, (1, 2)), (12, (3, 4)), (97, (1, 97)), (100_000, (250, 400)), (10**6, (1000, 1000))],
)
def test_sides(size, table):
    assert sides(size) == table
