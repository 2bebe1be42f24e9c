"""The seed experiment: the article's f and g, g split into what it confounds, and one C loop with and without the GIL.

The article is the SciPy cookbook's "Parallel Programming with numpy and scipy". Its table, on a dual core in 2008:

                 100 * g()    10 * f()
    normal          43.5 s       48 s
    2 threads       31 s         71.5 s
    2 processes     27 s         31.23 s
"""

from __future__ import annotations

import math
from dataclasses import replace

from gilscope.cases import Case, short
from gilscope.experiments._experiment import Course, Experiment, Published, Request, Row
from gilscope.kernels._article import CACHE_CHUNK
from gilscope.measure import Group, Plan, Sampler
from gilscope.results import Result, Session

WORKERS = 2
G_SIZE = 10_000_000
F_SIZE, F_FULL_SIZE = 1_000_000, 10_000_000  # the article's f takes 0.4 GB for each worker
EXP_SIZE = 1_000_000
SCALES = 1.05  # a speed-up that is worth the word

PUBLISHED = (
    Published("100 * g()", 43.5, (31.0, 27.0), "g.numpy"),
    Published("10 * f()", 48.0, (71.5, 31.23), "f.python"),
)

LABELS = {
    "g.numpy": "g, as published",
    "g_out.numpy": "g, arrays reused (out=)",
    "g_chunks.numpy": "g, 16384 at a time",
    "g_small.numpy": "g, 500 at a time",
    "f.python": "f, as published",
}

TWINS = ("exp.c.held", "exp.c.declared_nogil", "exp.c.released")
CYTHON_TWINS = ("exp.cython.held", "exp.cython.released")
EXP_CALLS = (*TWINS, *CYTHON_TWINS)
CLIFF, CLIFF_SIZE = "exp.c.per_item", 100_000  # a hundred times slower than the others


def course(request: Request, session: Session, plan: Plan, sampler: Sampler) -> Course:
    """Return the groups, each an equal share of the run."""
    wanted = groups(request.full)
    return Course([replace(group, until=at / len(wanted)) for at, group in enumerate(wanted, 1)])


def groups(full: bool) -> tuple[Group, ...]:
    """Return the article's routines, each with threads and processes, then the C loop under three strategies."""
    f_size = F_FULL_SIZE if full else F_SIZE
    sizes = {"f.python": f_size}
    return (*(routine_group(call, sizes.get(call, G_SIZE)) for call in LABELS), twins_group(), cliff_group())


def groups_of(session: Session) -> tuple[Group, ...]:
    """Return the groups that a session was measured in."""
    sizes = {result.case.get("asked", result.id).rpartition("/")[2] for result in session if result.case["kernel"] == "f"}
    return groups(short(F_FULL_SIZE) in sizes)


def routine_group(call: str, size: int) -> Group:
    """Return one routine of the article: serial, threads, processes."""
    return Group(call, tuple(Case(call, size, executor, WORKERS) for executor in ("threads", "processes")))


def twins_group() -> Group:
    """Return one C loop under several strategies, and the Cython twins, in one group: their ratios are the point."""
    cases = [Case(call, EXP_SIZE) for call in EXP_CALLS]
    cases += [Case(call, EXP_SIZE, "threads", WORKERS) for call in EXP_CALLS]
    cases += [Case(call, EXP_SIZE, "processes", WORKERS) for call in ("exp.c.held", "exp.c.released", *CYTHON_TWINS)]
    return Group("exp", tuple(cases), title="exp, one loop with and without the GIL")


def cliff_group() -> Group:
    """Return the C loop released for each element."""
    return Group(CLIFF, (Case(CLIFF, CLIFF_SIZE), Case(CLIFF, CLIFF_SIZE, "threads", WORKERS)))


def rows(group: Group, results: list[Result], session: Session) -> list[Row]:
    """Return a group's rows: a routine's one, or one for each strategy."""
    calls = EXP_CALLS if group.name == "exp" else (group.name,)
    return [row_of(call, results, has_gil(session)) for call in calls if pick(results, call, "serial")]


def has_gil(session: Session) -> bool:
    """Whether there was a GIL; there was one where an old session does not say."""
    return bool(session.machine.get("gil", True))


def row_of(call: str, results: list[Result], gil: bool) -> Row:
    """Pick a call's results, and say in one sentence what they show."""
    serial, threads, processes = (pick(results, call, executor) for executor in ("serial", "threads", "processes"))
    assert serial is not None
    label = f"{LABELS.get(call, call)}, {short(serial.case['size'])}"
    sentence = remark(call, serial, threads, gil) if threads else "".join(serial.notes[-1:])  # one core: who could run
    return Row(label, serial, (threads, processes), sentence)


def pick(results: list[Result], call: str, executor: str) -> Result | None:
    """Return the result of a call under an executor, if there is one."""
    return next((each for each in results if each.id.startswith(f"{call}/{executor}")), None)


# --- a sentence for each row ---------------------------------------------------------------------------------------------------


def remark(call: str, serial: Result, threads: Result, gil: bool) -> str:
    """Return the sentence below a row, completed with what was measured."""
    sentence = REMARKS[call][0 if gil else 1]
    return sentence.format(
        efficiency=efficiency(threads),
        faults=f"{faults_per_call(serial):,.0f}",
        megabytes=f"{16 * serial.case['size'] / 1e6:.0f}",
        chunks=f"{math.ceil(serial.case['size'] / CACHE_CHUNK):,}",
        release=f"{release_seconds(serial) * 1e9:.0f} ns",
    )


def faults_per_call(result: Result) -> float:
    """Return the minor page faults of one call."""
    return sum(each.minor_faults or 0 for each in result.samples) / sum(each.calls for each in result.samples)


def efficiency(result: Result) -> str:
    """Say how near the ceiling a result comes."""
    return "an unknown share of the ceiling" if result.efficiency is None else f"{result.efficiency:.0%} of the ceiling"


def release_seconds(serial: Result) -> float:
    """Return what one release costs, from a case that releases for each element and its baseline that does not."""
    return serial.seconds.value * (1 - x_of(serial)) / float(serial.case["size"])


# With the GIL on, and off.
REMARKS = {
    "g.numpy": (
        "Published 1.40x: np.exp released the GIL then as now; threads reach {efficiency}. Each call also has the kernel clear "
        "{megabytes} MB of fresh pages ({faults} page faults).",
        "Published 1.40x. Off: {efficiency}; each call has the kernel clear {megabytes} MB of new pages ({faults} page faults).",
    ),
    "g_out.numpy": (
        "Nothing allocated, {faults} page faults a call: threads reach {efficiency}.",
        "Nothing allocated, {faults} page faults a call: {efficiency}.",
    ),
    "g_chunks.numpy": (
        "All in the cache, but {chunks} chunks, and after each the GIL is wanted back: {efficiency}.",
        "All in the cache, {chunks} chunks: {efficiency}.",
    ),
    "g_small.numpy": (
        "Up to 500 elements NumPy keeps the GIL: the same sums, and threads cannot overlap.",
        "With a GIL, NumPy would keep it up to 500 elements; off: {efficiency}.",
    ),
    "f.python": (
        "Published 0.67x: Python 2's GIL, fought over every 100 bytecodes; today's changes hands every 5 ms, and threads take "
        "turns. Its processes' 1.54x: Pool.map dealt 10 items as 6 and 4.",
        "Published 0.67x. GIL off: nothing makes pure-Python threads take turns: {efficiency}.",
    ),
    "exp.c.held": (
        "The GIL is kept for the whole call: threads take turns; processes have one GIL each.",
        "GIL off: there is nothing to keep, and held is released: {efficiency}.",
    ),
    "exp.c.declared_nogil": (
        "Declared nogil, but called with the GIL: a declaration permits, it does not release.",
        "Declared nogil: with a GIL it would be kept; off: {efficiency}.",
    ),
    "exp.c.released": (
        "The same machine code at the same address, called without the GIL: {efficiency}.",
        "The same machine code at the same address; off, releasing changes nothing: {efficiency}.",
    ),
    CLIFF: (
        "The GIL released for each element: {release} a release on one thread, and threads fight for every one.",
        "Released for each element: {release} to detach and attach the thread, with no GIL to fight for: {efficiency}.",
    ),
    "exp.cython.held": (
        "The same in Cython, as one would write it (`gilscope show exp`); libm's exp, one element at a time, so slower than C.",
        "The same in Cython (`gilscope show exp`); libm's exp, one element at a time, so slower than C: {efficiency}.",
    ),
    "exp.cython.released": (
        "One line more, `with nogil:`: {efficiency}.",
        "One line more, `with nogil:`; off, it changes nothing: {efficiency}.",
    ),
}


# --- the last lines ------------------------------------------------------------------------------------------------------------


def verdict(session: Session) -> list[str]:
    """Return what was found, in words."""
    latest = list(session)[::-1]  # a resumed session may hold other sizes too
    threads = {call: pick(latest, call, "threads") for call in (*TWINS, "f.python", "g_out.numpy")}
    if any(result is None for result in threads.values()):
        return no_verdict(session)
    found = {call: result for call, result in threads.items() if result}
    return [twins_verdict(found, has_gil(session)), article_verdict(found, has_gil(session))]


def twins_verdict(found: dict[str, Result], gil: bool) -> str:
    """Say what releasing the GIL did to one C loop."""
    held, released = found["exp.c.held"], found["exp.c.released"]
    numbers = f"{WORKERS} threads run exp {x(released)} as fast released and {x(held)} as fast held"
    if not gil:
        return f"GIL off, so there is nothing to hold: {numbers} (ceiling {ceiling(released)})."
    if released.speedup and held.speedup and released.speedup.low > max(SCALES, held.speedup.high):
        top = f"(ceiling {ceiling(released)})"
        return f"Releasing the GIL is what lets threads scale: {numbers} {top}; the machine code is the same."
    return f"That releasing the GIL lets threads scale could not be shown here: {numbers} (ceiling {ceiling(released)})."


def article_verdict(found: dict[str, Result], gil: bool) -> str:
    """Say whether the article's conclusion holds."""
    f, g = found["f.python"], found["g_out.numpy"]
    subject = "Pure Python (f)" if gil else "GIL off: pure Python (f)"
    return f"{subject} runs {x(f)} on {WORKERS} threads, NumPy on existing arrays (g, out=) {x(g)}."


def no_verdict(session: Session) -> list[str]:
    """Say who could run, where there is one core to run on; else that the run was interrupted."""
    if any(result.case["executor"] != "serial" for result in session):
        return ["The run ended before all of it was measured, so there is no verdict."]
    return ["One usable core shows no speed-up, but it shows who lets others run: read the line below each row."]


def x(result: Result) -> str:
    """Write a speed-up with its interval."""
    return f"{result.speedup.value:.2f}x [{result.speedup.low:.2f}, {result.speedup.high:.2f}]" if result.speedup else "?"


def x_of(result: Result) -> float:
    """Return a speed-up's value."""
    return result.speedup.value if result.speedup else 1.0


def ceiling(result: Result) -> str:
    """Write a ceiling."""
    return f"{result.ceiling.value:.2f}x" if result.ceiling else "not measured"


SEED = Experiment(
    name="seed",
    question="Does releasing the GIL let threads scale, as the article says?",
    duration="about a minute; --quick: 15 s",
    course=course,
    plans={"default": Plan(blocks=21, sample_seconds=0.05), "quick": Plan(blocks=7, sample_seconds=0.03)},
    columns=(f"{WORKERS} threads", f"{WORKERS} processes"),
    published=PUBLISHED,
    rows=rows,
    groups=groups_of,
    verdict=verdict,
    seconds={"quick": 15.0, "default": 60.0},
    observes=True,
)
