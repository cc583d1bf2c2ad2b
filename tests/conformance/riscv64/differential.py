#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random instruction sequences on QEMU and on the backend under test: they must end with the same registers and memory.

QEMU (its TCG, M-mode, no firmware) executes all sequences in one run and sends the results out of its serial port. They become the
rows of a .test file, which test-rows then executes as it does all others: freely, step by step, and moving between vCPUs.
Exit status: 0 all agree, 1 some do not, 77 a tool is not there.
"""

import argparse
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile

PREFIX = "riscv64-linux-gnu-"
REGISTERS = list(range(5, 25))  # what sequences use; x30 is the address of their memory
WORDS = 4                       # doublewords of memory
LENGTH = 28                     # instructions of a sequence
VALUES = [0, 1, 2, 2**64 - 1, 2**63, 2**63 - 1, 2**31, 2**31 - 1, 2**32 - 1, 2**64 - 2**31]

REGISTER = """add sub sll slt sltu xor srl sra or and addw subw sllw srlw sraw mul mulh mulhsu mulhu div divu rem remu
    mulw divw divuw remw remuw""".split()
IMMEDIATE = "addi slti sltiu xori ori andi addiw".split()
SHIFTS = {"slli": 63, "srli": 63, "srai": 63, "slliw": 31, "srliw": 31, "sraiw": 31}
LOADS = {"lb": 1, "lbu": 1, "lh": 2, "lhu": 2, "lw": 4, "lwu": 4, "ld": 8}
STORES = {"sb": 1, "sh": 2, "sw": 4, "sd": 8}
COMPRESSED = "c.sub c.xor c.or c.and c.subw c.addw".split()


def instruction(rng):
    rd, rs1, rs2 = (f"x{rng.choice(REGISTERS)}" for _ in range(3))
    near = [f"x{rng.randint(8, 15)}" for _ in range(2)]
    kinds = {
        "register": lambda: f"{rng.choice(REGISTER)} {rd}, {rs1}, {rs2}",
        "immediate": lambda: f"{rng.choice(IMMEDIATE)} {rd}, {rs1}, {rng.randint(-2048, 2047)}",
        "shift": lambda: (lambda name: f"{name} {rd}, {rs1}, {rng.randint(0, SHIFTS[name])}")(rng.choice(list(SHIFTS))),
        "upper": lambda: f"lui {rd}, {rng.randint(0, 0xfffff):#x}",
        "load": lambda: (lambda name: f"{name} {rd}, {rng.randint(0, 8 * WORDS - LOADS[name])}(x30)")(
            rng.choice(list(LOADS))),
        "store": lambda: (lambda name: f"{name} {rs2}, {rng.randint(0, 8 * WORDS - STORES[name])}(x30)")(
            rng.choice(list(STORES))),
        "atomic": lambda: f"amo{rng.choice('swap add xor and or min max minu maxu'.split())}.{rng.choice('wd')} "
                          f"{rd}, {rs2}, (x30)",
        "compressed": lambda: f"{rng.choice(COMPRESSED)} {near[0]}, {near[1]}",
        "compressed-add": lambda: f"c.add {rd}, {rs2}",
    }
    weights = [8, 4, 3, 1, 3, 3, 2, 3, 1]
    return rng.choices(list(kinds.values()), weights)[0]()


def sequence(rng):
    values = [rng.choice(VALUES) if rng.random() < 0.4 else rng.getrandbits(64) for _ in REGISTERS]
    return values, [instruction(rng) for _ in range(LENGTH)]


def assembler_line(instruction_text):
    option = "rvc" if instruction_text.startswith("c.") else "norvc"
    return f".option {option}\n{instruction_text}"


def machine_source(sequences):
    """Executes all of them; x31 goes through the results, which are sent at the end."""
    yield ".option norelax\n.globl _start\n_start: la x30, memory\nla x31, results"
    for values, instructions in sequences:
        yield from (f"sd x0, {8 * i}(x30)" for i in range(WORDS))
        yield from (f"li x{register}, {value:#x}" for register, value in zip(REGISTERS, values))
        yield from map(assembler_line, instructions)
        yield ".option norvc"
        yield from (f"sd x{register}, {8 * i}(x31)" for i, register in enumerate(REGISTERS))
        yield from (f"ld x5, {8 * i}(x30)\nsd x5, {8 * (len(REGISTERS) + i)}(x31)" for i in range(WORDS))
        yield f"addi x31, x31, {8 * (len(REGISTERS) + WORDS)}"
    yield """la x5, results
        li x6, 0x10000000
    1:  lbu x7, 5(x6)
        andi x7, x7, 0x20
        beqz x7, 1b
        lbu x7, 0(x5)
        sb x7, 0(x6)
        addi x5, x5, 1
        bltu x5, x31, 1b
        li x5, 0x100000
        li x6, 0x5555
        sw x6, 0(x5)
    2:  j 2b
        .bss
        .balign 16
    memory: .skip 64"""
    yield f"results: .skip {8 * (len(REGISTERS) + WORDS) * len(sequences)}"


def run_qemu(folder, sequences):
    source, image, serial = (folder / name for name in ("all.s", "all.elf", "serial"))
    source.write_text("\n".join(machine_source(sequences)) + "\n")
    subprocess.run([PREFIX + "gcc", "-march=rv64imac_zicsr", "-mabi=lp64", "-nostdlib", "-static", "-no-pie",
                    "-Wl,-Ttext=0x80000000,--build-id=none", "-o", image, source], check=True)
    subprocess.run(["qemu-system-riscv64", "-M", "virt", "-m", "128", "-bios", "none", "-display", "none", "-monitor", "none",
                    "-serial", f"file:{serial}", "-kernel", image], check=True, timeout=300)
    size = len(REGISTERS) + WORDS
    numbers = struct.unpack(f"<{size * len(sequences)}Q", serial.read_bytes())
    return [numbers[i * size:(i + 1) * size] for i in range(len(sequences))]


def row(number, values, instructions, results):
    before = ["x30=DATA"] + [f"x{register}={value:#x}" for register, value in zip(REGISTERS, values)]
    after = [f"x{register}={value:#x}" for register, value in zip(REGISTERS, results)]
    after += [f"[DATA+{8 * i}]:8={value:#x}" for i, value in enumerate(results[len(REGISTERS):])]
    return f"random.{number} | {'; '.join(instructions)} | - | {' '.join(before)} | {' '.join(after)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runner", help="the built riscv64-test-rows")
    parser.add_argument("--count", type=int, default=300, help="sequences of %d instructions" % LENGTH)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for tool in (PREFIX + "gcc", "qemu-system-riscv64"):
        if not shutil.which(tool):
            print(f"skipped: {tool} is not installed")
            return 77
    rng = random.Random(arguments.seed)
    sequences = [sequence(rng) for _ in range(arguments.count)]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        results = run_qemu(folder, sequences)
        rows = folder / "random.test"
        rows.write_text("\n".join(row(i, *both, result) for i, (both, result) in
                                  enumerate(zip(sequences, results))) + "\n")
        assemble = pathlib.Path(__file__).with_name("assemble.py")
        subprocess.run([sys.executable, assemble, "--update", rows], check=True)
        return subprocess.run([arguments.runner, rows], stdout=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main())
