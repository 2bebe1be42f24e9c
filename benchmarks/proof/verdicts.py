"""How often is the verdict right? `gilscope check` on functions whose answer is known before they are checked.

Each case in _verdict_cases.py says why it is known: by construction (our own kernels, whose machine code is the same whatever
they do with the GIL), or from the sources of NumPy and CPython. The word (held, partial, released) and the cause are counted
apart. A case that is judged "noisy machine" is checked once more at the end; what is noisy then too counts for the word only.
Verdicts on machines that are not at hand (16 cores, hyper-threads, no GIL, no tracer) follow from evidence that was made up from
what others report, in tests/synthetic_evidence.py, and are counted apart.

Run time: 5 minutes (--quick 20 s: a dozen cases, without processes). Some rows are left out. Sample output:

case                                           expected                     found
exp.c.held(x, out=y)                           held, gil held               held, gil held
exp.c.declared_nogil(x, out=y)                 held, gil held               held, gil held
exp.c.chunked(x, out=y, grain=50_000)          released, scales             released, memory bandwidth   wrong
primes.c.per_item(n, out=y)                    partial, gil contention      partial, gil contention
primes.c.parallel(n, out=y, threads=2)         released, already parallel   released, already parallel
np.linalg.det(S)                               held, gil held               held, gil held
np.linalg.eigvalsh(S[:500, :500])              held, gil held               held, gil held
np.linalg.eigvalsh(S[:501, :501])              released, scales             released, scales
M @ M                                          released, already parallel   released, already parallel
zlib.compress(text)                            released, scales             released, scales
json.dumps(data)                               held, gil held               held, gil held
time.sleep(0.002)                              released, waiting            released, waiting
r.standard_normal(100_000)                     released, lock               released, lock
(70 more)

synthetic evidence                             cause                        found
16 threads that scale                          scales                       released, scales
more arithmetic than it looks: stops at 8 o... memory bandwidth             released, memory bandwidth
a wall at 5000 MiB/s                           memory bandwidth             released, memory bandwidth
(25 more)

Here: 83 of 83 words right, 80 of 83 causes right, 0 too noisy for a cause.
From synthetic evidence: 28 of 28 causes right.
Here 100% of the words and 96% of the causes are right: the goal of 95% is met.
"""

import sys
from pathlib import Path

from _verdict_cases import CASES
from threadpoolctl import threadpool_limits

from gilscope._native.loops import HAVE_OPENMP
from gilscope.checking import Checker, Statement, Verdict
from gilscope.cores import usable_cores

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from _timing import options
from synthetic_evidence import SYNTHETIC

GOAL = 0.95
NOISY = "noisy machine"
ROW = "{:46} {:28} {:28} {}"


def checked(case, quick):
    """Return the verdict. Each case finds BLAS free to use all cores; a setup may limit it."""
    checker = Checker(own_arguments=case.own, processes=not quick)
    with threadpool_limits(len(usable_cores()), "blas"):
        return checker.check(Statement(case.statement, case.setup))


def right(verdict, case):
    """Return whether the word is right, and whether the cause is."""
    return verdict.gil in case.gil.split(" or "), verdict.cause in case.causes


def show(name, expected, found, both):
    """Print a row of the table."""
    mark = "" if all(both) else "no verdict" if is_noisy(found) and both[0] else "wrong"
    print(ROW.format(short(name), expected, f"{found.gil}, {found.cause}", mark).rstrip(), flush=True)


def short(name):
    """Return a name that fits its column."""
    return name if len(name) <= 46 else f"{name[:43]}..."


def label(case):
    """Return what is expected, as it is printed."""
    return f"{case.gil.replace(' or ', '/')}, {'/'.join(sorted(case.causes))}"


def go_through(cases, quick):
    """Check the cases, print a row for each, and return the verdicts by case."""
    found = {}
    for case in cases:
        found[case] = verdict = checked(case, quick)
        show(verdict.name, label(case), verdict, right(verdict, case))
    return found


def is_noisy(verdict):
    """Tell whether the machine had something else to do."""
    return verdict.cause == NOISY


def made_up():
    """Conclude from the synthetic evidence, print a row for each, and return how many causes are right."""
    print("\n" + ROW.format("synthetic evidence", "cause", "found", "").rstrip())
    verdicts = [(each, Verdict(each.name, each.evidence)) for each in SYNTHETIC]
    for each, verdict in verdicts:
        show(each.name, each.cause, verdict, [verdict.cause == each.cause])
    return sum(verdict.cause == each.cause for each, verdict in verdicts)


def can_run(case):
    """Tell whether this build has what a case calls."""
    return HAVE_OPENMP or ".parallel(" not in case.statement


def main(quick):
    """Check all, once more what was noisy, and say how often the verdict is right."""
    print(ROW.format("case", "expected", "found", "").rstrip())
    found = go_through([case for case in CASES if (case.quick or not quick) and can_run(case)], quick)
    if again := [case for case, verdict in found.items() if is_noisy(verdict)]:
        print("once more, what was noisy:")
        found |= go_through(again, quick)
    synthetic = made_up()
    words = sum(right(verdict, case)[0] for case, verdict in found.items())
    judged = {case: verdict for case, verdict in found.items() if not is_noisy(verdict)}
    causes = sum(right(verdict, case)[1] for case, verdict in judged.items())
    met = min(words / len(found), causes / max(len(judged), 1)) >= GOAL and synthetic == len(SYNTHETIC)
    noisy = len(found) - len(judged)
    print(f"\nHere: {words} of {len(found)} words right, {causes} of {len(judged)} causes right, {noisy} too noisy for a cause.")
    print(f"From synthetic evidence: {synthetic} of {len(SYNTHETIC)} causes right.")
    share = f"{words / len(found):.0%} of the words and {causes / max(len(judged), 1):.0%} of the causes are right"
    print(f"Here {share}: the goal of {GOAL:.0%} is {'met' if met else 'not met'}.")


if __name__ == "__main__":
    main(options(__doc__, "a dozen cases, without processes").quick)
