"""The fixture `gil` for pytest. Nothing but pytest is imported until a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gilscope.testing import Gil


@pytest.fixture
def gil() -> Iterator[Gil]:
    """Assertions about the GIL: gil.assert_releases(f, x), gil.assert_holds(f, x), gil.assert_longest_hold_below_ms(5, f, x)."""
    from gilscope.testing import Gil

    expectations = Gil()
    yield expectations
    expectations.require_entered()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep tests that use `gil` out of several threads: a process has one trace.

    Whoever runs tests in threads (pytest-run-parallel) has the marker for it; where nobody has, to use it would be an error.
    """
    if not any(line.partition(":")[0].strip() == "thread_unsafe" for line in config.getini("markers")):
        return
    for item in items:
        if "gil" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.thread_unsafe(reason="the fixture gil traces all threads of the process"))
