"""The benchmark scripts run, say what they found in a sentence, and use no more than they promise. No speed is asserted."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import gilscope as gs
from gilscope import kernels

FOLDER = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = sorted(path for path in FOLDER.rglob("*.py") if not path.name.startswith("_"))
PUBLIC = {"gilscope": set(gs.__all__), "gilscope.kernels": set(kernels.__all__), "_timing": None, "numpy": None}


def names(paths):
    return [path.relative_to(FOLDER).as_posix() for path in paths]


def tree(path):
    return ast.parse(path.read_text())


def imports(path):
    """Walk (module, name or None) of everything a script imports."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((each.name, None) for each in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module, each.name) for each in node.names)


def uses_of(path, alias):
    """Walk the names that a script takes from a module under an alias: x for alias.x."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == alias:
            yield node.attr


# Sanitizers make the loops ten times slower.
SANITIZED = "libasan" in os.environ.get("LD_PRELOAD", "")
PATIENCE = 400 if SANITIZED else 60


def run(path, *arguments):
    return subprocess.run([sys.executable, path, *arguments], capture_output=True, text=True, timeout=PATIENCE)


def is_sentence(line):
    return line[:1].isupper() and line.endswith(".") and len(line.split()) > 4


def test_all_scripts_are_there():
    assert {path.stem for path in FOLDER.glob("[!_]*.py")} == {
        "seed",
        "side_by_side",
        "held_vs_released",
        "permits_is_not_releases",
        "how_small",
        "freeze_others",
    }
    assert {path.stem for path in (FOLDER / "proof").glob("[!_]*.py")} == {
        "same_instructions",
        "call_overhead",
        "import_time",
        "ulp",
        "harness_bias",
        "tracer_accuracy",
        "tracer_cost",
        "tracer_slowdown",
        "span_cost",
        "report_size",
        "plugin_flakiness",
        "verdicts",
    }
    assert (FOLDER / "peers" / "peers.py").exists()


@pytest.mark.parametrize("path", SCRIPTS, ids=names(SCRIPTS))
def test_a_quick_run_ends_with_a_sentence(path):
    if SANITIZED and path.stem == "plugin_flakiness":
        pytest.skip("what it expects is known of programs without a sanitizer in them")
    ran = run(path, "--quick")
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    lines = [line for line in ran.stdout.splitlines() if line.strip()]
    assert len(lines) > 1, "there is a table above the sentence"
    assert is_sentence(lines[-1]), lines[-1]


@pytest.mark.parametrize("path", SCRIPTS, ids=names(SCRIPTS))
def test_the_docstring_is_the_manual(path):
    manual = ast.get_docstring(tree(path))
    question, sample = manual.partition("\n")[0], manual.partition("Sample output:\n\n")[2]
    assert "?" in question
    assert "Run time:" in manual
    assert "--quick" in manual
    assert len(sample.splitlines()) > 1
    assert is_sentence(sample.splitlines()[-1])


def test_help_prints_the_docstring():
    ran = run(FOLDER / "how_small.py", "-h")
    assert ran.returncode == 0
    assert ast.get_docstring(tree(FOLDER / "how_small.py")).splitlines()[0] in ran.stdout
    assert "--quick" in ran.stdout


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_the_scripts_use_the_public_interface_only(path):
    for module, name in imports(path):
        public = module in PUBLIC and (name is None or PUBLIC[module] is None or name in PUBLIC[module])
        assert public or module.split(".")[0] in sys.stdlib_module_names, f"{module}.{name}"
    assert set(uses_of(path, "gs")) <= set(gs.__all__)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_nothing_private_is_touched(path):
    attributes = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute) and node.attr.startswith("_")}
    own = {node.name for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)}
    stored = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    assert attributes <= own | stored


def test_seed_fits_on_a_page():
    assert len((FOLDER / "seed.py").read_text().splitlines()) <= 60


def test_the_functions_of_seed_are_the_articles():
    functions = {node.name: node for node in tree(FOLDER / "seed.py").body if isinstance(node, ast.FunctionDef)}
    assert ast.unparse(functions["f"].body) == "y = [1] * F_SIZE\n[math.exp(i) for i in y]"
    assert ast.unparse(functions["g"].body) == "y = np.ones(G_SIZE)\nnp.exp(y)"
