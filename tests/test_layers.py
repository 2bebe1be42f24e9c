"""Who may import whom, what an import costs, and that tables and files agree."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import gilscope
from gilscope import kernels
from gilscope._native.loops import LOOPS
from gilscope.commands import COMMANDS
from gilscope.kernels import KERNELS

SOURCE = Path(gilscope.__file__).parent
ROOT = Path(__file__).parents[1]

# Each imports from its own row and from rows above. `gilscope` and `__main__`, which hand out what is below them, are left out.
LAYERS = (
    ("signatures", "forced_switch"),
    ("_native",),
    ("kernels",),
    (
        "executors",
        "main_module",
        "meeting",
        "sending",
        "shared_arrays",
        "handythread",
        "cores",
        "machine",
        "stats",
        "files",
        "json_lines",
        "wording",
    ),
    ("advice", "surroundings", "observing", "observations"),
    ("session_schema",),
    ("session_formats",),
    ("spans", "span_rows", "program"),
    ("cases",),
    (
        "results",
        "sampling",
        "trace_events",
        "trace_looks",
        "trace_data",
        "atlas_data",
        "atlas_table",
        "atlas_words",
        "stretches",
        "trace_table",
        "thread_names",
        "cpu_time",
        "chrome",
        "contention",
    ),
    ("tracing", "noises"),
    ("loading", "measure", "scaling_map", "comparing", "comparing_atlases", "watching"),
    ("checking",),
    ("testing",),
    ("pytest_plugin",),
    ("experiments", "reports"),
    ("selftest_tracer",),
    ("running", "selftest", "atlas"),
    ("lessons", "exercise"),
    ("commands", "notebook"),
)
# What shows a session or a trace imports its report, which is below, when it is called.
SHOWS = {"plot", "timeline", "_repr_html_"}
RANK = {name: rank for rank, row in enumerate(LAYERS) for name in row}
MODULES = {
    str(path.relative_to(SOURCE)): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(SOURCE.rglob("*.py"))
    if path.parent != SOURCE or path.name not in ("__init__.py", "__main__.py")
}
modules = pytest.mark.parametrize("path", MODULES)


def layer_of(path):
    """The first part of a module's path below gilscope."""
    return Path(path).parts[0].removesuffix(".py")


def imported(tree):
    """The dotted names of what a module imports anywhere but in SHOWS: at its top, in functions, for type checkers."""
    shows = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name in SHOWS]
    late = {node for show in shows for node in ast.walk(show)}
    for node in ast.walk(tree):
        if node in late:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layers_imported(path):
    """The layers that a module imports from; a version comes from none."""
    parts = [name.split(".") for name in imported(MODULES[path])]
    return {part[1] for part in parts if part[0] == "gilscope" and len(part) > 1 and part[1] != "__version__"}


def child(code):
    """What a fresh Python prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout.splitlines()


# Direction


@modules
def test_has_a_layer(path):
    assert layer_of(path) in RANK, "a new module gets a place in LAYERS"


def test_every_layer_is_there():
    assert {layer_of(path) for path in MODULES} == {*RANK}


@modules
def test_imports_from_its_own_layer_and_above(path):
    below = {name for name in layers_imported(path) if RANK[name] > RANK[layer_of(path)]}
    assert not below


@pytest.mark.parametrize("path", [path for path in MODULES if layer_of(path) == "reports"])
def test_reports_never_measure(path):
    assert not layers_imported(path) & {"measure", "sampling", "executors", "observing", "running", "selftest"}


@pytest.mark.parametrize("path", [path for path in MODULES if layer_of(path) == "lessons"])
def test_lessons_import_what_everybody_can(path):
    names = {name.rpartition(".") for name in imported(MODULES[path]) if name.startswith("gilscope.")}
    others = {(home, name) for home, _, name in names if not home.startswith("gilscope.lessons")}
    assert {home for home, _ in others} <= {"gilscope", "gilscope.kernels"}
    assert all(name in import_module(home).__all__ for home, name in others)


@pytest.mark.parametrize("path", [path for path in MODULES if layer_of(path) != "commands"])
def test_only_commands_print(path):
    names = {node.id for node in ast.walk(MODULES[path]) if isinstance(node, ast.Name)}
    assert "print" not in names
    assert not {name.split(".")[0] for name in imported(MODULES[path])} & {"click"}


@pytest.mark.parametrize("path", sorted([*ROOT.glob("csrc/kernels/**/*.c"), *ROOT.glob("csrc/*.c")]), ids=lambda path: path.name)
def test_loops_know_nothing_of_python(path):
    text = path.read_text(encoding="utf-8")
    assert "#include <Python.h>" not in text
    assert not any(word in text for word in ("Py_", "PyObject", "PyGIL", "numpy/"))


# What an import costs


def test_importing_gilscope_imports_little():
    assert child("import sys, gilscope; print(*{'numpy', 'click', 'rich', 'threadpoolctl'} & {*sys.modules})") == [""]


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"]], ids=str)
def test_help_imports_little(arguments):
    code = f"""
import sys
sys.argv = ["gilscope", *{arguments}]
from gilscope.commands import main
try:
    main()
finally:
    print(*{{"numpy", "rich", "threadpoolctl"}} & {{*sys.modules}})
"""
    *shown, loaded = child(code)
    assert shown
    assert loaded == ""


# Names, tables and files


@pytest.mark.parametrize("package", [gilscope, kernels], ids=lambda package: package.__name__)
def test_no_public_name_is_a_modules_name(package):
    folder = Path(package.__file__).parent
    there = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    assert not there & {*package.__all__}
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'gilscope' has no attribute 'runn'"):
        _ = gilscope.runn


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda kernel: kernel.name)
def test_a_kernel_is_a_file_and_a_row_everywhere(kernel):
    for file in (f"kernels/_{kernel.name}.py", *(f"_native/cython/{kernel.name}.{ending}" for ending in ("pyx", "pyi"))):
        assert SOURCE.joinpath(file).is_file()
    module = ast.parse(SOURCE.joinpath(f"kernels/_{kernel.name}.py").read_text(encoding="utf-8"))
    assert "Why it is here:" in ast.get_docstring(module)


def test_there_are_no_other_files():
    names = {*KERNELS}
    assert {path.stem for path in SOURCE.glob("_native/cython/*.py[xi]")} == names
    assert {loop.kernel for loop in LOOPS} == {path.stem for path in ROOT.glob("csrc/kernels/*.c")}
    assert {path.stem.removeprefix("_") for path in SOURCE.glob("commands/_*.py")} - {"__init__", "output"} - {*COMMANDS} <= {
        "_init__"
    }


def test_every_compiled_module_has_a_stub():
    for path in ROOT.glob("src/gilscope/_native/**/*.pyx"):
        assert path.with_suffix(".pyi").is_file()
