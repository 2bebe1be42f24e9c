"""What may be chosen of an experiment, and what is refused in one sentence."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilscope.experiments import Choice
from gilscope.kernels import KERNELS


def test_one_or_several_or_none():
    one = Choice.of({"kernel": "exp", "strategy": None, "size": 1000, "threads": "2"})
    assert one == Choice(kernel=("exp",), size=(1000,), threads=(2,))
    several = Choice.of({"kernel": ["exp", "add", "exp"], "size": ("1e6", 10.0, 1_000_000), "threads": {4, 1}})
    assert several == Choice(kernel=("exp", "add"), size=(10, 1_000_000), threads=(1, 4))
    assert Choice.of({}) == Choice()


def test_nothing_chosen_is_false():
    assert not Choice.of({"kernel": (), "size": None})
    assert Choice(threads=(2,))


def test_own_can_be_chosen_as_a_strategy():
    assert Choice.of({"strategy": "own"}).strategy == ("own",)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"kernel": "sin"}, f"there is no kernel 'sin': kernels are {', '.join(KERNELS)}"),
        ({"implementation": ["c", "rust"]}, "there is no implementation 'rust': implementations are python, numpy, "),
        ({"strategy": "nogil"}, "there is no strategy 'nogil': strategies are held, released, "),
        ({"kernel": 3}, "there is no kernel 3: "),
        ({"kernel": [["exp"]]}, "there is no kernel ['exp']: "),
        ({"size": 0}, "size must be a whole number from 1 on, such as 1000 or 1e6, not 0"),
        ({"size": "1.5"}, "size must be a whole number from 1 on, such as 1000 or 1e6, not '1.5'"),
        ({"size": "many"}, "not 'many'"),
        ({"size": True}, "not True"),
        ({"size": float("nan")}, "not nan"),
        ({"size": "inf"}, "not 'inf'"),
        ({"size": 10**400}, "size must be"),
        ({"size": [None]}, "not None"),
        ({"threads": -1}, "threads must be a whole number from 1 on, such as 2, not -1"),
    ],
)
def test_anything_else_is_named_with_what_is_accepted(given, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)) as caught:
        Choice.of(given)
    assert "\n" not in str(caught.value)


choices = st.builds(
    Choice,
    kernel=st.lists(st.sampled_from([*KERNELS]), unique=True).map(tuple),
    size=st.sets(st.integers(1, 10**12)).map(sorted).map(tuple),
    threads=st.sets(st.integers(1, 64)).map(sorted).map(tuple),
)


@given(choices)
def test_sessions_and_the_command_line_can_say_the_same(choice):
    assert Choice.of(choice.to_dict()) == choice
    words = choice.as_options()
    given = {}
    for option, value in zip(words[::2], words[1::2], strict=True):
        given.setdefault(option.removeprefix("--"), []).append(value)
    assert Choice.of(given) == choice
