"""Which shapes a kernel takes and gives, in NumPy's notation for generalized ufuncs.

"(),()->()" is computed element by element, on arrays of any one shape; "(n),(n)->()" makes a number of two vectors; in
"(m,k),(n,k)->(m,n)" equal letters are equal lengths; "(n)->(256)" has a length that is always the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TypeAlias

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Signature:
    """A parsed signature.

    Parameters
    ----------
    inputs : tuple of tuple of str
        The dimensions of each input: letters, or digits for a fixed length.
    result : tuple of str
        Those of the result.
    """

    inputs: tuple[tuple[str, ...], ...]
    result: tuple[str, ...]

    @cached_property
    def elementwise(self) -> bool:
        """Whether elements are computed one by one, so that shapes do not matter."""
        return not any((*self.inputs, self.result))

    @cached_property
    def number(self) -> bool:
        """Whether the result is one number, made of whole arrays."""
        return not self.result and not self.elementwise

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """All dimensions, in the order in which they first occur."""
        return tuple(dict.fromkeys(name for names in (*self.inputs, self.result) for name in names))

    @property
    def fixed(self) -> dict[str, int]:
        """The lengths of the dimensions that are always the same."""
        return {name: int(name) for name in self.dimensions if name.isdigit()}

    def lengths(self, shapes: tuple[Shape, ...]) -> dict[str, int] | None:
        """Return the length of each dimension for inputs of these shapes, or None where they do not fit."""
        found = self.fixed
        for names, shape in zip(self.inputs, shapes, strict=True):
            if len(names) != len(shape) or any(found.setdefault(*each) != each[1] for each in zip(names, shape, strict=True)):
                return None
        return found

    def shapes(self, lengths: dict[str, int]) -> tuple[Shape, ...]:
        """Return the shapes of the inputs and of the result for dimensions of these lengths."""
        lengths = {**lengths, **self.fixed}
        return tuple(tuple(lengths[name] for name in names) for names in (*self.inputs, self.result))


@cache
def parsed(signature: str) -> Signature:
    """Parse a signature such as "(m,k),(n,k)->(m,n)"."""
    inputs, result = signature.split("->")
    return Signature(tuple(map(_names, inputs[1:-1].split("),("))), _names(result[1:-1]))


def _names(dimensions: str) -> tuple[str, ...]:
    return tuple(dimensions.split(",")) if dimensions else ()


def written(shape: Shape | tuple[str, ...]) -> str:
    """Write a shape as NumPy does, with letters too: (3,), (m, k)."""
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
