"""The command line: one verb per file, loaded when it is used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

COMMANDS = {
    "list": "Kernels, implementations, strategies, executors and experiments.",
    "show": "A kernel in Python, NumPy and Cython, held and released side by side.",
    "run": "Run an experiment; the main job, `seed`, unless named.",
    "check": "Does a statement release the GIL, does that help, and if not, why?",
    "trace": "Run a script or a module, and say who held the GIL and who waited for it.",
    "atlas": "What NumPy, SciPy, the standard library or your package do with the GIL, call by call.",
    "report": "Show a session, a trace or an atlas, or write it as a page, a picture or a table.",
    "compare": "Two sessions: what changed that noise does not explain.",
    "lesson": "Predict, run, explain: six questions about the GIL, answered by this machine.",
    "exercise": "Copy out a small Cython project that keeps the GIL, for you to release it.",
    "doctor": "What this machine and this build are, and what would spoil a measurement.",
}

THINGS_TO_TRY = """\
gilscope shows what Python's GIL does to your threads, on your machine. Try:

  gilscope run --quick                does releasing the GIL let threads scale? (15 s; without --quick about a minute)
  gilscope check 'sum(range(9999))'   your own statement: does it release the GIL, does that help, and if not, why?
  gilscope trace script.py            run your own program: who holds the GIL, who waits for it, is it the bottleneck?
  gilscope doctor --self-test         whether to believe this machine's numbers

gilscope --help lists the commands."""


class Commands(click.Group):
    """A group whose commands are imported when they are asked for: `--help` needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a verb's module and return its command."""
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"gilscope.commands._{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs from the table, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gilscope")
@click.pass_context
def gilscope(ctx: click.Context) -> None:
    """An oscilloscope for Python's GIL."""
    if ctx.invoked_subcommand is None:
        click.echo(THINGS_TO_TRY)


def main() -> None:
    """Run the command line; errors that a user can cause are one sentence.

    A command may return what is to be run when nothing of ours is in the way any more: a program whose errors are its own.
    """
    program: Any = None
    try:
        program = gilscope(prog_name="gilscope", standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"gilscope: {' '.join(error.format_message().split())}", err=True)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone; Python would complain once more at exit
        sys.exit(1)
    except (ValueError, OSError, RuntimeError) as error:
        click.echo(f"gilscope: {error}", err=True)
        sys.exit(1)
    if callable(program):  # and not what click returns for --help
        program()
