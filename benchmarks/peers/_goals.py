"""What our loops are to reach: so many times as fast as the best peer, or as one-thread NumPy for all cores together."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """A ratio that a kernel is to reach between two sizes."""

    kernel: str
    ratio: float
    smallest: float
    largest: float
    all_cores: bool = False

    def covers(self, kernel, dtype, size, threads):
        """Tell whether a measurement is one that the goal is about."""
        where = self.kernel == kernel and dtype == "float64" and self.smallest <= size <= self.largest
        return where and self.all_cores == (threads > 1)


GOALS = (
    Goal("exp", 1.5, 1e4, 1e5),
    Goal("exp", 1.3, 1e6, 1e6),
    Goal("exp", 1.5, 1e7, 1e7),
    Goal("exp", 2.0, 1e4, 1e4, all_cores=True),
    Goal("exp", 2.5, 1e5, 1e7, all_cores=True),
    Goal("mandelbrot", 5.0, 1e4, 1e5),
    Goal("pairwise", 1.5, 1e4, 1e7),
    Goal("add", 1.3, 1e7, 1e7),
    Goal("add", 0.97, 1e5, 1e6),
    Goal("sum", 0.97, 1e5, 1e7),
)
AS_FAST = 0.9  # below this a kernel owes an explanation, from `EXPLAINED_FROM` elements on
EXPLAINED_FROM = 1e4
