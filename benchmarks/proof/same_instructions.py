"""Do held and released run the same instructions? The inner loops of the compiled Cython twins, and the one C loop.

Needs objdump (Debian: binutils). Registers are renamed in the order of their first use, and addresses are left out:
what remains is what the processor does. A stripped module has no symbols: functions are then known by their address.
Run time: 1 s (--quick is no quicker). Sample output:

C loop: held at 0x7f2cc0dbb6d0, released at 0x7f2cc0dbb6d0 (avx512f)
  its 326 instructions up to the return use zmm, ymm, xmm registers
exp_held: 6 instructions
    movsd (r1,r2,8),r3
    call <exp@plt>
    movsd r3,(r4,r2,8)
    add $0x1,r2
    cmp r5,r2
    jne <loop>
exp_released: 6 instructions, as exp_held
exp_parallel: 6 instructions
    movsd (r1,r2,8),r3
    call <exp@plt>
    movsd r3,(r4,r2,8)
    add $0x1,r2
    cmp r2,r5
    jne <loop>
exp_declared_nogil: 6 instructions, as exp_held
The inner loops of exp_held and exp_released are the same instructions; exp.c.held and exp.c.released run the same C loop.
"""

import argparse
import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np

from gilscope._native import loops
from gilscope._native.cython import exp as twins
from gilscope.kernels import exp

LINE = re.compile(r"\s*([0-9a-f]+):\s+(\S+)\s*([^#]*)")
TARGET = re.compile(r"([0-9a-f]+) <([^>]*)>")
REGISTER = re.compile(r"%\w+|\b[xwdsqv]\d+\b")
NAME = re.compile(r"exp_(held|released|declared_nogil|parallel)\b")
TWINS = ("exp_held", "exp_released")


def instructions(path, *more):
    """Disassemble; walk (address, instruction, operands, what it jumps to or None, the symbol it is in)."""
    command = ["objdump", "-d", "--no-show-raw-insn", *more, path]
    symbol = ""
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        if line.endswith(">:"):
            symbol = line.split("<", 1)[1]
        elif match := LINE.match(line):
            at, name, operands = match.groups()
            target = TARGET.search(operands)
            yield int(at, 16), name, operands.strip(), target and (int(target[1], 16), target[2]), symbol


def loops_around(code, function):
    """Walk the loops around calls of a function: from a call to the first jump back to before it."""
    for position, (call, _, _, called, symbol) in enumerate(code):
        if called and re.fullmatch(rf"{function}(@plt|@\S+)?", called[1]):
            for end in range(position + 1, len(code)):
                target = code[end][3]
                if target and target[0] <= call and target[0] > call - 256 and "call" not in code[end][1]:
                    yield symbol, [each for each in code[: end + 1] if each[0] >= target[0]]
                    break


def plain(loop):
    """Return the instructions with registers renamed in order of use, and without addresses and empty offsets."""
    names = {}
    lines = []
    for _, name, operands, target, _ in loop:
        operands = TARGET.sub("<loop>" if target and "@plt" not in target[1] else r"<\2>", operands).replace("0x0(", "(")
        operands = REGISTER.sub(lambda match: names.setdefault(match[0], f"r{len(names) + 1}"), operands)
        lines.append(f"{name} {operands}".strip())
    return lines


def offset_of(address, path):
    """Return where in a module's file an address of this process is."""
    maps = Path("/proc/self/maps").read_text().splitlines()
    return address - next(int(line.split("-")[0], 16) for line in maps if line.endswith(path))


def twin_at(offset):
    """Return which twin the code at an offset belongs to: the one that starts last before it, by its PyMethodDef."""
    starts = {}
    for name in (*TWINS, "exp_declared_nogil", "exp_parallel"):
        method = ctypes.c_void_p.from_address(id(getattr(twins, name)["double"]) + object.__basicsize__)
        starts[name] = offset_of(ctypes.c_void_p.from_address(method.value + 8).value, twins.__file__)
    name = min(starts, key=lambda each: (offset - starts[each]) % 2**64)
    return name if 0 <= offset - starts[name] < 4096 else f"a loop at {offset:#x}"


def twin_loops():
    """Return the loops of the twins that call exp for doubles, by what they are the loop of."""
    found = {}
    for symbol, loop in loops_around(list(instructions(twins.__file__)), "exp"):
        name = NAME.search(symbol)
        single = any("ss2sd" in each[1] or each[1] == "fcvt" for each in loop)
        if not single:
            found[name[0] if name else twin_at(loop[0][0])] = plain(loop)
    return found


def c_loop():
    """Say where the C loop of held and released is, and how wide its vectors are."""
    held, released = (call.loop_address(np.dtype("float64")) for call in (exp.c.held, exp.c.released))
    print(f"C loop: held at {held:#x}, released at {released:#x} ({loops.isa()})")
    if Path("/proc/self/maps").exists():
        offset = offset_of(held, loops.__file__)
        limits = (f"--start-address={offset:#x}", f"--stop-address={offset + 4096:#x}")
        code = list(instructions(loops.__file__, *limits))
        code = code[: next((i for i, each in enumerate(code) if each[1].startswith("ret")), len(code))]
        wide = [width for width in ("zmm", "ymm", "xmm") if any(f"%{width}" in each[2] for each in code)]
        print(f"  its {len(code)} instructions up to the return use {', '.join(wide) or 'no x86 vector'} registers")
    return held == released


def conclusion(same_c, found):
    """Say whether the twins and the C loop are the same with the GIL and without."""
    where = "the same C loop" if same_c else "different C loops"
    named = {name: found[name] for name in TWINS if name in found}
    if len(named) < 2:
        return f"The loops of the Cython twins were not found; exp.c.held and exp.c.released run {where}."
    same = "the same instructions" if named["exp_held"] == named["exp_released"] else "different instructions"
    return f"The inner loops of exp_held and exp_released are {same}; exp.c.held and exp.c.released run {where}."


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="no difference: it takes a second")
    parser.parse_args()
    if shutil.which("objdump") is None:
        print("There is no objdump on this machine, so nothing was compared.")
        raise SystemExit
    same_c, found = c_loop(), twin_loops()
    shown = {}
    for name, lines in sorted(found.items(), key=lambda item: item[0] not in TWINS):
        first = shown.setdefault(tuple(lines), name)
        print(f"{name}: {len(lines)} instructions" + (f", as {first}" if first != name else ""))
        if first == name:
            print("".join(f"    {line}\n" for line in lines), end="")
    print(conclusion(same_c, found))
