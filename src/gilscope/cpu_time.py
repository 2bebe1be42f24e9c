"""The CPU time that threads used within a trace, from their clocks at its start and its end."""

from gilscope.trace_events import Recording


def cpu_used(recording: Recording, there_before: list[int], bystanders: dict[int, int | None]) -> list[int | None]:
    """Return the nanoseconds that each thread spent on a core within the trace, None where nobody knows.

    Parameters
    ----------
    recording : Recording
        With the clocks of the threads at the start, and at the stop or their ends.
    there_before : list of int
        The threads, by number, that lived before the trace. The clocks of others began within it, at zero.
    bystanders : dict of int to (int or None)
        By native id: the clocks at the stop of threads without any event, numbered from the recording's on.
    """
    if recording.lost or not recording.cpu_before:
        # The clocks say nothing about when the buffer was full. And without /proc nobody knows which threads there were.
        return [None] * (len(recording.native_ids) + len(bystanders))
    lived = {*there_before}
    before = [recording.cpu_before.get(each, 0) if at in lived else 0 for at, each in enumerate(recording.native_ids.tolist())]
    after = [clock if clock >= 0 else None for clock in recording.cpu_ns.tolist()]
    before += [recording.cpu_before.get(each, 0) for each in bystanders]
    return [None if last is None else last - first for first, last in zip(before, [*after, *bystanders.values()], strict=True)]
