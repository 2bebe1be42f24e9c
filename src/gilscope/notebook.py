"""In IPython and Jupyter: ``%load_ext gilscope``, then ``%%giltrace`` above a cell shows who held the GIL while it ran."""

from typing import Any

from gilscope.reports import notebook_cell
from gilscope.reports.diagnosis import diagnosis
from gilscope.reports.extremes import table_with_functions
from gilscope.trace_data import TraceData
from gilscope.tracing import trace


class CellTrace:
    """What a traced cell shows: text in a terminal; in a notebook the picture too, if the libraries for it are there."""

    def __init__(self, data: TraceData) -> None:
        self._data = data

    def __repr__(self) -> str:
        return f"{table_with_functions(self._data)}\n\n{diagnosis(self._data)}"

    def _repr_html_(self) -> str:
        return notebook_cell.html(self._data, "who held the GIL in this cell")


def load_ipython_extension(shell: Any) -> None:
    """Add ``%%giltrace``; IPython calls this for ``%load_ext gilscope``."""

    def giltrace(line: str, cell: str) -> None:
        """Run the cell and show who held the GIL meanwhile, who waited for it, and whether that matters.

        The trace is in the variable that stands behind it: ``%%giltrace t``. With ``--who`` the functions that end long holds and
        waits are named.
        """
        from IPython.core.error import UsageError
        from IPython.display import display

        who, name = "--who" in line.split(), " ".join(word for word in line.split() if word != "--who")
        if name and not name.isidentifier():
            raise UsageError(f"%%giltrace takes --who and the name of a variable for the trace, or nothing, not {name!r}")
        with trace(who=who) as found:
            outcome = shell.run_cell(cell)  # which shows an error of the cell itself
        if name:
            shell.push({name: found})
        display(CellTrace(found.data))  # type: ignore[no-untyped-call]
        if not outcome.success:
            raise UsageError("the traced cell failed, see above")  # so that a notebook that is run whole stops here

    shell.register_magic_function(giltrace, magic_kind="cell")
