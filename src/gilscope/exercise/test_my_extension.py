"""Red while the loop keeps the GIL, green when it lets go of it."""

import numpy as np
from my_extension import logistic


def test_logistic_releases_the_gil(gil):
    gil.assert_releases(logistic, np.linspace(0, 1, 1000), 10_000)
