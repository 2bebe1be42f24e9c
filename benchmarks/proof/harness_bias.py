"""Does the harness find a difference where there is none? A against A, all the way through gilscope.measure.

The same case twice in a group, one the baseline of the other. Of 95 % intervals, 19 in 20 should include 1.00.
Run time: 30 s (--quick 3 s). Sample output:

A : A    95 % interval     includes 1.00
0.999   0.996 to 1.004   yes
1.006   0.988 to 1.027   yes
0.989   0.948 to 1.009   yes
1.000   0.993 to 1.009   yes
0.992   0.980 to 1.002   yes
1.050   0.977 to 1.231   yes
1.000   0.978 to 1.019   yes
0.989   0.958 to 0.996   no
0.999   0.990 to 1.007   yes
1.001   0.997 to 1.009   yes
1.000   0.996 to 1.005   yes
0.999   0.970 to 1.005   yes
0.995   0.977 to 1.015   yes
0.996   0.983 to 1.003   yes
0.999   0.967 to 1.039   yes
0.997   0.988 to 1.004   yes
0.993   0.989 to 0.999   no
1.002   0.996 to 1.005   yes
1.000   0.998 to 1.003   yes
0.997   0.993 to 1.000   no
Of 20 intervals 17 include 1.00, and the median is off by -0.11%: nothing speaks against the intervals.
"""

import argparse
import statistics
from dataclasses import dataclass

from gilscope.cases import Case
from gilscope.measure import Group, Machine, Plan, measure
from gilscope.results import Session


@dataclass(frozen=True)
class Again(Case):
    """A case that is measured once more: equal to none, so that the harness treats it as another."""


def a_against_a(plan, sampler):
    """Return the speed-up of a case against itself, with its interval."""
    group = Group("A against A", (Again("exp.c.held", 100_000),))
    session = Session("A against A", machine={})
    [(_, results)] = measure([group], session, plan, sampler)
    return results[-1].speedup


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter comparisons")
    quick = parser.parse_args().quick
    repeats, plan = (5, Plan(blocks=7, sample_seconds=0.01)) if quick else (20, Plan(blocks=15, sample_seconds=0.04))
    print("A : A    95 % interval     includes 1.00")
    found = []
    with Machine() as sampler:
        for _ in range(repeats):
            found.append(each := a_against_a(plan, sampler))
            print(f"{each.value:.3f}   {each.low:.3f} to {each.high:.3f}   {'yes' if each.low <= 1 <= each.high else 'no'}")
    included = sum(each.low <= 1 <= each.high for each in found)
    bias = statistics.median(each.value for each in found) - 1
    # Of 20 intervals that are right 19 times in 20, fewer than 16 include it in 3 of 1000 runs.
    verdict = "nothing speaks against the intervals" if included >= 0.8 * repeats else "the intervals are too narrow here"
    print(f"Of {repeats} intervals {included} include 1.00, and the median is off by {bias:+.2%}: {verdict}.")
