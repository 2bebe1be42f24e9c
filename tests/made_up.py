"""Sessions that nobody measured, for tests of what is shown of them."""

from gilscope.cases import Case, baseline_of
from gilscope.experiments._seed import groups
from gilscope.results import Ceiling, Result, Sample, Session, Speedup
from gilscope.stats import Interval

EVIL = "</script><!--<script>alert('x')</script>| & \"<b>"
MACHINE = {
    "python": "3.13.1",
    "gil": True,
    "cpu": "A CPU",
    "cores_usable": 2,
    "numpy": "2.4.6",
    "native": {"isa": "avx2", "best_isa": "avx2"},
    "load_average": [0.1, 0.2, 0.3],
    "switch_interval_seconds": 0.005,
}
GAINS = {"serial": 1.0, "threads": 1.9, "processes": 1.8, "native": 1.95}
HELD = ("exp.c.held", "exp.c.declared_nogil", "exp.cython.held", "g_small.numpy", "f.python")
BLOCKS = 7


def result(case, gain, *, seconds=1e-3, noisy=False, notes=(), blocks=BLOCKS):
    """A result with a gain over one thread, and a ceiling where several work."""
    once = seconds / gain
    samples = tuple(Sample(once * (1 + 0.001 * at), 1, once) for at in range(blocks))
    speedup = Speedup(gain, gain * 0.98, gain * 1.03, baseline_of(case).id)
    several = case.workers > 1
    ceiling = Ceiling(1.95, 1.9, 1.97, "native threads") if several and case.executor != "native" else None
    more = {"efficiency": gain / 1.95 if ceiling else None, "noisy": noisy, "notes": notes}
    return Result(case.to_dict(), samples, Interval(once, once, once * 1.01), speedup, ceiling, **more)


def seed_session(**machine):
    """A whole session of `seed`: held threads gain nothing, the others nearly two; one case is noisy."""
    session = Session("seed", {**MACHINE, **machine})
    for group in groups(False):
        for case in group.all_cases():
            gain = 0.9 if case.call in HELD and case.executor == "threads" else GAINS[case.executor]
            noisy = {"noisy": True, "notes": ("samples spread by 20% of their median",)} if case.call == "f.python" else {}
            session.add(result(case, gain if case.call != "exp.c.per_item" else 0.003, **noisy))
    return session


SIZES = (100, 1000, 10**4, 10**5, 10**6)


def scaling_session(kernels=("exp", "add"), sizes=SIZES, **machine):
    """A session of `scaling`: released pays from 1e4 on, held never."""
    session = Session("scaling", {**MACHINE, **machine}, details={"not_measured": []})
    for kernel in kernels:
        for size in sizes:
            for strategy in ("held", "released"):
                gain = 1.9 if strategy == "released" and size >= 10**4 else 0.6
                call = f"{kernel}.c.{strategy}"
                session.add(result(Case(call, size), 1.0, seconds=size * 1e-9))
                session.add(result(Case(call, size, "threads", 2), gain, seconds=size * 1e-9))
    return session


def evil_session(experiment="a newer experiment"):
    """A session whose every label would break a page that does not escape it."""
    names = {"kernel": EVIL, "implementation": "c", "strategy": EVIL, "executor": "threads", "workers": 2, "dtype": EVIL}
    options = {} if experiment == "scaling" else {EVIL: EVIL}  # maps show only cases without
    case = {**names, "id": f"{EVIL}.c/threads-2/10", "size": 10, "options": options}
    found = result(Case("exp.c.released", 10, "threads", 2), 1.5, noisy=True, notes=(EVIL,))
    found = Result(**{**vars(found), "case": case})
    alone = Result(**{**vars(found), "case": {**case, "id": f"{EVIL}.c/serial/10", "executor": "serial", "workers": 1}})
    machine = {**MACHINE, "cpu": EVIL, EVIL: EVIL}
    not_measured = [{"kernel": EVIL, "implementation": EVIL, "strategy": EVIL, "threads": 2, "reason": EVIL}]
    return Session(experiment, machine, [found, alone], version=EVIL, details={"not_measured": not_measured})
