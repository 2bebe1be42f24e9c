"""From evidence to a cause: why a function scales on threads, or does not. Pure functions, with no clock.

To add a cause, write a class like the others and put it into `CAUSES`: the first that applies is the verdict.
"""

from __future__ import annotations

from typing import ClassVar

from gilscope.checking._evidence import Evidence
from gilscope.checking._signs import (
    ALL_CORES,
    ENOUGH_SECONDS,
    MANY_PAGES,
    PARALLEL_CORES,
    SHORT_SECONDS,
    WAITS,
    WAKE_SECONDS,
    best_of_processes,
    compute_loop,
    copy_is_fast,
    cores_are_busy,
    lost,
    mean_hold,
    processes_scale,
    scales,
    share,
    waits_for_gil,
    waits_for_pool,
)
from gilscope.wording import duration, percent


class Cause:
    """Why it scales, or does not.

    Attributes
    ----------
    name : str
        As in `Verdict.cause`.
    """

    name: ClassVar[str]

    def applies(self, e: Evidence, at_least: float) -> bool:
        """Tell whether this is the cause, given that none before it in the table is.

        Parameters
        ----------
        e : Evidence
            What was measured.
        at_least : float
            The share of the ceiling from which on a function scales.
        """
        raise NotImplementedError

    def because(self, e: Evidence) -> str:
        """Say what in the evidence shows it."""
        raise NotImplementedError

    def advice(self, e: Evidence) -> str:
        """Say what to try next."""
        raise NotImplementedError


class AlreadyParallel(Cause):
    """One call uses several cores by itself, so that further threads find none."""

    name = "already parallel"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """Look at the CPU time of the process in a call alone; if it holds the GIL, processes show what a release would do."""
        if e.alone.gil == "held":
            return e.cores_in_use >= max(PARALLEL_CORES, ALL_CORES * e.cores) and not processes_scale(e, at_least)
        if e.cores_in_use < PARALLEL_CORES:
            return waits_for_pool(e) and not scales(e, at_least)
        return e.cores_in_use >= ALL_CORES * e.cores or not scales(e, at_least)

    def because(self, e: Evidence) -> str:
        """Name the pools that are known."""
        pools = f" (known pools of threads: {', '.join(e.pools)})" if e.pools else ""
        busy = f"one call alone keeps {e.cores_in_use:.1f} of {e.cores} cores busy{pools}"
        if waits_for_pool(e):
            return f"{busy}; for {percent(e.alone.waits)} of its time it waits for other threads of the process"
        held = "; it holds the GIL too, but a release would find no core for other calls" if e.alone.gil == "held" else ""
        return busy + held

    def advice(self, e: Evidence) -> str:
        """Either the pool or threads."""
        limit = "to use threads of your own, limit the library's first"
        how = "threadpoolctl.threadpool_limits(1) for BLAS and OpenMP, for others a variable such as POLARS_MAX_THREADS"
        holds = "; as the call keeps the GIL, all other Python threads stand still meanwhile" if e.alone.gil == "held" else ""
        return f"leave it to the library, which uses the cores already; {limit} ({how}){holds}"


class Waiting(Cause):
    """The call waits for something, without the GIL, and threads wait at the same time."""

    name = "waiting"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """Look at a call alone: its other threads, if it has any, want no core either; and threads do not wait for each other."""
        waits = e.alone.waits >= WAITS and e.cores_in_use < 1 - WAITS
        overlaps = not lost(e, "gil", "blocked") or (e.budget is not None and e.budget.kept >= at_least)
        return e.alone.gil != "held" and waits and overlaps

    def because(self, e: Evidence) -> str:
        """Say how little it computes."""
        return f"for {percent(e.alone.waits)} of its time the call wants no core: it sleeps or waits for I/O"

    def advice(self, e: Evidence) -> str:
        """More of them."""
        return "threads overlap such waits whatever the number of cores: more threads than cores, or asyncio, will help"


class Scales(Cause):
    """Threads come near to what is possible here."""

    name = "scales"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """Compare with the ceiling."""
        return scales(e, at_least)

    def because(self, e: Evidence) -> str:
        """Say how near."""
        reached = f"{e.most} threads run {e.speedup:.2f}x as fast as one: {percent(e.efficiency)} of what is possible here"
        if e.budget is None:
            return reached
        useful = f"{percent(e.budget.kept)} went into work that takes as long alone"
        if cores_are_busy(e):
            return f"other programs had the cores for {percent(e.disturbed)} of {e.most} threads' time; of the rest {useful}"
        return f"{reached}; of their time {useful}" if e.budget.kept > e.efficiency else reached

    def advice(self, e: Evidence) -> str:
        """Go on."""
        return "use threads"


class TooSmall(Cause):
    """What a call does takes less time than getting in, out, and the GIL back."""

    name = "too small"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """Look at the time of a call, and whether the hand-over of the GIL is what costs."""
        one_release = 0 < e.alone.releases <= 2 and e.alone.gil != "held"
        return e.alone.seconds < SHORT_SECONDS or (e.alone.seconds < ENOUGH_SECONDS and one_release and waits_for_gil(e))

    def because(self, e: Evidence) -> str:
        """Compare."""
        if e.alone.seconds < SHORT_SECONDS:
            dispatch = "much of which is the way into it and out of it"
            return f"a call takes {duration(e.alone.seconds)}, {dispatch}: too short to be worth a hand-over"
        spent = f"{e.most} threads spend {share(e, 'gil')} of their time getting the GIL back"
        return f"a call takes {duration(e.alone.seconds)}, and {spent}: to wake a waiting thread takes some 60 us"

    def advice(self, e: Evidence) -> str:
        """More work a call."""
        larger = f"give each call more to do, so that it takes {duration(ENOUGH_SECONDS)} or more"
        rule = "NumPy keeps the GIL up to 500 results; " if e.alone.gil == "held" else ""
        return f"{rule}{larger}; `gilscope check --scan` finds from which size on it releases"


class GilHeld(Cause):
    """The call keeps the GIL, all of the time or for a part that matters."""

    name = "gil held"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """Held alone; or partly, where threads wait for holds that are longer than it takes to hand the GIL over."""
        return e.alone.gil == "held" or (mean_hold(e) >= WAKE_SECONDS and waits_for_gil(e))

    def because(self, e: Evidence) -> str:
        """Say for how long."""
        held = f"a call keeps the GIL for {percent(1 - e.alone.released_fraction)} of its {duration(e.alone.seconds)}"
        waits = f"; of {e.most} threads' time {share(e, 'gil')} went into waiting for it" if lost(e, "gil") else ""
        return f"{held}, up to {duration(e.alone.longest_hold_ns / 1e9)} in a row{waits}"

    def advice(self, e: Evidence) -> str:
        """Release it, or go elsewhere."""
        if e.alone.gil != "held":
            return "look at what is done before and after the part that releases: conversions, allocation, Python code"
        elsewhere = "or use processes" if not e.processes else f"or use processes ({best_of_processes(e)} here)"
        return f"release the GIL around the work, if it is yours (`gilscope show exp` shows how), {elsewhere}"


class GilContention(Cause):
    """The call releases the GIL, but takes it back so often that threads wait for each other."""

    name = "gil contention"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """Whatever waits for the GIL and is none of the above."""
        return waits_for_gil(e)

    def because(self, e: Evidence) -> str:
        """Say how often."""
        each = duration(e.alone.seconds / max(e.alone.takes, 1))
        often = f"a call takes the GIL back {e.alone.takes:,.0f} times, every {each}"
        waits = f"of {e.most} threads' time {share(e, 'gil')} went into waiting for it"
        more = f" and {share(e, 'slower', 'system')} into the hand-over" if not lost(e, "gil") else ""
        return f"{often}; {waits}{more}"

    def advice(self, e: Evidence) -> str:
        """Less often."""
        return "release the GIL once around the whole work, or for larger pieces: each take may wait for the other threads"


class PageFaults(Cause):
    """Fresh memory in each call: the system maps and clears pages, for all threads of a process behind one lock."""

    name = "page faults"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """A call maps pages, and the system's time grows with the threads, or they are blocked, or slower."""
        pages = e.alone.faults >= 1 and e.alone.system_share >= MANY_PAGES * (1 - e.alone.queued_share)
        return pages and lost(e, "system", "blocked", "slower")

    def because(self, e: Evidence) -> str:
        """Count them."""
        pages = f"a call has the system map {e.alone.faults:,.0f} pages, which takes {percent(e.alone.system_share)} of its time"
        return f"{pages}; {e.most} threads lose {share(e, 'system', 'blocked', 'slower')} of theirs beside each other"

    def advice(self, e: Evidence) -> str:
        """Do not allocate."""
        return "reuse memory: pass out=, or keep the arrays from call to call; processes do not share the lock on a page table"


class Lock(Cause):
    """Threads wait for each other, but not for the GIL."""

    name = "lock"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """They are neither on a core nor waiting for one; or it is the system that spins."""
        return lost(e, "blocked", "system")

    def because(self, e: Evidence) -> str:
        """Say for how long, and that it is not the GIL."""
        if lost(e, "system"):
            spins = (
                f"{share(e, 'system')} of {e.most} threads' time went into the system's kernel beyond what the calls need alone"
            )
            return f"{spins}, and not into pages: they spin for a lock there"
        blocked = f"{e.most} threads were blocked for {share(e, 'blocked')} of their time"
        alone = f"alone a call waits for {percent(e.alone.waits)} of its time"
        if e.alone.method == "ticker":
            return f"{blocked}, for the GIL or another lock: only a trace can tell; {alone}"
        return f"{blocked}, outside the GIL; {alone}"

    def advice(self, e: Evidence) -> str:
        """One for each thread."""
        return "give each thread an object of its own: one NumPy Generator, file, connection or cache has one lock for all"


class MemoryBandwidth(Cause):
    """Each thread computes more slowly beside others, because memory or a cache is shared."""

    name = "memory bandwidth"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """The same work costs more CPU time; if cores share their units it does so in any loop, which lowers the ceiling."""
        return lost(e, "slower")

    def because(self, e: Evidence) -> str:
        """Compare with a copy."""
        slower = f"{share(e, 'slower')} of {e.most} threads' time went into the same work taking longer"
        if e.most not in e.copy or e.most not in e.compute:
            return slower
        compute, copying = e.compute[e.most].value, e.copy[e.most].value
        return f"{slower}; beside that a loop that only computes reaches {compute:.2f}x and copying arrays {copying:.2f}x"

    def advice(self, e: Evidence) -> str:
        """Do more with what was loaded; or do not write to what others use, where a copy shows that memory has more to give."""
        if copy_is_fast(e):
            own = "give each thread its own arrays (own_arguments, --setup-per-thread)"
            return (
                f"copying shows that memory has more to give: if all threads write to the same array, {own}; else work in chunks"
            )
        return "do more to each element while it is in the cache: work in chunks, fuse steps, or use a smaller dtype"


class Noisy(Cause):
    """Others used the cores, so that nothing can be said of threads."""

    name = "noisy machine"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """Threads had to queue, or samples differ."""
        return e.most > 1 and cores_are_busy(e)

    def because(self, e: Evidence) -> str:
        """Say what shows it."""
        queued = f"other programs had the cores for {percent(e.disturbed)} of {e.most} threads' time" if e.budget else ""
        spread = f"samples of one thread differ by {percent(e.spread)}"
        return "; ".join(each for each in (queued, spread, compute_loop(e)) if each)

    def advice(self, e: Evidence) -> str:
        """Come back."""
        return "repeat it when the machine is quiet; what it says of one call alone holds all the same"


class Unknown(Cause):
    """Nothing that was measured explains it."""

    name = "unknown"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """Always."""
        return True

    def because(self, e: Evidence) -> str:
        """Say what is missing."""
        if e.cores == 1:
            return "one usable core: threads cannot overlap here, whatever they do"
        if not e.threads:
            return "no threads were tried"
        return f"{e.most} threads reach {percent(e.efficiency)} of what is possible, and no single loss stands out"

    def advice(self, e: Evidence) -> str:
        """Look closer, or elsewhere."""
        if e.cores == 1:
            return "check it on a machine with more cores; what it says of one call alone holds there too"
        return "look at it with `gilscope trace`, or measure for longer: gs.Checker(repeat=30)"


#: The causes, in the order in which they are looked for.
CAUSES: tuple[Cause, ...] = (
    AlreadyParallel(),
    Waiting(),
    Scales(),
    TooSmall(),
    GilHeld(),
    GilContention(),
    PageFaults(),
    Lock(),
    Noisy(),
    MemoryBandwidth(),  # after it, since other programs use memory and caches, too
    Unknown(),
)


def cause_of(e: Evidence, at_least: float) -> Cause:
    """Return the first cause that applies."""
    return next(cause for cause in CAUSES if cause.applies(e, at_least))
