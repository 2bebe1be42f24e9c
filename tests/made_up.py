"""Sessions that nobody measured, for tests of what is shown of them."""

from gilscope.cases import Case, baseline_of
from gilscope.experiments._convoy_take import UNITS as CONVOY
from gilscope.experiments._seed import groups
from gilscope.experiments._starvation_take import UNITS as STARVATION
from gilscope.observations import Number, Observation
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


SPREAD = (0.98, 1.0, 1.02, 1.01, 0.99)


def observation(label, conditions, units, values):
    """An observation whose blocks are around the values."""
    numbers = {name: Number.of(units[name], [value * each for each in SPREAD]) for name, value in values.items()}
    return Observation(label, {"pinned": True, **conditions}, numbers)


def convoy_session(lengths=(20e-6, 2e-3), waits=True, strategies=("held", "released"), **machine):
    """A session of `convoy`: held calls keep half, released ones the less the longer the switch interval; each waits for one."""
    session = Session("convoy", {**MACHINE, **machine})
    for seconds in lengths:
        alone = {"seconds": seconds, "strategy": "held", "switch_interval": None}
        session.observe(observation(f"{seconds} alone", alone, CONVOY, {"calls": 1 / seconds, "spins": 1e6}))
        for interval in (500e-6, 5e-3, 20e-3):
            for strategy in strategies:
                kept = 0.5 if strategy == "held" else seconds / (seconds + interval)
                values = {"calls": kept / seconds, "spins": 0.9e6 if strategy == "released" else 0.4e6}
                wait = {"waited": 1.0, "wait_p50": interval, "wait_p99": 1.1 * interval, "wait_max": 2 * interval}
                conditions = {"seconds": seconds, "strategy": strategy, "switch_interval": interval}
                label = f"{strategy} {seconds} {interval}"
                session.observe(observation(label, conditions, CONVOY, values | (wait if waits else {})))
    return session


def starvation_session(kernel="poly.c", **machine):
    """A session of `starvation`: held freezes the others for the 50 ms of a call, released and a sleep do not."""
    session = Session("starvation", {**MACHINE, **machine})
    silences = {"nothing, asleep": 0.001, f"{kernel}.held": 0.05, f"{kernel}.yielding": 0.01, f"{kernel}.released": 0.001}
    for label, silence in silences.items():
        strategy = label.removeprefix(f"{kernel}.")
        facts = {"kind": "nothing"} if label == strategy else {"kind": "kernel", "strategy": strategy}
        values = {"call": 0.05, "gap_p50": silence / 2, "gap_p99": silence, "gap_max": 2 * silence, "silence": silence}
        session.observe(observation(label, {"beat_seconds": 0.001, **facts}, STARVATION, values))
    return session


def roofline_session(degrees=(1, 16, 256), counts=(1, 2), **machine):
    """A session of `roofline` on a machine whose cores copy 10 GB/s and compute 40 Gflop/s each, and reach that."""
    session = Session("roofline", {**MACHINE, **machine})
    for workers in counts:
        executor = "threads" if workers > 1 else "serial"
        seconds = {Case("copy.numpy", 10**7, executor, workers): 16e-3}
        for size, degree in [*((10**7, each) for each in degrees), (8192, 1024)]:
            case = Case("poly.c.released", size, executor, workers, options={"degree": degree})
            seconds[case] = max(16 * size / 10e9 if size > 8192 else 0, 2 * degree * size / 40e9)
        seconds |= {Case(call, 10**7, executor, workers): each for call, each in ARTICLE.items()}
        for case, alone in seconds.items():
            session.add(result(case, float(workers), seconds=alone))
    return session


ARTICLE = {"g.numpy": 40e-3, "g_out.numpy": 24e-3, "g_chunks.numpy": 10e-3}  # seconds on one thread


GRAINED = {"held": 0.95, "per_item": 0.01, "released": 1.8, "chunked": 1.2}  # what two threads gain on large calls
RELEASE = {"serial": 50e-9, "threads": 400e-9, "python": 20e-6}  # seconds, made up as what one release costs


def grain_session(sizes=SIZES[:-1], parts=("deep", "others", "costs"), **machine):
    """A session of `grain`: exp is worth a release from 1e4 on, if it is not cut finely; add never is."""
    session = Session("grain", {**MACHINE, **machine})
    calls = [f"exp.c.{strategy}" for strategy in GRAINED] * ("deep" in parts)
    calls += ["exp.numpy", "add.c.held", "add.c.released"] * ("others" in parts)
    for call, size in ((call, size) for call in calls for size in sizes):
        strategy = (*call.split("."), "released")[2]
        for grain in [each for each in (256, 4096) if each < size] if strategy == "chunked" else [0]:
            options = {"grain": grain} if grain else {}
            large = size >= 10**4 and not call.startswith("add") and grain != 256
            gain = GRAINED[strategy] if large or strategy in ("held", "per_item") else 0.5
            session.add(result(Case(call, size, options=options), 1.0, seconds=size * 1e-9, noisy=grain == 256))
            session.add(result(Case(call, size, "threads", 2, options=options), gain, seconds=size * 1e-9))
    return with_costs(session) if "costs" in parts else session


def with_costs(session, releases=1024):
    """Add a loop that is released for every 64 elements: alone, beside another that is, beside Python."""
    options, alone = {"degree": 16}, 50e-6
    session.add(result(Case("poly.c.held", 64 * releases, options=options), 1.0, seconds=alone))
    for who, seconds in RELEASE.items():
        more = {**options, "grain": 64} | ({"beside": who} if who == "python" else {})
        executor, workers = ("threads", 2) if who == "threads" else ("serial", 1)
        case = Case("poly.c.chunked", 64 * releases, executor, workers, options=more)
        session.add(result(case, 1.0, seconds=(alone + releases * seconds) / workers))
    return session


BLAS = [{"user_api": "blas", "internal_api": "openblas", "num_threads": 2}]


def oversubscription_session(calls=("product.numpy", "det.numpy"), python=(1, 2, 4), **machine):
    """A session of `oversubscription`: two threads of either kind are twice as fast, more cost half; det gains by BLAS's only."""
    session = Session("oversubscription", {**MACHINE, "libraries": BLAS, **machine})
    for call, threads, blas in ((call, threads, blas) for call in calls for threads in python for blas in (1, 2, 4)):
        useful = blas if call.startswith("det") else threads * blas
        gain = float(useful) if threads * blas <= 2 else 0.5
        options = {"blas_threads": blas} if blas > 1 or threads > 2 else {}
        session.add(
            result(Case(call, 10**6, "threads" if threads > 1 else "serial", threads, options=options), gain, seconds=0.04)
        )
    return session


def whole_session():
    """A session of several experiments: `seed`, an empty one, `grain`, and `starvation`, which observes."""
    whole = Session("all", MACHINE)
    for each in (seed_session(), Session("convoy", MACHINE), grain_session(), starvation_session()):
        part = whole.part(each.experiment)
        for one in each:
            part.add(one)
        for one in each.observations.values():
            part.observe(one)
    return whole


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
