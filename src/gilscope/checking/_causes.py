"""From evidence to a cause: why a function scales on threads, or does not. Pure functions, with no clock.

To add a cause, write a class like the others and put it into `CAUSES`: the first that applies is the verdict.
"""

from __future__ import annotations

from typing import ClassVar

from gilscope.checking._evidence import Evidence
from gilscope.wording import duration, percent

#: Calls shorter than this cannot be judged: half of them is the way into the call and out of it.
SHORT_SECONDS = 10e-6
#: A thread that waited for the GIL needs about 50 us to wake up (gil-tools in the design's references: 58 us), so that calls of
#: less than a few of that are all hand-over.
_HANDOVER_SECONDS = 200e-6
#: One call that uses this many cores leaves little for others, and this share of all of them nothing.
_PARALLEL_CORES, _ALL_CORES = 1.5, 0.75
#: A call that wants no core for this share of its time waits.
_WAITS = 0.5
#: Threads of a machine with nothing else to do overlap to this share of the ideal.
_QUIET_OVERLAP, _QUIET_SPREAD = 0.7, 0.35
#: Below this there is no loss to speak of.
_SMALL_LOSS = 0.05
#: What mapping and clearing a page takes, roughly (4 KiB; here 0.25 us, more where threads fight for the same table).
_FAULT_SECONDS = 0.25e-6


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


def lost(e: Evidence, *names: str) -> bool:
    """Tell whether the largest loss of the threads' time is one of these, and not a small one."""
    return e.budget is not None and e.budget.largest in names and e.budget.losses()[e.budget.largest] >= _SMALL_LOSS


def cores_are_busy(e: Evidence) -> bool:
    """Tell whether the ceilings or the samples show that others used the cores."""
    ideal = min(e.most, e.cores)
    overlaps = not e.compute or e.compute[e.most].value >= _QUIET_OVERLAP * ideal
    return not overlaps or e.spread > _QUIET_SPREAD or lost(e, "queued")


def share(e: Evidence, *names: str) -> str:
    """Return how much of the threads' time went into these losses."""
    assert e.budget is not None
    return percent(sum(e.budget.losses()[name] for name in names))


class AlreadyParallel(Cause):
    """One call uses several cores by itself, so that further threads find none."""

    name = "already parallel"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """Look at the CPU time of the process during a call alone."""
        nothing_left = e.cores_in_use >= max(_PARALLEL_CORES, _ALL_CORES * e.cores)
        return nothing_left or (e.cores_in_use >= _PARALLEL_CORES and e.alone.gil != "held" and e.efficiency < at_least)

    def because(self, e: Evidence) -> str:
        """Name the pool."""
        pools = f" ({', '.join(e.pools)})" if e.pools else ""
        return f"one call alone keeps {e.cores_in_use:.1f} of {e.cores} cores busy{pools}"

    def advice(self, e: Evidence) -> str:
        """Either the pool or threads."""
        limit = "to use threads of your own, limit the library's first: threadpoolctl.threadpool_limits(1)"
        holds = "; and the call keeps the GIL meanwhile, so other Python threads stand still" if e.alone.gil == "held" else ""
        return f"leave it to the library, which uses the cores already; {limit}{holds}"


class Waiting(Cause):
    """The call waits for something, without the GIL."""

    name = "waiting"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """Look at a call alone: also its other threads, if it has any, want no core."""
        return e.alone.gil != "held" and e.alone.waits >= _WAITS and e.cores_in_use < 1 - _WAITS

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
        return e.most > 1 and e.alone.gil != "held" and e.efficiency >= at_least and e.ceiling > 1

    def because(self, e: Evidence) -> str:
        """Say how near."""
        return f"{e.most} threads run {e.speedup:.2f}x as fast as one: {percent(e.efficiency)} of what is possible here"

    def advice(self, e: Evidence) -> str:
        """Go on."""
        return "use threads"


class TooSmall(Cause):
    """What a call does takes less time than getting in, out, and the GIL back."""

    name = "too small"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """Look at the time of a call, and whether the hand-over of the GIL is what costs."""
        one_release = 0 < e.alone.releases <= 2 and e.alone.gil != "held"
        return e.alone.seconds < SHORT_SECONDS or (e.alone.seconds < _HANDOVER_SECONDS and one_release and lost(e, "gil"))

    def because(self, e: Evidence) -> str:
        """Compare."""
        if e.alone.seconds < SHORT_SECONDS:
            dispatch = "most of which may be the way into it and out of it"
            return f"a call takes {duration(e.alone.seconds)}, {dispatch}: too short to judge what it does with the GIL"
        spent = f"{e.most} threads spend {share(e, 'gil')} of their time getting the GIL back"
        return f"a call takes {duration(e.alone.seconds)}, and {spent}: to wake a waiting thread takes some 50 us"

    def advice(self, e: Evidence) -> str:
        """More work a call."""
        larger = f"give each call more to do, so that it takes {duration(_HANDOVER_SECONDS)} or more"
        rule = "NumPy keeps the GIL up to 500 elements; " if e.alone.gil == "held" else ""
        return f"{rule}{larger}; `--scan` finds from which size on it releases"


class GilHeld(Cause):
    """The call keeps the GIL, all of the time or for a part that matters."""

    name = "gil held"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """Held alone; or partly, where threads lose their time waiting for each other's holds."""
        large = e.alone.longest_hold_ns / 1e9 >= min(_HANDOVER_SECONDS, e.alone.seconds / 4)
        return e.alone.gil == "held" or (lost(e, "gil") and e.alone.gil == "partial" and large)

    def because(self, e: Evidence) -> str:
        """Say for how long."""
        held = f"a call keeps the GIL for {percent(1 - e.alone.released_fraction)} of its {duration(e.alone.seconds)}"
        waits = f"; of {e.most} threads' time {share(e, 'gil')} went into waiting for it" if lost(e, "gil") else ""
        return f"{held}, up to {duration(e.alone.longest_hold_ns / 1e9)} in a row{waits}"

    def advice(self, e: Evidence) -> str:
        """Release it, or go elsewhere."""
        if e.alone.gil == "partial":
            return "look at what is done before and after the part that releases: conversions, allocation, Python code"
        elsewhere = "or use processes" if not e.processes else f"or use processes ({_best(e)} here)"
        return f"release the GIL around the work, if it is yours (`gilscope show exp` shows how), {elsewhere}"


class GilContention(Cause):
    """The call releases the GIL, but takes it back so often that threads wait for each other."""

    name = "gil contention"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """Whatever waits for the GIL and is none of the above."""
        return lost(e, "gil")

    def because(self, e: Evidence) -> str:
        """Say how often."""
        each = duration(e.alone.seconds / max(e.alone.takes, 1))
        often = f"a call takes the GIL back {e.alone.takes:.0f} times, every {each}"
        return f"{often}; of {e.most} threads' time {share(e, 'gil')} went into waiting for it"

    def advice(self, e: Evidence) -> str:
        """Less often."""
        return "release the GIL once around the whole work, or for larger pieces: each take may wait for the other threads"


class Lock(Cause):
    """Threads wait for each other, but not for the GIL."""

    name = "lock"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """They are neither on a core nor waiting for one, and pages do not explain it."""
        return lost(e, "blocked") and not _many_faults(e)

    def because(self, e: Evidence) -> str:
        """Say for how long, and that it is not the GIL."""
        alone = f"alone a call waits for {percent(e.alone.waits)} of its time"
        return f"{e.most} threads were blocked for {share(e, 'blocked')} of their time, outside the GIL; {alone}"

    def advice(self, e: Evidence) -> str:
        """One for each thread."""
        return "give each thread an object of its own: one NumPy Generator, file, connection or cache has one lock for all"


class PageFaults(Cause):
    """Fresh memory in each call: the system maps and clears pages, for all threads of a process behind one lock."""

    name = "page faults"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """The system's time grows with the threads, or they are blocked and map many pages."""
        return lost(e, "system", "blocked", "slower") and (_many_faults(e) or lost(e, "system"))

    def because(self, e: Evidence) -> str:
        """Count them."""
        spent = share(e, "system", "blocked")
        return f"a call has the system map {e.alone.faults:.0f} pages; {spent} of the threads' time went there"

    def advice(self, e: Evidence) -> str:
        """Do not allocate."""
        return "reuse memory: pass out=, or keep the arrays from call to call; processes do not share this lock"


class MemoryBandwidth(Cause):
    """Each thread computes more slowly beside others, because memory or a cache is shared."""

    name = "memory bandwidth"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """The same work costs more CPU time."""
        return lost(e, "slower")

    def because(self, e: Evidence) -> str:
        """Compare with a copy."""
        slower = f"{share(e, 'slower')} of {e.most} threads' time went into the same work taking longer"
        if e.most not in e.copy:
            return slower
        compute, copying = e.compute[e.most].value, e.copy[e.most].value
        return f"{slower}; beside that a loop that only computes reaches {compute:.2f}x and copying arrays {copying:.2f}x"

    def advice(self, e: Evidence) -> str:
        """Do more with what was loaded."""
        return "do more to each element while it is in the cache: work in chunks, fuse steps, or use a smaller dtype"


class Noisy(Cause):
    """Others used the cores, so that nothing can be said of threads."""

    name = "noisy machine"

    def applies(self, e: Evidence, at_least: float) -> bool:
        """The ceilings show it, or the samples."""
        return e.most > 1 and cores_are_busy(e)

    def because(self, e: Evidence) -> str:
        """Say what shows it."""
        compute = f"a loop that only computes reached {e.compute[e.most].value:.2f}x on {e.most} threads" if e.compute else ""
        queued = f"threads waited for a core for {share(e, 'queued')} of their time" if e.budget else ""
        spread = f"samples of one thread differ by {percent(e.spread)}"
        return "; ".join(each for each in (compute, queued, spread) if each)

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
        """Look closer."""
        return "look at it with `gilscope trace`, or measure for longer: gs.Checker(repeat=30)"


def _many_faults(e: Evidence) -> bool:
    return e.alone.faults * _FAULT_SECONDS >= 0.1 * e.alone.seconds


def _best(e: Evidence) -> str:
    workers = max(e.processes)
    return f"{e.processes[workers].value:.2f}x on {workers}"


#: The causes, in the order in which they are looked for.
CAUSES: tuple[Cause, ...] = (
    AlreadyParallel(),
    Waiting(),
    Scales(),
    TooSmall(),
    GilHeld(),
    Noisy(),
    GilContention(),
    PageFaults(),
    Lock(),
    MemoryBandwidth(),
    Unknown(),
)


def cause_of(e: Evidence, at_least: float) -> Cause:
    """Return the first cause that applies."""
    return next(cause for cause in CAUSES if cause.applies(e, at_least))
