"""Another program in this process: a script or a module is run as `python` itself would run it.

It is given a `__main__` of its own, which stays after it has ended, so that what it pickles, the processes that it starts, its
threads and what it does at exit find it. What it raises goes through to Python, whose exit status and message are then those
without us; only our frames are taken out of the traceback.
"""

import builtins
import importlib.util
import io
import os
import pkgutil
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any, NamedTuple


class ProgramError(ValueError):
    """There is no such program; the message says so in a sentence."""


class Program(NamedTuple):
    """What to run.

    Attributes
    ----------
    name : str
        As the user calls it.
    argv : list of str
        What it finds in `sys.argv`.
    path : str
        What it finds first in `sys.path`.
    code : callable
        Compiles it, and raises what that raises.
    attributes : dict
        What its ``__main__`` has.
    """

    name: str
    argv: list[str]
    path: str
    code: Callable[[], CodeType]
    attributes: dict[str, Any]

    def run(self) -> None:
        """Run it to its end, in the main module's place; call this once, and let what it raises through."""
        main = ModuleType("__main__")
        vars(main).update(self.attributes, __builtins__=builtins)
        sys.modules["__main__"] = main
        sys.argv[:] = self.argv
        if not sys.flags.safe_path:
            sys.path[0] = self.path
        try:
            exec(self.code(), vars(main))
        except SystemExit:
            raise
        except BaseException as error:
            _show_from(_after_us(error.__traceback__))
            raise


def script(path: str, arguments: Sequence[str]) -> Program:
    """Return the program that ``python path arguments`` runs: a file, or a folder or archive with a `__main__.py`.

    Raises
    ------
    ProgramError
        There is none.
    """
    if not Path(path).exists():
        raise ProgramError(f"there is no script {path!r}")
    argv, full = [path, *arguments], os.path.abspath(path)  # noqa: PTH100 - Path.absolute keeps "..", and resolve follows links
    finder = pkgutil.get_importer(os.fspath(Path(path).resolve()))
    if finder is not None:
        return _from_folder(path, argv, full, finder)
    attributes = {"__file__": full, "__loader__": SourceFileLoader("__main__", full), "__cached__": None}
    return Program(path, argv, str(Path(path).resolve().parent), lambda: _compiled(full), attributes)


def module(name: str, arguments: Sequence[str]) -> Program:
    """Return the program that ``python -m name arguments`` runs.

    Raises
    ------
    ProgramError
        There is none.
    """
    here = str(Path.cwd())
    if not sys.flags.safe_path:
        sys.path[0] = here
    spec = _spec_of(name)
    return Program(f"-m {name}", [str(spec.origin), *arguments], here, lambda: _code_of(spec), _attributes(spec))


def _from_folder(name: str, argv: list[str], full: str, finder: Any) -> Program:
    spec = finder.find_spec("__main__")
    if spec is None or spec.loader is None:
        raise ProgramError(f"there is no __main__.py in {name!r}")
    return Program(name, argv, full, lambda: _code_of(spec), _attributes(spec))


def _spec_of(name: str) -> ModuleSpec:
    """Find a module, in a package its `__main__`."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError) as error:
        raise ProgramError(f"there is no module {name!r}: {error}") from error
    if spec is None or spec.loader is None:
        raise ProgramError(f"there is no module {name!r}" + (" that could be run" if spec else ""))
    if spec.submodule_search_locations is None:
        return spec
    if name.endswith(".__main__"):
        raise ProgramError(f"{name!r} is a package")
    try:
        return _spec_of(f"{name}.__main__")
    except ProgramError as error:
        raise ProgramError(f"{name!r} is a package without a __main__, so it cannot be run") from error


def _attributes(spec: ModuleSpec) -> dict[str, Any]:
    return {
        "__file__": spec.origin,
        "__cached__": spec.cached,
        "__loader__": spec.loader,
        "__package__": spec.parent,
        "__spec__": spec,
    }


def _code_of(spec: ModuleSpec) -> CodeType:
    code = spec.loader.get_code(spec.name)  # type: ignore[union-attr]  # all that Python has for running modules can
    if code is None:
        raise ImportError(f"no code object available for {spec.name}")  # runpy's words
    return code  # type: ignore[no-any-return]


def _compiled(path: str) -> CodeType:
    with io.open_code(path) as file:
        return compile(file.read(), path, "exec", dont_inherit=True)


def _after_us(traceback: TracebackType | None) -> TracebackType | None:
    while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    return traceback


def _show_from(traceback: TracebackType | None) -> None:
    """Let what prints the error that is now going up, Python's hook or the program's own, start at the program's frame."""
    show = sys.excepthook

    def excepthook(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
        show(kind, error.with_traceback(traceback), traceback)

    sys.excepthook = excepthook
