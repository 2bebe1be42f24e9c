"""Catalogues of the atlas: what a TOML file says, and the sentence for each mistake in one."""

import pytest

from gilscope.atlas import CATALOGUES, CatalogueError, Entry, read_catalogue

GOOD = """
package = "numpy"
setup = "import numpy as np"

[[group]]
title = "Sorting"
setup = "x = np.arange(n).astype(dtype)"
sizes = [10, 1_000]
each.dtype = ["float64", "O"]
each.order = ["C"]
needs = ["numpy.strings"]
[group.calls]
"numpy.sort" = "np.sort(x)"
"numpy.sort[stable]" = "np.sort(x, kind='stable')"

[[group]]
title = "Alone"
sizes = 900
unit = "rows"
[group.calls]
"sorted" = "sorted([])"
"""


def read(tmp_path, text):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return read_catalogue(path)


def test_calls_are_named_by_path_variant_and_values(tmp_path):
    found = read(tmp_path, GOOD)
    assert found.package == "numpy"
    assert [each.name for each in found.entries] == [
        "numpy.sort[float64, C]",
        "numpy.sort[O, C]",
        "numpy.sort[stable, float64, C]",
        "numpy.sort[stable, O, C]",
        "sorted",
    ]


def test_an_entry_has_all_that_is_needed(tmp_path):
    first, *_, last = read(tmp_path, GOOD).entries
    setup = "dtype = 'float64'\norder = 'C'\nimport numpy as np\nx = np.arange(n).astype(dtype)"
    needs = ("numpy.strings", "numpy.sort")
    assert first == Entry("numpy.sort[float64, C]", "Sorting", "np.sort(x)", setup, (10, 1000), "elements", needs)
    assert last == Entry("sorted", "Alone", "sorted([])", "import numpy as np", (900,), "rows", ("sorted",))


MISTAKES = {
    'package = "numpy"': ("", "package: is missing"),
    'setup = "import numpy as np"': ('setup = "import numpy as"', "setup: is not Python, .* in line 1: import numpy as"),
    'package = "num': ('package = "num py', "package: must be a name such as numpy, not 'num pypy'"),
    "unit": ("units", "group 'Alone', units: there is no such key; keys are title, setup, sizes, unit, each, needs, calls"),
    'title = "Sorting"': ("", "group 1, title: is missing"),
    'title = "Alone"': ('title = " "', "title: must be some text, not ' '"),
    "sizes = 900": ("", "group 'Alone', sizes: is missing"),
    "sizes = [10, 1_000]": ("sizes = [10, 10]", r"sizes: must be up to 3 whole numbers from 1 on that go up, not \[10, 10\]"),
    "[10, 1_000]": ("[1, 2, 3, 4]", r"sizes: must be up to 3 whole numbers"),
    "900": ("0.5", "sizes: must be up to 3 whole numbers from 1 on that go up, not 0.5"),
    "= 900": ("= true", "sizes: must be up to 3 whole numbers from 1 on that go up, not True"),
    "each.dtype": ("each.n", "each: 'n' must not be called n, which is the size"),
    "each.order": ("each.for", "each: 'for' must be a name"),
    '["C"]': ("[]", r"each: 'order' must be a list with something in it, not \[\]"),
    '["float64", "O"]': ('["float64", 8]', "each: 'dtype' must be some text, not 8"),
    '["numpy.strings"]': ('["numpy strings"]', "needs: must hold dotted paths such as numpy.strings, not 'numpy strings'"),
    "needs = [": ('needs = "a" #', "needs: must be a list with something in it, not 'a'"),
    '"numpy.sort" =': ("numpy.sort =", "group 'Sorting', calls: 'numpy' must stand in quotes as a whole"),
    '"numpy.sort[stable]"': ('"numpy.sort[stable"', r"calls: 'numpy.sort\[stable' must be a dotted path"),
    '"np.sort(x)"': ('"np.sort(x"', r"calls: 'numpy.sort' is not Python, .* in line 1: np.sort\(x"),
    '"sorted([])"': ('" "', "calls: 'sorted' must be some text, not ' '"),
    '"sorted" = "sorted([])"': ("", "group 'Alone', calls: must be a table with something in it, not {}"),
    '"sorted" =': ('"numpy.sort[O, C]" =', r"group 'Alone', calls: numpy.sort\[O, C\] is in group 'Sorting' too"),
}


@pytest.mark.parametrize("where", MISTAKES)
def test_a_mistake_is_one_sentence(tmp_path, where):
    to, sentence = MISTAKES[where]
    assert where in GOOD
    with pytest.raises(CatalogueError, match=sentence) as raised:
        read(tmp_path, GOOD.replace(where, to, 1))
    assert str(raised.value).startswith(f"{tmp_path / 'own.toml'}")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["", 'package = "numpy"', 'package = "numpy"\ngroup = []'])
def test_a_catalogue_without_groups(tmp_path, text):
    with pytest.raises(CatalogueError, match=r"is missing|with something in it"):
        read(tmp_path, text)


@pytest.mark.parametrize("text", ['package = "numpy"\ngroup = [1]', 'package = "numpy"\ngroup = 1'])
def test_groups_that_are_none(tmp_path, text):
    with pytest.raises(CatalogueError, match=r"must be a table, not 1|must be a list with something in it, not 1"):
        read(tmp_path, text)


def test_what_is_not_toml(tmp_path):
    with pytest.raises(CatalogueError, match=r"own\.toml is not TOML: .*line 1"):
        read(tmp_path, "package = numpy")
    (tmp_path / "own.toml").write_bytes(b"\xff")
    with pytest.raises(CatalogueError, match=r"own\.toml is not TOML"):
        read_catalogue(tmp_path / "own.toml")


@pytest.mark.parametrize("name", [name for name, path in CATALOGUES.items() if path.exists()])
def test_those_that_come_with_gilscope(name):
    assert read_catalogue(CATALOGUES[name]).package == name
