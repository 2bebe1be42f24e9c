"""What does importing gilscope cost? Over importing NumPy, and for `gilscope --help`, in fresh processes by turns.

Goals: at most 20 ms over NumPy, and 200 ms for --help, the start of Python included.
Run time: 10 s (--quick 4 s). Sample output:

command                  median ms      least      most
python -c pass                  17         12        20
import numpy                   126        100       146
import numpy, gilscope         132         94       151
gilscope --help                 64         52        83
Importing gilscope adds 6 ms (meets the goal of 20) to NumPy; --help takes 64 ms (meets the goal of 200).
"""

import argparse
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "import numpy": ("-c", "import numpy"),
    "import numpy, gilscope": ("-c", "import numpy, gilscope"),
    "gilscope --help": ("-m", "gilscope", "--help"),
}
IMPORT_GOAL, HELP_GOAL = 20, 200


def milliseconds(arguments):
    """Run Python; return how long that took."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return (time.perf_counter() - start) * 1e3


def verdict(value, goal):
    """Compare with a goal."""
    return f"{value:.0f} ms ({'meets' if value <= goal else 'misses'} the goal of {goal})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer turns")
    turns = 4 if parser.parse_args().quick else 21
    for arguments in COMMANDS.values():
        milliseconds(arguments)  # files into the page cache, and .pyc files
    found = [{name: milliseconds(arguments) for name, arguments in COMMANDS.items()} for _ in range(turns)]
    print("command                  median ms      least      most")
    for name in COMMANDS:
        each = [turn[name] for turn in found]
        print(f"{name:24} {statistics.median(each):9.0f} {min(each):10.0f} {max(each):9.0f}")
    over = statistics.median(turn["import numpy, gilscope"] - turn["import numpy"] for turn in found)
    shown = statistics.median(turn["gilscope --help"] for turn in found)
    print(f"Importing gilscope adds {verdict(over, IMPORT_GOAL)} to NumPy; --help takes {verdict(shown, HELP_GOAL)}.")
