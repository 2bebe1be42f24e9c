"""What `oversubscription` found, in lines and in words: pure functions of a session."""

from __future__ import annotations

from collections.abc import Mapping

from gilscope.advice import advice, blas_threads
from gilscope.cases import case_of
from gilscope.experiments._telling import columns, interval_text, noisy_words
from gilscope.results import Result, Session
from gilscope.stats import median
from gilscope.wording import duration, listed

ROUTINES = {"product.numpy": "A @ B", "inv.numpy": "inv", "svd.numpy": "svd", "det.numpy": "det"}
HELPS, COSTS = 1.2, 0.9  # what threads must bring to be called a help, and what too many must leave to cost nothing
Cells = dict[tuple[int, int], Result]  # by Python threads and BLAS threads


def cells_of(session: Session, call: str) -> Cells:
    """Return a routine's heat map; of a resumed session with other sizes the last."""
    found = [each for each in session if each.id.startswith(f"{call}/") and each.case["executor"] in ("serial", "threads")]
    last = found[-1].case["size"] if found else 0
    cases = [(case_of(each.case), each) for each in found if each.case["size"] == last]
    return {(case.workers, case.blas_threads): each for case, each in cases}


def maps(session: Session) -> dict[str, Cells]:
    """Return all heat maps that were measured."""
    return {call: cells for call in ROUTINES if (cells := cells_of(session, call))}


def gain(cells: Cells, key: tuple[int, int]) -> float:
    """Return the throughput of a cell against that of one Python thread and one BLAS thread."""
    found = cells[key].speedup
    return found.value if found else 1.0


def best_of(cells: Cells) -> tuple[int, int]:
    """Return the cell with the most throughput; among those that cannot be told from it, the one with the fewest threads."""
    top = max(cells, key=lambda key: gain(cells, key))
    least = cells[top].speedup
    even = [key for key in cells if (found := cells[key].speedup) and least and found.high >= least.value]
    return min(even or [top], key=lambda key: (key[0] * key[1], key[1]))


def cpu_of_one_call(result: Result) -> float:
    """Return how many cores one call used: the CPU time of all threads over the time it took."""
    return median([(each.cpu_seconds or 0.0) / each.wall_seconds for each in result.samples])


# --- lines ---------------------------------------------------------------------------------------------------------------------


def lines(session: Session) -> list[str]:
    """Return a heat map for each routine."""
    head = "Throughput against one Python thread with one BLAS thread; * the best with the fewest threads."
    tables = [line for call, cells in maps(session).items() for line in ("", *map_lines(call, cells))]
    return [head, *tables]


def map_lines(call: str, cells: Cells) -> list[str]:
    """Return one heat map, and how many cores one call uses."""
    python, blas = sorted({key[0] for key in cells}), sorted({key[1] for key in cells})
    best = best_of(cells)
    alone = cells[1, 1]
    side = round(alone.case["size"] ** 0.5)
    head = [f"{ROUTINES[call]}, {side} x {side}, {duration(alone.seconds.value)}; BLAS threads", *(str(each) for each in blas)]
    rows = [[f"  {threads_text(each)}", *(cell_text(cells, (each, more), best) for more in blas)] for each in python]
    cpu = ["  cores that one call uses", *(f"{cpu_of_one_call(cells[1, more]):.2f} " for more in blas if (1, more) in cells)]
    return columns([head, *rows, cpu])


def threads_text(number: int) -> str:
    """Write a number of Python threads."""
    return f"{number} Python thread{'s' * (number > 1)}"


def cell_text(cells: Cells, key: tuple[int, int], best: tuple[int, int]) -> str:
    """Write a cell."""
    return f"{gain(cells, key):.2f}{'*' if key == best else ' '}" if key in cells else "- "


# --- the verdict ---------------------------------------------------------------------------------------------------------------


def verdict(session: Session) -> list[str]:
    """Say which cell is best for each routine, what doing nothing costs, what the doctor advises, and what to remember."""
    found = maps(session)
    several = {call: cells for call, cells in found.items() if len({key[0] for key in cells}) > 1}
    own = blas_threads(session.machine)
    if not own:
        return ["NumPy here has no BLAS whose threads can be limited, so only Python threads were tried.", *advised(session)]
    if not several:
        return ["One core: neither Python threads nor BLAS threads can overlap here.", *advised(session)]
    told = [routine_words(call, cells, own) for call, cells in several.items()]
    words = (*told, too_many_blas_words(several), *advised(session), noisy_words(session))
    return [each for each in (*words, rule(several)) if each]


def routine_words(call: str, cells: Cells, own: int) -> str:
    """Say what is best for one routine, what it is with BLAS left alone, and why Python threads may bring nothing."""
    best, cores = best_of(cells), cores_of(cells)
    what = f"{threads_text(best[0])} with {best[1]} BLAS thread{'s' * (best[1] > 1)}" if best != (1, 1) else "one of each"
    sentence = f"{ROUTINES[call]}: best is {what}, {interval_text(cells[best].speedup)}"
    if (cores, own) in cells and (cores, 1) in cells and own > 1:
        sentence += f"; {cores} Python threads reach {gain(cells, (cores, own)):.2f}x with BLAS left alone ({own} threads)"
        sentence += f" and {gain(cells, (cores, 1)):.2f}x with it limited to one"
    return f"{sentence}.{held_words(cells)}"


def cores_of(cells: Cells) -> int:
    """Return the number of cores that the heat map was made for: the smallest number of Python threads above one."""
    return min(python for python, _ in cells if python > 1)


def held_words(cells: Cells) -> str:
    """Say that a routine keeps the GIL, where threads bring nothing that processes do bring."""
    threads = cells.get((cores_of(cells), 1))
    if threads is None or not threads.speedup or not threads.ceiling:
        return ""
    if threads.speedup.high < HELPS <= threads.ceiling.low:
        processes = f"{threads.case['workers']} processes {interval_text(threads.ceiling)}"
        return f" Python threads bring nothing ({interval_text(threads.speedup)}, {processes}): the call keeps the GIL."
    return ""


def too_many_blas_words(found: Mapping[str, Cells]) -> str:
    """Say what BLAS threads beyond the cores do to a single call, where they surely make it slower than one of them."""
    most = max(blas for cells in found.values() for _, blas in cells)
    slow = {ROUTINES[call]: cell.speedup for call, cells in found.items() if (cell := cells.get((1, most))) and cell.speedup}
    slow = {name: speedup for name, speedup in slow.items() if speedup.high < 1}
    if most <= min(map(cores_of, found.values())) or not slow:
        return ""
    told = listed([f"{name} ({speedup.value:.2f}x)" for name, speedup in slow.items()])
    return f"More BLAS threads than cores are the worst: with {most}, one call is slower than with one: {told}."


def advised(session: Session) -> list[str]:
    """Return what `gilscope doctor` advises here."""
    return [f"gilscope doctor: {each}." for each in advice(session.machine)]


def rule(found: Mapping[str, Cells]) -> str:
    """Say what to remember: whether too many threads cost something here."""
    costly = [ROUTINES[call] for call, cells in found.items() if too_many_cost(cells)]
    if costly:
        return f"Remember: threads of your own or threads of BLAS, not both at once; both cost {listed(costly)} here."
    crowded = any(is_crowded(key, cores_of(cells)) for cells in found.values() for key in cells)
    none = "that both at once cost something could not be shown here" if crowded else "both at once were not measured"
    return f"Remember: threads of your own or threads of BLAS are enough; {none}."


def too_many_cost(cells: Cells) -> bool:
    """Whether a cell with more threads than cores is surely slower than the best."""
    best, cores = cells[best_of(cells)].speedup, cores_of(cells)
    crowded = [found.speedup for key, found in cells.items() if is_crowded(key, cores)]
    return best is not None and any(each is not None and each.high < COSTS * best.low for each in crowded)


def is_crowded(key: tuple[int, int], cores: int) -> bool:
    """Whether both kinds of threads together are more than there are cores."""
    python, blas = key
    return python > 1 and blas > 1 and python * blas > cores
